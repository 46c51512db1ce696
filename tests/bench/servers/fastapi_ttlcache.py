"""What tutorials write: FastAPI, a pydantic response model, a TTLCache of the upstream's answer; no authentication."""

from __future__ import annotations

import os

import httpx
from cachetools import TTLCache
from fastapi import FastAPI

from bff.status.wire import GovernanceStatus

app = FastAPI()
cache: TTLCache[str, GovernanceStatus] = TTLCache(maxsize=1024, ttl=30)


@app.get("/v1/entities/{kind}/{namespace}/{name}/governance")
async def governance(kind: str, namespace: str, name: str) -> GovernanceStatus:
    """The status of an entity, asked of the upstream (here: our own service) when it is not in the cache."""
    key = f"{kind}:{namespace}/{name}"
    if key not in cache:
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"{os.environ['UPSTREAM']}/v1/entities/{kind}/{namespace}/{name}/governance")
            cache[key] = GovernanceStatus.model_validate_json(answer.content)
    return cache[key]
