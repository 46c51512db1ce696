"""Leases in the database: which process may do a piece of work, until when, and with which number.

A lease runs out by the database's clock, which all processes share. Its number, the fence, grows with each change of
holder, and every write in its name checks it (`Database.write`): a process that paused past its lease writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Update, and_, case, literal, or_, select, update

from bff.store.tables import leases

if TYPE_CHECKING:  # the database checks leases, so that each of the two files needs the other
    from bff.store.database import Database


@dataclass(frozen=True, slots=True)
class Held:
    """A lease as its holder got it; `ttl` is in seconds, and counts from the last write or renewal."""

    name: str
    holder: str
    fence: int
    ttl: float


class Leases:
    """The leases of one holder. Every method raises `StoreError` where the database cannot be used."""

    def __init__(self, database: Database, *, holder: str, ttl: float) -> None:
        """`holder` names this process among all that share the database; `ttl` is in seconds."""
        self._database = database
        self._holder = holder
        self._ttl = ttl

    async def acquire(self, name: str) -> Held | None:
        """Take a lease that is free, expired or ours; None while another holds it.

        The fence stays when we still hold the lease, and grows by one otherwise.
        """
        now = self._database.now()
        row = self._database.upsert(leases).values(
            name=name, holder=self._holder, fence=1, until=now + self._ttl, wanted=0
        )
        ours = leases.c.holder == self._holder
        expired = leases.c.until < now
        taking = row.on_conflict_do_update(
            index_elements=[leases.c.name],
            set_={
                "holder": self._holder,
                "fence": leases.c.fence + case((and_(ours, ~expired), 0), else_=1),
                "until": now + self._ttl,
            },
            where=or_(ours, expired),
        ).returning(leases.c.fence)
        async with self._database.write() as connection:
            fence = (await connection.execute(taking)).scalar_one_or_none()
        return None if fence is None else Held(name, self._holder, fence, self._ttl)

    async def renew(self, held: Held) -> bool:
        """Let the lease last another `ttl` from now; False when it has expired or is another's."""
        async with self._database.write() as connection:
            return (await connection.execute(extension(held, self._database.now()))).rowcount == 1

    async def release(self, held: Held) -> None:
        """Give the lease back, so that another process can take it at once; do nothing when it is no longer ours."""
        async with self._database.write() as connection:
            await connection.execute(_row_of(held).values(until=0))

    async def want(self, name: str) -> None:
        """Ask the process that holds the lease to do its work soon."""
        row = self._database.upsert(leases).values(name=name, holder="", fence=0, until=0, wanted=1)
        asking = row.on_conflict_do_update(index_elements=[leases.c.name], set_={"wanted": leases.c.wanted + 1})
        async with self._database.write() as connection:
            await connection.execute(asking)

    async def wanted(self, name: str) -> int:
        """Return how often the holder was asked so far: when this has grown, it was asked again."""
        async with self._database.read() as connection:
            found = await connection.execute(select(leases.c.wanted).where(leases.c.name == name))
        return found.scalar_one_or_none() or 0


def extension(held: Held, now: ColumnElement[float]) -> Update:
    """The statement that extends a lease by its `ttl`; it changes one row when the lease is still held, else none.

    On PostgreSQL it also locks the row: nothing can take the lease before the transaction ends.
    """
    return _row_of(held).where(leases.c.until >= now).values(until=now + literal(held.ttl))


def _row_of(held: Held) -> Update:
    return update(leases).where(
        leases.c.name == held.name, leases.c.holder == held.holder, leases.c.fence == held.fence
    )
