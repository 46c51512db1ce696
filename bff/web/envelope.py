"""What surrounds every request: its id, its span, its log line, its metrics, and the answer when something breaks.

`LocalNames` surrounds that again where callers are not verified.
"""

from __future__ import annotations

import re
from binascii import hexlify
from collections.abc import Callable
from functools import lru_cache
from random import getrandbits
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bff.settings import is_loopback
from bff.telemetry.logs import AccessLog, logger
from bff.telemetry.metrics import Metrics
from bff.telemetry.traces import Traces
from bff.web.openapi import ROUTES
from bff.web.problems import ProblemError, ProblemType, problem_of, problem_response

log = logger("http")

REQUEST_ID = b"x-request-id"
TRACEPARENT = b"traceparent"
NOSNIFF = (b"x-content-type-options", b"nosniff")
UNMATCHED = "unmatched"
_ACCEPTABLE_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_QUIET = frozenset(route.path for route in ROUTES if route.quiet)
_ANY_HOST = frozenset(route.path for route in ROUTES if route.any_host)

REFUSED = ProblemError(
    ProblemType.FORBIDDEN,
    "Without authentication this service answers to the names of its own machine alone: ask 127.0.0.1 or localhost.",
)


class Envelope:
    """The outermost ASGI application, around the router of `app`; Starlette's own middleware would only do the same again.

    A request's id is taken from `x-request-id` where it is acceptable, or else made.
    """

    def __init__(
        self, app: Starlette, *, metrics: Metrics, access: AccessLog, traces: Traces, monotonic: Callable[[], float]
    ) -> None:
        self._app = app
        self._routes = [route for route in app.routes if isinstance(route, Route)]
        self._access = access
        self._metrics = metrics
        self._traces = traces
        self._monotonic = monotonic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = self._monotonic()
        request_id, traceparent = _identified(scope)
        scope["request_id"] = request_id.decode()
        scope["app"] = self._app
        span = None if scope["path"] in _QUIET else self._traces.serve(scope["method"], traceparent)
        trace_id = span.trace_id if span else None
        trace = {"trace_id": trace_id} if span else {}
        status = 0

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (REQUEST_ID, request_id), NOSNIFF]
            await send(message)

        try:
            await self._endpoint_of(scope)(scope, receive, send_marked)
        except ClientDisconnect:
            # The client closed the connection within its body: there is no one to answer, and nothing is wrong here.
            log.debug("client left", request_id=scope["request_id"], route=_route(scope), **trace)
        except Exception as error:
            # Every error ends here, once; the caller gets nothing of it but what `problem_of` says.
            problem = problem_of(error)
            if problem.kind is ProblemType.INTERNAL:
                log.exception("request failed", request_id=scope["request_id"], route=_route(scope), **trace)
            if not status:
                await problem_response(problem, scope["request_id"])(scope, receive, send_marked)
        finally:
            seconds = self._monotonic() - started
            route = _route(scope)
            # A client that goes away before its answer began is 499, as proxies write it.
            self._metrics.request(route, scope["method"], status or 499, seconds)
            self._access.request(
                quiet=route in _QUIET,
                method=scope["method"],
                route=route,
                status=status or 499,
                seconds=seconds,
                request_id=request_id,
                trace_id=trace_id,
            )
            if span:
                span.end(route, status or 499)

    def _endpoint_of(self, scope: Scope) -> ASGIApp:
        """The application of the route that `scope` names, as Starlette's router finds it. Raises `HTTPException` 404 or 405.

        That router asks its middleware, each route twice, and tries other slashes: as long as half of what an answer takes.
        """
        method, path = scope["method"], scope["path"]
        other = None
        for route in self._routes:
            found = route.path_regex.match(path)
            if found is None:
                continue
            if route.methods is None or method in route.methods:
                scope["route"] = route
                scope["path_params"] = found.groupdict()
                return route.app
            other = other or route
        if other is None or other.methods is None:
            raise HTTPException(404)
        scope["route"] = other
        raise HTTPException(405, headers={"Allow": ", ".join(other.methods)})


def _route(scope: Scope) -> str:
    route = scope.get("route")
    return route.path_format if route is not None else UNMATCHED


def _identified(scope: Scope) -> tuple[bytes, bytes | None]:
    """The request's id, its own or a new one, and the trace that its caller named."""
    request_id = traceparent = None
    for name, value in scope["headers"]:
        if name == REQUEST_ID and request_id is None:
            request_id = value
        elif name == TRACEPARENT:
            traceparent = value
    return request_id_of(request_id), traceparent


def request_id_of(given: bytes | None) -> bytes:
    """`given` where it is acceptable, else a new one."""
    if given is None or not _ACCEPTABLE_ID.fullmatch(given):
        # It tells requests apart and keeps no secret: the system's own randomness would cost a system call.
        # Formatting a number of 128 bits takes four times as long.
        return hexlify(getrandbits(128).to_bytes(16, "big"))
    return given


class LocalNames:
    """Lets requests through to `app` whose one `Host` names this machine, at any port; probes may use any name.

    A service that does not verify callers listens on this machine alone. A web page that someone here looks at can have a
    name of its own point at this machine (DNS rebinding): to the browser the service is then a part of that page, which
    may read every answer. Such a page's requests carry the page's name.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it with 403."""
        if scope["type"] == "http" and scope["path"] not in _ANY_HOST and not _is_local(scope):
            await problem_response(REFUSED, None)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_local(scope: Scope) -> bool:
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    return len(hosts) == 1 and _names_this_machine(hosts[0])


@lru_cache(maxsize=64)
def _names_this_machine(host: bytes) -> bool:
    try:
        name = urlsplit(f"//{host.decode('ascii')}").hostname or ""
    except ValueError:
        return False
    # Browsers and resolvers keep `localhost` and what is below it for this machine (RFC 6761).
    return is_loopback(name) or name.endswith(".localhost")
