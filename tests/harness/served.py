"""ASGI applications over real sockets, in the event loop of a test."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from bff.cli.server import Server, listen
from bff.telemetry.metrics import Ended

_PASSES = 5
"""Of the event loop, from a connection in the kernel to one that the server knows; three would do."""


@asynccontextmanager
async def served(
    app: ASGIApp,
    *,
    tls: ssl.SSLContext | None = None,
    most_connections: int | None = None,
    ended: Callable[[Ended], object] = lambda _: None,
) -> AsyncIterator[int]:
    """The port of loopback at which `app` is served meanwhile; options are `Server`'s. Its lifespan is the caller's business."""
    async with serving(app, tls=tls, most_connections=most_connections, ended=ended) as server:
        yield server.listeners[0].getsockname()[1]


@asynccontextmanager
async def serving(app: ASGIApp, **options: Any) -> AsyncIterator[Server]:
    """The server itself, for tests that look at it."""
    listener = listen("127.0.0.1", 0, setting="-")
    server = Server(_without_lifespan(app), listener, **options)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    await server.up.wait()
    try:
        yield server
    finally:
        # Who has connected is let in before the door closes: asyncio would leave their socket open (CPython's issue 109564).
        for _ in range(_PASSES):
            await asyncio.sleep(0)
        server.should_exit = True
        await running


def _without_lifespan(app: ASGIApp) -> ASGIApp:
    async def only_requests(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    return only_requests
