"""A team's gateway key: made once, put into Vault, and never shown."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

from pydantic import SecretStr, ValidationError

from bff.keeptrusts.client import KeeptrustsClient
from bff.keeptrusts.contract import TeamRecord, TokenRecord
from bff.keeptrusts.errors import UpstreamContractError, UpstreamRejectedError, UpstreamUnavailableError
from bff.provisioning.errors import ConflictError, InvalidRequestError
from bff.provisioning.organisation import CurrentOrganisation
from bff.provisioning.requests import NewKey
from bff.provisioning.withdrawal import Withdrawal
from bff.vault.errors import VaultError, VaultUnavailableError
from bff.vault.store import VaultStore

FOLDER = "ai"

LOOKS = 6
"""How often Vault is looked at for a key that another replica has just made."""

BETWEEN_LOOKS = 0.5
"""Seconds."""

_DUPLICATE = 409


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A gateway key and where its secret is; never the secret."""

    record: TokenRecord
    vault_mount: str
    vault_path: str
    new: bool


class Keys:
    """Provisions gateway keys. `gateway_url` is written beside the key, so that a service finds both in one place.

    `provide` must not be interrupted once begun, nor run twice at once for one name: `Provisioner` sees to both.
    """

    def __init__(
        self,
        client: KeeptrustsClient,
        organisation: CurrentOrganisation,
        store: VaultStore,
        *,
        gateway_url: str | None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._client = client
        self._organisation = organisation
        self._store = store
        self._gateway_url = gateway_url
        self._sleep = sleep
        self._withdrawal = Withdrawal(client, organisation)

    async def provide(self, request: NewKey, team: TeamRecord, *, by: str, now: datetime) -> StoredKey:
        """The key of this team and name, made if it is not there.

        Raises `ConflictError`, `InvalidRequestError`, `NotStoredError`, `VaultError` or `KeeptrustsError`.
        """
        path = f"{FOLDER}/{team.name}/{request.name}"
        stored = await self._store.read(path)
        existing = await self._existing(request, team)
        if existing is not None:
            _require_usable(existing, request, now)
            self._require_held(existing, stored, path)
            return StoredKey(existing, self._store.mount, path, new=False)
        if stored is not None:
            raise ConflictError(
                f"Vault already holds a key at {self._store.mount}/{path}, of id {stored.get('id', 'unknown')!r}, which "
                "Keeptrusts does not know as active under this name: remove it there, or choose another name."
            )
        if request.expires_at is not None and request.expires_at <= now:
            raise InvalidRequestError(
                f"expires_at: {request.expires_at.isoformat()} has passed: a key that never worked would be made."
            )
        await self._store.require_writable(path)
        return await self._make(request, team, path, by=by, now=now)

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
        try:
            token_id, secret, rest = await self._client.create_token(
                request.name, team_id=team.id, description=request.description, expires_at=request.expires_at
            )
        except UpstreamRejectedError as error:
            if error.status != _DUPLICATE:
                raise
            return await self._made_elsewhere(request, team, path, error)
        except (UpstreamUnavailableError, UpstreamContractError) as error:
            # One that is in Vault by now is another replica's: ours was never told.
            spared = await self._held_id(path)
            raise await self._withdrawal.of_a_lost_key(request.name, team.id, error, spared=spared) from None
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
            unsure = isinstance(error, VaultUnavailableError)
            if not unsure or await self._held_id(path) != token_id:
                left = f"{self._store.mount}/{path}" if unsure else None
                raise await self._withdrawal.of_an_unstored_key(token_id, str(error), left=left) from None
        return StoredKey(_shown(rest, token_id, secret, request, team), self._store.mount, path, new=True)

    async def _made_elsewhere(
        self, request: NewKey, team: TeamRecord, path: str, refusal: UpstreamRejectedError
    ) -> StoredKey:
        """The key that another replica has just made: it comes to Vault a moment after it comes to Keeptrusts."""
        for look in count(1):
            existing = await self._existing(request, team)
            if existing is None:
                # Refused for something else that we cannot see, or revoked again: nothing to wait for.
                break
            stored = await self._store.read(path)
            if stored is not None or look == LOOKS:
                self._require_held(existing, stored, path)
                return StoredKey(existing, self._store.mount, path, new=False)
            await self._sleep(BETWEEN_LOOKS)
        raise refusal

    async def _held_id(self, path: str) -> str | None:
        """The id of the key in Vault; None when there is none, or when Vault cannot be asked."""
        try:
            stored = await self._store.read(path)
        except VaultError:
            return None
        return None if stored is None else stored.get("id")


def _require_usable(key: TokenRecord, request: NewKey, now: datetime) -> None:
    if key.expires_at is not None and key.expires_at <= now:
        raise ConflictError(
            f"The gateway key {key.name!r} ({key.id}) expired at {key.expires_at.isoformat()}: revoke it in Keeptrusts, "
            "remove its entry in Vault and run this again, or choose another name."
        )
    if request.expires_at is not None and key.expires_at != request.expires_at:
        held = key.expires_at.isoformat() if key.expires_at else "never"
        raise ConflictError(
            f"expires_at: the gateway key {key.name!r} ({key.id}) is there already and expires {held}, not "
            f"{request.expires_at.isoformat()}."
        )


def _shown(rest: Mapping[str, Any], token_id: str, secret: SecretStr, request: NewKey, team: TeamRecord) -> TokenRecord:
    """What is told of a new key: our own words, and of Keeptrusts' only what is well formed and holds no secret."""
    ours = {"id": token_id, "name": request.name, "team_id": team.id, "status": "active"}
    prefix = rest.get("prefix")
    # What is called a prefix could be most of the key, or all of it.
    short = isinstance(prefix, str) and len(prefix) <= len(secret.get_secret_value()) // 2
    theirs = {"prefix": prefix if short else None} | {name: rest.get(name) for name in ("created_at", "expires_at")}
    try:
        return TokenRecord.model_validate(ours | theirs)
    except ValidationError:
        # The key is made and stored: an odd date is no reason to tell otherwise, and the next list shows it.
        return TokenRecord.model_validate(ours)
