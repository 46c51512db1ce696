"""Findings: what is wrong, or will be, with an entity's AI access."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")


class Severity(StrEnum):
    """How much a finding matters: info is no trouble, a warning can wait, an error means requests fail or rules are broken."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class State(StrEnum):
    """The state of an entity: its worst finding, or why there is none to have."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    UNCONFIGURED = "unconfigured"
    """The entity carries no gateway key annotation."""
    UNKNOWN = "unknown"
    """The facts cannot be had at all."""


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
    SPEND_INCOMPLETE = "spend-incomplete"
    DATA_STALE = "data-stale"
    CATALOG_DENIED = "catalog-denied"
    UPSTREAM_UNAVAILABLE = "upstream-unavailable"
    UPSTREAM_DENIED = "upstream-denied"
    UPSTREAM_CONTRACT = "upstream-contract"
    NUMBERS_WITHHELD = "numbers-withheld"

    @property
    def severity(self) -> Severity:
        """What the code weighs; the findings of one code all weigh the same."""
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
    }
)

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
    """One part of an assessment: what can be said of it (None when nothing can) and what is wrong with it."""

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
