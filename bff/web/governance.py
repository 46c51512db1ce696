"""The status of one entity, and of many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import lru_cache

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bff.backstage.entities import Entity
from bff.status.answers import owners_of
from bff.status.organisation_cache import Snapshot
from bff.status.wire import EntityRefs
from bff.values import EntityRef, EntityRefError
from bff.web.answers import CACHE_CONTROL, VARY, Prepared, insists
from bff.web.bodies import read_body
from bff.web.callers import caller_of
from bff.web.problems import ProblemError, ProblemType, problem_of
from bff.web.service import Service

NOT_FOUND = ProblemError(ProblemType.NOT_FOUND, "No such entity, or it is not yours to see.")


class EntityStatus:
    """`GET /v1/entities/{kind}/{namespace}/{name}/governance`, an ASGI application: the hot path of the service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the status of the entity that the path names."""
        service = self._service
        entity = await visible_entity(scope, service)
        snapshot, served = await service.cache.current(insist=insists(scope["headers"]))
        answer = await service.answers.of(entity, snapshot)
        service.metrics.answered(_freshness(served)).inc()
        prepared = Prepared(
            answer.body,
            answer.etag,
            age=service.cache.age_of(snapshot),
            cache_status=service.cache_status(snapshot, served),
        )
        await prepared(scope, receive, send)


async def visible_entity(scope: Scope, service: Service) -> Entity:
    """The entity that a request's path names, if its caller may see it.

    Raises `ProblemError` 404 otherwise, before anything is looked up in memory.
    """
    caller = await caller_of(scope, service.identity)
    path = scope["path_params"]
    ref = _ref(path["kind"], path["namespace"], path["name"])
    entity = await service.catalog.entity(caller, ref)
    if entity is None:
        raise NOT_FOUND
    return entity


async def statuses(request: Request) -> Response:
    """`POST /v1/governance/by-refs`: one item a reference, in the order asked for, each a status or a problem."""
    service: Service = request.app.state.service
    caller = await caller_of(request.scope, service.identity)
    asked = (await read_body(request, EntityRefs)).entity_refs
    refs = [_parsed(text) for text in asked]
    wanted = list(dict.fromkeys(ref for ref in refs if isinstance(ref, EntityRef)))
    entities = dict(zip(wanted, await service.catalog.entities(caller, wanted), strict=True))
    snapshot, served = await service.cache.current(insist=insists(request.scope["headers"]))
    items = await _items(service, snapshot, asked, refs, entities)
    service.metrics.answered(_freshness(served)).inc(len(asked))
    headers = {
        "age": str(int(service.cache.age_of(snapshot))),
        "cache-status": service.cache_status(snapshot, served).decode(),
        CACHE_CONTROL[0].decode(): CACHE_CONTROL[1].decode(),
        VARY[0].decode(): VARY[1].decode(),
    }
    return Response(b'{"items":[' + b",".join(items) + b"]}", media_type="application/json", headers=headers)


async def _items(
    service: Service,
    snapshot: Snapshot,
    asked: Sequence[str],
    refs: Sequence[EntityRef | ProblemError],
    entities: dict[EntityRef, Entity | None],
) -> list[bytes]:
    owners = await owners_of(filter(None, entities.values()), service.catalog)
    items = []
    for text, ref in zip(asked, refs, strict=True):
        name = orjson.dumps(text)
        entity = None if isinstance(ref, ProblemError) else entities[ref]
        if entity is None:
            problem = ref if isinstance(ref, ProblemError) else NOT_FOUND
            items.append(b'{"entityRef":' + name + b',"problem":' + orjson.dumps(problem.document()) + b"}")
        else:
            answer = service.answers.of_owned(entity, owners[entity.owner], snapshot)
            items.append(b'{"entityRef":' + name + b',"status":' + answer.body + b"}")
        if not len(items) % 100:
            # A thousand assessments take a while: others get their turn in between.
            await asyncio.sleep(0)
    return items


# Only references that are ones are remembered, and they are short: a stranger's long or broken ones leave nothing behind.
_ref = lru_cache(maxsize=10_000)(EntityRef)


def _parsed(text: str) -> EntityRef | ProblemError:
    try:
        return EntityRef.parse(text)
    except EntityRefError as error:
        return problem_of(error)


def _freshness(served: str) -> str:
    return "fresh" if served == "read" else served
