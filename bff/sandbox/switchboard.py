"""`/_sandbox`: faults, the count of requests, rules for keys, how events are listed, and what they add up to.

It opens nothing that the stand-in does not make up.
"""

from __future__ import annotations

from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ConfigDict, Field, RootModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bff.sandbox.accounts import KeyRules, State
from bff.sandbox.bodies import read_json, validated
from bff.sandbox.edge import SWITCHBOARD
from bff.sandbox.errors import InvalidError
from bff.sandbox.event_list import EventListing
from bff.sandbox.event_log import Sum, Truth
from bff.sandbox.faults import MOST_RULES, Faults, Rule
from bff.sandbox.paging import parse_moment
from bff.sandbox.replies import json_reply


class Rules(RootModel[Annotated[list[Rule], Field(max_length=MOST_RULES)]]):
    """The body of `PUT /_sandbox/faults`: the rules in their order."""

    model_config = ConfigDict(frozen=True)


def switchboard_routes(state: State, faults: Faults) -> list[Route]:
    """The routes of `/_sandbox`.

    GET, PUT and DELETE of `faults`; GET and DELETE of `requests`; GET and PUT of `keys` (`KeyRules`) and of `feed` (an
    `EventListing`); DELETE of `keys/{id}`, which forgets that key; GET of `truth` with the optional `since`, `until`, `zone`
    (an IANA name, UTC without it) and `told_only` (`true`: only what is listed).
    """
    calls = state.calls

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

    async def show_key_rules(_request: Request) -> Response:
        return json_reply(state.key_rules.model_dump())

    async def put_key_rules(request: Request) -> Response:
        state.key_rules = validated(await read_json(request), KeyRules)
        return await show_key_rules(request)

    async def forget_key(request: Request) -> Response:
        state.forget_key(request.path_params["id"])
        return Response(status_code=204)

    return [
        Route(f"{SWITCHBOARD}/faults", show_faults, methods=["GET"]),
        Route(f"{SWITCHBOARD}/faults", put_faults, methods=["PUT"]),
        Route(f"{SWITCHBOARD}/faults", clear_faults, methods=["DELETE"]),
        Route(f"{SWITCHBOARD}/requests", show_requests, methods=["GET"]),
        Route(f"{SWITCHBOARD}/requests", clear_requests, methods=["DELETE"]),
        Route(f"{SWITCHBOARD}/keys", show_key_rules, methods=["GET"]),
        Route(f"{SWITCHBOARD}/keys", put_key_rules, methods=["PUT"]),
        Route(f"{SWITCHBOARD}/keys/{{id}}", forget_key, methods=["DELETE"]),
        *_event_routes(state),
    ]


def _event_routes(state: State) -> list[Route]:
    async def show_feed(_request: Request) -> Response:
        return json_reply(state.listing.model_dump())

    async def put_feed(request: Request) -> Response:
        state.listing = validated(await read_json(request), EventListing)
        return await show_feed(request)

    async def show_truth(request: Request) -> Response:
        state.advance()
        query = request.query_params
        if unknown := set(query) - {"since", "until", "zone", "told_only"}:
            raise InvalidError(f"{min(unknown)[:60]!r} must be one of since, until, zone and told_only")
        truth = state.decisions.truth(
            since=parse_moment("since", query.get("since")),
            until=parse_moment("until", query.get("until")),
            zone=_parse_zone(query.get("zone", "UTC")),
            published_only=_parse_flag("told_only", query.get("told_only", "false")),
        )
        return json_reply(_truth_reply(truth))

    return [
        Route(f"{SWITCHBOARD}/feed", show_feed, methods=["GET"]),
        Route(f"{SWITCHBOARD}/feed", put_feed, methods=["PUT"]),
        Route(f"{SWITCHBOARD}/truth", show_truth, methods=["GET"]),
    ]


def _truth_reply(truth: Truth) -> dict[str, Any]:
    """Amounts are decimal strings: a comparison to the last digit must not depend on how a client reads numbers."""
    return {
        "total": _sum_reply(truth.total),
        "unpublished": truth.unpublished,
        "by_key": [{"token_id": token_id, **_sum_reply(each)} for token_id, each in truth.by_key.items()],
        "rows": [
            {
                "day": row.day,
                "token_id": row.token_id,
                "team_id": row.team_id,
                "model": row.model,
                **_sum_reply(row.sum),
            }
            for row in truth.rows
        ],
    }


def _sum_reply(each: Sum) -> dict[str, Any]:
    return {
        "spent": format(each.spent, "f"),
        "requests": each.requests,
        "unpriced": each.unpriced,
        "verdicts": each.verdicts,
    }


def _parse_zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidError(f"zone must be an IANA time zone such as Europe/Berlin, not {name[:60]!r}") from None


def _parse_flag(name: str, text: str) -> bool:
    if text not in {"true", "false"}:
        raise InvalidError(f"{name} must be true or false, not {text[:60]!r}")
    return text == "true"
