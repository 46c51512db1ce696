"""The control plane as an ASGI app, with the switchboard `/_sandbox`.

The switchboard sets faults, counts requests, sets rules for keys, sets how events are listed and shows what they add up to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from hmac import compare_digest
from operator import attrgetter
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, RootModel
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bff.keeptrusts import contract
from bff.sandbox.accounts import KeyRules, State
from bff.sandbox.edge import (
    SWITCHBOARD,
    ChangedTeam,
    Edge,
    Movement,
    NewConfiguration,
    NewTeam,
    NewToken,
    json_reply,
    on_failure,
    on_http_error,
    on_refusal,
    read_body,
    read_json,
    validated,
)
from bff.sandbox.errors import ForbiddenError, InvalidError, SandboxError, UnauthenticatedError
from bff.sandbox.event_log import EventListing, Sum, Truth, events_page
from bff.sandbox.faults import MOST_RULES, Faults, Rule
from bff.sandbox.paging import (
    N,
    decode_position,
    decode_serial,
    encode_position,
    encode_serial,
    page_of,
    parse_limit,
    parse_moment,
)

READ = "org:read"
WRITE = "org:write"
BILLING = "org:billing"


def create_control_plane(state: State, *, read_token: str, admin_token: str, faults: Faults) -> ASGIApp:
    """The control plane over `state`: `read_token` may read, `admin_token` may also write and move money.

    `/_sandbox/faults` sets `faults`, which the gateway shares; `/_sandbox/requests` counts for both surfaces;
    `/_sandbox/feed` sets how events are listed, and `/_sandbox/truth` gives what they add up to.
    """
    plane = _ControlPlane(state, {read_token: (READ,), admin_token: (READ, WRITE, BILLING)})
    routes = plane.routes()
    app = Starlette(
        routes=[*routes, *switchboard_routes(state, faults)],
        exception_handlers={SandboxError: on_refusal, HTTPException: on_http_error, Exception: on_failure},
    )
    return Edge(app, surface="control-plane", routes=routes, faults=faults, calls=state.calls["control-plane"])


class _ControlPlane:
    def __init__(self, state: State, permissions: dict[str, tuple[str, ...]]) -> None:
        self._state = state
        self._permissions = permissions

    def routes(self) -> list[Route]:
        return [
            Route(contract.HEALTHZ, _healthy),
            Route(contract.READYZ, _healthy),
            Route(contract.WHOAMI, self.whoami),
            Route(contract.TEAMS, self.teams, methods=["GET"]),
            Route(contract.TEAMS, self.create_team, methods=["POST"]),
            Route(contract.TEAMS + "/{id}", self.team, methods=["GET"]),
            Route(contract.TEAMS + "/{id}", self.change_team, methods=["PATCH"]),
            Route(contract.TEAMS + "/{id}", self.delete_team, methods=["DELETE"]),
            Route(contract.TOKENS, self.tokens, methods=["GET"]),
            Route(contract.TOKENS, self.create_token, methods=["POST"]),
            Route(contract.TOKENS + "/{id}", self.revoke_token, methods=["DELETE"]),
            Route(contract.CONFIGURATIONS, self.configurations, methods=["GET"]),
            Route(contract.CONFIGURATIONS, self.create_configuration, methods=["POST"]),
            Route(contract.CONFIGURATIONS + "/{id}", self.delete_configuration, methods=["DELETE"]),
            Route(contract.WALLETS, self.wallets),
            Route(contract.WALLET_BALANCE, self.balance),
            Route(contract.WALLET_TRANSACTIONS, self.transactions),
            Route(contract.ALLOCATE, self.allocate, methods=["POST"]),
            Route(contract.RECLAIM, self.reclaim, methods=["POST"]),
            Route(contract.EVENTS, self.events),
        ]

    async def whoami(self, request: Request) -> Response:
        permissions = self._allow(request, READ)
        admin = WRITE in permissions
        organization = contract.Organization(id=self._state.organization_id, name=self._state.organization_name)
        return json_reply(
            contract.WhoAmI(
                organization=organization,
                subject="sandbox-admin" if admin else "sandbox-reader",
                role="admin" if admin else "viewer",
                permissions=permissions,
            )
        )

    async def teams(self, request: Request) -> Response:
        self._allow(request, READ)
        return _list_reply(request, self._state.teams, contract.TeamRecord)

    async def team(self, request: Request) -> Response:
        self._allow(request, READ)
        return json_reply(_record(self._state.team(request.path_params["id"]), contract.TeamRecord))

    async def create_team(self, request: Request) -> Response:
        self._allow(request, WRITE)
        body = await read_body(request, NewTeam)
        team = self._state.create_team(body.name, description=body.description)
        return json_reply(_record(team, contract.TeamRecord), 201)

    async def change_team(self, request: Request) -> Response:
        self._allow(request, WRITE)
        body = await read_body(request, ChangedTeam)
        team = self._state.team(request.path_params["id"])
        changed = self._state.change_team(
            team.id,
            name=body.name or team.name,
            description=body.description if "description" in body.model_fields_set else team.description,
        )
        return json_reply(_record(changed, contract.TeamRecord))

    async def delete_team(self, request: Request) -> Response:
        self._allow(request, WRITE)
        self._state.delete_team(request.path_params["id"])
        return Response(status_code=204)

    async def tokens(self, request: Request) -> Response:
        self._allow(request, READ)
        wanted = request.query_params.get("type", contract.GATEWAY_TOKEN_TYPE)
        return _list_reply(
            request, self._state.keys, contract.TokenRecord, matches=lambda key: key.token_type == wanted
        )

    async def create_token(self, request: Request) -> Response:
        self._allow(request, WRITE)
        body = await read_body(request, NewToken)
        if body.expires_at is not None and body.expires_at <= self._state.clock():
            raise InvalidError("expires_at: must lie in the future")
        key, secret = self._state.create_key(
            body.name, body.team_id, description=body.description, expires_at=body.expires_at
        )
        record = _record(key, contract.TokenRecord)
        return json_reply({**record.model_dump(), "key": secret}, 201, {"cache-control": "no-store"})

    async def revoke_token(self, request: Request) -> Response:
        self._allow(request, WRITE)
        self._state.revoke_key(request.path_params["id"])
        return Response(status_code=204)

    async def configurations(self, request: Request) -> Response:
        self._allow(request, READ)
        return _list_reply(request, self._state.configurations, contract.ConfigurationRecord)

    async def create_configuration(self, request: Request) -> Response:
        self._allow(request, WRITE)
        body = await read_body(request, NewConfiguration)
        made = self._state.create_configuration(body.name, body.team_id, body.template_id)
        return json_reply(_record(made, contract.ConfigurationRecord), 201)

    async def delete_configuration(self, request: Request) -> Response:
        self._allow(request, WRITE)
        self._state.delete_configuration(request.path_params["id"])
        return Response(status_code=204)

    async def wallets(self, request: Request) -> Response:
        self._allow(request, READ)
        return _list_reply(request, self._state.wallets.all, contract.WalletRecord)

    async def balance(self, request: Request) -> Response:
        self._allow(request, READ)
        team_id = request.query_params.get("team_id")
        if team_id is not None:
            self._state.team(team_id)
        cascade = self._state.wallets.cascade(team_id)
        paying = next((account.scope for account in cascade if account.balance > 0), None)
        wallets = [_record(account, contract.WalletRecord) for account in cascade]
        return json_reply({"effective_scope": paying, "wallets": wallets})

    async def transactions(self, request: Request) -> Response:
        self._allow(request, READ)
        account = self._state.wallets.get(request.path_params["wallet_id"])
        query = request.query_params
        page = account.book.newest_first(
            limit=parse_limit(query.get("limit")),
            since=parse_moment("since", query.get("since")),
            until=parse_moment("until", query.get("until")),
            before=decode_position(query["cursor"]) if "cursor" in query else None,
        )
        following = None if page.next is None else encode_position(*page.next)
        rows = [_row(booking, contract.TransactionRecord) for booking in page.items]
        return json_reply({"data": rows, "next_cursor": following})

    async def events(self, request: Request) -> Response:
        self._allow(request, READ)
        query = request.query_params
        return json_reply(
            events_page(
                self._state.decisions,
                self._state.listing,
                limit=parse_limit(query.get("limit")),
                since=parse_moment("since", query.get("since")),
                until=parse_moment("until", query.get("until")),
                team_id=query.get("team_id"),
                cursor=query.get("cursor"),
                now=self._state.clock(),
            )
        )

    async def allocate(self, request: Request) -> Response:
        self._allow(request, BILLING)
        body = await read_body(request, Movement)
        booking, account = self._state.wallets.allocate(self._state.team(body.team_id), body.amount, note=body.note)
        return _movement_reply(booking, account)

    async def reclaim(self, request: Request) -> Response:
        self._allow(request, BILLING)
        body = await read_body(request, Movement)
        booking, account = self._state.wallets.reclaim(self._state.team(body.team_id), body.amount, note=body.note)
        return _movement_reply(booking, account)

    def _allow(self, request: Request, needed: str) -> tuple[str, ...]:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        for known, permissions in self._permissions.items():
            if scheme.lower() == "bearer" and compare_digest(known.encode(), token.strip().encode()):
                if needed not in permissions:
                    raise ForbiddenError(f"this token lacks the permission {needed}")
                # Whatever is read or changed next is as of now.
                self._state.advance()
                return permissions
        raise UnauthenticatedError("a valid bearer token is needed")


async def _healthy(_request: Request) -> Response:
    return json_reply({"status": "ok"})


def _record(value: object, model: type[BaseModel]) -> BaseModel:
    return model.model_validate(value, from_attributes=True)


def _row(value: object, model: type[BaseModel]) -> dict[str, Any]:
    """The members of `model` that `value` has, read without the price of a validation: lists have thousands of rows."""
    names, read = _reader(model)
    return dict(zip(names, read(value), strict=True))


@cache
def _reader(model: type[BaseModel]) -> tuple[tuple[str, ...], Callable[[object], tuple[Any, ...]]]:
    names = tuple(model.model_fields)
    return names, attrgetter(*names)


def _list_reply(
    request: Request, items: Sequence[N], model: type[BaseModel], matches: Callable[[N], bool] = lambda _: True
) -> Response:
    query = request.query_params
    after = decode_serial(query["cursor"]) if "cursor" in query else None
    page = page_of(items, limit=parse_limit(query.get("limit")), after=after, matches=matches)
    following = None if page.next is None else encode_serial(page.next)
    return json_reply({"data": [_row(item, model) for item in page.items], "next_cursor": following})


def _movement_reply(booking: object, account: object) -> Response:
    reply = contract.AllocationReply(
        transaction=contract.TransactionRecord.model_validate(booking, from_attributes=True),
        wallet=contract.WalletRecord.model_validate(account, from_attributes=True),
    )
    return json_reply(reply, 201)


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
        if unknown := set(query) - {"since", "until", "zone", "listed_only"}:
            raise InvalidError(f"{min(unknown)[:60]!r} must be one of since, until, zone and listed_only")
        truth = state.decisions.truth(
            since=parse_moment("since", query.get("since")),
            until=parse_moment("until", query.get("until")),
            zone=_parse_zone(query.get("zone", "UTC")),
            published_only=_parse_flag("listed_only", query.get("listed_only", "false")),
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
