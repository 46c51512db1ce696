"""The public keys with which Backstage's tokens are verified, kept fresh (RFC 7517)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Literal

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bff.backstage.caller import IdentityUnavailableError
from bff.backstage.entities import CatalogContractError, CatalogError
from bff.single_flight import SingleFlight

REFRESH_AFTER = 300.0
"""Seconds after which a set is read again, while what is known of it goes on being used."""

UNKNOWN_PAUSE = 30.0
"""Seconds in which unknown key ids make no read, once one was looked for in vain: strangers can invent them."""

FAILURE_PAUSE = 5.0
"""Seconds until a read that failed is tried again."""

LEAST_RSA_BITS = 2048
"""RFC 7518, 3.3: a shorter RSA key must not be used."""

_MOST_KEYS = 200

_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_BY_CURVE = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "Ed25519": "EdDSA"}
ALGORITHMS = frozenset({*_RSA, *_BY_CURVE.values()})
"""Every algorithm by which a token may be signed (`auth.identityTokenAlgorithm` of Backstage). All are asymmetric."""

Keys = Mapping[str, jwt.PyJWK]
Fetch = Callable[[Callable[[Any], Keys]], Awaitable[Keys]]


class SigningKeys:
    """One key set. `fetch` gives what its argument makes of its JSON, or raises `CatalogError`.

    The last good set is kept while reads fail.
    """

    def __init__(self, fetch: Fetch, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._monotonic = monotonic
        self._keys: Keys = {}
        self._flight = SingleFlight[bool]()
        self._background: asyncio.Future[bool] | None = None
        self._read_at: float | None = None
        self._failed_at: float | None = None
        self._in_vain_at: float | None = None

    async def key(self, kid: str) -> jwt.PyJWK | None:
        """The key of that id, None when Backstage has none such.

        A known key costs no waiting. Raises `IdentityUnavailableError` when it is unknown and the set cannot be had.
        """
        found = self._keys.get(kid)
        if found is not None:
            self._refresh_in_background()
            return found
        if self._flight.busy(self):
            # That read may have started before Backstage made the key: finding proves something, not finding nothing.
            await self._refreshed_or_raise()
            found = self._keys.get(kid)
        return found or await self._looked_for(kid)

    async def _looked_for(self, kid: str) -> jwt.PyJWK | None:
        if self._within(self._in_vain_at, UNKNOWN_PAUSE):
            return None
        await self._refreshed_or_raise()
        found = self._keys.get(kid)
        if found is None:
            self._in_vain_at = self._monotonic()
        return found

    async def _refreshed_or_raise(self) -> None:
        if not await self._refreshed():
            raise IdentityUnavailableError("Backstage's signing keys cannot be read")

    def _refresh_in_background(self) -> None:
        if self._background is not None and not self._background.done():
            return
        if not self._within(self._read_at, REFRESH_AFTER) and not self._paused() and not self._flight.busy(self):
            self._background = asyncio.ensure_future(self._refreshed())

    async def _refreshed(self) -> bool:
        if self._paused() and not self._flight.busy(self):
            return False
        return await self._flight.do(self, self._read)

    async def _read(self) -> bool:
        try:
            keys = await self._fetch(usable_keys)
        except CatalogError:
            # The client reports it to the observer; here it only means that the last good set stays.
            self._failed_at = self._monotonic()
            return False
        self._keys, self._read_at, self._failed_at = keys, self._monotonic(), None
        return True

    def _paused(self) -> bool:
        return self._within(self._failed_at, FAILURE_PAUSE)

    def _within(self, moment: float | None, seconds: float) -> bool:
        return moment is not None and self._monotonic() - moment < seconds


class _EllipticKey(BaseModel):
    """A public key on a curve; its curve gives its algorithm. A private part is not read."""

    model_config = ConfigDict(strict=True, extra="ignore")

    kid: str
    kty: Literal["EC", "OKP"]
    crv: Literal["P-256", "P-384", "P-521", "Ed25519"]
    x: str
    y: str | None = None

    @property
    def algorithm(self) -> str:
        return _BY_CURVE[self.crv]


class _RsaKey(BaseModel):
    """A public RSA key. One that names no algorithm is for RS256, which is what Backstage makes of RSA by default."""

    model_config = ConfigDict(strict=True, extra="ignore")

    kid: str
    kty: Literal["RSA"]
    n: Annotated[str, Field(max_length=2_000)]
    e: Annotated[str, Field(max_length=20)]
    alg: str = "RS256"

    @property
    def algorithm(self) -> str:
        return self.alg


class _KeySet(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    keys: list[dict[str, Any]] = Field(max_length=_MOST_KEYS)


def usable_keys(document: Any) -> Keys:
    """The keys of a JSON web key set by which a token may be signed, by id. Raises `CatalogContractError`."""
    try:
        listed = _KeySet.model_validate(document).keys
        usable = filter(None, (_usable(key) for key in listed))
        return {key.key_id: key for key in usable if key.key_id is not None}
    except (ValidationError, jwt.PyJWTError, ValueError):
        raise CatalogContractError("Backstage's signing keys are not a JSON web key set of public keys") from None


def _usable(listed: Mapping[str, Any]) -> jwt.PyJWK | None:
    """The key, bound to its one algorithm; None for a kind of key by which no accepted token is signed.

    A token's own header never chooses: with a key that serves two algorithms, the weaker one would do. Raises what
    pydantic and PyJWT raise for a key that is malformed.
    """
    key: _EllipticKey | _RsaKey
    match listed.get("kty"):
        case "RSA":
            key = _RsaKey.model_validate(listed)
            fits = key.alg in _RSA
        case "EC" | "OKP" if listed.get("crv") in _BY_CURVE:
            key = _EllipticKey.model_validate(listed)
            fits = listed.get("alg") in {None, key.algorithm}
        case "oct":
            raise ValueError("a shared secret in a set of public keys")
        case _:
            return None
    if not fits or listed.get("use") not in {None, "sig"}:
        return None
    made = jwt.PyJWK(key.model_dump(exclude={"alg"}, exclude_none=True), key.algorithm)
    weak = isinstance(made.key, RSAPublicKey) and made.key.key_size < LEAST_RSA_BITS
    return None if weak else made
