"""Who takes over shows the predecessor's sums until its own are whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bff.governance.facts import Cause, Facts, Reading
from bff.replicas.succession import LONGEST, succeeded
from tests.replicas.facts import NOON, counting, facts

LATER = NOON + timedelta(seconds=30)


def test_sums_do_not_fall_when_another_takes_over() -> None:
    """While bookings and events are still being counted the predecessor's sums stand, with their own time."""
    before = facts("9.99")
    shown = succeeded(counting(facts("9.99", now=LATER)), before, LATER)
    assert (shown.spend, shown.activity) == (before.spend, before.activity)
    assert shown.keys.observed_at == LATER


@pytest.mark.parametrize(
    "before",
    [
        None,
        counting(facts("9.99")),
        facts("9.99", now=NOON - timedelta(days=1)),
        facts("9.99", now=LATER - LONGEST - timedelta(seconds=1)),
        facts("9.99", cause=Cause.UNAVAILABLE),
    ],
    ids=["none", "not whole either", "of yesterday", "too old", "not read anew"],
)
def test_otherwise_the_new_sums_are_shown(before: Facts | None) -> None:
    """A predecessor's sums are no better than one's own if they are not whole, young and of the same day."""
    mine = counting(facts(now=LATER))
    assert succeeded(mine, before, LATER) == mine


def test_whole_sums_are_always_ones_own() -> None:
    """Nothing is taken from before once everything is counted."""
    mine = facts("10.00", now=LATER)
    assert succeeded(mine, facts("9.99"), LATER) == mine


def test_denial_is_not_covered_up() -> None:
    """When bookings may not be read any more the predecessor's sums are not shown."""
    mine = replace(facts(now=LATER), spend=Reading(None, cause=Cause.DENIED))
    assert succeeded(mine, facts("9.99"), LATER).spend.value is None
