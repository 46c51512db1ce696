"""A service that answers every request with the request: it shows what the proxy lets through."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from tests.e2e.harness.ports import LOOPBACK


class _Echo(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.endswith("/.backstage/actions/v1/actions"):
            # Every step of a template lists the actions of all sources first, and one list of another form ends them all.
            self.send_error(404)
            return
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        """Say nothing: the replies tell."""

    def _answer(self) -> None:
        sent = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = json.dumps(
            {"method": self.command, "path": self.path, "headers": headers, "body": sent.decode()}
        ).encode()
        self.send_response(200)
        # What the project's configuration lets through, and one header that it does not.
        for name, value in {"etag": '"echo"', "age": "7", "x-unlisted": "secret"}.items():
            self.send_header(name, value)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def echo() -> Iterator[int]:
    """The port of loopback on which it answers: `{"method", "path", "headers" (names in lower case), "body"}`."""
    with ThreadingHTTPServer((LOOPBACK, 0), _Echo) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
