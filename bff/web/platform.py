"""Health of Keeptrusts itself."""

from __future__ import annotations

from starlette.types import Receive, Scope, Send

from bff.web.answers import Prepared, insists
from bff.web.callers import caller_of
from bff.web.service import Service


class Platform:
    """`GET /v1/gateway`, an ASGI application: how the gateway and the control plane are, for every signed-in caller."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the state of the platform."""
        await caller_of(scope, self._service.identity)
        answer, age = await self._service.platform.current(insist=insists(scope["headers"]))
        prepared = Prepared(answer.body, answer.etag, age=age, cache_status=b"keeptrusts-bff; hit")
        await prepared(scope, receive, send)
