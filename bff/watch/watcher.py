"""The watch: one process at a time sweeps the catalog, assesses what it found, and notifies whom it concerns.

A round is: sweep, assess from the snapshot, decide, write what is to be sent, send it, write the outcome. The lease `watch`
of the organisation says whose rounds these are, and every write checks it. The other processes load the stored sweep and
take over when the lease runs out.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from bff.backstage.entities import CatalogError, Entity, ServiceDeniedError
from bff.backstage.notifications import (
    Notification,
    NotificationError,
    NotificationRejectedError,
    Notifications,
)
from bff.backstage.watched import GroupMembers, WatchedCatalog
from bff.status.answers import FindingCounts, Groups, owners_of
from bff.status.assessment import assess
from bff.status.claims import Owner, Subject
from bff.status.findings import Code, Rules
from bff.status.leader import OrganisationReader
from bff.status.organisation_cache import FactsUnavailableError, OrganisationCache, Snapshot
from bff.store.database import Database, LeaseLostError, StoreError
from bff.store.lease import Held, Leases
from bff.telemetry.logs import logger
from bff.telemetry.metrics import Metrics
from bff.values import EntityRef
from bff.watch.alert_store import AlertStore, Delivery, Stored
from bff.watch.alerts import (
    MOST_AT_ONCE,
    Assessed,
    Conditions,
    Decision,
    Paced,
    conditions,
    current_parts,
    decide,
    joined,
    service_conditions,
)
from bff.watch.sweep import Sweep, SweepResult, SweepStore, Watched
from bff.watch.webhook import Webhook, WebhookError, WebhookRejectedError, cloud_event

log = logger("watch")

LEASE_SECONDS = 20.0
"""Seconds for which a process that stopped without notice keeps the others from watching."""

TRIED_AGAIN_AFTER = 30.0
"""Seconds after a sweep that failed before the next, where that is sooner than usual."""

TOPIC = "ai-governance"
"""The topic of notifications, by which people switch them off in Backstage."""


class Muted(Protocol):
    """Which codes are never alerted."""

    async def __call__(self) -> Collection[str]:
        """The codes, as the policy has them now."""


@dataclass(frozen=True, slots=True)
class Channels:
    """The ways by which alerts leave; None for one that is off."""

    backstage: Notifications | None = None
    webhook: Webhook | None = None

    def names(self) -> tuple[str, ...]:
        """Those that are on."""
        return tuple(name for name in ("backstage", "webhook") if getattr(self, name) is not None)


@dataclass(frozen=True, slots=True)
class Audience:
    """To whom a message goes in Backstage: `full` get its amounts, `plain` do not; `but` are left out of `plain`."""

    full: frozenset[EntityRef] = frozenset()
    plain: frozenset[EntityRef] = frozenset()
    but: frozenset[EntityRef] = frozenset()


class Watcher:
    """Makes the rounds, every `interval` seconds.

    `groups` reads owners, `catalog` entities and members. `every_viewer` says that amounts are for everybody who may see an
    entity. `holder` names this process. `clock` gives aware wall-clock time, `monotonic` seconds.
    """

    def __init__(
        self,
        catalog: WatchedCatalog,
        groups: Groups,
        cache: OrganisationCache,
        reader: OrganisationReader,
        database: Database,
        *,
        sweep: Sweep,
        rules: Rules,
        channels: Channels,
        platform_groups: Collection[EntityRef],
        every_viewer: bool,
        muted: Muted,
        counts: FindingCounts,
        metrics: Metrics,
        holder: str,
        interval: float,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self._catalog = catalog
        self._groups = groups
        self._cache = cache
        self._reader = reader
        self._database = database
        self.sweep = sweep
        self._rules = rules
        self._channels = channels
        self._platform_groups = frozenset(platform_groups)
        self._every_viewer = every_viewer
        self._muted = muted
        self._counts = counts
        self._metrics = metrics
        self._interval = interval
        self._clock = clock
        self._monotonic = monotonic
        self._leases = Leases(database, holder=holder, ttl=lease_seconds)
        self._pause = lease_seconds / 4
        self._held: Held | None = None
        self._due_at = 0.0
        self._paced: Paced = frozenset()
        self._trouble = ""

    async def run(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Watch until cancelled."""
        while True:
            try:
                await self.turn()
            except StoreError as error:
                self._say(f"the database cannot be used: {error}")
                self._held = None
            except Exception:  # a fault of our own must not end the watch without a reason in the log
                log.exception("round failed")
                self._due_at = self._monotonic() + self._interval
            await sleep(self._pause)

    async def turn(self) -> bool:
        """Make a round where this process watches and one is due; else see what another has swept. Raises `StoreError`.

        Returns whether a round was made.
        """
        organisation = self._reader.stored_as
        if organisation is None:
            return False
        store = SweepStore(self._database, organisation)
        first = self._held is None
        self._held = await self._leases.acquire(f"watch:{organisation}")
        if self._held is None:
            await self._follow(store)
            return False
        if first and (stored := await store.load()) is not None:
            self._adopt(stored)
        if not first and self._monotonic() < self._due_at:
            return False
        self._due_at = self._monotonic() + self._interval
        with contextlib.suppress(LeaseLostError):
            # Another process has taken over: it goes on from what is written.
            async with self._renewed(self._held):
                await self._round(store, AlertStore(self._database, organisation, channels=self._channels.names()))
            return True
        self._held = None
        return False

    async def aclose(self) -> None:
        """Give the lease back, so that another process takes over at once."""
        if self._held is not None:
            with contextlib.suppress(StoreError):
                await self._leases.release(self._held)
        self._held = None

    async def _follow(self, store: SweepStore) -> None:
        latest = self.sweep.latest
        if await store.version() != (latest.version if latest is not None else 0):
            loaded = await store.load()
            if loaded is not None:
                self._adopt(loaded)
        self._counts.replace({}, entities=0)
        for channel in self._channels.names():
            # What waited when this process watched is now the other's to send.
            self._metrics.alerts_due(channel, 0)

    def _adopt(self, stored: SweepResult) -> None:
        """Take over what is stored, so that a restart or another replica in its place does not lose when that was."""
        self.sweep.adopt(stored)
        self._metrics.last_whole_sweep(len(stored.entities), stored.at)

    @contextlib.asynccontextmanager
    async def _renewed(self, held: Held) -> AsyncIterator[None]:
        """Renew the lease while the body waits for others."""

        async def renew() -> None:
            while True:
                await asyncio.sleep(held.ttl / 4)
                # The next write checks the lease, and so reports what goes wrong here.
                with contextlib.suppress(StoreError):
                    await self._leases.renew(held)

        renewing = asyncio.ensure_future(renew())
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)

    # --- a round ---

    async def _round(self, store: SweepStore, alerts: AlertStore) -> None:
        assert self._held is not None  # noqa: S101 - only who holds the lease makes rounds
        swept, denied = await self._swept(store)
        try:
            snapshot, _ = await self._cache.current()
        except FactsUnavailableError as error:
            self._say(str(error))
            snapshot = None
        now = self._clock()
        found = service_conditions(snapshot.facts if snapshot is not None else None, backstage_denied=denied)
        if swept is not None and snapshot is not None:
            found = joined(found, await self._conditions(swept.entities, snapshot, now))
            self._paced = found.paced
        if self._channels.names():
            whole = swept is not None and swept.complete and snapshot is not None
            await self._alert(alerts, found, now=now, whole=whole)

    async def _swept(self, store: SweepStore) -> tuple[SweepResult | None, str | None]:
        """What is there, and why Backstage refuses the token: empty where that is not known, None where it does not."""
        assert self._held is not None  # noqa: S101 - as above
        started = self._monotonic()
        try:
            result = await self.sweep.read()
        except CatalogError as error:
            self._metrics.swept("failed", self._monotonic() - started)
            self._say(f"the catalog could not be read whole: {error}")
            self._due_at = self._monotonic() + min(self._interval, TRIED_AGAIN_AFTER)
            return self.sweep.latest, str(error) if isinstance(error, ServiceDeniedError) else ""
        self._metrics.swept("ok", self._monotonic() - started, found=(len(result.entities), result.at))
        self._say("")
        stored = await store.publish(result, self._held)
        self.sweep.adopt(stored)
        return stored, None

    async def _conditions(self, entities: Sequence[Watched], snapshot: Snapshot, now: datetime) -> Conditions:
        """Assess all entities, count their findings, and gather what is to be alerted."""
        owners, muted = await self._owners(entities), await self._muted()
        rules = replace(self._rules, stale=True) if snapshot.stale else self._rules
        counts: Counter[Code] = Counter()

        def assessed() -> Iterator[Assessed]:
            # One after the other, so that the statuses of thousands are never in memory together.
            for entity in entities:
                owner = owners[entity.owner]
                subject = Subject(entity.ref, entity.annotations, owner)
                status = assess(subject, snapshot.organisation, snapshot.assessed_at, rules)
                counts.update({finding.code for finding in status.findings})
                yield Assessed(entity, owner, status)

        # In a thread: thousands of entities take longer than others may wait.
        found = await asyncio.to_thread(
            conditions,
            assessed(),
            current=current_parts(snapshot.facts, stale=snapshot.stale, now=now, zone=rules.timezone),
            now=now,
            zone=rules.timezone,
            muted=muted,
            paced_before=self._paced,
        )
        self._counts.replace(counts, entities=len(entities))
        return found

    async def _owners(self, entities: Iterable[Watched]) -> Mapping[EntityRef | None, Owner]:
        return await owners_of((Entity(entity.ref, owner=entity.owner) for entity in entities), self._groups)

    # --- alerts ---

    async def _alert(self, store: AlertStore, found: Conditions, *, now: datetime, whole: bool) -> None:
        assert self._held is not None  # noqa: S101 - as above
        before = await store.load()
        rows = {scope: row.sent for scope, row in before.items()}
        decision = await asyncio.to_thread(decide, found, rows, now=now, zone=self._rules.timezone, whole=whole)
        self._count_unsent(decision, before)
        await store.write(decision, self._held, now=now)
        after = await store.load() if decision != Decision() else before
        for channel in self._channels.names():
            due = _in_order(after, channel)
            done = await self._send(channel, store, due, found, now)
            self._metrics.alerts_due(channel, len(due) - done)

    def _count_unsent(self, decision: Decision, before: Mapping[str, Stored]) -> None:
        summarised = len(decision.summarised) + len(decision.over_unsaid)
        for channel in self._channels.names():
            dropped = sum(before[row.scope].to_send(channel) for row in decision.forgotten)
            self._metrics.alerted(channel, "dropped", dropped)
            self._metrics.alerted(channel, "summarised", summarised)

    async def _send(
        self, channel: str, store: AlertStore, rows: Sequence[Stored], found: Conditions, now: datetime
    ) -> int:
        """Send what is due on one channel, at most `MOST_AT_ONCE` and a summary; stop at the first that cannot be sent now.

        Returns how many are done with.
        """
        assert self._held is not None  # noqa: S101 - as above
        waiting = [_as_of_now(row, found) for row in rows[: MOST_AT_ONCE + 1]]
        outcome: list[tuple[Stored, Delivery]] = []
        for done, row in enumerate(waiting):
            # The outcome of one message and the beginning of the next are one transaction.
            await store.mark(channel, [*outcome, (row, Delivery.SENDING)], self._held)
            outcome = []
            try:
                delivery = await (self._notify(row) if channel == "backstage" else self._post(row, now))
            except (NotificationRejectedError, WebhookRejectedError) as error:
                log.warning("alert is not taken", channel=channel, reason=str(error))
                delivery = Delivery.REFUSED
            except (NotificationError, WebhookError, CatalogError) as error:
                log.warning("alert cannot be sent now", channel=channel, reason=str(error))
                self._metrics.alerted(channel, "failed", 1)
                return done
            self._metrics.alerted(channel, delivery.value, 1)
            outcome = [(row, delivery)]
        if outcome:
            await store.mark(channel, outcome, self._held)
        return len(waiting)

    async def _notify(self, row: Stored) -> Delivery:
        assert self._channels.backstage is not None  # noqa: S101 - the channel is on
        message, reached = row.sent.message, 0
        audience = await self._audience(message.recipient)
        for to, but, text in (
            (audience.full, frozenset[EntityRef](), message.text),
            (audience.plain, audience.but, message.plain),
        ):
            if to:
                notification = Notification(
                    message.title, text, message.link, "high" if message.bad else "normal", TOPIC, _scope(row)
                )
                reached += await self._channels.backstage.send(notification, to, but=but)
        if not audience.full and not audience.plain:
            log.warning("alert has no recipient", recipient=str(message.recipient), setting="BFF_PLATFORM_GROUPS")
            return Delivery.REFUSED
        log.info("alert sent", code=row.sent.code, step=row.sent.step, entity=str(message.entity), users=reached)
        return Delivery.SENT

    async def _post(self, row: Stored, now: datetime) -> Delivery:
        assert self._channels.webhook is not None  # noqa: S101 - the channel is on
        event = cloud_event(
            row.sent.message,
            message_id=row.message_id,
            code=row.sent.code,
            step=row.sent.step,
            scope=row.sent.scope,
            organisation=self._reader.stored_as or "",
            at=min(row.sent.since, now),
        )
        await self._channels.webhook.send(event, message_id=row.message_id)
        return Delivery.SENT

    async def _audience(self, recipient: EntityRef | None) -> Audience:
        """Who gets a message for `recipient`: the owner, or the platform groups where the owner has no members.

        Backstage gives a group's notifications to members of the groups below it as well, who see no amounts of that
        group. So its own members are named one by one. Raises `CatalogError`.
        """
        if recipient is not None:
            found = await self._of(recipient)
            if found != Audience():
                return found
        parts = [await self._of(group) for group in sorted(self._platform_groups)]
        full = frozenset[EntityRef]().union(*(part.full for part in parts))
        plain = frozenset[EntityRef]().union(*(part.plain for part in parts))
        return Audience(full, plain, full | frozenset[EntityRef]().union(*(part.but for part in parts)))

    async def _of(self, ref: EntityRef) -> Audience:
        if ref.kind != "group":
            return Audience(full=frozenset({ref}))
        members = await self._catalog.group_members(ref)
        group = await self._groups.group(ref)
        return audience_of(
            ref, members, counts=group is not None and group.may_claim_team, every_viewer=self._every_viewer
        )

    def _say(self, trouble: str) -> None:
        """Log what is wrong where that is news; empty for nothing."""
        if trouble == self._trouble:
            return
        if trouble:
            log.warning("watch", problem=trouble)
        else:
            log.info("the catalog is read whole again")
        self._trouble = trouble


def audience_of(group: EntityRef, members: GroupMembers, *, counts: bool, every_viewer: bool) -> Audience:
    """Who gets a message for a group. `counts` says that its members may see the amounts of what it owns."""
    if members.empty:
        return Audience()
    if every_viewer:
        return Audience(full=frozenset({group}))
    if not counts or members.users is None:
        return Audience(plain=frozenset({group}))
    below = frozenset({group}) if members.further else frozenset[EntityRef]()
    return Audience(full=members.users, plain=below, but=members.users)


def _as_of_now(row: Stored, found: Conditions) -> Stored:
    """`row` with the words of now: what it is about may have gone on while it waited."""
    current = found.holding.get(row.sent.scope)
    if current is None or current.step != row.sent.step:
        return row
    return replace(row, sent=replace(row.sent, message=current.message))


def _in_order(rows: Mapping[str, Stored], channel: str) -> list[Stored]:
    """What is to be sent, the summary first, then what has waited longest, the worst of it first."""
    due = [row for row in rows.values() if row.to_send(channel)]
    return sorted(due, key=lambda row: (not row.sent.scope.startswith("storm|"), row.sent.since, -row.sent.step))


_LONGEST_SCOPE = 255


def _scope(row: Stored) -> str:
    # A team's id or a key's name can be longer than what Backstage takes.
    if len(row.sent.scope) <= _LONGEST_SCOPE - len(TOPIC) - 1:
        return f"{TOPIC}:{row.sent.scope}"
    return f"{TOPIC}:{hashlib.sha256(row.sent.scope.encode()).hexdigest()}"
