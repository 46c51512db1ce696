"""The heads of HTTP requests: bounded in size and time, and answered at their end where the answer is known.

A client sends a head before it is verified, and neither uvicorn nor its parser bounds it: one header that never ends would
fill the memory, and one that comes a byte a minute would hold its connection without end.
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from bff.cli.http_responses import END, END_AND_CLOSE, DefaultLines, OneWrite
from bff.telemetry.logs import logger
from bff.web.hits import Short

log = logger("http")

LARGEST_HEAD = 128 * 1024
"""Bytes of request line and headers, twice the longest token. What one read of the socket brings may come on top."""

HEAD_SECONDS = 10.0
"""From the beginning of a connection, or of a request on it, to the end of the request's headers."""

_NOT_SHORT = frozenset({b"content-length", b"transfer-encoding", b"expect", b"upgrade"})


class BoundedHeads(HttpToolsProtocol):
    """A connection that is closed with 431 when a head is too large, and with 408 when it takes too long.

    The same bounds hold for what stands between the pieces of a chunked body and after it.

    `short` is asked at the end of each head that it may answer. `defaults` are shared by the connections of a server. One
    timer serves every wait of a connection: it is set seldom, and sets itself again for what is left.
    """

    largest_head = LARGEST_HEAD
    head_seconds = HEAD_SECONDS

    def __init__(
        self,
        *arguments: Any,
        short: Short | None,
        defaults: DefaultLines,
        **named: Any,
    ) -> None:
        super().__init__(*arguments, **named)
        self._short = short
        self._defaults = defaults
        self._may_be_short = False
        self._passed = False
        """Whether the message that is being parsed has no cycle: it was answered short, or comes after the last answer."""
        self._in_head = False
        self._heads = 0
        """How many heads have ended."""
        self._unread = 0
        self._head_awaited = False
        self._deadline: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in the class above
        """A client has connected: wait for its first head."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        self._deadline = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes have come; those that the parser has not passed on yet are those that it keeps."""
        if self.transport.is_closing():
            return
        self._unread += len(data)
        # One a read: a client that sends thousands of heads at once does not hold the loop, the others wait their turn.
        self._may_be_short = self._short is not None
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.logger.warning("Invalid HTTP request received.")
            self.send_400_response("Invalid HTTP request received.")
        except httptools.HttpParserUpgrade:
            self.logger.warning("Unsupported upgrade request.")
        if not (self._in_head or self._unread or self._head_awaited) or self.transport.is_closing():
            return
        if self._unread > self.largest_head:
            self._end(b"431 Request Header Fields Too Large")
        elif self._in_head or self._unread:
            if not self._head_awaited:
                self._await_head()
        elif self._head_awaited:
            # The rest of a piece of a body has come.
            self._head_awaited, self._deadline = False, None
            if not self._answering():
                self._expect(self.timeout_keep_alive)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, unless it stands behind the last response of the connection."""
        if not self.transport.is_closing():
            super().send_400_response(msg)

    def on_message_begin(self) -> None:
        """A head begins. What uvicorn makes here is made once it is needed."""
        self._in_head = True
        self._passed = False
        self.url = b""
        self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header was read."""
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """A head has ended: answer it at once, or start a request."""
        self._heads += 1
        self._in_head = self._head_awaited = False
        self._unread = 0
        self._deadline = None
        # Nothing closes the connection within a read of the socket before its first short answer.
        if self._may_be_short and self._answered_short():
            self._passed = True
            self._may_be_short = False
        elif self.transport.is_closing():
            # What stands behind the last request of a connection is not answered, so it must not be done either.
            self._passed = True
        else:
            self._start_request()

    def on_body(self, body: bytes) -> None:
        """A piece of a body was passed on."""
        self._unread = 0
        if not self._passed:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """A request has ended."""
        self._unread = 0
        if not self._passed:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """A response was written: start the request behind it, or keep the connection for a while."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
        elif not self._head_awaited:
            self._expect(self.timeout_keep_alive)

    def _answered_short(self) -> bool:
        short, parser, headers, state, cycle = self._short, self.parser, self.headers, self.server_state, self.cycle
        # `_answering` is written out here: this is a part of every hit.
        waits = cycle is not None and not cycle.response_complete  # type: ignore[redundant-expr]  # as there
        if short is None or parser.get_method() != b"GET" or self.flow.write_paused or waits:
            return False
        fields = dict(headers)
        # Which of two headers of one name counts is for those to say who read them.
        if len(fields) != len(headers) or not _NOT_SHORT.isdisjoint(fields):
            return False
        keeps = parser.should_keep_alive()
        # HTTP/1.0 keeps no connection that it was not asked to keep, and asking for the version takes a while.
        if (not keeps or b"connection" in fields) and parser.get_http_version() != "1.1":
            return False
        lines, closes = self._defaults.of(state)
        if closes:
            return False
        try:
            answered = short(self.url, fields, lines, self.transport.write, END if keeps else END_AND_CLOSE)
        except Exception:  # a fault of the short way costs no answer: the long way gives it
            log.exception("a hit was not answered the short way")
            return False
        if answered:
            state.total_requests += 1
            if keeps:
                self._expect(self.timeout_keep_alive)
            else:
                self.transport.close()
        return answered

    def _start_request(self) -> None:
        headers, version = self.headers, self.parser.get_http_version()
        parsed = httptools.parse_url(self.url)
        path = parsed.path.decode("ascii")
        self.scope = {
            "type": "http",
            "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
            "http_version": version,
            "method": self.parser.get_method().decode("ascii"),
            "scheme": self.scheme,  # type: ignore[typeddict-item]  # set when the connection was made
            "path": unquote(path) if "%" in path else path,
            "raw_path": parsed.path,
            "query_string": parsed.query or b"",
            "root_path": self.root_path,
            "headers": headers,
            "client": self.client,
            "server": self.server,
            "state": self.app_state.copy(),
        }
        expects = dict(headers).get(b"expect", b"").lower() == b"100-continue"
        lines, closes = self._defaults.of(self.server_state)
        cycle = OneWrite(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=expects,
            keep_alive=version != "1.0" and self.parser.should_keep_alive(),
            on_response=self.on_response_complete,
            lines=None if closes else lines,
        )
        waits = self._answering()
        self.cycle = cycle
        if waits:
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, self.app))
        else:
            self._start_asgi_task(cycle, self.app)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        task = self.loop.create_task(cycle.run_asgi(app))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    def _await_head(self) -> None:
        self._head_awaited = True
        self._expect(self.head_seconds)

    def _expect(self, seconds: float) -> None:
        """Run `_overdue` in so many seconds, unless something comes before."""
        self._deadline = deadline = self.loop.time() + seconds
        if self._timer is None or self._timer_at > deadline:
            self._set_timer(deadline, seconds)

    def _set_timer(self, at: float, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timer_at = self.loop.call_later(seconds, self._timed), at

    def _timed(self) -> None:
        # Set seldom and looked at late: a timer that is set and cancelled with each request costs as much as parsing it.
        self._timer = None
        if self._deadline is None:
            return
        left = self._deadline - self.loop.time()
        if left > 0:
            self._set_timer(self._deadline, left)
        else:
            self._deadline = None
            self._overdue()

    def _overdue(self) -> None:
        if self._answering():
            # The answer to the request before it goes first; reading is paused meanwhile.
            self._await_head()
        elif self._in_head or self._unread:
            self._end(b"408 Request Timeout")
        else:
            # Connected and said nothing, or nothing more.
            self.transport.close()

    def _end(self, status: bytes) -> None:
        if not self._answering():
            self.transport.write(b"HTTP/1.1 %b\r\ncontent-length: 0\r\nconnection: close\r\n\r\n" % status)
        self.transport.close()

    def _answering(self) -> bool:
        # Before the first request there is none, whatever its type says.
        return self.cycle is not None and not self.cycle.response_complete  # type: ignore[redundant-expr]
