"""The health of a system is how the latest call of each kind went."""

from __future__ import annotations

import pytest

from bff.telemetry.calls import Unobserved
from bff.telemetry.recent_calls import REMEMBERED_FOR, RecentCalls


class Time:
    """Seconds that pass when the test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    """A clock for the test to move."""
    return Time()


@pytest.fixture
def calls(time: Time) -> RecentCalls:
    """Nothing called yet."""
    return RecentCalls(Unobserved(), monotonic=time)


@pytest.mark.parametrize("outcome", ["unavailable", "timeout", "contract", "refused"])
def test_a_call_that_went_wrong_is_told_until_it_goes_well(calls: RecentCalls, outcome: str) -> None:
    """Trouble is named by its call and its outcome, and the next good call of that kind ends it."""
    calls.attempt("backstage", "user-keys", outcome, 1)
    assert calls.trouble("backstage") == {"user-keys": outcome}
    calls.attempt("backstage", "user-keys", "ok", 1)
    assert calls.trouble("backstage") == {}
    assert calls.systems() == ("backstage",)


def test_calls_of_other_kinds_and_systems_say_nothing_of_it(calls: RecentCalls) -> None:
    """Keys that cannot be read stay trouble while entities can be."""
    calls.attempt("backstage", "user-keys", "timeout", 1)
    calls.attempt("backstage", "entities", "ok", 1)
    calls.attempt("keeptrusts", "user-keys", "ok", 1)
    calls.attempt("backstage", "user-keys", "cancelled", 1)
    assert calls.trouble("backstage") == {"user-keys": "timeout"}


@pytest.mark.parametrize("outcome", ["denied", "rejected"])
def test_what_is_refused_to_one_caller_is_no_trouble(calls: RecentCalls, outcome: str) -> None:
    """An answer is an answer."""
    calls.attempt("backstage", "entities", outcome, 1)
    assert calls.trouble("backstage") == {}


def test_trouble_that_nobody_meets_any_more_is_forgotten(calls: RecentCalls, time: Time) -> None:
    """After five minutes without such a call it is not reported any more."""
    calls.attempt("backstage", "userinfo", "timeout", 1)
    time.now = REMEMBERED_FOR
    assert calls.trouble("backstage") == {}


def test_everything_is_passed_on(calls: RecentCalls) -> None:
    """Who listened before goes on hearing of all of it."""
    heard: list[tuple[object, ...]] = []

    class Listener:
        def attempt(self, *arguments: object) -> None:
            heard.append(arguments)

        def retried(self, *arguments: object) -> None:
            heard.append(arguments)

        def breaker(self, *arguments: object) -> None:
            heard.append(arguments)

    calls = RecentCalls(Listener(), monotonic=lambda: 0.0)
    calls.attempt("a", "b", "ok", 1)
    calls.retried("a", "b")
    calls.breaker("a", "open")
    assert heard == [("a", "b", "ok", 1), ("a", "b"), ("a", "open")]
