"""When Vault is in trouble no key is made that cannot be read, and each trouble has a problem of its own."""

from __future__ import annotations

import httpx
import orjson
import pytest
from structlog.testing import capture_logs

from bff.sandbox.faults import Rule
from tests.conftest import Start
from tests.harness.openbao import MOUNT, ROOT_TOKEN, OpenBao, running_openbao

from .conftest import SETTINGS, Bearer, Office


async def attempt(start: Start, openbao: OpenBao, **settings: str) -> tuple[Office, httpx.Response]:
    """One attempt to make a key, with these settings; what came of it."""
    async with start(**(SETTINGS | settings)) as running:
        running.app.service.identity = Bearer()
        office = Office(running, openbao)
        return office, await office.make_key(await office.team_id())


async def test_sealed(start: Start) -> None:
    """A sealed Vault is reported as that, and no key is made."""
    with running_openbao() as server:
        server.call("PUT", "sys/seal")
        office, reply = await attempt(start, server, vault_addr=server.url, vault_token=ROOT_TOKEN)
    assert (reply.status_code, reply.json()["type"]) == (503, "urn:keeptrusts-bff:vault-sealed")
    assert office.living() == []


async def test_down(start: Start, openbao: OpenBao) -> None:
    """A Vault that does not answer is reported as that, and no key is made."""
    office, reply = await attempt(start, openbao, vault_addr="http://127.0.0.1:9", vault_token="t")
    assert (reply.status_code, reply.json()["type"]) == (503, "urn:keeptrusts-bff:vault-unavailable")
    assert office.living() == []


@pytest.mark.parametrize("capabilities", ['"read"', '"deny"'])
async def test_denied(start: Start, openbao: OpenBao, capabilities: str) -> None:
    """A policy that does not let the service write is found out before a key is made."""
    policy = openbao.policy(f'path "{MOUNT}/data/ai/*" {{ capabilities = [{capabilities}] }}')
    office, reply = await attempt(start, openbao, vault_addr=openbao.url, vault_token=openbao.token(policy))
    assert (reply.status_code, reply.json()["type"]) == (502, "urn:keeptrusts-bff:vault-denied")
    assert office.living() == []


async def test_none_is_configured(start: Start, openbao: OpenBao) -> None:
    """Without a Vault the other steps work and keys are not made, which says why."""
    office, reply = await attempt(start, openbao)
    assert (reply.status_code, reply.json()["type"]) == (503, "urn:keeptrusts-bff:provisioning-off")
    assert "VAULT_ADDR" in reply.json()["detail"]
    assert office.living() == []


class Refusing(httpx.AsyncHTTPTransport):
    """A real Vault that stops accepting writes once the key is made."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Refuse the write itself, pass on the rest."""
        if request.method == "POST" and "/data/" in request.url.path:
            return httpx.Response(503, stream=httpx.ByteStream(orjson.dumps({"errors": ["Vault is sealed"]})))
        return await super().handle_async_request(request)


@pytest.mark.parametrize("revocation_fails", [False, True])
async def test_a_key_that_could_not_be_stored_is_revoked(
    start: Start, openbao: OpenBao, *, revocation_fails: bool
) -> None:
    """When Vault refuses after the key was made, the key is revoked; when that fails too, its id is in the error, and the log line is critical."""
    settings = SETTINGS | {"vault_addr": openbao.url, "vault_token": ROOT_TOKEN}
    async with start(vault=Refusing(), **settings) as running:
        running.app.service.identity = Bearer()
        office = Office(running, openbao)
        team_id = await office.team_id()
        if revocation_fails:
            running.break_upstream(Rule(kind="status", code=500, method="DELETE"))
        with capture_logs() as logs:
            reply = await office.make_key(team_id)
    assert (reply.status_code, reply.json()["type"]) == (502, "urn:keeptrusts-bff:not-stored")
    left = office.living()
    if revocation_fails:
        assert left[0].id in reply.json()["detail"]
        assert [line["log_level"] for line in logs if line["event"] == "orphaned gateway key"] == ["critical"]
    else:
        assert left == []
        assert "nothing is left behind" in reply.json()["detail"]
    assert "kt_gk_" not in reply.text + repr(logs)


async def test_the_documented_rights_are_enough(start: Start, openbao: OpenBao) -> None:
    """With the documented policy, and no default policy, a key is made and rotated, and cannot be read (case V1)."""
    rules = f"""
        path "{MOUNT}/data/ai/*" {{ capabilities = ["create", "update"] }}
        path "{MOUNT}/metadata/ai/*" {{ capabilities = ["create", "update", "read"] }}
    """
    token = openbao.token(openbao.policy(rules), no_default_policy=True)
    async with start(**SETTINGS, vault_addr=openbao.url, vault_token=token) as running:
        running.app.service.identity = Bearer()
        office = Office(running, openbao)
        team_id = await office.team_id()
        made = await office.make_key(team_id)
        again = await office.make_key(team_id)
        rotated = await office.rotate(team_id)
    assert [reply.status_code for reply in (made, again, rotated)] == [201, 200, 201], rotated.text
    entry = openbao.entry(office.vault_path)
    assert entry is not None
    assert entry["id"] == rotated.json()["id"]
