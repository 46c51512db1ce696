"""Reads JSON bodies, bounded."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from bff.web.problems import ProblemError, ProblemType

LARGEST_BODY = 256 * 1024
BODY_SECONDS = 10.0
"""For a whole body: who sends a byte now and then would be waited for for ever."""

_LONGEST_PLACE = 100

Model = TypeVar("Model", bound=BaseModel)


async def read_body(request: Request, model: type[Model]) -> Model:
    """The body as `model`.

    Raises `ProblemError`: 408 when it takes too long, 413 over 256 KiB, 415 when it is not JSON, 400 unreadable, 422 when
    it does not fit.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise ProblemError(ProblemType.UNSUPPORTED_MEDIA_TYPE, "Send the body as application/json.")
    body = await _bounded(request)
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
        # RFC 9110, 15.5.9: what may still come of it is not read any more.
        detail = f"The body did not come within {BODY_SECONDS:g} s."
        raise ProblemError(ProblemType.TOO_SLOW, detail, {"connection": "close"}) from None
    return bytes(body)
