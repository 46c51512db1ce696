"""Where gateway keys are kept: one entry a name in Vault, as the service's provisioning writes them."""

from __future__ import annotations

from pydantic import SecretStr

from bff.secret_files import Secret
from bff.vault.errors import VaultConflictError, VaultDeniedError
from bff.vault.login import AppRole, VaultLogin
from bff.vault.store import TOKEN_ID, Entry, VaultStore
from bff.vault.wire import VaultWire
from terraform_provider_keeptrusts.arguments import VaultArguments
from terraform_provider_keeptrusts.key_entry import KeyEntry

SECONDS = 20.0

_REMOVING = frozenset({"root", "delete"})


class KeyStore:
    """The KV engine that the provider's `vault` block names. Methods raise `VaultError`."""

    def __init__(self, arguments: VaultArguments) -> None:
        wire = VaultWire(arguments.address, namespace=arguments.namespace, deadline=SECONDS)
        self._wire = wire
        self._vault = _Vault(wire, VaultLogin(wire, _credentials(arguments)), mount=arguments.mount)

    @property
    def mount(self) -> str:
        """The KV mount."""
        return self._vault.mount

    async def entry(self, path: str) -> Entry | None:
        """What stands at `path`, without its secret; None when nothing was ever written."""
        return await self._vault.entry(path)

    async def key_id(self, path: str) -> str | None:
        """The id of the key at `path`; None when there is none."""
        return _key_id(await self.entry(path))

    async def expect_free(self, path: str) -> None:
        """Raise `VaultConflictError` where there is something at `path`, and other `VaultError` where nothing can be kept."""
        found = await self.entry(path)
        if found is not None and not found.deleted:
            raise VaultConflictError(
                f"{self.mount}/{path} holds {_described(found)} already. Choose another vault_path, or remove it."
            )
        if found is not None:
            raise VaultConflictError(
                f"{self.mount}/{path} holds versions that were deleted and can be had back. Choose another vault_path, or "
                f"remove them for good: {self._vault.clearing(path)}"
            )
        await self._vault.require_room(path, None)

    async def expect_own(self, path: str, *, key_id: str) -> None:
        """Raise `VaultError` where something else than this key is at `path`, or what is there could not be removed."""
        found = await self.entry(path)
        if found is not None and not found.deleted and found.token_id != key_id:
            raise VaultConflictError(
                f"{self.mount}/{path} holds {_described(found)} now and not {key_id}. Remove it, or give another vault_path."
            )
        await self.expect_removable(path, key_id=key_id)

    async def expect_removable(self, path: str, *, key_id: str) -> None:
        """Raise `VaultError` where this key is at `path` and could not be removed."""
        if await self.key_id(path) == key_id:
            await self._vault.require_removable(path)

    async def expect_replaceable(self, path: str, *, key_id: str) -> None:
        """Raise `VaultError` unless this key is at `path` and may get a successor there."""
        await self._vault.require_room(path, await self._own(path, key_id))

    async def keep(self, path: str, secret: SecretStr, entry: KeyEntry) -> None:
        """Write a key where there is nothing."""
        await self._vault.write(path, _fields(secret, entry), over=None, notes=_notes(entry))

    async def replace(self, path: str, secret: SecretStr, entry: KeyEntry, *, key_id: str) -> None:
        """Write a key as the next version at `path`, where the key `key_id` must be.

        Raises `VaultConflictError` where something else is there, or comes there meanwhile.
        """
        over = await self._own(path, key_id)
        await self._vault.write(path, _fields(secret, entry), over=over, notes=_notes(entry))

    async def remove(self, path: str, *, key_id: str, deleted_too: bool = False) -> None:
        """Remove the entry of this key with all its versions; anything else stays.

        `deleted_too` is for a path where this key was: what somebody deleted there, and could have back, goes as well.
        """
        found = await self.entry(path)
        if found is not None and (deleted_too if found.deleted else found.token_id == key_id):
            await self._vault.remove(path)

    async def _own(self, path: str, key_id: str) -> Entry:
        found = await self.entry(path)
        if found is None or _key_id(found) != key_id:
            raise VaultConflictError(f"{self.mount}/{path} holds {_described(found)} now and not {key_id}.")
        return found

    async def aclose(self) -> None:
        """Close all connections."""
        await self._wire.aclose()


def _key_id(entry: Entry | None) -> str | None:
    return None if entry is None or entry.deleted else entry.token_id


def _fields(secret: SecretStr, entry: KeyEntry) -> dict[str, SecretStr | str]:
    fields: dict[str, SecretStr | str] = {"key": secret, "id": entry.key_id, "team": entry.team}
    if entry.gateway_url:
        fields["gateway_url"] = entry.gateway_url
    return fields


def _notes(entry: KeyEntry) -> dict[str, str]:
    organisation = {"organisation": entry.organisation} if entry.organisation else {}
    return {TOKEN_ID: entry.key_id, "team": entry.team, "team_id": entry.team_id, "made_by": "terraform"} | organisation


def _described(entry: Entry | None) -> str:
    if entry is None or entry.deleted:
        return "nothing"
    return f"the key {entry.token_id}" if entry.token_id else "a secret"


def _credentials(arguments: VaultArguments) -> Secret | AppRole:
    if arguments.token is not None:
        return Secret(arguments.token, name="vault.token")
    if arguments.role_id is None or arguments.secret_id is None:
        raise ValueError("neither a token nor an AppRole is given")
    return AppRole(arguments.role_id, Secret(arguments.secret_id, name="vault.secret_id", in_header=False))


class _Vault(VaultStore):
    """The service's store, which never takes anything away; Terraform does."""

    async def require_removable(self, path: str) -> None:
        """Raise `VaultDeniedError` unless all versions at `path` may be removed."""
        wanted = f"{self.mount}/metadata/{path}"
        _, document = await self._call("capabilities", "POST", "/v1/sys/capabilities-self", body={"paths": [wanted]})
        found = document.get(wanted) or (document.get("data") or {}).get(wanted) or ()
        if not _REMOVING.intersection(found):
            raise VaultDeniedError(f"Vault's policy does not let this provider delete {wanted}.")

    async def remove(self, path: str) -> None:
        """Remove all versions at `path`; there may be none."""
        await self._call("kv.remove", "DELETE", f"/v1/{self._below('metadata', path)}")
