"""The outermost layer of both surfaces: request ids, the stand-in's own name, counting, and faults."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bff.keeptrusts.contract import REQUEST_ID_HEADER
from bff.sandbox import SERVER
from bff.sandbox.faults import Faults, Rule, Surface
from bff.sandbox.replies import error_reply

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

        async def named(message: Message) -> None:
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
