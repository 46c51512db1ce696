"""An act that has started is carried to its end, also when no request waits for it any more."""

from __future__ import annotations

import asyncio

import pytest

from bff.provisioning.provisioner import UnderWay


async def test_an_act_outlives_its_request() -> None:
    """An act goes on when its request is cancelled, and the end of the service waits for it."""
    under_way, started, may_end, ended = UnderWay(), asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def act() -> None:
        started.set()
        await may_end.wait()
        ended.set()

    request = asyncio.ensure_future(under_way.to_its_end(act()))
    await started.wait()
    request.cancel()
    await asyncio.gather(request, return_exceptions=True)
    end = asyncio.ensure_future(under_way.settled())
    await asyncio.sleep(0)
    assert not end.done()
    may_end.set()
    await end
    assert ended.is_set()


async def test_an_act_gives_and_raises() -> None:
    """A request that waits gets the result of the act, or its error."""
    under_way = UnderWay()

    async def seven() -> int:
        return 7

    async def fail() -> int:
        raise ValueError("no")

    assert await under_way.to_its_end(seven()) == 7
    with pytest.raises(ValueError, match="no"):
        await under_way.to_its_end(fail())
    await under_way.settled()
