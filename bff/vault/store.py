"""Secrets in a KV engine of version 2: written once, compared instead of overwritten."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from pydantic import SecretStr

from bff.telemetry.logs import logger
from bff.vault.errors import (
    VaultConflictError,
    VaultContractError,
    VaultDeniedError,
    VaultError,
    VaultMountError,
)
from bff.vault.login import VaultLogin
from bff.vault.wire import Read, VaultWire, as_it_is, errors_in

log = logger("vault")

_WRITING = frozenset({"root", "create"})
_CHECK_AND_SET = "check-and-set"
_VERSION = "2"


class VaultStore:
    """The KV engine at `mount`. Paths are below it, without `data/`: `ai/support-team/support-team-gw-key`."""

    def __init__(self, wire: VaultWire, login: VaultLogin, *, mount: str) -> None:
        self._wire = wire
        self._login = login
        self.mount = mount.strip("/")

    async def read(self, path: str) -> Mapping[str, str] | None:
        """The fields at `path`; None when there are none, or none any more. Raises `VaultError`."""

        def fields(status: int, document: dict[str, Any]) -> Mapping[str, str] | None:
            if status == 404:
                return None
            data = document.get("data")
            found = data.get("data") if isinstance(data, dict) else None
            if not isinstance(found, dict):
                raise VaultContractError(
                    f"Vault's reply for {path} has no data: is the engine at {self.mount} KV version 2?"
                )
            return {str(name): str(value) for name, value in found.items()}

        return await self._look(fields, path)

    async def require_writable(self, path: str) -> None:
        """Raise `VaultError` unless a new secret may be written at `path`: found out before there is a secret to lose.

        What was deleted can be brought back until its versions are removed: for something new the place is taken.
        """
        await self._require_version()
        status, document = await self._look(as_it_is, path)
        if status == 404 and document.get("data"):
            raise VaultConflictError(
                f"{self.mount}/{path} held a secret that was deleted, and Vault keeps its versions: remove them with "
                f"their metadata to free the place (vault kv metadata delete -mount={self.mount} {path})."
            )
        wanted = f"{self.mount}/data/{path}"
        _, document = await self._call("capabilities", "POST", "/v1/sys/capabilities-self", body={"paths": [wanted]})
        found = document.get(wanted) or (document.get("data") or {}).get(wanted) or ()
        if not _WRITING.intersection(found):
            raise VaultDeniedError(f"Vault's policy does not let this service create {wanted}.")

    async def write_new(self, path: str, fields: Mapping[str, SecretStr | str], *, metadata: Mapping[str, str]) -> None:
        """Write a secret where there is none. Raises `VaultConflictError` where there is one, and other `VaultError`."""
        plain = {
            name: value.get_secret_value() if isinstance(value, SecretStr) else value for name, value in fields.items()
        }
        body = {"data": plain, "options": {"cas": 0}}
        status, document = await self._call("kv.write", "POST", f"/v1/{self._below('data', path)}", body=body)
        if status == 400 and _CHECK_AND_SET in errors_in(document):
            raise VaultConflictError(f"{self.mount}/{path} holds another secret already.")
        if status >= 400:
            raise VaultContractError(
                f"Vault did not take what was written to {self.mount}/{path}: it answered {status}."
            )
        try:
            await self._call(
                "kv.metadata", "POST", f"/v1/{self._below('metadata', path)}", body={"custom_metadata": dict(metadata)}
            )
        except VaultError as error:
            # The secret is in place; a note on it that may not be written is no reason to give the secret up.
            log.warning("vault metadata not written", path=f"{self.mount}/{path}", problem=str(error))

    async def _look(self, read: Callable[[int, dict[str, Any]], Read], path: str) -> Read:
        """What stands at `path`: 404 without `data` where nothing was ever written, with it where it was deleted."""
        return await self._call_as(read, "kv.read", "GET", f"/v1/{self._below('data', path)}")

    async def _require_version(self) -> None:
        """Raise unless the engine keeps versions: version 1 would take the write, and keep it where no reader looks."""
        mount = quote(self.mount, safe="/")
        _, document = await self._call("mount", "GET", f"/v1/sys/internal/ui/mounts/{mount}")
        data = document.get("data")
        found = data if isinstance(data, dict) else {}
        options = found.get("options")
        version = options.get("version") if isinstance(options, dict) else None
        if found.get("type") != "kv" or version != _VERSION:
            raise VaultMountError(f"The engine at {self.mount} is no KV version 2.")

    async def _call(
        self, operation: str, method: str, path: str, *, body: object | None = None
    ) -> tuple[int, dict[str, Any]]:
        return await self._call_as(as_it_is, operation, method, path, body=body)

    async def _call_as(
        self,
        read: Callable[[int, dict[str, Any]], Read],
        operation: str,
        method: str,
        path: str,
        *,
        body: object | None = None,
    ) -> Read:
        return await self._wire.call_as(read, operation, method, path, token=self._login, body=body)

    def _below(self, kind: str, path: str) -> str:
        segments = "/".join(quote(segment, safe="") for segment in path.split("/"))
        return f"{quote(self.mount, safe='/')}/{kind}/{segments}"
