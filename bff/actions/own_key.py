"""Where the key comes from with which this service signs its tokens for Backstage: the same one in every replica."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from sqlalchemy import select, update

from bff.backstage.own_tokens import SigningKey
from bff.secret_files import Secret
from bff.single_flight import SingleFlight
from bff.store.database import Database, StoreError
from bff.store.sealing import Seal, SealError
from bff.store.tables import signing_keys
from bff.telemetry.logs import logger

log = logger("actions")

NAME = "backstage"
"""The row of the key."""

READ_AGAIN_AFTER = 30.0
"""Seconds after which the stored key is read again: another replica may have replaced it."""


LOGGED_EVERY = 60.0
"""Seconds in which a key that cannot be had makes one log line, however many ask for it."""


class SigningKeyUnavailableError(Exception):
    """The key cannot be had now; the log says why."""


class KeySource(Protocol):
    """Gives the signing key."""

    async def current(self) -> SigningKey:
        """The key with which to sign now, whose public half Backstage is given. Raises `SigningKeyUnavailableError`."""


class KeyFromSettings:
    """The key that an operator made (`BFF_SIGNING_KEY`); a changed file is read again."""

    def __init__(self, secret: Secret) -> None:
        """Take a secret whose form was checked."""
        self._secret = secret
        self._read: tuple[str, SigningKey] | None = None

    async def current(self) -> SigningKey:
        """The key in the file as it is now."""
        pem = self._secret.value().get_secret_value()
        if self._read is None or self._read[0] != pem:
            self._read = pem, SigningKey.read(pem)
        return self._read[1]


class KeyInDatabase:
    """A key that the first replica makes and all share, encrypted with `store_key` (`BFF_STORE_KEY`).

    While the database cannot be reached, the key that was read last stays in use. A stored key that no store key opens is
    replaced.
    """

    def __init__(
        self,
        database: Database,
        store_key: Secret,
        *,
        now: Callable[[], float],
        monotonic: Callable[[], float] = time.monotonic,
        make: Callable[[], SigningKey] = SigningKey.make,
    ) -> None:
        self._database = database
        self._store_key = store_key
        self._now = now
        self._monotonic = monotonic
        self._make = make
        self._logged_at = -LOGGED_EVERY
        self._known: tuple[SigningKey, float] | None = None
        self._flight: SingleFlight[SigningKey] = SingleFlight()

    async def current(self) -> SigningKey:
        """The key in the database, or a new one where there is none."""
        known = self._known
        if known is not None and self._monotonic() - known[1] < READ_AGAIN_AFTER:
            return known[0]
        try:
            key = await self._flight.do(NAME, self._read_or_made)
        except (StoreError, SigningKeyUnavailableError) as error:
            self._report(str(error))
            if known is None:
                raise SigningKeyUnavailableError from None
            key = known[0]
        self._known = key, self._monotonic()
        return key

    def _report(self, problem: str) -> None:
        now = self._monotonic()
        if now - self._logged_at >= LOGGED_EVERY:
            self._logged_at = now
            log.warning("signing key cannot be read", problem=problem)

    async def _read_or_made(self) -> SigningKey:
        sealed = await self._stored()
        seal = Seal(self._store_key.value().get_secret_value())
        if sealed is not None and (key := _opened(seal, sealed)) is not None:
            return key
        await self._store(seal.close(self._make().pem().encode(), purpose=NAME), instead_of=sealed)
        # Another replica may have been first: what is stored is the key of all.
        key = _opened(seal, await self._stored() or b"")
        if key is None:
            raise SigningKeyUnavailableError("the signing key in the database was encrypted with another BFF_STORE_KEY")
        event = (
            "signing key was made" if sealed is None else "signing key that BFF_STORE_KEY does not open was replaced"
        )
        log.warning(event, key=key.kid) if sealed else log.info(event, key=key.kid)
        return key

    async def _stored(self) -> bytes | None:
        async with self._database.read() as connection:
            found = await connection.scalar(select(signing_keys.c.sealed).where(signing_keys.c.name == NAME))
        return None if found is None else bytes(found)

    async def _store(self, sealed: bytes, *, instead_of: bytes | None) -> None:
        values = {"sealed": sealed, "made_at": self._now()}
        async with self._database.write() as connection:
            if instead_of is None:
                row = self._database.upsert(signing_keys).values(name=NAME, **values)
                await connection.execute(row.on_conflict_do_nothing(index_elements=["name"]))
            else:
                same = (signing_keys.c.name == NAME, signing_keys.c.sealed == instead_of)
                await connection.execute(update(signing_keys).where(*same).values(**values))


def _opened(seal: Seal, sealed: bytes) -> SigningKey | None:
    try:
        return SigningKey.read(seal.open(sealed, purpose=NAME).decode())
    except (SealError, ValueError):
        return None
