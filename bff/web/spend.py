"""What one entity has spent."""

from __future__ import annotations

from bff.status.wire import SpendReport
from bff.web.answers import Prepared, insists
from bff.web.problems import ProblemType
from bff.web.routes import ENTITY, ENTITY_PATH, OF_AN_ENTITY, Access, Call, Reply, route, whole_number

DAYS = whole_number("days", "How many budget days, today included", least=1, most=90, default=30)


@route(
    "GET",
    f"{ENTITY_PATH}/spend",
    "What one entity has spent, by day and by model",
    access=Access.ENTITY,
    parameters=(*ENTITY, DAYS),
    replies=(Reply(SpendReport),),
    problems=(*OF_AN_ENTITY, ProblemType.UPSTREAM_UNAVAILABLE, ProblemType.INVALID),
    conditional=True,
)
async def entity_spend(call: Call) -> Prepared:
    """Answer with the spend of the entity that the path names."""
    service = call.service
    entity, viewer = await call.entity(), await call.viewer()
    days = DAYS.of(call.request)
    snapshot, served = await service.cache.current(insist=insists(call.request.scope["headers"]))
    answer = await service.spend.of(entity, snapshot, viewer, days=days)
    if viewer.sees_numbers(entity.owner):
        call.record_read("spend", entity=str(entity.ref))
    return Prepared(
        answer.body,
        answer.etag,
        age=service.cache.age_of(snapshot),
        cache_status=service.cache_status(snapshot, served),
    )


ROUTES = (entity_spend,)
