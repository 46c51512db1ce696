"""Places are bounded, and shared between those who want them."""

from __future__ import annotations

import asyncio

import pytest

from bff.fair_places import FairPlaces


async def settled() -> None:
    """Let the tasks that are ready run."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_no_more_than_there_are() -> None:
    """A place beyond the last is waited for until one comes back."""
    places = FairPlaces(2, most_each=2)
    await places.take("a")
    await places.take("b")
    third = asyncio.ensure_future(places.take("c"))
    await settled()
    assert not third.done()
    places.give_back("a")
    await third


async def test_no_more_than_one_may_have() -> None:
    """One taker leaves places free for the others, however many it wants."""
    places = FairPlaces(4, most_each=2)
    await places.take("greedy")
    await places.take("greedy")
    more = asyncio.ensure_future(places.take("greedy"))
    await places.take("modest")
    await settled()
    assert not more.done()
    places.give_back("greedy")
    await more


async def test_the_taker_with_the_fewest_is_next() -> None:
    """One who waits behind a hundred of another's waits for a single place to come back."""
    places = FairPlaces(2, most_each=2)
    await places.take("greedy")
    await places.take("greedy")
    queue = [asyncio.ensure_future(places.take("greedy")) for _ in range(100)]
    await settled()
    modest = asyncio.ensure_future(places.take("modest"))
    await settled()
    places.give_back("greedy")
    await settled()
    assert modest.done()
    assert not any(turn.done() for turn in queue)
    for turn in queue:
        turn.cancel()


async def test_equals_take_turns() -> None:
    """Takers that hold as many are served in turn, one place each."""
    places = FairPlaces(1, most_each=1)
    await places.take("first")
    served: list[str] = []

    async def visit(who: str) -> None:
        await places.take(who)
        served.append(who)
        places.give_back(who)

    visits = [asyncio.ensure_future(visit(who)) for who in ("a", "a", "a", "b", "b", "c")]
    await settled()
    places.give_back("first")
    await asyncio.gather(*visits)
    assert served == ["a", "b", "c", "a", "b", "a"]


@pytest.mark.parametrize("late", [False, True])
async def test_a_waiter_who_leaves_loses_no_place(*, late: bool) -> None:
    """A waiter that is cancelled, before its turn or in the moment of it, leaves the place to the next."""
    places = FairPlaces(1, most_each=1)
    await places.take("holder")
    leaver = asyncio.ensure_future(places.take("leaver"))
    await settled()
    if late:
        places.give_back("holder")
        leaver.cancel()
    else:
        leaver.cancel()
        await settled()
        places.give_back("holder")
    with pytest.raises(asyncio.CancelledError):
        await leaver
    await asyncio.wait_for(places.take("next"), 1)
