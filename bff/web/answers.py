"""JSON in and out: request bodies within bounds, and answers that were serialised before, with their cache headers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from bff.web.problems import ProblemError, ProblemType

JSON = "application/json"
NO_STORE = {"cache-control": "no-store"}

LARGEST_BODY = 256 * 1024
"""Bytes of a request body."""

BODY_SECONDS = 10.0
"""Seconds for a whole body: without a bound, a client that sends one byte a minute holds its connection without end."""

# The browser alone may keep an answer, and asks about it each time: whether this caller may see it is decided each time.
CACHE_CONTROL = (b"cache-control", b"private, no-cache")
VARY = (b"vary", b"authorization")

CONTENT_TYPE = (b"content-type", JSON.encode())
_LONGEST_PLACE = 100

Model = TypeVar("Model", bound=BaseModel)


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
        if matches(scope["headers"], self._etag):
            await send({"type": "http.response.start", "status": 304, "headers": self._headers})
            await send({"type": "http.response.body", "body": b""})
            return
        length = (b"content-length", str(len(self._body)).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [CONTENT_TYPE, length, *self._headers]})
        await send({"type": "http.response.body", "body": self._body})


def matches(headers: Iterable[tuple[bytes, bytes]], etag: bytes) -> bool:
    """Whether an `If-None-Match` among `headers` names `etag`, compared weakly."""
    for name, value in headers:  # noqa: SIM110 - a generator costs more than the rest of an answer's headers
        if name == b"if-none-match" and (value == etag or _lists(value, etag)):
            return True
    return False


def _lists(value: bytes, etag: bytes) -> bool:
    return any(tag.strip() in {b"*", etag, b"W/" + etag} for tag in value.split(b","))


def insists(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether the request asks for facts that are read again first (`Cache-Control: no-cache`)."""
    for name, value in headers:  # noqa: SIM110 - as in `matches`
        if name == b"cache-control" and b"no-cache" in value.lower():
            return True
    return False


async def read_body(request: Request, model: type[Model], *, empty: bytes = b"") -> Model:
    """The body as `model`; a body without a byte counts as `empty`.

    Raises `ProblemError`: 408 when it takes too long, 413 over 256 KiB, 415 when it is not JSON, 400 unreadable, 422 when
    it does not fit.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != JSON:
        raise ProblemError(ProblemType.UNSUPPORTED_MEDIA_TYPE, f"Send the body as {JSON}.")
    body = await _bounded(request) or empty
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        if first["type"] == "json_invalid":
            raise ProblemError(ProblemType.MALFORMED, "The body is not JSON.") from None
        # The name of a member that is not known is the caller's own, and as long as they like.
        place = ".".join(str(step) for step in first["loc"])[:_LONGEST_PLACE] or "the body"
        raise ProblemError(ProblemType.INVALID, f"{place}: {first['msg']}") from None


async def _bounded(request: Request) -> bytes:
    too_large = ProblemError(ProblemType.TOO_LARGE, f"At most {LARGEST_BODY} bytes are read.")
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared) > LARGEST_BODY:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > LARGEST_BODY:
                    raise too_large
    except TimeoutError:
        # RFC 9110, 15.5.9: the rest of the body is not read, so the connection cannot be used again.
        detail = f"The body did not come within {BODY_SECONDS:g} s."
        raise ProblemError(ProblemType.TOO_SLOW, detail, {"connection": "close"}) from None
    return bytes(body)
