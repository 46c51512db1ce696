"""How many connections there may be, and how long and how much an answer may wait on one to be read.

A client that asks and does not read holds its answers in the memory of the process and of the kernel, as long as it likes.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import socket
import struct
import sys
import termios
from collections.abc import Callable
from typing import Any

from bff.cli.http_heads import BoundedHeads
from bff.telemetry.metrics import Ended

UNREAD_SECONDS = 30.0
"""For which a client may leave an answer unread. The largest is some MB, which then takes 100 kB/s."""

SEND_BUFFER = 64 * 1024
"""Bytes that the kernel may keep for a client that does not read; Linux takes twice as many, for its own records."""


_TOO_MANY = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


def bound_buffers(listener: socket.socket) -> None:
    """Bound what the kernel keeps for each connection of `listener`, in bytes and in time; connections take it over.

    By itself Linux gives a connection up to 4 MB, and waits for a quarter of an hour once the process has closed it.
    """
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(UNREAD_SECONDS * 1000))


class BoundedConnection(BoundedHeads):
    """A connection whose answers must be read in time; one more than `most_connections` is answered with 503 and closed.

    `ended` gets why the service ended a connection.
    """

    unread_seconds = UNREAD_SECONDS

    def __init__(
        self, *arguments: Any, most_connections: int | None, ended: Callable[[Ended], object], **named: Any
    ) -> None:
        super().__init__(*arguments, **named)
        self._most_connections = most_connections
        self._ended = ended
        self._unread_since: float | None = None
        self._heads_then = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn's class
        """A client has connected."""
        super().connection_made(transport)
        if self._most_connections is not None and len(self.connections) > self._most_connections:
            self._ended("full")
            transport.write(_TOO_MANY)
            # What comes on a connection that is closing is not looked at.
            transport.close()

    def look(self, now: float) -> None:
        """End the connection when an answer waits to be read for `unread_seconds`. `now` is monotonic, in seconds.

        Called at intervals: a timer for every answer would cost each of them more than all of this class does. A client that
        sends a request meanwhile goes on: one that does not read is soon stopped from that, since reading is paused.
        """
        waits = self._answer_waits()
        if not waits or self._unread_since is None or self._heads != self._heads_then:
            self._unread_since, self._heads_then = (now if waits else None), self._heads
        elif now - self._unread_since >= self.unread_seconds:
            self._ended("unread")
            self._forget()

    def _answer_waits(self) -> bool:
        if self.transport.get_write_buffer_size() > 0:
            return True
        # With TLS the transport counts what is not encrypted yet; what the kernel keeps shows that the client does not read.
        try:
            kept = fcntl.ioctl(self.transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, bytes(4))
        except OSError:
            return False
        return int.from_bytes(kept, sys.byteorder) > 0

    def _forget(self) -> None:
        """End the connection by a reset: after a close the kernel would go on trying to deliver what it keeps."""
        given = self.transport.get_extra_info("socket")
        with socket.socket(fileno=os.dup(given.fileno())) as own:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()
