"""Finds out who asks, from the Backstage token that the proxy forwards."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from cachetools import LRUCache
from pydantic import SecretStr

from bff.backstage.caller import Caller, UnauthenticatedError
from bff.backstage.client import BackstageClient
from bff.backstage.jwks import SigningKeys
from bff.backstage.tokens import (
    LONGEST_TOKEN,
    AnyClaims,
    Claims,
    Kind,
    LimitedUserClaims,
    PluginClaims,
    TokenError,
    UnverifiedToken,
    UserClaims,
    read_token,
    verified,
)
from bff.values import EntityRef, EntityRefError

USER_KEYS = "/api/auth/.well-known/jwks.json"
PLUGIN_KEYS = {"scaffolder": "/api/scaffolder/.backstage/auth/v1/jwks.json"}
"""The plugins that may call for a person, each with its keys' path: no path is ever made from a token."""

LEEWAY = 30.0
"""Seconds by which a token's beginning may lie ahead of our clock. Its end is exact, as it is for Backstage."""

REMEMBERED_FOR = 300.0
"""Seconds after which a token is verified anew, so that a key which Backstage has dropped does not count for longer."""

MOST_REMEMBERED = 16 * 1024 * 1024
"""Bytes of verified tokens that are remembered: about ten thousand of the usual size."""

_SCHEME = "bearer "
_OVERHEAD = 600
"""What a remembered token takes beside its text, roughly."""

_NOT_ACCEPTED = "token not accepted"


@dataclass(frozen=True, slots=True)
class _Verified:
    caller: Caller
    until: float
    size: int


class BackstageIdentity:
    """Verifies Backstage's user tokens, and the scaffolder's tokens for a user; nothing else.

    `issuer` is what user tokens name as their issuer, if the service reaches Backstage at another address than
    Backstage's own `backend.baseUrl`: that address followed by `/api/auth`.
    """

    def __init__(
        self,
        backstage: BackstageClient,
        *,
        issuer: str | None = None,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        most_remembered: int = MOST_REMEMBERED,
    ) -> None:
        self._issuer = (issuer or f"{backstage.base_url}/api/auth").rstrip("/")
        self._now = now
        self._user_keys = SigningKeys(
            partial(backstage.get_as, path=USER_KEYS, operation="user-keys"), monotonic=monotonic
        )
        self._plugin_keys = {
            plugin: SigningKeys(partial(backstage.get_as, path=path, operation="plugin-keys"), monotonic=monotonic)
            for plugin, path in PLUGIN_KEYS.items()
        }
        self._memory: LRUCache[bytes, _Verified] = LRUCache(most_remembered, getsizeof=lambda entry: entry.size)

    async def caller(self, authorization: str | None) -> Caller:
        """The person behind an `Authorization` header value.

        Raises `UnauthenticatedError`, or `IdentityUnavailableError` when Backstage's keys cannot be had.
        """
        if authorization is None or authorization[: len(_SCHEME)].lower() != _SCHEME:
            raise UnauthenticatedError("no bearer token")
        text = authorization[len(_SCHEME) :]
        if len(text) > LONGEST_TOKEN or not text.isascii():
            raise UnauthenticatedError(_NOT_ACCEPTED)
        digest = hashlib.sha256(text.encode()).digest()
        remembered = self._memory.get(digest)
        if remembered is not None and self._now() < remembered.until:
            return remembered.caller
        try:
            caller, expires = await self._verify(read_token(text))
        except (TokenError, EntityRefError):
            # Which check failed helps nobody but a forger.
            raise UnauthenticatedError(_NOT_ACCEPTED) from None
        entry = _Verified(caller, min(expires, self._now() + REMEMBERED_FOR), len(text) + _OVERHEAD)
        if entry.size <= self._memory.maxsize:
            self._memory[digest] = entry
        return caller

    async def _verify(self, token: UnverifiedToken) -> tuple[Caller, float]:
        if token.kind is Kind.USER:
            return await self._user(token)
        if token.kind is Kind.PLUGIN:
            return await self._plugin(token)
        raise TokenError("a limited token on its own")

    async def _user(self, token: UnverifiedToken) -> tuple[Caller, float]:
        claims = await self._claims(token, self._user_keys, UserClaims)
        if claims.iss != self._issuer:
            raise TokenError("another issuer")
        user, secret = _person(claims), SecretStr(token.text)
        return Caller(key=str(user), user=user, token=secret, userinfo_token=secret), claims.exp

    async def _plugin(self, token: UnverifiedToken) -> tuple[Caller, float]:
        # Before any key is looked for, so that other plugins' tokens cannot make us ask for keys.
        plugin = token.subject()
        keys = self._plugin_keys.get(plugin)
        if keys is None:
            raise TokenError("a plugin that may not call")
        claims = await self._claims(token, keys, PluginClaims)
        if claims.obo is None:
            raise TokenError("a plugin that calls for nobody")
        proof = read_token(claims.obo)
        if proof.kind is not Kind.LIMITED_USER:
            raise TokenError("a plugin whose person is not proven as it should be")
        person = await self._claims(proof, self._user_keys, LimitedUserClaims)
        user = _person(person)
        caller = Caller(key=f"{plugin}>{user}", user=user, via=plugin, userinfo_token=SecretStr(proof.text))
        return caller, min(claims.exp, person.exp)

    async def _claims(self, token: UnverifiedToken, keys: SigningKeys, form: type[AnyClaims]) -> AnyClaims:
        key = await keys.key(token.kid)
        if key is None:
            raise TokenError("an unknown key")
        claims = verified(token, key, form)
        self._check_times(claims)
        return claims

    def _check_times(self, claims: Claims) -> None:
        now = self._now()
        if now >= claims.exp:
            raise UnauthenticatedError("token expired")
        if max(claims.iat, claims.nbf) > now + LEEWAY:
            raise TokenError("not valid yet")


def _person(claims: Claims) -> EntityRef:
    user = EntityRef.parse(claims.sub)
    if user.kind != "user":
        raise TokenError("no person")
    return user
