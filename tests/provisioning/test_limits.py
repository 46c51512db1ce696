"""What a member may do for their own team ends at the policy, however the service is called; nothing is made beyond it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import NOON, Start
from tests.harness.openbao import ROOT_TOKEN, OpenBao

from .conftest import DIRECT, SETTINGS, Bearer, Office

MEMBER = f"{DIRECT}support-engineer"
PLATFORM = "platform-engineer"
OTHER_PLATFORM = "user:default/financial-controller"


@pytest.fixture
def team(office: Office) -> str:
    """The id of a team that the member's group owns."""
    office.team = "support-team"
    return next(team.id for team in office.running.state.teams if team.name == "support-team")


def made(office: Office) -> tuple[int, int, list[tuple[str, Decimal]]]:
    """All that can be made: counts of keys and configurations, and balances."""
    state = office.running.state
    balances = [(wallet.id, wallet.total_allocated) for wallet in state.wallets.all]
    return len(state.keys), len(state.configurations), balances


def refusal(reply: httpx.Response) -> dict[str, Any]:
    """The members of a refusal."""
    assert reply.status_code == 403, reply.text
    document: dict[str, Any] = reply.json()
    assert document["type"] == "urn:keeptrusts-bff:forbidden"
    return document


@pytest.mark.parametrize("user", [MEMBER, "support-engineer"], ids=["direct", "template"])
async def test_money_ends_at_the_ceiling(office: Office, team: str, user: str) -> None:
    """A member's allocations with ever new keys stop at 3,000 USD a month, and the refusal says what is left."""
    assert (await office.fund(team, 2500, key="a", user=user)).status_code == 201
    before = made(office)
    for amount, key in ((10_000_000, "b"), (501, "c"), (500.01, "d")):
        refused = refusal(await office.fund(team, amount, key=key, user=user))
        assert (refused["rule"], refused["limit"], refused["left"]) == ("funding.ownersMonthlyUsd", "3000", "500")
        assert refused["ask"] == "the platform team"
    assert made(office) == before
    assert (await office.fund(team, 500, key="e", user=user)).status_code == 201
    assert refusal(await office.fund(team, 0.01, key="f", user=user))["left"] == "0"


async def test_a_new_month_has_a_ceiling_of_its_own(office: Office, team: str) -> None:
    """What was given in one calendar month does not count in the next."""
    assert (await office.fund(team, 3000, key="march", user=MEMBER)).status_code == 201
    office.running.time.pass_(21 * 86_400)
    assert (await office.fund(team, 3000, key="april", user=MEMBER)).status_code == 201


async def test_the_ceiling_holds_between_replicas(office: Office, team: str) -> None:
    """Allocations at two processes add up to one ceiling."""
    async with office.another() as replica:
        assert (await office.fund(team, 2000, key="a", user=MEMBER)).status_code == 201
        assert refusal(await replica.fund(team, 2000, key="b", user=MEMBER))["left"] == "1000"


async def test_a_weaker_tier_is_refused(office: Office, team: str) -> None:
    """A second configuration of a weaker tier under another name is refused, and so is one that replaces the stricter."""
    before = made(office)
    [strict] = [each for each in office.running.state.configurations if each.team_id == team]
    for more in ({}, {"replaces": strict.name}):
        body = {"name": "support-team-other", "team_id": team, "template_id": "tier-1-exploration"} | more
        refused = refusal(await office.post("/v1/configurations", body, user=MEMBER))
        assert (refused["rule"], refused["limit"]) == ("tiers.lower", "tier-3-customer-facing")
    assert made(office) == before


async def test_a_tier_that_is_not_listed_is_refused(office: Office, team: str) -> None:
    """A tier that the policy does not list is for platform groups."""
    body = {"name": "support-team-other", "team_id": team, "template_id": "tier-9-anything"}
    refused = refusal(await office.post("/v1/configurations", body, user=MEMBER))
    assert (refused["rule"], "tier-3-customer-facing" in refused["limit"]) == ("tiers.allowed", True)


async def test_a_policy_cannot_be_taken_from_living_keys(office: Office, team: str) -> None:
    """A member disables the team's configuration only once no key works without it."""
    [strict] = [each for each in office.running.state.configurations if each.team_id == team]
    path = f"/v1/configurations/{strict.name}/disable"
    assert refusal(await office.post(path, {"team_id": team}, user=MEMBER))["rule"] == "tiers.lower"
    names = {key.name for key in office.running.state.keys if key.team_id == team}
    for name in names:
        await office.post(f"/v1/tokens/{name}/revoke", {"team_id": team}, user=MEMBER)
    reply = await office.post(path, {"team_id": team}, user=MEMBER)
    assert (reply.status_code, reply.json()["disabled"]) == (200, strict.id)
    again = await office.post(path, {"team_id": team}, user=MEMBER)
    assert (again.status_code, again.json()["disabled"]) == (200, None)


@pytest.mark.parametrize(
    "name", ["newteam-gw-key", "supportteam-key", "support", "support-tea", "other-support-team-x"]
)
async def test_a_key_under_another_name_is_refused(office: Office, team: str, name: str) -> None:
    """A key whose name does not begin with the team's is refused: it may be another team's one day."""
    before = made(office)
    refused = refusal(await office.post("/v1/tokens", {"name": name, "team_id": team}, user=MEMBER))
    assert (refused["rule"], refused["limit"]) == ("keys.name", "support-team-")
    assert made(office) == before


async def test_a_longer_teams_name_is_not_the_shorter_ones(office: Office, team: str) -> None:
    """Of two teams whose names begin alike, a key belongs to the one with the longer name."""
    office.running.state.create_team("support-team-eu")
    refused = refusal(await office.post("/v1/tokens", {"name": "support-team-eu-key", "team_id": team}, user=MEMBER))
    assert refused["rule"] == "keys.name"


async def test_a_name_that_was_taken_before_its_team_was_there_is_no_hindrance(office: Office) -> None:
    """A key of a shorter-named team does not keep the team that it is named after from its own."""
    shorter = office.running.state.create_team(office.team.rsplit("-", 1)[0])
    office.running.state.create_key(f"{office.team}-gw-key", shorter.id)
    team_id = await office.team_id()
    reply = await office.make_key(team_id)
    assert reply.status_code == 201, reply.text


async def test_the_key_beyond_the_last_is_refused(office: Office, team: str) -> None:
    """The 31st living key is refused; after one is revoked there is room again."""
    state = office.running.state
    living = sum(key.team_id == team and key.revoked_at is None for key in state.keys)
    for number in range(30 - living):
        state.create_key(f"support-team-{number}", team)
    before = made(office)
    body = {"name": "support-team-31st", "team_id": team}
    refused = refusal(await office.post("/v1/tokens", body, user=MEMBER))
    assert (refused["rule"], refused["limit"], refused["left"]) == ("keys.mostLiving", "30", "0")
    assert made(office) == before
    assert (await office.post("/v1/tokens/support-team-0/revoke", {"team_id": team}, user=MEMBER)).status_code == 200
    assert (await office.post("/v1/tokens", body, user=MEMBER)).status_code == 201


@pytest.fixture
async def short_lived(start: Start, openbao: OpenBao, tmp_path: Path) -> AsyncIterator[Office]:
    """A service whose policy lets keys live for 90 days."""
    policy = tmp_path / "policy.yaml"
    policy.write_text("ask: '#ai-platform'\nkeys:\n  longestLifeDays: 90\n")
    settings = SETTINGS | {"vault_addr": openbao.url, "vault_token": ROOT_TOKEN, "bff_provisioning_policy": policy}
    async with start(**settings) as running:
        running.app.service.identity = Bearer()
        yield Office(running, openbao)


async def test_a_key_lives_no_longer_than_the_policy_lets_it(short_lived: Office) -> None:
    """A longer life is refused; a key for which none is asked gets the longest."""
    team_id = await short_lived.team_id()
    name = f"{short_lived.team}-gw-key"
    body = {"name": name, "team_id": team_id, "expires_at": (NOON + timedelta(days=91)).isoformat()}
    refused = refusal(await short_lived.post("/v1/tokens", body))
    assert (refused["rule"], refused["limit"], refused["ask"]) == ("keys.longestLifeDays", "90", "#ai-platform")
    reply = await short_lived.make_key(team_id)
    assert reply.json()["expires_at"] == (NOON + timedelta(days=90)).isoformat()


async def test_a_template_has_no_wider_rights(office: Office, team: str) -> None:
    """What somebody else's template does in the name of a platform member stays within the limits; their own call need not."""
    refused = refusal(await office.fund(team, 3001, key="a", user=PLATFORM))
    assert "approvedBy" in refused["detail"]
    assert (await office.fund(team, 3001, key="a", user=f"{DIRECT}{PLATFORM}")).status_code == 201


async def test_an_approval_is_by_another_platform_member(office: Office, team: str) -> None:
    """A template goes further with the name of another platform member, and with no other name; the act has that name."""

    async def fund(approver: str) -> httpx.Response:
        body = {"team_id": team, "amount": 3001, "approvedBy": approver}
        return await office.post("/v1/wallets/allocate", body, user=PLATFORM, idempotency_key="a")

    for approver in (f"user:default/{PLATFORM}", "user:default/support-engineer", "user:default/nobody"):
        assert "approvedBy" in refusal(await fund(approver))["detail"]
    assert (await fund("group:default/platform-team")).status_code == 422
    reply = await fund(OTHER_PLATFORM)
    assert reply.status_code == 201, reply.text
    [act] = [act for act in await office.recorded() if act.operation == "wallet" and act.state == "done"]
    assert (act.approved_by, act.wider) == (OTHER_PLATFORM, True)


async def test_an_approval_by_a_member_is_none(office: Office, team: str) -> None:
    """A member of the owning group goes no further for the name of a platform member."""
    body = {"team_id": team, "amount": 3001, "approvedBy": f"user:default/{PLATFORM}"}
    reply = await office.post("/v1/wallets/allocate", body, user=MEMBER, idempotency_key="a")
    assert refusal(reply)["rule"] == "funding.ownersMonthlyUsd"


async def test_money_of_platform_groups_does_not_use_up_the_owners_ceiling(office: Office, team: str) -> None:
    """After a platform member has given more, the owners may still give what they may."""
    assert (await office.fund(team, 50_000, key="a", user=f"{DIRECT}{PLATFORM}")).status_code == 201
    assert (await office.fund(team, 3000, key="b", user=MEMBER)).status_code == 201


async def test_refusals_are_recorded(office: Office, team: str) -> None:
    """A refusal is in the records with who asked, for what, and the rule."""
    await office.fund(team, 3001, key="a", user=MEMBER)
    [act] = await office.recorded()
    assert (act.state, act.operation, act.person) == ("refused", "wallet", "user:default/support-engineer")
    assert "funding.ownersMonthlyUsd" in act.detail
