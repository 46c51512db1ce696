"""The status of one entity, and of many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from math import inf

import orjson
from starlette.responses import Response

from bff.backstage.entities import Entity
from bff.status.answers import owners_of
from bff.status.findings import State
from bff.status.numbers import Viewer
from bff.status.organisation_cache import Served, Snapshot
from bff.status.wire import EntityRefs, GovernanceStatus, StatusItems
from bff.telemetry.metrics import Freshness
from bff.values import EntityRef, EntityRefError
from bff.web.answers import CACHE_CONTROL, JSON, VARY, Prepared, insists
from bff.web.problems import ProblemError, ProblemType, problem_of
from bff.web.routes import (
    ENTITY,
    ENTITY_PATH,
    NOT_FOUND,
    OF_AN_ENTITY,
    Access,
    Call,
    Reply,
    Service,
    route,
    route_with_body,
)


@route(
    "GET",
    f"{ENTITY_PATH}/governance",
    "The AI governance status of one entity",
    access=Access.ENTITY,
    parameters=ENTITY,
    replies=(Reply(GovernanceStatus),),
    problems=(*OF_AN_ENTITY, ProblemType.UPSTREAM_UNAVAILABLE),
    conditional=True,
)
async def entity_status(call: Call) -> Prepared:
    """Answer with the status of the entity that the path names: the hot path of the service."""
    service = call.service
    entity, viewer = await call.entity(), await call.viewer()
    snapshot, served = await service.cache.current(insist=insists(call.scope["headers"]))
    answer = await service.answers.of(entity, snapshot, viewer)
    service.metrics.answered(_freshness(served))
    if viewer.sees_numbers(entity.owner):
        call.record_read("status", entity=str(entity.ref))
    return service.prepared(answer, snapshot, served)


@route_with_body(
    "POST",
    "/v1/governance/by-refs",
    "The status of up to 1,000 entities, one item a reference in the order of the request, each a status or a problem",
    body=EntityRefs,
    access=Access.ENTITY,
    replies=(Reply(StatusItems),),
    problems=(ProblemType.TOO_MANY_REQUESTS, ProblemType.UPSTREAM_UNAVAILABLE),
)
async def statuses(call: Call, body: EntityRefs) -> Response:
    """Answer with one item a reference; with `worst`, those that are not in order and how many are in each state.

    Raises `ProblemError` 429 for a third batch of one caller at once.
    """
    service, asked = call.service, body.entity_refs
    written = service.refs.get
    refs = [kept.value if (kept := written(text)) is not None else _parsed(text) for text in asked]
    wanted = list(dict.fromkeys(ref for ref in refs if isinstance(ref, EntityRef)))
    with service.batches.one(call.caller):
        entities = dict(zip(wanted, await service.catalog.entities(call.caller, wanted), strict=True))
        viewer = await call.viewer()
        snapshot, served = await service.cache.current(insist=insists(call.scope["headers"]))
        items = await _items(service, snapshot, viewer, asked, refs, entities)
    service.metrics.answered(_freshness(served), len(asked))
    if shown := sum(each is not None and viewer.sees_numbers(each.owner) for each in entities.values()):
        call.record_read("statuses", refs=len(asked), shown=shown)
    headers = {
        "age": str(int(service.cache.age_of(snapshot))),
        "cache-status": service.cache_status(snapshot, served).decode(),
        CACHE_CONTROL[0].decode(): CACHE_CONTROL[1].decode(),
        VARY[0].decode(): VARY[1].decode(),
    }
    items, counted = (items, b"") if body.worst is None else _worst(items, body.worst)
    content = b'{"items":[' + b",".join(items) + b"]" + counted + b"}"
    return Response(content, media_type=JSON, headers=headers)


async def _items(
    service: Service,
    snapshot: Snapshot,
    viewer: Viewer,
    asked: Sequence[str],
    refs: Sequence[EntityRef | ProblemError],
    entities: dict[EntityRef, Entity | None],
) -> list[bytes]:
    owners = await owners_of(filter(None, entities.values()), service.catalog)
    items = []
    for text, ref in zip(asked, refs, strict=True):
        entity = None if isinstance(ref, ProblemError) else entities[ref]
        if entity is None:
            problem = ref if isinstance(ref, ProblemError) else NOT_FOUND
            document = orjson.dumps(problem.document())
            items.append(b'{"entityRef":' + orjson.dumps(text) + b',"problem":' + document + b"}")
        else:
            answer = service.answers.of_owned(entity, owners[entity.owner], snapshot, viewer)
            # A reference that was read holds nothing that JSON escapes.
            items.append(b'{"entityRef":"' + text.encode() + b'","status":' + answer.body + b"}")
            if service.refs.get(text) is None:
                service.refs.put(text, entity.ref, until=inf)
        if not len(items) % 100:
            # A thousand assessments take a while: others get their turn in between.
            await asyncio.sleep(0)
    return items


_WORST_FIRST = (State.ERROR, State.WARNING, State.UNKNOWN, State.UNCONFIGURED)
"""The states in which something is to be done or found out."""


def _worst(items: Sequence[bytes], most: int) -> tuple[list[bytes], bytes]:
    """At most `most` of the items that are not in order, the worst first; and the member `states` of the reply."""
    by_state: dict[State, list[bytes]] = {state: [] for state in State}
    for item in items:
        status = orjson.loads(item).get("status")
        by_state[State(status["state"]) if status else State.UNKNOWN].append(item)
    pressing = [item for state in _WORST_FIRST for item in by_state[state]]
    counts = {state.value: len(of_state) for state, of_state in by_state.items() if of_state}
    return pressing[:most], b',"states":' + orjson.dumps(counts)


def _parsed(text: str) -> EntityRef | ProblemError:
    try:
        return EntityRef.parse(text)
    except EntityRefError as error:
        return problem_of(error)


def _freshness(served: Served) -> Freshness:
    return "fresh" if served == "read" else served


ROUTES = (entity_status, statuses)
