"""Traces: a span for each request and each call that leaves the process, in the W3C form (trace context, level 1).

Without a provider nothing is recorded, and a caller's trace is still passed on. Spans carry routes, fixed words and
statuses: no names, no addresses, no messages of errors, which can quote what a caller sent.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Token

from opentelemetry import context
from opentelemetry.context import Context
from opentelemetry.trace import (
    NoOpTracerProvider,
    Span,
    SpanKind,
    StatusCode,
    TracerProvider,
    format_span_id,
    format_trace_id,
    get_current_span,
    set_span_in_context,
    use_span,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

import bff

TRACEPARENT = "traceparent"

_SCOPE = "keeptrusts-bff"
_LONGEST_TRACEPARENT = 128
_PLAIN_TRACEPARENT = re.compile(rb"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_FLUSH_SECONDS = 3.0
# The caller's `tracestate` is dropped, as the recommendation permits: what an unknown caller sends is not passed on.
_propagator = TraceContextTextMapPropagator()


class Serving:
    """The span of one request, current until `end`."""

    __slots__ = ("_method", "_span", "_token", "trace_id")

    def __init__(self, span: Span, current: Context, method: str) -> None:
        self._span = span
        self._method = method
        self._token: Token[Context] = context.attach(current)
        self.trace_id = format_trace_id(span.get_span_context().trace_id)

    def end(self, route: str, status: int) -> None:
        """The request to `route` (a template) was answered with `status`."""
        context.detach(self._token)
        if self._span.is_recording():
            self._span.update_name(f"{self._method} {route}")
            self._span.set_attribute("http.route", route)
            self._span.set_attribute("http.response.status_code", status)
            if status >= 500:
                self._span.set_attribute("error.type", str(status))
                self._span.set_status(StatusCode.ERROR)
            self._span.end()


class Traces:
    """Makes spans with `provider`, or none without one. `shutdown` sends what is left; it may block."""

    def __init__(self, provider: TracerProvider | None = None, *, shutdown: Callable[[], object] | None = None) -> None:
        self._on = provider is not None
        self._tracer = (provider or NoOpTracerProvider()).get_tracer(_SCOPE, bff.__version__)
        self._shutdown = shutdown

    @property
    def on(self) -> bool:
        """Whether spans are recorded."""
        return self._on

    def serve(self, method: str, traceparent: bytes | None) -> Serving | None:
        """Start the span of a request, a child of the span in `traceparent`. Return None when nothing records or names one."""
        if traceparent is None and not self._on:
            return None
        caller = _context_of(traceparent)
        if not self._on:
            span = get_current_span(caller)
            return Serving(span, caller, method) if span.get_span_context().is_valid else None
        known = method if method in _METHODS else "_OTHER"
        span = self._tracer.start_span(
            known, caller, kind=SpanKind.SERVER, attributes={"http.request.method": known}, record_exception=False
        )
        # In the words of the semantic conventions the name of an unknown method is HTTP.
        return Serving(span, set_span_in_context(span, caller), known if known == method else "HTTP")

    @contextmanager
    def calling(self, system: str, operation: str, method: str | None = None) -> Iterator[None]:
        """Around one attempt to call an outside system; what is raised within marks the span with the error's kind.

        `method` is that of HTTP, where it is a call by HTTP.
        """
        attributes = {"peer.service": system, "keeptrusts.operation": operation}
        if method is not None:
            attributes["http.request.method"] = method
        with self._span(f"{system} {operation}", SpanKind.CLIENT, attributes):
            yield

    @contextmanager
    def doing(self, name: str) -> Iterator[None]:
        """Around a piece of the service's own work; `name` is fixed words."""
        with self._span(name, SpanKind.INTERNAL, {}):
            yield

    async def aclose(self, *, patience: float = _FLUSH_SECONDS) -> None:
        """Send what is left, for at most `patience` seconds: a collector that hangs does not keep the process."""
        if self._shutdown is not None:
            thread = threading.Thread(target=self._shutdown, name="traces-shutdown", daemon=True)
            thread.start()
            await asyncio.to_thread(thread.join, patience)

    @contextmanager
    def _span(self, name: str, kind: SpanKind, attributes: dict[str, str]) -> Iterator[None]:
        if not self._on:
            yield
            return
        span = self._tracer.start_span(name, kind=kind, attributes=attributes)
        with use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
            try:
                yield
            except BaseException as error:
                span.set_attribute("error.type", type(error).__name__)
                # A cancelled span is not a failure: the caller has gone.
                if isinstance(error, Exception):
                    span.set_status(StatusCode.ERROR)
                raise


def mark_failed(kind: str) -> None:
    """The current span's work did not succeed, though nothing was raised; `kind` is a fixed word."""
    span = get_current_span()
    span.set_attribute("error.type", kind)
    span.set_status(StatusCode.ERROR)


def propagated() -> dict[str, str]:
    """The headers that make another system's spans children of the current one; none outside of any trace."""
    here = get_current_span().get_span_context()
    if not here.is_valid:
        return {}
    return {
        TRACEPARENT: f"00-{format_trace_id(here.trace_id)}-{format_span_id(here.span_id)}-{here.trace_flags & 1:02x}"
    }


def trace_named_by(traceparent: bytes) -> str | None:
    """The id of the trace that a plain `traceparent` of version 00 names; None for every other, which may be valid too."""
    found = _PLAIN_TRACEPARENT.fullmatch(traceparent)
    return found[1].decode() if found is not None else None


def _context_of(traceparent: bytes | None) -> Context:
    # A valid one is shorter, and the library would write a log line for each that is not.
    if traceparent is None or len(traceparent) > _LONGEST_TRACEPARENT:
        return Context()
    return _propagator.extract({TRACEPARENT: traceparent.decode("latin-1")}, Context())
