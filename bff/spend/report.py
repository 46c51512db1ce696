"""What an entity's key has spent over some days, by day and by model, and in the months before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from bff.keeptrusts.facts import Cause, Facts, ModelSpend, Reading, SpendHistory, SpendTally
from bff.status import wire
from bff.status.assessment import findings_on_wire, freshness
from bff.status.claimed_key import ClaimedKey, find_claimed_key
from bff.status.claims import POLICY_TIER, Claims, Subject, read_claims
from bff.status.findings import TRIED_AGAIN, Code, Finding, Rules, is_unexplained, upstream_findings, worst_first
from bff.status.months import (
    BASIS_DAYS,
    Days,
    DaySum,
    first_of_months,
    month_findings,
    month_of,
    months_of,
    previous_period,
)
from bff.status.organisation import Organisation
from bff.status.unusual import LATELY, ModelDays, lately, unusual_days
from bff.status.wire import Amount, DailySpend, SpendReport
from bff.values import BudgetWindow, Money
from bff.wording import sentence

_NOTHING = Money.zero()


def days_before(days: int, *, now: datetime, rules: Rules) -> int:
    """Return how many days before the last `days` a report looks at: the period before, a basis for each day, and the months."""
    today = BudgetWindow.containing(now, rules.timezone).day
    first = first_of_months(today)
    return max((today - first).days + 1 - days, days, BASIS_DAYS)


def report_spend(
    subject: Subject,
    organisation: Organisation,
    history: SpendHistory | None,
    *,
    days: int,
    now: datetime,
    rules: Rules,
) -> SpendReport:
    """Report the last `days` budget days (1 to 90), the running one included.

    `history` is of all keys that `find_claimed_key` finds for `subject`, over the same days and `days_before` them; None when
    there is no such key or its spend could not be read. Numbers are withheld on the same grounds as in an assessment, and then
    `history` is not looked at.
    """
    claims = read_claims(subject.annotations, instance=rules.instance)
    report = SpendReport(
        entity_ref=str(subject.ref),
        days=days,
        timezone=rules.timezone.key,
        daily_budget=Amount.of(claims.daily_budget) if claims.daily_budget is not None else None,
        complete=False,
        freshness=freshness(organisation.facts, now, rules),
    )
    if not claims.names_a_key:
        missing = findings_on_wire((claims.no_key,), subject, claims, None, organisation, rules)
        return report.model_copy(update={"findings": missing})
    claimed = find_claimed_key(claims.gateway_key_name, subject.owner, organisation, now=now, rules=rules)
    findings = _findings(claims, claimed, organisation.facts, rules)
    sums: dict[str, object] = {}
    if claimed.key is None:
        pass
    elif history is not None:
        window = BudgetWindow.containing(now, rules.timezone)
        wanted = [window.day - timedelta(days=ago) for ago in reversed(range(days))]
        incomplete = {day: history.incomplete_days[day] for day in wanted if day in history.incomplete_days}
        spend = _spend_by_day(history)
        sums = _sums(history, spend, wanted, incomplete)
        findings += _incomplete(incomplete)
        elapsed = window.elapsed_ratio(organisation.facts.spend.observed_at or now)
        more, found = _months(history, spend, wanted, elapsed, claims, rules)
        sums |= more
        findings += found
    elif organisation.facts.spend.cause is Cause.DENIED:
        findings += upstream_findings({"spend": organisation.facts.spend}, zone=rules.timezone, stale=False)
    else:
        said = "The events of these days could not be read."
        findings.append(Finding(Code.UPSTREAM_UNAVAILABLE, said, TRIED_AGAIN))
    on_wire = findings_on_wire(worst_first(findings), subject, claims, claimed, organisation, rules)
    return report.model_copy(update={**sums, "findings": on_wire})


def _findings(claims: Claims, claimed: ClaimedKey, facts: Facts, rules: Rules) -> list[Finding]:
    """Return the findings that explain missing numbers; an expired key or another tier are findings of the status alone."""
    malformed = [finding for annotation, finding in claims.malformed.items() if annotation != POLICY_TIER]
    obstacles = claimed.findings if claimed.key is None else ()
    parts: dict[str, Reading[Any]] = {"teams": facts.teams, "gateway keys": facts.keys}
    return [
        *malformed,
        *obstacles,
        *upstream_findings(parts, zone=rules.timezone, stale=is_unexplained(facts, rules)),
    ]


_SpendByDay = Mapping[date, Mapping[str | None, ModelSpend]]


def _spend_by_day(history: SpendHistory) -> _SpendByDay:
    """Return what counts as the key's by day and model.

    As in the budget: requests that name no key may be this key's, so they count on the days on which they cost anything. A
    correction that names no key may belong to another key, and must not lower the sum of these keys' own events.
    """
    spend = dict(history.key.by_day_and_model)
    for day in _nameless_days(history):
        both = dict(spend.get(day, {}))
        for model, more in history.unattributed.by_day_and_model[day].items():
            both[model] = both[model].plus(more) if model in both else more
        spend[day] = both
    return spend


def _nameless_days(history: SpendHistory) -> frozenset[date]:
    return frozenset(day for day, spent in history.unattributed.by_day.items() if spent > _NOTHING)


def _sums(
    history: SpendHistory, spend: _SpendByDay, days: list[date], missing: Mapping[date, str]
) -> dict[str, object]:
    by_day = [_total(each.spent for each in spend.get(day, {}).values()) for day in days]
    return {
        "attribution": "key" if _nameless_days(history).isdisjoint(days) else "team",
        "complete": not missing,
        "total": Amount.of(_total(by_day)),
        "by_day": tuple(
            DailySpend(date=day, spent=Amount.of(money), partial=day == days[-1], complete=day not in missing)
            for day, money in zip(days, by_day, strict=True)
        ),
        "by_model": _by_model(SpendTally(spend).by_model_on(days)),
    }


def _by_model(spend: Mapping[str | None, ModelSpend]) -> tuple[wire.ModelSpend, ...]:
    largest_first = sorted(spend, key=lambda model: (-spend[model].spent.amount, model is None, model or ""))
    return tuple(
        wire.ModelSpend(model=model, spent=Amount.of(spend[model].spent), requests=spend[model].requests)
        for model in largest_first
    )


def _months(
    history: SpendHistory, spend: _SpendByDay, wanted: list[date], elapsed: Decimal, claims: Claims, rules: Rules
) -> tuple[dict[str, object], list[Finding]]:
    """Return the sections beyond the days that were asked for, and what they have to say."""
    first, today = wanted[0], wanted[-1]
    days, by_model = _days(history, spend, today), _model_days(spend)
    nameless = _nameless_days(history)
    month = month_of(days, today=today, elapsed=elapsed, budget=claims.monthly_budget)
    since = min(first, today - timedelta(days=LATELY))
    unusual = unusual_days(days, first=since, today=today, elapsed=elapsed, by_model=by_model)
    now_total = _total(days[day].spent for day in wanted if day in days)
    sections: dict[str, object] = {
        "previous": previous_period(days, first=first, length=len(wanted), now_total=now_total),
        "month": month.on_wire(),
        "months": months_of(days, _requests(spend), today=today),
        "unusual_days": tuple(each.on_wire() for each in unusual if each.day >= first),
    }
    shared = any(day >= month.first for day in nameless)
    findings = month_findings(month, rules, shared=shared)
    findings += [each.finding(shared=each.day in nameless) for each in lately(unusual, today=today)]
    return sections, findings


def _days(history: SpendHistory, spend: _SpendByDay, today: date) -> Days:
    """Return the sum of each day that is known, days without spend too."""
    start = history.kept_from or min((*spend, *history.incomplete_days, today))
    known = (start + timedelta(days=number) for number in range((today - start).days + 1))
    return {
        day: DaySum(_total(each.spent for each in spend.get(day, {}).values()), day not in history.incomplete_days)
        for day in known
    }


def _model_days(spend: _SpendByDay) -> ModelDays:
    return {day: {model: each.spent for model, each in models.items()} for day, models in spend.items()}


def _requests(spend: _SpendByDay) -> dict[date, int]:
    return {day: sum(each.requests for each in models.values()) for day, models in spend.items()}


def _incomplete(missing: Mapping[date, str]) -> list[Finding]:
    if not missing:
        return []
    days = f"{len(missing)} days are lower bounds" if len(missing) > 1 else "one day are a lower bound"
    reason = sentence(missing[max(missing)])
    return [Finding(Code.SPEND_INCOMPLETE, f"The sums of {days}: {reason}", TRIED_AGAIN)]


def _total(amounts: Iterable[Money]) -> Money:
    return sum(amounts, _NOTHING)
