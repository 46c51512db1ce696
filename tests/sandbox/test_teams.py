"""Teams are renamed and taken away over HTTP, as `kt team update` and `kt team delete` do."""

from __future__ import annotations

from decimal import Decimal

import httpx
import pytest

from bff.sandbox.accounts import State


async def test_a_team_gets_another_name_and_keeps_the_rest(admin: httpx.AsyncClient, state: State) -> None:
    """A member that is left out of the change stays as it was, in the team and in the name of its wallet."""
    team = state.create_team("search", description="Finds things")
    state.wallets.allocate(team, Decimal(5))
    changed = await admin.patch(f"/v1/teams/{team.id}", json={"name": "discovery"})
    assert (changed.status_code, changed.json()["name"], changed.json()["slug"]) == (200, "discovery", "discovery")
    assert changed.json()["description"] == "Finds things"
    assert [wallet.name for wallet in state.wallets.all][1:] == ["discovery"]


async def test_a_description_can_be_taken_away(admin: httpx.AsyncClient, state: State) -> None:
    """A null description is a change, not a member left out."""
    team = state.create_team("search", description="Finds things")
    assert (await admin.patch(f"/v1/teams/{team.id}", json={"description": None})).json()["description"] is None


async def test_a_name_belongs_to_one_team(admin: httpx.AsyncClient, state: State) -> None:
    """A team cannot take another's name, but may be given its own again."""
    team, _other = state.create_team("search"), state.create_team("billing")
    assert (await admin.patch(f"/v1/teams/{team.id}", json={"name": "billing"})).status_code == 409
    assert (await admin.patch(f"/v1/teams/{team.id}", json={"name": "search"})).status_code == 200


async def test_an_empty_team_can_be_deleted_once(admin: httpx.AsyncClient, state: State) -> None:
    """The team is gone, its name is free, and a second deletion finds nothing."""
    team = state.create_team("search")
    replies = [(await admin.delete(f"/v1/teams/{team.id}")).status_code for _ in range(2)]
    assert replies == [204, 404]
    assert state.create_team("search").id != team.id


@pytest.mark.parametrize("held", ["key", "configuration", "money"])
async def test_a_team_that_holds_something_stays(admin: httpx.AsyncClient, state: State, held: str) -> None:
    """A key in force, a configuration or money keeps a team from being deleted, and the refusal says which."""
    team = state.create_team("search")
    match held:
        case "key":
            state.create_key("search-gw-key", team.id)
        case "configuration":
            state.create_configuration("search-config", team.id, "tier-2-internal")
        case _:
            state.wallets.allocate(team, Decimal(1))
    refused = await admin.delete(f"/v1/teams/{team.id}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "in_use")
    assert {"key": "token", "configuration": "configuration", "money": "money"}[held] in refused.json()["error"][
        "message"
    ]
    assert state.team(team.id) == team
