"""Of many who want the same thing at once, one fetches it."""

from __future__ import annotations

import asyncio

import pytest

from bff.single_flight import SingleFlight


class Fetch:
    """A call that a test lets end when it likes."""

    def __init__(self, *, error: Exception | None = None) -> None:
        self.calls = 0
        self.error = error
        self.gate = asyncio.Event()

    async def __call__(self) -> int:
        """Count, wait, give the count."""
        self.calls += 1
        calls = self.calls
        await self.gate.wait()
        if self.error:
            raise self.error
        return calls


async def test_a_thousand_callers_make_one_call() -> None:
    """Every caller who asks while a call is in progress gets that call's value."""
    flight: SingleFlight[int] = SingleFlight()
    fetch = Fetch()
    waiting = [asyncio.ensure_future(flight.do("k", fetch)) for _ in range(1000)]
    await asyncio.sleep(0)
    fetch.gate.set()
    assert set(await asyncio.gather(*waiting)) == {1}
    assert not flight.busy("k")


async def test_keys_fly_apart() -> None:
    """Calls for different keys do not wait for each other."""
    flight: SingleFlight[int] = SingleFlight()
    slow, quick = Fetch(), Fetch()
    quick.gate.set()
    waiting = asyncio.ensure_future(flight.do("slow", slow))
    assert await flight.do("quick", quick) == 1
    slow.gate.set()
    await waiting


async def test_an_error_reaches_everybody_and_is_not_kept() -> None:
    """A failed call fails for all who waited, and the next one is made again."""
    flight: SingleFlight[int] = SingleFlight()
    fetch = Fetch(error=RuntimeError("no"))
    fetch.gate.set()
    outcomes = await asyncio.gather(*(flight.do("k", fetch) for _ in range(10)), return_exceptions=True)
    assert {str(outcome) for outcome in outcomes} == {"no"}
    assert fetch.calls == 1
    with pytest.raises(RuntimeError):
        await flight.do("k", fetch)
    assert fetch.calls == 2


async def test_one_who_gives_up_takes_nothing_from_the_others() -> None:
    """Cancelling the one who began the call does not cancel it for the others."""
    flight: SingleFlight[int] = SingleFlight()
    fetch = Fetch()
    first, second = (asyncio.ensure_future(flight.do("k", fetch)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    fetch.gate.set()
    assert await second == 1
    assert first.cancelled()


async def test_a_call_that_nobody_waits_for_any_more_fails_quietly() -> None:
    """An error that no caller waits for is no unhandled error."""
    problems: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: problems.append(context))
    flight: SingleFlight[int] = SingleFlight()
    fetch = Fetch(error=RuntimeError("no"))
    only = asyncio.ensure_future(flight.do("k", fetch))
    await asyncio.sleep(0)
    only.cancel()
    fetch.gate.set()
    while flight.busy("k"):
        await asyncio.sleep(0)
    assert problems == []


async def test_a_call_that_has_just_ended_is_not_joined() -> None:
    """Who asks in the very moment in which a call has ended gets a new one, not the old value."""
    flight: SingleFlight[int] = SingleFlight()
    fetch = Fetch()
    first = asyncio.ensure_future(flight.do("k", fetch))
    await asyncio.sleep(0)
    under_way = flight._flights["k"]
    fetch.gate.set()
    while not under_way.done():
        await asyncio.sleep(0)
    # The call has ended, and the table does not know yet.
    assert "k" in flight._flights
    assert not flight.busy("k")
    assert await flight.do("k", fetch) == 2
    assert await first == 1
    assert not flight._flights
