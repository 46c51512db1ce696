"""The example organisation: its teams, keys, tiers and wallets, their made-up spend, and the catalog files that claim them.

The entities that claim these keys stand in `catalog/examples/`; a test compares both. The same seed gives the same history.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from enum import Enum
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from bff.sandbox.accounts import State
from bff.sandbox.records import PRICES, Charge, Cost, Day, Key, Team, Verdict

_EVERYDAY = ("gpt-4o-mini", "claude-3-5-haiku", "mistral-small")
_LARGE = ("gpt-4o", "claude-3-5-sonnet", "gpt-4o-mini")


class Pace(Enum):
    """How much of its daily budget a key has spent by now."""

    STEADY = "half of what the time of day would allow"
    FAST = "so much that the budget runs out before the day does"
    NEAR = "80 to 100 %"
    OVER = "more than all of it"


class Purse(Enum):
    """What is left in a team's wallet."""

    HEALTHY = "more than a quarter"
    LOW = "under 10 %"
    DEPLETED = "nothing"
    MISSING = "there is no wallet; the organisation's paid so far"


@dataclass(frozen=True, slots=True)
class KeyPlan:
    """One gateway key; `budget` is what its entity declares, in USD a day; `weight` its share of the demo's traffic."""

    name: str
    budget: Decimal
    pace: Pace = Pace.STEADY
    models: tuple[str, ...] = _EVERYDAY
    expires_in: timedelta | None = None
    revoked_ago: timedelta | None = None
    weight: int = 1

    @property
    def ended_ago(self) -> timedelta | None:
        """How long ago the key stopped working; None while it works."""
        if self.expires_in is not None and self.expires_in < timedelta():
            return -self.expires_in
        return self.revoked_ago


@dataclass(frozen=True, slots=True)
class TeamPlan:
    """One team; `tier` is the template of its configuration, which need not be `enforced`."""

    name: str
    tier: str
    keys: tuple[KeyPlan, ...]
    purse: Purse = Purse.HEALTHY
    enforced: bool = True


def _usd(amount: int) -> Decimal:
    return Decimal(amount)


TEAMS = (
    TeamPlan(
        "support-team",
        "tier-3-customer-facing",
        (
            # The guide's own: in order, and the busiest, so that its numbers are seen to move.
            KeyPlan("support-team-gw-key", _usd(500), models=_LARGE, weight=8),
            KeyPlan("support-team-summaries-key", _usd(40), Pace.NEAR),
            KeyPlan("support-team-translation-key", _usd(50)),
        ),
    ),
    TeamPlan(
        "search-team",
        "tier-2-internal",
        (
            KeyPlan("search-team-gw-key", _usd(120), Pace.OVER, models=_LARGE),
            KeyPlan("search-team-indexer-key", _usd(80), Pace.FAST),
        ),
    ),
    TeamPlan(
        "platform-team",
        "tier-2-internal",
        (
            KeyPlan("platform-team-release-notes-key", _usd(15), expires_in=timedelta(days=-6)),
            KeyPlan("platform-team-incident-key", _usd(60), models=_LARGE, expires_in=timedelta(days=9)),
            KeyPlan("platform-team-chat-key", _usd(25), revoked_ago=timedelta(days=20)),
        ),
    ),
    TeamPlan(
        "marketing-team",
        "tier-1-exploration",
        (
            KeyPlan("marketing-team-gw-key", _usd(45)),
            KeyPlan("marketing-team-brand-key", _usd(20)),
        ),
    ),
    TeamPlan("research-team", "tier-1-exploration", (KeyPlan("research-team-gw-key", _usd(30)),), enforced=False),
    TeamPlan("finance-team", "tier-2-internal", (KeyPlan("finance-team-gw-key", _usd(70)),), purse=Purse.LOW),
    TeamPlan("logistics-team", "tier-2-internal", (KeyPlan("logistics-team-gw-key", _usd(55)),), purse=Purse.DEPLETED),
    TeamPlan("people-team", "tier-2-internal", (KeyPlan("people-team-gw-key", _usd(25)),), purse=Purse.MISSING),
    TeamPlan("sales-team", "tier-2-internal", (KeyPlan("sales-team-gw-key", _usd(90), models=_LARGE),)),
)


DAYS = 90

_SMALLEST = Decimal("0.0001")
_WEEK = (0.9, 1.0, 1.1, 1.05, 0.85, 0.3, 0.2)
"""How busy the days from Monday to Sunday are."""

_USUAL_SHARE = 0.45
"""The share of its budget that a key spends on a busy day."""

_USUAL_COST = Decimal(6)
"""What a booking comes to in the mean where there are many, in USD: a run of long requests, with whole documents in them."""

_LATE = Decimal("0.70")


@dataclass(frozen=True, slots=True)
class Spent:
    """One request of the past, or a run of them booked as one."""

    at: datetime
    cost: Decimal
    model: str


def spent_on(day: Day, weekday: int, plan: KeyPlan, rng: Random) -> list[Spent]:
    """What a key spent on a day that is over: bookings in working hours, seldom as much as the budget."""
    share = _USUAL_SHARE * _WEEK[weekday] * rng.uniform(0.7, 1.3)
    total = _exact(plan.budget * Decimal(str(share)))
    length = day.end - day.start
    times = [day.start + length * rng.uniform(0.3, 0.85) for _ in range(_requests(total, rng.randint(2, 5)))]
    return _split(total, times, plan.models, rng)


def spent_today(day: Day, now: datetime, plan: KeyPlan, rng: Random) -> list[Spent]:
    """What a key spent from midnight until `now`, at the pace of its plan."""
    total = _exact(plan.budget * share_by_now(plan.pace, day.elapsed(now)))
    times = [day.start + (now - day.start) * rng.random() for _ in range(_requests(total, rng.randint(16, 24)))]
    return _split(total, times, plan.models, rng)


def share_by_now(pace: Pace, elapsed: Decimal) -> Decimal:
    """The share of a daily budget that is spent when `elapsed` of the day has passed.

    `FAST` stays under 80 % while that is too much for the time of day; in the last hours only more than that still
    runs out before the reset.
    """
    if pace is Pace.OVER:
        return Decimal("1.12")
    if pace is Pace.NEAR:
        return Decimal("0.87")
    if pace is Pace.STEADY:
        return elapsed / 2
    return Decimal("0.76") if elapsed < _LATE else elapsed + (1 - elapsed) / 2


def _requests(total: Decimal, least: int) -> int:
    return max(least, int(total / _USUAL_COST))


def _split(total: Decimal, times: list[datetime], models: tuple[str, ...], rng: Random) -> list[Spent]:
    weights = [Decimal(rng.randint(1, 100)) for _ in times]
    whole = sum(weights)
    costs = [_exact(total * weight / whole) for weight in weights[:-1]]
    costs.append(total - sum(costs))
    return [Spent(at, cost, rng.choice(models)) for at, cost in zip(sorted(times), costs, strict=True) if cost > 0]


def _exact(amount: Decimal) -> Decimal:
    return amount.quantize(_SMALLEST)


_SATURDAY = 5
_FOUNDED = timedelta(days=DAYS + 1)
_REPLENISHED = timedelta(days=DAYS // 2 + 5)
_PARTS = 2
_NOTHING = Decimal(0)

_WHOLE = {Purse.HEALTHY: Decimal("0.70"), Purse.LOW: Decimal("0.94"), Purse.DEPLETED: Decimal(1)}
"""The share of its allocations that a team has spent."""

_ALLOWED: tuple[Verdict, str | None] = ("allow", None)
_REDACTED: tuple[Verdict, str | None] = ("redact", "personal-data")
_VERDICTS = {3: _REDACTED, 21: _REDACTED}
"""What becomes of some of forty requests; the others are allowed."""

_STOPPED: tuple[tuple[Verdict, str, int], ...] = (
    ("block", "input_blocked", 17),
    ("escalate", "escalation_required", 61),
)
"""What the policy stopped, which costs nothing, and how many requests there are to one of them."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """What was made: the secret of each gateway key by the key's name, and the share in traffic of those that work."""

    keys: Mapping[str, str] = field(repr=False)
    weights: Mapping[str, int]


def seed_scenario(state: State, *, now: datetime, timezone: ZoneInfo) -> Scenario:
    """Fill an empty `state` with the scenario as it stands at `now`, budget days being those of `timezone`."""
    secrets: dict[str, str] = {}
    for plan in TEAMS:
        founded = now - _FOUNDED
        team = state.create_team(plan.name, created_at=founded)
        state.create_configuration(f"{plan.name}-config", team.id, plan.tier, enabled=plan.enforced, created_at=founded)
        spent: list[tuple[Key, Spent]] = []
        for key_plan in plan.keys:
            key, secrets[key_plan.name] = _make_key(state, team, key_plan, now)
            spent += [(key, each) for each in _history(key_plan, now, timezone)]
        _fund(state, team, plan, sum((each.cost for _, each in spent), _NOTHING), now)
        _book(state, team, spent)
    _hand_out_the_rest(state, now)
    working = (key for plan in TEAMS for key in plan.keys if key.ended_ago is None)
    return Scenario(secrets, {key.name: key.weight for key in working})


def _make_key(state: State, team: Team, plan: KeyPlan, now: datetime) -> tuple[Key, str]:
    expires_at = None if plan.expires_in is None else now + plan.expires_in
    key, secret = state.create_key(plan.name, team.id, created_at=now - _FOUNDED, expires_at=expires_at)
    if plan.revoked_ago is not None:
        key = state.revoke_key(key.id, at=now - plan.revoked_ago)
    return key, secret


def _history(plan: KeyPlan, now: datetime, timezone: ZoneInfo) -> Iterator[Spent]:
    rng = Random(plan.name)
    today = now.astimezone(timezone).date()
    ended = None if plan.ended_ago is None else now - plan.ended_ago
    for ago in range(DAYS, 0, -1):
        date = today - timedelta(days=ago)
        # Today is spent as on a working day. At a weekend it would be unusual, so that other weekends are then no quieter.
        weekday = date.weekday() if today.weekday() < _SATURDAY else min(date.weekday(), _SATURDAY - 1)
        for spent in spent_on(Day.of(date, timezone), weekday, plan, rng):
            if ended is None or spent.at < ended:
                yield spent
    if ended is None:
        yield from spent_today(Day.of(today, timezone), now, plan, rng)


def _fund(state: State, team: Team, plan: TeamPlan, spent: Decimal, now: datetime) -> None:
    if plan.purse is Purse.MISSING:
        state.wallets.credit(spent, at=now - _FOUNDED, note="Credit on account")
        return
    part = (spent / _WHOLE[plan.purse] / _PARTS).to_integral_value(ROUND_CEILING)
    for ago in (_FOUNDED, _REPLENISHED):
        state.wallets.allocate(team, part, at=now - ago, note=f"Budget of {plan.name}")
    # What a team must not have left goes back, as at the end of a quarter; all it keeps is what it spends since.
    left = part * _PARTS - spent
    if plan.purse is Purse.DEPLETED and left > 0:
        state.wallets.reclaim(team, left, at=now - timedelta(days=1), note="Unused budget taken back")


def _book(state: State, team: Team, spent: list[tuple[Key, Spent]]) -> None:
    account = state.wallets.of_team(team.id) or state.wallets.organization
    used: dict[str, datetime] = {}
    for number, (key, each) in enumerate(sorted(spent, key=lambda pair: pair[1].at)):
        charge = Charge(f"req_past{key.serial:04x}{number:06x}", key.id, each.model, PRICES[each.model].provider)
        booking = state.wallets.settle_late(account.id, each.cost, created_at=each.at, charge=charge)
        verdict, reason = _VERDICTS.get(number % 40, _ALLOWED)
        cost = Cost(each.cost, booking.id)
        state.decide(key, verdict, charge, at=each.at, cost=cost, reason_code=reason)
        for verdict, code, one_in in _STOPPED:
            if number % one_in == 0:
                state.decide(key, verdict, charge, at=each.at, cost=Cost(_NOTHING), reason_code=code)
        used[key.id] = each.at
    for key_id, at in used.items():
        state.key_used(key_id, at=at)


def _hand_out_the_rest(state: State, now: datetime) -> None:
    # With money in the organisation's wallet an empty team wallet would stop nothing: the organisation would pay.
    rest = state.wallets.organization.balance
    if rest > 0:
        state.wallets.allocate(state.teams[0], rest, at=now, note="Unused budget of other teams")


_PACKAGE = Path(__file__).resolve().parent.parent


class CatalogFolderError(FileNotFoundError):
    """Neither an installed package nor a checkout: the demo's catalog is not where it belongs."""


def catalog_folder(package: Path = _PACKAGE) -> Path:
    """The folder `catalog/`: `bff/catalog` in a wheel, else the one beside `bff/`; raises `CatalogFolderError`."""
    for folder in (package / "catalog", package.parent / "catalog"):
        if (folder / "all.yaml").is_file():
            return folder
    raise CatalogFolderError(f"no catalog/all.yaml in {package} or beside it; install the package again")
