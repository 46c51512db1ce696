"""Every request that the client sends is pinned here: method, path, query, headers and body."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
import respx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bff.keeptrusts.client import KeeptrustsClient
from bff.keeptrusts.errors import (
    UpstreamContractError,
    UpstreamDeniedError,
    UpstreamRejectedError,
    UpstreamUnavailableError,
)

from .conftest import API, TOKEN, Observed, reply, transport_to

SINCE = datetime(2026, 3, 10, tzinfo=UTC)
WALLET: dict[str, Any] = {
    "id": "wal_1",
    "scope": "team",
    "team_id": "team_1",
    "currency": "USD",
    "balance": 876.54,
    "reserved": 0,
    "total_allocated": 1000,
    "total_spent": 123.46,
    "status": "healthy",
    "updated_at": "2026-03-10T11:00:00Z",
}
TEAM = {"id": "team_1", "name": "support-team"}
TOKEN_RECORD = {"id": "tok_1", "name": "support-team-gw-key", "team_id": "team_1", "status": "active"}
CONFIGURATION = {"id": "cfg_1", "name": "c", "team_id": "team_1", "template_id": "tier-2-internal", "enabled": True}
TRANSACTION = {
    "id": "txn_1",
    "type": "settle",
    "amount": -0.0123,
    "currency": "USD",
    "created_at": "2026-03-10T11:00:00Z",
}
EVENT = {"event_id": "evt_1", "timestamp": "2026-03-10T11:00:00Z", "event_type": "decision", "verdict": "allow"}


def only_request(upstream: respx.MockRouter) -> httpx.Request:
    """The one request that was sent, with what every request carries checked."""
    assert len(upstream.calls) == 1
    request: httpx.Request = upstream.calls[0].request
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert len(request.headers["x-request-id"]) == 32
    assert request.headers["accept"] == "application/json"
    assert request.headers["accept-encoding"] == "identity"
    return request


@pytest.mark.parametrize(
    ("method", "arguments", "target", "record"),
    [
        ("teams", {}, "/v1/teams?limit=200", TEAM),
        ("tokens", {}, "/v1/tokens?limit=200&type=gateway", TOKEN_RECORD),
        ("configurations", {}, "/v1/configurations?limit=200", CONFIGURATION),
        ("wallets", {}, "/v1/wallets?limit=200", WALLET),
        (
            "transactions",
            {"wallet_id": "wal_1", "since": SINCE, "most_pages": 1},
            "/v1/wallets/wal_1/transactions?limit=200&since=2026-03-10T00%3A00%3A00Z",
            TRANSACTION,
        ),
        (
            "transactions",
            {"wallet_id": "wal_1", "since": SINCE, "until": SINCE.replace(day=11), "cursor": "c 1", "most_pages": 1},
            "/v1/wallets/wal_1/transactions?limit=200&since=2026-03-10T00%3A00%3A00Z&until=2026-03-11T00%3A00%3A00Z&cursor=c%201",
            TRANSACTION,
        ),
        ("events", {"since": SINCE, "most_pages": 1}, "/v1/events?limit=200&since=2026-03-10T00%3A00%3A00Z", EVENT),
    ],
)
async def test_list_requests(
    client: KeeptrustsClient,
    upstream: respx.MockRouter,
    method: str,
    arguments: dict[str, Any],
    target: str,
    record: dict[str, Any],
) -> None:
    """A list call sends exactly this, and gives the records of the reply."""
    upstream.route().respond(json={"data": [record], "next_cursor": None})
    pages = await getattr(client, method)(**arguments)
    assert len(pages.records) == 1
    assert pages.complete
    request = only_request(upstream)
    assert (request.method, request.url.raw_path.decode().replace("+", "%20"), request.content) == ("GET", target, b"")


@pytest.mark.parametrize(
    ("wallet_id", "path"),
    [("a/../b", "a%2F..%2Fb"), ("..", "%2E%2E"), (".", "%2E"), ("a?b=c#d", "a%3Fb%3Dc%23d"), ("ü", "%C3%BC")],
)
async def test_an_id_is_one_segment_of_the_path(
    client: KeeptrustsClient, upstream: respx.MockRouter, wallet_id: str, path: str
) -> None:
    """Whatever an id holds, it cannot lead to another path."""
    upstream.route().respond(json=[])
    await client.transactions(wallet_id, since=SINCE, most_pages=1)
    raw = only_request(upstream).url.raw_path.decode().partition("?")[0]
    assert raw == f"/v1/wallets/{path}/transactions"


@pytest.mark.parametrize(
    ("call", "method", "path", "body", "reply"),
    [
        (lambda c: c.create_team("support-team"), "POST", "/v1/teams", {"name": "support-team"}, TEAM),
        (
            lambda c: c.create_team("support-team", description="Answers"),
            "POST",
            "/v1/teams",
            {"name": "support-team", "description": "Answers"},
            TEAM,
        ),
        (
            lambda c: c.create_token("k", team_id="team_1", expires_at=SINCE),
            "POST",
            "/v1/tokens",
            {"name": "k", "token_type": "gateway", "team_id": "team_1", "expires_at": "2026-03-10T00:00:00Z"},
            {**TOKEN_RECORD, "key": "kt_gk_secret"},
        ),
        (
            lambda c: c.create_configuration("c", team_id="team_1", template_id="tier-2-internal"),
            "POST",
            "/v1/configurations",
            {"name": "c", "team_id": "team_1", "template_id": "tier-2-internal"},
            CONFIGURATION,
        ),
        (lambda c: c.revoke_token("tok_1"), "DELETE", "/v1/tokens/tok_1", None, None),
        (lambda c: c.delete_configuration("cfg_1"), "DELETE", "/v1/configurations/cfg_1", None, None),
    ],
)
async def test_writing_requests(
    client: KeeptrustsClient, upstream: respx.MockRouter, call: Any, method: str, path: str, body: object, reply: object
) -> None:
    """A call that changes something sends exactly this."""
    upstream.route().respond(201, json=reply) if reply else upstream.route().respond(204)
    await call(client)
    request = only_request(upstream)
    assert (request.method, request.url.raw_path.decode()) == (method, path)
    assert (json.loads(request.content) if request.content else None) == body
    assert ("content-type" in request.headers) == (body is not None)


@pytest.mark.parametrize("operation", ["allocate", "reclaim"])
async def test_money_is_sent_exactly(client: KeeptrustsClient, upstream: respx.MockRouter, operation: str) -> None:
    """An amount is sent as the number that it is, digit for digit."""
    upstream.route().respond(201, json={"transaction": {**TRANSACTION, "type": "allocation"}, "wallet": WALLET})
    reply = await getattr(client, operation)(team_id="team_1", amount=Decimal("5000.10"), currency="USD", note="n")
    request = only_request(upstream)
    assert request.url.path == f"/v1/wallets/{operation}"
    assert request.content == b'{"team_id":"team_1","amount":5000.10,"currency":"USD","note":"n"}'
    assert reply.wallet.balance == Decimal("876.54")


@pytest.mark.parametrize("field", ["key", "token", "value", "secret"])
async def test_a_new_keys_secret_is_found_and_kept_apart(
    client: KeeptrustsClient, upstream: respx.MockRouter, field: str
) -> None:
    """Under whichever known name the secret arrives, it is a secret, and the rest of the reply is without it."""
    upstream.route().respond(201, json={**TOKEN_RECORD, field: "kt_gk_canary"})
    token_id, secret, rest = await client.create_token("k", team_id="team_1")
    assert (token_id, secret.get_secret_value()) == ("tok_1", "kt_gk_canary")
    assert "canary" not in repr((secret, rest))


async def test_a_new_key_without_a_secret_breaks_the_contract(
    client: KeeptrustsClient, upstream: respx.MockRouter
) -> None:
    """A key whose secret is not in the reply is an error that names where it was looked for."""
    upstream.route().respond(201, json=TOKEN_RECORD)
    with pytest.raises(UpstreamContractError, match="key, token, value, secret"):
        await client.create_token("k", team_id="team_1")


async def test_nothing_that_changes_something_is_tried_twice(
    client: KeeptrustsClient, upstream: respx.MockRouter, observed: Observed
) -> None:
    """An allocation whose outcome is not known is not made again."""
    upstream.route().respond(503)
    with pytest.raises(UpstreamUnavailableError):
        await client.allocate(team_id="t", amount=Decimal(1), currency="USD", note="n")
    assert len(upstream.calls) == 1
    assert observed.waits == []


@pytest.mark.parametrize(
    "envelope", [lambda r: r, lambda r: {"data": r}, lambda r: {"items": r}, lambda r: {"teams": r, "next_cursor": ""}]
)
async def test_every_known_envelope_is_read(
    client: KeeptrustsClient, upstream: respx.MockRouter, envelope: Any
) -> None:
    """A list may come bare, or under `data`, `items` or its own name."""
    upstream.route().respond(json=envelope([TEAM]))
    assert [team.name for team in (await client.teams()).records] == ["support-team"]


@pytest.mark.parametrize(
    ("reply", "field"),
    [
        ({"data": [{"name": "x"}]}, "data.0.id"),
        ({"data": [{"id": 7, "name": "x"}, {"name": "y"}]}, "data.0.id"),
        ([{"id": "", "name": "x"}], "0.id"),
        ({"rows": []}, "data"),
        ({"data": {}}, "data"),
        ("text", "data"),
        ({"data": [], "next_cursor": 7}, "next_cursor"),
        ({"data": [], "next_cursor": "x" * 5000}, "next_cursor"),
    ],
)
async def test_a_broken_reply_names_the_field(
    client: KeeptrustsClient, upstream: respx.MockRouter, reply: object, field: str
) -> None:
    """A reply that breaks the contract is an error that names method, path and field; never an empty list."""
    upstream.route().respond(json=reply)
    with pytest.raises(UpstreamContractError) as caught:
        await client.teams()
    assert caught.value.field == field
    assert str(caught.value).startswith("GET /v1/teams: ")


@pytest.mark.parametrize(
    "body",
    [
        "",
        '[{"id": "team_1", "name": "\\ud83d"}]',
        '[{"id": "team_1", "name": "\xed\xa0\xbd"}]',
        "<html>",
        "{",
        "NaN",
        '[{"id": 1e5}, Infinity]',
        "[" * 100_000,
        "\xff",
        "null",
        "7",
        "9" * 5000,
        "[1e99999999999999999999]",
    ],
)
async def test_what_is_no_json_breaks_the_contract(
    client: KeeptrustsClient, upstream: respx.MockRouter, body: str
) -> None:
    """A body that is no JSON is a contract error, whatever it is."""
    upstream.route().respond(content=body.encode("latin-1"))
    with pytest.raises(UpstreamContractError):
        await client.teams()


async def test_characters_written_as_escapes_are_read(client: KeeptrustsClient, upstream: respx.MockRouter) -> None:
    """A character outside the basic plane may be written as two escapes, as JSON has it."""
    upstream.route().respond(content=b'[{"id": "team_1", "name": "\\ud83d\\ude80 team"}]')
    assert (await client.teams()).records[0].name == "\N{ROCKET} team"


_NO_AMOUNTS = ["true", "null", "1e400", "NaN", "1e15", "[]", "{}", "999999999999999.9999999999999"]
_NO_AMOUNTS_AS_TEXT = ['"NaN"', '""', '" 1"', '"1,5"', '"1_000"', '"+1"', '"0x1"', '"1e15"', '"Infinity"', '"\\u0661"']


@pytest.mark.parametrize("amount", _NO_AMOUNTS + _NO_AMOUNTS_AS_TEXT)
async def test_what_is_no_amount_is_no_money(client: KeeptrustsClient, upstream: respx.MockRouter, amount: str) -> None:
    """An amount that is not a number of sensible size breaks the contract at that field and is never a zero."""
    body = json.dumps([WALLET]).replace("876.54", amount)
    upstream.route().respond(content=body.encode())
    with pytest.raises(UpstreamContractError):
        await client.wallets()


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('"12.5"', "12.5"),
        ('"-3"', "-3"),
        ('"1e3"', "1000"),
        ('"0"', "0"),
        ("-0.000009999999999999999", "-0.00001"),
        ("1.000009999999999999999", "1.00001"),
        ("0.0000000000005", "0"),
        ("0.0000000000015", "0.000000000002"),
        ('"0.0000000000025"', "0.000000000002"),
        ("1e-40", "0"),
        ("999999999999999.999999999999", "999999999999999.999999999999"),
    ],
)
async def test_money_is_read_from_text_and_rounded_half_to_even(
    client: KeeptrustsClient, upstream: respx.MockRouter, written: str, value: str
) -> None:
    """A decimal number as text is as good as a number, and digits beyond 1e-12 are rounded half to even."""
    upstream.route().respond(content=json.dumps([WALLET]).replace("876.54", written).encode())
    assert (await client.wallets()).records[0].balance == Decimal(value)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.decimals(min_value=-(10**14), max_value=10**14, places=12, allow_nan=False))
async def test_money_is_read_exactly(amount: Decimal) -> None:
    """Every amount is the decimal that stood in the reply, digit for digit."""
    body = json.dumps([WALLET]).replace("876.54", format(amount, "f"))
    transport = transport_to(API, Observed(), via=httpx.MockTransport(lambda _request: reply(body.encode())))
    pages = await KeeptrustsClient(transport).wallets()
    assert pages.records[0].balance == amount
    await transport.aclose()


class Paged:
    """A list in pages of one size, which fails at one page."""

    def __init__(self, size: int, total: int, *, fails_at: int | None = None) -> None:
        self.size = size
        self.total = total
        self.fails_at = fails_at
        self.requests = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """One page."""
        start = int(request.url.params.get("cursor", "0"))
        if self.fails_at is not None and self.requests >= self.fails_at:
            return reply(status=403)
        self.requests += 1
        end = min(start + self.size, self.total)
        data = [{"id": f"team_{n}", "name": f"t{n}"} for n in range(start, end)]
        return reply(json.dumps({"data": data, "next_cursor": str(end) if end < self.total else None}).encode())


@settings(deadline=None, max_examples=60)
@given(size=st.integers(1, 7), total=st.integers(0, 40), fails_at=st.none() | st.integers(1, 8))
async def test_every_page_is_followed(size: int, total: int, fails_at: int | None) -> None:
    """All pages are read, in order and once each; where one fails, what came before is kept and said to be incomplete."""
    server = Paged(size, total, fails_at=fails_at)
    transport = transport_to(API, Observed(), via=httpx.MockTransport(server))
    pages = await KeeptrustsClient(transport).teams()
    needed = max(1, -(-total // size))
    read = needed if fails_at is None else min(needed, fails_at)
    assert server.requests == read
    assert [team.id for team in pages.records] == [f"team_{n}" for n in range(min(read * size, total))]
    assert pages.complete == (read == needed)
    assert isinstance(pages.failure, UpstreamDeniedError) == (read < needed)
    await transport.aclose()


async def test_a_reading_goes_on_where_it_ended(client: KeeptrustsClient, upstream: respx.MockRouter) -> None:
    """A page limit leaves a cursor from which the next call goes on."""
    pages = {None: "1", "1": "2", "2": None}

    def answer(request: httpx.Request) -> httpx.Response:
        cursor = request.url.params.get("cursor")
        return httpx.Response(
            200, json={"events": [EVENT | {"event_id": f"evt_{cursor}"}], "next_cursor": pages[cursor]}
        )

    upstream.route().mock(side_effect=answer)
    first = await client.events(since=SINCE, most_pages=2)
    assert (len(first.records), first.next_cursor, first.complete) == (2, "2", False)
    rest = await client.events(since=SINCE, cursor=first.next_cursor, most_pages=2)
    assert (len(rest.records), rest.complete) == (1, True)


async def test_a_list_in_a_circle_ends(client: KeeptrustsClient, upstream: respx.MockRouter) -> None:
    """A cursor that leads back to a page that was read ends the list as broken instead of going round without end."""
    upstream.route().respond(json={"data": [TEAM], "next_cursor": "again"})
    pages = await client.teams()
    assert isinstance(pages.failure, UpstreamContractError)
    assert (len(pages.records), len(upstream.calls)) == (2, 2)


async def test_a_first_page_that_fails_is_an_error(client: KeeptrustsClient, upstream: respx.MockRouter) -> None:
    """Where nothing could be read there are no records to be mistaken for an empty list."""
    upstream.route().respond(
        404, json={"error": {"type": "not_found", "code": "no_such_thing", "message": "kt_ak_canary"}}
    )
    with pytest.raises(UpstreamRejectedError) as caught:
        await client.teams()
    assert (caught.value.status, caught.value.code) == (404, "no_such_thing")
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "operation", "ask"),
    [
        ("<html>", "teams.list", lambda client: client.teams()),
        ('{"data": 5}', "tokens.list", lambda client: client.tokens()),
        ('[{"id": 5}]', "wallets.list", lambda client: client.wallets()),
        ("{}", "whoami", lambda client: client.whoami()),
        ("[]", "teams.create", lambda client: client.create_team("a")),
        ('{"id": "tok_1"}', "tokens.create", lambda client: client.create_token("k", team_id="team_1")),
    ],
)
async def test_a_broken_reply_is_told_as_such(
    client: KeeptrustsClient,
    upstream: respx.MockRouter,
    observed: Observed,
    body: str,
    operation: str,
    ask: Callable[[KeeptrustsClient], Awaitable[object]],
) -> None:
    """A reply with status 200 that cannot be read is one attempt, whose outcome is `contract`."""
    upstream.route().respond(200, text=body)
    with pytest.raises(UpstreamContractError):
        await ask(client)
    assert observed.attempts == [(operation, "contract")]


async def test_a_circle_is_told_as_such(
    client: KeeptrustsClient, upstream: respx.MockRouter, observed: Observed
) -> None:
    """The page whose cursor leads back is the one whose attempt broke the contract."""
    upstream.route().respond(json={"data": [TEAM], "next_cursor": "again"})
    await client.teams()
    assert observed.attempts == [("teams.list", "ok"), ("teams.list", "contract")]
