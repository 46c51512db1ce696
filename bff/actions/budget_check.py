"""Whether an entity may still spend, and why: one word from what its card says, for agents and pipelines."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Literal

from pydantic import Field

from bff.status.claims import POLICY_TIER
from bff.status.findings import TRIED_AGAIN, Code, State
from bff.status.wire import Amount, Finding, Freshness, GovernanceStatus, Instant, WireModel
from bff.values import USD, EntityRef, Money

STOPS = frozenset(
    {
        Code.ANNOTATION_MISSING,
        Code.ANNOTATION_INVALID,
        Code.KEY_NOT_FOUND,
        Code.KEY_REVOKED,
        Code.KEY_EXPIRED,
        Code.OWNER_MISMATCH,
        Code.WALLET_DEPLETED,
        Code.BUDGET_EXCEEDED,
        Code.MONTH_BUDGET_EXCEEDED,
    }
)
"""Findings with which the answer is no. A wrong tier is an error on the card, and stops no request."""


UNREAD = frozenset(
    {Code.UPSTREAM_UNAVAILABLE, Code.UPSTREAM_DENIED, Code.UPSTREAM_CONTRACT, Code.CATALOG_DENIED, Code.DATA_STALE}
)
"""Findings which say that facts could not be read."""


class Reason(StrEnum):
    """Why, where that is no finding."""

    WITHIN_LIMITS = "within-limits"
    COST_EXCEEDS_LEFT = "cost-exceeds-left"
    NOT_FOUND = "not-found"
    UNKNOWN = "unknown"


REASONS = (*(reason.value for reason in Reason), *sorted(code.value for code in STOPS))


class BudgetCheck(WireModel):
    """Whether an entity may still spend today, and what to do where it may not."""

    entity_ref: str = Field(examples=["component:default/customer-support-bot"])
    allowed: bool = Field(
        description="True where nothing is known to stop it from spending; false also where that cannot be known"
    )
    reason: str = Field(
        description="Why: `within-limits` where it is allowed; `cost-exceeds-left`; `not-found` where there is no such entity for you; "
        "`unknown` where the facts cannot be had; or the code of the finding that stops it",
        json_schema_extra={"enum": list(REASONS)},
    )
    message: str = Field(description="One sentence for a person: what is the case")
    advice: str | None = Field(default=None, description="One sentence for a person: what to do")
    left: Amount | None = Field(
        default=None,
        description="What can still be spent: the rest of today's budget or what the team's wallet has, whichever runs out first; "
        "null where neither is known or amounts are not for you",
    )
    limit: Literal["budget", "wallet"] | None = Field(default=None, description="Which of the two `left` is of")
    cost_compared: bool | None = Field(
        default=None, description="Whether `cost` was compared with `left`; null where no cost was given"
    )
    daily_budget: Amount | None = None
    spent_today: Amount | None = None
    wallet_available: Amount | None = None
    resets_at: Instant | None = Field(default=None, description="When the daily budget begins again")
    complete: bool | None = Field(
        default=None,
        description="False: `spentToday` is a lower bound, so that less may be left; null where it is not known",
    )
    findings: tuple[Finding, ...] = Field(default=(), description="All findings of the entity, worst first")
    freshness: Freshness | None = None


def check_budget(status: GovernanceStatus, *, cost: Decimal | None = None) -> BudgetCheck:
    """Judge a status; `cost` is what the caller is about to spend, in US dollars.

    Where amounts are withheld `cost` is not compared: asking again with other costs would find out what is left.
    """
    left = _left(status)
    compared = None if cost is None else left is not None and left.currency == USD
    known = _facts(status, left).model_copy(update={"cost_compared": compared})
    stopping = next((finding for finding in status.findings if _stops(finding)), None)
    unread = next((finding for finding in status.findings if finding.code in UNREAD), None)
    if stopping is not None:
        update = {"reason": stopping.code.value, "message": stopping.message, "advice": stopping.hint}
    elif status.state is State.UNKNOWN or (status.budget is None and unread is not None):
        said = unread.message if unread else "The facts about this entity cannot be had now."
        update = {"reason": Reason.UNKNOWN.value, "message": said, "advice": unread.hint if unread else TRIED_AGAIN}
    elif left is not None and not left:
        # A budget of 0 of which nothing is spent has no finding.
        update = {**_EMPTY[status.tightest_limit], "advice": _MORE[status.tightest_limit]}
    elif cost is not None and left is not None and compared and cost > left.amount:
        more = f"{Money(cost)} are more than the {left} that are left."
        update = {"reason": Reason.COST_EXCEEDS_LEFT.value, "message": more, "advice": _MORE[status.tightest_limit]}
    else:
        return known.model_copy(update={"message": _allowed(status, left, compared=compared)})
    return known.model_copy(update={"allowed": False, **update})


def not_found(ref: EntityRef, message: str) -> BudgetCheck:
    """The answer about an entity that is not there for the caller."""
    advice = "Check the reference, and that you may see the entity in Backstage."
    return BudgetCheck(
        entity_ref=str(ref), allowed=False, reason=Reason.NOT_FOUND.value, message=message, advice=advice
    )


def unknown(ref: EntityRef, message: str) -> BudgetCheck:
    """The answer while there are no facts to judge by."""
    return BudgetCheck(
        entity_ref=str(ref), allowed=False, reason=Reason.UNKNOWN.value, message=message, advice=TRIED_AGAIN
    )


_EMPTY = {
    "budget": {"reason": Code.BUDGET_EXCEEDED.value, "message": "Nothing is left of today's budget."},
    "wallet": {"reason": Code.WALLET_DEPLETED.value, "message": "Nothing is left in the team's wallet."},
    None: {},
}
_MORE = {
    "budget": "Spend less, wait until the budget begins again, or raise keeptrusts.dev/daily-budget.",
    "wallet": "Spend less, or ask the platform team to fill the team's wallet.",
    None: None,
}


def _facts(status: GovernanceStatus, left: Money | None) -> BudgetCheck:
    budget, wallet = status.budget, status.wallet
    return BudgetCheck(
        entity_ref=status.entity_ref,
        allowed=True,
        reason=Reason.WITHIN_LIMITS.value,
        message="",
        left=Amount.of(left) if left is not None else None,
        limit=status.tightest_limit if left is not None else None,
        daily_budget=budget.daily if budget else None,
        spent_today=budget.spent if budget else None,
        wallet_available=wallet.available if wallet else None,
        resets_at=budget.resets_at if budget else None,
        complete=budget.complete if budget else None,
        findings=status.findings,
        freshness=status.freshness,
    )


def _left(status: GovernanceStatus) -> Money | None:
    budget, wallet = status.budget, status.wallet
    if status.tightest_limit == "budget" and budget is not None and budget.daily is not None:
        left = Decimal(budget.daily.amount) - Decimal(budget.spent.amount)
        return Money(max(left, Decimal(0)), budget.daily.currency)
    if status.tightest_limit == "wallet" and wallet is not None:
        return Money(max(Decimal(wallet.available.amount), Decimal(0)), wallet.available.currency)
    return None


def _stops(finding: Finding) -> bool:
    # Of the annotations, the tier alone has nothing to do with spending.
    named = finding.params.get("annotation") if finding.params is not None else None
    of_the_tier = finding.code is Code.ANNOTATION_INVALID and named == POLICY_TIER
    return finding.code in STOPS and not of_the_tier


def _allowed(status: GovernanceStatus, left: Money | None, *, compared: bool | None) -> str:
    withheld = any(finding.code is Code.NUMBERS_WITHHELD for finding in status.findings)
    if left is not None:
        whose = "today's budget" if status.tightest_limit == "budget" else "the team's wallet"
        bound = "" if status.budget is None or status.budget.complete else "at most "
        said = f"It may spend: {bound}{left} of {whose} are left."
    else:
        said = "Nothing is known to stop it from spending." if withheld else "It may spend: no limit is set for it."
    if compared is False:
        said += " The cost was not compared, since what is left is not known to you."
    return said + (" Keeptrusts cannot be asked now: these are its last facts." if status.freshness.stale else "")
