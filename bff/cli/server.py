"""Runs ASGI applications: takes ports first, serves them, and ends everything in order at a signal."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import signal
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial

import uvicorn
import uvloop
from starlette.types import ASGIApp

from bff.cli.connection_bounds import BoundedConnection, bound_buffers
from bff.cli.exits import Exit, Failure
from bff.cli.http_responses import DefaultLines
from bff.telemetry.metrics import Ended
from bff.web.hits import Short

BACKLOG = 2048
CLOSE_SECONDS = 5
"""How long open connections may take to finish once the listeners are closed."""
_TICKS_BETWEEN_LOOKS = 10


def listen(host: str, port: int, *, setting: str) -> socket.socket:
    """A listening socket; port 0 takes a free one. Ends the command with one line when the port cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound_buffers(listener)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        raise Failure(f"cannot listen on {host}:{port}: {_mend(error, setting)}", Exit.PORT) from None
    listener.setblocking(False)
    return listener


def _mend(error: OSError | OverflowError, setting: str) -> str:
    """Why there is no listening, and what to do."""
    if isinstance(error, OverflowError):
        return f"a port is a number from 0 to 65535; choose another with {setting}"
    if error.errno == errno.EADDRINUSE:
        return f"{error.strerror}; stop what listens there or choose another with {setting}"
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"{error.strerror}; this machine has no such address"
    return f"{error.strerror}; choose another with {setting}"


def address(listener: socket.socket, *, scheme: str = "http") -> str:
    """The address of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


class Server(uvicorn.Server):
    """A uvicorn server that leaves signals to `run`, and sets `up` once it listens; with `tls` it speaks HTTPS alone.

    `most_connections` and `ended` are as for `BoundedConnection`. `short` answers what it can before `app` is asked.
    """

    def __init__(
        self,
        app: ASGIApp,
        listener: socket.socket,
        *,
        tls: ssl.SSLContext | None = None,
        most_connections: int | None = None,
        ended: Callable[[Ended], object] = lambda _: None,
        short: Short | None = None,
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                lifespan="on",
                loop="uvloop",
                # uvicorn calls it to make a connection, and asks nothing else of it.
                http=partial(  # type: ignore[arg-type]
                    BoundedConnection,
                    most_connections=most_connections,
                    ended=ended,
                    short=short,
                    defaults=DefaultLines(),
                ),
                ws="none",
                timeout_graceful_shutdown=CLOSE_SECONDS,
            )
        )
        self.listeners = [listener]
        self._tls = tls
        self.up = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are for `run`, which knows all servers of the process."""
        yield

    def connections(self) -> int:
        """How many connections clients hold open."""
        return len(self.server_state.connections)

    async def on_tick(self, counter: int) -> bool:
        """Called ten times a second: look at each connection once in a second."""
        if counter % _TICKS_BETWEEN_LOOKS == 0:
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                if isinstance(connection, BoundedConnection):
                    connection.look(now)
        return await super().on_tick(counter)

    def part(self) -> None:
        """Let every connection end with its next answer, so that clients go elsewhere before all are closed."""
        closing = [*self.config.encoded_headers, (b"connection", b"close")]
        # The first is for answers from now on, the second for when uvicorn puts the date in again.
        self.server_state.default_headers = [*self.server_state.default_headers, (b"connection", b"close")]
        self.config.encoded_headers = closing

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then set `up`."""
        # uvicorn itself makes contexts of files alone, which it reads once.
        self.config.ssl = self._tls
        await super().startup(sockets)
        self.up.set()


def spare_the_loop() -> None:
    """Keep full runs of the garbage collector rare: with the facts of thousands of keys each stops the loop for a tenth of a second.

    What is there at the start stays to the end, so it is left out of every run. Facts hold no cycles and are freed without
    one; the cycles of requests are young when they are freed, and young objects are looked at as often as before.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(700, 10, 1_000)


def run(
    servers: Sequence[Server],
    *,
    started: Callable[[], Awaitable[None]],
    drain: Callable[[], float] = lambda: 0.0,
) -> None:
    """Serve until SIGINT or SIGTERM, then stop in order: the first server, which may need the others, before them.

    `started` runs once all servers listen and is cancelled at the end. `drain` is called at the first signal and returns
    for how many seconds to go on serving; a second signal ends everything at once.
    """
    spare_the_loop()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(servers, started, drain))


async def _serve(servers: Sequence[Server], started: Callable[[], Awaitable[None]], drain: Callable[[], float]) -> None:
    stopping = Stopping(servers, drain)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.signalled)
    serving = [asyncio.ensure_future(server.serve(sockets=server.listeners)) for server in servers]
    beside = asyncio.ensure_future(_after_start(servers, started))
    try:
        await serving[0]
        # What runs beside may be a client of the others.
        beside.cancel()
        for server in servers[1:]:
            server.should_exit = True
        await asyncio.gather(*serving[1:])
    finally:
        beside.cancel()
        await asyncio.gather(beside, return_exceptions=True)
    if beside.done() and not beside.cancelled() and (error := beside.exception()):
        raise error


async def _after_start(servers: Sequence[Server], started: Callable[[], Awaitable[None]]) -> None:
    for server in servers:
        await server.up.wait()
    await started()


class Stopping:
    """What signals do: the first one lets requests go on while the service drains, the second one ends it."""

    def __init__(self, servers: Sequence[Server], drain: Callable[[], float]) -> None:
        self._servers = servers
        self._drain = drain
        self._signals = 0

    def signalled(self) -> None:
        """A signal has come."""
        self._signals += 1
        if self._signals == 1:
            self._servers[0].part()
            asyncio.get_running_loop().call_later(self._drain(), self._close)
        else:
            self._close()
            for server in self._servers:
                server.force_exit = True

    def _close(self) -> None:
        self._servers[0].should_exit = True
