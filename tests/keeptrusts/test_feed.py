"""A feed counts each record of a growing list once, however the list is paged, ordered, told late or interrupted."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.keeptrusts.contract import EventRecord
from bff.keeptrusts.errors import KeeptrustsError
from bff.keeptrusts.feed import CURSOR_TRIES, FEW, OVERLAP, SHORT_OVERLAP, SWEEP_EVERY, Feed
from bff.keeptrusts.listing import Pages
from tests.keeptrusts.stand_in import NOON, StandIn, denied, down, malformed

MIDNIGHT = NOON - timedelta(hours=12)
ONE_DAY = timedelta(days=1)


class Ids:
    """Counts how often each record was added."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    def add(self, record: EventRecord) -> None:
        """Once more."""
        self.seen[record.event_id] += 1

    def merge(self, other: Self) -> None:
        """All of the other's."""
        self.seen += other.seen


class Reading:
    """A feed of today's events of a stand-in."""

    def __init__(self, upstream: StandIn, *, few: int = 2) -> None:
        self.upstream = upstream
        self.feed: Feed[EventRecord, Ids] = Feed(
            start=MIDNIGHT,
            end=MIDNIGHT + ONE_DAY,
            place=lambda record: (record.event_id, record.timestamp),
            empty=Ids,
            few=few,
        )

    async def fetch(self, since: datetime, cursor: str | None) -> Pages[EventRecord]:
        """Ask the stand-in."""
        return await self.upstream.events(since=since, cursor=cursor, most_pages=25)

    async def refresh(self, now: datetime | None = None) -> None:
        """Read on."""
        await self.feed.refresh(self.fetch, now or self.upstream.now)

    @property
    def counted(self) -> Counter[str]:
        """How often each record was counted."""
        return sum((tally.seen for tally in self.feed.tallies), Counter())


def once(upstream: StandIn) -> Counter[str]:
    """Every record once."""
    return Counter(record.event_id for record in upstream.decided)


def tell(upstream: StandIn, number: int) -> None:
    """That many records, a minute apart."""
    for _ in range(number):
        upstream.now += timedelta(minutes=1)
        upstream.decide()


@pytest.fixture
def upstream() -> StandIn:
    """Two records a page, two pages a call: four records a refresh, of which two are few."""
    return StandIn(page_size=2, most_pages=2)


async def test_passes_overlap_and_count_once(upstream: StandIn) -> None:
    """What two passes have in common is counted once."""
    reading = Reading(upstream)
    for _ in range(3):
        upstream.decide()
        await reading.refresh()
    assert reading.counted == once(upstream)
    assert reading.feed.complete


async def test_a_pass_begins_a_little_before_the_newest_record(upstream: StandIn) -> None:
    """What is read again is bounded by the overlap, not by the day."""
    reading = Reading(upstream)
    newest = upstream.decide()
    await reading.refresh()
    await reading.refresh(NOON + timedelta(hours=3))
    assert upstream.sinces == [MIDNIGHT, newest.timestamp - OVERLAP]


async def test_a_late_record_is_found_within_the_overlap(upstream: StandIn) -> None:
    """A record that carries a time before the newest one's is counted when it is told."""
    reading = Reading(upstream)
    upstream.decide()
    await reading.refresh()
    upstream.decide(late=OVERLAP - timedelta(minutes=1))
    await reading.refresh()
    assert reading.counted == once(upstream)


@pytest.mark.parametrize("newest_first", [True, False])
async def test_more_pages_than_one_refresh_reads_are_read_by_the_next(upstream: StandIn, newest_first: bool) -> None:
    """A list longer than the limit is incomplete until later refreshes have read it, in whatever order it comes."""
    upstream.newest_first = newest_first
    tell(upstream, 11)
    reading = Reading(upstream)
    progress = []
    for _ in range(3):
        await reading.refresh()
        progress.append((reading.counted.total(), reading.feed.complete))
    assert progress == [(4, False), (8, False), (11, True)]


@pytest.mark.parametrize("newest_first", [True, False])
async def test_records_that_arrive_during_a_long_pass_are_counted_by_the_next(
    upstream: StandIn, newest_first: bool
) -> None:
    """Nothing falls between two passes, and nothing is counted by both."""
    upstream.newest_first = newest_first
    reading = Reading(upstream)
    tell(upstream, 7)
    await reading.refresh()
    tell(upstream, 7)
    for _ in range(5):
        await reading.refresh()
    upstream.most_pages = 25
    await reading.refresh()
    assert reading.counted == once(upstream)
    assert reading.feed.complete


async def test_a_page_that_fails_is_tried_again_where_it_was(upstream: StandIn) -> None:
    """What was read before the failure is kept, and the rest is read from there."""
    reading = Reading(upstream)
    tell(upstream, 4)
    upstream.fault = lambda _operation, page: down() if page == 1 else None
    await reading.refresh()
    assert (reading.counted.total(), reading.feed.complete) == (2, False)
    assert reading.feed.failure is not None
    upstream.recover()
    await reading.refresh()
    assert reading.counted == once(upstream)
    assert upstream.sinces[:2] == [MIDNIGHT, MIDNIGHT]


async def test_an_expired_cursor_begins_the_range_anew_at_once(upstream: StandIn) -> None:
    """A cursor that is refused costs one call and nothing else: not the count, nor a refresh."""
    reading = Reading(upstream)
    tell(upstream, 6)
    await reading.refresh()
    upstream.expire_cursors()
    await reading.refresh()
    assert reading.counted.total() == 4
    await reading.refresh()
    assert reading.counted == once(upstream)
    assert reading.feed.complete


async def test_a_pass_begun_anew_never_shows_less_than_was_counted(upstream: StandIn) -> None:
    """While the range is read again, what the pass given up had counted stays."""
    reading = Reading(upstream)
    tell(upstream, 12)
    await reading.refresh()
    await reading.refresh()
    upstream.expire_cursors()
    seen = []
    for _ in range(3):
        await reading.refresh()
        seen.append(reading.counted.total())
    assert seen == [8, 8, 12]
    assert reading.counted == once(upstream)


async def test_a_cursor_that_is_never_answered_is_given_up(upstream: StandIn) -> None:
    """A cursor which fails again and again does not hold up the feed for ever."""
    reading = Reading(upstream)
    tell(upstream, 6)
    await reading.refresh()
    upstream.always(down)
    for _ in range(CURSOR_TRIES):
        with pytest.raises(KeeptrustsError):
            await reading.refresh()
    upstream.recover()
    upstream.expire_cursors()
    before = upstream.pages["events"]
    await reading.refresh()
    assert upstream.pages["events"] == before + 2, "the dead cursor was asked again"


@pytest.mark.parametrize("error", [down, denied, malformed])
async def test_a_refresh_that_reads_nothing_keeps_what_was_counted(upstream: StandIn, error: type) -> None:
    """The count stays, and the feed says that it is not whole."""
    reading = Reading(upstream)
    upstream.decide()
    await reading.refresh()
    upstream.decide()
    upstream.always(error)
    with pytest.raises(KeeptrustsError):
        await reading.refresh()
    assert (reading.counted.total(), reading.feed.complete) == (1, False)
    upstream.recover()
    await reading.refresh()
    assert reading.counted == once(upstream)


async def test_records_of_other_days_are_left_out(upstream: StandIn) -> None:
    """A feed counts from its start, inclusive, to its end, exclusive, whatever the list holds."""
    reading = Reading(upstream)
    for moment in (MIDNIGHT - timedelta.resolution, MIDNIGHT, MIDNIGHT + ONE_DAY - timedelta.resolution):
        upstream.now = moment - timedelta(milliseconds=1)
        upstream.decide()
    upstream.now = MIDNIGHT + ONE_DAY - timedelta(milliseconds=1)
    upstream.decide()
    for _ in range(2):
        await reading.refresh()
    assert set(reading.counted) == {"evt_000001", "evt_000002"}


async def test_an_upstream_that_ignores_since_is_not_counted_twice() -> None:
    """What lies before the pass was counted by an earlier one, though its id is forgotten."""
    upstream = StandIn()
    reading = Reading(upstream)

    async def everything(since: datetime, cursor: str | None) -> Pages[EventRecord]:
        del since
        return await upstream.events(since=MIDNIGHT, cursor=cursor, most_pages=25)

    for _ in range(4):
        upstream.decide()
        upstream.now += timedelta(hours=1)
        await reading.feed.refresh(everything, upstream.now)
    assert reading.counted == once(upstream)


async def test_a_clock_that_jumps_back_counts_nothing_twice(upstream: StandIn) -> None:
    """Passes never begin before one that was made, since ids from there are forgotten."""
    reading = Reading(upstream)
    upstream.decide()
    upstream.now += timedelta(hours=1)
    upstream.decide()
    await reading.refresh()
    for clock in (NOON - timedelta(hours=5), NOON, NOON + timedelta(hours=2)):
        await reading.refresh(clock)
    assert reading.counted == once(upstream)


async def test_a_record_dated_in_the_future_hides_none_of_the_present(upstream: StandIn) -> None:
    """Where the next pass begins is bounded by our clock too."""
    reading = Reading(upstream)
    upstream.decide(late=timedelta(hours=-6))
    await reading.refresh()
    upstream.decide()
    await reading.refresh()
    assert reading.counted == once(upstream)


async def test_a_clock_of_ours_that_runs_ahead_hides_nothing(upstream: StandIn) -> None:
    """Where the next pass begins is bounded by the records' own clock."""
    reading = Reading(upstream, few=FEW)
    upstream.decide()
    await reading.refresh(upstream.now + timedelta(hours=1))
    upstream.decide(late=OVERLAP - timedelta(minutes=1))
    await reading.refresh(upstream.now + timedelta(hours=1))
    assert reading.counted == once(upstream)


async def test_records_pushed_across_a_page_are_counted_once() -> None:
    """Where a list is paged by position, a new record pushes the last one of a page into the next."""
    upstream = StandIn(page_size=2, most_pages=1, by_position=True)
    reading = Reading(upstream)
    tell(upstream, 4)
    await reading.refresh()
    upstream.decide()
    for _ in range(4):
        await reading.refresh()
    assert reading.counted == once(upstream)


async def test_only_ids_of_the_overlap_are_remembered() -> None:
    """Memory does not grow with the day."""
    upstream = StandIn()
    reading = Reading(upstream)
    for _ in range(60):
        upstream.decide()
        upstream.now += timedelta(minutes=5)
        await reading.refresh()
    assert len(reading.feed._recent) <= OVERLAP // timedelta(minutes=5) + 1


async def test_it_says_from_when_on_everything_is_counted(upstream: StandIn) -> None:
    """In a list with the newest first, what lies after the oldest record read is whole; at the end, all is."""
    reading = Reading(upstream)
    assert reading.feed.whole_after is None
    records = [upstream.decide() for _ in range(6)]
    await reading.refresh()
    assert reading.feed.whole_after == records[2].timestamp
    await reading.refresh()
    assert reading.feed.whole_after == MIDNIGHT - timedelta.resolution


async def test_a_list_with_the_oldest_first_says_nothing_of_its_end(upstream: StandIn) -> None:
    """Nothing later than what was read is known yet."""
    upstream.newest_first = False
    tell(upstream, 6)
    reading = Reading(upstream)
    await reading.refresh()
    assert reading.feed.whole_after is None


@pytest.fixture
def busy() -> StandIn:
    """So much is told that the overlap is left to sweeps: a hundred records in ten minutes, where ten are few."""
    upstream = StandIn(page_size=10, most_pages=4)
    for _ in range(100):
        upstream.decide()
        upstream.now += timedelta(seconds=6)
    return upstream


async def caught_up(upstream: StandIn) -> Reading:
    """A feed that has read all there is."""
    reading = Reading(upstream, few=10)
    while not reading.feed.complete:
        await reading.refresh()
    assert reading.counted == once(upstream)
    return reading


async def test_a_busy_list_is_read_from_its_newest_records(busy: StandIn) -> None:
    """A refresh asks for what is new and a short overlap, and what it counts is complete."""
    reading = await caught_up(busy)
    newest = busy.decided[-1].timestamp
    busy.sinces.clear()
    busy.decide()
    await reading.refresh()
    assert busy.sinces == [newest - SHORT_OVERLAP]
    assert (reading.feed.complete, reading.feed.settled) == (True, False)
    assert reading.counted == once(busy)


async def test_a_sweep_finds_what_was_told_late_in_a_busy_list(busy: StandIn) -> None:
    """A record later than the short overlap is found within the time between two sweeps, while the newest go on being read."""
    reading = await caught_up(busy)
    late = busy.decide(late=timedelta(minutes=9))
    await reading.refresh()
    assert late.event_id not in reading.counted
    busy.now += SWEEP_EVERY
    for _ in range(4):
        newest = busy.decide()
        await reading.refresh()
        assert newest.event_id in reading.counted
        assert reading.feed.complete
    assert reading.counted == once(busy)


async def test_a_busy_list_settles_when_nothing_more_is_told(busy: StandIn) -> None:
    """A sweep that begins and ends after the last news leaves nothing to look for."""
    reading = await caught_up(busy)
    busy.most_pages = 25
    busy.now += SWEEP_EVERY
    await reading.refresh()
    assert reading.feed.settled


async def test_a_sweep_that_began_before_the_last_news_settles_nothing(busy: StandIn) -> None:
    """What was told while it was on its way may lie behind it."""
    reading = await caught_up(busy)
    busy.now += SWEEP_EVERY
    settled = []
    for _ in range(6):
        await reading.refresh()
        settled.append(reading.feed.settled)
        busy.now += timedelta(seconds=1)
    assert not any(settled)


async def test_sweep_after_sweep_counts_nothing_twice(busy: StandIn) -> None:
    """Each sweep begins where its predecessor found the overlap, and the newest are asked for from the last refresh on."""
    reading = await caught_up(busy)
    busy.most_pages = 25
    for _ in range(20):
        busy.now += timedelta(minutes=2)
        newest = busy.decide()
        await reading.refresh()
        assert reading.counted == once(busy)
        if len(reading.feed._recent) <= 10:
            break
    else:
        pytest.fail("the list never became a quiet one again")
    assert busy.sinces[-1] >= newest.timestamp - 2 * OVERLAP


async def test_the_newest_are_asked_for_from_the_last_refresh_on(busy: StandIn) -> None:
    """A refresh never asks again for all that came since the last pass."""
    reading = await caught_up(busy)
    for _ in range(3):
        busy.now += timedelta(minutes=1)
        before = busy.decided[-1].timestamp
        busy.decide()
        busy.sinces.clear()
        await reading.refresh()
        assert busy.sinces[0] == before - SHORT_OVERLAP


async def test_more_than_a_refresh_reads_is_found_by_a_pass(busy: StandIn) -> None:
    """A flood makes the feed incomplete until a pass has read all of it."""
    reading = await caught_up(busy)
    for _ in range(70):
        busy.now += timedelta(seconds=1)
        busy.decide()
    seen = []
    for _ in range(8):
        await reading.refresh()
        seen.append(reading.feed.complete)
    assert not seen[0]
    assert seen[-1]
    assert reading.counted == once(busy)


async def test_a_sweep_whose_cursor_has_expired_begins_anew(busy: StandIn) -> None:
    """An expired cursor is no failure of the list, and nothing is counted twice."""
    reading = await caught_up(busy)
    busy.decide(late=timedelta(minutes=9))
    busy.now += SWEEP_EVERY
    await reading.refresh()
    busy.expire_cursors()
    for _ in range(5):
        await reading.refresh()
        assert reading.feed.complete
    assert reading.counted == once(busy)


async def test_a_sweep_that_fails_makes_the_refresh_incomplete(busy: StandIn) -> None:
    """What could not be looked through may hold records that are not counted."""
    reading = await caught_up(busy)
    busy.now += SWEEP_EVERY
    busy.fault = lambda _operation, page: down() if page == 1 else None
    await reading.refresh()
    assert not reading.feed.complete
    busy.recover()
    for _ in range(5):
        await reading.refresh()
    assert reading.feed.complete
    assert reading.counted == once(busy)


Step = tuple[str, int]


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["decide", "late", "wait", "refresh", "fail", "cut", "expire"]), st.integers(0, 14)),
        max_size=40,
    ),
    page_size=st.integers(1, 3),
    most_pages=st.integers(1, 3),
    newest_first=st.booleans(),
    few=st.sampled_from([0, 4, FEW]),
)
async def test_any_history_ends_with_every_record_once(
    steps: list[Step], page_size: int, most_pages: int, newest_first: bool, few: int
) -> None:
    """However bookings, failures and refreshes interleave: no record is ever counted twice, and in the end all are."""
    upstream = StandIn(page_size=page_size, most_pages=most_pages, newest_first=newest_first)
    reading = Reading(upstream, few=few)
    for step, number in steps:
        match step:
            case "decide":
                upstream.decide()
            case "late":
                upstream.decide(late=timedelta(minutes=number))
            case "wait":
                upstream.now += timedelta(minutes=number)
            case "expire":
                upstream.expire_cursors()
            case "refresh":
                await reading.refresh()
            case _:
                page = number % 3 if step == "cut" else 0
                error = (down, malformed, denied)[number % 3]
                upstream.fault = lambda _operation, at, page=page, error=error: error() if at == page else None
                with_error = reading.refresh()
                try:
                    await with_error
                except KeeptrustsError:
                    assert not reading.feed.complete
                upstream.recover()
        assert reading.counted <= once(upstream)
    # Unread pages, then all of the overlap in a time without news.
    for _ in range(3 * len(upstream.decided) + 3):
        upstream.now += SWEEP_EVERY
        await reading.refresh()
        if reading.feed.settled:
            break
    upstream.page_size = 200
    await reading.refresh()
    assert reading.feed.complete
    assert reading.counted == once(upstream)
