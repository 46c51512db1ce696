"""How things are: Keeptrusts itself, for every signed-in caller; this process, for orchestrators and monitoring."""

from __future__ import annotations

import orjson
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import Response

import bff
from bff.status.wire import PlatformStatus
from bff.telemetry.health import Health, worst
from bff.web.answers import NO_STORE, Prepared, insists
from bff.web.problems import ProblemError, ProblemType
from bff.web.routes import Access, Call, Reply, cache_status, route

TEXT = "text/plain"
HEALTH_JSON = "application/health+json"

_HEALTH_SCHEMA = {
    "type": "object",
    "required": ["status", "checks"],
    "properties": {
        "status": {"enum": ["pass", "warn", "fail"]},
        "version": {"type": "string"},
        "releaseId": {"type": "string"},
        "serviceId": {"type": "string"},
        "notes": {"type": "array", "items": {"type": "string"}},
        "checks": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "object"}}},
    },
}
_PLAIN = (Reply(schema={"type": "string"}, media_type=TEXT),)


@route(
    "GET",
    "/v1/gateway",
    "Health of the Keeptrusts gateway and control plane",
    access=Access.SIGNED_IN,
    replies=(Reply(PlatformStatus),),
    conditional=True,
)
async def gateway(call: Call) -> Prepared:
    """Answer with the state of the gateway and of the control plane; it needs no facts."""
    shown = await call.service.platform.current(insist=insists(call.scope["headers"]))
    status = cache_status("read" if shown.asked else "fresh", int(shown.ttl))
    return Prepared(shown.answer.body, shown.answer.etag, age=shown.age, cache_status=status)


@route(
    "GET",
    "/livez",
    "This process answers",
    access=Access.PUBLIC,
    replies=_PLAIN,
    tag="operations",
    quiet=True,
    any_host=True,
)
async def livez(call: Call) -> Response:  # noqa: ARG001 - a handler's signature
    """Answer. It says nothing of other systems, since a restart repairs none of them."""
    return Response(b"ok\n", media_type=TEXT, headers=NO_STORE)


@route(
    "GET",
    "/readyz",
    "The first reading of Keeptrusts has ended, well or not, and this instance is not about to stop",
    access=Access.PUBLIC,
    replies=_PLAIN,
    problems=(ProblemType.DRAINING, ProblemType.STARTING),
    tag="operations",
    quiet=True,
    any_host=True,
)
async def readyz(call: Call) -> Response:
    """Answer with 200 once the first reading has ended.

    It does not matter how: without Keeptrusts the service still says so on each card, and shows the state of the
    gateway. An instance taken away for Keeptrusts' sake would leave people without a cause.
    """
    if call.service.draining:
        raise ProblemError(ProblemType.DRAINING)
    if not call.service.cache.has_read:
        raise ProblemError(ProblemType.STARTING, "The first reading of Keeptrusts has not ended yet.")
    return Response(b"ok\n", media_type=TEXT, headers=NO_STORE)


@route(
    "GET",
    "/health",
    "Health by outside system; 503 when no answers can be given",
    access=Access.PUBLIC,
    replies=(
        Reply(schema=_HEALTH_SCHEMA, media_type=HEALTH_JSON),
        Reply(schema=_HEALTH_SCHEMA, media_type=HEALTH_JSON, statuses=(503,), description="No answers can be given"),
    ),
    problems=(ProblemType.FORBIDDEN,),
    tag="operations",
    quiet=True,
)
async def health(call: Call) -> Response:
    """Answer with one check an outside system; it calls none."""
    checks = call.service.checks()
    overall = worst(checks)
    document = {
        "status": overall,
        "version": bff.__version__.partition(".")[0],
        "releaseId": bff.__version__,
        "serviceId": "keeptrusts-bff",
        "notes": ["draining"] if call.service.draining else [],
        "checks": {name: [check.document()] for name, check in checks.items()},
    }
    return Response(
        orjson.dumps(document),
        status_code=503 if overall is Health.FAIL else 200,
        media_type=HEALTH_JSON,
        headers=NO_STORE,
    )


@route(
    "GET",
    "/metrics",
    "Metrics in Prometheus' text format",
    access=Access.PUBLIC,
    replies=_PLAIN,
    problems=(ProblemType.FORBIDDEN,),
    tag="operations",
    quiet=True,
)
async def metrics(call: Call) -> Response:
    """Answer with all metrics."""
    return Response(call.service.metrics.exposition(), media_type=CONTENT_TYPE_LATEST, headers=NO_STORE)


PROBES = (livez, readyz, health, metrics)
