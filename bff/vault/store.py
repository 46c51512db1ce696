"""Secrets in a KV engine of version 2: written once, compared instead of overwritten."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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

TOKEN_ID = "token_id"  # noqa: S105 - the name of a note, and not a token
_NOTED_VERSION, _EARLIER_VERSION, _EARLIER_ID = "version", "earlier_version", "earlier_token_id"


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands at a path, without its secret.

    `version` is the newest one; `deleted` says that it was deleted, and could be had back. `notes` are what was noted on the
    newest version when it was written; empty where nothing is known of it.
    """

    version: int
    deleted: bool = False
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def token_id(self) -> str | None:
        """The id of the gateway key in the newest version; None where it is not known."""
        return self.notes.get(TOKEN_ID)


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

    async def entry(self, path: str) -> Entry | None:
        """What stands at `path`, from its metadata; None when nothing was ever written. Raises `VaultError`.

        The secret itself is read only where the metadata may not be read, or says nothing.
        """
        try:
            found = await self._call_as(
                self._described, "kv.metadata.read", "GET", f"/v1/{self._below('metadata', path)}"
            )
        except VaultDeniedError:
            return await self._entry_of_data(path)
        if found is None or found.notes or found.deleted or not found.version:
            return found if found is None or found.version else None
        try:
            return await self._entry_of_data(path)
        except VaultDeniedError:
            return found

    async def _entry_of_data(self, path: str) -> Entry | None:
        def entry(status: int, document: dict[str, Any]) -> Entry | None:
            data = document.get("data")
            kept = data if isinstance(data, dict) else {}
            metadata = kept.get("metadata")
            version = metadata.get("version") if isinstance(metadata, dict) else None
            if status == 404 and not kept:
                return None
            if not isinstance(version, int):
                raise self._no_version_2(path)
            fields = kept.get("data")
            if status == 404 or not isinstance(fields, dict):
                return Entry(version, deleted=True)
            noted = {TOKEN_ID: fields.get("id"), "team": fields.get("team")}
            return Entry(version, notes={name: value for name, value in noted.items() if isinstance(value, str)})

        return await self._look(entry, path)

    def _described(self, status: int, document: dict[str, Any]) -> Entry | None:
        if status == 404:
            return None
        data = document.get("data")
        found = data if isinstance(data, dict) else {}
        version, versions = found.get("current_version"), found.get("versions")
        if not isinstance(version, int) or not isinstance(versions, dict):
            raise self._no_version_2("the metadata")
        newest = versions.get(str(version))
        gone = isinstance(newest, dict) and bool(newest.get("destroyed") or newest.get("deletion_time"))
        custom = found.get("custom_metadata")
        notes = {str(name): str(value) for name, value in custom.items()} if isinstance(custom, dict) else {}
        return Entry(version, gone, _notes_on(version, notes))

    def _no_version_2(self, path: str) -> VaultContractError:
        return VaultContractError(
            f"Vault's reply for {path} has no version: is the engine at {self.mount} KV version 2?"
        )

    async def write(
        self, path: str, fields: Mapping[str, SecretStr | str], *, over: Entry | None, notes: Mapping[str, str]
    ) -> None:
        """Write a secret as the next version after `over` (None: where there is nothing), with `notes` on it.

        The notes are written first, with the version that they are about, so that what is known of the newest version is
        right wherever this is interrupted. Raises `VaultConflictError` where another version was written meanwhile, and
        other `VaultError`.
        """
        before = over or Entry(0)
        earlier = {_EARLIER_VERSION: str(before.version), _EARLIER_ID: before.token_id or ""} if before.version else {}
        noted = await self._note(
            path, {**notes, _NOTED_VERSION: str(before.version + 1), **earlier}, missing=VaultDeniedError
        )
        try:
            await self._put(path, fields, version=before.version)
        except VaultConflictError:
            now = await self.entry(path)
            if noted and now is not None and now.token_id == notes.get(TOKEN_ID):
                # What is there now is another's: our notes on it would be wrong.
                await self._note(path, {**before.notes, _NOTED_VERSION: str(before.version)} if before.notes else {})
            raise

    async def require_room(self, path: str, entry: Entry | None) -> None:
        """Raise `VaultError` unless a version may be written after `entry`: found out before there is a secret to lose."""
        await self._require_version()
        if entry is not None and entry.deleted:
            raise self._deleted(path)
        wanted = f"{self.mount}/data/{path}"
        try:
            _, document = await self._call(
                "capabilities", "POST", "/v1/sys/capabilities-self", body={"paths": [wanted]}
            )
        except VaultDeniedError:
            # A token without the default policy may not ask. Whether it may write shows when it does.
            return
        found = document.get(wanted) or (document.get("data") or {}).get(wanted) or ()
        needed = "update" if entry is not None else "create"
        if not {"root", needed}.intersection(found):
            raise VaultDeniedError(f"Vault's policy does not let this service {needed} {wanted}.")

    async def require_writable(self, path: str) -> None:
        """Raise `VaultError` unless a new secret may be written at `path`: found out before there is a secret to lose.

        What was deleted can be brought back until its versions are removed: for something new the place is taken.
        """
        await self._require_version()
        status, document = await self._look(as_it_is, path)
        if status == 404 and document.get("data"):
            raise self._deleted(path)
        wanted = f"{self.mount}/data/{path}"
        _, document = await self._call("capabilities", "POST", "/v1/sys/capabilities-self", body={"paths": [wanted]})
        found = document.get(wanted) or (document.get("data") or {}).get(wanted) or ()
        if not _WRITING.intersection(found):
            raise VaultDeniedError(f"Vault's policy does not let this service create {wanted}.")

    async def write_new(self, path: str, fields: Mapping[str, SecretStr | str], *, metadata: Mapping[str, str]) -> None:
        """Write a secret where there is none. Raises `VaultConflictError` where there is one, and other `VaultError`."""
        await self._put(path, fields, version=0)
        await self._note(path, metadata)

    async def _put(self, path: str, fields: Mapping[str, SecretStr | str], *, version: int) -> None:
        """Write the version after `version`."""
        plain = {
            name: value.get_secret_value() if isinstance(value, SecretStr) else value for name, value in fields.items()
        }
        body = {"data": plain, "options": {"cas": version}}
        status, document = await self._call("kv.write", "POST", f"/v1/{self._below('data', path)}", body=body)
        if status == 400 and _CHECK_AND_SET in errors_in(document):
            raise VaultConflictError(f"{self.mount}/{path} holds another secret already.")
        if status >= 400:
            raise VaultContractError(
                f"Vault did not take what was written to {self.mount}/{path}: it answered {status}."
            )

    async def _note(self, path: str, notes: Mapping[str, str], *, missing: type[VaultError] = VaultError) -> bool:
        """Write the custom metadata of a path; False where that failed with an error of the kind that may be `missing`."""
        try:
            await self._call(
                "kv.metadata", "POST", f"/v1/{self._below('metadata', path)}", body={"custom_metadata": dict(notes)}
            )
        except missing as error:
            # A note that may not be written is no reason to give a secret up.
            log.warning("vault metadata not written", path=f"{self.mount}/{path}", problem=str(error))
            return False
        return True

    def _deleted(self, path: str) -> VaultConflictError:
        return VaultConflictError(
            f"{self.mount}/{path} held a secret that was deleted, and Vault keeps its versions: remove them with "
            f"their metadata to free the place ({self.clearing(path)})."
        )

    def clearing(self, path: str) -> str:
        """The command that removes what stands at a path."""
        return f"vault kv metadata delete -mount={self.mount} {path}"

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


def _notes_on(version: int, custom: Mapping[str, str]) -> Mapping[str, str]:
    """The notes on one version. Notes of an earlier release and of Terraform name no version: they are on the newest."""
    if custom.get(_NOTED_VERSION, str(version)) == str(version):
        return custom
    if custom.get(_EARLIER_VERSION) == str(version) and custom.get(_EARLIER_ID):
        kept = {name: custom[name] for name in ("team", "team_id", "organisation") if name in custom}
        return {**kept, TOKEN_ID: custom[_EARLIER_ID]}
    return {}
