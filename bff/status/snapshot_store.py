"""The snapshot of an organisation in the database: what the leader has read, for the replicas that follow.

It is compressed JSON in parts of bounded size, so that neither side blocks its event loop for long.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any

from pydantic import AwareDatetime, TypeAdapter, ValidationError
from sqlalchemy import and_, select

from bff.keeptrusts.facts import Activity, Configuration, Facts, GatewayKey, Team, Wallet
from bff.store.database import Database
from bff.store.lease import Held
from bff.store.tables import leases, snapshots
from bff.values import Money

MOST_BYTES = 64 * 1024 * 1024
"""What a snapshot may take when it is unpacked."""

_ITEMS_AT_ONCE = 500


class UnreadableSnapshotError(Exception):
    """Bytes that are no snapshot of this release's form; the message quotes none of them."""


@dataclass(frozen=True, slots=True)
class ReadFacts:
    """Facts, the moment for which they are assessed, and how many seconds ago they were read.

    Replicas with the same facts and the same moment answer with the same bytes. `ago` is not stored: it is counted by the
    database's clock.
    """

    facts: Facts
    assessed_at: AwareDatetime
    ago: float = 0.0


_WHOLE = TypeAdapter(ReadFacts)

FORM = hashlib.blake2b(
    json.dumps(_WHOLE.json_schema(mode="serialization"), sort_keys=True).encode(), digest_size=6
).hexdigest()
"""Changes with every change of the facts' types: two releases never read each other's snapshots."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is stored: the newest snapshot's version (0: none) and age in seconds, and whether no process leads."""

    version: int
    age: float
    leaderless: bool


class SnapshotStore:
    """The stored snapshots of one ledger. Methods raise `StoreError`."""

    def __init__(self, database: Database, ledger_id: int) -> None:
        self._database = database
        self._id = ledger_id
        self.lease = f"snapshot:{ledger_id}:{FORM}"
        """The lease of the process that reads Keeptrusts for all of this release."""

    async def look(self) -> Look:
        """Return what is stored, without reading the snapshot."""
        now = self._database.now()
        mine = and_(snapshots.c.ledger_id == self._id, snapshots.c.form == FORM)
        async with self._database.read() as connection:
            found = (
                await connection.execute(select(snapshots.c.version, now - snapshots.c.made_at).where(mine))
            ).first()
            left = await connection.scalar(select(leases.c.until - now).where(leases.c.name == self.lease))
        version, age = (0, 0.0) if found is None else (int(found[0]), max(float(found[1]), 0.0))
        return Look(version, age, left is None or left < 0)

    async def load(self) -> tuple[ReadFacts, Look] | None:
        """The newest snapshot. Raises `UnreadableSnapshotError` when it is damaged."""
        now = self._database.now()
        mine = and_(snapshots.c.ledger_id == self._id, snapshots.c.form == FORM)
        query = select(snapshots.c.version, (now - snapshots.c.made_at).label("age"), snapshots.c.body).where(mine)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            return None
        read = await asyncio.to_thread(decoded, bytes(row.body))
        age = max(float(row.age), 0.0)
        return replace(read, ago=age), Look(int(row.version), age, leaderless=False)

    async def publish(self, read: ReadFacts, held: Held) -> int:
        """Replace the stored snapshot by `read`, and return the new version."""
        body = await asyncio.to_thread(encoded, read)
        statement = self._database.upsert(snapshots).values(
            ledger_id=self._id, form=FORM, version=1, made_at=self._database.now(), body=body
        )
        replacing = statement.on_conflict_do_update(
            index_elements=["ledger_id", "form"],
            set_={
                "version": snapshots.c.version + 1,
                "made_at": statement.excluded.made_at,
                "body": statement.excluded.body,
            },
        ).returning(snapshots.c.version)
        async with self._database.write(held) as connection:
            return int((await connection.execute(replacing)).scalar_one())


def encoded(read: ReadFacts) -> bytes:
    """`read` as bytes."""
    packer = zlib.compressobj(level=1)
    packed = [packer.compress(line) + packer.compress(b"\n") for line in _lines(read)]
    return b"".join(packed) + packer.flush()


def decoded(body: bytes) -> ReadFacts:
    """What `encoded` has made bytes of. Raises `UnreadableSnapshotError`."""
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(body, MOST_BYTES)
        if unpacker.unconsumed_tail or not unpacker.eof:
            raise UnreadableSnapshotError("the snapshot is cut off or too large")
        return _assembled(text.split(b"\n"))
    except (zlib.error, ValidationError, ValueError, TypeError, KeyError) as error:
        raise UnreadableSnapshotError(f"the snapshot is not of its form ({type(error).__name__})") from None


_COLLECTIONS: Mapping[tuple[str, str], TypeAdapter[Any]] = {
    ("teams", ""): TypeAdapter(tuple[Team, ...]),
    ("keys", ""): TypeAdapter(tuple[GatewayKey, ...]),
    ("configurations", ""): TypeAdapter(tuple[Configuration, ...]),
    ("wallets", ""): TypeAdapter(tuple[Wallet, ...]),
    ("spend", "by_key"): TypeAdapter(dict[str, Money]),
    ("spend", "unattributed_by_team"): TypeAdapter(dict[str, Money]),
    ("spend", "missing_by_key"): TypeAdapter(dict[str, str]),
    ("days", "by_key"): TypeAdapter(dict[str, tuple[int, ...]]),
    ("days", "unattributed_by_team"): TypeAdapter(dict[str, tuple[int, ...]]),
    ("days", "incomplete_by_key"): TypeAdapter(dict[str, tuple[date, ...]]),
    ("days", "models"): TypeAdapter(dict[str, dict[str, tuple[int, ...]]]),
    ("activity", "by_key"): TypeAdapter(dict[str, Activity]),
    ("activity", "by_team"): TypeAdapter(dict[str, Activity]),
}
"""What grows with the organisation, by the part of the facts and the field in its value (empty: the value itself)."""


def _lines(read: ReadFacts) -> Iterator[bytes]:
    """Yield the facts without their collections, then each collection in pieces, each after a line that names its place."""
    readings = {part.name: getattr(read.facts, part.name) for part in fields(Facts)}
    pieces: list[tuple[tuple[str, str], Any]] = []
    for place in _COLLECTIONS:
        part, field = place
        value = readings[part].value
        if value is None:
            continue
        whole = getattr(value, field) if field else value
        if isinstance(whole, tuple):
            pieces += [(place, whole[at : at + _ITEMS_AT_ONCE]) for at in range(0, len(whole), _ITEMS_AT_ONCE)]
        else:
            pairs = list(whole.items())
            pieces += [(place, dict(pairs[at : at + _ITEMS_AT_ONCE])) for at in range(0, len(pairs), _ITEMS_AT_ONCE)]
        bare = replace(value, **{field: {}}) if field else ()
        readings[part] = replace(readings[part], value=bare)
    yield _WHOLE.dump_json(ReadFacts(Facts(**readings), read.assessed_at))
    for place, items in pieces:
        yield json.dumps(place).encode()
        yield _COLLECTIONS[place].dump_json(items)


def _assembled(lines: list[bytes]) -> ReadFacts:
    bare = _WHOLE.validate_json(lines[0])
    collected: dict[tuple[str, str], Any] = {}
    for name, items in zip(lines[1:-1:2], lines[2:-1:2], strict=True):
        part, field = json.loads(name)
        piece = _COLLECTIONS[part, field].validate_json(items)
        if field:
            collected.setdefault((part, field), {}).update(piece)
        else:
            collected.setdefault((part, field), []).extend(piece)
    readings = {part.name: getattr(bare.facts, part.name) for part in fields(Facts)}
    for (part, field), whole in collected.items():
        value = replace(readings[part].value, **{field: whole}) if field else tuple(whole)
        readings[part] = replace(readings[part], value=value)
    return ReadFacts(Facts(**readings), bare.assessed_at)
