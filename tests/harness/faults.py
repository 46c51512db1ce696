"""What can go wrong between two systems: one class a fault, met by one exchange on one connection of a `FaultProxy`.

An exchange begins with the first bytes of a client after the server's last: for HTTP it is a request with its answer.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

Sleep = Callable[[float], Awaitable[object]]


class Line(Protocol):
    """One connection, as a fault handles it."""

    async def to_server(self, piece: bytes) -> None:
        """Pass bytes on."""

    async def to_client(self, piece: bytes) -> None:
        """Pass bytes back, or make them up."""

    def half_close(self) -> None:
        """End what the client can read, and go on listening to it."""

    def close(self) -> None:
        """Close in order."""

    def reset(self) -> None:
        """Break the connection with an RST."""


@dataclass(frozen=True)
class Fault:
    """No fault at all: bytes pass as they come. Others change one direction or both."""

    async def request(self, line: Line, piece: bytes) -> None:
        """Bytes from the client."""
        await line.to_server(piece)

    async def answer(self, line: Line, piece: bytes) -> None:
        """Bytes from the server."""
        await line.to_client(piece)


HEALTHY = Fault()


@dataclass(frozen=True)
class Slow(Fault):
    """Every request waits for `seconds`, and up to `jitter` more as `random` (0 to 1) decides."""

    seconds: float
    jitter: float = 0.0
    random: Callable[[], float] = lambda: 0.5
    sleep: Sleep = asyncio.sleep

    async def request(self, line: Line, piece: bytes) -> None:
        """Wait, then pass on."""
        await self.sleep(self.seconds + self.jitter * self.random())
        await line.to_server(piece)


@dataclass(frozen=True)
class BlackHole(Fault):
    """Takes everything and gives nothing: no answer, no end."""

    async def request(self, line: Line, piece: bytes) -> None:
        """Swallow."""

    async def answer(self, line: Line, piece: bytes) -> None:
        """Swallow."""


@dataclass(frozen=True)
class Reset(Fault):
    """Breaks the connection as soon as something is asked."""

    async def request(self, line: Line, piece: bytes) -> None:  # noqa: ARG002 - whatever it is
        """Break."""
        line.reset()


@dataclass(frozen=True)
class HalfClose(Fault):
    """Gives the first `after` bytes of an answer's first piece and then an end, while it goes on listening."""

    after: int = 40

    async def answer(self, line: Line, piece: bytes) -> None:
        """Give a part."""
        await line.to_client(piece[: self.after])
        line.half_close()


@dataclass(frozen=True)
class SlowBody(Fault):
    """An answer comes `size` bytes at a time, with `seconds` between two pieces."""

    size: int = 1
    seconds: float = 0.1
    sleep: Sleep = asyncio.sleep

    async def answer(self, line: Line, piece: bytes) -> None:
        """Trickle."""
        for start in range(0, len(piece), self.size):
            await line.to_client(piece[start : start + self.size])
            await self.sleep(self.seconds)


@dataclass(frozen=True)
class Reply(Fault):
    """Answers every HTTP request itself and closes: with `status`, `headers` and `body`, which may be as long as `repeat` says.

    `repeat` None: without end, in which case no length is announced. `sent` counts the bytes of bodies so far.
    """

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = (("content-type", "application/json"),)
    repeat: int | None = 1
    sent: list[int] = field(default_factory=list)

    async def request(self, line: Line, piece: bytes) -> None:  # noqa: ARG002 - whatever it is
        """Answer in the server's place."""
        lines = [f"HTTP/1.1 {self.status} Fault", *(f"{name}: {value}" for name, value in self.headers)]
        if self.repeat is not None:
            lines.append(f"content-length: {len(self.body) * self.repeat}")
        await line.to_client("\r\n".join([*lines, "connection: close", "", ""]).encode())
        for _ in itertools.count() if self.repeat is None else range(self.repeat):
            await line.to_client(self.body)
            self.sent.append(len(self.body))
        line.close()


class Turns(Fault):
    """One fault an exchange, in turns: `Turns(HEALTHY, Reset())` flaps, `Turns(*[Reply(503)] * 5, HEALTHY)` fails in bursts."""

    def __init__(self, *faults: Fault) -> None:
        self._faults = itertools.cycle(faults)

    def __iter__(self) -> Iterator[Fault]:
        return self._faults
