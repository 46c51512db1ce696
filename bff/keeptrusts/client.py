"""The control plane, call by call, as records of `contract.py`, and how Keeptrusts is called. Methods raise `KeeptrustsError`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

import orjson
from pydantic import BaseModel, SecretStr

from bff.breaker import BreakerOpenError
from bff.keeptrusts import contract
from bff.keeptrusts.contract import (
    AllocationReply,
    ConfigurationRecord,
    EventRecord,
    TeamRecord,
    TokenRecord,
    TransactionRecord,
    WalletRecord,
    WhoAmI,
)
from bff.keeptrusts.errors import (
    KeeptrustsError,
    UpstreamContractError,
    UpstreamDeniedError,
    UpstreamRejectedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from bff.keeptrusts.facts import RejectedRow
from bff.keeptrusts.replies import Pages, contract_error, read_json, read_page, read_reply
from bff.upstream import Backoff, Call, Dialect, Outcome, Reply, Upstream

MOST_PAGES = 500
"""Pages of a list of the directory: 100,000 records."""

MOST_REJECTED_KEPT = 20
"""Rows of one reading of a list of the directory that are kept to say what was left out; more are counted."""

Model = TypeVar("Model", bound=BaseModel)

_ERROR_CODE = re.compile(r"[a-z0-9_.-]{1,60}")


class Keeptrusts(Dialect):
    """How both surfaces of Keeptrusts are called: what may pass by itself is tried three times in all."""

    request_id_header = contract.REQUEST_ID_HEADER
    backoff = Backoff()

    def explains(self, status: int) -> bool:
        """4xx replies have a code, but for those whose status says all."""
        return 400 <= status < 500 and status not in {401, 403, 429}

    def judge(self, call: Call, reply: Reply) -> KeeptrustsError | None:
        """One kind of error a status."""
        status, said = reply.status, f"answered {reply.status}"
        if reply.is_success:
            return None
        if status in {401, 403}:
            return UpstreamDeniedError(call.method, call.path, said, status=status)
        if status == 429 or status >= 500:
            return UpstreamUnavailableError(call.method, call.path, said, status=status, retry_after=reply.retry_after)
        if status < 400:
            return UpstreamContractError(call.method, call.path, f"{said}, and redirects are not followed")
        code = _error_code(reply)
        return UpstreamRejectedError(
            call.method, call.path, f"{said} ({code})" if code else said, status=status, code=code
        )

    def error(self, call: Call, outcome: Outcome, reason: str, retry_after: float | None = None) -> KeeptrustsError:
        """An error without a reply."""
        if outcome == "contract":
            return UpstreamContractError(call.method, call.path, reason)
        kind = UpstreamTimeoutError if outcome == "timeout" else UpstreamUnavailableError
        return kind(call.method, call.path, reason, retry_after=retry_after)

    def outcome(self, error: Exception) -> Outcome | None:
        """By the kind of error."""
        match error:
            case UpstreamDeniedError():
                return "denied"
            case UpstreamRejectedError():
                return "rejected"
            case UpstreamContractError():
                return "contract"
            case UpstreamTimeoutError():
                return "timeout"
            case UpstreamUnavailableError():
                return "unavailable"
        return None

    def again(self, error: Exception) -> float | None:
        """Whatever may pass by itself, but for what an open breaker refused."""
        if not isinstance(error, UpstreamUnavailableError) or isinstance(error.__cause__, BreakerOpenError):
            return None
        return error.retry_after or 0.0

    def reason(self, error: Exception) -> str:
        """Without method and path."""
        return error.reason if isinstance(error, KeeptrustsError) else str(error)


KEEPTRUSTS = Keeptrusts()


class KeeptrustsClient:
    """Asks the control plane. Lists are followed page by page; a page that fails leaves what was read before it.

    A row that is not of the form expected is left out and reported. It is an `UpstreamContractError` where no row fits.
    """

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    async def teams(self) -> Pages[TeamRecord]:
        """Every team."""
        return await self._list(Call("teams.list", "GET", contract.TEAMS), TeamRecord, "teams")

    async def tokens(self) -> Pages[TokenRecord]:
        """Every gateway key, without its secret."""
        call = Call("tokens.list", "GET", contract.TOKENS)
        return await self._list(call, TokenRecord, "tokens", {"type": contract.GATEWAY_TOKEN_TYPE})

    async def configurations(self) -> Pages[ConfigurationRecord]:
        """Every policy configuration."""
        return await self._list(
            Call("configurations.list", "GET", contract.CONFIGURATIONS), ConfigurationRecord, "configurations"
        )

    async def wallets(self) -> Pages[WalletRecord]:
        """Every wallet."""
        return await self._list(Call("wallets.list", "GET", contract.WALLETS), WalletRecord, "wallets")

    async def transactions(
        self,
        wallet_id: str,
        *,
        since: datetime,
        until: datetime | None = None,
        cursor: str | None = None,
        most_pages: int,
    ) -> Pages[TransactionRecord]:
        """Bookings of a wallet, newest first, from `since` on and before `until`; from `cursor` on where a reading goes on.

        No booking is left out: one that is not of the form expected is an `UpstreamContractError`, since what is decided by
        them is whether money was moved.
        """
        path = contract.WALLET_TRANSACTIONS.format(wallet_id=_segment(wallet_id))
        params = {"since": _instant(since)} | ({"until": _instant(until)} if until else {})
        call = Call("wallets.transactions", "GET", path)
        return await self._list(
            call, TransactionRecord, "transactions", params, cursor=cursor, most_pages=most_pages, every_row=True
        )

    async def events(
        self, *, since: datetime, until: datetime | None = None, cursor: str | None = None, most_pages: int
    ) -> Pages[EventRecord]:
        """Policy events from `since` on, in the order in which Keeptrusts gives them.

        A: that `until` leaves out what is not before it; whether a deployment does so shows in its reply.
        """
        call = Call("events.list", "GET", contract.EVENTS)
        params = {"since": _instant(since)} | ({"until": _instant(until)} if until else {})
        # Each odd event is kept: whose sums it makes incomplete must be known of every one.
        most_rejected = most_pages * contract.LARGEST_PAGE
        return await self._list(
            call, EventRecord, "events", params, cursor=cursor, most_pages=most_pages, most_rejected=most_rejected
        )

    async def whoami(self) -> WhoAmI:
        """Who the token is."""
        return await self._read(Call("whoami", "GET", contract.WHOAMI), WhoAmI)

    async def create_team(self, name: str, *, description: str | None = None) -> TeamRecord:
        """Make a team. 409 (`UpstreamRejectedError`) when the name exists."""
        body = {"name": name} | ({"description": description} if description else {})
        return await self._make(Call("teams.create", "POST", contract.TEAMS), TeamRecord, body)

    async def change_team(self, team_id: str, *, name: str, description: str | None) -> TeamRecord:
        """Give a team another name or description. 409 (`UpstreamRejectedError`) when the name exists.

        A: Keeptrusts' command line documents the change (`kt team update`), the path is assumed as of its neighbours.
        """
        call = Call("teams.change", "PATCH", f"{contract.TEAMS}/{_segment(team_id)}")
        return await self._make(call, TeamRecord, {"name": name, "description": description})

    async def delete_team(self, team_id: str) -> None:
        """Delete a team. A: as `change_team`, after `kt team delete`."""
        await self._delete(Call("teams.delete", "DELETE", f"{contract.TEAMS}/{_segment(team_id)}"))

    async def create_token(
        self, name: str, *, team_id: str, description: str | None = None, expires_at: datetime | None = None
    ) -> tuple[str, SecretStr, Mapping[str, Any]]:
        """Make a gateway key: its id, its secret, which is given this once, and the rest of the reply without the secret."""
        call = Call("tokens.create", "POST", contract.TOKENS)
        body: dict[str, Any] = {"name": name, "token_type": contract.GATEWAY_TOKEN_TYPE, "team_id": team_id}
        if description:
            body["description"] = description
        if expires_at:
            body["expires_at"] = _instant(expires_at)
        return await self._upstream.change(call, partial(_new_key, call), body=orjson.dumps(body))

    async def revoke_token(self, token_id: str) -> None:
        """Revoke a gateway key."""
        await self._delete(Call("tokens.revoke", "DELETE", f"{contract.TOKENS}/{_segment(token_id)}"))

    async def create_configuration(self, name: str, *, team_id: str, template_id: str) -> ConfigurationRecord:
        """Make a policy configuration from a template."""
        body = {"name": name, "team_id": team_id, "template_id": template_id}
        return await self._make(
            Call("configurations.create", "POST", contract.CONFIGURATIONS), ConfigurationRecord, body
        )

    async def delete_configuration(self, configuration_id: str) -> None:
        """Delete a policy configuration."""
        path = f"{contract.CONFIGURATIONS}/{_segment(configuration_id)}"
        await self._delete(Call("configurations.delete", "DELETE", path))

    async def allocate(self, *, team_id: str, amount: Decimal, currency: str, note: str) -> AllocationReply:
        """Move money into a team's wallet. Not idempotent: twice is twice."""
        return await self._move(Call("wallets.allocate", "POST", contract.ALLOCATE), team_id, amount, currency, note)

    async def reclaim(self, *, team_id: str, amount: Decimal, currency: str, note: str) -> AllocationReply:
        """Move money out of a team's wallet. Not idempotent."""
        return await self._move(Call("wallets.reclaim", "POST", contract.RECLAIM), team_id, amount, currency, note)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._upstream.aclose()

    async def _list(
        self,
        call: Call,
        model: type[Model],
        resource: str,
        params: Mapping[str, str] | None = None,
        *,
        cursor: str | None = None,
        most_pages: int = MOST_PAGES,
        most_rejected: int = MOST_REJECTED_KEPT,
        every_row: bool = False,
    ) -> Pages[Model]:
        records: list[Model] = []
        rejected: list[RejectedRow] = []
        rejected_count = 0
        seen: set[str] = set() if cursor is None else {cursor}

        def read(reply: Reply) -> str | None:
            nonlocal rejected_count
            found, odd, following = read_page(call, model, read_json(call, reply), resource=resource)
            # One odd row among others is that row; where none fits, it is the list that is of another form.
            if odd and (every_row or not (found or records)):
                raise contract_error(call, odd[0])
            records.extend(found)
            rejected.extend(odd[: most_rejected - len(rejected)])
            rejected_count += len(odd)
            if following in seen:
                raise UpstreamContractError(
                    call.method, call.path, "next_cursor leads back to a page that was read", field="next_cursor"
                )
            return following

        for page in range(most_pages):
            query = {"limit": str(contract.LARGEST_PAGE), **(params or {})} | ({"cursor": cursor} if cursor else {})
            try:
                cursor = await self._upstream.ask(call, read, params=query)
            except KeeptrustsError as error:
                if page == 0 and not records:
                    raise
                return Pages(tuple(records), cursor, error, tuple(rejected), rejected_count)
            if cursor is None:
                break
            seen.add(cursor)
        return Pages(tuple(records), cursor, None, tuple(rejected), rejected_count)

    async def _read(self, call: Call, model: type[Model]) -> Model:
        return await self._upstream.ask(call, partial(read_reply, call, model))

    async def _make(self, call: Call, model: type[Model], body: Any) -> Model:
        return await self._upstream.change(call, partial(read_reply, call, model), body=orjson.dumps(body))

    async def _delete(self, call: Call) -> None:
        await self._upstream.change(call, lambda _reply: None)

    async def _move(self, call: Call, team_id: str, amount: Decimal, currency: str, note: str) -> AllocationReply:
        # orjson knows no Decimal, and a float would be another amount: the number is written as it is.
        exact = orjson.Fragment(format(amount, "f"))
        return await self._make(
            call, AllocationReply, {"team_id": team_id, "amount": exact, "currency": currency, "note": note}
        )


def _error_code(reply: Reply) -> str | None:
    """Keeptrusts' own word for an error, `error.code` or `error.type`. Its message is left: it may quote what was sent."""
    try:
        document = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return None
    error = document.get("error") if isinstance(document, dict) else None
    if not isinstance(error, dict):
        return None
    words = (error.get("code"), error.get("type"))
    return next((word for word in words if isinstance(word, str) and _ERROR_CODE.fullmatch(word)), None)


def _new_key(call: Call, reply: Reply) -> tuple[str, SecretStr, Mapping[str, Any]]:
    document = read_json(call, reply)
    if not isinstance(document, dict) or not isinstance(document.get("id"), str):
        raise UpstreamContractError(call.method, call.path, "id: must be text", field="id")
    secret = next(
        (value for field in contract.SECRET_FIELDS if isinstance(value := document.get(field), str) and value), None
    )
    if secret is None:
        fields = ", ".join(contract.SECRET_FIELDS)
        raise UpstreamContractError(
            call.method, call.path, f"the new key is under none of {fields}", field=contract.SECRET_FIELDS[0]
        )
    rest = {name: value for name, value in document.items() if name not in contract.SECRET_FIELDS}
    return document["id"], SecretStr(secret), rest


def _segment(text: str) -> str:
    """`text` as one segment of a path; dots alone would be steps in it even when encoded."""
    quoted = quote(text, safe="")
    return quoted.replace(".", "%2E") if set(text) == {"."} else quoted


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
