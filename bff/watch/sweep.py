"""The sweep: every entity that carries this project's annotations, read from the catalog again and again.

One process reads them for all that share the database, and stores what it has read; the others load that. A sweep that is
not whole replaces nothing, and an entity counts as gone only where a whole sweep lacks it and the catalog says so again when
it is asked for that entity.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import select

from bff.backstage.entities import CatalogError, Watched
from bff.backstage.members import GATEWAY_API
from bff.backstage.watched import WatchedCatalog, matters
from bff.status.claims import GATEWAY_KEY_NAME
from bff.store.database import Database
from bff.store.lease import Held
from bff.store.tables import sweeps
from bff.telemetry.logs import logger
from bff.values import EntityRef, EntityRefError

__all__ = ["GATEWAY_API", "Sweep", "SweepResult", "SweepStore", "Watched"]

log = logger("watch")

MOST_BYTES = 128 * 1024 * 1024
"""What a stored sweep may take when it is unpacked."""

_FORM = 1
_IN_A_PIECE = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class SweepResult:
    """What the last whole sweep found.

    `entities` are sorted by reference: those that name a gateway key, and those that consume the gateway's API. `at` is when
    the sweep began. `complete` is False while a newer sweep has failed, or where the catalog gave malformed entities, so
    that there may be others. `version` grows by one with each sweep that is stored, 0 where it is stored nowhere.
    """

    entities: tuple[Watched, ...]
    at: datetime
    complete: bool
    version: int


class Sweep:
    """Reads the entities of `source`. `latest` is what the last whole sweep found, None before the first.

    `clock` gives aware wall-clock time.
    """

    def __init__(
        self,
        source: WatchedCatalog,
        *,
        clock: Callable[[], datetime],
        apis: Collection[EntityRef] = (GATEWAY_API,),
    ) -> None:
        self._source = source
        self._clock = clock
        self._apis = frozenset(apis)
        self.latest: SweepResult | None = None

    async def read(self) -> SweepResult:
        """Read all entities and return the new `latest`. Raises `CatalogError`; `latest` then keeps its entities."""
        at = self._clock()
        try:
            found, malformed = await self._found()
            if self.latest is not None:
                await self._confirm_gone(self.latest.entities, found)
        except CatalogError:
            if self.latest is not None:
                self.latest = replace(self.latest, complete=False)
            raise
        if malformed:
            log.warning("catalog gave entities that are malformed", entities=malformed)
        entities = tuple(found[ref] for ref in sorted(found))
        version = self.latest.version if self.latest is not None else 0
        self.latest = SweepResult(entities, at, not malformed, version)
        return self.latest

    def adopt(self, result: SweepResult) -> None:
        """Take over what another process has read, or the version with which this one's was stored."""
        self.latest = result

    async def _found(self) -> tuple[dict[EntityRef, Watched], int]:
        found: dict[EntityRef, Watched] = {}
        malformed = 0
        async for page in self._source.pages():
            malformed += page.malformed
            for entity in page.entities:
                if matters(entity, annotation=GATEWAY_KEY_NAME, apis=self._apis):
                    found[entity.ref] = entity
            # A page takes a while to parse: let others have their turn.
            await asyncio.sleep(0)
        return found, malformed

    async def _confirm_gone(self, before: Collection[Watched], found: dict[EntityRef, Watched]) -> None:
        """Add to `found` those of `before` that the sweep lacks and the catalog still has."""
        missing = [entity.ref for entity in before if entity.ref not in found]
        if not missing:
            return
        found |= {
            ref: entity
            for ref, entity in (await self._source.by_refs(missing)).items()
            if entity is not None and matters(entity, annotation=GATEWAY_KEY_NAME, apis=self._apis)
        }


class SweepStore:
    """The stored sweep of one organisation. Methods raise `StoreError`."""

    def __init__(self, database: Database, organisation: str) -> None:
        self._database = database
        self._organisation = organisation

    async def version(self) -> int:
        """The version of the stored sweep; 0 where there is none of this release's form."""
        mine = (sweeps.c.organisation == self._organisation, sweeps.c.form == _FORM)
        async with self._database.read() as connection:
            return int(await connection.scalar(select(sweeps.c.version).where(*mine)) or 0)

    async def load(self) -> SweepResult | None:
        """The stored sweep; None where there is none of this release's form, or it is damaged."""
        mine = (sweeps.c.organisation == self._organisation, sweeps.c.form == _FORM)
        query = select(sweeps.c.version, sweeps.c.at, sweeps.c.complete, sweeps.c.body).where(*mine)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            return None
        try:
            entities = await asyncio.to_thread(_decoded, bytes(row.body))
        except (zlib.error, ValueError, KeyError, TypeError) as error:
            log.warning("stored sweep cannot be used", reason=type(error).__name__)
            return None
        return SweepResult(entities, _EPOCH + int(row.at) * _MICROSECOND, bool(row.complete), int(row.version))

    async def publish(self, result: SweepResult, held: Held) -> SweepResult:
        """Replace the stored sweep, and return `result` with its new version."""
        body = await asyncio.to_thread(_encoded, result.entities)
        row = {
            "form": _FORM,
            "at": (result.at - _EPOCH) // _MICROSECOND,
            "complete": result.complete,
            "body": body,
        }
        statement = self._database.upsert(sweeps).values(organisation=self._organisation, version=1, **row)
        replacing = statement.on_conflict_do_update(
            index_elements=["organisation"], set_={"version": sweeps.c.version + 1, **row}
        ).returning(sweeps.c.version)
        async with self._database.write(held) as connection:
            return replace(result, version=int((await connection.execute(replacing)).scalar_one()))


def _plain(entity: Watched) -> list[Any]:
    owner = str(entity.owner) if entity.owner is not None else None
    return [str(entity.ref), owner, dict(entity.annotations), sorted(str(api) for api in entity.consumes)]


def _encoded(entities: Collection[Watched]) -> bytes:
    packer = zlib.compressobj(level=1)
    listed = list(entities)
    packed = []
    for first in range(0, len(listed), _IN_A_PIECE):
        piece = orjson.dumps([_plain(entity) for entity in listed[first : first + _IN_A_PIECE]])
        packed.append(packer.compress(piece + b"\n"))
    return b"".join(packed) + packer.flush()


def _decoded(body: bytes) -> tuple[Watched, ...]:
    unpacker = zlib.decompressobj()
    text = unpacker.decompress(body, MOST_BYTES)
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise ValueError("the stored sweep is cut off or too large")
    return tuple(_watched(*row) for line in text.splitlines() for row in orjson.loads(line))


def _watched(ref: str, owner: str | None, annotations: Mapping[str, str], consumes: list[str]) -> Watched:
    try:
        return Watched(
            EntityRef.parse(ref),
            annotations,
            EntityRef.parse(owner) if owner is not None else None,
            frozenset(EntityRef.parse(api) for api in consumes),
        )
    except EntityRefError:
        raise ValueError("a stored reference is malformed") from None
