"""Findings weigh and sort as the design says."""

from __future__ import annotations

import pytest

from bff.status.findings import Code, Finding, Severity, State, state_of, worst_first


def of(*codes: Code) -> list[Finding]:
    """Findings of these codes."""
    return [Finding(code, "said") for code in codes]


def test_errors_come_first_and_then_the_order_of_codes() -> None:
    """A reader meets the worst first."""
    mixed = of(Code.DATA_STALE, Code.BUDGET_EXCEEDED, Code.KEY_EXPIRING, Code.KEY_REVOKED)
    assert [finding.code for finding in worst_first(mixed)] == [
        Code.KEY_REVOKED,
        Code.BUDGET_EXCEEDED,
        Code.KEY_EXPIRING,
        Code.DATA_STALE,
    ]


@pytest.mark.parametrize("code", [code for code in Code if code is not Code.ANNOTATION_MISSING])
def test_one_finding_makes_the_state_of_its_severity(code: Code) -> None:
    """The state is no better and no worse than the finding."""
    states = {Severity.ERROR: State.ERROR, Severity.WARNING: State.WARNING, Severity.INFO: State.OK}
    assert state_of(of(code), known=True) == states[code.severity]


def test_nothing_wrong_is_ok() -> None:
    """Without findings all is well."""
    assert state_of([], known=True) is State.OK


def test_an_error_outweighs_warnings() -> None:
    """The worst finding is the state."""
    assert state_of(of(Code.DATA_STALE, Code.TIER_DRIFT), known=True) is State.ERROR


def test_a_missing_key_annotation_is_no_error() -> None:
    """An entity that claims nothing is unconfigured, whatever else is the case."""
    assert state_of(of(Code.ANNOTATION_MISSING), known=False) is State.UNCONFIGURED


def test_what_cannot_be_known_is_unknown() -> None:
    """Neither ok nor an error can be claimed without facts."""
    assert state_of(of(Code.ANNOTATION_INVALID), known=False) is State.UNKNOWN
