"""Replies: contract models as JSON in which money is a number with every digit it has."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from bff.sandbox.errors import SandboxError

_STATUS_WORDS = {
    404: ("not_found_error", "not_found"),
    405: ("validation_error", "method_not_allowed"),
}


def json_reply(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON response from plain values and contract models."""
    return Response(
        orjson.dumps(content, default=_plain), status, headers=dict(headers or {}), media_type="application/json"
    )


def error_reply(status: int, kind: str, code: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """A refusal in the documented envelope."""
    return json_reply({"error": {"type": kind, "message": message, "code": code}}, status, headers)


async def on_refusal(_request: Request, error: Exception) -> Response:
    """Starlette's handler of `SandboxError`."""
    if not isinstance(error, SandboxError):
        raise error
    return json_reply(error.envelope(), error.status, error.headers)


async def on_http_error(_request: Request, error: Exception) -> Response:
    """Starlette's handler of what its router and body limit refuse."""
    if not isinstance(error, HTTPException):
        raise error
    kind, code = _STATUS_WORDS.get(error.status_code, ("validation_error", "refused"))
    return error_reply(error.status_code, kind, code, str(error.detail), error.headers)


async def on_failure(_request: Request, _error: Exception) -> Response:
    """Starlette's handler of defects; the server logs them."""
    return error_reply(500, "sandbox_error", "internal", "The sandbox failed; its log says where.")


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        # Through float a sum of cents would gain digits that nobody booked.
        return orjson.Fragment(format(value, "f"))
    if isinstance(value, BaseModel):
        return value.model_dump()
    raise TypeError(f"{type(value).__name__} has no JSON form here")
