"""The age of the facts is the age of the oldest part."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bff.keeptrusts.facts import Cause, Reading

from .conftest import NOON, Scenario


def test_the_oldest_part_counts() -> None:
    """No number looks younger than it is."""
    scenario = Scenario()
    older = scenario.but(wallets=replace(scenario.wallets, observed_at=NOON - timedelta(minutes=3)))
    assert older.assess().freshness.observed_at == NOON - timedelta(minutes=3)


def test_a_part_without_value_has_no_age() -> None:
    """What is not shown cannot be old."""
    gone = Reading(None, NOON - timedelta(days=1), Cause.UNAVAILABLE)
    assert Scenario().but(spend=gone).assess().freshness.observed_at == NOON


def test_without_any_facts_there_is_no_age() -> None:
    """Null, rather than now."""
    gone = Reading(None, cause=Cause.UNAVAILABLE)
    nothing = Scenario().but(teams=gone, keys=gone, configurations=gone, wallets=gone, spend=gone, activity=gone)
    assert nothing.assess().freshness.observed_at is None


def test_kept_values_are_stale() -> None:
    """One part is enough."""
    scenario = Scenario()
    assert not scenario.assess().freshness.stale
    assert scenario.but(keys=replace(scenario.keys, cause=Cause.CONTRACT)).assess().freshness.stale
