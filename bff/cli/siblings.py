"""Workers hand each other their metrics, so that whichever of them is scraped shows all.

Each worker has an inbox, made before the workers are: a pair of sockets, of which all hold the end to put into. What is put
in is an end of a fresh pair, and the answer comes back on the other end. So there is no file, address or port that a
stranger could find or that could be left behind, and nothing to write to where the root is read only.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

from bff.telemetry.exposition import merged
from bff.telemetry.metrics import Metrics

PATIENCE = 0.5
"""Seconds for which an answer is waited for: Prometheus waits ten by default, and who is silent must not cost it the others."""

_QUESTION = b"?"
_END = b"# EOF\n"
"""Without it an answer is not whole: whoever gave it ended meanwhile."""

_CHUNK = 256 * 1024
_AGAIN = 0.01


class Inboxes:
    """The inboxes of `count` workers, numbered from 1. Made before the fork that makes the workers."""

    def __init__(self, count: int) -> None:
        pairs = {number: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for number in range(1, count + 1)}
        for end in (end for pair in pairs.values() for end in pair):
            end.setblocking(False)
        self._into = {number: pair[0] for number, pair in pairs.items()}
        self._out_of = {number: pair[1] for number, pair in pairs.items()}

    def close(self) -> None:
        """Close this process' ends."""
        for end in (*self._into.values(), *self._out_of.values()):
            end.close()

    def of(self, number: int, metrics: Metrics) -> Sibling:
        """The worker of that `number`, in its own process."""
        return Sibling(number, self._into, self._out_of[number], metrics)


class Sibling:
    """One worker among the others: answers them, and asks them."""

    def __init__(self, number: int, inboxes: dict[int, socket.socket], inbox: socket.socket, metrics: Metrics) -> None:
        self._number = number
        self._others = {other: into for other, into in inboxes.items() if other != number}
        self._inbox = inbox
        self._metrics = metrics

    async def scrape(self) -> bytes:
        """The metrics of all workers that answer in time, and how many did."""
        answers = await asyncio.gather(*(_asked(into) for into in self._others.values()))
        parts = {number: answer for number, answer in zip(self._others, answers, strict=True) if answer is not None}
        parts[self._number] = self._metrics.own_exposition()
        self._metrics.workers(answering=len(parts), mute=len(self._others) + 1 - len(parts))
        return merged(parts) + self._metrics.instance_exposition()

    async def answer(self) -> None:
        """Answer whoever asks, until cancelled."""
        loop = asyncio.get_running_loop()
        answering: set[asyncio.Task[None]] = set()

        def look() -> None:
            for end in _taken(self._inbox):
                task = loop.create_task(self._answer(end))
                answering.add(task)
                task.add_done_callback(answering.discard)

        loop.add_reader(self._inbox, look)
        try:
            await loop.create_future()
        finally:
            loop.remove_reader(self._inbox)
            for task in answering:
                task.cancel()

    async def _answer(self, end: socket.socket) -> None:
        # Whoever asked may have lost patience, or its life: then nobody misses this answer.
        with end, contextlib.suppress(OSError, TimeoutError):
            if _left(end):
                return
            async with asyncio.timeout(PATIENCE):
                await asyncio.get_running_loop().sock_sendall(end, self._metrics.own_exposition() + _END)


def _taken(inbox: socket.socket) -> Iterator[socket.socket]:
    """What lies in the inbox: ends on which an answer is waited for."""
    with contextlib.suppress(BlockingIOError):
        while True:
            _, ends, _, _ = socket.recv_fds(inbox, len(_QUESTION), 1)
            for end in ends:
                found = socket.socket(fileno=end)
                found.setblocking(False)
                yield found


def _left(end: socket.socket) -> bool:
    """Whether nobody waits at the other end: questions gather while a worker begins or is stopped."""
    try:
        return end.recv(1) == b""
    except BlockingIOError:
        return False


async def _asked(into: socket.socket) -> bytes | None:
    """The answer of the worker whose inbox it is; None when there is none in time."""
    loop = asyncio.get_running_loop()
    mine, theirs = socket.socketpair()
    answer = bytearray()
    with mine, contextlib.suppress(OSError, TimeoutError):
        mine.setblocking(False)
        async with asyncio.timeout(PATIENCE):
            with theirs:
                await _put(into, theirs)
            while chunk := await loop.sock_recv(mine, _CHUNK):
                answer += chunk
    return bytes(answer.removesuffix(_END)) if answer.endswith(_END) else None


async def _put(into: socket.socket, end: socket.socket) -> None:
    """Put an end into an inbox; one that is full (Linux lets ten questions wait) is about to be emptied, or nobody is there."""
    while True:
        try:
            socket.send_fds(into, [_QUESTION], [end.fileno()])
        except BlockingIOError:
            await asyncio.sleep(_AGAIN)
        else:
            return
