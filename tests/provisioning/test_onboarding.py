"""From a template's four steps to a first request: made once, kept in Vault, and seen on the card."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from structlog.testing import capture_logs

from bff.sandbox.faults import Rule
from tests.conftest import Start
from tests.harness.openbao import MOUNT

from .conftest import DIRECT, Bearer, Office


async def onboard(office: Office) -> None:
    """All four steps, each of which succeeds."""
    team_id = (await office.make_team()).json()["id"]
    for reply in (
        await office.make_key(team_id),
        await office.make_configuration(team_id),
        await office.fund(team_id),
    ):
        assert reply.status_code in {200, 201}, reply.text


async def test_four_steps_give_a_team_its_access(office: Office) -> None:
    """The team, its key, its configuration and its money are there, the key is in Vault, and it works at the gateway."""
    await onboard(office)
    assert [reply.status_code for reply in office.replies] == [201, 201, 201, 201]
    entry = office.openbao.entry(office.vault_path)
    assert entry is not None
    assert set(entry) == {"key", "gateway_url", "id", "team"}
    assert office.replies[1].json()["vault_path"] == office.vault_path
    assert office.replies[1].json()["vault_mount"] == MOUNT
    metadata = office.openbao.custom_metadata(office.vault_path)
    assert metadata["made_by"] == "user:default/platform-engineer via scaffolder"
    reply = await office.running.gateway.post(
        "/v1/chat/completions",
        json={"model": "gpt-4o", "messages": [{"role": "user", "content": "Good morning"}]},
        headers={"authorization": f"Bearer {entry['key']}"},
    )
    assert reply.status_code == 200


async def test_the_key_is_in_vault_and_nowhere_else(office: Office) -> None:
    """Neither a reply, nor a log line, nor a metric holds the key."""
    with capture_logs() as logs:
        await onboard(office)
        await onboard(office)
    entry = office.openbao.entry(office.vault_path)
    assert entry is not None
    secret = entry["key"]
    assert secret.startswith("kt_gk_")
    metrics = office.running.app.service.metrics.exposition().decode()
    everything = "\n".join(
        [*(reply.text for reply in office.replies), repr(logs), metrics, *map(bytes.decode, office.running.lines)]
    )
    assert secret not in everything
    assert secret[12:] not in everything


async def test_again_is_the_same(office: Office) -> None:
    """The same steps again find what is there and make nothing."""
    await onboard(office)
    await onboard(office)
    first, second = office.replies[:4], office.replies[4:]
    assert [reply.status_code for reply in second] == [200] * 4
    for one, other in zip(first[:3], second[:3], strict=True):
        assert one.json()["id"] == other.json()["id"]
    assert first[3].json()["transaction"]["id"] == second[3].json()["transaction"]["id"]
    assert len(office.living()) == 1
    assert office.openbao.versions(office.vault_path) == 1


async def test_a_keeptrusts_that_does_not_say_whose_a_token_is(office: Office) -> None:
    """Where Keeptrusts has no `whoami`, a team is onboarded all the same, and a repeat finds it."""
    office.running.break_upstream(Rule(kind="status", code=404, path="/v1/whoami"))
    await onboard(office)
    await onboard(office)
    assert [reply.status_code for reply in office.replies] == [201] * 4 + [200] * 4


async def test_two_at_once_are_one(office: Office) -> None:
    """Two tasks at the same time make one team, one key, one configuration, and fund the wallet once."""
    await asyncio.gather(onboard(office), onboard(office))
    statuses = sorted(reply.status_code for reply in office.replies)
    assert statuses == [200] * 4 + [201] * 4
    assert len(office.living()) == 1
    teams = [team for team in office.running.state.teams if team.name == office.team]
    assert len(teams) == 1
    wallet = office.running.state.wallets.of_team(teams[0].id)
    assert wallet is not None
    assert wallet.balance == Decimal(3000)


@pytest.mark.parametrize("interrupted_after", [1, 2, 3])
async def test_an_interrupted_task_goes_on(office: Office, interrupted_after: int) -> None:
    """A task that ended after any step and is run again ends where an uninterrupted one does."""
    steps = [office.make_key, office.make_configuration, office.fund]
    team_id = await office.team_id()
    for step in steps[: interrupted_after - 1]:
        await step(team_id)
    await onboard(office)
    assert len(office.living()) == 1
    wallet = office.running.state.wallets.of_team(team_id)
    assert wallet is not None
    assert wallet.balance == Decimal(3000)


async def test_everything_survives_a_restart(office: Office) -> None:
    """Another process that has never heard of a task finds all that it made, and funds nothing again."""
    await onboard(office)
    async with office.another() as restarted:
        await onboard(restarted)
        assert [reply.status_code for reply in restarted.replies] == [200] * 4
        other = await restarted.fund(restarted.replies[0].json()["id"], key="task-2", user=f"{DIRECT}platform-engineer")
    assert other.status_code == 201
    assert len(office.living()) == 1


async def test_two_replicas_at_once_are_one(office: Office) -> None:
    """Two tasks at the same time in two processes make one team, one key, one configuration, and fund the wallet once."""
    async with office.another() as replica:
        await asyncio.gather(onboard(office), onboard(replica))
    [team] = [team for team in office.running.state.teams if team.name == office.team]
    assert len(office.living()) == 1
    assert len([each for each in office.running.state.configurations if each.team_id == team.id]) == 1
    wallet = office.running.state.wallets.of_team(team.id)
    assert wallet is not None
    assert wallet.balance == Decimal(3000)
    assert office.openbao.versions(office.vault_path) == 1


async def test_another_amount_with_the_same_key_is_a_conflict(office: Office) -> None:
    """An idempotency key that comes with another amount is refused."""
    team_id = await office.team_id()
    await office.fund(team_id)
    reply = await office.fund(team_id, amount=4000)
    assert (reply.status_code, reply.json()["type"]) == (409, "urn:keeptrusts-bff:conflict")
    assert "3000" in reply.json()["detail"]


async def test_money_without_a_key_is_refused(office: Office) -> None:
    """An allocation that could be made twice by mistake is not made at all."""
    body = {"team_id": await office.team_id(), "amount": 5}
    reply = await office.post("/v1/wallets/allocate", body)
    assert (reply.status_code, "Idempotency-Key" in reply.json()["detail"]) == (422, True)


@pytest.mark.parametrize("amount", [0, -5, "5", 1e12, True, None, 0.00000001])
async def test_what_is_no_amount_is_refused(office: Office, amount: object) -> None:
    """An amount is a positive number of dollars of sensible size."""
    reply = await office.post("/v1/wallets/allocate", {"team_id": "t", "amount": amount}, idempotency_key="k")
    assert (reply.status_code, reply.json()["type"]) == (422, "urn:keeptrusts-bff:invalid")
    assert "amount" in reply.json()["detail"]


@pytest.mark.parametrize("name", ["", "Upper", "a/b", "..", "a b", "-a", "a" * 64, "ü", "a\n"])
async def test_a_name_that_is_no_name_is_refused(office: Office, name: str) -> None:
    """A team's name is a group's name and a folder in Vault: nothing else is accepted."""
    reply = await office.post("/v1/teams", {"name": name})
    assert (reply.status_code, "name" in reply.json()["detail"]) == (422, True)


async def test_who_owns_the_team_may(office: Office) -> None:
    """A person of the group that is called like the team may provision it."""
    team = next(team for team in office.running.state.teams if team.name == "support-team")
    reply = await office.post(
        "/v1/configurations",
        {"name": "own-config", "team_id": team.id, "template_id": "tier-3-customer-facing"},
        user="support-engineer",
    )
    assert reply.status_code == 201, reply.text


@pytest.mark.parametrize("user", ["support-engineer", "nobody-known", None])
async def test_who_does_not_own_the_team_may_not(office: Office, user: str | None) -> None:
    """Anybody else is refused with a reason, and nothing is made."""
    team_id = await office.team_id()
    with capture_logs() as logs:
        replies = [
            await office.post("/v1/teams", {"name": f"{office.team}-x"}, user=user),
            await office.make_key(team_id, user=user),
            await office.make_configuration(team_id, user=user),
            await office.fund(team_id, user=user),
        ]
    for reply in replies:
        assert (reply.status_code, reply.json()["type"]) == (403, "urn:keeptrusts-bff:forbidden")
        assert reply.json()["detail"]
    assert office.living() == []
    assert office.openbao.entry(office.vault_path) is None
    assert {line["outcome"] for line in logs if line["event"] == "provisioning"} == {"forbidden"}


async def test_an_unknown_team_is_no_news_to_a_stranger(office: Office) -> None:
    """A caller who may not provision cannot find out which ids there are."""
    stranger = await office.make_key("team_nothing", user="support-engineer")
    insider = await office.make_key("team_nothing")
    assert (stranger.status_code, insider.status_code) == (403, 422)


async def test_each_act_leaves_a_line(office: Office) -> None:
    """Who did what for which team and how it ended is in the audit trail."""
    with capture_logs() as logs:
        await onboard(office)
    lines = [line for line in logs if line["event"] == "provisioning"]
    assert [(line["operation"], line["outcome"], line["team"]) for line in lines] == [
        (operation, "created", office.team) for operation in ("team", "token", "configuration", "wallet")
    ]
    assert {(line["user"], line["via"]) for line in lines} == {("user:default/platform-engineer", "scaffolder")}
    assert all(line["request_id"] and line["made"] for line in lines)


async def test_another_tier_is_a_conflict(office: Office) -> None:
    """A configuration of the same name from another template is reported with the difference."""
    team_id = await office.team_id()
    await office.make_configuration(team_id)
    reply = await office.make_configuration(team_id, "tier-3-customer-facing")
    assert reply.status_code == 409
    assert "tier-2-internal" in reply.json()["detail"]
    assert "tier-3-customer-facing" in reply.json()["detail"]


async def test_another_teams_key_is_a_conflict(office: Office) -> None:
    """A key's name that another team has is refused: annotations name keys by name alone."""
    team_id = await office.team_id()
    reply = await office.post("/v1/tokens", {"name": "support-team-gw-key", "team_id": team_id})
    assert (reply.status_code, "another team's" in reply.json()["detail"]) == (409, True)


async def test_a_key_that_vault_does_not_hold_is_a_conflict(office: Office) -> None:
    """A key that is there without its secret in Vault is reported with what to do; none is made beside it."""
    team_id = await office.team_id()
    office.running.state.create_key(f"{office.team}-gw-key", team_id)
    reply = await office.make_key(team_id)
    assert reply.status_code == 409
    assert "revoke it" in reply.json()["detail"]
    assert len(office.living()) == 1


async def test_a_path_that_is_taken_is_a_conflict(office: Office) -> None:
    """Where Vault holds something else already no key is made and nothing is overwritten."""
    team_id = await office.team_id()
    office.openbao.call("POST", f"{MOUNT}/data/{office.vault_path}", {"data": {"id": "tok_other", "key": "theirs"}})
    reply = await office.make_key(team_id)
    assert (reply.status_code, "tok_other" in reply.json()["detail"]) == (409, True)
    assert office.living() == []
    assert office.openbao.versions(office.vault_path) == 1
    assert "theirs" not in reply.text


async def test_a_new_team_is_on_the_card_at_once(office: Office) -> None:
    """After something was made, the next request reads the facts again."""
    await office.running.status_of("customer-support-bot")
    await onboard(office)
    office.running.time.pass_(6)
    await office.running.status_of("customer-support-bot")
    await asyncio.sleep(0.2)
    snapshot = office.running.app.service.cache.snapshot
    assert snapshot is not None
    assert office.team in {team.name for team in snapshot.facts.teams.value or ()}


async def test_off_is_told(start: Start) -> None:
    """Without an admin token provisioning is off, and every step says so."""
    async with start() as running:
        running.app.service.identity = Bearer()
        for path in ("/v1/teams", "/v1/tokens", "/v1/configurations", "/v1/wallets/allocate"):
            reply = await running.client.post(path, json={}, headers={"authorization": "Bearer platform-engineer"})
            assert (reply.status_code, reply.json()["type"]) == (503, "urn:keeptrusts-bff:provisioning-off")


@pytest.mark.parametrize(
    ("rule", "status", "kind"),
    [
        (Rule(kind="status", code=503, method="POST"), 503, "upstream-unavailable"),
        (Rule(kind="status", code=401), 502, "upstream-denied"),
        (Rule(kind="status", code=422, method="POST"), 502, "upstream-rejected"),
        (Rule(kind="body", text="{}", method="POST"), 502, "upstream-contract"),
        (Rule(kind="body", text='{"data":[],"next_cursor":"x"}', method="GET"), 502, "upstream-contract"),
    ],
)
async def test_keeptrusts_in_trouble(office: Office, rule: Rule, status: int, kind: str) -> None:
    """Each failure of Keeptrusts has a problem type of its own."""
    office.running.break_upstream(rule)
    reply = await office.make_team()
    assert (reply.status_code, reply.json()["type"]) == (status, f"urn:keeptrusts-bff:{kind}"), reply.text


async def test_a_team_is_found_by_its_exact_name_first(office: Office) -> None:
    """Of two teams that differ in case alone the one that was named is given, whichever Keeptrusts lists first."""
    other = office.running.state.create_team(office.team.upper())
    exact = office.running.state.create_team(office.team)
    reply = await office.make_team()
    assert (reply.status_code, reply.json()["id"]) == (200, exact.id)
    assert other.id != exact.id


async def test_a_team_that_could_be_either_of_two_is_neither(office: Office) -> None:
    """Where nothing but case tells two teams apart, and neither is named exactly, nothing is guessed and nothing made."""
    for name in (office.team.upper(), office.team.title()):
        office.running.state.create_team(name)
    teams = len(office.running.state.teams)
    reply = await office.make_team()
    assert (reply.status_code, "upper and lower case" in reply.json()["detail"]) == (409, True)
    assert len(office.running.state.teams) == teams


async def test_a_name_that_two_teams_share_gives_no_right(office: Office) -> None:
    """A group that is called like two teams may fund neither, as its entities see the numbers of neither."""
    theirs = office.running.state.create_team("Support-Team")
    reply = await office.fund(theirs.id, user="support-engineer")
    assert (reply.status_code, reply.json()["type"]) == (403, "urn:keeptrusts-bff:forbidden")
    mine = next(team for team in office.running.state.teams if team.name == "support-team")
    assert (await office.fund(mine.id, user="support-engineer")).status_code == 403
    assert (await office.fund(mine.id)).status_code == 201
