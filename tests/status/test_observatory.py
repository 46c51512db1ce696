"""The observatory serves facts while they are young, while they are renewed, and for a while when they cannot be."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bff.governance.facts import ActivityToday, Cause, Facts, Reading, SpendToday, Team
from bff.status.observatory import LEAST_SECONDS_BETWEEN_READS, FactsUnavailableError, Observatory
from bff.telemetry.metrics import Metrics

START = datetime(2026, 3, 10, 12, tzinfo=UTC)


class Time:
    """A clock of both kinds that moves when it is told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.jump = timedelta()

    def monotonic(self) -> float:
        """Seconds."""
        return self.seconds

    def now(self) -> datetime:
        """Wall-clock time, which can jump."""
        return START + timedelta(seconds=self.seconds - 1000) + self.jump

    def pass_(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds


class Reader:
    """Reads what a test has put there; `gate`, where set, holds readings back."""

    def __init__(self, time: Time) -> None:
        self.time = time
        self.reads = 0
        self.cause: Cause | None = None
        self.kept_since: datetime | None = None
        self.gate: asyncio.Event | None = None

    async def read(self, now: datetime) -> Facts:
        """The facts, or the last good ones with the cause for which there are no newer ones."""
        self.reads += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.cause is None:
            self.kept_since = now
        keep = self.cause is not Cause.DENIED and self.kept_since is not None

        def part(value: object) -> Reading:
            return Reading(value if keep else None, self.kept_since if keep else None, self.cause)

        return Facts(
            teams=part((Team("team_1", "support-team"),)),
            keys=part(()),
            configurations=part(()),
            wallets=part(()),
            spend=part(SpendToday(now.date())),
            activity=part(ActivityToday(now)),
        )


@pytest.fixture
def time() -> Time:
    """A clock for the test to move."""
    return Time()


@pytest.fixture
def reader(time: Time) -> Reader:
    """Facts for the test to break."""
    return Reader(time)


@pytest.fixture
def observatory(time: Time, reader: Reader) -> Observatory:
    """An observatory that renews facts after 30 seconds and shows them for ten minutes."""
    return Observatory(
        reader,
        refresh=timedelta(seconds=30),
        stale_limit=timedelta(minutes=10),
        clock=time.now,
        monotonic=time.monotonic,
        metrics=Metrics(),
    )


async def settle() -> None:
    """Let background tasks that can go on do so."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_thousand_cold_requests_read_once(observatory: Observatory, reader: Reader) -> None:
    """However many ask a cold service at once, the facts are read once and everybody gets them."""
    answers = await asyncio.gather(*(observatory.current() for _ in range(1000)))
    assert reader.reads == 1
    assert {epoch.version for epoch, _ in answers} == {1}


async def test_young_facts_are_served_without_reading(observatory: Observatory, reader: Reader, time: Time) -> None:
    """Facts younger than the refresh interval are served as they are."""
    await observatory.current()
    time.pass_(29)
    epoch, served = await observatory.current()
    await settle()
    assert (served, epoch.version, reader.reads) == ("fresh", 1, 1)


async def test_old_facts_are_served_at_once_while_one_reading_runs(
    observatory: Observatory, reader: Reader, time: Time
) -> None:
    """Facts that are due are served at once, with their age, while exactly one reading runs behind them."""
    await observatory.current()
    time.pass_(31)
    reader.gate = asyncio.Event()
    for _ in range(5):
        epoch, served = await observatory.current()
        assert (served, epoch.version) == ("revalidating", 1)
        assert observatory.age_of(epoch) == 31
        await settle()
    assert reader.reads == 2
    reader.gate.set()
    await settle()
    assert (await observatory.current())[0].version == 2


async def test_an_outage_shows_the_last_facts_marked_stale(
    observatory: Observatory, reader: Reader, time: Time
) -> None:
    """While Keeptrusts is down the last good facts are served, marked stale, their age growing."""
    await observatory.current()
    reader.cause = Cause.UNAVAILABLE
    ages = []
    for _ in range(3):
        time.pass_(31)
        await observatory.current()
        await settle()
        epoch, served = await observatory.current()
        assert (served, epoch.stale) == ("stale", True)
        ages.append(observatory.age_of(epoch))
    assert ages == [31, 62, 93]


async def test_an_outage_ends_by_itself(observatory: Observatory, reader: Reader, time: Time) -> None:
    """Once Keeptrusts is back the next reading brings fresh facts, sooner than a whole interval after a failure."""
    await observatory.current()
    reader.cause = Cause.UNAVAILABLE
    time.pass_(31)
    await observatory.current()
    await settle()
    reader.cause = None
    time.pass_(LEAST_SECONDS_BETWEEN_READS)
    await observatory.current()
    await settle()
    epoch, served = await observatory.current()
    assert (served, epoch.stale) == ("fresh", False)


async def test_facts_that_are_too_old_are_not_shown(observatory: Observatory, reader: Reader, time: Time) -> None:
    """After the stale limit there is an error instead of facts, however often it is asked."""
    await observatory.current()
    reader.cause = Cause.UNAVAILABLE
    time.pass_(601)
    await observatory.current()
    await settle()
    with pytest.raises(FactsUnavailableError, match="too old"):
        await observatory.current()
    assert not observatory.ready()


async def test_no_facts_from_the_start_is_an_error(observatory: Observatory, reader: Reader, time: Time) -> None:
    """When Keeptrusts is down from the start there is an error that says when to ask again, and asking reads only when due."""
    reader.cause = Cause.UNAVAILABLE
    for _ in range(20):
        with pytest.raises(FactsUnavailableError) as caught:
            await observatory.current()
        assert 1 <= caught.value.retry_after <= LEAST_SECONDS_BETWEEN_READS
    assert reader.reads == 1
    assert not observatory.ready()
    reader.cause = None
    time.pass_(LEAST_SECONDS_BETWEEN_READS)
    with pytest.raises(FactsUnavailableError):
        await observatory.current()
    await settle()
    assert (await observatory.current())[1] == "fresh"


async def test_denial_is_news_and_not_stale_data(observatory: Observatory, reader: Reader, time: Time) -> None:
    """When Keeptrusts denies access the epoch has no facts and is not called stale."""
    await observatory.current()
    reader.cause = Cause.DENIED
    time.pass_(31)
    await observatory.current()
    await settle()
    epoch, served = await observatory.current()
    assert served == "fresh"
    assert not epoch.stale
    assert epoch.facts.keys.value is None


async def test_denial_from_the_start_is_answered_but_not_ready(observatory: Observatory, reader: Reader) -> None:
    """A service that has never had facts is not ready, although it can say that access is denied."""
    reader.cause = Cause.DENIED
    await observatory.current()
    assert not observatory.ready()


async def test_a_client_that_insists_gets_a_new_reading(observatory: Observatory, reader: Reader, time: Time) -> None:
    """Asking for fresh facts reads them anew."""
    await observatory.current()
    time.pass_(LEAST_SECONDS_BETWEEN_READS)
    epoch, served = await observatory.current(insist=True)
    assert (served, epoch.version, reader.reads) == ("read", 2, 2)


async def test_insisting_is_bounded(observatory: Observatory, reader: Reader, time: Time) -> None:
    """However often and however many insist, Keeptrusts is read at most once in five seconds."""
    await observatory.current()
    for _ in range(20):
        time.pass_(1)
        await asyncio.gather(*(observatory.current(insist=True) for _ in range(10)))
    assert reader.reads == 1 + 20 // LEAST_SECONDS_BETWEEN_READS


async def test_a_clock_that_jumps_makes_nothing_too_old(observatory: Observatory, reader: Reader, time: Time) -> None:
    """When the wall clock jumps a day, facts are neither due nor too old, and no age is below zero."""
    for jump in (timedelta(days=1), timedelta(days=-1)):
        await observatory.current()
        time.jump = jump
        epoch, served = await observatory.current()
        assert served in {"fresh", "read"}
        assert observatory.age_of(epoch) >= 0
    assert reader.reads == 1


async def test_readings_go_on_without_requests(observatory: Observatory, reader: Reader, time: Time) -> None:
    """The background loop reads whenever facts are due, asked or not."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        time.pass_(seconds)
        if len(waits) == 3:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await observatory.run(sleep)
    assert (reader.reads, waits) == (3, [30.0, 30.0, 30.0])


async def test_the_age_is_a_metric(observatory: Observatory, time: Time) -> None:
    """Monitoring sees how old the facts are and for how long they can still be shown."""
    metrics = observatory._metrics
    assert b"keeptrusts_bff_snapshot_age_seconds -1.0" in metrics.exposition()
    await observatory.current()
    time.pass_(100)
    exposition = metrics.exposition()
    assert b"keeptrusts_bff_snapshot_age_seconds 100.0" in exposition
    assert b"keeptrusts_bff_snapshot_stale_seconds_left 500.0" in exposition


async def test_a_request_waits_for_a_reading_and_not_for_ever(time: Time, reader: Reader) -> None:
    """When a reading takes too long a cold service says so, and whoever insists gets the facts there are; the reading goes on."""
    observatory = Observatory(
        reader,
        refresh=timedelta(seconds=30),
        stale_limit=timedelta(minutes=10),
        clock=time.now,
        monotonic=time.monotonic,
        metrics=Metrics(),
        longest_wait=0,
    )
    reader.gate = asyncio.Event()
    with pytest.raises(FactsUnavailableError, match="not been read yet"):
        await observatory.current()
    reader.gate.set()
    await settle()
    assert (await observatory.current())[0].version == 1
    time.pass_(31)
    reader.gate.clear()
    epoch, served = await observatory.current(insist=True)
    assert (epoch.version, served, reader.reads) == (1, "revalidating", 2)
    reader.gate.set()
    await settle()
    assert (await observatory.current())[0].version == 2


async def test_a_fault_of_our_own_does_not_end_the_readings(
    observatory: Observatory, reader: Reader, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The background loop outlives an error that nobody thought of, tells of it in a metric, and reads again."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        time.pass_(seconds)
        monkeypatch.undo()
        if len(waits) == 2:
            raise asyncio.CancelledError

    async def broken(_now: datetime) -> Facts:
        raise RuntimeError

    monkeypatch.setattr(reader, "read", broken)
    with pytest.raises(asyncio.CancelledError):
        await observatory.run(sleep)
    assert (reader.reads, waits) == (1, [LEAST_SECONDS_BETWEEN_READS, 30.0])
    assert b'refreshes_total{outcome="failed"} 1.0' in observatory._metrics.exposition()


@pytest.mark.parametrize(
    ("cause", "reads"),
    [(Cause.DENIED, 120), (Cause.CONTRACT, 120), (None, 120), (Cause.UNAVAILABLE, 720)],
    ids=str,
)
async def test_only_what_is_unavailable_is_read_again_soon(
    observatory: Observatory, reader: Reader, time: Time, cause: Cause | None, reads: int
) -> None:
    """A lasting refusal (403) is read 120 times an hour at a refresh of 30 seconds, not 720; so is an answer of another form."""
    reader.cause = cause
    end = time.seconds + 3600

    async def sleep(seconds: float) -> None:
        time.pass_(seconds)
        if time.seconds >= end:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await observatory.run(sleep)
    assert reader.reads == reads
