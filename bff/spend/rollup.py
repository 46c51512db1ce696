"""What the members of a group, a system or a domain have spent: each key once, and what is missing by name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Context, Decimal
from typing import Any

from bff.keeptrusts.facts import Cause, Facts, ModelSpend, Reading, SpendOfKeys
from bff.status import wire
from bff.status.assessment import freshness, wallet_state
from bff.status.claims import Claims
from bff.status.findings import (
    TRIED_AGAIN,
    Code,
    Finding,
    Rules,
    State,
    is_unexplained,
    upstream_findings,
    worst_first,
)
from bff.status.key_claims import KeyClaim, NamedKey, claimants
from bff.status.months import DaySum, month_of, previous_period
from bff.status.organisation import Organisation
from bff.status.wire import (
    Amount,
    DailySpend,
    PreviousPeriod,
    RollUp,
    RollUpKey,
    RollUpMember,
    RollUpSharedKey,
    TeamWallet,
)
from bff.values import BudgetWindow, EntityRef, Money
from bff.wording import listed, quoted, sentence

_NOTHING = Money.zero()
_DECIMALS = 12
_WHOLE = 10**_DECIMALS
_EXACT = Context(prec=80)
_WORST_FIRST = (State.ERROR, State.WARNING, State.UNKNOWN, State.UNCONFIGURED, State.OK)


@dataclass(frozen=True, slots=True)
class Member:
    """One member as its card has it; `numbers` says whether its amounts are for the viewer."""

    ref: EntityRef
    claim: KeyClaim
    state: State
    worst: wire.Finding | None
    numbers: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """A key whose amounts are for the viewer.

    `members` are all that claim it; its spend stands with `first`, the first of those whose amounts are for the viewer.
    """

    named: NamedKey
    key_ids: frozenset[str]
    members: tuple[EntityRef, ...]
    first: EntityRef


@dataclass(frozen=True, slots=True)
class Period:
    """The days of a roll-up, oldest first: those it is about, as many before them, and those that the month needs."""

    days: tuple[date, ...]
    previous: tuple[date, ...]
    earlier: tuple[date, ...] = ()


def keys_shown(claims: Mapping[EntityRef, KeyClaim], numbers: Collection[EntityRef]) -> dict[NamedKey, Shown]:
    """Return the keys whose spend is to be read: those of entities whose amounts are for the viewer (`numbers`)."""
    found = {}
    for named, refs in claimants(claims).items():
        first = next((ref for ref in refs if ref in numbers), None)
        if first is not None:
            found[named] = Shown(named, claims[first].key_ids, refs, first)
    return found


def roll_up(
    root: EntityRef,
    members: Sequence[Member],
    shown: Mapping[NamedKey, Shown],
    spend: SpendOfKeys | None,
    organisation: Organisation,
    *,
    period: Period,
    teams: frozenset[str] | None,
    truncated: bool,
    now: datetime,
    rules: Rules,
) -> RollUp:
    """Return the roll-up of `root`.

    `spend` is of the keys `shown` over `period`, None when it could not be read. `teams` are the ids of the teams that a group
    and the groups below it own; None when the entity is no group, when they cannot all be known, and when the amounts of one
    of them are not for the viewer.
    """
    withheld = sum(not member.numbers and member.claim.named is not None for member in members)
    hidden = withheld > 0 and not shown
    keys = {} if spend is None or hidden else {named: _sums(each, spend, period) for named, each in shown.items()}
    doubts = _doubts(members, spend, period, shown, withheld=withheld, truncated=truncated, organisation=organisation)
    findings = [*_upstream(organisation.facts, spend, rules), *doubts]
    answer = RollUp(
        entity_ref=str(root),
        days=len(period.days),
        timezone=rules.timezone.key,
        complete=spend is not None and not doubts,
        states={state: sum(member.state is state for member in members) for state in State},
        members=_members(members, shown, keys, spend, period),
        shared_keys=tuple(
            RollUpSharedKey(key=named.name, team=_team_name(named.team_id, organisation), members=_texts(refs))
            for named, refs in sorted(claimants({member.ref: member.claim for member in members}).items())
            if len(refs) > 1
        ),
        withheld=withheld,
        budgets=0,
        findings=tuple(wire.Finding.of(finding) for finding in worst_first(findings)),
        freshness=freshness(organisation.facts, now, rules),
    )
    if spend is None or hidden:
        return answer
    total = _total(key.spent for key in keys.values())
    budgets = _budgets(members, shown, lambda claims: claims.daily_budget)
    monthly = _budgets(members, shown, lambda claims: claims.monthly_budget)
    days = _known_days(spend, period)
    return answer.model_copy(
        update={
            "total": Amount.of(total),
            "by_key": _by_key(shown, keys, organisation),
            "by_model": _by_model(spend.by_model),
            "by_day": _by_day(keys, period, spend, shown),
            "unclaimed": _unclaimed(members, spend, teams, truncated=truncated),
            "daily_budget": Amount.of(_total(budgets)) if budgets else None,
            "budgets": len(budgets),
            "wallets": _wallets({named.team_id for named in shown} | (teams or frozenset()), organisation, rules),
            "previous": _previous(days, total, period),
            "month": _month(days, monthly, shown, organisation.facts, now, rules),
        }
    )


# --- sums of keys ---


@dataclass(frozen=True, slots=True)
class _KeySums:
    """What all keys of one name have spent in the period, and before it; `amounts` are of its days, in 1e-12 USD."""

    amounts: tuple[int, ...]
    spent: Money
    requests: int
    previous: Money
    complete: bool


def _sums(key: Shown, spend: SpendOfKeys, period: Period) -> _KeySums:
    found = [spend.by_key[key_id] for key_id in key.key_ids if key_id in spend.by_key]
    # Most keys were never rotated.
    amounts = (
        found[0].amounts if len(found) == 1 else tuple(map(sum, zip(*(each.amounts for each in found), strict=True)))
    )
    return _KeySums(
        amounts or (0,) * len(period.days),
        _money(sum(amounts)),
        sum(each.requests for each in found),
        _total(spend.previous[key_id] for key_id in key.key_ids if key_id in spend.previous),
        _incomplete_days(key, spend).keys().isdisjoint(period.days)
        and spend.incomplete_days.keys().isdisjoint(period.days),
    )


def _money(amount: int) -> Money:
    return Money(_EXACT.scaleb(Decimal(amount), -_DECIMALS))


def plain(amount: int) -> str:
    """Return an amount of 1e-12 USD as `Money.plain` writes it; there are as many as members times days."""
    whole, rest = divmod(abs(amount), _WHOLE)
    text = f"-{whole}" if amount < 0 else str(whole)
    return f"{text}.{rest:0{_DECIMALS}}".rstrip("0") if rest else text


def _incomplete_days(key: Shown, spend: SpendOfKeys) -> dict[date, str]:
    """The days of which this key's own events are not all counted, beside those of all keys."""
    days: dict[date, str] = {}
    for key_id in key.key_ids:
        days |= spend.incomplete_of_key.get(key_id, {})
    return days


# --- sections ---


def _members(
    members: Sequence[Member],
    shown: Mapping[NamedKey, Shown],
    keys: Mapping[NamedKey, _KeySums],
    spend: SpendOfKeys | None,
    period: Period,
) -> tuple[RollUpMember, ...]:
    kept = spend is not None and any(day in _known_days(spend, period) for day in period.previous)
    rows = [_member(member, shown, keys, previous_kept=kept) for member in members]
    rows.sort(key=lambda row: (-row[0].amount, _WORST_FIRST.index(row[1].state), row[1].entity_ref))
    return tuple(row for _, row in rows)


def _member(
    member: Member,
    shown: Mapping[NamedKey, Shown],
    keys: Mapping[NamedKey, _KeySums],
    *,
    previous_kept: bool,
) -> tuple[Money, RollUpMember]:
    named, name = member.claim.named, member.claim.claims.gateway_key_name
    key = shown.get(named) if named is not None else None
    sums = keys.get(named) if named is not None and member.numbers else None
    spent = previous = by_day = None
    if sums is not None and key is not None:
        first = key.first == member.ref
        spent = sums.spent if first else _NOTHING
        previous = sums.previous if first else _NOTHING
        by_day = tuple(map(plain, sums.amounts)) if first else ("0",) * len(sums.amounts)
    row = RollUpMember(
        entity_ref=str(member.ref),
        state=member.state,
        worst=member.worst,
        spent=Amount.of(spent) if spent is not None else None,
        previous=Amount.of(previous) if previous is not None and previous_kept else None,
        keys=(name,) if name is not None else (),
        shared=key is not None and len(key.members) > 1,
        withheld=named is not None and not member.numbers,
        complete=sums.complete if sums is not None else named is None and member.claim.known,
        by_day=by_day,
    )
    return spent or _NOTHING, row


def _by_key(
    shown: Mapping[NamedKey, Shown], keys: Mapping[NamedKey, _KeySums], organisation: Organisation
) -> tuple[RollUpKey, ...]:
    largest_first = sorted(keys, key=lambda named: (-keys[named].spent.amount, named))
    return tuple(
        RollUpKey(
            key=named.name,
            team=_team_name(named.team_id, organisation),
            spent=Amount.of(keys[named].spent),
            requests=keys[named].requests,
            members=_texts(shown[named].members),
            complete=keys[named].complete,
        )
        for named in largest_first
    )


def _by_model(models: Mapping[str | None, ModelSpend]) -> tuple[wire.ModelSpend, ...]:
    largest_first = sorted(models, key=lambda model: (-models[model].spent.amount, model is None, model or ""))
    return tuple(
        wire.ModelSpend(model=model, spent=Amount.of(models[model].spent), requests=models[model].requests)
        for model in largest_first
    )


def _by_day(
    keys: Mapping[NamedKey, _KeySums], period: Period, spend: SpendOfKeys, shown: Mapping[NamedKey, Shown]
) -> tuple[DailySpend, ...]:
    incomplete = set(spend.incomplete_days).union(*(_incomplete_days(each, spend) for each in shown.values()))
    together = map(sum, zip(*(key.amounts for key in keys.values()), strict=True)) if keys else [0] * len(period.days)
    return tuple(
        DailySpend(
            date=day, spent=Amount.of(_money(amount)), partial=day == period.days[-1], complete=day not in incomplete
        )
        for day, amount in zip(period.days, together, strict=True)
    )


def _unclaimed(
    members: Iterable[Member], spend: SpendOfKeys, teams: frozenset[str] | None, *, truncated: bool
) -> Amount | None:
    # A member that was left off, or whose key is not known, may be the one that claims a key.
    if not teams or truncated or not all(member.claim.known for member in members):
        return None
    claimed = frozenset[str]().union(*(member.claim.key_ids for member in members if member.claim.named is not None))
    return Amount.of(_total(spent for key_id, spent in spend.of_teams.items() if key_id not in claimed))


def _budgets(
    members: Iterable[Member], shown: Mapping[NamedKey, Shown], of: Callable[[Claims], Money | None]
) -> list[Money]:
    """The budget of each key that has one: that of the first member that declares it."""
    found: dict[NamedKey, Money] = {}
    for member in sorted(members, key=lambda member: member.ref):
        named, budget = member.claim.named, of(member.claim.claims)
        if member.numbers and named in shown and named is not None and budget is not None:
            found.setdefault(named, budget)
    return list(found.values())


def _wallets(team_ids: Iterable[str], organisation: Organisation, rules: Rules) -> tuple[TeamWallet, ...]:
    found = [
        TeamWallet(
            team=_team_name(team_id, organisation) or team_id,
            available=Amount.of(wallet.available),
            state=wallet_state(wallet, rules.wallet_low_below),
        )
        for team_id in team_ids
        if (wallet := organisation.wallets.get(team_id)) is not None
    ]
    return tuple(sorted(found, key=lambda wallet: wallet.team))


# --- other periods ---


def _known_days(spend: SpendOfKeys, period: Period) -> dict[date, DaySum]:
    """What all keys together spent on each day that is known, days without spend too."""
    incomplete = set(spend.incomplete_days).union(*spend.incomplete_of_key.values())
    return {
        day: DaySum(spend.by_day.get(day, _NOTHING), day not in incomplete)
        for day in {*period.earlier, *period.previous, *period.days}
        if spend.kept_from is None or day >= spend.kept_from
    }


def _previous(days: Mapping[date, DaySum], total: Money, period: Period) -> PreviousPeriod | None:
    found = previous_period(days, first=period.days[0], length=len(period.days), now_total=total)
    if found is None:
        return None
    return PreviousPeriod(
        from_=found.from_, to=found.to, total=found.total, complete=found.complete, change=found.change
    )


def _month(
    days: Mapping[date, DaySum],
    budgets: Collection[Money],
    shown: Mapping[NamedKey, Shown],
    facts: Facts,
    now: datetime,
    rules: Rules,
) -> wire.MonthToDate:
    window = BudgetWindow.containing(now, rules.timezone)
    elapsed = window.elapsed_ratio(facts.spend.observed_at or now)
    # The spend of all keys says nothing of the budgets of some.
    budget = _total(budgets) if budgets and len(budgets) == len(shown) else None
    return month_of(days, today=window.day, elapsed=elapsed, budget=budget).on_wire()


# --- what is missing ---


def _upstream(facts: Facts, spend: SpendOfKeys | None, rules: Rules) -> list[Finding]:
    parts: dict[str, Reading[Any]] = {"teams": facts.teams, "gateway keys": facts.keys}
    if facts.spend.cause is Cause.DENIED:
        parts["spend"] = facts.spend
    findings = upstream_findings(parts, zone=rules.timezone, stale=is_unexplained(facts, rules))
    if spend is None and facts.spend.cause is not Cause.DENIED:
        said = "The events of these days could not be read."
        findings.append(Finding(Code.UPSTREAM_UNAVAILABLE, said, TRIED_AGAIN))
    return findings


def _doubts(
    members: Sequence[Member],
    spend: SpendOfKeys | None,
    period: Period,
    shown: Mapping[NamedKey, Shown],
    *,
    withheld: int,
    truncated: bool,
    organisation: Organisation,
) -> list[Finding]:
    """Why the total is a lower bound."""
    findings = []
    if withheld:
        whose = "one member are" if withheld == 1 else f"{withheld:,} members are"
        findings.append(
            Finding(
                Code.NUMBERS_WITHHELD,
                f"The amounts of {whose} not for you: they are for the groups that own them and for the platform groups.",
                "Ask a member of the owning group, or the platform team.",
            )
        )
    if truncated:
        findings.append(
            Finding(
                Code.TRUNCATED,
                f"There are more members than the {len(members):,} that are listed: the others are left off.",
                "Look at a group, a system or a domain below this one.",
            )
        )
    unknown = sum(not member.claim.known for member in members)
    if unknown:
        whose = "one member means" if unknown == 1 else f"{unknown:,} members mean"
        findings.append(Finding(Code.SPEND_INCOMPLETE, f"Which key {whose} cannot be known now.", TRIED_AGAIN))
    if spend is not None and shown:
        findings += _incomplete(spend, period, shown)
        findings += _nameless(spend, shown, organisation)
    return findings


def _incomplete(spend: SpendOfKeys, period: Period, shown: Mapping[NamedKey, Shown]) -> list[Finding]:
    reasons = dict(spend.incomplete_days)
    for key in shown.values():
        reasons = {**_incomplete_days(key, spend), **reasons}
    days = [day for day in period.days if day in reasons]
    if not days:
        return []
    are = "one day are a lower bound" if len(days) == 1 else f"{len(days)} days are lower bounds"
    return [Finding(Code.SPEND_INCOMPLETE, f"The sums of {are}: {sentence(reasons[days[-1]])}", TRIED_AGAIN)]


def _nameless(spend: SpendOfKeys, shown: Mapping[NamedKey, Shown], organisation: Organisation) -> list[Finding]:
    # What names no key may be any key's of its team.
    nameless = {team_id: spend.nameless.get(team_id, _NOTHING) for team_id in {named.team_id for named in shown}}
    teams = sorted(team_id for team_id, spent in nameless.items() if spent > _NOTHING)
    if not teams:
        return []
    names = listed(tuple(quoted(_team_name(team_id, organisation) or team_id) for team_id in teams[:_MOST_NAMED]))
    more = f" and {len(teams) - _MOST_NAMED:,} more" if len(teams) > _MOST_NAMED else ""
    whose = f"the team {names}" if len(teams) == 1 else f"the teams {names}{more}"
    spent = _total(nameless[team_id] for team_id in teams)
    message = f"Requests of {whose} that name no key cost {spent}, which is in no sum here."
    return [Finding(Code.SPEND_INCOMPLETE, message)]


_MOST_NAMED = 3


def _team_name(team_id: str, organisation: Organisation) -> str | None:
    team = organisation.teams_by_id.get(team_id)
    return team.name if team is not None else team_id or None


def _texts(refs: Iterable[EntityRef]) -> tuple[str, ...]:
    return tuple(map(str, refs))


def _total(amounts: Iterable[Money]) -> Money:
    return sum(amounts, _NOTHING)
