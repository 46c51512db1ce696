"""A drill of clients that ask and do not read: what they hold in the kernel, and when they are let go."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bff.cli import server
from bff.cli.connection_bounds import SEND_BUFFER, BoundedConnection
from tests.drills.conftest import Figure
from tests.e2e.harness.ports import LOOPBACK
from tests.harness.served import served

pytestmark = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="the kernel's queues are read from /proc")

READERS = 200
ANSWER = b"a" * 4 * 2**20
MIB = 2**20


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answers with 4 MiB, the same bytes for everybody, as answers from memory are."""
    del scope, receive
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(ANSWER))]})
    await send({"type": "http.response.body", "body": ANSWER})


@asynccontextmanager
async def unreading(port: int) -> AsyncIterator[None]:
    """Clients that have asked, whose own buffers are small, and that do not read."""
    sockets = [socket.socket() for _ in range(READERS)]
    loop = asyncio.get_running_loop()
    try:
        for each in sockets:
            each.setblocking(False)
            each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            await loop.sock_connect(each, (LOOPBACK, port))
            await loop.sock_sendall(each, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        yield
    finally:
        for each in sockets:
            each.close()


def queued(port: int) -> int:
    """Bytes that the kernel keeps to be sent from a port."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    return sum(int(row[4].partition(":")[0], 16) for row in rows if row[1].endswith(f":{port:04X}"))


async def most_queued(port: int) -> int:
    """What the kernel keeps once it grows no more."""
    found = [queued(port)]
    while len(found) < 4 or len(set(found[-4:])) > 1:
        await asyncio.sleep(0.1)
        found.append(queued(port))
    return found[-1]


async def test_readers_that_do_not_read(monkeypatch: pytest.MonkeyPatch, figure: Figure) -> None:
    """200 clients that do not read hold at most twice the bound each, are all let go in time, and leave nothing."""
    with monkeypatch.context() as patch:
        patch.setattr(server, "bound_buffers", lambda _: None)
        async with served(app) as port, unreading(port):
            unbounded = await most_queued(port)
    monkeypatch.setattr(BoundedConnection, "unread_seconds", 4.0)
    reasons: Counter[str] = Counter()
    all_gone = asyncio.Event()

    def ended(reason: str) -> None:
        reasons[reason] += 1
        if reasons.total() == READERS:
            all_gone.set()

    loop = asyncio.get_running_loop()
    async with served(app, ended=ended) as port, unreading(port):
        asked = loop.time()
        bounded = await most_queued(port)
        await asyncio.wait_for(all_gone.wait(), 30)
        seconds = loop.time() - asked
        assert await most_queued(port) == 0
    assert reasons == {"unread": READERS}
    assert bounded <= READERS * 2 * SEND_BUFFER < unbounded
    figure(
        f"{READERS} clients: {unbounded / MIB:.0f} MiB in the kernel's queues without a bound, {bounded / MIB:.0f} MiB "
        f"with it; all let go {seconds:.1f} s after they asked, with a limit of 4 s"
    )
