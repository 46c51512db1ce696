"""Counts of what the policy did are the key's own, and say when they are not all."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bff.keeptrusts.facts import Activity, ActivityToday, Cause, Reading
from bff.status.wire import ActivityStatus

from .conftest import KEY, MIDNIGHT, NOON, Scenario


def activity_of(scenario: Scenario) -> ActivityStatus:
    """The activity section, which must be there."""
    activity = scenario.assess().activity
    assert activity is not None
    return activity


def test_the_keys_counts_are_shown() -> None:
    """Requests, and what became of them."""
    activity = activity_of(Scenario())
    assert (activity.requests, activity.blocked, activity.redacted, activity.escalated) == (12, 3, 2, 1)
    assert (activity.since, activity.last_request_at, activity.complete) == (MIDNIGHT, NOON, True)


def test_a_key_without_requests_has_made_none() -> None:
    """Zero is a count."""
    assert activity_of(Scenario().but(activity=Reading(ActivityToday(MIDNIGHT), NOON))).requests == 0


def test_counts_are_of_every_key_of_the_name() -> None:
    """A rotation does not empty the day: requests with the key that was replaced count, and the later request is the last."""
    replaced = replace(KEY, id="tok_0", revoked=True, created_at=NOON - timedelta(days=200))
    by_key = {"tok_1": Activity(2, 1, 0, 0, MIDNIGHT), "tok_0": Activity(40, 1, 2, 3, NOON)}
    activity = ActivityToday(MIDNIGHT, by_key=by_key, by_team={"team_1": Activity(42)})
    shown = activity_of(Scenario().but(keys=Reading((KEY, replaced), NOON), activity=Reading(activity, NOON)))
    assert (shown.requests, shown.blocked, shown.redacted, shown.escalated) == (42, 2, 2, 3)
    assert (shown.last_request_at, shown.complete) == (NOON, True)


def test_yesterdays_counts_are_not_todays() -> None:
    """Over midnight old counts become none, known to be incomplete."""
    old = ActivityToday(MIDNIGHT - timedelta(days=1), by_key={"tok_1": Activity(99)})
    activity = activity_of(Scenario().but(activity=Reading(old, NOON, Cause.UNAVAILABLE)))
    assert (activity.requests, activity.since, activity.complete) == (0, MIDNIGHT, False)


def test_requests_that_name_no_key_make_a_lower_bound() -> None:
    """They may be this key's."""
    some = ActivityToday(MIDNIGHT, by_key={"tok_1": Activity(3)}, by_team={"team_1": Activity(5)})
    assert not activity_of(Scenario().but(activity=Reading(some, NOON))).complete


def test_missing_pages_make_a_lower_bound() -> None:
    """Whether the reading says so or the count itself."""
    scenario = Scenario()
    assert not activity_of(scenario.but(activity=replace(scenario.activity, complete=False))).complete
    assert not activity_of(scenario.but(activity=Reading(ActivityToday(MIDNIGHT, complete=False), NOON))).complete


def test_unread_events_have_no_section() -> None:
    """The others are still there."""
    status = Scenario().but(activity=Reading(None, cause=Cause.CONTRACT)).assess()
    assert status.activity is None
    assert status.budget is not None
