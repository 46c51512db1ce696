"""The seeded organisation: every state that the demo promises, at any time of day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

import httpx
import pytest

from bff.sandbox.accounts import State
from bff.sandbox.faults import Faults
from bff.sandbox.gateway import create_gateway
from bff.sandbox.records import Day, Key
from bff.sandbox.scenario import TEAMS, Pace, Purse, Scenario, seed_scenario

UTC_ZONE = ZoneInfo("UTC")
STARTS = [
    (datetime(2026, 3, 10, 0, 0, tzinfo=UTC), UTC_ZONE),
    (datetime(2026, 3, 10, 0, 1, tzinfo=UTC), UTC_ZONE),
    (datetime(2026, 3, 10, 13, 30, tzinfo=UTC), ZoneInfo("Asia/Kolkata")),
    (datetime(2026, 3, 10, 23, 59, 59, tzinfo=UTC), UTC_ZONE),
    (datetime(2026, 3, 29, 12, 0, tzinfo=UTC), ZoneInfo("Europe/Berlin")),
    (datetime(2026, 11, 2, 3, 0, tzinfo=UTC), ZoneInfo("America/Los_Angeles")),
]
KEYS = {key.name: key for team in TEAMS for key in team.keys}


@cache
def seeded(now: datetime, zone: ZoneInfo) -> tuple[State, Scenario]:
    """A scenario that tests only look at, made once for all of them."""
    state = State(lambda: now)
    return state, seed_scenario(state, now=now, timezone=zone)


@pytest.fixture(params=STARTS, ids=lambda start: f"{start[0]:%m-%d %H:%M} {start[1]}")
def start(request: pytest.FixtureRequest) -> tuple[datetime, ZoneInfo]:
    return request.param


@pytest.fixture
def now(start: tuple[datetime, ZoneInfo]) -> datetime:
    return start[0]


@pytest.fixture
def zone(start: tuple[datetime, ZoneInfo]) -> ZoneInfo:
    return start[1]


@pytest.fixture
def state(now: datetime, zone: ZoneInfo) -> State:
    return seeded(now, zone)[0]


@pytest.fixture
def scenario(now: datetime, zone: ZoneInfo) -> Scenario:
    return seeded(now, zone)[1]


def keys_named(state: State) -> dict[str, Key]:
    return {key.name: key for key in state.keys}


def test_every_wallet_adds_up(state: State) -> None:
    """The balance is the sum of all transactions, and the spend is the settles less the refunds."""
    for account in state.wallets.all:
        assert account.balance == sum(booking.amount for booking in account.book)
        spend = sum(booking.amount for booking in account.book if booking.type in {"settle", "refund"})
        assert account.total_spent == -spend
        assert account.reserved == 0


def test_the_organisation_has_handed_out_everything(state: State) -> None:
    """So that an empty team wallet really holds requests instead of leaving them to the organisation."""
    assert state.wallets.organization.balance == 0


def test_each_purse_is_as_planned(state: State) -> None:
    """Healthy, low, depleted and missing wallets are all there."""
    for plan, team in zip(TEAMS, state.teams, strict=True):
        account = state.wallets.of_team(team.id)
        assert (plan.purse is Purse.MISSING) == (account is None)
        if account is not None:
            assert account.status == plan.purse.name.lower()
    assert {plan.purse for plan in TEAMS} == set(Purse)


def test_each_key_has_spent_as_planned(state: State, now: datetime, zone: ZoneInfo) -> None:
    """Near, over, too fast or steady: today's settles of the key say so, whatever the time of day."""
    today = Day.of(now.astimezone(zone).date(), zone)
    keys = keys_named(state)
    for name, plan in KEYS.items():
        settled = [b for a in state.wallets.all for b in a.book if b.token_id == keys[name].id and b.type == "settle"]
        used = -sum(booking.amount for booking in settled if booking.created_at >= today.start) / plan.budget
        expected: dict[Pace, Callable[[Decimal], bool]] = {
            Pace.STEADY: lambda share: share <= today.elapsed(now) * Decimal("0.51"),
            Pace.NEAR: lambda share: Decimal("0.8") <= share < 1,
            Pace.OVER: lambda share: share > 1,
            Pace.FAST: lambda share: today.elapsed(now) < share < 1,
        }
        assert used == 0 if plan.ended_ago else expected[plan.pace](used), name
    assert {plan.pace for plan in KEYS.values()} == set(Pace)


def test_nothing_happens_in_the_future(state: State, now: datetime) -> None:
    """Bookings and decisions lie between the founding and now; keys that ended were not used after."""
    moments = [booking.created_at for account in state.wallets.all for booking in account.book]
    moments += [decision.timestamp for decision in state.decisions]
    assert now - timedelta(days=92) < min(moments)
    assert max(moments) <= now
    for key in state.keys:
        plan = KEYS[key.name]
        if plan.ended_ago is not None:
            assert key.last_used_at is not None
            assert key.last_used_at < now - plan.ended_ago


def test_every_key_has_a_past(state: State, now: datetime) -> None:
    """Spend charts over ninety days have something to show for each key."""
    days = {(decision.token_id, decision.timestamp.date()) for decision in state.decisions if decision.timestamp < now}
    by_key = Counter(token_id for token_id, _ in days)
    assert all(by_key[key.id] >= 69 for key in state.keys)


def test_each_booking_has_its_event(state: State) -> None:
    """Cost per request from events is the cost in the wallets."""
    spent = sum(account.total_spent for account in state.wallets.all)
    assert sum(d.event_cost_attribution.total_cost_usd for d in state.decisions) == spent


def test_the_keys_end_as_planned(state: State, scenario: Scenario, now: datetime) -> None:
    """One has expired, one expires within 14 days, one is revoked; the others simply work."""
    keys = keys_named(state)
    expired = keys["platform-team-release-notes-key"].expires_at
    expiring = keys["platform-team-incident-key"].expires_at
    assert expired is not None
    assert expiring is not None
    assert expired < now < expiring < now + timedelta(days=14)
    assert keys["platform-team-chat-key"].status == "revoked"
    assert set(scenario.weights) == set(KEYS) - {"platform-team-release-notes-key", "platform-team-chat-key"}


def test_one_team_enforces_nothing(state: State) -> None:
    """Its configuration is there, but disabled."""
    disabled = [configuration for configuration in state.configurations if not configuration.enabled]
    assert [state.team(configuration.team_id).name for configuration in disabled] == ["research-team"]


def test_the_secrets_differ_at_every_start_and_are_not_printed() -> None:
    """A demo's keys stand neither in the source nor in a log."""
    now = STARTS[0][0]
    scenario, again = (seed_scenario(State(lambda: now), now=now, timezone=UTC_ZONE) for _ in range(2))
    assert set(again.keys) == set(scenario.keys) == set(KEYS)
    assert not set(again.keys.values()) & set(scenario.keys.values())
    assert not any(secret in repr(scenario) for secret in scenario.keys.values())


async def test_the_gateway_answers_as_the_scenario_says() -> None:
    """The guide's key works, an empty wallet holds requests, and keys that ended are refused."""
    now = STARTS[0][0]
    state = State(lambda: now)
    scenario = seed_scenario(state, now=now, timezone=UTC_ZONE)
    app = create_gateway(state, faults=Faults())
    expected = {
        "support-team-gw-key": 200,
        "finance-team-gw-key": 200,
        "platform-team-incident-key": 200,
        "logistics-team-gw-key": 402,
        "people-team-gw-key": 402,
        "platform-team-release-notes-key": 401,
        "platform-team-chat-key": 401,
    }
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello."}]}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client:
        for name, status in expected.items():
            headers = {"authorization": f"Bearer {scenario.keys[name]}"}
            assert (await client.post("/v1/chat/completions", json=body, headers=headers)).status_code == status, name


def test_names_in_the_plan_are_unique() -> None:
    """A key's name finds one key, so that traffic and catalog mean the same one."""
    names = [key.name for team in TEAMS for key in team.keys]
    assert len(set(names)) == len(names)
