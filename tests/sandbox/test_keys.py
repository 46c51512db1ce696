"""A gateway key's life in the sandbox: two living keys of one name, their use, and the end of one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import httpx

from bff.sandbox.accounts import State
from bff.sandbox.records import Team

CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello."}]}


async def made(admin: httpx.AsyncClient, team: Team) -> dict[str, Any]:
    """The reply to the making of the key `search-gw-key`, with its secret."""
    body = {"name": "search-gw-key", "token_type": "gateway", "team_id": team.id}
    reply: dict[str, Any] = (await admin.post("/v1/tokens", json=body)).raise_for_status().json()
    return reply


async def listed(admin: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    """The gateway keys by id, as they are listed."""
    return {key["id"]: key for key in (await admin.get("/v1/tokens?type=gateway")).json()["data"]}


async def complete(gateway: httpx.AsyncClient, secret: str) -> httpx.Response:
    """A chat completion with this key."""
    return await gateway.post("/v1/chat/completions", json=CHAT, headers={"authorization": f"Bearer {secret}"})


async def test_two_keys_of_one_name_live_side_by_side(
    admin: httpx.AsyncClient, gateway: httpx.AsyncClient, state: State
) -> None:
    """A second key of a living key's name is another key, and the gateway takes both."""
    team = state.create_team("search")
    state.wallets.allocate(team, Decimal(10))
    first, second = await made(admin, team), await made(admin, team)
    assert first["id"] != second["id"]
    assert [(await complete(gateway, key["key"])).status_code for key in (first, second)] == [200, 200]
    assert {key["status"] for key in (await listed(admin)).values()} == {"active"}


async def test_revoking_one_of_two_spares_the_other(
    admin: httpx.AsyncClient, gateway: httpx.AsyncClient, state: State
) -> None:
    """The revoked key is refused and stays in the list with the time of its end; its namesake works on."""
    team = state.create_team("search")
    state.wallets.allocate(team, Decimal(10))
    old, new = await made(admin, team), await made(admin, team)
    assert (await admin.delete(f"/v1/tokens/{old['id']}")).status_code == 204
    assert [(await complete(gateway, key["key"])).status_code for key in (old, new)] == [401, 200]
    keys = await listed(admin)
    assert keys[old["id"]]["status"] == "revoked"
    assert keys[old["id"]]["revoked_at"] is not None
    assert keys[new["id"]]["status"] == "active"


async def test_each_key_remembers_its_own_last_use(
    admin: httpx.AsyncClient, gateway: httpx.AsyncClient, state: State
) -> None:
    """A request with one key of a name leaves the last use of the other as it was."""
    team = state.create_team("search")
    state.wallets.allocate(team, Decimal(10))
    old, new = await made(admin, team), await made(admin, team)
    await complete(gateway, new["key"])
    keys = await listed(admin)
    assert keys[old["id"]]["last_used_at"] is None
    assert keys[new["id"]]["last_used_at"] is not None


async def test_a_revoked_key_frees_its_name(admin: httpx.AsyncClient, state: State) -> None:
    """Where names are unique among living keys, a successor can be made once the last key of the name is revoked."""
    team = state.create_team("search")
    keys = [state.create_key("search-gw-key", team.id)[0] for _ in range(2)]
    await admin.put("/_sandbox/keys", json={"names": "unique"})
    body = {"name": "search-gw-key", "token_type": "gateway", "team_id": team.id}
    statuses = []
    for key in keys:
        state.revoke_key(key.id)
        statuses.append((await admin.post("/v1/tokens", json=body)).status_code)
    assert statuses == [409, 201]


async def test_a_key_can_be_forgotten(admin: httpx.AsyncClient, gateway: httpx.AsyncClient, state: State) -> None:
    """A forgotten key is neither listed nor accepted, and cannot be revoked."""
    key = await made(admin, state.create_team("search"))
    assert (await admin.delete(f"/_sandbox/keys/{key['id']}")).status_code == 204
    assert await listed(admin) == {}
    assert (await complete(gateway, key["key"])).status_code == 401
    assert (await admin.delete(f"/v1/tokens/{key['id']}")).status_code == 404


async def test_a_rule_that_is_none_is_refused(admin: httpx.AsyncClient) -> None:
    """A rule for keys that the sandbox does not have is refused, with the forms that it knows."""
    reply = await admin.put("/_sandbox/keys", json={"names": "sometimes"})
    assert reply.status_code == 422
    assert "'shared' or 'unique'" in reply.json()["error"]["message"]


async def test_reclaiming_all_leaves_a_wallet_of_nothing(admin: httpx.AsyncClient, state: State) -> None:
    """What a team has left can be reclaimed to the last cent, and nothing beyond it."""
    team = state.create_team("search")
    state.wallets.allocate(team, Decimal("10.25"))
    body = {"team_id": team.id, "amount": 10.25, "currency": "USD"}
    wallet = (await admin.post("/v1/wallets/reclaim", json=body)).json()["wallet"]
    assert (wallet["balance"], wallet["total_allocated"], wallet["status"]) == (0, 0, "depleted")
    assert (await admin.post("/v1/wallets/reclaim", json={**body, "amount": 0.01})).status_code == 422
