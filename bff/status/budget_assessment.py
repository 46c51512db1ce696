"""Today's spend against the declared daily budget: how much is used, and whether the rest will last."""

from __future__ import annotations

from datetime import datetime, tzinfo

from bff.status.annotations import DAILY_BUDGET
from bff.status.causes import TRIED_AGAIN
from bff.status.findings import Code, Finding, Section
from bff.status.pace import exhaustion
from bff.status.params import params
from bff.status.rules import Rules
from bff.status.spent_today import Spent
from bff.status.wire import Amount, BudgetStatus
from bff.values import BudgetWindow, Money
from bff.wording import clock_time, duration, percent, sentence

_SPEND_LESS = f"Raise {DAILY_BUDGET}, or see which model spends it."


def assess_budget(
    spent: Spent, daily: Money | None, window: BudgetWindow, *, now: datetime, rules: Rules
) -> Section[BudgetStatus]:
    """The budget section; `daily` is None when no budget is declared, or none that can be read.

    A budget of 0 means that nothing may be spent. Over 100 % is possible (spend is settled after a request) and shown so.
    """
    exhausts_at = None
    findings = [_incomplete(spent)] if spent.missing else []
    if daily is not None:
        exhausts_at = exhaustion(
            window, spent=spent.money, budget=daily, observed_at=spent.observed_at or now, pace_from=rules.pace_from
        )
        findings += _use(spent, daily, rules)
        if exhausts_at is not None:
            findings.append(_pace(exhausts_at, window, now=now, zone=rules.timezone))
    status = BudgetStatus(
        daily=Amount.of(daily) if daily is not None else None,
        spent=Amount.of(spent.money),
        used_ratio=spent.money.ratio_to(daily) if daily is not None else None,
        elapsed_ratio=window.elapsed_ratio(now),
        window_start=window.start,
        resets_at=window.end,
        exhausts_at=exhausts_at,
        attribution=spent.attribution,
        complete=spent.complete,
    )
    return Section(status, tuple(findings))


def _use(spent: Spent, daily: Money, rules: Rules) -> list[Finding]:
    ratio = spent.money.ratio_to(daily)
    at_least = "" if spent.complete else "at least "
    shared = ", with what its team spent without naming a key," if spent.attribution == "team" else ""
    # The translated sentences call the sum neither a lower nor an upper bound.
    exact = spent.complete and spent.attribution == "key"
    if spent.money.amount > 0 and spent.money >= daily:
        share = (
            f"{percent(ratio)} of the daily budget of {daily}"
            if ratio is not None
            else "more than the daily budget of 0 USD"
        )
        message = f"Today's spend of {at_least}{spent.money}{shared} is {share}."
        # They say "more than the budget", which exactly all of it is not.
        values = params(spent=spent.money, budget=daily) if exact and daily < spent.money else None
        return [Finding(Code.BUDGET_EXCEEDED, message, _SPEND_LESS, values)]
    if ratio is not None and ratio >= rules.budget_near_from:
        message = (
            f"Today's spend of {at_least}{spent.money}{shared} is {percent(ratio)} of the daily budget of {daily}."
        )
        values = params(spent=spent.money, budget=daily, ratio=ratio) if exact else None
        return [Finding(Code.BUDGET_NEAR, message, _SPEND_LESS, values)]
    return []


def _pace(exhausts_at: datetime, window: BudgetWindow, *, now: datetime, zone: tzinfo) -> Finding:
    # Old numbers may foretell a moment that has passed by now.
    ahead = exhausts_at > now
    verb = "runs" if ahead else "ran"
    before = duration(window.end - exhausts_at)
    message = f"At this pace the daily budget {verb} out at {clock_time(exhausts_at, zone)}, {before} before it resets."
    values = params(exhausts_at=exhausts_at, resets_at=window.end) if ahead else None
    return Finding(Code.BUDGET_PACE, message, _SPEND_LESS, values)


def _incomplete(spent: Spent) -> Finding:
    first, *others = spent.missing
    more = f" {len(others)} more like it." if others else ""
    return Finding(Code.SPEND_INCOMPLETE, f"Today's spend is a lower bound: {sentence(first)}{more}", TRIED_AGAIN)
