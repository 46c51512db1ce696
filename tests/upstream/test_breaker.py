"""The breaker stops calls that would fail and lets exactly one find out whether they still would."""

from __future__ import annotations

import asyncio

import pytest

from bff.breaker import Breaker, BreakerOpenError, BreakerState


class DownError(Exception):
    """The other side is down."""


class RefusedError(Exception):
    """The other side says no, and so is up."""


class Clock:
    """Seconds that pass when a test moves them."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Now."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Time for the test to move."""
    return Clock()


@pytest.fixture
def changes() -> list[str]:
    """States in the order in which they were reported."""
    return []


@pytest.fixture
def breaker(clock: Clock, changes: list[str]) -> Breaker:
    """A breaker with its usual numbers: 10 s, 20 calls, half of them, 5 s."""
    return Breaker(monotonic=clock, failed=lambda error: isinstance(error, DownError), changed=changes.append)


def fail(breaker: Breaker, times: int = 1, error: type[Exception] = DownError) -> None:
    """Make calls that fail."""
    for _ in range(times):
        with pytest.raises(error), breaker.guard():
            raise error


def succeed(breaker: Breaker, times: int = 1) -> None:
    """Make calls that succeed."""
    for _ in range(times):
        with breaker.guard():
            pass


def test_it_opens_when_half_of_enough_calls_failed(breaker: Breaker, changes: list[str]) -> None:
    """Ten failures of twenty calls open it, and then no call is made."""
    succeed(breaker, 10)
    fail(breaker, 9)
    assert breaker.state is BreakerState.CLOSED
    fail(breaker)
    assert breaker.state is BreakerState.OPEN
    with pytest.raises(BreakerOpenError) as caught, breaker.guard():
        pytest.fail("a call was let through")
    assert caught.value.retry_after == 5
    assert changes == ["closed", "open"]


def test_a_few_failures_say_nothing(breaker: Breaker) -> None:
    """Fewer than twenty calls never open it, were they all to fail."""
    fail(breaker, 19)
    assert breaker.state is BreakerState.CLOSED


def test_old_outcomes_do_not_count(breaker: Breaker, clock: Clock) -> None:
    """What was more than ten seconds ago counts no more."""
    fail(breaker, 19)
    clock.now += 10
    fail(breaker)
    assert breaker.state is BreakerState.CLOSED


def test_an_answer_that_says_no_is_an_answer(breaker: Breaker) -> None:
    """Refusals do not open it: a system that refuses is up."""
    fail(breaker, 100, RefusedError)
    assert breaker.state is BreakerState.CLOSED


async def test_of_a_hundred_callers_one_is_the_probe(breaker: Breaker, clock: Clock) -> None:
    """After the sleep exactly one of a hundred concurrent callers gets through."""
    fail(breaker, 20)
    clock.now += 5
    gate = asyncio.Event()
    made = 0

    async def call() -> None:
        nonlocal made
        with breaker.guard():
            made += 1
            await gate.wait()

    calls = [asyncio.ensure_future(call()) for _ in range(100)]
    await asyncio.sleep(0)
    gate.set()
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert made == 1
    assert sum(isinstance(outcome, BreakerOpenError) for outcome in outcomes) == 99
    assert breaker.state is BreakerState.CLOSED


def test_a_failed_probe_sleeps_again(breaker: Breaker, clock: Clock, changes: list[str]) -> None:
    """When the probe fails the breaker sleeps again, in full."""
    fail(breaker, 20)
    clock.now += 5
    fail(breaker)
    clock.now += 4.9
    assert breaker.state is BreakerState.OPEN
    clock.now += 0.1
    succeed(breaker)
    assert breaker.state is BreakerState.CLOSED
    assert changes == ["closed", "open", "half-open", "open", "half-open", "closed"]


def test_after_closing_it_starts_to_count_anew(breaker: Breaker, clock: Clock) -> None:
    """Failures from before it opened do not open it again."""
    fail(breaker, 20)
    clock.now += 5
    succeed(breaker)
    fail(breaker, 19)
    assert breaker.state is BreakerState.CLOSED


async def test_a_cancelled_probe_does_not_wedge_it(breaker: Breaker, clock: Clock) -> None:
    """When the probe's caller goes away the next caller is the probe."""
    fail(breaker, 20)
    clock.now += 5

    async def hang() -> None:
        with breaker.guard():
            await asyncio.Event().wait()

    probe = asyncio.ensure_future(hang())
    await asyncio.sleep(0)
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)
    succeed(breaker)
    assert breaker.state is BreakerState.CLOSED


async def test_a_call_from_before_it_opened_decides_nothing(breaker: Breaker) -> None:
    """A slow call that began before the breaker opened and succeeds after is no probe."""
    gate = asyncio.Event()

    async def slow() -> None:
        with breaker.guard():
            await gate.wait()

    early = asyncio.ensure_future(slow())
    await asyncio.sleep(0)
    fail(breaker, 20)
    gate.set()
    await early
    assert breaker.state is BreakerState.OPEN
