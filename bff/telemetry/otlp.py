"""Sends traces to a collector, as OpenTelemetry's own environment variables say (`OTEL_EXPORTER_OTLP_ENDPOINT` and others)."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import bff
from bff.telemetry.traces import Traces

if TYPE_CHECKING:
    import requests

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
TLS_FILES = tuple(
    f"OTEL_EXPORTER_OTLP_{name}"
    for name in ("TRACES_CERTIFICATE", "CERTIFICATE", "TRACES_CLIENT_CERTIFICATE", "CLIENT_CERTIFICATE")
)
SERVICE_NAME = "keeptrusts-bff"

_PROTOCOL = "http/protobuf"


class TracesError(Exception):
    """Traces cannot be sent as the environment asks; the message is one line that names the variable."""


def traces_from(environment: Mapping[str, str], *, tls: ssl.SSLContext | None = None) -> Traces:
    """Traces that are sent if an endpoint is named in `environment`, and else off. Raises `TracesError`.

    `tls` is for a collector at an https address, unless `environment` names files for that: then the SDK reads those.
    Everything else about sending (headers, certificates, timeouts, sampling, resource) the SDK reads from the process'
    environment itself.
    """
    endpoint = next((name for name in ENDPOINTS if environment.get(name)), None)
    if endpoint is None or _switched_off(environment):
        return Traces()
    for name in PROTOCOLS:
        if environment.get(name, _PROTOCOL) not in {"", _PROTOCOL}:
            raise TracesError(f"{name}={environment[name]!r}: only {_PROTOCOL} is supported")
    if not environment[endpoint].startswith(("http://", "https://")):
        raise TracesError(f"{endpoint} must be an address such as http://collector:4318")
    named = any(environment.get(name) for name in TLS_FILES)
    return _exporting(endpoint, environment, None if named else tls)


def _switched_off(environment: Mapping[str, str]) -> bool:
    return (
        environment.get("OTEL_SDK_DISABLED", "").lower() == "true" or environment.get("OTEL_TRACES_EXPORTER") == "none"
    )


def _exporting(endpoint: str, environment: Mapping[str, str], tls: ssl.SSLContext | None) -> Traces:
    try:
        # An extra, and half a second of imports that a service without a collector does not pay.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        raise TracesError(
            f"{endpoint} is set, but OpenTelemetry's exporter is not installed: install the wheel with its extra `otel`"
        ) from None
    provider = TracerProvider(resource=Resource.create(_resource(environment)), shutdown_on_exit=False)
    exporter = OTLPSpanExporter(session=_session(tls)) if tls is not None else OTLPSpanExporter()
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return Traces(provider, shutdown=provider.shutdown)


def _session(tls: ssl.SSLContext) -> requests.Session:
    """A session of the exporter's HTTP library that makes its connections by `tls`."""
    import requests  # noqa: PLC0415 - it comes with the exporter
    from requests.adapters import HTTPAdapter  # noqa: PLC0415

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
            super().init_poolmanager(*arguments, **named, ssl_context=tls)

    session = requests.Session()
    session.mount("https://", Adapter())
    return session


def _resource(environment: Mapping[str, str]) -> dict[str, str]:
    named = environment.get("OTEL_SERVICE_NAME") or "service.name=" in environment.get("OTEL_RESOURCE_ATTRIBUTES", "")
    # What is given here wins over the environment, so the name is given only where the environment has none.
    return {"service.version": bff.__version__} | ({} if named else {"service.name": SERVICE_NAME})
