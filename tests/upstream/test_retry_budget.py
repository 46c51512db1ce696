"""Retries never make an outage much worse."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bff.upstream import Backoff, RetryBudget


@given(st.integers(min_value=0, max_value=500))
def test_attempts_stay_within_a_fifth_of_the_calls(calls: int) -> None:
    """However many calls fail, however often each would try again, attempts are at most 1.2 times the calls and 3."""
    budget = RetryBudget()
    attempts = 0
    for _ in range(calls):
        budget.called()
        attempts += 1
        while budget.take():
            attempts += 1
    assert attempts <= calls * 1.2 + 3


def test_a_quiet_service_may_retry() -> None:
    """The first call of a service may be tried three times."""
    budget = RetryBudget()
    budget.called()
    assert budget.take()
    assert budget.take()


def test_a_quiet_time_does_not_save_up_a_storm() -> None:
    """However many calls went well, only ten retries can follow at once."""
    budget = RetryBudget()
    for _ in range(10_000):
        budget.called()
    assert sum(budget.take() for _ in range(100)) == 10


@given(st.integers(min_value=1, max_value=30), st.floats(min_value=0, max_value=1, exclude_max=True))
def test_waits_are_jittered_and_bounded(retry: int, chance: float) -> None:
    """A wait lies between nothing and the doubled base, and never past the longest."""
    backoff = Backoff(base=0.1, longest=2)
    assert 0 <= backoff.wait(retry, random=lambda: chance) <= min(0.1 * 2 ** (retry - 1), 2)


def test_what_the_other_side_asks_for_is_not_undercut() -> None:
    """A wait that `Retry-After` asked for is kept, with some chance on top so that not all come back at once."""
    assert 7 <= Backoff().wait(1, random=lambda: 0.5, asked=7) <= 7.1
