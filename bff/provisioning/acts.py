"""Acts of provisioning in the database: written before Keeptrusts is called, so that they outlive this process.

An act has a random number, its id, which what it makes upstream carries in its description (`tag`). A process that finds
an act that another one left `pending` knows by that tag what came of it, and takes back only what carries it.

Acts on one team are done one at a time, by whichever process holds the team's lease. The lease runs out by the
database's clock, and every write in its name is refused once it has (`Turn`): of two processes that race, one goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any
from weakref import WeakValueDictionary

from sqlalchemy import ColumnElement, Row, delete, func, insert, select, update

from bff.backstage.caller import Caller
from bff.keeptrusts.contract import TeamRecord
from bff.ledger.progress import instant, micros
from bff.provisioning.errors import BusyError, RecordsUnavailableError
from bff.provisioning.policy import Policy, Standing
from bff.store.amounts import joined, split
from bff.store.database import Database, LeaseLostError, StoreError
from bff.store.lease import Held, Leases
from bff.store.tables import PENDING_ACT, acts
from bff.telemetry.logs import logger
from bff.telemetry.metrics import Provisioned
from bff.values import EntityRef, Money

log = logger("provisioning")

LEASE_SECONDS = 10.0
"""How long a team is closed to other processes after its holder was killed."""

WAIT_SECONDS = 20.0
"""How long an act waits for another one on the same team."""

BETWEEN_LOOKS = 0.1
"""Seconds between two attempts to take a team's lease."""

REFUSALS_KEPT = timedelta(days=400)


class State(StrEnum):
    """How far an act has come. What a pending one has made is not known until it has been looked for."""

    PENDING = PENDING_ACT
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"


def _new_id() -> str:
    return secrets.token_hex(8)


@dataclass(frozen=True, slots=True)
class Act:
    """One act. Times are aware.

    `once` is what two requests for the same act have in common; `made` is the id of what was made, as soon as it is known.
    `previous` is the key that a rotation replaces or that is to be revoked at `due_at`, unless it was used within `grace`
    before. `wider` acts took the wider rights of a platform group. `detail` says why an act failed or was refused.
    """

    operation: Provisioned
    name: str
    once: str
    person: str
    request_id: str
    started_at: datetime
    team_id: str = ""
    team: str = ""
    via: str = ""
    approved_by: str = ""
    wider: bool = False
    amount: Money | None = None
    previous: str = ""
    due_at: datetime | None = None
    grace: timedelta | None = None
    state: State = State.PENDING
    made: str = ""
    detail: str = ""
    changed_at: datetime | None = None
    id: str = field(default_factory=_new_id)

    @property
    def tag(self) -> str:
        """What everything made by this act carries at the end of its description or note."""
        return f"[act {self.id}]"

    def following(self, operation: Provisioned, *, once: str, started_at: datetime, due_at: datetime) -> Act:
        """An act of its own that follows from this one, asked for by the same person."""
        return replace(
            self,
            operation=operation,
            once=once,
            id=_new_id(),
            state=State.PENDING,
            made="",
            started_at=started_at,
            changed_at=None,
            due_at=due_at,
        )

    def tagged(self, text: str | None) -> str:
        """`text` with the tag at its end."""
        return f"{text or ''} {self.tag}".strip()

    def marks(self, text: str | None) -> bool:
        """Whether a description or note is of something that this act has made."""
        # What comes before the tag is a person's own text, and may look like one.
        return (text or "").endswith(self.tag)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for an act, in which request, and who approves it."""

    caller: Caller
    request_id: str
    approver: EntityRef | None = None

    @property
    def name(self) -> str:
        """The person, and the plugin of Backstage that calls for them."""
        via = f" via {self.caller.via}" if self.caller.via else ""
        return f"{self.caller.user}{via}"

    def act(self, operation: Provisioned, name: str, once: str, now: datetime, **more: Any) -> Act:
        """A new act that they ask for."""
        return Act(
            operation,
            name,
            once,
            person=str(self.caller.user or ""),
            request_id=self.request_id,
            started_at=now,
            via=self.caller.via or "",
            approved_by=str(self.approver or ""),
            **more,
        )


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked for one team: by whom, what they are to it, and the policy as it is now.

    `team_names` are the names of all teams.
    """

    asker: Asker
    team: TeamRecord
    standing: Standing
    policy: Policy
    team_names: tuple[str, ...]

    def act(self, operation: Provisioned, name: str, once: str, now: datetime, **more: Any) -> Act:
        """A new act on the team."""
        return self.asker.act(operation, name, once, now, team_id=self.team.id, team=self.team.name, **more)


class Turn:
    """The right of this process to act on one team, until its lease is lost. Methods raise `BusyError` then.

    They raise `RecordsUnavailableError` when the database cannot be used.
    """

    def __init__(self, database: Database, organisation: str, held: Held, clock: Callable[[], datetime]) -> None:
        self._database = database
        self.organisation = organisation
        self._held = held
        self._clock = clock

    async def begin(self, act: Act) -> Act:
        """Record `act`, unless one with the same `once` is there: then that one, `pending` or `done`."""
        with _recording():
            async with self._database.write(self._held) as connection:
                found = (await connection.execute(select(acts).where(self._same(act)))).one_or_none()
                if found is not None:
                    return _act(found)
                await connection.execute(insert(acts).values(self._row(act)))
        return act

    async def change(self, act: Act, **changes: Any) -> Act:
        """Record changes of an act; give it as it is then."""
        changed = replace(act, **changes, changed_at=self._clock())
        with _recording():
            async with self._database.write(self._held) as connection:
                await connection.execute(update(acts).where(acts.c.id == act.id).values(self._row(changed)))
        return changed

    async def done(self, act: Act, *more: Act, made: str, lasting: bool = False, **changes: Any) -> Act:
        """Record the end of an act, and the acts that follow from it, in one transaction.

        Only a `lasting` act is found by its `once` from now on: what a name stands for can be made again one day.
        """
        ended = replace(act, **changes, state=State.DONE, made=made, changed_at=self._clock())
        if not lasting:
            ended = replace(ended, once=act.id)
        with _recording():
            async with self._database.write(self._held) as connection:
                await connection.execute(update(acts).where(acts.c.id == act.id).values(self._row(ended)))
                for each in more:
                    await connection.execute(insert(acts).values(self._row(each)))
        return ended

    async def failed(self, act: Act, detail: str) -> Act:
        """Record that an act has made nothing, or nothing that is left: asked for again it is another act."""
        return await self.change(act, state=State.FAILED, detail=detail[:500], once=act.id)

    async def find(self, operation: Provisioned, team_id: str, once: str) -> Act | None:
        """The pending or lasting act of this `once`."""
        where = self._where(acts.c.operation == operation, acts.c.team_id == team_id, acts.c.once == once)
        with _recording():
            async with self._database.read() as connection:
                found = (await connection.execute(select(acts).where(*where))).one_or_none()
        return None if found is None else _act(found)

    async def pending(self, operation: Provisioned, team_id: str) -> Sequence[Act]:
        """The acts of this kind on a team that have not ended."""
        where = self._where(
            acts.c.operation == operation, acts.c.team_id == team_id, acts.c.state == State.PENDING.value
        )
        with _recording():
            async with self._database.read() as connection:
                found = (await connection.execute(select(acts).where(*where).order_by(acts.c.started_at))).all()
        return [_act(row) for row in found]

    async def made_by_us(self, team_id: str, made: str) -> bool:
        """Whether an act on this team has made the thing of this id."""
        where = self._where(acts.c.team_id == team_id, acts.c.made == made)
        with _recording():
            async with self._database.read() as connection:
                found = await connection.execute(select(acts.c.id).where(*where).limit(1))
        return found.first() is not None

    async def funded(self, team_id: str, since: datetime, *, without: str = "") -> Money:
        """What owners gave a team since an instant, pending allocations too, but for the act `without`."""
        where = self._where(
            acts.c.operation == "wallet",
            acts.c.team_id == team_id,
            acts.c.state.in_((State.PENDING.value, State.DONE.value)),
            acts.c.wider.is_(False),
            acts.c.started_at >= micros(since),
            acts.c.id != without,
        )
        sums = select(func.coalesce(func.sum(acts.c.usd), 0), func.coalesce(func.sum(acts.c.pico), 0)).where(*where)
        with _recording():
            async with self._database.read() as connection:
                usd, pico = (await connection.execute(sums)).one()
        return _money(usd, pico)

    def _where(self, *conditions: ColumnElement[bool]) -> tuple[ColumnElement[bool], ...]:
        return (acts.c.organisation == self.organisation, *conditions)

    def _same(self, act: Act) -> ColumnElement[bool]:
        return (
            (acts.c.organisation == self.organisation)
            & (acts.c.operation == act.operation)
            & (acts.c.team_id == act.team_id)
            & (acts.c.once == act.once)
        )

    def _row(self, act: Act) -> dict[str, Any]:
        return _row(act, self.organisation)


class Acts:
    """The acts of one organisation. `organisation` gives its id, and is asked until it has given one.

    `holder` names this process among all that share the database. Methods raise `RecordsUnavailableError`.
    """

    def __init__(
        self,
        database: Database,
        organisation: Callable[[], Awaitable[str]],
        *,
        holder: str,
        clock: Callable[[], datetime],
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self._database = database
        self._ask_organisation = organisation
        self._leases = Leases(database, holder=holder, ttl=lease_seconds)
        self._renewed_every = lease_seconds / 3
        self._clock = clock
        self._known: str | None = None
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @contextlib.asynccontextmanager
    async def turn(self, subject: str) -> AsyncIterator[Turn]:
        """Act on `subject`, a team's id, alone among all processes. Raises `BusyError` when it stays another's."""
        organisation = await self._organisation()
        name = f"provisioning {organisation} {subject}"
        lock = self._locks.setdefault(name, asyncio.Lock())
        async with lock:
            held = await self._acquired(name)
            renewing = asyncio.ensure_future(self._renew(held))
            try:
                yield Turn(self._database, organisation, held, self._clock)
            finally:
                renewing.cancel()
                await asyncio.gather(renewing, return_exceptions=True)
                with contextlib.suppress(StoreError):
                    await self._leases.release(held)

    async def refused(self, act: Act, detail: str) -> None:
        """Record that somebody was refused."""
        row = _row(replace(act, state=State.REFUSED, detail=detail[:500], once=act.id), await self._organisation())
        with _recording():
            async with self._database.write() as connection:
                await connection.execute(insert(acts).values(row))

    async def due(self, now: datetime) -> Sequence[Act]:
        """The revocations that are to be made by `now`, the earliest first."""
        organisation = await self._organisation()
        where = (
            acts.c.organisation == organisation,
            acts.c.due_at <= micros(now),
            acts.c.state == State.PENDING.value,
        )
        with _recording():
            async with self._database.read() as connection:
                found = (await connection.execute(select(acts).where(*where).order_by(acts.c.due_at).limit(100))).all()
        return [_act(row) for row in found]

    async def forget_refusals(self, now: datetime) -> None:
        """Delete refusals that are older than `REFUSALS_KEPT`; all else is kept."""
        organisation = await self._organisation()
        old = (
            acts.c.organisation == organisation,
            acts.c.state == State.REFUSED.value,
            acts.c.started_at < micros(now - REFUSALS_KEPT),
        )
        with _recording():
            async with self._database.write() as connection:
                await connection.execute(delete(acts).where(*old))

    async def _organisation(self) -> str:
        if self._known is None:
            # Only what is about to act asks for it, so that the tables are there when they are first needed.
            with _recording():
                await self._database.migrate()
            self._known = await self._ask_organisation()
        return self._known

    async def _acquired(self, name: str) -> Held:
        until = asyncio.get_running_loop().time() + WAIT_SECONDS
        while True:
            with _recording():
                held = await self._leases.acquire(name)
            if held is not None:
                return held
            if asyncio.get_running_loop().time() >= until:
                raise BusyError("Another act on this team is under way in another process: ask again in a few seconds.")
            # Leases run by the database's clock, so that no other one may stand in for it here.
            await asyncio.sleep(BETWEEN_LOOKS)

    async def _renew(self, held: Held) -> None:
        while True:
            await asyncio.sleep(self._renewed_every)
            try:
                if not await self._leases.renew(held):
                    return
            except StoreError as error:
                log.warning("a team's lease could not be renewed", problem=str(error))


async def recorded(database: Database, *, team: str | None, since: datetime) -> Sequence[Act]:
    """Every act and refusal of a team, by its name in any case (None: of all), since an instant, oldest first.

    Raises `StoreError`.
    """
    where = [acts.c.started_at >= micros(since)]
    if team is not None:
        where.append(func.lower(acts.c.team) == team.lower())
    async with database.read() as connection:
        found = (await connection.execute(select(acts).where(*where).order_by(acts.c.started_at, acts.c.id))).all()
    return [_act(row) for row in found]


@contextlib.contextmanager
def _recording() -> Iterator[None]:
    try:
        yield
    except LeaseLostError:
        raise BusyError("Another process has taken this act over: ask again in a few seconds.") from None
    except StoreError as error:
        raise RecordsUnavailableError(f"Acts cannot be recorded now ({error}), so that nothing is done.") from None


def _money(usd: int, pico: int) -> Money:
    # Without the zeros at its end, as it was asked for.
    return Money(Decimal(joined(usd, pico).plain()))


def _row(act: Act, organisation: str) -> dict[str, Any]:
    usd, pico = split(act.amount) if act.amount is not None else (None, None)
    return {
        "id": act.id,
        "organisation": organisation,
        "operation": act.operation,
        "team_id": act.team_id,
        "team": act.team,
        "name": act.name,
        "once": act.once,
        "state": act.state.value,
        "person": act.person,
        "via": act.via,
        "approved_by": act.approved_by,
        "request_id": act.request_id,
        "wider": act.wider,
        "usd": usd,
        "pico": pico,
        "made": act.made,
        "previous": act.previous,
        "detail": act.detail,
        "started_at": micros(act.started_at),
        "changed_at": micros(act.changed_at or act.started_at),
        "due_at": None if act.due_at is None else micros(act.due_at),
        "grace": None if act.grace is None else act.grace // timedelta(microseconds=1),
    }


def _act(row: Row[Any]) -> Act:
    return Act(
        id=row.id,
        operation=row.operation,
        team_id=row.team_id,
        team=row.team,
        name=row.name,
        once=row.once,
        state=State(row.state),
        person=row.person,
        via=row.via,
        approved_by=row.approved_by,
        request_id=row.request_id,
        wider=bool(row.wider),
        amount=None if row.usd is None else _money(row.usd, row.pico),
        made=row.made,
        previous=row.previous,
        detail=row.detail,
        started_at=instant(row.started_at),
        changed_at=instant(row.changed_at),
        due_at=None if row.due_at is None else instant(row.due_at),
        grace=None if row.grace is None else timedelta(microseconds=row.grace),
    )
