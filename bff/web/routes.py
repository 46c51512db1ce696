"""The route table."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bff.keeptrusts import contract
from bff.web import openapi
from bff.web.governance import EntityStatus, statuses
from bff.web.onboarding import (
    allocate,
    create_configuration,
    create_key,
    create_team,
    disable_configuration,
    reclaim,
    revoke_key,
    rotate_key,
)
from bff.web.platform import Platform
from bff.web.probes import health, livez, metrics, readyz
from bff.web.service import Service
from bff.web.spend import EntitySpend

_ENTITY = "/v1/entities/{kind}/{namespace}/{name}"


def routes(service: Service) -> list[Route]:
    """Every route, the busiest first: they are tried in order."""
    document = openapi.rendered().encode()

    async def openapi_json(request: Request) -> Response:  # noqa: ARG001 - a route's signature
        """`GET /openapi.json`."""
        return Response(document, media_type="application/json")

    return [
        Route(f"{_ENTITY}/governance", EntityStatus(service), methods=["GET"]),
        Route("/v1/governance/by-refs", statuses, methods=["POST"]),
        Route(f"{_ENTITY}/spend", EntitySpend(service), methods=["GET"]),
        Route("/v1/gateway", Platform(service), methods=["GET"]),
        Route(contract.TEAMS, create_team, methods=["POST"]),
        Route(contract.TOKENS, create_key, methods=["POST"]),
        Route(f"{contract.TOKENS}/{{name}}/rotate", rotate_key, methods=["POST"]),
        Route(f"{contract.TOKENS}/{{name}}/revoke", revoke_key, methods=["POST"]),
        Route(contract.CONFIGURATIONS, create_configuration, methods=["POST"]),
        Route(f"{contract.CONFIGURATIONS}/{{name}}/disable", disable_configuration, methods=["POST"]),
        Route(contract.ALLOCATE, allocate, methods=["POST"]),
        Route(contract.RECLAIM, reclaim, methods=["POST"]),
        Route("/livez", livez),
        Route("/readyz", readyz),
        Route("/health", health),
        Route("/metrics", metrics),
        Route("/openapi.json", openapi_json),
    ]
