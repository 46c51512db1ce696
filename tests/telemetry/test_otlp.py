"""Sending traces: to the endpoint that the environment names, or not at all."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bff.telemetry.otlp import TracesError, traces_from


class Collector(HTTPServer):
    """Takes what is sent by OTLP over HTTP."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Receiver)
        self.received: list[tuple[str, ExportTraceServiceRequest]] = []

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"


class _Receiver(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.received.append((self.path, ExportTraceServiceRequest.FromString(body)))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector on loopback."""
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _no_otel(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK reads the process' environment: it starts empty."""
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_TRACES_SAMPLER"):
        monkeypatch.delenv(name, raising=False)


async def test_spans_reach_the_collector(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was recorded is sent by the end of the process, under the service's name and version."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    traces = traces_from({"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url})
    with traces.doing("read facts"):
        pass
    await traces.aclose()
    ((path, sent),) = collector.received
    (resource,) = sent.resource_spans
    attributes = {item.key: item.value.string_value for item in resource.resource.attributes}
    assert path == "/v1/traces"
    assert attributes["service.name"] == "keeptrusts-bff"
    assert attributes["service.version"]
    assert [span.name for scope in resource.scope_spans for span in scope.spans] == ["read facts"]


async def test_the_environment_may_name_the_service(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name in `OTEL_SERVICE_NAME` is the one that is sent."""
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_SERVICE_NAME": "bff-canary"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    traces = traces_from(environment)
    with traces.doing("read facts"):
        pass
    await traces.aclose()
    attributes = collector.received[0][1].resource_spans[0].resource.attributes
    assert [item.value.string_value for item in attributes if item.key == "service.name"] == ["bff-canary"]


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_SDK_DISABLED": "true"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_TRACES_EXPORTER": "none"},
    ],
)
def test_traces_are_off_unless_asked_for(environment: dict[str, str]) -> None:
    """Without an endpoint, or switched off, no request has a span."""
    assert traces_from(environment).serve("GET", None) is None


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4317"}, "OTEL_EXPORTER_OTLP_ENDPOINT"),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "OTEL_EXPORTER_OTLP_PROTOCOL='grpc'",
        ),
    ],
)
def test_what_cannot_be_done_is_said_at_the_start(environment: dict[str, str], named: str) -> None:
    """An endpoint or a protocol that cannot be used is one line that names the variable."""
    with pytest.raises(TracesError, match=named):
        traces_from(environment)


def test_a_missing_extra_is_said_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """An endpoint without the packages that send to it is one line that says how to install them."""
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(TracesError, match="install the wheel with its extra `otel`"):
        traces_from({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"})
