"""Bounds of an HTTP connection that neither uvicorn nor its parser has: heads, unread answers, and how many there are.

A client sends a head before it is verified. Without bounds one header that never ends fills the memory, and one that
comes a byte a minute holds its connection without end. A client that asks and does not read holds its answers in the
memory of the process and of the kernel.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from bff.telemetry.metrics import Ended

LARGEST_HEAD = 128 * 1024
"""Bytes of request line and headers, twice the longest token. What one read of the socket brings may come on top."""

HEAD_SECONDS = 10.0
"""From the beginning of a connection, or of a request on it, to the end of the request's headers."""

UNREAD_SECONDS = 30.0
"""For which a client may leave an answer unread. The largest is some MB, which then takes 100 kB/s."""

SEND_BUFFER = 64 * 1024
"""Bytes that the kernel may keep for a client that does not read; Linux takes twice as many, for its own records."""


def bound_buffers(listener: socket.socket) -> None:
    """Bound what the kernel keeps for each connection of `listener`, in bytes and in time; connections take it over.

    By itself Linux gives a connection up to 4 MB, and waits for a quarter of an hour once the process has closed it.
    """
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(UNREAD_SECONDS * 1000))


class BoundedHttp(HttpToolsProtocol):
    """A connection that is closed with 431 when a head is too large, and with 408 when it takes too long.

    The same bounds hold for what stands between the pieces of a chunked body and after it. One more than
    `most_connections` is answered with 503 and closed. `ended` gets why the service ended a connection.
    """

    largest_head = LARGEST_HEAD
    head_seconds = HEAD_SECONDS
    unread_seconds = UNREAD_SECONDS

    def __init__(
        self, *arguments: Any, most_connections: int | None, ended: Callable[[Ended], object], **named: Any
    ) -> None:
        super().__init__(*arguments, **named)
        self._most_connections = most_connections
        self._ended = ended
        self._unread_since: float | None = None
        self._answer_seen: object = None
        self._in_head = False
        self._unread = 0
        self._due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in the class above
        """A client has connected: wait for its first head."""
        super().connection_made(transport)
        if self._most_connections is not None and len(self.connections) > self._most_connections:
            self._ended("full")
            self._end(b"503 Service Unavailable", b"retry-after: 1\r\n")
        else:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes have come; those that the parser has not passed on yet are those that it keeps."""
        if self.transport.is_closing():
            return
        self._unread += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._unread > self.largest_head:
            self._end(b"431 Request Header Fields Too Large")
        elif not self._in_head and not self._unread:
            self._wait_no_more()
        elif self._due is None:
            self._wait()

    def on_message_begin(self) -> None:
        """A head begins."""
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """A head has ended."""
        self._in_head, self._unread = False, 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of a body was passed on."""
        self._unread = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request has ended."""
        self._unread = 0
        super().on_message_complete()

    def look(self, now: float) -> None:
        """End the connection when an answer waits to be read for `unread_seconds`. `now` is monotonic, in seconds.

        Called at intervals: a timer for every answer would cost each of them more than all of this class does.
        """
        waits = self.transport.get_write_buffer_size() > 0
        if not waits or self._unread_since is None or self.cycle is not self._answer_seen:
            self._unread_since, self._answer_seen = (now if waits else None), self.cycle
        elif now - self._unread_since >= self.unread_seconds:
            self._ended("unread")
            self._forget()

    def _forget(self) -> None:
        """End the connection by a reset: after a close the kernel would go on trying to deliver what it keeps."""
        given = self.transport.get_extra_info("socket")
        with socket.socket(fileno=os.dup(given.fileno())) as own:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def _wait(self) -> None:
        self._due = self.loop.call_later(self.head_seconds, self._overdue)

    def _wait_no_more(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _overdue(self) -> None:
        self._due = None
        if self._answering():
            # The answer to the request before it goes first; reading is paused meanwhile.
            self._wait()
        elif self._in_head or self._unread:
            self._end(b"408 Request Timeout")
        else:
            # Connected and said nothing.
            self.transport.close()

    def _end(self, status: bytes, header: bytes = b"") -> None:
        if not self._answering():
            head = b"HTTP/1.1 %b\r\n%bcontent-length: 0\r\nconnection: close\r\n\r\n"
            self.transport.write(head % (status, header))
        self.transport.close()

    def _answering(self) -> bool:
        # Before the first request there is none, whatever its type says.
        return self.cycle is not None and not self.cycle.response_complete  # type: ignore[redundant-expr]
