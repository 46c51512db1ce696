"""A Backstage catalog of 50,000 entities, 5,000 of which name a gateway key: `python -m tests.bench.servers.catalog PORT`."""

from __future__ import annotations

import json
import sys
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

ENTITIES, ANNOTATED, TEAMS = 50_000, 5_000, 500
KEY = "keeptrusts.dev/gateway-key-name"


def _entity(number: int) -> dict[str, Any]:
    """One component, with as many annotations and relations as a real one has; each tenth names a key."""
    owner = f"group:default/team-{number % TEAMS}"
    annotations = {f"example.com/annotation-{each}": f"value {each} of {number}" for each in range(8)}
    if number % (ENTITIES // ANNOTATED) == 0:
        annotations |= {
            KEY: f"key-{number}",
            "keeptrusts.dev/policy-tier": "tier-2-internal",
            "keeptrusts.dev/daily-budget": "100",
        }
    return {
        "kind": "Component",
        "metadata": {"name": f"service-{number}", "namespace": "default", "annotations": annotations},
        "spec": {"owner": owner},
        "relations": [
            {"type": "ownedBy", "targetRef": owner},
            *({"type": "dependsOn", "targetRef": f"component:default/service-{each}"} for each in range(5)),
        ],
    }


class Catalog:
    """All entities, made once, and those of them that name a key."""

    def __init__(self) -> None:
        self.every = [_entity(number) for number in range(ENTITIES)]
        self.marked = [entity for entity in self.every if KEY in entity["metadata"]["annotations"]]


async def by_query(request: Request) -> Response:
    """A page, by a cursor that holds where it begins and whether only those with a key are asked for."""
    first, only = 0, any(KEY in text for text in request.query_params.getlist("filter"))
    if cursor := request.query_params.get("cursor"):
        begin, _, marked = cursor.partition(":")
        first, only = int(begin), bool(marked)
    catalog: Catalog = request.app.state.catalog
    listed = catalog.marked if only else catalog.every
    end = first + int(request.query_params.get("limit", "20"))
    info = {"nextCursor": f"{end}:{'key' if only else ''}"} if end < len(listed) else {}
    body = {"items": listed[first:end], "totalItems": len(listed), "pageInfo": info}
    return Response(json.dumps(body), media_type="application/json")


async def by_refs(request: Request) -> Response:
    """Groups, all of which are there."""
    refs = (await request.json())["entityRefs"]
    items = [{"kind": "Group", "metadata": {"name": ref.partition("/")[2], "namespace": "default"}} for ref in refs]
    return Response(json.dumps({"items": items}), media_type="application/json")


app = Starlette(
    routes=[
        Route("/api/catalog/entities/by-query", by_query),
        Route("/api/catalog/entities/by-refs", by_refs, methods=["POST"]),
    ]
)

if __name__ == "__main__":
    # Not at the import: who measures imports the numbers above, and has memory of its own to look at.
    app.state.catalog = Catalog()
    uvicorn.run(app, port=int(sys.argv[1]), log_level="error")
