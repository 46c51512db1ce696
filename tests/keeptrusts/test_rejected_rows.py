"""A row that cannot be read costs that row: it is left out and named, and the others stay."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
import respx

from bff.keeptrusts.client import MOST_REJECTED_KEPT, KeeptrustsClient
from bff.keeptrusts.directory import Directory, gateway_key
from bff.keeptrusts.errors import UpstreamContractError
from bff.keeptrusts.facts import Cause
from bff.keeptrusts.replies import Pages

from .conftest import NOW, reply
from .test_client import CONFIGURATION, EVENT, TEAM, TOKEN_RECORD, TRANSACTION, WALLET


def listing(upstream: respx.MockRouter, *rows: object) -> None:
    """Let every list hold these rows."""
    upstream.route().respond(json={"data": rows, "next_cursor": None})


def costs(pages: Pages[Any]) -> list[Decimal | None]:
    """What the events of `pages` cost."""
    return [event.event_cost_attribution.total_cost_usd for event in pages.records]


@pytest.mark.parametrize(
    ("method", "row", "odd", "field", "message"),
    [
        ("teams", TEAM, {"name": None}, "data.1.name", "Input should be a valid string"),
        ("tokens", TOKEN_RECORD, {"expires_at": "soon"}, "data.1.expires_at", "Input should be a valid datetime"),
        ("configurations", CONFIGURATION, {"enabled": "perhaps"}, "data.1.enabled", "Input should be a valid boolean"),
        ("wallets", WALLET, {"scope": "department"}, "data.1.scope", "not 'department'"),
        ("wallets", WALLET, {"balance": "1,5"}, "data.1.balance", "must be a number, or a decimal number as text"),
        ("wallets", WALLET, {"balance": 1e15}, "data.1.balance", "must have at most 15 digits before the point"),
    ],
)
async def test_an_odd_row_is_left_out_and_named(
    client: KeeptrustsClient,
    upstream: respx.MockRouter,
    method: str,
    row: dict[str, Any],
    odd: dict[str, Any],
    field: str,
    message: str,
) -> None:
    """Every list of the directory keeps its other rows and says which row was left out, by place, id, field and reason."""
    listing(upstream, row, {**row, "id": "odd", **odd}, {**row, "id": "last"})
    pages = await getattr(client, method)()
    assert [record.id for record in pages.records] == [row["id"], "last"]
    (rejected,) = pages.rejected
    assert (rejected.place, rejected.id, rejected.field) == ("data.1", "odd", field)
    assert message in rejected.message
    assert (pages.complete, pages.rejected_count) == (True, 1)


async def test_one_event_with_an_odd_field_is_one_row(client: KeeptrustsClient, upstream: respx.MockRouter) -> None:
    """An event whose time cannot be read is left out, with the key and the team that it would have counted for."""
    odd = {**EVENT, "event_id": "evt_2", "timestamp": "yesterday", "token_id": "tok_1", "team_id": "team_1"}
    listing(upstream, EVENT, odd)
    pages = await client.events(since=NOW, most_pages=1)
    assert [event.event_id for event in pages.records] == ["evt_1"]
    (rejected,) = pages.rejected
    assert (rejected.id, rejected.field) == ("evt_2", "data.1.timestamp")
    assert (rejected.known["token_id"], rejected.known["team_id"]) == ("tok_1", "team_1")
    assert "timestamp" not in rejected.known


async def test_the_cost_of_an_event_is_read_as_it_is_written(
    client: KeeptrustsClient, upstream: respx.MockRouter
) -> None:
    """A cost may be text, have 21 decimals, be negative (a correction) or be unknown; one that is none costs its event alone."""
    written = ['"0.25"', "0.000009999999999999999", "-1.5", "null", '"free"']
    rows = [
        json.dumps({**EVENT, "event_id": f"evt_{number}"})[:-1]
        + f', "event_cost_attribution": {{"total_cost_usd": {cost}}}}}'
        for number, cost in enumerate(written)
    ]
    upstream.route().respond(content=f'{{"events": [{", ".join(rows)}]}}'.encode())
    pages = await client.events(since=NOW, most_pages=1)
    assert costs(pages) == [Decimal("0.25"), Decimal("0.00001"), Decimal("-1.5"), None]
    assert [row.field for row in pages.rejected] == ["events.4.event_cost_attribution.total_cost_usd"]


async def test_long_decimals_cost_nothing_but_their_tail(client: KeeptrustsClient, upstream: respx.MockRouter) -> None:
    """Costs of 0.000009999999999999999 and 1, the tail a sum of binary floats leaves, add up to 1.00001; no row is left out."""
    rows = [
        json.dumps({**EVENT, "event_id": f"evt_{cost}"})[:-1]
        + f', "event_cost_attribution": {{"total_cost_usd": {cost}}}}}'
        for cost in ("0.000009999999999999999", "1")
    ]
    upstream.route().respond(content=f'{{"events": [{", ".join(rows)}], "next_cursor": null}}'.encode())
    pages = await client.events(since=NOW, most_pages=1)
    assert (sum(cost for cost in costs(pages) if cost is not None), pages.rejected_count) == (Decimal("1.00001"), 0)


@pytest.mark.parametrize(
    ("status", "expired", "unknown"),
    [("expired", True, None), ("disabled", False, "disabled"), ("active", False, None)],
)
async def test_one_key_of_another_status_leaves_the_others(
    client: KeeptrustsClient, upstream: respx.MockRouter, status: str, expired: bool, unknown: str | None
) -> None:
    """A second key that is neither active nor revoked is listed as what it is, and the first stays active."""
    listing(upstream, TOKEN_RECORD, {**TOKEN_RECORD, "id": "tok_2", "name": "key-2", "status": status})
    first, second = map(gateway_key, (await client.tokens()).records)
    assert (first.revoked, first.expired, first.unknown_status) == (False, False, None)
    assert (second.revoked, second.expired, second.unknown_status) == (False, expired, unknown)


async def test_rows_left_out_stay_with_the_reading(client: KeeptrustsClient, upstream: respx.MockRouter) -> None:
    """A list from which a row was left out is complete and says so, also when it is the last good one that is shown."""
    directory = Directory(client, stale_limit=timedelta(hours=1))
    teams = upstream.get(path="/v1/teams")
    upstream.route().respond(json=[])
    teams.respond(json=[TEAM, {"id": "team_2"}])
    fresh = (await directory.read(NOW)).teams
    teams.respond(503)
    kept = (await directory.read(NOW + timedelta(minutes=1))).teams
    assert (fresh.complete, fresh.cause, fresh.rejected_count) == (True, None, 1)
    assert fresh.may_hide(name="any")
    assert (kept.value, kept.cause, kept.rejected) == (fresh.value, Cause.UNAVAILABLE, fresh.rejected)


async def test_a_row_says_only_what_could_be_read(client: KeeptrustsClient, upstream: respx.MockRouter) -> None:
    """What a row's name is not, it cannot be; what could not be read, it may be."""
    listing(upstream, TOKEN_RECORD, {"id": "tok_2", "name": 7, "team_id": "team_2", "status": "active"}, "text")
    named, nameless = (await client.tokens()).rejected
    assert named.may_be(name="any", team_id="team_2")
    assert not named.may_be(name="any", team_id="team_1")
    assert nameless.may_be(name="any", team_id="team_1")
    assert (nameless.field, nameless.id) == ("data.2", None)


async def test_rejected_rows_are_kept_in_part_and_counted_all(
    client: KeeptrustsClient, upstream: respx.MockRouter
) -> None:
    """However many rows are odd, over however many pages, the first are kept and all are counted."""

    def answer(request: httpx.Request) -> httpx.Response:
        first = "cursor" not in request.url.params
        rows = [TEAM, *({"id": f"odd_{number}", "name": 7} for number in range(15))]
        return reply(json.dumps({"data": rows, "next_cursor": "2" if first else None}).encode())

    upstream.route().mock(side_effect=answer)
    pages = await client.teams()
    assert (len(pages.records), len(pages.rejected), pages.rejected_count) == (2, MOST_REJECTED_KEPT, 30)


async def test_a_last_page_of_one_odd_row_leaves_the_list_whole(
    client: KeeptrustsClient, upstream: respx.MockRouter
) -> None:
    """Where rows of earlier pages fit, a page without one that does is odd rows and not a list of another form."""

    def answer(request: httpx.Request) -> httpx.Response:
        first = "cursor" not in request.url.params
        page = {"data": [TEAM], "next_cursor": "2"} if first else {"data": [{"id": 7}]}
        return reply(json.dumps(page).encode())

    upstream.route().mock(side_effect=answer)
    pages = await client.teams()
    assert (len(pages.records), pages.rejected_count, pages.complete) == (1, 1, True)


async def test_a_list_in_which_no_row_fits_breaks_the_contract(
    client: KeeptrustsClient, upstream: respx.MockRouter
) -> None:
    """Where not one row can be read it is the list that is of another form, and the error names the first field."""
    listing(upstream, {"id": 1, "name": "x"}, {"id": "team_2"})
    with pytest.raises(UpstreamContractError, match=r"data\.0\.id") as caught:
        await client.teams()
    assert caught.value.field == "data.0.id"


async def test_no_booking_is_left_out(client: KeeptrustsClient, upstream: respx.MockRouter) -> None:
    """Whether money was moved is decided by bookings, so that one which cannot be read is an error."""
    listing(upstream, TRANSACTION, {**TRANSACTION, "amount": "much"})
    with pytest.raises(UpstreamContractError, match=r"data\.1\.amount"):
        await client.transactions("wal_1", since=NOW, most_pages=1)


@pytest.mark.parametrize(
    "odd",
    [
        {"balance": "kt_ak_canary"},
        {"scope": "kt_ak_c4n4ry canary"},
        {"updated_at": "canary"},
        {"currency": "canary"},
        {"team_id": {"canary": 1}},
    ],
)
async def test_what_a_row_holds_is_not_shown(
    client: KeeptrustsClient, upstream: respx.MockRouter, odd: dict[str, Any]
) -> None:
    """A row's message says what was expected, and quotes neither amounts nor text that may be a secret."""
    listing(upstream, WALLET, {**WALLET, "id": "wal_2", **odd})
    (rejected,) = (await client.wallets()).rejected
    assert "canary" not in repr(rejected)


async def test_a_status_of_another_word_is_no_fault(client: KeeptrustsClient, upstream: respx.MockRouter) -> None:
    """A key keeps its row whatever Keeptrusts calls its status; words compare without regard to case."""
    listing(upstream, *({**TOKEN_RECORD, "id": word, "status": word} for word in ("Active", "disabled", "EXPIRED")))
    pages = await client.tokens()
    assert [key.status for key in pages.records] == ["active", "disabled", "expired"]
    assert pages.rejected_count == 0
