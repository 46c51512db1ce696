"""What surrounds every request: its id, its span, its log line, its metrics, and the answer when something breaks."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import getrandbits

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from bff.telemetry.logs import AccessLog, logger
from bff.telemetry.metrics import Metrics
from bff.telemetry.traces import Traces
from bff.web.problems import ProblemType, problem_of, problem_response

log = logger("http")

REQUEST_ID = b"x-request-id"
TRACEPARENT = b"traceparent"
UNMATCHED = "unmatched"
_ACCEPTABLE_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_QUIET = frozenset({"/livez", "/readyz", "/health", "/metrics"})
"""Probes and scrapes come every few seconds and say nothing new: their lines are debug lines, and they have no spans."""


class Envelope:
    """The outermost ASGI application, around the router of `app`; Starlette's own middleware would only do the same again.

    A request's id is taken from `x-request-id` where it is acceptable, or else made.
    """

    def __init__(
        self, app: Starlette, *, metrics: Metrics, access: AccessLog, traces: Traces, monotonic: Callable[[], float]
    ) -> None:
        self._app = app
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
        trace = {"trace_id": span.trace_id} if span else {}
        status = 0

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message["headers"],
                    (REQUEST_ID, request_id),
                    (b"x-content-type-options", b"nosniff"),
                ]
            await send(message)

        try:
            await self._app.router(scope, receive, send_marked)
        except ClientDisconnect:
            # Gone in the middle of its body: nobody is there to be answered, and nothing is wrong here.
            log.debug("client left", request_id=scope["request_id"], route=_route(scope), **trace)
        except Exception as error:
            # Every error comes out here, once, and nothing of it gets past but what `problem_of` says of it.
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
                ms=round(seconds * 1000, 2),
                request_id=scope["request_id"],
                **trace,
            )
            if span:
                span.end(route, status or 499)


def _route(scope: Scope) -> str:
    route = scope.get("route")
    return route.path_format if route is not None else UNMATCHED


def _identified(scope: Scope) -> tuple[bytes, bytes | None]:
    """The request's id, taken or made, and the trace that its caller named."""
    request_id = traceparent = None
    for name, value in scope["headers"]:
        if name == REQUEST_ID and request_id is None:
            request_id = value
        elif name == TRACEPARENT:
            traceparent = value
    if request_id is None or not _ACCEPTABLE_ID.fullmatch(request_id):
        # It tells requests apart and keeps no secret: the system's own randomness would cost a system call.
        request_id = b"%032x" % getrandbits(128)
    return request_id, traceparent
