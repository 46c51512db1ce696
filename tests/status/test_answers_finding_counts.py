"""Counts of findings over all entities of the last sweep."""

from __future__ import annotations

from bff.status.answers import FindingCounts
from bff.status.findings import Code


def test_every_finding_has_a_number() -> None:
    """A finding that no entity has is 0 and not absent, so that an alert sees it rise from there."""
    assert FindingCounts().findings() == {code.value: 0 for code in Code}


def test_the_last_round_counts_alone() -> None:
    """What an earlier round has counted is counted no more."""
    counts = FindingCounts()
    counts.replace({Code.BUDGET_NEAR: 2, Code.WALLET_LOW: 1}, entities=5)
    counts.replace({Code.BUDGET_EXCEEDED: 1}, entities=4)
    found = {code: count for code, count in counts.findings().items() if count}
    assert (counts.entities(), found) == (4, {"budget-exceeded": 1})
