"""Keep the facts in memory: read them in the background, and serve the last good ones while that runs or fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import floor
from typing import Any, Literal

from bff.keeptrusts.facts import Cause, Facts, Reading, rows_left_out, statuses_not_known
from bff.single_flight import SingleFlight
from bff.status.leader import LEAST_SECONDS_BETWEEN_LISTS, FactsUnreadableError, OrganisationReader
from bff.status.organisation import Organisation
from bff.status.snapshot_store import ReadFacts
from bff.telemetry.logs import logger
from bff.telemetry.metrics import Metrics
from bff.telemetry.traces import Traces, mark_failed

log = logger("organisation_cache")

LEAST_SECONDS_BETWEEN_READS = LEAST_SECONDS_BETWEEN_LISTS
"""The least time between two readings of Keeptrusts, also for callers that insist and after a short failure."""

MANY_KEYS = 500
"""From this many keys on, make the indexes in a thread: they would block the event loop."""

CATCHING_UP_SECONDS = 0.1
"""Seconds between two readings while the feed has more events than one reading takes."""

LONGEST_WAIT = 10.0
"""Seconds for which a request waits for a reading. The reading continues after that, for later requests."""

Served = Literal["read", "fresh", "revalidating", "stale"]
"""Where the facts of an answer come from.

`read`: the request waited for a reading. `fresh`: they are younger than the refresh interval. `revalidating`: they are
older, and are being read again. `stale`: Keeptrusts cannot be reached.
"""


class FactsUnavailableError(Exception):
    """There are no facts, or none young enough to show. `retry_after` is in seconds."""

    def __init__(self, detail: str, *, retry_after: float) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One reading of the facts, and the moment for which they are assessed. Answers are valid for one snapshot.

    `stale` is True when Keeptrusts could not be asked this time, `unavailable` when a part could not be read for now.
    `observed_at` is when the oldest part that is shown was read. `read_at` and `tried_at` are monotonic seconds: when this
    was read, and when a newer reading was last tried.
    """

    version: int
    organisation: Organisation
    assessed_at: datetime
    observed_at: datetime | None
    stale: bool
    unavailable: bool
    read_at: float
    tried_at: float

    @property
    def facts(self) -> Facts:
        """What was read."""
        return self.organisation.facts


@dataclass(frozen=True, slots=True)
class Moment:
    """What answers say of their facts from now on until `until`, in monotonic seconds.

    `age` and `ttl` are whole seconds: since the oldest part that is shown was read, and until it is due to be read again.
    """

    snapshot: Snapshot
    served: Literal["fresh", "revalidating", "stale"]
    age: int
    ttl: int
    until: float


_MOMENTS_END_EARLY = 1e-6
"""Seconds: ends are sums, which may come out later than the comparison that they stand for."""


class OrganisationCache:
    """The facts of one organisation in memory, and how old they are.

    `refresh` is the age at which they are read again, `stale_limit` the age up to which they may be shown when that fails.
    `clock` gives aware wall-clock time, for what is shown; `monotonic` gives seconds, for what is due, so that a clock that
    jumps changes neither. `longest_wait` is how many seconds a request waits for a reading.
    """

    def __init__(
        self,
        reader: OrganisationReader,
        *,
        refresh: timedelta,
        stale_limit: timedelta,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
        metrics: Metrics,
        longest_wait: float = LONGEST_WAIT,
        traces: Traces | None = None,
    ) -> None:
        self._reader = reader
        self._refresh = refresh.total_seconds()
        self._stale_limit = stale_limit.total_seconds()
        self._clock = clock
        self._monotonic = monotonic
        self._metrics = metrics
        self._longest_wait = longest_wait
        self._traces = traces or Traces()
        self._flight: SingleFlight[Snapshot] = SingleFlight()
        self._background: set[asyncio.Task[Snapshot]] = set()
        self._snapshot: Snapshot | None = None
        self._moment: Moment | None = None
        self._last_good: float | None = None
        self._reading_since: float | None = None
        self._has_read = False
        self._expired = False
        self._trouble: str | None = None
        self._odd: dict[str, NotUnderstood] = {}
        metrics.watch_snapshot(self.age, self.stale_seconds_left)

    @property
    def snapshot(self) -> Snapshot | None:
        """The latest snapshot, however old; None before the first."""
        return self._snapshot

    async def current(self, *, insist: bool = False) -> tuple[Snapshot, Served]:
        """Return the facts to answer from, and where they come from. With `insist`, read them again first unless that was just done.

        Raises `FactsUnavailableError` when there are none to show.
        """
        snapshot, waited = self._snapshot, False
        if snapshot is None or (insist and self._since_tried(snapshot) >= LEAST_SECONDS_BETWEEN_READS):
            snapshot, waited = await self._read_for_a_request(snapshot, insist=insist)
        elif self._monotonic() >= self._due_at(snapshot):
            self._read_in_background()
            snapshot = self._stale_if_late(snapshot)
        self._require_facts(snapshot)
        served = self._served(snapshot)
        return snapshot, "read" if waited and served != "stale" else served

    def moment(self) -> Moment | None:
        """What `current` gives, without waiting: None where it would wait or raise. A reading that is due starts here too."""
        moment, snapshot, now = self._moment, self._snapshot, self._monotonic()
        if moment is not None and moment.snapshot is snapshot and now < moment.until:
            return moment
        if snapshot is None:
            return None
        due_at = self._due_at(snapshot)
        if now >= due_at:
            self._read_in_background()
            snapshot = self._stale_if_late(snapshot)
        try:
            self._require_facts(snapshot)
        except FactsUnavailableError:
            return None
        age, ttl = self.age_of(snapshot), self.ttl(snapshot)
        # `ttl` counts down, so that a whole number of seconds ends at once; a reading that is due is looked after each time.
        until = now if now >= due_at else min(due_at, now + int(age) + 1 - age, now + ttl - floor(ttl))
        if snapshot.stale and self._last_good is not None:
            until = min(until, self._last_good + self._stale_limit)
        self._moment = Moment(snapshot, self._served(snapshot), int(age), int(ttl), until - _MOMENTS_END_EARLY)
        return self._moment

    async def run(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Read the facts whenever they are due, until cancelled."""
        while True:
            try:
                snapshot = await self._read()
            except FactsUnavailableError:
                # Nothing was ever read; the reason was logged.
                await sleep(min(self._refresh, LEAST_SECONDS_BETWEEN_READS))
                continue
            except (
                Exception
            ):  # a fault of our own must not end the loop: the facts would grow old without a reason in the log
                log.exception("facts were not read")
                self._metrics.refreshed("failed")
                await sleep(LEAST_SECONDS_BETWEEN_READS)
                continue
            await self._reader.rest(max(self._refresh_due(snapshot) - self._since_tried(snapshot), 0.1))

    def expire(self) -> None:
        """Read the facts again at the next request: something was changed upstream that should be seen soon."""
        self._expired = True
        self._moment = None

    def age(self) -> float:
        """Seconds since the oldest part that is shown was read; -1 when there is none."""
        if self._snapshot is None or self._snapshot.observed_at is None:
            return -1.0
        return self.age_of(self._snapshot)

    def age_of(self, snapshot: Snapshot) -> float:
        """Seconds since the oldest part of `snapshot` was read, never below 0."""
        if snapshot.observed_at is None:
            return 0.0
        at_reading = (snapshot.assessed_at - snapshot.observed_at).total_seconds()
        return max(at_reading, 0.0) + self._since(snapshot)

    def ttl(self, snapshot: Snapshot) -> float:
        """Seconds until `snapshot` is due to be read again; below 0 when that is overdue."""
        return self._refresh - self._since(snapshot)

    def stale_seconds_left(self) -> float:
        """Seconds until the facts may not be shown any more if every read fails; -1 when there are none."""
        if self._last_good is None:
            return -1.0
        return max(self._stale_limit - (self._monotonic() - self._last_good), 0.0)

    @property
    def trouble(self) -> str | None:
        """Why the latest reading gave nothing, None when it did."""
        return self._trouble

    @property
    def has_read(self) -> bool:
        """Whether the first reading has ended, well or not. One that ends in a fault of our own does not count."""
        return self._has_read

    def can_answer(self) -> bool:
        """Whether there are facts that are young enough to show, or the news that Keeptrusts denies them after it gave some."""
        snapshot = self._snapshot
        if snapshot is None or self._last_good is None:
            return False
        try:
            self._require_facts(snapshot)
        except FactsUnavailableError:
            return False
        return True

    async def _read_for_a_request(self, known: Snapshot | None, *, insist: bool) -> tuple[Snapshot, bool]:
        """A new snapshot and True; the known one and False when a new one takes too long."""
        try:
            async with asyncio.timeout(self._longest_wait):
                return await self._read(insist=insist), True
        except TimeoutError:
            if known is None:
                raise FactsUnavailableError(
                    "Keeptrusts has not been read yet.", retry_after=LEAST_SECONDS_BETWEEN_READS
                ) from None
            return known, False

    async def _read(self, *, insist: bool = False) -> Snapshot:
        if self._flight.busy("facts"):
            self._metrics.coalesced()
        return await self._flight.do("facts", lambda: self._read_once(insist=insist))

    async def _read_once(self, *, insist: bool) -> Snapshot:
        insist, self._expired = insist or self._expired, False
        self._reading_since = self._monotonic()
        try:
            read = await self._traced_read(insist=insist)
        except FactsUnreadableError as error:
            return self._kept(str(error))
        finally:
            self._reading_since = None
        self._trouble = None
        if read is None:
            assert self._snapshot is not None  # noqa: S101 - nothing is newer than what was read before
            self._snapshot = replace(self._snapshot, tried_at=self._monotonic())
            return self._snapshot
        if len(read.facts.keys.value or ()) < MANY_KEYS:
            return self._begin(read, Organisation.of(read.facts))
        return self._begin(read, await asyncio.to_thread(Organisation.of, read.facts))

    async def _traced_read(self, *, insist: bool) -> ReadFacts | None:
        """One reading as a span, with the calls that it makes below it. Raises `FactsUnreadableError`."""
        with self._traces.doing("read facts"):
            read = await self._reader.read(self._clock(), insist=insist)
            causes = {part.cause for part in read.facts.parts().values()} - {None} if read is not None else set()
            if causes:
                mark_failed(min(str(cause) for cause in causes))
            return read

    def _stale_if_late(self, snapshot: Snapshot) -> Snapshot:
        """`snapshot`, marked as stale when its successor has been read for too long: a slow database ends no reading."""
        late = max(self._refresh, LONGEST_WAIT)
        if snapshot.stale or self._reading_since is None or self._monotonic() - self._reading_since < late:
            return snapshot
        return self._kept(f"A reading has not ended within {late:g} s.")

    def _kept(self, reason: str) -> Snapshot:
        """Keep what was read before, and mark it as stale. Raises `FactsUnavailableError` where there is none."""
        if self._trouble != reason:
            log.warning("facts could not be read", reason=reason)
        self._trouble = reason
        self._metrics.refreshed("failed")
        self._has_read = True
        snapshot = self._snapshot
        if snapshot is None:
            raise FactsUnavailableError(reason, retry_after=LEAST_SECONDS_BETWEEN_READS)
        self._snapshot = replace(
            snapshot,
            version=snapshot.version + (not snapshot.stale),
            stale=True,
            unavailable=True,
            tried_at=self._monotonic(),
        )
        return self._snapshot

    def _begin(self, read: ReadFacts, organisation: Organisation) -> Snapshot:
        facts = read.facts
        read_at = self._monotonic() - read.ago
        parts = facts.parts()
        stale = any(
            part.cause is not None and part.cause is not Cause.DENIED and part.value is not None
            for part in parts.values()
        )
        shown = [part.observed_at for part in parts.values() if part.value is not None and part.observed_at is not None]
        version = self._snapshot.version + 1 if self._snapshot else 1
        unavailable = any(part.cause is Cause.UNAVAILABLE for part in parts.values())
        snapshot = Snapshot(
            version,
            organisation,
            read.assessed_at,
            min(shown, default=None),
            stale,
            unavailable,
            read_at,
            tried_at=self._monotonic(),
        )
        self._snapshot, self._has_read = snapshot, True
        self._report(parts, not_understood(facts))
        if facts.keys.cause is None and facts.teams.cause is None:
            self._last_good = read_at
        elif self._last_good is None and facts.keys.observed_at and facts.teams.observed_at:
            # This process started while Keeptrusts was down, with what another replica knew.
            known_at = min(facts.keys.observed_at, facts.teams.observed_at)
            self._last_good = read_at - max((read.assessed_at - known_at).total_seconds(), 0.0)
        return snapshot

    def _report(self, parts: dict[str, Reading[Any]], odd: dict[str, NotUnderstood]) -> None:
        for name in parts:
            self._metrics.rejected_rows(name, odd[name].rows if name in odd else 0)
        if odd != self._odd:
            # Log only changes: a row may stay as it is for months.
            if odd:
                log.warning("not every row was understood", **{name: each.sentence for name, each in odd.items()})
            else:
                log.info("every row was understood again")
            self._odd = odd
        troubled = {name: f"{part.cause}: {part.detail}" for name, part in parts.items() if part.cause is not None}
        self._metrics.refreshed("ok" if not troubled else "failed" if len(troubled) == len(parts) else "partial")
        if troubled:
            log.warning("facts could not all be read", **troubled)
        else:
            log.debug("facts read")

    def _read_in_background(self) -> None:
        if self._flight.busy("facts"):
            return
        task = asyncio.ensure_future(self._read())
        # The loop keeps only weak references to tasks.
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def _served(self, snapshot: Snapshot) -> Literal["fresh", "revalidating", "stale"]:
        if snapshot.stale:
            return "stale"
        return "fresh" if self._since(snapshot) < self._refresh else "revalidating"

    def _since(self, snapshot: Snapshot) -> float:
        return self._monotonic() - snapshot.read_at

    def _since_tried(self, snapshot: Snapshot) -> float:
        return self._monotonic() - snapshot.tried_at

    def _due_at(self, snapshot: Snapshot) -> float:
        """When to read again, in monotonic seconds; sooner once something was changed upstream."""
        after = self._refresh_due(snapshot)
        return snapshot.tried_at + (min(after, LEAST_SECONDS_BETWEEN_READS) if self._expired else after)

    def _refresh_due(self, snapshot: Snapshot) -> float:
        """After how many seconds to read again: sooner where Keeptrusts was unavailable, since a short fault should be brief.

        A refusal, or an answer of another form, lasts until a person does something: asking more often is of no use.
        """
        if snapshot.unavailable:
            return min(self._refresh, LEAST_SECONDS_BETWEEN_READS)
        spend = snapshot.facts.spend.value
        return CATCHING_UP_SECONDS if spend is not None and spend.catching_up else self._refresh

    def _require_facts(self, snapshot: Snapshot) -> None:
        for part in (snapshot.facts.keys, snapshot.facts.teams):
            if part.value is None and part.cause is Cause.UNAVAILABLE:
                met = f" ({part.detail})" if part.detail else ""
                raise FactsUnavailableError(
                    f"Keeptrusts cannot be reached{met}, and there are no earlier facts that are young enough to show.",
                    retry_after=max(self._refresh_due(snapshot) - self._since_tried(snapshot), 1.0),
                )
        if snapshot.stale and self._last_good is not None and self.stale_seconds_left() <= 0:
            raise FactsUnavailableError(
                f"{self._trouble or 'Keeptrusts cannot be reached.'} The last facts are too old to show.",
                retry_after=LEAST_SECONDS_BETWEEN_READS,
            )


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """Rows of one part of the facts that were left out, or kept with a value that is not known; how many, and which."""

    rows: int
    sentence: str


def not_understood(facts: Facts) -> dict[str, NotUnderstood]:
    """The parts of which not every row was understood, by name."""
    found: dict[str, NotUnderstood] = {}
    statuses = {key.id: key.unknown_status for key in facts.keys.value or () if key.unknown_status is not None}
    for name, part in facts.parts().items():
        sentences = []
        if part.rejected_count:
            fitting = len(part.value) if isinstance(part.value, tuple) else None
            sentences.append(rows_left_out(part.rejected, part.rejected_count, fitting))
        if name == "keys" and statuses:
            sentences.append(statuses_not_known(statuses))
        if sentences:
            rows = part.rejected_count + (len(statuses) if name == "keys" else 0)
            found[name] = NotUnderstood(rows, "; ".join(sentences))
    return found
