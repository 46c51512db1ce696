"""What has been spent: by one entity, by the members of a group, a system or a domain, by the whole organisation."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import cast

from starlette.responses import StreamingResponse
from starlette.types import ASGIApp

from bff.backstage.members import KIN
from bff.spend.export import Format
from bff.spend.exports import Export
from bff.status.wire import RollUp, SpendReport
from bff.web.answers import CACHE_CONTROL, VARY, insists
from bff.web.problems import ProblemType
from bff.web.routes import (
    ENTITY,
    ENTITY_PATH,
    OF_AN_ENTITY,
    Access,
    Call,
    Query,
    Reply,
    choice,
    route,
    whole_number,
)

DAYS = whole_number("days", "How many budget days, today included", least=1, most=90, default=30)

_FILES = "`csv` is a file of RFC 4180, `focus` one with the columns of FOCUS 1.2"
FORMAT = choice("format", f"`json` is the report; {_FILES}", "json", "csv", "focus")
FILE_FORMAT = choice("format", _FILES, "csv", "focus")

CSV = "text/csv"
_FILE = Reply(schema={"type": "string"}, media_type=CSV)


_FORM_OF_A_MONTH = r"^[1-9][0-9]{3}-(0[1-9]|1[0-2])$"


def _month(text: str) -> date:
    if not re.fullmatch(_FORM_OF_A_MONTH, text, re.ASCII):
        raise ValueError("a month of the form 2026-11")
    return date(int(text[:4]), int(text[5:]), 1)


MONTH_QUERY: Query[date | None] = Query(
    "month",
    "query",
    {"type": "string", "pattern": _FORM_OF_A_MONTH},
    "The calendar month; the running one unless given",
    "2026-11",
    required=False,
    default=None,
    parse=_month,
)

WITH_MEMBERS = (
    replace(ENTITY[0], schema={"type": "string", "enum": list(KIN)}, example="group"),
    ENTITY[1],
    replace(ENTITY[2], example="support-team"),
)
"""The parameters of `ENTITY_PATH` for entities that have members."""

_OF_SPEND = (
    ProblemType.UPSTREAM_UNAVAILABLE,
    ProblemType.INVALID,
    ProblemType.FORBIDDEN,
    ProblemType.NO_SPEND,
)
_PROBLEMS = (*OF_AN_ENTITY, *_OF_SPEND)


@route(
    "GET",
    f"{ENTITY_PATH}/spend",
    "What one entity has spent, by day and by model",
    access=Access.ENTITY,
    parameters=(*ENTITY, DAYS, FORMAT),
    replies=(Reply(SpendReport), _FILE),
    problems=_PROBLEMS,
    conditional=True,
)
async def entity_spend(call: Call) -> ASGIApp:
    """Answer with the spend of the entity that the path names."""
    service = call.service
    entity, viewer = await call.entity(), await call.viewer()
    days, form = DAYS.of(call.request), FORMAT.of(call.request)
    snapshot, served = await service.cache.current(insist=insists(call.scope["headers"]))
    if form != "json":
        export = await service.exports.of_entity(entity, snapshot, viewer, days=days, form=cast("Format", form))
        call.record_read("export", entity=str(entity.ref))
        return _file(export)
    answer = await service.spend.of(entity, snapshot, viewer, days=days)
    if viewer.sees_numbers(entity.owner):
        call.record_read("spend", entity=str(entity.ref))
    return service.prepared(answer, snapshot, served)


@route(
    "GET",
    f"{ENTITY_PATH}/rollup",
    "What the members of a group, a system or a domain have spent, each key once, and their states",
    access=Access.ENTITY,
    parameters=(*WITH_MEMBERS, DAYS, FORMAT),
    replies=(Reply(RollUp), _FILE),
    problems=_PROBLEMS,
    conditional=True,
)
async def roll_up(call: Call) -> ASGIApp:
    """Answer with the roll-up of the entity that the path names, of those members that the caller may see."""
    service = call.service
    entity, viewer = await call.entity(), await call.viewer()
    days, form = DAYS.of(call.request), FORMAT.of(call.request)
    members = service.rollups.own(await service.catalog.members(call.caller, entity.ref))
    snapshot, served = await service.cache.current(insist=insists(call.scope["headers"]))
    if form != "json":
        export = await service.exports.of_members(
            entity.ref, members, snapshot, viewer, days=days, form=cast("Format", form)
        )
        call.record_read("export", entity=str(entity.ref))
        return _file(export)
    answer = await service.rollups.of(entity.ref, members, snapshot, viewer, days=days)
    if shown := sum(viewer.sees_numbers(member.owner) for member in members.entities):
        call.record_read("rollup", entity=str(entity.ref), shown=shown)
    return service.prepared(answer, snapshot, served)


@route(
    "GET",
    "/v1/spend",
    "What the whole organisation has spent in a month: a row a day, key, team and model, with the entity that claims the key",
    access=Access.PLATFORM,
    parameters=(MONTH_QUERY, FILE_FORMAT),
    replies=(_FILE,),
    problems=_OF_SPEND,
)
async def organisation_spend(call: Call) -> ASGIApp:
    """Answer with a file of the month, which is made while it is sent."""
    service = call.service
    # A name with a mistake in it would give another month than the one that is meant.
    month, form = MONTH_QUERY.of(call.request), FILE_FORMAT.of(call.request)
    snapshot, _ = await service.cache.current(insist=insists(call.scope["headers"]))
    export = await service.exports.of_month(call.caller, month, snapshot, form=cast("Format", form))
    call.record_read("export", file=export.name)
    return _file(export)


def _file(export: Export) -> StreamingResponse:
    # The name is made of what names of entities consist of, and of dates: nothing in it needs to be quoted.
    headers = {
        "content-disposition": f'attachment; filename="{export.name}"',
        CACHE_CONTROL[0].decode(): CACHE_CONTROL[1].decode(),
        VARY[0].decode(): VARY[1].decode(),
    }
    return StreamingResponse(export.parts, media_type=f"{CSV}; charset=utf-8", headers=headers)


ROUTES = (entity_spend, roll_up, organisation_spend)
