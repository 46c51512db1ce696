"""What one entity has spent."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from bff.web.answers import Prepared, insists
from bff.web.governance import visible_entity
from bff.web.problems import ProblemError, ProblemType
from bff.web.service import Service

DEFAULT_DAYS = 30
MOST_DAYS = 90
_NUMBER = re.compile(r"[0-9]{1,3}", re.ASCII)


class EntitySpend:
    """`GET /v1/entities/{kind}/{namespace}/{name}/spend?days=30`, an ASGI application."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the spend of the entity that the path names."""
        service = self._service
        entity = await visible_entity(scope, service)
        days = _days(Request(scope))
        snapshot, served = await service.cache.current(insist=insists(scope["headers"]))
        answer = await service.spend.of(entity, snapshot, days=days)
        prepared = Prepared(
            answer.body,
            answer.etag,
            age=service.cache.age_of(snapshot),
            cache_status=service.cache_status(snapshot, served),
        )
        await prepared(scope, receive, send)


def _days(request: Request) -> int:
    given = request.query_params.getlist("days")
    if not given:
        return DEFAULT_DAYS
    text = given[-1]
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= MOST_DAYS:
        raise ProblemError(ProblemType.INVALID, f"days: {text[:20]!r} must be a whole number from 1 to {MOST_DAYS}")
    return int(text)
