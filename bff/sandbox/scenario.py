"""Fills the sandbox with the organisation of `plan.py`, its history, and a today that fits the time of day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from random import Random
from zoneinfo import ZoneInfo

from bff.sandbox.accounts import State
from bff.sandbox.history import DAYS, Day, Spent, spent_on, spent_today
from bff.sandbox.plan import TEAMS, KeyPlan, Purse, TeamPlan
from bff.sandbox.prices import PRICES
from bff.sandbox.records import Charge, Cost, Key, Team, Verdict

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
"""What the policy stopped and nobody paid for, and how many requests there are to one of them."""


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
        for spent in spent_on(Day.of(date, timezone), date.weekday(), plan, rng):
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
