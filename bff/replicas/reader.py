"""Reads facts so that of several replicas one asks Keeptrusts: the others take what it has read.

Whoever finds the shared facts due begins a reading, which only one at a time can; the replica that read last has a head
start, so that it is usually the same one and its ledger goes on from where it was. A replica that dies while it reads
loses its lock within three quarters of a refresh; one that dies between readings is missed a quarter of a refresh after
the next was due. Without Redis each replica reads by itself until Redis is back.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from bff.governance.facts import Facts
from bff.replicas.shared_facts import SharedFacts, UnreadableFactsError, decoded, encoded
from bff.replicas.store import Look, Store, StoreError
from bff.replicas.succession import succeeded
from bff.replicas.taken import Taken
from bff.telemetry.logs import logger

log = logger("replicas")

LONGEST_LEASE = 10.0
"""Seconds after which a replica that has died while reading is not waited for any more."""

LONGEST_READING = 60.0
"""Seconds for which another's reading is waited for, while older facts are served."""

TROUBLED_AFTER = 5.0
"""Seconds after which facts that could not all be read are due again."""


class Role(StrEnum):
    """What a replica does."""

    ALONE = "alone"
    """Reads by itself, since Redis cannot be used."""
    LEADING = "leading"
    """Has read last, for all."""
    FOLLOWING = "following"
    """Has taken what another has read."""


class Reader(Protocol):
    """Reads all facts of Keeptrusts, and can go on from what another has read."""

    async def read(self, now: datetime) -> Facts:
        """The facts as of `now`."""

    def adopt(self, facts: Facts) -> None:
        """Another replica has read these."""


class SharedFactsReader:
    """`reader`, shared with the other replicas through `store`. `refresh` is the age at which facts are due.

    Facts are kept for `keep`; `changed` is told of every change of role.
    """

    def __init__(
        self,
        reader: Reader,
        store: Store,
        *,
        refresh: timedelta,
        keep: timedelta,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        changed: Callable[[Role], None] = lambda _role: None,
    ) -> None:
        self._reader = reader
        self._store = store
        self._refresh = refresh.total_seconds()
        self._keep = keep.total_seconds()
        self._lease = min(self._refresh * 0.75, LONGEST_LEASE)
        self._head_start = min(max(self._refresh / 4, 0.25), TROUBLED_AFTER)
        self._pause = min(max(self._refresh / 10, 0.05), 1.0)
        self._clock = clock
        self._monotonic = monotonic
        self._sleep = sleep
        self._changed = changed
        self._role: Role | None = None
        self._known = 0
        self._latest: SharedFacts | None = None
        self._read_at: float | None = None
        self._taken: Taken | None = None

    def taken(self) -> Taken | None:
        """How the facts of the last reading came; None when this replica has read them for itself alone."""
        return self._taken

    async def read(self, now: datetime) -> Facts:
        """The facts as of `now`, or those that another replica has read within a refresh."""
        try:
            return await self._shared(now)
        except StoreError as error:
            return await self._alone(now, str(error))

    async def _shared(self, now: datetime) -> Facts:
        began = self._monotonic()
        while True:
            seen = await self._store.look(self._known)
            news = self._news(seen)
            if news is not None:
                return self._take(news, seen)
            waited = self._monotonic() - began
            if not seen.reading and self._may_begin(seen, waited):
                token = await self._store.begin(seen.serial, lease=self._lease)
                if token is not None:
                    return await self._lead(token, now)
            if waited > LONGEST_READING:
                raise StoreError("another replica has been reading for too long")
            await self._sleep(self._pause)

    def _news(self, seen: Look) -> SharedFacts | None:
        if seen.body is None:
            return None
        # A cold replica takes what there is, and finds it due at once; others have facts that are as good.
        cold = self._known == 0 and self._read_at is None
        later = self._read_at is None or self._monotonic() - seen.age > self._read_at
        if not cold and (seen.age >= self._refresh or not later):
            return None
        try:
            return decoded(seen.body)
        except UnreadableFactsError as error:
            log.warning("shared facts cannot be used", reason=str(error))
            return None

    def _may_begin(self, seen: Look, waited: float) -> bool:
        due = self._refresh
        if self._latest is not None and _troubled(self._latest.facts):
            due = min(due, TROUBLED_AFTER)
        if seen.serial == 0 or seen.by == self._store.replica or seen.age < 0.9 * due:
            # Nobody else is about to: there is nobody, or it is us, or they are not due and somebody insists.
            return True
        return waited >= self._head_start or seen.age >= due + self._head_start

    def _take(self, shared: SharedFacts, seen: Look) -> Facts:
        self._reader.adopt(shared.facts)
        self._known, self._latest = seen.serial, shared
        self._taken = Taken(shared.assessed_at, seen.age)
        self._is(Role.FOLLOWING)
        return shared.facts

    async def _lead(self, token: int, now: datetime) -> Facts:
        async with self._lock_kept(token):
            mine = await self._reader.read(now)
        self._read_at = self._monotonic()
        facts = succeeded(mine, self._latest.facts if self._latest else None, now)
        shared = SharedFacts(facts, max(now, self._clock()))
        self._latest, self._taken = shared, Taken(shared.assessed_at, 0.0)
        # Who has met trouble leaves the next reading to whoever comes first: the trouble may be on its side alone.
        by = "" if _troubled(facts) else self._store.replica
        try:
            published = await self._store.publish(token, encoded(shared), keep=self._keep, by=by)
            self._known = token if published else self._known
            self._is(Role.LEADING if published else Role.FOLLOWING)
        except UnreadableFactsError as error:
            self._is(Role.ALONE, str(error))
            await self._given_up(token)
        except StoreError as error:
            self._is(Role.ALONE, str(error))
        return facts

    @contextlib.asynccontextmanager
    async def _lock_kept(self, token: int) -> AsyncIterator[None]:
        ended = asyncio.Event()
        keeping = asyncio.ensure_future(self._keep_lock(token, ended))
        try:
            yield
        except BaseException:
            # The process ends, most likely: another replica need not wait for the lease.
            await self._given_up(token)
            raise
        finally:
            # Told as well as cancelled: redis-py may take a cancellation that comes in the middle of an answer for its own.
            ended.set()
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    async def _keep_lock(self, token: int, ended: asyncio.Event) -> None:
        held = True
        while held and not ended.is_set():
            await self._sleep(self._lease / 3)
            try:
                held = await self._store.extend(token, lease=self._lease)
            except StoreError:
                # Told to the observer. Should the lease end meanwhile, publishing will find out.
                continue

    async def _given_up(self, token: int) -> None:
        with contextlib.suppress(StoreError):  # the lease ends by itself
            await self._store.end(token)

    async def _alone(self, now: datetime, reason: str) -> Facts:
        self._is(Role.ALONE, reason)
        self._taken = None
        facts = await self._reader.read(now)
        self._read_at = self._monotonic()
        return facts

    def _is(self, role: Role, reason: str | None = None) -> None:
        if role is self._role:
            return
        if role is Role.ALONE:
            log.warning("this replica reads alone", reason=reason)
        else:
            log.info("role", role=role)
        self._role = role
        self._changed(role)


def _troubled(facts: Facts) -> bool:
    return any(getattr(facts, part.name).cause is not None for part in fields(facts))
