"""Today's policy decisions are counted once each, per key and per team."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bff.governance.facts import Activity, ActivityToday
from bff.keeptrusts.activity import ActivityCount
from bff.keeptrusts.errors import KeeptrustsError
from tests.keeptrusts.stand_in import StandIn, denied, down

MIDNIGHT = datetime(2026, 3, 10, tzinfo=UTC)


class Count:
    """Activity counted over a stand-in."""

    def __init__(self, upstream: StandIn, zone: str = "UTC") -> None:
        self.upstream = upstream
        self.activity = ActivityCount(upstream, timezone=ZoneInfo(zone))

    async def read(self) -> ActivityToday:
        """Refresh at the stand-in's time."""
        return await self.activity.refresh(self.upstream.now)


@pytest.fixture
def upstream() -> StandIn:
    """No decision yet."""
    return StandIn()


@pytest.fixture
def count(upstream: StandIn) -> Count:
    """Nothing read yet."""
    return Count(upstream)


async def test_decisions_are_counted_by_verdict(upstream: StandIn, count: Count) -> None:
    """Every decision is a request; block, redact and escalate are told apart, and an unknown verdict is a request."""
    for verdict in ("allow", "block", "block", "redact", "escalate", "ponder", None):
        last = upstream.decide(verdict)
    expected = Activity(requests=7, blocked=2, redacted=1, escalated=1, last_request_at=last.timestamp)
    assert await count.read() == ActivityToday(MIDNIGHT, {"tok_1": expected}, {"team_1": expected})


async def test_only_decisions_count(upstream: StandIn, count: Count) -> None:
    """Events of other types are no requests."""
    upstream.decide(event_type="configuration_changed")
    assert await count.read() == ActivityToday(MIDNIGHT)


async def test_what_names_no_key_counts_for_its_team_alone(upstream: StandIn, count: Count) -> None:
    """A team's count may be larger than those of its keys together; what names neither is nobody's."""
    upstream.decide(key_id=None)
    upstream.decide(key_id="tok_2", team_id=None)
    upstream.decide(key_id=None, team_id=None)
    activity = await count.read()
    assert (set(activity.by_key), set(activity.by_team)) == ({"tok_2"}, {"team_1"})


async def test_the_last_request_is_the_latest_by_its_own_time(upstream: StandIn, count: Count) -> None:
    """A decision that is told late is not the last one."""
    last = upstream.decide()
    await count.read()
    upstream.decide(late=timedelta(minutes=5))
    counted = (await count.read()).by_key["tok_1"]
    assert (counted.requests, counted.last_request_at) == (2, last.timestamp)


@pytest.mark.parametrize("newest_first", [True, False])
async def test_more_events_than_are_read_at_once_are_a_lower_bound(
    upstream: StandIn, count: Count, newest_first: bool
) -> None:
    """Later refreshes read the rest, in whatever order Keeptrusts gives them."""
    upstream.page_size, upstream.most_pages, upstream.newest_first = 2, 2, newest_first
    for _ in range(6):
        upstream.now += timedelta(hours=1)
        upstream.decide()
    first, second = await count.read(), await count.read()
    assert (first.by_key["tok_1"].requests, first.complete) == (4, False)
    assert (second.by_key["tok_1"].requests, second.complete) == (6, True)


async def test_the_count_starts_anew_at_local_midnight(upstream: StandIn) -> None:
    """The day is that of the zone, and what was counted yesterday is none of today's."""
    count = Count(upstream, "America/New_York")
    upstream.now = datetime(2026, 3, 8, 4, 30, tzinfo=UTC)
    upstream.decide()
    before = await count.read()
    upstream.now = datetime(2026, 3, 8, 5, 30, tzinfo=UTC)
    upstream.decide()
    upstream.decide()
    after = await count.read()
    assert (before.since, before.by_key["tok_1"].requests) == (datetime(2026, 3, 7, 5, tzinfo=UTC), 1)
    assert (after.since, after.by_key["tok_1"].requests) == (datetime(2026, 3, 8, 5, tzinfo=UTC), 2)


@pytest.mark.parametrize(("error", "counted"), [(down, 2), (denied, 1)])
async def test_after_a_failure_the_count_goes_on_but_after_a_refusal_it_starts_anew(
    upstream: StandIn, count: Count, error: type, counted: int
) -> None:
    """What was refused is not counted on from memory: all of the day is asked for again, and no more than that is known."""
    upstream.decide()
    await count.read()
    upstream.always(error)
    with pytest.raises(KeeptrustsError):
        await count.read()
    upstream.recover()
    del upstream.decided[:]
    upstream.now += timedelta(milliseconds=1)
    upstream.decided.append(
        StandIn(now=upstream.now).decide().model_copy(update={"event_id": "evt_other"}),
    )
    assert (await count.read()).by_key["tok_1"].requests == counted
