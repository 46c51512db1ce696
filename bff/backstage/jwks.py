"""The public keys with which Backstage's tokens are verified, kept fresh (RFC 7517)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

import jwt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bff.backstage.caller import IdentityUnavailableError
from bff.backstage.entities import CatalogContractError, CatalogError
from bff.backstage.tokens import ALGORITHM
from bff.single_flight import SingleFlight

REFRESH_AFTER = 300.0
"""Seconds after which a set is read anew, while what is known of it goes on being used."""

UNKNOWN_PAUSE = 30.0
"""Seconds in which unknown key ids make no read, once one was looked for in vain: strangers can invent them."""

FAILURE_PAUSE = 5.0
"""Seconds until a read that failed is tried again."""

_MOST_KEYS = 200

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
            # That read may have begun before Backstage made the key: finding proves something, not finding nothing.
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
        if not self._within(self._read_at, REFRESH_AFTER) and not self._paused() and not self._flight.busy(self):
            self._background = asyncio.ensure_future(self._refreshed())

    async def _refreshed(self) -> bool:
        if self._paused() and not self._flight.busy(self):
            return False
        return await self._flight.do(self, self._read)

    async def _read(self) -> bool:
        try:
            keys = await self._fetch(_keys)
        except CatalogError:
            # Told to the observer by the client; here it only means that the last good set stays.
            self._failed_at = self._monotonic()
            return False
        self._keys, self._read_at, self._failed_at = keys, self._monotonic(), None
        return True

    def _paused(self) -> bool:
        return self._within(self._failed_at, FAILURE_PAUSE)

    def _within(self, moment: float | None, seconds: float) -> bool:
        return moment is not None and self._monotonic() - moment < seconds


class _Key(BaseModel):
    """A public P-256 key. A private part has no business in there, and is not taken."""

    model_config = ConfigDict(strict=True, extra="ignore")

    kid: str
    kty: Literal["EC"]
    crv: Literal["P-256"]
    x: str
    y: str


class _KeySet(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    keys: list[dict[str, Any]] = Field(max_length=_MOST_KEYS)


def _keys(document: Any) -> Keys:
    try:
        listed = _KeySet.model_validate(document).keys
        # Keys of other kinds can be there; no token that we accept is signed with one.
        usable = [_Key.model_validate(key) for key in listed if key.get("crv") == "P-256"]
        return {key.kid: jwt.PyJWK(key.model_dump(), ALGORITHM) for key in usable}
    except (ValidationError, jwt.PyJWTError, ValueError):
        raise CatalogContractError("Backstage's signing keys are not a JSON web key set of P-256 keys") from None
