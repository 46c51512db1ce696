"""Counts of findings over the entities that were assessed lately."""

from __future__ import annotations

from bff.status.answers import FindingCounts
from bff.status.findings import Code
from bff.values import EntityRef


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def ref(name: str) -> EntityRef:
    return EntityRef("component", "default", name)


def test_an_entity_counts_as_it_was_assessed_last() -> None:
    """A finding that an entity no longer has is no longer counted, and no entity counts twice."""
    counts = FindingCounts(monotonic=Clock())
    counts.record(ref("a"), [Code.BUDGET_NEAR, Code.WALLET_LOW])
    counts.record(ref("b"), [Code.BUDGET_NEAR])
    counts.record(ref("a"), [Code.BUDGET_EXCEEDED])
    found = {code: count for code, count in counts.findings().items() if count}
    assert (counts.entities(), found) == (2, {"budget-near": 1, "budget-exceeded": 1})


def test_every_finding_has_a_number() -> None:
    """A finding that no entity has is 0 and not absent, so that an alert sees it rise from there."""
    assert FindingCounts(monotonic=Clock()).findings() == {code.value: 0 for code in Code}


def test_a_finding_said_twice_of_one_entity_counts_once() -> None:
    """Two malformed annotations of one entity are one entity with that finding."""
    counts = FindingCounts(monotonic=Clock())
    counts.record(ref("a"), [Code.ANNOTATION_INVALID, Code.ANNOTATION_INVALID])
    assert counts.findings()["annotation-invalid"] == 1


def test_an_entity_that_is_no_longer_asked_for_is_not_counted() -> None:
    """An entity that was last assessed too long ago is not counted any more."""
    clock = Clock()
    counts = FindingCounts(monotonic=clock, forgotten_after=10)
    counts.record(ref("a"), [Code.BUDGET_NEAR])
    clock.now += 6
    counts.record(ref("b"), [Code.BUDGET_NEAR])
    clock.now += 6
    assert (counts.findings()["budget-near"], counts.entities()) == (1, 1)


def test_strangers_cannot_fill_it() -> None:
    """However many entities are asked about, no more than a fixed number is remembered."""
    counts = FindingCounts(monotonic=Clock(), most_entities=3)
    for number in range(10):
        counts.record(ref(f"e{number}"), [Code.BUDGET_NEAR])
    assert (counts.entities(), counts.findings()["budget-near"]) == (3, 3)
