"""`/_sandbox`: the switch for faults and the count of requests. It opens nothing that the stand-in does not make up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Annotated

from pydantic import ConfigDict, Field, RootModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bff.sandbox.bodies import read_json, validated
from bff.sandbox.edge import SWITCHBOARD
from bff.sandbox.faults import MOST_RULES, Faults, Rule, Surface
from bff.sandbox.replies import json_reply


class Rules(RootModel[Annotated[list[Rule], Field(max_length=MOST_RULES)]]):
    """The body of `PUT /_sandbox/faults`: the rules in their order."""

    model_config = ConfigDict(frozen=True)


def switchboard_routes(faults: Faults, calls: Mapping[Surface, Counter[str]]) -> list[Route]:
    """GET, PUT and DELETE of `/_sandbox/faults`; GET and DELETE of `/_sandbox/requests`."""

    async def show_faults(_request: Request) -> Response:
        return json_reply([rule.model_dump(exclude_none=True) for rule in faults.rules])

    async def put_faults(request: Request) -> Response:
        rules = validated(await read_json(request), Rules)
        faults.put(*rules.root)
        return await show_faults(request)

    async def clear_faults(_request: Request) -> Response:
        faults.clear()
        return Response(status_code=204)

    async def show_requests(_request: Request) -> Response:
        return json_reply({surface: dict(counter) for surface, counter in calls.items()})

    async def clear_requests(_request: Request) -> Response:
        for counter in calls.values():
            counter.clear()
        return Response(status_code=204)

    return [
        Route(f"{SWITCHBOARD}/faults", show_faults, methods=["GET"]),
        Route(f"{SWITCHBOARD}/faults", put_faults, methods=["PUT"]),
        Route(f"{SWITCHBOARD}/faults", clear_faults, methods=["DELETE"]),
        Route(f"{SWITCHBOARD}/requests", show_requests, methods=["GET"]),
        Route(f"{SWITCHBOARD}/requests", clear_requests, methods=["DELETE"]),
    ]
