"""Where gateway keys are kept: one entry a key in Vault, as the BFF's onboarding writes them."""

from __future__ import annotations

from pydantic import SecretStr

from bff.secret_files import Secret
from bff.vault.errors import VaultConflictError, VaultDeniedError
from bff.vault.login import AppRole, VaultLogin
from bff.vault.store import VaultStore
from bff.vault.wire import VaultWire
from terraform_provider_keeptrusts.arguments import VaultArguments
from terraform_provider_keeptrusts.key_entry import KeyEntry

SECONDS = 20.0

_ID = "id"
_REMOVING = frozenset({"root", "delete"})


class KeyStore:
    """The KV engine that the provider's `vault` block names. Methods raise `VaultError`."""

    def __init__(self, arguments: VaultArguments) -> None:
        wire = VaultWire(arguments.address, namespace=arguments.namespace, deadline=SECONDS)
        self._wire = wire
        self._vault = _Vault(wire, VaultLogin(wire, _credentials(arguments)), mount=arguments.mount)

    async def expect_free(self, path: str) -> None:
        """Raise `VaultConflictError` where there is something at `path`, and other `VaultError` where nothing can be kept."""
        fields = await self._vault.read(path)
        if fields is not None:
            raise VaultConflictError(
                f"{self._vault.mount}/{path} holds {_described(fields.get(_ID))} already. Choose another vault_path, or remove it."
            )
        if await self._vault.remembers(path):
            raise VaultConflictError(
                f"{self._vault.mount}/{path} holds versions that were deleted and can be had back. Choose another vault_path, or "
                "remove them for good: vault kv metadata delete."
            )
        await self._vault.require_writable(path)

    async def expect_own(self, path: str, *, key_id: str) -> None:
        """Raise `VaultError` where something else than this key is at `path`, or what is there could not be removed."""
        fields = await self._vault.read(path)
        if fields is not None and fields.get(_ID) != key_id:
            raise VaultConflictError(
                f"{self._vault.mount}/{path} holds {_described(fields.get(_ID))} now and not {key_id}. Remove it, or give another "
                "vault_path."
            )
        await self.expect_removable(path, key_id=key_id)

    async def expect_removable(self, path: str, *, key_id: str) -> None:
        """Raise `VaultError` where this key is at `path` and could not be removed."""
        fields = await self._vault.read(path)
        if fields is not None and fields.get(_ID) == key_id:
            await self._vault.require_removable(path)

    async def keep(self, path: str, secret: SecretStr, entry: KeyEntry) -> None:
        """Write a key where there is nothing."""
        fields: dict[str, SecretStr | str] = {"key": secret, _ID: entry.key_id, "team": entry.team}
        if entry.gateway_url:
            fields["gateway_url"] = entry.gateway_url
        metadata = {"team": entry.team, "token_id": entry.key_id, "made_by": "terraform"}
        await self._vault.write_new(path, fields, metadata=metadata)

    async def key_id(self, path: str) -> str | None:
        """The id of the key at `path`; None when there is none."""
        fields = await self._vault.read(path)
        return None if fields is None else fields.get(_ID)

    async def remove(self, path: str, *, key_id: str, deleted_too: bool = False) -> None:
        """Remove the entry of this key with all its versions; anything else stays.

        `deleted_too` is for a path where this key was: what somebody deleted there, and could have back, goes as well.
        """
        fields = await self._vault.read(path)
        if deleted_too if fields is None else fields.get(_ID) == key_id:
            await self._vault.remove(path)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._wire.aclose()


def _described(key_id: str | None) -> str:
    return f"the key {key_id}" if key_id else "a secret"


def _credentials(arguments: VaultArguments) -> Secret | AppRole:
    if arguments.token is not None:
        return Secret(arguments.token, name="vault.token")
    if arguments.role_id is None or arguments.secret_id is None:
        raise ValueError("neither a token nor an AppRole is given")
    return AppRole(arguments.role_id, Secret(arguments.secret_id, name="vault.secret_id", in_header=False))


class _Vault(VaultStore):
    """The BFF's store, which never takes anything away; Terraform does."""

    async def remembers(self, path: str) -> bool:
        """Whether there is a version at `path`, be it a deleted one."""
        status, _ = await self._call("kv.metadata.read", "GET", f"/v1/{self._below('metadata', path)}")
        return status != 404

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
