"""The heads of HTTP requests, bounded in size and time: neither uvicorn nor its parser bounds them.

A client sends a head before it is verified. Without bounds one header that never ends fills the memory, and one that
comes a byte a minute holds its connection without end.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD = 128 * 1024
"""Bytes of request line and headers, twice the longest token. What one read of the socket brings may come on top."""

HEAD_SECONDS = 10.0
"""From the beginning of a connection, or of a request on it, to the end of the request's headers."""


class BoundedHeads(HttpToolsProtocol):
    """A connection that is closed with 431 when a head is too large, and with 408 when it takes too long.

    The same bounds hold for what stands between the pieces of a chunked body and after it.
    """

    largest_head = LARGEST_HEAD
    head_seconds = HEAD_SECONDS

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._in_head = False
        self._unread = 0
        self._due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in the class above
        """A client has connected: wait for its first head."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes have come; those that the parser has not passed on yet are those that it keeps."""
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

    def _end(self, status: bytes) -> None:
        if not self._answering():
            self.transport.write(b"HTTP/1.1 %b\r\ncontent-length: 0\r\nconnection: close\r\n\r\n" % status)
        self.transport.close()

    def _answering(self) -> bool:
        # Before the first request there is none, whatever its type says.
        return self.cycle is not None and not self.cycle.response_complete  # type: ignore[redundant-expr]
