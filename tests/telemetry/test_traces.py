"""Traces: spans that tell where a request's time went, and nothing about whom it was for."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator

import httpx
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from pydantic import SecretStr

from bff.sandbox import READ_TOKEN
from bff.sandbox.faults import Rule
from bff.telemetry.traces import Traces, propagated
from bff.vault.errors import VaultDeniedError
from bff.vault.wire import VaultWire
from tests.backstage.stub import SERVICE_TOKEN, StubBackstage
from tests.conftest import BOT, Running, Start

CALLER = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{CALLER}-00f067aa0ba902b7-01"
ROUTE = "/v1/entities/{kind}/{namespace}/{name}/governance"


class Recorded:
    """Traces whose finished spans a test can look at."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.traces = Traces(self.provider, shutdown=self.provider.shutdown)

    def spans(self, name: str | None = None) -> list[ReadableSpan]:
        """The finished spans, or those of a name."""
        return [span for span in self._exporter.get_finished_spans() if name in {None, span.name}]

    def one(self, name: str) -> ReadableSpan:
        """The only finished span of that name."""
        (span,) = self.spans(name)
        return span


@pytest.fixture
def recorded() -> Recorded:
    return Recorded()


@pytest.fixture
async def traced(start: Start, recorded: Recorded) -> AsyncIterator[Running]:
    """A service whose spans are recorded."""
    async with start(traces=recorded.traces) as running:
        yield running


@pytest.fixture
def asked(traced: Running, monkeypatch: pytest.MonkeyPatch) -> list[httpx.Request]:
    """What the service sends to Keeptrusts."""
    sent: list[httpx.Request] = []
    answer = traced.upstream.handle_async_request

    async def remember(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return await answer(request)

    monkeypatch.setattr(traced.upstream, "handle_async_request", remember)
    return sent


async def test_a_request_is_a_span_named_by_its_route(traced: Running, recorded: Recorded) -> None:
    """A request's span carries method, route template and status, and is a child of the caller's."""
    await traced.get(f"{BOT}/governance", traceparent=TRACEPARENT)
    span = recorded.one(f"GET {ROUTE}")
    assert span.kind is SpanKind.SERVER
    assert span.parent is not None
    assert f"{span.parent.trace_id:032x}" == CALLER
    assert dict(span.attributes or {}) == {
        "http.request.method": "GET",
        "http.route": ROUTE,
        "http.response.status_code": 200,
    }


async def test_calls_upstream_are_below_the_request_that_waits(
    traced: Running, recorded: Recorded, asked: list[httpx.Request]
) -> None:
    """Each attempt to call Keeptrusts is a client span below the reading, and sends exactly that span's traceparent."""
    await traced.get(f"{BOT}/governance", traceparent=TRACEPARENT)
    request, reading = recorded.one(f"GET {ROUTE}"), recorded.one("read facts")
    calls = [span for span in recorded.spans() if span.kind is SpanKind.CLIENT]
    assert reading.parent is not None
    assert reading.parent.span_id == request.get_span_context().span_id
    assert {"keeptrusts teams.list", "keeptrusts tokens.list"} <= {span.name for span in calls}
    # Lists that follow from others may be read below another span of the same trace.
    assert {span.context.trace_id for span in calls if span.context} == {int(CALLER, 16)}
    assert sorted(sent.headers["traceparent"] for sent in asked) == sorted(
        f"00-{CALLER}-{span.get_span_context().span_id:016x}-01" for span in calls
    )


async def test_calls_to_backstage_carry_the_trace(recorded: Recorded) -> None:
    """Backstage gets the traceparent of the attempt's span, by GET and by POST alike."""
    backstage = StubBackstage()
    backstage.add("component:default/bot")
    client = backstage.client(traces=recorded.traces)
    token = SecretStr(SERVICE_TOKEN)
    await client.get("/api/auth/.well-known/jwks.json", operation="user-keys")
    body = {"entityRefs": ["component:default/bot"]}
    await client.query_as(dict, "/api/catalog/entities/by-refs", body, operation="entities", token=token)
    spans = [recorded.one("backstage user-keys"), recorded.one("backstage entities")]
    contexts = [span.get_span_context() for span in spans]
    assert [sent.headers["traceparent"] for sent in backstage.requests] == [
        f"00-{one.trace_id:032x}-{one.span_id:016x}-01" for one in contexts
    ]


async def test_a_failed_attempt_marks_its_span(traced: Running, recorded: Recorded) -> None:
    """An attempt that fails is an error of its kind, the reading is one too, and the answer from older facts is not."""
    await traced.get(f"{BOT}/governance")
    traced.break_upstream(Rule(kind="status", code=503, path="/v1/teams"))
    await traced.refreshed()
    failed = [span for span in recorded.spans("keeptrusts teams.list") if span.status.status_code is StatusCode.ERROR]
    assert {(span.attributes or {})["error.type"] for span in failed} == {"UpstreamUnavailableError"}
    assert recorded.spans("read facts")[-1].status.status_code is StatusCode.ERROR
    assert recorded.spans(f"GET {ROUTE}")[-1].status.status_code is StatusCode.UNSET


async def test_our_own_failures_are_errors(start: Start, recorded: Recorded) -> None:
    """A request that ends with 5xx is an error in its trace."""
    async with start(traces=recorded.traces) as running:
        running.break_upstream(Rule(kind="status", code=503))
        assert (await running.get(f"{BOT}/governance")).status_code == 503
    span = recorded.one(f"GET {ROUTE}")
    assert (span.status.status_code, (span.attributes or {})["error.type"]) == (StatusCode.ERROR, "503")


async def test_spans_name_nobody(traced: Running, recorded: Recorded) -> None:
    """Neither entities, nor tokens, nor addresses, nor invented methods get into a trace."""
    await traced.get("/v1/entities/component/default/canary-name/governance")
    await traced.get("/canary-path", authorization="Bearer canary-token", tracestate="canary=1")
    await traced.client.request("CANARY", "/v1/gateway")
    text = "".join(span.to_json() for span in recorded.spans()).lower()
    assert recorded.spans()
    assert "canary" not in text
    assert READ_TOKEN not in text
    assert "keeptrusts-api.internal" not in text


async def test_a_strangers_tracestate_goes_nowhere(traced: Running, asked: list[httpx.Request]) -> None:
    """Of the caller's context only the ids are passed on: no tracestate, no baggage."""
    await traced.get(f"{BOT}/governance", traceparent=TRACEPARENT, tracestate="canary=1", baggage="canary=1")
    assert asked
    assert not any("canary" in str(sent.headers.multi_items()) for sent in asked)


@pytest.mark.parametrize(
    "offered",
    ["", "x", TRACEPARENT.replace("4", "G"), f"00-{'0' * 32}-00f067aa0ba902b7-01", f"ff{TRACEPARENT[2:]}", "00-" * 50],
)
async def test_a_malformed_traceparent_begins_a_new_trace(traced: Running, recorded: Recorded, offered: str) -> None:
    """What is no trace context is no parent, and disturbs nothing."""
    assert (await traced.get(f"{BOT}/governance", traceparent=offered)).status_code == 200
    assert recorded.one(f"GET {ROUTE}").parent is None


async def test_probes_have_no_spans(traced: Running, recorded: Recorded) -> None:
    """What asks every few seconds leaves no trace."""
    for path in ("/livez", "/readyz", "/health", "/metrics"):
        await traced.get(path, traceparent=TRACEPARENT)
    assert recorded.spans() == []


async def test_the_log_line_names_the_trace(traced: Running, recorded: Recorded) -> None:
    """From a request's line one finds its trace."""
    await traced.get(f"{BOT}/governance")
    span = recorded.one(f"GET {ROUTE}")
    assert json.loads(traced.lines[-1])["trace_id"] == f"{span.get_span_context().trace_id:032x}"


async def test_without_a_collector_a_callers_trace_is_passed_on(running: Running) -> None:
    """With traces off a caller's trace is in the log line, and none is made up where the caller named none."""
    await running.get(f"{BOT}/governance", traceparent=TRACEPARENT)
    await running.get(f"{BOT}/governance")
    first, second = (json.loads(line) for line in running.lines)
    assert first["trace_id"] == CALLER
    assert "trace_id" not in second


async def test_without_a_collector_the_header_goes_on() -> None:
    """With traces off what is called while a request is served still gets its caller's traceparent, and after it nothing."""
    traces = Traces()
    serving = traces.serve("GET", TRACEPARENT.encode())
    assert serving is not None
    with traces.calling("keeptrusts", "teams.list", "GET"):
        assert propagated() == {"traceparent": TRACEPARENT}
    serving.end("/", 200)
    assert propagated() == {}


async def test_a_cancelled_call_is_nobodys_failure(recorded: Recorded) -> None:
    """A call that is cancelled ends its span, which says so and is no error."""
    began = asyncio.Event()

    async def call() -> None:
        with recorded.traces.calling("keeptrusts", "teams.list", "GET"):
            began.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(call())
    await began.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    span = recorded.one("keeptrusts teams.list")
    assert (span.status.status_code, (span.attributes or {})["error.type"]) == (StatusCode.UNSET, "CancelledError")


async def test_a_collector_that_hangs_does_not_keep_the_process() -> None:
    """What is left of the traces is sent at the end for a bounded time only."""
    hanging = threading.Event()
    try:
        async with asyncio.timeout(10):
            await Traces(TracerProvider(shutdown_on_exit=False), shutdown=hanging.wait).aclose(patience=0.01)
    finally:
        hanging.set()


async def test_calls_to_vault_carry_the_trace(recorded: Recorded) -> None:
    """Vault gets the attempt's traceparent, a denied attempt is an error, and no path of a secret is in the span."""
    sent: list[httpx.Request] = []

    def deny(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(403, stream=httpx.ByteStream(b'{"errors":["permission denied"]}'))

    wire = VaultWire(
        "https://vault.internal:8200",
        transport=httpx.MockTransport(deny),
        traces=recorded.traces,
        monotonic=lambda: 0.0,
    )
    with pytest.raises(VaultDeniedError):
        await wire.call("write", "POST", "/v1/secret/data/ai/canary", token=SecretStr("canary"))
    span = recorded.one("vault write")
    here = span.get_span_context()
    assert sent[0].headers["traceparent"] == f"00-{here.trace_id:032x}-{here.span_id:016x}-01"
    assert span.status.status_code is StatusCode.ERROR
    assert "canary" not in span.to_json()
