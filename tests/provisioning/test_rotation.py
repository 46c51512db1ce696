"""A key's life: a successor at the same place, the old one alive for its grace and while it is used, then revoked by us."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest
from structlog.testing import capture_logs

from bff.sandbox.accounts import KeyRules
from bff.sandbox.faults import Rule
from tests.conftest import NOON
from tests.harness.openbao import MOUNT

from .conftest import DIRECT, Office

HOUR = 3600.0


async def onboarded(office: Office) -> tuple[str, str]:
    """A team with money and a key; the ids of team and key."""
    team_id = await office.team_id()
    await office.fund(team_id)
    return team_id, (await office.make_key(team_id)).json()["id"]


async def end_due(office: Office) -> None:
    """Do what the background does from time to time."""
    provisioner = office.running.app.service.provisioner
    assert provisioner is not None
    await provisioner.end_due()


async def works(office: Office, secret: str) -> bool:
    """Whether the gateway takes a key."""
    reply = await office.running.gateway.post(
        "/v1/chat/completions",
        json={"model": "gpt-4o", "messages": [{"role": "user", "content": "Good morning"}]},
        headers={"authorization": f"Bearer {secret}"},
    )
    return reply.status_code == 200


def secret_of(office: Office) -> str:
    """The key in Vault."""
    entry = office.openbao.entry(office.vault_path)
    assert entry is not None
    return entry["key"]


async def test_the_old_key_works_during_its_grace_and_not_after(office: Office) -> None:
    """A rotation puts a successor of the same name at the same path; the old key works for the grace and is revoked then."""
    team_id, old_id = await onboarded(office)
    old = secret_of(office)
    reply = await office.rotate(team_id)
    document = reply.json()
    assert (reply.status_code, document["name"]) == (201, f"{office.team}-gw-key"), reply.text
    assert document["vault_path"] == office.vault_path
    assert document["previous"]["id"] == old_id
    assert datetime.fromisoformat(document["previous"]["revokes_at"]) == NOON + timedelta(hours=24)
    new = secret_of(office)
    assert office.openbao.versions(office.vault_path) == 2
    assert office.openbao.custom_metadata(office.vault_path)["token_id"] == document["id"]
    await end_due(office)
    assert (await works(office, new), {key.id for key in office.living()}) == (True, {old_id, document["id"]})
    office.running.time.pass_(24 * HOUR)
    await end_due(office)
    assert (await works(office, old), await works(office, new)) == (False, True)
    assert [key.id for key in office.living()] == [document["id"]]


async def revocations(office: Office) -> dict[str, datetime | None]:
    """When the team's living keys are to be revoked, by the id, in the facts that are read a minute later."""
    office.running.time.pass_(60)
    snapshot, _ = await office.running.app.service.cache.current(insist=True)
    keys = snapshot.organisation.keys_by_name[f"{office.team}-gw-key"]
    return {key.id: key.revokes_at for key in keys if not key.revoked}


async def test_the_facts_say_when_the_old_key_is_to_be_revoked(office: Office) -> None:
    """At each replica: the end of the grace, a later moment for a key in use, and nothing of one that was revoked."""
    team_id, old_id = await onboarded(office)
    old, now, grace = secret_of(office), office.running.time.now, timedelta(hours=10)
    assert await revocations(office) == {old_id: None}
    new_id, rotated_at = (await office.rotate(team_id, grace=10)).json()["id"], now()
    assert await revocations(office) == {old_id: rotated_at + grace, new_id: None}
    async with office.another() as replica:
        assert await revocations(replica) == {old_id: rotated_at + grace, new_id: None}
    office.running.time.pass_(9 * HOUR)
    assert await works(office, old)
    used_at = now()
    office.running.time.pass_(2 * HOUR)
    await end_due(office)
    assert await revocations(office) == {old_id: used_at + grace, new_id: None}
    office.running.time.pass_(8 * HOUR)
    await end_due(office)
    assert await revocations(office) == {new_id: None}


async def test_the_card_says_when_the_old_key_is_to_be_revoked(office: Office) -> None:
    """Over HTTP the card has the key that a rotation replaced, with the very moment that the rotation's reply gave."""
    office.team = "support-team"
    team = next(team for team in office.running.state.teams if team.name == office.team)
    [old] = office.living()
    replied = (await office.rotate(team.id, grace=10)).json()["previous"]
    office.running.time.pass_(60)
    card = "/v1/entities/component/default/customer-support-bot/governance"
    headers = {"authorization": "Bearer support-engineer", "cache-control": "no-cache"}
    shown = (await office.running.client.get(card, headers=headers)).json()["gatewayKey"]["previous"]
    ends = NOON + timedelta(hours=10)
    assert (replied["id"], datetime.fromisoformat(replied["revokes_at"])) == (old.id, ends)
    assert (shown["id"], datetime.fromisoformat(shown["revokesAt"])) == (old.id, ends)


async def test_an_old_key_that_is_used_lives_on(office: Office) -> None:
    """A key that was used within its grace before is revoked once it was not used for as long."""
    team_id, old_id = await onboarded(office)
    old = secret_of(office)
    await office.rotate(team_id, grace=10)
    office.running.time.pass_(9 * HOUR)
    assert await works(office, old)
    office.running.time.pass_(2 * HOUR)
    await end_due(office)
    assert old_id in {key.id for key in office.living()}
    office.running.time.pass_(8 * HOUR)
    await end_due(office)
    assert old_id not in {key.id for key in office.living()}


async def test_a_rotation_without_grace_ends_the_old_key_at_once(office: Office) -> None:
    """With `grace_hours` 0 the old key is revoked as soon as its successor is in Vault."""
    team_id, old_id = await onboarded(office)
    reply = await office.rotate(team_id, grace=0)
    assert reply.json()["previous"]["id"] == old_id
    assert [key.id for key in office.living()] == [reply.json()["id"]]


@pytest.mark.parametrize("key", ["rotation-1", None], ids=["with a key", "without"])
async def test_a_rotation_again_is_the_same(office: Office, key: str | None) -> None:
    """Asked for again, a rotation answers with the successor that is there; only another key makes another."""
    team_id, _ = await onboarded(office)
    first = await office.rotate(team_id, key=key)
    again = await office.rotate(team_id, key=key)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["id"] == first.json()["id"]
    assert again.json()["previous"] == first.json()["previous"]
    assert len(office.living()) == 2
    other = await office.rotate(team_id, key="rotation-2")
    assert (other.status_code, other.json()["previous"]["id"]) == (201, first.json()["id"])


async def test_a_rotation_at_two_replicas_is_one(office: Office) -> None:
    """Two processes that are asked for a rotation at the same time make one successor, and one of them ends the old key."""
    team_id, old_id = await onboarded(office)
    async with office.another() as replica:
        replies = await asyncio.gather(office.rotate(team_id), replica.rotate(team_id))
        assert sorted(reply.status_code for reply in replies) == [200, 201]
        assert len({reply.json()["id"] for reply in replies}) == 1
        office.running.time.pass_(24 * HOUR)
        await asyncio.gather(end_due(office), end_due(replica))
    assert [key.id for key in office.living()] == [replies[0].json()["id"]]
    assert office.running.state.key(old_id).revoked_at is not None


async def test_a_second_key_of_a_name_that_is_refused_is_found_out(office: Office) -> None:
    """Where Keeptrusts takes no second key of a name, the error says so, the old key lives on, and grace 0 rotates."""
    team_id, old_id = await onboarded(office)
    office.running.state.key_rules = KeyRules(names="unique")
    reply = await office.rotate(team_id)
    assert (reply.status_code, "grace_hours 0" in reply.json()["detail"]) == (409, True), reply.text
    assert [key.id for key in office.living()] == [old_id]
    reply = await office.rotate(team_id, grace=0)
    assert reply.status_code == 201, reply.text
    assert [key.id for key in office.living()] == [reply.json()["id"]]
    assert (office.openbao.entry(office.vault_path) or {})["id"] == reply.json()["id"]


async def test_a_dead_key_is_rotated_too(office: Office) -> None:
    """After its key was revoked or has expired, a rotation gives the team a new one, and there is no old one to end."""
    team_id, old_id = await onboarded(office)
    office.running.state.revoke_key(old_id)
    reply = await office.rotate(team_id)
    assert (reply.status_code, reply.json()["previous"]) == (201, None), reply.text
    assert [key.id for key in office.living()] == [reply.json()["id"]]


async def test_a_key_that_was_never_there_is_not_rotated(office: Office) -> None:
    """A name that the team has no key of is a conflict that says what to do."""
    team_id = await office.team_id()
    reply = await office.rotate(team_id)
    assert (reply.status_code, "POST /v1/tokens" in reply.json()["detail"]) == (409, True)


async def test_the_successor_lives_as_long(office: Office) -> None:
    """The successor of a key that expires gets a life of the same length."""
    team_id = await office.team_id()
    body = {"name": f"{office.team}-gw-key", "team_id": team_id, "expires_at": (NOON + timedelta(days=30)).isoformat()}
    await office.post("/v1/tokens", body)
    office.running.time.pass_(10 * 24 * HOUR)
    reply = await office.rotate(team_id)
    assert datetime.fromisoformat(reply.json()["expires_at"]) == NOON + timedelta(days=40)


async def test_a_revoked_key_is_replaced_by_the_template(office: Office) -> None:
    """Onboarding after a key was revoked makes a new one at the same path."""
    team_id, old_id = await onboarded(office)
    office.running.state.revoke_key(old_id)
    reply = await office.make_key(team_id)
    assert reply.status_code == 201, reply.text
    assert (office.openbao.entry(office.vault_path) or {})["id"] == reply.json()["id"]


async def test_a_key_that_keeptrusts_no_longer_knows_is_made_again(office: Office) -> None:
    """A key that is gone from Keeptrusts is made again where it is provably the same team's (case T1)."""
    team_id, old_id = await onboarded(office)
    office.running.state.revoke_key(old_id)
    del office.running.state._keys[old_id]
    reply = await office.make_key(team_id)
    assert reply.status_code == 201, reply.text
    assert (office.openbao.entry(office.vault_path) or {})["id"] == reply.json()["id"]


async def test_an_unknown_key_may_be_another_organisations(office: Office) -> None:
    """What Keeptrusts does not list and no record proves is left alone, and the error has the command that clears it."""
    team_id = await office.team_id()
    fields = {"id": "tok_unlisted", "key": "theirs", "team": office.team}
    office.openbao.call("POST", f"{MOUNT}/data/{office.vault_path}", {"data": fields})
    for reply in (await office.make_key(team_id), await office.rotate(team_id)):
        assert reply.status_code == 409
        assert "does not list" in reply.json()["detail"]
        assert f"vault kv metadata delete -mount={MOUNT} {office.vault_path}" in reply.json()["detail"]
    assert (office.openbao.entry(office.vault_path) or {}) == fields


async def test_a_team_in_capitals_has_its_place(office: Office) -> None:
    """A team of Keeptrusts in another case is found, and its key is kept below its name in lower case (case V3)."""
    team = office.running.state.create_team(office.team.title())
    assert (await office.make_team()).json()["id"] == team.id
    reply = await office.make_key(team.id)
    assert (reply.status_code, reply.json()["vault_path"]) == (201, office.vault_path), reply.text
    assert (office.openbao.entry(office.vault_path) or {})["team"] == team.name


async def test_a_member_revokes_their_teams_key(office: Office) -> None:
    """All living keys of a name are revoked, or the one of an id; another team's key stays."""
    office.team = "support-team"
    team = next(team for team in office.running.state.teams if team.name == "support-team")
    other = next(key for key in office.running.state.keys if key.team_id != team.id and key.revoked_at is None)
    user = f"{DIRECT}support-engineer"
    office.running.state.create_key("support-team-gw-key", team.id)
    path = "/v1/tokens/support-team-gw-key/revoke"
    first = office.living()[0].id
    reply = await office.post(path, {"team_id": team.id, "id": first}, user=user)
    assert (reply.status_code, reply.json()["revoked"]) == (200, [first])
    left = [key.id for key in office.living()]
    reply = await office.post(path, {"team_id": team.id}, user=user)
    assert (reply.json()["revoked"], office.living()) == (left, [])
    assert (await office.post(path, {"team_id": team.id}, user=user)).json()["revoked"] == []
    stolen = await office.post(f"/v1/tokens/{other.name}/revoke", {"team_id": team.id}, user=user)
    assert stolen.json()["revoked"] == []
    assert (await office.post(path, {"team_id": other.team_id}, user=user)).status_code == 403


async def test_an_ended_key_leaves_a_line(office: Office) -> None:
    """The revocation after the grace is in the trail, in the name of the person who rotated."""
    team_id, old_id = await onboarded(office)
    await office.rotate(team_id, grace=1)
    office.running.time.pass_(HOUR)
    with capture_logs() as logs:
        await end_due(office)
    [line] = [line for line in logs if line["event"] == "provisioning"]
    assert (line["operation"], line["made"], line["user"]) == (
        "revocation",
        old_id,
        "user:default/platform-engineer",
    )


async def test_a_revocation_that_fails_is_made_later(office: Office) -> None:
    """When Keeptrusts is away at the end of a grace, the old key is revoked at a later look."""
    team_id, old_id = await onboarded(office)
    await office.rotate(team_id, grace=1)
    office.running.time.pass_(HOUR)
    office.running.break_upstream(Rule(kind="status", code=503, method="DELETE"))
    with pytest.raises(Exception, match="503"):
        await end_due(office)
    office.running.break_upstream()
    await end_due(office)
    assert office.running.state.key(old_id).revoked_at is not None


async def test_no_key_is_shown_by_a_rotation(office: Office) -> None:
    """Neither the reply nor a log line holds either key."""
    with capture_logs() as logs:
        team_id, _ = await onboarded(office)
        old = secret_of(office)
        reply = await office.rotate(team_id)
    everything = reply.text + repr(logs) + repr(await office.recorded())
    for secret in (old, secret_of(office)):
        assert secret not in everything
        assert secret[12:] not in everything


@pytest.mark.parametrize("grace", [-1, 721, "long", None])
async def test_a_grace_of_another_form_is_refused(office: Office, grace: object) -> None:
    """A grace is a number of hours up to thirty days."""
    reply = await office.post("/v1/tokens/x/rotate", {"team_id": "t", "grace_hours": grace})
    assert (reply.status_code, "grace_hours" in reply.json()["detail"]) == (422, True)
