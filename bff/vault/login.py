"""The token with which Vault is called: given, or taken by AppRole; renewed in time, taken afresh when it is refused."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from bff.secret_files import Secret
from bff.single_flight import SingleFlight
from bff.telemetry.logs import logger
from bff.vault.errors import VaultContractError, VaultDeniedError, VaultError
from bff.vault.wire import VaultWire

log = logger("vault")

RENEW_AT = 2 / 3
"""The share of a lease after which it is renewed."""

LEAST_LEASE = 30.0
"""Seconds: a lease that comes back shorter than this is at its end, and a new token is taken."""

_LOOK_AGAIN = 60.0
_LOGIN = "approle.login"


@dataclass(frozen=True, slots=True)
class AppRole:
    """The two halves of an AppRole login."""

    role_id: str
    secret_id: Secret


@dataclass(frozen=True, slots=True)
class _Lease:
    token: SecretStr
    made_of: SecretStr
    """The token that was given, or the secret id that was logged in with: another one ends the lease."""
    renew_at: float | None
    """Monotonic second; None for a token that needs no renewal."""


class VaultLogin:
    """Gives the token for each call (`TokenSource`). `credentials` are a token, or the AppRole that one is taken with."""

    def __init__(
        self,
        wire: VaultWire,
        credentials: Secret | AppRole,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wire = wire
        self._credentials = credentials
        self._monotonic = monotonic
        self._lease: _Lease | None = None
        self._flight: SingleFlight[_Lease] = SingleFlight()

    @property
    def _secret(self) -> Secret:
        """The part of the credentials that can change."""
        return self._credentials.secret_id if isinstance(self._credentials, AppRole) else self._credentials

    @property
    def can_log_in(self) -> bool:
        """Whether a refused token can be replaced."""
        return isinstance(self._credentials, AppRole)

    async def token(self) -> SecretStr:
        """A token that should be accepted. Raises `VaultError`."""
        lease = self._lease
        if lease is None or lease.made_of.get_secret_value() != self._secret.value().get_secret_value():
            try:
                lease = await self._flight.do("login", self._take)
            except VaultDeniedError:
                if self.can_log_in:
                    raise
                # Without the default policy a token may not look itself up. Whether it is accepted shows when it is used.
                token = self._secret.value()
                lease = self._lease = _Lease(token, token, None)
        elif lease.renew_at is not None and self._monotonic() >= lease.renew_at:
            lease = await self._flight.do("login", self._renew)
        return lease.token

    async def renewed(self, refused: SecretStr) -> SecretStr | None:
        """Another token after `refused`; None where the token that was given is still the same. Raises `VaultError`.

        403 does not say whether a token has run out or the policy forbids the call: a fresh token shows which.
        """
        if self._lease is not None and self._lease.token.get_secret_value() == refused.get_secret_value():
            self._lease = None
        if not self.can_log_in and self._secret.another_than(refused) is None:
            return None
        return await self.token()

    async def keep(self, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        """Renew in time also while no call is made, until cancelled: a token that has run out cannot be renewed."""
        while True:
            await sleep(await self._kept())

    async def _kept(self) -> float:
        """Renew what is due; seconds until the next look."""
        lease = self._lease
        # How long a given token lasts is found out at once; a role logs in when there is something to do.
        unknown = lease is None and not self.can_log_in
        due = lease is not None and lease.renew_at is not None and self._monotonic() >= lease.renew_at
        if unknown or due:
            try:
                if unknown:
                    await self._flight.do("login", self._take)
                else:
                    await self.token()
            except VaultError as error:
                log.warning("vault token could not be renewed", problem=str(error))
                return _LOOK_AGAIN
        renew_at = None if self._lease is None else self._lease.renew_at
        return _LOOK_AGAIN if renew_at is None else min(max(renew_at - self._monotonic(), 1.0), _LOOK_AGAIN)

    async def _take(self) -> _Lease:
        if isinstance(self._credentials, AppRole):
            return await self._log_in(self._credentials)
        _, document = await self._wire.call(
            "token.lookup", "GET", "/v1/auth/token/lookup-self", token=self._credentials
        )
        token = self._credentials.value()
        found = document.get("data")
        ttl = found.get("ttl") if isinstance(found, dict) else None
        renewable = isinstance(found, dict) and found.get("renewable") is True
        self._lease = _Lease(token, token, self._due(ttl) if renewable else None)
        return self._lease

    async def _log_in(self, role: AppRole) -> _Lease:
        secret_id = role.secret_id.value()
        try:
            auth = await self._grant(role, secret_id)
        except VaultDeniedError:
            renewed = role.secret_id.another_than(secret_id)
            if renewed is None:
                self._wire.refused(_LOGIN)
                raise
            secret_id = renewed
            auth = await self._grant(role, secret_id)
        self._lease = _Lease(SecretStr(auth["client_token"]), secret_id, self._due(auth.get("lease_duration")))
        return self._lease

    async def _grant(self, role: AppRole, secret_id: SecretStr) -> dict[str, Any]:
        body = {"role_id": role.role_id, "secret_id": secret_id.get_secret_value()}
        return await self._wire.call_as(_granted, _LOGIN, "POST", "/v1/auth/approle/login", body=body)

    async def _renew(self) -> _Lease:
        lease = self._lease
        if lease is None:
            return await self._take()
        try:
            _, document = await self._wire.call(
                "token.renew", "POST", "/v1/auth/token/renew-self", token=lease.token, body={}
            )
        except VaultDeniedError:
            if not self.can_log_in and self._secret.another_than(lease.token) is None:
                self._wire.refused("token.renew")
                raise
            return await self._take()
        auth = document.get("auth")
        duration = auth.get("lease_duration") if isinstance(auth, dict) else None
        if self.can_log_in and isinstance(duration, int | float) and duration < LEAST_LEASE:
            # Past its maximum a lease comes back small, and smaller each time.
            return await self._take()
        self._lease = _Lease(lease.token, lease.made_of, self._due(duration))
        return self._lease

    def _due(self, seconds: object) -> float | None:
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds <= 0:
            return None
        return self._monotonic() + seconds * RENEW_AT


def _granted(status: int, document: dict[str, Any]) -> dict[str, Any]:
    """What an AppRole login gives."""
    if status == 400:
        raise VaultDeniedError("Vault does not accept this AppRole: check VAULT_ROLE_ID and VAULT_SECRET_ID.")
    auth = document.get("auth")
    if not isinstance(auth, dict) or not isinstance(auth.get("client_token"), str):
        raise VaultContractError("Vault's reply to the AppRole login has no auth.client_token.")
    return auth
