"""Sends answers that were serialised before: conditional requests, ages and cache headers."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.types import Receive, Scope, Send

JSON = (b"content-type", b"application/json")
# Stored by the browser alone, and asked about every time: whether this caller may see it is decided anew each time.
CACHE_CONTROL = (b"cache-control", b"private, no-cache")
VARY = (b"vary", b"authorization")


class Prepared:
    """An ASGI response of bytes and an entity tag made before; answers 304 to a matching `If-None-Match` (RFC 9110, 13.1.2).

    `age` is in seconds; `cache_status` is the value of `Cache-Status` (RFC 9211).
    """

    __slots__ = ("_body", "_etag", "_headers")

    def __init__(self, body: bytes, etag: bytes, *, age: float, cache_status: bytes) -> None:
        self._body = body
        self._etag = etag
        self._headers = [
            CACHE_CONTROL,
            VARY,
            (b"etag", etag),
            (b"age", str(int(age)).encode()),
            (b"cache-status", cache_status),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Send it."""
        if names(scope["headers"], self._etag):
            await send({"type": "http.response.start", "status": 304, "headers": self._headers})
            await send({"type": "http.response.body", "body": b""})
            return
        length = (b"content-length", str(len(self._body)).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [JSON, length, *self._headers]})
        await send({"type": "http.response.body", "body": self._body})


def names(headers: Iterable[tuple[bytes, bytes]], etag: bytes) -> bool:
    """Whether an `If-None-Match` among `headers` names `etag`, compared weakly."""
    for name, value in headers:  # noqa: SIM110 - a generator costs more than the rest of an answer's headers
        if name == b"if-none-match" and (value == etag or _lists(value, etag)):
            return True
    return False


def _lists(value: bytes, etag: bytes) -> bool:
    return any(tag.strip() in {b"*", etag, b"W/" + etag} for tag in value.split(b","))


def insists(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether the request asks for facts that are read anew (`Cache-Control: no-cache`)."""
    for name, value in headers:  # noqa: SIM110 - as in `names`
        if name == b"cache-control" and b"no-cache" in value.lower():
            return True
    return False
