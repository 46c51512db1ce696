"""How responses are written: head and body together, and the lines that a server adds to all of them.

uvicorn writes the two apart, each with a system call of its own, and looks for forbidden characters in every header twice.
"""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle
from uvicorn.server import ServerState

END = b"\r\n"
END_AND_CLOSE = b"connection: close\r\n\r\n"
"""What ends a head after its last header: an empty line, and before it that the connection ends where it does."""


_UVICORNS = frozenset({b"connection", b"transfer-encoding"})
"""Headers that change how a response is written."""


class DefaultLines:
    """The header lines that one server adds to every response, as bytes; uvicorn makes a new list of them each second."""

    def __init__(self) -> None:
        self._made_of: list[tuple[bytes, bytes]] | None = None
        self._lines = b""
        self._closes = False

    def of(self, state: ServerState) -> tuple[bytes, bool]:
        """The lines now, and whether they end the connection, as they do while the service drains."""
        headers = state.default_headers
        if headers is not self._made_of:
            self._lines = b"".join(b"%b: %b\r\n" % header for header in headers)
            self._closes = any(name == b"connection" for name, _ in headers)
            self._made_of = headers
        return self._lines, self._closes


class OneWrite(RequestResponseCycle):
    """Writes head and body of a response together where the body is whole; everything else is uvicorn's.

    `lines` are the server's own header lines, None where they end the connection.
    """

    def __init__(self, *arguments: Any, lines: bytes | None, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._lines = lines
        self._start: Any = None

    async def send(self, message: Any) -> None:
        """Keep a response's start until its body comes."""
        if message["type"] == "http.response.start" and self._start is None and not self.response_started:
            self._start = message
            # What the application raises from now on ends the connection, as after a head that was written.
            self.response_started = True
            return
        start, self._start = self._start, None
        if start is None:
            await super().send(message)
            return
        if self.disconnected:
            return
        whole = None if self.flow.write_paused else self._whole(start, message)
        if whole is None:
            self.response_started = False
            await super().send(start)
            await super().send(message)
            return
        self.waiting_for_100_continue = False
        self.transport.write(whole)
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()

    def _whole(self, start: Any, message: Any) -> bytes | None:
        """The response as bytes, None for one that uvicorn has to look at."""
        if message["type"] != "http.response.body" or message.get("more_body") or self.scope["method"] == "HEAD":
            return None
        if self._lines is None:
            return None
        body: bytes = message.get("body", b"")
        status, headers = start["status"], start.get("headers", ())
        # ASGI wants names in lower case.
        fields = dict(headers)
        if not _UVICORNS.isdisjoint(fields):
            return None
        # A length that is missing, or not the body's, is uvicorn's to judge; a 304 has neither.
        length = fields.get(b"content-length")
        if length != (b"%d" % len(body)) and (status != 304 or length is not None or body):
            return None
        lines = [b"%b: %b\r\n" % header for header in headers]
        head = b"".join(lines)
        # A line break within a value would start a header of its own: uvicorn refuses it.
        if not head.count(b"\n") == head.count(b"\r") == len(lines):
            return None
        return b"".join((STATUS_LINE[status], self._lines, head, END if self.keep_alive else END_AND_CLOSE, body))
