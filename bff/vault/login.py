"""The token with which Vault is called: given, or taken by a login; renewed in time, taken afresh when it is refused."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

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


@dataclass(frozen=True, slots=True)
class AppRole:
    """The two halves of an AppRole login."""

    role_id: str
    secret_id: Secret

    operation = "approle.login"
    path = "/v1/auth/approle/login"
    refusal = "Vault does not accept this AppRole: check VAULT_ROLE_ID and VAULT_SECRET_ID."

    @property
    def secret(self) -> Secret:
        """The half that can change."""
        return self.secret_id

    def body(self, secret: SecretStr) -> dict[str, str]:
        """What the login sends."""
        return {"role_id": self.role_id, "secret_id": secret.get_secret_value()}


@dataclass(frozen=True, slots=True)
class KubernetesRole:
    """A login with a service account's projected token, which the kubelet replaces. `mount` is the auth method's."""

    role: str
    secret: Secret
    mount: str = "kubernetes"

    operation = "kubernetes.login"
    refusal = (
        "Vault does not accept this service account for its Kubernetes role: check VAULT_KUBERNETES_ROLE, "
        "VAULT_KUBERNETES_MOUNT, and the audience of the token in VAULT_KUBERNETES_TOKEN_FILE."
    )

    @property
    def path(self) -> str:
        """Where the login is sent."""
        return f"/v1/auth/{quote(self.mount.strip('/'), safe='/')}/login"

    def body(self, secret: SecretStr) -> dict[str, str]:
        """What the login sends."""
        return {"role": self.role, "jwt": secret.get_secret_value()}


Role = AppRole | KubernetesRole


@dataclass(frozen=True, slots=True)
class _Lease:
    token: SecretStr
    made_of: SecretStr
    """The token that was given, or the secret that was logged in with: another one ends the lease of a given token."""
    renew_at: float | None
    """Monotonic second; None for a token that needs no renewal, or may not renew itself."""


class VaultLogin:
    """Gives the token for each call (`TokenSource`). `credentials` are a token, or the role that one is taken with.

    `mount` is the KV engine that the token is for: whether a token that may not look itself up is accepted is asked there.
    """

    def __init__(
        self,
        wire: VaultWire,
        credentials: Secret | Role,
        *,
        mount: str = "secret",
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wire = wire
        self._role = None if isinstance(credentials, Secret) else credentials
        self._secret = credentials if isinstance(credentials, Secret) else credentials.secret
        self._mount = mount
        self._monotonic = monotonic
        self._lease: _Lease | None = None
        self._flight: SingleFlight[_Lease] = SingleFlight()

    @property
    def can_log_in(self) -> bool:
        """Whether a refused token can be replaced."""
        return self._role is not None

    async def token(self) -> SecretStr:
        """A token that should be accepted. Raises `VaultError`."""
        lease = self._lease
        if lease is None or self._is_of_another_secret(lease):
            lease = await self._flight.do("login", self._take)
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
                await self.token()
            except VaultError as error:
                log.warning("vault token could not be renewed", problem=str(error))
                return _LOOK_AGAIN
        renew_at = None if self._lease is None else self._lease.renew_at
        return _LOOK_AGAIN if renew_at is None else min(max(renew_at - self._monotonic(), 1.0), _LOOK_AGAIN)

    def _is_of_another_secret(self, lease: _Lease) -> bool:
        # A service account's token is replaced about every hour, and what was taken with the one before goes on.
        if isinstance(self._role, KubernetesRole):
            return False
        return lease.made_of.get_secret_value() != self._secret.value().get_secret_value()

    async def _take(self) -> _Lease:
        """Log in, or look at the token that was given. Where it is refused, the file of the secret is read again."""
        secret = self._secret.value()
        while True:
            try:
                self._lease = await (self._adopted(secret) if self._role is None else self._granted(self._role, secret))
            except VaultDeniedError:
                another = self._secret.another_than(secret)
                if another is None:
                    self._wire.refused("token.lookup" if self._role is None else self._role.operation)
                    raise
                secret = another
            else:
                return self._lease

    async def _adopted(self, token: SecretStr) -> _Lease:
        """A lease of a token that was given."""
        try:
            _, document = await self._wire.call("token.lookup", "GET", "/v1/auth/token/lookup-self", token=token)
        except VaultDeniedError:
            return await self._kept_as_it_is(token)
        found = document.get("data")
        ttl = found.get("ttl") if isinstance(found, dict) else None
        renewable = isinstance(found, dict) and found.get("renewable") is True
        return _Lease(token, token, self._due(ttl) if renewable else None)

    async def _kept_as_it_is(self, token: SecretStr) -> _Lease:
        """A lease without renewal. Raises `VaultDeniedError` where the token is not accepted at all.

        403 from `lookup-self` or `renew-self` says the same of a token that has ended and of one whose policies leave
        the two out. Vault lets every living token see an engine that it has rights in.
        """
        path = f"/v1/sys/internal/ui/mounts/{quote(self._mount.strip('/'), safe='/')}"
        await self._wire.call("mount", "GET", path, token=token)
        log.info("vault token may not renew itself: it is used until it ends")
        return _Lease(token, token, None)

    async def _granted(self, role: Role, secret: SecretStr) -> _Lease:
        """A lease of a token that a login gives."""

        def auth_in(status: int, document: dict[str, Any]) -> dict[str, Any]:
            if status == 400:
                raise VaultDeniedError(role.refusal)
            auth = document.get("auth")
            if not isinstance(auth, dict) or not isinstance(auth.get("client_token"), str):
                raise VaultContractError(f"Vault's reply to {role.path} has no auth.client_token.")
            return auth

        try:
            auth = await self._wire.call_as(auth_in, role.operation, "POST", role.path, body=role.body(secret))
        except VaultDeniedError:
            raise VaultDeniedError(role.refusal) from None
        return _Lease(SecretStr(auth["client_token"]), secret, self._due(auth.get("lease_duration")))

    async def _renew(self) -> _Lease:
        lease = self._lease
        if lease is None:
            return await self._take()
        try:
            _, document = await self._wire.call(
                "token.renew", "POST", "/v1/auth/token/renew-self", token=lease.token, body={}
            )
        except VaultDeniedError:
            if self.can_log_in or self._secret.another_than(lease.token) is not None:
                return await self._take()
            try:
                self._lease = await self._kept_as_it_is(lease.token)
            except VaultDeniedError:
                self._wire.refused("token.renew")
                raise
            return self._lease
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
