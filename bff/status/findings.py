"""Findings: what is wrong, or will be, with an entity's AI access, and the rules by which something is a finding."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from decimal import ROUND_FLOOR, Context, Decimal
from enum import StrEnum
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from pydantic.alias_generators import to_camel

from bff.keeptrusts.facts import Cause, Facts, Reading
from bff.values import CurrencyMismatchError, Money
from bff.wording import date_and_time, listed, rfc3339, sentence

T = TypeVar("T")


class Severity(StrEnum):
    """How much a finding matters: info is no trouble, a warning can wait, an error means requests fail or rules are broken."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class State(StrEnum):
    """The state of an entity: its worst finding, or why it has none."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    UNCONFIGURED = "unconfigured"
    """The entity carries no gateway key annotation."""
    UNKNOWN = "unknown"
    """The facts that decide could not be read."""


class Code(StrEnum):
    """Every finding there is; clients switch on these, so they never change."""

    ANNOTATION_MISSING = "annotation-missing"
    ANNOTATION_INVALID = "annotation-invalid"
    KEY_NOT_FOUND = "key-not-found"
    KEY_REVOKED = "key-revoked"
    KEY_EXPIRED = "key-expired"
    KEY_EXPIRING = "key-expiring"
    OWNER_MISMATCH = "owner-mismatch"
    TIER_UNDECLARED = "tier-undeclared"
    TIER_DRIFT = "tier-drift"
    TIER_UNENFORCED = "tier-unenforced"
    WALLET_MISSING = "wallet-missing"
    WALLET_LOW = "wallet-low"
    WALLET_DEPLETED = "wallet-depleted"
    BUDGET_NEAR = "budget-near"
    BUDGET_EXCEEDED = "budget-exceeded"
    BUDGET_PACE = "budget-pace"
    MONTH_BUDGET_NEAR = "month-budget-near"
    MONTH_BUDGET_EXCEEDED = "month-budget-exceeded"
    MONTH_BUDGET_PACE = "month-budget-pace"
    SPEND_UNUSUAL = "spend-unusual"
    SPEND_INCOMPLETE = "spend-incomplete"
    DATA_STALE = "data-stale"
    CATALOG_DENIED = "catalog-denied"
    UPSTREAM_UNAVAILABLE = "upstream-unavailable"
    UPSTREAM_DENIED = "upstream-denied"
    UPSTREAM_CONTRACT = "upstream-contract"
    NUMBERS_WITHHELD = "numbers-withheld"
    TRUNCATED = "truncated"

    @property
    def severity(self) -> Severity:
        """The severity of every finding of this code."""
        if self in _ERRORS:
            return Severity.ERROR
        return Severity.INFO if self is Code.NUMBERS_WITHHELD else Severity.WARNING


_ERRORS = frozenset(
    {
        Code.ANNOTATION_INVALID,
        Code.KEY_NOT_FOUND,
        Code.KEY_REVOKED,
        Code.KEY_EXPIRED,
        Code.OWNER_MISMATCH,
        Code.TIER_DRIFT,
        Code.TIER_UNENFORCED,
        Code.WALLET_DEPLETED,
        Code.BUDGET_EXCEEDED,
        Code.MONTH_BUDGET_EXCEEDED,
    }
)

ALERTED = frozenset(
    {
        Code.KEY_NOT_FOUND,
        Code.KEY_REVOKED,
        Code.KEY_EXPIRED,
        Code.KEY_EXPIRING,
        Code.OWNER_MISMATCH,
        Code.TIER_DRIFT,
        Code.WALLET_LOW,
        Code.WALLET_DEPLETED,
        Code.BUDGET_NEAR,
        Code.BUDGET_EXCEEDED,
        Code.BUDGET_PACE,
        Code.MONTH_BUDGET_NEAR,
        Code.MONTH_BUDGET_EXCEEDED,
        Code.MONTH_BUDGET_PACE,
        Code.SPEND_UNUSUAL,
    }
)
"""The codes of the findings of which owners, or the platform groups, are notified."""

_WORST_FIRST = (Severity.ERROR, Severity.WARNING, Severity.INFO)
_ORDER = {code: (_WORST_FIRST.index(code.severity), place) for place, code in enumerate(Code)}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or will be: `message` says what is the case, `hint` what to do, a sentence or two each.

    `params` holds the values of a client's own sentence of `code`, as `params()` writes them: empty where that sentence has
    none, None where it would not say what `message` says.
    """

    code: Code
    message: str
    hint: str | None = None
    # A mapping has no hash; equal findings have equal hashes without it.
    params: Mapping[str, str] | None = field(default=None, hash=False)


@dataclass(frozen=True, slots=True)
class Section(Generic[T]):
    """One section of an assessment: its status (None when there is none to show) and its findings."""

    status: T | None = None
    findings: tuple[Finding, ...] = ()


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Errors before warnings before infos, and each in the order in which `Code` names them."""
    return sorted(findings, key=lambda finding: _ORDER[finding.code])


def state_of(findings: Iterable[Finding], *, known: bool) -> State:
    """The state that `findings` make; `known` is False when the facts that decide could not be had."""
    codes = {finding.code for finding in findings}
    if Code.ANNOTATION_MISSING in codes:
        return State.UNCONFIGURED
    if not known:
        return State.UNKNOWN
    severities = {code.severity for code in codes}
    if Severity.ERROR in severities:
        return State.ERROR
    return State.WARNING if Severity.WARNING in severities else State.OK


# --- what an operator decides ---

_ONBOARD, _ROTATE, _TOP_UP, _CHANGE_TIER = (
    f"template:default/{name}" for name in ("ai-team-onboard", "ai-key-rotate", "ai-wallet-top-up", "ai-tier-change")
)
REMEDIES: Mapping[Code, str] = {
    Code.ANNOTATION_MISSING: _ONBOARD,
    Code.KEY_NOT_FOUND: _ONBOARD,
    Code.KEY_REVOKED: _ROTATE,
    Code.KEY_EXPIRED: _ROTATE,
    Code.KEY_EXPIRING: _ROTATE,
    Code.TIER_UNDECLARED: _CHANGE_TIER,
    Code.TIER_DRIFT: _CHANGE_TIER,
    Code.TIER_UNENFORCED: _CHANGE_TIER,
    Code.WALLET_MISSING: _TOP_UP,
    Code.WALLET_LOW: _TOP_UP,
    Code.WALLET_DEPLETED: _TOP_UP,
}
"""The software template that mends a finding, as an entity reference; a code that is not here has none."""

PACE_FROM = Decimal("0.10")
"""The share of the day that must have passed before its spend says anything about the rest: one morning request is no trend."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one assessment. Ratios are shares of one.

    `stale` says that the facts as a whole could not be read again lately; a part with a cause of its own has its own finding.
    `remedies` has the entity references of templates by code, as `REMEDIES`; an empty one means that there is none.
    """

    timezone: ZoneInfo
    ownership_enforced: bool = True
    console_url: str | None = None
    gateway_url: str | None = None
    stale: bool = False
    expiring_within: timedelta = timedelta(days=14)
    budget_near_from: Decimal = Decimal("0.80")
    pace_from: Decimal = PACE_FROM
    wallet_low_below: Decimal = Decimal("0.10")
    remedies: Mapping[Code, str] = field(default_factory=lambda: REMEDIES, hash=False)


# --- values of sentences ---

_RATIO_STEP = Decimal("0.0001")
# A millionth of a budget can be exceeded by a factor that the usual 28 digits do not hold.
_EXACT = Context(prec=80)


def params(**values: str | Decimal | datetime | Money) -> Mapping[str, str] | None:
    """Write `values` as the wire has them; `expires_at` becomes `expiresAt`.

    Text stays as it is; None where it holds what cannot be printed, such as marks that change the direction of text, which `message`
    shows escaped. A `Decimal` is a ratio: a plain decimal, rounded down to four places so that 99.999 % never reads as
    all of it. A time is RFC 3339 in UTC. Money is its exact plain amount, and `currency` names the one currency of all of it.

    Raises `CurrencyMismatchError` for amounts of several currencies.
    """
    if not all(value.isprintable() for value in values.values() if isinstance(value, str)):
        return None
    currencies = {value.currency for value in values.values() if isinstance(value, Money)}
    if len(currencies) > 1:
        raise CurrencyMismatchError(f"the params {', '.join(values)} must have one currency, not {sorted(currencies)}")
    written = {to_camel(name): _written(value) for name, value in values.items()}
    for currency in currencies:
        written["currency"] = currency
    return written


def _written(value: str | Decimal | datetime | Money) -> str:
    match value:
        case Money():
            return value.plain()
        case Decimal():
            return Money(value.quantize(_RATIO_STEP, ROUND_FLOOR, _EXACT)).plain()
        case datetime():
            return rfc3339(value)
        case _:
            return value


# --- findings about Keeptrusts itself ---

TRIED_AGAIN = "It is tried again by itself; if it lasts, tell the platform team."
_TOKEN = "The platform team must check the service's Keeptrusts token and what it may read."  # noqa: S105 - advice, not a token
SEE_DOCTOR = "The platform team can see what differs with the command keeptrusts-bff doctor."

Parts = Mapping[str, Reading[Any]]
"""Readings by the name that a sentence gives them: `gateway keys`, `wallets`."""


def upstream_findings(parts: Parts, *, zone: tzinfo, stale: bool) -> list[Finding]:
    """One finding for each cause among `parts`, those that an assessment made use of.

    `stale` says that the facts as a whole could not be renewed, without any part of them saying why.
    """
    by_code: dict[Code, dict[str, Reading[Any]]] = {}
    for name, reading in parts.items():
        code = _code_of(reading)
        if code is not None:
            by_code.setdefault(code, {})[name] = reading
    if stale and Code.DATA_STALE not in by_code:
        by_code[Code.DATA_STALE] = {name: part for name, part in parts.items() if part.value is not None}
    return [
        _upstream_finding(code, concerned, zone, since=_silent_since(parts) if len(concerned) == len(parts) else None)
        for code, concerned in by_code.items()
    ]


def _code_of(reading: Reading[Any]) -> Code | None:
    if reading.cause is Cause.DENIED:
        return Code.UPSTREAM_DENIED
    if reading.cause is Cause.CONTRACT:
        return Code.UPSTREAM_CONTRACT
    if reading.value is None:
        return Code.UPSTREAM_UNAVAILABLE
    return Code.DATA_STALE if is_kept(reading) else None


def _silent_since(parts: Parts) -> datetime | None:
    """When Keeptrusts last answered for any of `parts`, all of which are old; None where that is not known."""
    return max((part.observed_at for part in parts.values() if part.observed_at is not None), default=None)


def _upstream_finding(code: Code, parts: Parts, zone: tzinfo, *, since: datetime | None) -> Finding:
    values = None
    names = listed(tuple(parts)) or "facts"
    shown = _shown_as_of(parts.values(), zone)
    details = " ".join(dict.fromkeys(filter(None, (_capitalised(sentence(part.detail)) for part in parts.values()))))
    if code is Code.UPSTREAM_DENIED:
        said, hint = f"Keeptrusts does not let this service read its {names}.", _TOKEN
    elif code is Code.UPSTREAM_CONTRACT:
        said, hint = f"Keeptrusts' answer for its {names} is not of the form expected{shown}.", SEE_DOCTOR
    elif code is Code.DATA_STALE:
        said, hint = f"Keeptrusts' {names} could not be read again{shown}.", TRIED_AGAIN
        # The translated sentence is that Keeptrusts does not answer at all: `since` is given where no part is newer.
        values = params(since=since) if since is not None else None
    else:
        said, hint = f"Keeptrusts' {names} could not be read.", TRIED_AGAIN
    return Finding(code, f"{said} {details}".rstrip(), hint, values)


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def _shown_as_of(parts: Iterable[Reading[Any]], zone: tzinfo) -> str:
    observed = [part.observed_at for part in parts if part.value is not None and part.observed_at is not None]
    return f"; what is shown was read at {date_and_time(min(observed), zone)}" if observed else ""


def is_kept(reading: Reading[Any]) -> bool:
    """Whether the value is the last good one, since a newer one could not be read; a partial value is new, but incomplete."""
    return reading.value is not None and reading.cause is not None and reading.complete


def is_unexplained(facts: Facts, rules: Rules) -> bool:
    """Whether the facts as a whole are said to be stale while no part of them says why."""
    return rules.stale and all(part.cause is None for part in facts.parts().values())
