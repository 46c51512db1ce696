"""The control plane over HTTP: what the contract page says, and what it refuses."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import httpx
import pytest

from bff.keeptrusts import contract
from bff.sandbox import READ_TOKEN
from bff.sandbox.accounts import State
from bff.sandbox.records import Charge

READER = {"authorization": f"Bearer {READ_TOKEN}"}


def exact(reply: httpx.Response) -> Any:
    return json.loads(reply.content, parse_float=Decimal)


async def make_team(admin: httpx.AsyncClient, name: str = "a-team") -> str:
    return (await admin.post("/v1/teams", json={"name": name})).json()["id"]


def error(reply: httpx.Response) -> tuple[int, str]:
    body = reply.json()["error"]
    assert body["type"]
    assert body["message"]
    return reply.status_code, body["code"]


async def test_a_team_is_provisioned_as_the_guide_does_it(admin: httpx.AsyncClient) -> None:
    """Team, key, configuration and wallet come from four calls, and every reply is of the contract."""
    made = await admin.post("/v1/teams", json={"name": "a-team"})
    team = contract.TeamRecord.model_validate(made.json())
    key = await admin.post("/v1/tokens", json={"name": "a-key", "token_type": "gateway", "team_id": team.id})
    configuration = await admin.post(
        "/v1/configurations", json={"name": "a-config", "team_id": team.id, "template_id": "tier-2-internal"}
    )
    money = await admin.post("/v1/wallets/allocate", json={"team_id": team.id, "amount": 5000.00, "currency": "USD"})
    assert [reply.status_code for reply in (made, key, configuration, money)] == [201] * 4
    assert key.json()["key"].startswith("kt_gk_")
    assert contract.TokenRecord.model_validate(key.json()).team_id == team.id
    assert contract.ConfigurationRecord.model_validate(configuration.json()).enabled
    assert contract.AllocationReply.model_validate(exact(money)).wallet.balance == 5000


async def test_a_key_is_shown_once(admin: httpx.AsyncClient) -> None:
    """The list of tokens holds no secret, and no cache keeps the reply that does."""
    team = await make_team(admin)
    made = await admin.post("/v1/tokens", json={"name": "a-key", "token_type": "gateway", "team_id": team})
    listed = await admin.get("/v1/tokens?type=gateway")
    assert made.headers["cache-control"] == "no-store"
    assert made.json()["key"] not in listed.text
    assert "key" not in listed.json()["data"][0]


async def test_tokens_of_another_type_are_not_listed(admin: httpx.AsyncClient) -> None:
    """The query is `type`, though the body says `token_type`."""
    team = await make_team(admin)
    await admin.post("/v1/tokens", json={"name": "a-key", "token_type": "gateway", "team_id": team})
    assert (await admin.get("/v1/tokens?type=access")).json()["data"] == []


async def test_a_revoked_token_stays_listed(admin: httpx.AsyncClient) -> None:
    """Revocation is news, not disappearance."""
    team = await make_team(admin)
    key = (await admin.post("/v1/tokens", json={"name": "k", "token_type": "gateway", "team_id": team})).json()
    assert (await admin.delete(f"/v1/tokens/{key['id']}")).status_code == 204
    listed = (await admin.get("/v1/tokens")).json()["data"][0]
    assert listed["status"] == "revoked"
    assert listed["revoked_at"]


async def test_a_configuration_can_be_deleted(admin: httpx.AsyncClient) -> None:
    """It is gone from the list, and a second time there is nothing to delete."""
    team = await make_team(admin)
    body = {"name": "c", "team_id": team, "template_id": "tier-1-exploration"}
    made = (await admin.post("/v1/configurations", json=body)).json()
    assert (await admin.delete(f"/v1/configurations/{made['id']}")).status_code == 204
    assert (await admin.get("/v1/configurations")).json()["data"] == []
    assert error(await admin.delete(f"/v1/configurations/{made['id']}")) == (404, "not_found")


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer wrong", f"Basic {READ_TOKEN}", READ_TOKEN])
async def test_no_token_no_answer(admin: httpx.AsyncClient, header: str | None) -> None:
    """Without a known bearer token every call is 401."""
    del admin.headers["authorization"]
    reply = await admin.get("/v1/teams", headers={} if header is None else {"authorization": header})
    assert error(reply) == (401, "invalid_token")
    assert reply.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/teams"),
        ("POST", "/v1/tokens"),
        ("DELETE", "/v1/tokens/tok_1"),
        ("POST", "/v1/configurations"),
        ("DELETE", "/v1/configurations/cfg_1"),
        ("POST", "/v1/wallets/allocate"),
        ("POST", "/v1/wallets/reclaim"),
    ],
)
async def test_a_reader_changes_nothing(admin: httpx.AsyncClient, method: str, path: str) -> None:
    """The read token is refused before anything else is looked at."""
    assert error(await admin.request(method, path, headers=READER)) == (403, "missing_permission")


async def test_a_token_is_told_what_it_may_do(admin: httpx.AsyncClient) -> None:
    """Moving money is a permission of its own, which the reader lacks."""
    mine = contract.WhoAmI.model_validate((await admin.get("/v1/whoami")).json())
    readers = contract.WhoAmI.model_validate((await admin.get("/v1/whoami", headers=READER)).json())
    assert "org:billing" in mine.permissions
    assert readers.permissions == ("org:read",)
    assert "stand-in" in mine.organization.name


async def test_names_are_taken_once(admin: httpx.AsyncClient) -> None:
    """A second team in the organisation, or a second configuration or, with `unique` names, key in a team, is refused."""
    assert (await admin.put("/_sandbox/keys", json={"names": "unique"})).json() == {"names": "unique"}
    team, other = await make_team(admin), await make_team(admin, "b-team")
    token = {"name": "x", "token_type": "gateway", "team_id": team}
    configuration = {"name": "x", "team_id": team, "template_id": "tier-1-exploration"}
    assert error(await admin.post("/v1/teams", json={"name": "a-team"})) == (409, "already_exists")
    for path, body in (("/v1/tokens", token), ("/v1/configurations", configuration)):
        assert (await admin.post(path, json=body)).status_code == 201
        assert error(await admin.post(path, json=body)) == (409, "already_exists")
        assert (await admin.post(path, json={**body, "team_id": other})).status_code == 201


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v1/teams/team_1", None),
        ("GET", "/v1/wallets/wal_1/transactions", None),
        ("GET", "/v1/wallets/balance?team_id=team_1", None),
        ("DELETE", "/v1/tokens/tok_1", None),
        ("POST", "/v1/tokens", {"name": "k", "token_type": "gateway", "team_id": "team_1"}),
        ("POST", "/v1/configurations", {"name": "c", "team_id": "team_1", "template_id": "tier-1-exploration"}),
        ("POST", "/v1/wallets/allocate", {"team_id": "team_1", "amount": 1}),
        ("GET", "/v1/nothing", None),
    ],
)
async def test_what_is_not_there_is_not_found(
    admin: httpx.AsyncClient, method: str, path: str, body: object | None
) -> None:
    """An unknown id or path is 404 in the documented envelope."""
    assert error(await admin.request(method, path, json=body)) == (404, "not_found")


async def test_a_wrong_method_is_told_apart(admin: httpx.AsyncClient) -> None:
    """405, in the envelope too."""
    assert error(await admin.put("/v1/whoami")) == (405, "method_not_allowed")


@pytest.mark.parametrize("amount", ["0", "-1", '"5"', "true", "null", "NaN", "1e999", "1e10", "0.0000001", "[]"])
async def test_an_amount_is_a_positive_json_number(admin: httpx.AsyncClient, state: State, amount: str) -> None:
    """Anything else is 422, and no wallet is made of it."""
    team = await make_team(admin)
    reply = await admin.post(
        "/v1/wallets/allocate",
        content=f'{{"team_id": "{team}", "amount": {amount}}}',
        headers={"content-type": "application/json"},
    )
    assert error(reply) == (422, "invalid_request")
    assert state.wallets.of_team(team) is None


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"name": 5}', b"\xff", b'{"name": "\\ud800"}', b"[" * 100_000, b"9" * 5000]
)
async def test_a_body_that_is_no_team_is_refused(admin: httpx.AsyncClient, body: bytes) -> None:
    """Whatever the bytes, the reply is 422 in the envelope."""
    reply = await admin.post("/v1/teams", content=body, headers={"content-type": "application/json"})
    assert error(reply) == (422, "invalid_request")


async def test_a_body_of_another_type_is_refused(admin: httpx.AsyncClient) -> None:
    """A form that a web page could send without asking is not read."""
    reply = await admin.post("/v1/teams", content=b'{"name": "x"}', headers={"content-type": "text/plain"})
    assert error(reply) == (415, "unsupported_media_type")


async def test_a_huge_body_is_refused(admin: httpx.AsyncClient) -> None:
    """The bound is 256 KiB."""
    reply = await admin.post("/v1/teams", content=b" " * (256 * 1024 + 1), headers={"content-type": "application/json"})
    assert error(reply) == (413, "too_large")


async def test_a_key_cannot_be_born_expired(admin: httpx.AsyncClient) -> None:
    """`expires_at` lies in the future and has an offset."""
    team = await make_team(admin)
    body = {"name": "k", "token_type": "gateway", "team_id": team}
    for moment in ("2026-03-10T12:00:00Z", "2027-01-01T00:00:00"):
        assert error(await admin.post("/v1/tokens", json={**body, "expires_at": moment})) == (422, "invalid_request")


async def test_money_keeps_every_digit(admin: httpx.AsyncClient, state: State) -> None:
    """Amounts are JSON numbers, exact to the last decimal, however often they were summed."""
    team = state.create_team("a-team")
    _, account = state.wallets.allocate(team, Decimal("0.3"))
    for _ in range(3):
        state.wallets.settle_late(account.id, Decimal("0.0000000001"), created_at=state.clock(), charge=Charge())
    listed = await admin.get("/v1/wallets")
    assert '"balance":0.2999999997' in listed.text
    wallets = [contract.WalletRecord.model_validate(item) for item in exact(listed)["data"]]
    assert wallets[1].total_spent == Decimal("0.0000000003")


async def test_every_page_together_is_the_list(admin: httpx.AsyncClient) -> None:
    """Following `next_cursor` gives each team once, also when teams are made meanwhile."""
    names = [f"team-{number}" for number in range(7)]
    for name in names:
        await make_team(admin, name)
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        reply = (await admin.get("/v1/teams", params={"limit": 3, **({"cursor": cursor} if cursor else {})})).json()
        seen += [team["name"] for team in reply["data"]]
        cursor = reply["next_cursor"]
        if len(seen) == 3:
            await make_team(admin, "late-team")
    assert seen == [*names, "late-team"]


async def test_transactions_page_back_in_time(admin: httpx.AsyncClient, state: State, clock: Any) -> None:
    """Newest first, since inclusive, until exclusive; what is booked meanwhile shifts nothing."""
    _, account = state.wallets.allocate(state.create_team("a-team"), Decimal(100))
    start = clock.now
    for _ in range(5):
        clock.advance(hours=1)
        state.wallets.settle_late(account.id, Decimal(1), created_at=clock.now, charge=Charge())
    path = f"/v1/wallets/{account.id}/transactions"
    window = {"since": start.isoformat(), "until": clock.now.isoformat(), "limit": "3"}
    first = (await admin.get(path, params=window)).json()
    state.wallets.settle_late(account.id, Decimal(1), created_at=clock.now, charge=Charge())
    second = (await admin.get(path, params={**window, "cursor": first["next_cursor"]})).json()
    hours = [item["created_at"][11:13] for item in first["data"] + second["data"]]
    assert hours == ["16", "15", "14", "13", "12"]
    assert second["next_cursor"] is None


async def test_a_late_settle_is_listed_on_its_day(admin: httpx.AsyncClient, state: State, clock: Any) -> None:
    """A booking may carry a past time; a reader that asks from that day on finds it there."""
    _, account = state.wallets.allocate(state.create_team("a-team"), Decimal(100))
    yesterday = clock.now.replace(day=9)
    state.wallets.settle_late(account.id, Decimal(1), created_at=yesterday, charge=Charge(token_id="tok_1"))
    reply = await admin.get(f"/v1/wallets/{account.id}/transactions", params={"until": clock.now.isoformat()})
    (found,) = reply.json()["data"]
    assert contract.TransactionRecord.model_validate(found).created_at == yesterday


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "cursor=%00", "since=today", "until=2026-01-01"])
async def test_a_query_that_makes_no_sense_is_refused(admin: httpx.AsyncClient, query: str) -> None:
    """422, naming the parameter."""
    reply = await admin.get(f"/v1/events?{query}")
    assert error(reply) == (422, "invalid_request")
    assert query.partition("=")[0] in reply.json()["error"]["message"]


async def test_the_effective_scope_is_who_would_pay(admin: httpx.AsyncClient, state: State) -> None:
    """The team while it has money, then the organisation, then none."""
    team = state.create_team("a-team")
    path = f"/v1/wallets/balance?team_id={team.id}"
    assert (await admin.get(path)).json()["effective_scope"] is None
    state.wallets.credit(Decimal(1))
    assert (await admin.get(path)).json()["effective_scope"] == "organization"
    state.wallets.allocate(team, Decimal(2))
    reply = (await admin.get(path)).json()
    assert reply["effective_scope"] == "team"
    assert [wallet["scope"] for wallet in reply["wallets"]] == ["team", "organization"]


async def test_allocating_twice_is_twice(admin: httpx.AsyncClient, state: State) -> None:
    """The contract's allocate is not idempotent, so the stand-in's is not either."""
    team = await make_team(admin)
    for _ in range(2):
        await admin.post("/v1/wallets/allocate", json={"team_id": team, "amount": 5})
    account = state.wallets.of_team(team)
    assert account is not None
    assert account.balance == 10


async def test_what_is_reclaimed_must_be_there(admin: httpx.AsyncClient) -> None:
    """Reclaiming gives the wallet as it is after; too much is 422."""
    team = await make_team(admin)
    await admin.post("/v1/wallets/allocate", json={"team_id": team, "amount": 5})
    taken = await admin.post("/v1/wallets/reclaim", json={"team_id": team, "amount": 2.5, "note": "unused"})
    reply = contract.AllocationReply.model_validate(exact(taken))
    assert (reply.wallet.balance, reply.transaction.amount) == (Decimal("2.5"), Decimal("-2.5"))
    assert error(await admin.post("/v1/wallets/reclaim", json={"team_id": team, "amount": 3})) == (
        422,
        "invalid_request",
    )


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_probes_need_no_token(admin: httpx.AsyncClient, path: str) -> None:
    """A probe has no secret to show."""
    del admin.headers["authorization"]
    assert (await admin.get(path)).status_code == 200


async def test_the_request_id_comes_back(admin: httpx.AsyncClient) -> None:
    """The caller's own, or a new one where it has none that can be sent back."""
    given = await admin.get("/v1/teams", headers={"x-request-id": "abc-1"})
    made = await admin.get("/v1/teams", headers={"x-request-id": "x" * 500})
    assert given.headers["x-request-id"] == "abc-1"
    assert made.headers["x-request-id"].startswith("req_")


async def test_every_reply_names_the_stand_in(admin: httpx.AsyncClient) -> None:
    """Every reply, an error too, says that it comes from the sandbox."""
    for path in ("/v1/teams", "/nothing", "/_sandbox/faults"):
        assert (await admin.get(path)).headers["server"] == "keeptrusts-sandbox"
