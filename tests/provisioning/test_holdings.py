"""What a team has in force is shown by name to those who may provision it: the steps of a template work on it."""

from __future__ import annotations

from decimal import Decimal

import httpx

from tests.provisioning.conftest import Office


async def shown(office: Office, *, user: str = "platform-engineer", **params: str) -> httpx.Response:
    """The reply to a look at the office's team."""
    headers = {"authorization": f"Bearer {user}"}
    return await office.running.client.get(f"/v1/teams/{office.team}", params=params, headers=headers)


async def test_names_of_what_is_in_force(office: Office) -> None:
    """Keys and configurations in force are named once each; revoked and disabled ones, other teams' and amounts are not there."""
    team_id = await office.team_id()
    await office.make_key(team_id)
    await office.rotate(team_id)
    await office.make_configuration(team_id)
    await office.fund(team_id, amount=1234)
    state = office.running.state
    revoked, _ = state.create_key(f"{office.team}-old", team_id)
    state.revoke_key(revoked.id)
    state.create_configuration(f"{office.team}-off", team_id, "tier-1-exploration", enabled=False)
    state.create_key("another-gw-key", state.create_team("another").id)
    reply = await shown(office)
    assert reply.json() == {
        "id": team_id,
        "name": office.team,
        "keys": [f"{office.team}-gw-key"],
        "configurations": [f"{office.team}-config"],
    }


async def test_others_see_nothing(office: Office) -> None:
    """A caller who may not provision the team is refused, whether there is one or not."""
    before = await shown(office, user="search-engineer")
    await office.make_team()
    after = await shown(office, user="search-engineer")
    assert [reply.status_code for reply in (before, after)] == [403, 403]
    assert before.json()["detail"] == after.json()["detail"]


async def test_a_team_that_is_not_there_is_named(office: Office) -> None:
    """The refusal for a team that Keeptrusts does not have says which, and none is made."""
    reply = await shown(office)
    assert reply.status_code == 422
    assert f"there is no team '{office.team}'" in reply.json()["detail"]
    assert office.team not in {team.name for team in office.running.state.teams}


async def test_another_name_confirms_nothing(office: Office) -> None:
    """A confirmation that is not the team's name is refused with both names; the name itself is taken."""
    await office.make_team()
    wrong = await shown(office, confirm="new-tea")
    assert wrong.status_code == 422
    assert f"'{office.team}', and is 'new-tea'. Nothing was done." in wrong.json()["detail"]
    assert (await shown(office, confirm=office.team)).status_code == 200


async def test_all_that_is_left_is_reclaimed_to_the_last_millionth(office: Office) -> None:
    """A balance with more decimals than money is moved in is reclaimed as far as it can be."""
    team_id = await office.team_id()
    await office.fund(team_id, amount=10)
    wallet = office.running.state.wallets.of_team(team_id)
    assert wallet is not None
    wallet.settle_unlisted(Decimal("0.0000125"), office.running.time.now())
    reply = await office.post("/v1/wallets/reclaim", {"team_id": team_id}, idempotency_key="end")
    assert reply.status_code == 201, reply.text
    assert wallet.balance == Decimal("0.0000005")
    again = await office.post("/v1/wallets/reclaim", {"team_id": team_id}, idempotency_key="end-2")
    assert (again.status_code, again.json()["transaction"]) == (200, None)
