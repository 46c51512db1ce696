"""Which spend of the organisation entities claim, and which none does."""

from __future__ import annotations

from bff.backstage.entities import CatalogUnavailableError
from bff.status.wire import Coverage
from bff.web.answers import Prepared, insists
from bff.web.problems import ProblemError, ProblemType
from bff.web.routes import Access, Call, Reply, route
from bff.web.spend import DAYS


@route(
    "GET",
    "/v1/coverage",
    "Which spend of the organisation entities claim, which keys none claims, and which claims mean no key",
    access=Access.PLATFORM,
    parameters=(DAYS,),
    replies=(Reply(Coverage),),
    problems=(ProblemType.UPSTREAM_UNAVAILABLE, ProblemType.INVALID),
    conditional=True,
)
async def coverage(call: Call) -> Prepared:
    """Answer with coverage; it names entities whatever the caller may see in the catalog."""
    service = call.service
    days = DAYS.of(call.request)
    snapshot, served = await service.cache.current(insist=insists(call.scope["headers"]))
    try:
        answer = await service.coverage.of(snapshot, days=days)
    except CatalogUnavailableError:
        detail = "The entities of the catalog cannot be read now."
        raise ProblemError(ProblemType.CATALOG_UNAVAILABLE, detail, {"retry-after": "5"}) from None
    call.record_read("coverage", days=days)
    return service.prepared(answer, snapshot, served)


ROUTES = (coverage,)
