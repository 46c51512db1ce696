"""A load: what it makes, when its events are listed and settled, and that its truth is what its pages add up to."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from bff.sandbox.accounts import State
from bff.sandbox.errors import InvalidError
from bff.sandbox.event_log import Truth
from bff.sandbox.load import ALLOCATION, Load, LoadProfile
from tests.sandbox.conftest import Clock
from tests.sandbox.events import as_sums, every_event

UTC_ZONE = ZoneInfo("UTC")
SMALL: dict[str, Any] = {"teams": 5, "keys": 20, "history": 1_000, "history_seconds": 7_200, "rate": 10}
ODD = SMALL | {
    "late": 0.1,
    "late_seconds": 120,
    "disordered": 0.3,
    "unpriced": 0.05,
    "priced_after_seconds": 300,
    "corrections": 0.05,
    "keyless": 0.05,
    "teamless": 0.05,
}


def load(state: State, **members: Any) -> Load:
    """A small load with these members."""
    return Load(state, LoadProfile.model_validate(SMALL | members))


def truth(state: State, **query: Any) -> Truth:
    """What the events add up to at present."""
    state.advance()
    return state.decisions.truth(zone=UTC_ZONE, **query)


def spent(state: State) -> Decimal:
    """What all wallets have spent."""
    state.advance()
    return sum((account.total_spent for account in state.wallets.all), Decimal(0))


async def test_the_pages_add_up_to_the_truth(admin: httpx.AsyncClient, state: State, clock: Clock) -> None:
    """With every oddity at once, all pages together are the listed part of the truth, by key and to the last digit."""
    load(state, **ODD)
    clock.advance(seconds=45)
    for order in ("newest-first", "oldest-first"):
        assert (await admin.put("/_sandbox/feed", json={"order": order})).status_code == 200
        events = await every_event(admin, limit=200)
        listed = (await admin.get("/_sandbox/truth?listed_only=true")).json()
        assert len(events) == listed["total"]["requests"] > 1_300
        assert as_sums(events) == {
            row["token_id"]: (Decimal(row["spent"]), row["requests"], row["unpriced"]) for row in listed["by_key"]
        }


def test_wallets_grow_by_the_truth(state: State, clock: Clock) -> None:
    """The growth of all `total_spent` is the cost of all events since, also of those that are not listed yet."""
    load(state, late=0.5, late_seconds=600, corrections=0.1)
    before, spent_before = truth(state), spent(state)
    clock.advance(seconds=30)
    after = truth(state)
    assert after.total.requests - before.total.requests == 300
    assert after.unpublished > 100
    assert spent(state) - spent_before == after.total.spent - before.total.spent


def test_each_team_pays_for_its_own_keys(state: State) -> None:
    """A wallet has spent what the events of its team add up to, and its balance is what is left."""
    load(state)
    by_team: dict[str | None, Decimal] = {}
    for row in truth(state).rows:
        by_team[row.team_id] = by_team.get(row.team_id, Decimal(0)) + row.sum.spent
    wallets = {account.team_id: account for account in state.wallets.all if account.team_id is not None}
    assert {team_id: account.total_spent for team_id, account in wallets.items()} == by_team
    assert all(account.balance == ALLOCATION - account.total_spent for account in wallets.values())


def test_a_late_event_appears_when_it_is_due(state: State, clock: Clock) -> None:
    """It is listed after its delay, under its own time, and its wallet has paid before."""
    made = load(state, history=0, rate=1, late=1.0, late_seconds=60)
    happened = clock.now
    assert made.events == 1
    paid = spent(state)
    clock.advance(seconds=59)
    assert truth(state, published_only=True).total.requests == 0
    assert paid != 0
    clock.advance(seconds=1)
    state.advance()
    (event,) = state.decisions
    assert event.timestamp == happened


def test_a_late_event_can_settle_late(state: State, clock: Clock) -> None:
    """With `when-listed` the wallet pays when the event appears: wallets are what the list says."""
    load(state, history=0, late=0.5, late_seconds=60, late_settles="when-listed")
    for _ in range(3):
        clock.advance(seconds=40)
        assert spent(state) == truth(state, published_only=True).total.spent
    assert truth(state).total.spent > spent(state)


def test_an_event_is_priced_later_under_its_id(state: State, clock: Clock) -> None:
    """First it has no cost and its wallet pays nothing; then it has one, and the wallet has paid it."""
    load(state, history=0, rate=0.01, unpriced=1.0, priced_after_seconds=60)
    (before,) = state.decisions
    assert (before.event_cost_attribution.total_cost_usd, spent(state)) == (None, 0)
    clock.advance(seconds=60)
    state.advance()
    (after,) = state.decisions
    assert after.event_id == before.event_id
    assert after.event_cost_attribution.total_cost_usd == spent(state) != 0


@pytest.mark.long
def test_an_event_may_stay_without_a_price(state: State, clock: Clock) -> None:
    """Without `priced_after_seconds` its request counts and nothing is spent, however long one waits."""
    load(state, unpriced=1.0)
    clock.advance(days=1)
    total = truth(state).total
    assert total.unpriced == total.requests
    assert spent(state) == 0


def test_events_come_at_the_rate(state: State, clock: Clock) -> None:
    """At any moment all events from the start until now are there, `rate` of them a second."""
    made = load(state, history=0, rate=200)
    counts = []
    for _ in range(3):
        clock.advance(seconds=10)
        state.advance()
        counts.append(made.events)
    assert counts == [2_001, 4_001, 6_001]
    assert len(state.decisions) == 6_001


def test_a_burst_shares_one_instant(state: State, clock: Clock) -> None:
    """Events of one burst have one time, each its own id."""
    load(state, history=0, rate=10, burst=50)
    clock.advance(seconds=5)
    state.advance()
    events = list(state.decisions)
    assert len({event.timestamp for event in events}) == 2
    assert len({event.event_id for event in events}) == len(events) == 100


@pytest.mark.parametrize("steps", [1, 7, 60])
def test_events_do_not_depend_on_when_they_are_read(clock: Clock, steps: int) -> None:
    """One look after a minute or many in between: the same events, sums and wallets, and so after a restart."""
    profile = LoadProfile.model_validate(ODD | {"run": "0a1b2c", "begins_at": clock.now})
    read_often, read_once = State(clock, run=profile.run), State(clock, run=profile.run)
    Load(read_often, profile)
    for _ in range(steps):
        clock.advance(seconds=60 / steps)
        read_often.advance()
    Load(read_once, profile)
    assert list(read_often.decisions) == list(read_once.decisions)
    assert truth(read_often) == truth(read_once)
    assert [a.total_spent for a in read_often.wallets.all] == [a.total_spent for a in read_once.wallets.all]


def test_another_seed_is_another_load(clock: Clock) -> None:
    """The seed decides what each event costs."""
    totals = set()
    for seed in (1, 2):
        state = State(clock)
        load(state, seed=seed)
        totals.add(truth(state).total.spent)
    assert len(totals) == 2


def test_costs_use_twelve_places(state: State) -> None:
    """A reader that keeps fewer digits does not come to the truth."""
    load(state)
    costs = [event.event_cost_attribution.total_cost_usd for event in state.decisions]
    assert any(cost is not None and cost.as_tuple().exponent == -12 for cost in costs)


def test_what_the_policy_stopped_costs_nothing(state: State) -> None:
    """Blocked and escalated events have a cost of 0, as those of the gateway have."""
    load(state, history=3_000)
    stopped = [event for event in state.decisions if event.verdict in {"block", "escalate"}]
    assert {event.verdict for event in stopped} == {"block", "escalate"}
    assert {event.event_cost_attribution.total_cost_usd for event in stopped} == {Decimal(0)}


def test_a_revoked_twin_spent_before_its_successor(state: State) -> None:
    """Two keys of one name in one team: the revoked one has the first half of the history, the other the rest."""
    load(state, keys=10, revoked_twins=0.5, history=4_000)
    by_name: dict[tuple[str, str], list[str]] = {}
    for key in state.keys:
        by_name.setdefault((key.team_id, key.name), []).append(key.id)
    assert len(state.keys) == 10
    assert {len(ids) for ids in by_name.values()} == {2}
    for former, current in by_name.values():
        revoked_at = state.key(former).revoked_at
        assert revoked_at is not None
        moments = {
            key_id: [event.timestamp for event in state.decisions if event.token_id == key_id]
            for key_id in (former, current)
        }
        assert max(moments[former]) < revoked_at <= min(moments[current])


def test_the_default_is_a_large_organisation(state: State) -> None:
    """2,000 teams with a wallet and a configuration each, 5,000 keys, and room for what is made by hand."""
    Load(state, LoadProfile())
    assert (len(state.teams), len(state.keys), len(state.configurations)) == (2_000, 5_000, 2_000)
    assert len(state.wallets.all) == 2_001
    state.create_key("by-hand", state.create_team("by-hand").id)


async def test_the_gateway_works_beside_a_load(
    admin: httpx.AsyncClient, gateway: httpx.AsyncClient, state: State, clock: Clock
) -> None:
    """A real request makes its event and settles as without a load, and is part of the truth."""
    load(state, history=0, rate=1)
    team = state.teams[0]
    _, secret = state.create_key("by-hand", team.id)
    clock.advance(seconds=3)
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}
    reply = await gateway.post("/v1/chat/completions", json=body, headers={"authorization": f"Bearer {secret}"})
    assert reply.status_code == 200
    clock.advance(seconds=3)
    assert len(await every_event(admin, limit=2)) == 8
    assert spent(state) == truth(state).total.spent


async def test_wallets_and_keys_are_read_as_of_now(admin: httpx.AsyncClient, state: State, clock: Clock) -> None:
    """Reading a list is enough to see what has happened until then."""
    load(state, history=0, rate=50)
    clock.advance(seconds=20)
    wallets = (await admin.get("/v1/wallets?limit=200")).json()["data"]
    assert sum(wallet["total_spent"] > 0 for wallet in wallets) == 5
    keys = (await admin.get("/v1/tokens?limit=200")).json()["data"]
    assert any(key["last_used_at"] for key in keys)


@pytest.mark.long
def test_memory_of_an_event(clock: Clock) -> None:
    """A long history fits: what grows with each event is under 100 bytes, all that Python allocates included."""

    def allocated(history: int) -> int:
        tracemalloc.start()
        try:
            state = State(clock)
            load(state, history=history, rate=0)
            gc.collect()
            return tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()

    assert allocated(41_000) - allocated(1_000) < 100 * 40_000


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("teams=none", "teams: .*'none'"),
        ("rate=-1", "rate: .*'-1'"),
        ("late=2", "late: .*'2'"),
        ("late=0.6,disordered=0.6", "late and disordered"),
        ("speed=1", "no 'speed', only .*rate"),
        ("teams", "NAME=VALUE.*'teams'"),
        ("teams=1,teams=2", "each name once.*'teams=2'"),
        ("begins_at=2026-01-01T00:00:00", "begins_at"),
        ("run=xyz", "run"),
    ],
)
def test_a_profile_that_makes_no_sense_is_refused(text: str, named: str) -> None:
    """The error has the name, the value and what is expected."""
    with pytest.raises(InvalidError, match=named):
        LoadProfile.from_text(text)


def test_a_profile_is_its_text() -> None:
    """What `to_text` writes is read as the same profile, times and listing too."""
    members: Mapping[str, Any] = ODD | {
        "begins_at": datetime(2026, 3, 10, tzinfo=UTC),
        "run": "0a1b2c",
        "order": "oldest-first",
        "cursors": "expiring",
        "expires_after_seconds": 0.5,
    }
    profile = LoadProfile.model_validate(members)
    assert LoadProfile.from_text(profile.to_text()) == profile
    assert LoadProfile.from_text("") == LoadProfile()
