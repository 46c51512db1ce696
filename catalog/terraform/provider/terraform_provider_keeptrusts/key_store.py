"""Where gateway keys are kept: one entry a name in Vault, as the service's provisioning writes them."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import SecretStr

from bff.vault.errors import VaultConflictError, VaultDeniedError
from bff.vault.login import AppRole, VaultLogin
from bff.vault.store import VaultStore
from bff.vault.wire import VaultWire
from terraform_provider_keeptrusts.arguments import VaultArguments
from terraform_provider_keeptrusts.key_entry import KeyEntry

SECONDS = 20.0

_ID = "id"


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
            await self._vault.require(path, "metadata", "delete")

    async def expect_replaceable(self, path: str, *, key_id: str) -> None:
        """Raise `VaultError` unless this key is at `path` and may get a successor there."""
        fields = await self._vault.read(path)
        if fields is None or fields.get(_ID) != key_id:
            there = "nothing" if fields is None else _described(fields.get(_ID))
            raise VaultConflictError(f"{self._vault.mount}/{path} holds {there} now and not {key_id}.")
        await self._vault.require(path, "data", "update")

    async def keep(self, path: str, secret: SecretStr, entry: KeyEntry) -> None:
        """Write a key where there is nothing."""
        await self._vault.write_new(path, _fields(secret, entry), metadata=_metadata(entry))

    async def replace(self, path: str, secret: SecretStr, entry: KeyEntry, *, key_id: str) -> None:
        """Write a key as the next version at `path`, where the key `key_id` must be.

        Raises `VaultConflictError` where something else is there, or comes there meanwhile.
        """
        found = await self._vault.version(path)
        if found is None or found[1] != key_id:
            raise VaultConflictError(f"{self._vault.mount}/{path} no longer holds {key_id}.")
        await self._vault.write_next(path, _fields(secret, entry), after=found[0], metadata=_metadata(entry))

    async def key_id(self, path: str) -> str | None:
        """The id of the key at `path`; None when there is none."""
        fields = await self._vault.read(path)
        return None if fields is None else fields.get(_ID)

    async def entry(self, path: str) -> KeyEntry | None:
        """What `path` holds besides the secret; None when it holds no key."""
        fields = await self._vault.read(path)
        if fields is None or not (key_id := fields.get(_ID)):
            return None
        notes = await self._vault.notes(path)
        # Notes that could not be written with the last version are those of a version before it.
        notes = notes if notes.get("token_id") == key_id else {}
        return KeyEntry(
            key_id, fields.get("team", ""), fields.get("gateway_url"), notes.get("team_id"), notes.get("api_url")
        )

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


def _fields(secret: SecretStr, entry: KeyEntry) -> dict[str, SecretStr | str]:
    fields: dict[str, SecretStr | str] = {"key": secret, _ID: entry.key_id, "team": entry.team}
    if entry.gateway_url:
        fields["gateway_url"] = entry.gateway_url
    return fields


def _metadata(entry: KeyEntry) -> dict[str, str]:
    told = {"team": entry.team, "token_id": entry.key_id, "team_id": entry.team_id, "api_url": entry.api_url}
    return {name: value for name, value in told.items() if value} | {"made_by": "terraform"}


def _described(key_id: str | None) -> str:
    return f"the key {key_id}" if key_id else "a secret"


def _credentials(arguments: VaultArguments) -> SecretStr | AppRole:
    if arguments.token is not None:
        return arguments.token
    if arguments.role_id is None or arguments.secret_id is None:
        raise ValueError("neither a token nor an AppRole is given")
    return AppRole(arguments.role_id, arguments.secret_id)


class _Vault(VaultStore):
    """The service's store, and what only Terraform does: write a successor, read notes, take away."""

    async def remembers(self, path: str) -> bool:
        """Whether there is a version at `path`, be it a deleted one."""
        status, _ = await self._call("kv.metadata.read", "GET", f"/v1/{self._below('metadata', path)}")
        return status != 404

    async def notes(self, path: str) -> dict[str, str]:
        """The custom metadata at `path`; empty where there is none."""
        _, document = await self._call("kv.metadata.read", "GET", f"/v1/{self._below('metadata', path)}")
        found = (document.get("data") or {}).get("custom_metadata") or {}
        return {str(name): str(value) for name, value in found.items()}

    async def version(self, path: str) -> tuple[int, str | None] | None:
        """The number of the last version at `path` and the id of the key in it; None where there is none."""
        status, document = await self._call("kv.read", "GET", f"/v1/{self._below('data', path)}")
        if status == 404:
            return None
        data = document["data"]
        return int(data["metadata"]["version"]), data["data"].get(_ID)

    async def write_next(
        self, path: str, fields: Mapping[str, SecretStr | str], *, after: int, metadata: Mapping[str, str]
    ) -> None:
        """Write the version that follows the version `after`.

        Raises `VaultConflictError` where another version came after it, and other `VaultError`.
        """
        plain = {
            name: value.get_secret_value() if isinstance(value, SecretStr) else value for name, value in fields.items()
        }
        body = {"data": plain, "options": {"cas": after}}
        status, _ = await self._call("kv.write", "POST", f"/v1/{self._below('data', path)}", body=body)
        if status >= 400:
            raise VaultConflictError(f"{self.mount}/{path} has another version than {after} by now.")
        await self._call(
            "kv.metadata", "POST", f"/v1/{self._below('metadata', path)}", body={"custom_metadata": dict(metadata)}
        )

    async def require(self, path: str, kind: str, capability: str) -> None:
        """Raise `VaultDeniedError` unless Vault's policy has `capability` for `path`; `kind` is `data` or `metadata`."""
        wanted = f"{self.mount}/{kind}/{path}"
        _, document = await self._call("capabilities", "POST", "/v1/sys/capabilities-self", body={"paths": [wanted]})
        found = document.get(wanted) or (document.get("data") or {}).get(wanted) or ()
        if not {"root", capability}.intersection(found):
            raise VaultDeniedError(f"Vault's policy does not let this provider {capability} {wanted}.")

    async def remove(self, path: str) -> None:
        """Remove all versions at `path`; there may be none."""
        await self._call("kv.remove", "DELETE", f"/v1/{self._below('metadata', path)}")
