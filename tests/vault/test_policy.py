"""The policy that the pages hand out names every path that the service uses, and is enough without Vault's own default policy."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from bff.secret_files import Secret
from bff.vault.login import VaultLogin
from bff.vault.store import TOKEN_ID, VaultStore
from bff.vault.wire import VaultWire
from tests.harness.openbao import MOUNT, OpenBao

POLICY = Path(__file__).parents[2] / "catalog/vault/keeptrusts-bff.hcl"
PATHS = re.findall(r'^path "([^"]+)"', POLICY.read_text(), re.MULTILINE)
FIELDS = {"key": SecretStr("kt_gk_canary"), "id": "tok_1"}


class Recording(httpx.AsyncHTTPTransport):
    """A real Vault; `asked` has the path of each call, and `denied` those that were refused."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.denied: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass the call on."""
        path = request.url.path.removeprefix("/v1/")
        self.asked.append(path)
        reply = await super().handle_async_request(request)
        if reply.status_code == httpx.codes.FORBIDDEN:
            self.denied.append(path)
        return reply


@pytest.fixture
def recording() -> Recording:
    """The way to Vault."""
    return Recording()


@pytest.fixture
async def vault(openbao: OpenBao, recording: Recording) -> AsyncIterator[VaultStore]:
    """A store whose token has the policy of the pages and nothing else."""
    token = openbao.token(openbao.policy(POLICY.read_text()), ttl="2s", no_default_policy=True, renewable=True)
    now = 0.0

    def later() -> float:
        nonlocal now
        # Each look at the clock finds a token whose renewal is due.
        now += 3600
        return now

    wire = VaultWire(openbao.url, transport=recording)
    yield VaultStore(wire, VaultLogin(wire, Secret(SecretStr(token)), monotonic=later), mount=MOUNT)
    await wire.aclose()


async def used(vault: VaultStore) -> None:
    """Make a key, look at it, and rotate it, as the service does."""
    path = "ai/policy/policy-gw-key"
    assert await vault.entry(path) is None
    await vault.require_room(path, None)
    await vault.write(path, FIELDS, over=None, notes={TOKEN_ID: "tok_1"})
    first = await vault.entry(path)
    assert first is not None
    await vault.require_room(path, first)
    await vault.write(path, FIELDS | {"id": "tok_2"}, over=first, notes={TOKEN_ID: "tok_2"})
    second = await vault.entry(path)
    assert second is not None
    assert second.token_id == "tok_2"


async def test_every_path_that_is_used_is_named_and_no_other(
    vault: VaultStore, recording: Recording, openbao: OpenBao
) -> None:
    """A key's whole life asks for no path that the policy does not name, is refused nowhere, and uses each path that it names."""
    try:
        await used(vault)
    finally:
        openbao.call("DELETE", f"{MOUNT}/metadata/ai/policy/policy-gw-key")
    assert recording.denied == []
    covered = {path: [name for name in recording.asked if matches(path, name)] for path in PATHS}
    assert {name for names in covered.values() for name in names} == set(recording.asked)
    assert [path for path, names in covered.items() if not names] == []


def matches(path: str, name: str) -> bool:
    """Whether a path of a policy covers the path of a call."""
    return name.startswith(path[:-1]) if path.endswith("*") else name == path
