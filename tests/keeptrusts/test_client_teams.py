"""What the client sends to rename a team and to take one away."""

from __future__ import annotations

import json

import pytest
import respx

from bff.keeptrusts.client import KeeptrustsClient
from bff.keeptrusts.errors import UpstreamRejectedError
from tests.keeptrusts.conftest import reply


@pytest.mark.parametrize("description", ["Finds things", None])
async def test_a_team_is_changed(client: KeeptrustsClient, upstream: respx.MockRouter, description: str | None) -> None:
    """`PATCH /v1/teams/{id}` carries name and description, null where there is to be none, and gives the team as it is then."""
    route = upstream.patch("/v1/teams/team_1").mock(return_value=reply(b'{"id":"team_1","name":"discovery"}'))
    changed = await client.change_team("team_1", name="discovery", description=description)
    assert json.loads(route.calls.last.request.content) == {"name": "discovery", "description": description}
    assert (changed.id, changed.name) == ("team_1", "discovery")


async def test_a_team_is_deleted(client: KeeptrustsClient, upstream: respx.MockRouter) -> None:
    """`DELETE /v1/teams/{id}`, with whatever the id is kept within its segment of the path."""
    route = upstream.delete(path__regex="^/v1/teams/").mock(return_value=reply(status=204))
    await client.delete_team("team/../1")
    assert route.calls.last.request.url.raw_path == b"/v1/teams/team%2F..%2F1"


async def test_a_taken_name_is_a_refusal(client: KeeptrustsClient, upstream: respx.MockRouter) -> None:
    """409 comes out as what it is, and is not tried again."""
    route = upstream.patch("/v1/teams/team_1").mock(
        return_value=reply(b'{"error":{"code":"already_exists"}}', status=409)
    )
    with pytest.raises(UpstreamRejectedError) as refusal:
        await client.change_team("team_1", name="billing", description=None)
    assert (refusal.value.status, refusal.value.code, route.call_count) == (409, "already_exists", 1)
