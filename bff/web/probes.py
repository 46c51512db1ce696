"""What orchestrators and monitoring ask: nothing here is about an entity, and nothing here needs a token."""

from __future__ import annotations

import orjson
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

import bff
from bff.telemetry.health import Health, worst
from bff.web.problems import ProblemError, ProblemType
from bff.web.service import Service

NO_STORE = {"cache-control": "no-store"}


async def livez(request: Request) -> Response:  # noqa: ARG001 - a route's signature
    """`GET /livez`: this process answers. It says nothing of anybody else, since a restart would mend nothing of theirs."""
    return Response(b"ok\n", media_type="text/plain", headers=NO_STORE)


async def readyz(request: Request) -> Response:
    """`GET /readyz`: 200 while answers can be given, be it from older facts; 503 without any that are young enough, and while draining."""
    service: Service = request.app.state.service
    if service.draining:
        raise ProblemError(ProblemType.DRAINING)
    if not service.cache.ready():
        raise ProblemError(
            ProblemType.UPSTREAM_UNAVAILABLE,
            "There are no facts to answer from: Keeptrusts could not be read yet, or not for too long.",
        )
    return Response(b"ok\n", media_type="text/plain", headers=NO_STORE)


async def health(request: Request) -> Response:
    """`GET /health`: one check an outside system. 200 while answers can be given, 503 otherwise."""
    service: Service = request.app.state.service
    checks = service.checks()
    overall = worst(checks)
    document = {
        "status": overall,
        "version": bff.__version__.partition(".")[0],
        "releaseId": bff.__version__,
        "serviceId": "keeptrusts-bff",
        "notes": ["draining"] if service.draining else [],
        "checks": {name: [check.document()] for name, check in checks.items()},
    }
    return Response(
        orjson.dumps(document),
        status_code=503 if overall is Health.FAIL else 200,
        media_type="application/health+json",
        headers=NO_STORE,
    )


async def metrics(request: Request) -> Response:
    """`GET /metrics`: Prometheus' text format."""
    service: Service = request.app.state.service
    return Response(service.metrics.exposition(), media_type=CONTENT_TYPE_LATEST, headers=NO_STORE)
