"""HTTP as both surfaces speak it: request bodies, replies, problems, request ids, and the faults that are asked for."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from http import HTTPStatus
from typing import Annotated, Any, Literal, NoReturn, TypeVar

import orjson
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as ASGIMessage

from bff.keeptrusts.contract import REQUEST_ID_HEADER, DecimalAmount
from bff.sandbox import SERVER
from bff.sandbox.errors import InvalidError, MediaTypeError, SandboxError, TooLargeError
from bff.sandbox.faults import Faults, Rule, Surface

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
        # As a float, a sum of cents would gain digits that were never booked.
        return orjson.Fragment(format(value, "f"))
    if isinstance(value, BaseModel):
        return value.model_dump()
    raise TypeError(f"{type(value).__name__} has no JSON form here")


LARGEST_REQUEST = 256 * 1024
LARGEST_AMOUNT = Decimal(1_000_000_000)
MOST_DECIMALS = 6

Text = Annotated[str, StringConstraints(max_length=1_000)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]
B = TypeVar("B", bound=BaseModel)


def _no_text(value: Any) -> Any:
    if isinstance(value, str):
        raise ValueError("must be a JSON number")  # noqa: TRY004 - pydantic reports ValueError as a validation error
    return value


class Body(BaseModel):
    """What a caller sends; unknown members are ignored, as Keeptrusts is taken to do."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class NewTeam(Body):
    """`POST /v1/teams`."""

    name: Name
    description: Text | None = None


class ChangedTeam(Body):
    """`PATCH /v1/teams/{id}`: a member that is left out stays as it is."""

    name: Name | None = None
    description: Text | None = None


class NewToken(Body):
    """`POST /v1/tokens`."""

    name: Name
    token_type: Literal["gateway"]
    team_id: Name
    description: Text | None = None
    expires_at: AwareDatetime | None = None


class NewConfiguration(Body):
    """`POST /v1/configurations`."""

    name: Name
    team_id: Name
    template_id: Name


class Movement(Body):
    """`POST /v1/wallets/allocate` and `/reclaim`."""

    team_id: Name
    amount: Annotated[
        DecimalAmount, BeforeValidator(_no_text), Field(gt=0, le=LARGEST_AMOUNT, decimal_places=MOST_DECIMALS)
    ]
    currency: Literal["USD"] = "USD"
    note: Text | None = None


class Part(Body):
    """One part of a message's content."""

    type: Name
    text: str = ""


class Message(Body):
    """One message of a chat."""

    role: Name
    content: str | tuple[Part, ...] = ""


class Chat(Body):
    """`POST /v1/chat/completions`, as far as the stand-in reads it."""

    model: Name
    messages: Annotated[tuple[Message, ...], Field(min_length=1, max_length=1_000)]
    max_tokens: Annotated[int, Field(ge=1, le=100_000)] = 256
    stream: Literal[False] = False

    @property
    def text(self) -> str:
        """All that the messages say."""
        return "\n".join(
            message.content if isinstance(message.content, str) else " ".join(part.text for part in message.content)
            for message in self.messages
        )


async def read_body(request: Request, model: type[B]) -> B:
    """The request's JSON as `model`; raises a `SandboxError` that names the member at fault."""
    return validated(await read_json(request), model)


async def read_json(request: Request) -> Any:
    """The request's JSON with fractions as `Decimal`; raises a `SandboxError` for what is none, or too much."""
    # Insisting on the type keeps web pages out: a browser asks before it sends JSON to another origin.
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise MediaTypeError("the content-type must be application/json")
    body = await _read_bytes(request)
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, ArithmeticError, RecursionError):
        raise InvalidError("the body must be JSON, in UTF-8 and not nested too deeply") from None


async def _read_bytes(request: Request) -> bytes:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST_REQUEST:
                raise TooLargeError(f"the body must have at most {LARGEST_REQUEST} bytes")
    except ClientDisconnect:
        raise InvalidError("the connection was closed before the body was whole") from None
    return bytes(body)


def validated(content: Any, model: type[B]) -> B:
    """`content` as `model`; raises an `InvalidError` that names the member at fault."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(step) for step in first["loc"]) or "the body"
        raise InvalidError(f"{where}: {first['msg']}") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


SWITCHBOARD = "/_sandbox"
"""Where the stand-in itself is controlled: never counted, never faulty."""

_REQUEST_ID = re.compile(r"[!-~]{1,128}", re.ASCII)


class Edge:
    """ASGI middleware around one surface; `calls` counts requests by method and route, faulty ones too."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        surface: Surface,
        routes: Sequence[BaseRoute],
        faults: Faults,
        calls: Counter[str],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._app = app
        self._surface = surface
        self._routes = routes
        self._faults = faults
        self._calls = calls
        self._sleep = sleep

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID_HEADER, "")
        request_id = given if _REQUEST_ID.fullmatch(given) else f"req_{secrets.token_hex(8)}"
        scope.setdefault("state", {})["request_id"] = request_id

        async def named(message: ASGIMessage) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["server"] = SERVER
                headers[REQUEST_ID_HEADER] = request_id
            await send(message)

        path: str = scope["path"]
        app = self._app
        if not path.startswith(SWITCHBOARD):
            self._calls[f"{scope['method']} {self._route(scope)}"] += 1
            for rule in self._faults.meet(self._surface, scope["method"], path):
                if rule.kind == "delay":
                    await self._sleep(rule.seconds or 0)
                else:
                    app = _drop if rule.kind == "drop" else _fault_reply(rule)
        await app(scope, receive, named)

    def _route(self, scope: Scope) -> str:
        # By route and not by path, so that the number of counters is bounded.
        for route in self._routes:
            if isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE:
                return route.path
        return "(no route)"


def _fault_reply(rule: Rule) -> Response:
    if rule.kind == "body":
        return Response(rule.text, rule.code or 200, media_type=rule.content_type)
    status = 403 if rule.kind == "denied" else rule.code or 500
    headers = {} if rule.retry_after is None else {"retry-after": str(rule.retry_after)}
    return error_reply(
        status,
        "rate_limit" if status == HTTPStatus.TOO_MANY_REQUESTS else "sandbox_fault",
        "sandbox_fault",
        "This fault was asked for.",
        headers,
    )


async def _drop(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    # A server closes the connection on this; a client that calls the app in its own process sees what it would then.
    raise ConnectionResetError("the sandbox dropped the connection, as it was asked to")
