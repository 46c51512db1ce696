"""What stands at a path is known from its metadata, right through interruptions, without reading the secret."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import SecretStr

from bff.secret_files import Secret
from bff.vault.errors import VaultConflictError, VaultDeniedError, VaultUnavailableError
from bff.vault.login import VaultLogin
from bff.vault.store import TOKEN_ID, Entry, VaultStore
from bff.vault.wire import VaultWire
from tests.harness.openbao import MOUNT, ROOT_TOKEN, OpenBao

FIELDS = {"key": SecretStr("kt_gk_canary"), "id": "tok_1"}
POLICY = """
path "{mount}/data/ai/*" {{ capabilities = ["create", "update"] }}
path "{mount}/metadata/ai/*" {{ capabilities = ["create", "update", "read"] }}
"""


class Lossy(httpx.AsyncHTTPTransport):
    """A real Vault whose connection ends before a write to `data/` gets there."""

    lost = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass on all but the writes of secrets."""
        if self.lost and request.method == "POST" and "/data/" in request.url.path:
            raise httpx.ConnectError("gone")
        return await super().handle_async_request(request)


@pytest.fixture
def lossy() -> Lossy:
    """The way to Vault."""
    return Lossy()


@pytest.fixture
async def vault(openbao: OpenBao, lossy: Lossy) -> AsyncIterator[VaultStore]:
    """A store with the documented rights and no default policy."""
    token = openbao.token(openbao.policy(POLICY.format(mount=MOUNT)), no_default_policy=True)
    wire = VaultWire(openbao.url, transport=lossy)
    yield VaultStore(wire, VaultLogin(wire, Secret(SecretStr(token))), mount=MOUNT)
    await wire.aclose()


async def test_the_documented_rights_are_enough(vault: VaultStore, openbao: OpenBao) -> None:
    """A token without the default policy and without `read` on the keys writes one, knows its id, and writes the next."""
    path = "ai/entry/rights"
    assert await vault.entry(path) is None
    await vault.require_room(path, None)
    await vault.write(path, FIELDS, over=None, notes={TOKEN_ID: "tok_1", "team": "entry"})
    first = await vault.entry(path)
    assert first is not None
    assert (first.version, first.deleted, first.token_id, first.notes["team"]) == (1, False, "tok_1", "entry")
    await vault.require_room(path, first)
    await vault.write(path, FIELDS | {"id": "tok_2"}, over=first, notes={TOKEN_ID: "tok_2"})
    second = await vault.entry(path)
    assert second is not None
    assert (second.version, second.token_id) == (2, "tok_2")
    assert (openbao.entry(path) or {})["id"] == "tok_2"
    with pytest.raises(VaultDeniedError):
        await vault.read(path)


async def test_a_write_that_never_came_leaves_the_right_id(vault: VaultStore, lossy: Lossy) -> None:
    """When the notes are written and the secret is not, the entry still names the key that is there."""
    path = "ai/entry/lost"
    await vault.write(path, FIELDS, over=None, notes={TOKEN_ID: "tok_1", "team_id": "team_1"})
    entry = await vault.entry(path)
    lossy.lost = True
    with pytest.raises(VaultUnavailableError):
        await vault.write(path, FIELDS, over=entry, notes={TOKEN_ID: "tok_2", "team_id": "team_1"})
    found = await vault.entry(path)
    assert found is not None
    assert (found.version, found.token_id, found.notes["team_id"]) == (1, "tok_1", "team_1")


async def test_a_first_write_that_never_came_leaves_nothing(vault: VaultStore, lossy: Lossy) -> None:
    """When the notes of a first secret are written and it is not, there is nothing at the path."""
    lossy.lost = True
    with pytest.raises(VaultUnavailableError):
        await vault.write("ai/entry/first", FIELDS, over=None, notes={TOKEN_ID: "tok_1"})
    assert await vault.entry("ai/entry/first") is None
    lossy.lost = False
    await vault.write("ai/entry/first", FIELDS, over=None, notes={TOKEN_ID: "tok_1"})


async def test_a_version_that_came_between_is_a_conflict(vault: VaultStore, openbao: OpenBao) -> None:
    """What somebody else wrote meanwhile stays, and so does what is noted on it."""
    path = "ai/entry/between"
    await vault.write(path, FIELDS, over=None, notes={TOKEN_ID: "tok_1"})
    entry = await vault.entry(path)
    await vault.write(path, FIELDS, over=entry, notes={TOKEN_ID: "tok_2"})
    with pytest.raises(VaultConflictError):
        await vault.write(path, FIELDS, over=entry, notes={TOKEN_ID: "tok_3"})
    found = await vault.entry(path)
    assert openbao.versions(path) == 2
    assert found is not None
    assert found.token_id != "tok_3"


async def test_entries_of_earlier_releases_and_of_terraform_are_known(openbao: OpenBao) -> None:
    """Notes that name no version, and fields where there are no notes, name the key all the same."""
    wire = VaultWire(openbao.url)
    vault = VaultStore(wire, VaultLogin(wire, Secret(SecretStr(ROOT_TOKEN))), mount=MOUNT)
    await vault.write_new("ai/entry/earlier", FIELDS, metadata={TOKEN_ID: "tok_1", "made_by": "terraform"})
    openbao.call("POST", f"{MOUNT}/data/ai/entry/bare", {"data": {"id": "tok_9", "key": "x"}})
    assert [(await vault.entry(f"ai/entry/{name}") or Entry(0)).token_id for name in ("earlier", "bare")] == [
        "tok_1",
        "tok_9",
    ]
    await wire.aclose()


async def test_a_deleted_entry_has_no_room(vault: VaultStore, openbao: OpenBao) -> None:
    """A version that was deleted and could be had back is not written over, and the error says how to clear it."""
    path = "ai/entry/deleted"
    await vault.write(path, FIELDS, over=None, notes={TOKEN_ID: "tok_1"})
    openbao.call("DELETE", f"{MOUNT}/data/{path}")
    entry = await vault.entry(path)
    assert entry is not None
    assert entry.deleted
    with pytest.raises(VaultConflictError, match="metadata delete"):
        await vault.require_room(path, entry)
