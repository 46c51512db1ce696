"""Groups as the service sees them."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from pydantic import SecretStr

from bff.backstage.entities import CatalogDeniedError, CatalogUnavailableError
from bff.backstage.groups import ABSENT_FOR, FRESH_FOR, RETRY_AFTER, STALE_FOR, Groups
from bff.values import EntityRef
from tests.backstage.stub import SERVICE_TOKEN, StubBackstage

PATH = "/api/catalog/entities/by-refs"
TEAM = EntityRef("group", "default", "a-team")


@pytest.fixture
def groups(backstage: StubBackstage) -> Groups:
    backstage.add(str(TEAM), team="team_1")
    return Groups(backstage.client(), token=SecretStr(SERVICE_TOKEN), monotonic=backstage.clock)


async def test_a_group_is_read_with_the_services_token(backstage: StubBackstage, groups: Groups) -> None:
    """Whose team it is does not depend on who asks."""
    found = await groups.group(TEAM)
    assert found is not None
    assert found.annotations == {"keeptrusts.dev/team": "team_1"}
    assert backstage.requests[-1].headers["authorization"] == f"Bearer {SERVICE_TOKEN}"


async def test_groups_are_remembered(backstage: StubBackstage, groups: Groups) -> None:
    """Within a minute a group is asked for once; a change is seen after that."""
    await groups.group(TEAM)
    backstage.add(str(TEAM), team="team_2")
    backstage.clock.now += FRESH_FOR - 0.1
    await groups.group(TEAM)
    assert backstage.calls[PATH] == 1
    backstage.clock.now += 0.1
    found = await groups.group(TEAM)
    assert found is not None
    assert found.annotations == {"keeptrusts.dev/team": "team_2"}


async def test_an_absent_group_is_asked_for_again_soon(backstage: StubBackstage, groups: Groups) -> None:
    """Who adds the missing group does not wait a minute."""
    absent = EntityRef("group", "default", "absent")
    assert await groups.group(absent) is None
    backstage.add(str(absent))
    assert await groups.group(absent) is None
    backstage.clock.now += ABSENT_FOR
    assert await groups.group(absent) is not None


async def test_many_groups_share_a_call(backstage: StubBackstage, groups: Groups) -> None:
    """A table of entities with as many owners asks once."""
    refs = [EntityRef("group", "default", f"g{number}") for number in range(80)]
    await asyncio.gather(*(groups.group(ref) for ref in refs))
    assert backstage.calls[PATH] == 1


async def test_backstage_down(backstage: StubBackstage, groups: Groups) -> None:
    """A group of some minutes ago counts while Backstage is down, asked for at a bounded rate; an older one does not."""
    await groups.group(TEAM)
    backstage.reply = httpx.Response(500)
    backstage.clock.now += FRESH_FOR
    for _ in range(5):
        assert await groups.group(TEAM) is not None
    assert backstage.calls[PATH] == 2
    backstage.clock.now += RETRY_AFTER
    assert await groups.group(TEAM) is not None
    assert backstage.calls[PATH] == 3
    backstage.clock.now += STALE_FOR
    with pytest.raises(CatalogUnavailableError):
        await groups.group(TEAM)


async def test_backstage_down_from_the_start(backstage: StubBackstage, groups: Groups) -> None:
    """Nothing is known of a group that was never read."""
    backstage.reply = httpx.Response(500)
    with pytest.raises(CatalogUnavailableError):
        await groups.group(TEAM)


async def test_a_refusal_is_not_covered_up(backstage: StubBackstage, groups: Groups) -> None:
    """A service token that is no longer accepted is news at once."""
    await groups.group(TEAM)
    backstage.reply = httpx.Response(401)
    backstage.clock.now += FRESH_FOR
    with pytest.raises(CatalogDeniedError):
        await groups.group(TEAM)


async def test_a_refused_token_is_tried_at_a_bounded_rate(backstage: StubBackstage, groups: Groups) -> None:
    """While Backstage refuses the service, cards do not each ask again; once it is accepted, groups are there within seconds."""
    backstage.reply = httpx.Response(401)
    for name in ("a-team", "b-team", "c-team"):
        with pytest.raises(CatalogDeniedError):
            await groups.group(EntityRef("group", "default", name))
    assert backstage.calls[PATH] == 1
    backstage.reply = None
    backstage.clock.now += RETRY_AFTER
    assert await groups.group(TEAM) is not None


async def test_without_a_service_token(backstage: StubBackstage) -> None:
    """The message says which setting is missing."""
    with pytest.raises(CatalogDeniedError, match="BACKSTAGE_TOKEN is not set"):
        await Groups(backstage.client(), token=None).group(TEAM)
    assert not backstage.requests
