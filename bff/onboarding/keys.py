"""A team's gateway key: made once, put into Vault, and never shown."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import SecretStr

from bff.keeptrusts.client import KeeptrustsClient
from bff.keeptrusts.contract import TeamRecord, TokenRecord
from bff.keeptrusts.errors import KeeptrustsError
from bff.onboarding.errors import ConflictError, NotStoredError
from bff.onboarding.organisation import CurrentOrganisation
from bff.onboarding.requests import NewKey
from bff.telemetry.logs import logger
from bff.vault.errors import VaultError
from bff.vault.store import VaultStore

log = logger("onboarding")

FOLDER = "ai"


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A gateway key and where its secret is; never the secret."""

    record: TokenRecord
    vault_mount: str
    vault_path: str
    new: bool


class Keys:
    """Provisions gateway keys. `gateway_url` is written beside the key, so that a service finds both in one place."""

    def __init__(
        self, client: KeeptrustsClient, organisation: CurrentOrganisation, store: VaultStore, *, gateway_url: str | None
    ) -> None:
        self._client = client
        self._organisation = organisation
        self._store = store
        self._gateway_url = gateway_url

    async def provide(self, request: NewKey, team: TeamRecord, *, by: str, now: datetime) -> StoredKey:
        """The key of this team and name, made if it is not there.

        Raises `ConflictError`, `NotStoredError`, `VaultError` or `KeeptrustsError`.
        """
        path = f"{FOLDER}/{team.name}/{request.name}"
        stored = await self._store.read(path)
        existing = await self._existing(request, team)
        if existing is not None:
            self._require_held(existing, stored, path)
            return StoredKey(existing, self._store.mount, path, new=False)
        if stored is not None:
            raise ConflictError(
                f"Vault already holds a key at {self._store.mount}/{path}, of id {stored.get('id', 'unknown')!r}, which "
                "Keeptrusts does not know as active under this name: remove it there, or choose another name."
            )
        await self._store.require_writable(path)
        # From here on there is a secret to lose: whoever goes away meanwhile does not interrupt it.
        return await asyncio.shield(asyncio.ensure_future(self._make(request, team, path, by=by, now=now)))

    async def _existing(self, request: NewKey, team: TeamRecord) -> TokenRecord | None:
        keys = await self._organisation.keys_named(request.name)
        foreign = next((key for key in keys if key.team_id != team.id), None)
        if foreign is not None:
            raise ConflictError(f"There is a gateway key {request.name!r} already, and it is another team's.")
        return keys[0] if keys else None

    def _require_held(self, key: TokenRecord, stored: Mapping[str, str] | None, path: str) -> None:
        if stored is None:
            raise ConflictError(
                f"The gateway key {key.name!r} ({key.id}) is there, but Vault holds nothing at {self._store.mount}/{path}: "
                "revoke it in Keeptrusts and run this again, or put the key there yourself."
            )
        if stored.get("id") != key.id:
            raise ConflictError(
                f"The gateway key {key.name!r} is {key.id}, but Vault holds {stored.get('id', 'another')!r} at "
                f"{self._store.mount}/{path}."
            )

    async def _make(self, request: NewKey, team: TeamRecord, path: str, *, by: str, now: datetime) -> StoredKey:
        token_id, secret, rest = await self._client.create_token(
            request.name, team_id=team.id, description=request.description, expires_at=request.expires_at
        )
        fields: dict[str, SecretStr | str] = {
            "key": secret,
            "gateway_url": self._gateway_url or "",
            "id": token_id,
            "team": team.name,
        }
        note = {"team": team.name, "token_id": token_id, "made_by": by, "made_at": now.isoformat()}
        try:
            await self._store.write_new(path, fields, metadata=note)
        except VaultError as error:
            raise await self._given_up(token_id, str(error)) from None
        record = TokenRecord.model_validate({"status": "active", **rest, "id": token_id})
        return StoredKey(record, self._store.mount, path, new=True)

    async def _given_up(self, token_id: str, why: str) -> NotStoredError:
        """Revoke a key that nobody could ever read."""
        try:
            await self._client.revoke_token(token_id)
        except KeeptrustsError as error:
            log.critical("orphaned gateway key", token_id=token_id, problem=error.reason)
            return NotStoredError(
                f"The key was made, could not be stored ({why}) and could not be revoked: revoke {token_id} by hand.",
                orphan=token_id,
            )
        return NotStoredError(
            f"The key was made, could not be stored ({why}) and was revoked again: nothing is left behind."
        )
