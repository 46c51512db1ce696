"""What an entity's key has spent over some days, by day and by model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from bff.keeptrusts.facts import Cause, Facts, ModelSpend, Reading, SpendHistory, SpendTally
from bff.status import wire
from bff.status.assessment import findings_on_wire, freshness
from bff.status.claimed_key import ClaimedKey, find_claimed_key
from bff.status.claims import NO_KEY, POLICY_TIER, Claims, Subject, read_claims
from bff.status.findings import TRIED_AGAIN, Code, Finding, Rules, is_unexplained, upstream_findings, worst_first
from bff.status.organisation import Organisation
from bff.status.wire import Amount, DailySpend, SpendReport
from bff.values import BudgetWindow, Money
from bff.wording import sentence

_NOTHING = Money.zero()
_NO_SPEND = ModelSpend(_NOTHING, 0)


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

    `history` is of all keys that `find_claimed_key` finds for `subject`, over the same days; None when there is no such key
    or its spend could not be read. Numbers are withheld on the same grounds as in an assessment, and then `history` is not
    looked at.
    """
    claims = read_claims(subject.annotations)
    report = SpendReport(
        entity_ref=str(subject.ref),
        days=days,
        timezone=rules.timezone.key,
        daily_budget=Amount.of(claims.daily_budget) if claims.daily_budget is not None else None,
        complete=False,
        freshness=freshness(organisation.facts, now, rules),
    )
    if not claims.names_a_key:
        missing = findings_on_wire((NO_KEY,), subject, claims, None, organisation, rules)
        return report.model_copy(update={"findings": missing})
    claimed = find_claimed_key(claims.gateway_key_name, subject.owner, organisation, now=now, rules=rules)
    findings = _findings(claims, claimed, organisation.facts, rules)
    sums: dict[str, object] = {}
    if claimed.key is None:
        pass
    elif history is not None:
        today = BudgetWindow.containing(now, rules.timezone).day
        wanted = [today - timedelta(days=ago) for ago in reversed(range(days))]
        incomplete = {day: history.incomplete_days[day] for day in wanted if day in history.incomplete_days}
        sums = _sums(history, wanted, incomplete)
        findings += _incomplete(incomplete)
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


def _sums(history: SpendHistory, days: list[date], missing: Mapping[date, str]) -> dict[str, object]:
    # As in the budget: requests that name no key may be this key's, so they count where there are any.
    nameless = sum((history.unattributed.by_day.get(day, _NOTHING) for day in days), _NOTHING) > _NOTHING
    tallies = (history.key, history.unattributed) if nameless else (history.key,)
    by_day = [_total(tally.by_day.get(day, _NOTHING) for tally in tallies) for day in days]
    return {
        "attribution": "team" if nameless else "key",
        "complete": not missing,
        "total": Amount.of(_total(by_day)),
        "by_day": tuple(
            DailySpend(date=day, spent=Amount.of(money), partial=day == days[-1], complete=day not in missing)
            for day, money in zip(days, by_day, strict=True)
        ),
        "by_model": _by_model(tallies),
    }


def _by_model(tallies: tuple[SpendTally, ...]) -> tuple[wire.ModelSpend, ...]:
    models = {model for tally in tallies for model in tally.by_model}
    spend = {model: [tally.by_model.get(model, _NO_SPEND) for tally in tallies] for model in models}
    sums = {model: _total(part.spent for part in parts) for model, parts in spend.items()}
    largest_first = sorted(models, key=lambda model: (-sums[model].amount, model is None, model or ""))
    return tuple(
        wire.ModelSpend(model=model, spent=Amount.of(sums[model]), requests=sum(part.requests for part in spend[model]))
        for model in largest_first
    )


def _incomplete(missing: Mapping[date, str]) -> list[Finding]:
    if not missing:
        return []
    days = f"{len(missing)} days are lower bounds" if len(missing) > 1 else "one day are a lower bound"
    reason = sentence(missing[max(missing)])
    return [Finding(Code.SPEND_INCOMPLETE, f"The sums of {days}: {reason}", TRIED_AGAIN)]


def _total(amounts: Iterable[Money]) -> Money:
    return sum(amounts, _NOTHING)
