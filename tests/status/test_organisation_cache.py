"""The cache serves facts while they are young, while they are renewed, and for a while when they cannot be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from bff.keeptrusts.facts import ActivityToday, Cause, Facts, Reading, SpendToday, Team
from bff.status.leader import FactsUnreadableError
from bff.status.organisation_cache import (
    CATCHING_UP_SECONDS,
    LEAST_SECONDS_BETWEEN_READS,
    FactsUnavailableError,
    OrganisationCache,
)
from bff.status.snapshot_store import ReadFacts
from bff.telemetry.metrics import Metrics

START = datetime(2026, 3, 10, 12, tzinfo=UTC)


class Time:
    """A clock of both kinds that moves when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.jump = timedelta()

    def monotonic(self) -> float:
        """Seconds."""
        return self.seconds

    def now(self) -> datetime:
        """Wall-clock time, which can jump."""
        return START + timedelta(seconds=self.seconds - 1000) + self.jump

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds


class Reader:
    """Reads what a test has put there.

    `cause` is why Keeptrusts cannot be read, `trouble` why the facts cannot be had at all, `nothing_newer` that there are
    none since the last. `gate`, where set, holds readings back. `rested`, where set, is called after each rest.
    """

    def __init__(self, time: Time) -> None:
        self.time = time
        self.reads = 0
        self.insisted = 0
        self.cause: Cause | None = None
        self.trouble: str | None = None
        self.nothing_newer = False
        self.catching_up = False
        self.ago = 0.0
        self.kept_since: datetime | None = None
        self.gate: asyncio.Event | None = None
        self.rests: list[float] = []
        self.rested: Callable[[], None] = lambda: None

    async def rest(self, seconds: float) -> None:
        """Let the time pass at once."""
        self.rests.append(seconds)
        self.time.advance(seconds)
        self.rested()

    async def read(self, now: datetime, *, insist: bool = False) -> ReadFacts | None:
        """The facts, or the last good ones with the cause for which there are no newer ones."""
        self.reads += 1
        self.insisted += insist
        if self.gate is not None:
            await self.gate.wait()
        if self.trouble is not None:
            raise FactsUnreadableError(self.trouble)
        if self.nothing_newer:
            return None
        if self.cause is None:
            self.kept_since = now
        keep = self.cause is not Cause.DENIED and self.kept_since is not None

        def part(value: object) -> Reading:
            return Reading(value if keep else None, self.kept_since if keep else None, self.cause)

        facts = Facts(
            teams=part((Team("team_1", "support-team"),)),
            keys=part(()),
            configurations=part(()),
            wallets=part(()),
            spend=part(SpendToday(now.date(), catching_up=self.catching_up)),
            activity=part(ActivityToday(now)),
        )
        return ReadFacts(facts, now, self.ago)


def resting(reader: Reader, times: int) -> None:
    """End the background loop after so many rests."""

    def rested() -> None:
        if len(reader.rests) == times:
            raise asyncio.CancelledError

    reader.rested = rested


@pytest.fixture
def time() -> Time:
    """A clock for the test to move."""
    return Time()


@pytest.fixture
def reader(time: Time) -> Reader:
    """Facts for the test to break."""
    return Reader(time)


@pytest.fixture
def cache(time: Time, reader: Reader) -> OrganisationCache:
    """A cache that renews facts after 30 seconds and shows them for ten minutes."""
    return OrganisationCache(
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


async def test_a_thousand_cold_requests_read_once(cache: OrganisationCache, reader: Reader) -> None:
    """However many ask a cold service at once, the facts are read once and everybody gets them."""
    answers = await asyncio.gather(*(cache.current() for _ in range(1000)))
    assert reader.reads == 1
    assert {snapshot.version for snapshot, _ in answers} == {1}


async def test_young_facts_are_served_without_reading(cache: OrganisationCache, reader: Reader, time: Time) -> None:
    """Facts younger than the refresh interval are served as they are."""
    await cache.current()
    time.advance(29)
    snapshot, served = await cache.current()
    await settle()
    assert (served, snapshot.version, reader.reads) == ("fresh", 1, 1)


async def test_old_facts_are_served_at_once_while_one_reading_runs(
    cache: OrganisationCache, reader: Reader, time: Time
) -> None:
    """Facts that are due are served at once, with their age, while exactly one reading runs behind them."""
    await cache.current()
    time.advance(31)
    reader.gate = asyncio.Event()
    for _ in range(5):
        snapshot, served = await cache.current()
        assert (served, snapshot.version) == ("revalidating", 1)
        assert cache.age_of(snapshot) == 31
        await settle()
    assert reader.reads == 2
    reader.gate.set()
    await settle()
    assert (await cache.current())[0].version == 2


async def test_an_outage_shows_the_last_facts_marked_stale(
    cache: OrganisationCache, reader: Reader, time: Time
) -> None:
    """While Keeptrusts is down the last good facts are served, marked stale, their age growing."""
    await cache.current()
    reader.cause = Cause.UNAVAILABLE
    ages = []
    for _ in range(3):
        time.advance(31)
        await cache.current()
        await settle()
        snapshot, served = await cache.current()
        assert (served, snapshot.stale) == ("stale", True)
        ages.append(cache.age_of(snapshot))
    assert ages == [31, 62, 93]


async def test_an_outage_ends_by_itself(cache: OrganisationCache, reader: Reader, time: Time) -> None:
    """Once Keeptrusts is back the next reading brings fresh facts, sooner than a whole interval after a failure."""
    await cache.current()
    reader.cause = Cause.UNAVAILABLE
    time.advance(31)
    await cache.current()
    await settle()
    reader.cause = None
    time.advance(LEAST_SECONDS_BETWEEN_READS)
    await cache.current()
    await settle()
    snapshot, served = await cache.current()
    assert (served, snapshot.stale) == ("fresh", False)


async def test_facts_that_are_too_old_are_not_shown(cache: OrganisationCache, reader: Reader, time: Time) -> None:
    """After the stale limit there is an error instead of facts, however often it is asked."""
    await cache.current()
    reader.cause = Cause.UNAVAILABLE
    time.advance(601)
    await cache.current()
    await settle()
    with pytest.raises(FactsUnavailableError, match="too old"):
        await cache.current()
    assert not cache.can_answer()


async def test_no_facts_from_the_start_is_an_error(cache: OrganisationCache, reader: Reader, time: Time) -> None:
    """When Keeptrusts is down from the start there is an error that says when to ask again, and asking reads only when due."""
    reader.cause = Cause.UNAVAILABLE
    for _ in range(20):
        with pytest.raises(FactsUnavailableError) as caught:
            await cache.current()
        assert 1 <= caught.value.retry_after <= LEAST_SECONDS_BETWEEN_READS
    assert reader.reads == 1
    assert not cache.can_answer()
    reader.cause = None
    time.advance(LEAST_SECONDS_BETWEEN_READS)
    with pytest.raises(FactsUnavailableError):
        await cache.current()
    await settle()
    assert (await cache.current())[1] == "fresh"


async def test_denial_is_news_and_not_stale_data(cache: OrganisationCache, reader: Reader, time: Time) -> None:
    """When Keeptrusts denies access the snapshot has no facts and is not called stale."""
    await cache.current()
    reader.cause = Cause.DENIED
    time.advance(31)
    await cache.current()
    await settle()
    snapshot, served = await cache.current()
    assert served == "fresh"
    assert not snapshot.stale
    assert snapshot.facts.keys.value is None


async def test_denial_from_the_start_leaves_nothing_to_answer_from(cache: OrganisationCache, reader: Reader) -> None:
    """A service that has never had facts has none to answer from, although it can say that access is denied."""
    reader.cause = Cause.DENIED
    await cache.current()
    assert not cache.can_answer()


async def test_a_client_that_insists_gets_a_new_reading(cache: OrganisationCache, reader: Reader, time: Time) -> None:
    """Asking for fresh facts reads them again, and Keeptrusts is asked for them."""
    await cache.current()
    time.advance(LEAST_SECONDS_BETWEEN_READS)
    snapshot, served = await cache.current(insist=True)
    assert (served, snapshot.version, reader.reads, reader.insisted) == ("read", 2, 2, 1)


async def test_insisting_is_bounded(cache: OrganisationCache, reader: Reader, time: Time) -> None:
    """However often and however many insist, Keeptrusts is read at most once in five seconds."""
    await cache.current()
    for _ in range(20):
        time.advance(1)
        await asyncio.gather(*(cache.current(insist=True) for _ in range(10)))
    assert reader.reads == 1 + 20 // LEAST_SECONDS_BETWEEN_READS


async def test_a_clock_that_jumps_makes_nothing_too_old(cache: OrganisationCache, reader: Reader, time: Time) -> None:
    """When the wall clock jumps a day, facts are neither due nor too old, and no age is below zero."""
    for jump in (timedelta(days=1), timedelta(days=-1)):
        await cache.current()
        time.jump = jump
        snapshot, served = await cache.current()
        assert served in {"fresh", "read"}
        assert cache.age_of(snapshot) >= 0
    assert reader.reads == 1


async def test_readings_go_on_without_requests(cache: OrganisationCache, reader: Reader) -> None:
    """The background loop reads whenever facts are due, asked or not."""
    resting(reader, 3)
    with pytest.raises(asyncio.CancelledError):
        await cache.run()
    assert (reader.reads, reader.rests) == (3, [30.0, 30.0, 30.0])


async def test_a_feed_that_is_being_caught_up_with_is_read_on_at_once(cache: OrganisationCache, reader: Reader) -> None:
    """While events are left to read, the next reading is due in a tenth of a second; after that at the ordinary pace."""
    reader.catching_up = True

    def rested() -> None:
        reader.catching_up = len(reader.rests) < 2
        if len(reader.rests) == 3:
            raise asyncio.CancelledError

    reader.rested = rested
    with pytest.raises(asyncio.CancelledError):
        await cache.run()
    assert reader.rests == [CATCHING_UP_SECONDS, CATCHING_UP_SECONDS, 30.0]


async def test_nothing_newer_keeps_what_there_is(cache: OrganisationCache, reader: Reader, time: Time) -> None:
    """Where another process has published nothing since, answers stay the same, grow older, and are not looked for at once."""
    first, _ = await cache.current()
    reader.nothing_newer = True
    time.advance(31)
    await cache.current()
    await settle()
    snapshot, served = await cache.current()
    await settle()
    assert (snapshot.version, served, reader.reads) == (first.version, "revalidating", 2)
    assert cache.age_of(snapshot) == 31


async def test_facts_that_another_process_has_read_are_as_old_as_they_are(
    cache: OrganisationCache, reader: Reader, time: Time
) -> None:
    """What was read seconds ago elsewhere is that old here, and due that much sooner."""
    reader.ago = 20.0
    snapshot, _ = await cache.current()
    assert cache.age_of(snapshot) == 20
    time.advance(11)
    assert (await cache.current())[1] == "revalidating"


async def test_a_database_that_cannot_be_used_leaves_the_last_facts(
    cache: OrganisationCache, reader: Reader, time: Time
) -> None:
    """What was read before is served, marked stale, its age growing; with the database back it is fresh again."""
    await cache.current()
    reader.trouble = "The database cannot be used: connection refused."
    time.advance(31)
    await cache.current()
    await settle()
    snapshot, served = await cache.current()
    assert (served, snapshot.stale, cache.age_of(snapshot)) == ("stale", True, 31)
    assert cache.can_answer()
    reader.trouble = None
    time.advance(LEAST_SECONDS_BETWEEN_READS)
    await cache.current()
    await settle()
    snapshot, served = await cache.current()
    assert (served, snapshot.stale) == ("fresh", False)


async def test_a_lasting_fault_of_the_database_is_an_error_that_names_it(
    cache: OrganisationCache, reader: Reader, time: Time
) -> None:
    """After the stale limit nothing is shown, and the error says what is wrong."""
    await cache.current()
    reader.trouble = "The database cannot be used: connection refused."
    time.advance(601)
    await cache.current()
    await settle()
    with pytest.raises(FactsUnavailableError, match=r"connection refused\. The last facts are too old"):
        await cache.current()
    assert not cache.can_answer()


async def test_a_database_that_cannot_be_used_from_the_start_is_an_error_that_names_it(
    cache: OrganisationCache, reader: Reader
) -> None:
    """Without facts from before the error says what is wrong and when to ask again."""
    reader.trouble = "The database cannot be used: connection refused."
    with pytest.raises(FactsUnavailableError, match="connection refused") as caught:
        await cache.current()
    assert 1 <= caught.value.retry_after <= LEAST_SECONDS_BETWEEN_READS
    assert not cache.can_answer()


async def test_the_age_is_a_metric(cache: OrganisationCache, time: Time) -> None:
    """Monitoring sees how old the facts are and for how long they can still be shown."""
    metrics = cache._metrics
    assert b"keeptrusts_bff_snapshot_age_seconds -1.0" in metrics.exposition()
    await cache.current()
    time.advance(100)
    exposition = metrics.exposition()
    assert b"keeptrusts_bff_snapshot_age_seconds 100.0" in exposition
    assert b"keeptrusts_bff_snapshot_stale_seconds_left 500.0" in exposition


async def test_a_request_waits_for_a_reading_and_not_without_end(time: Time, reader: Reader) -> None:
    """When a reading takes too long a cold service says so, a caller that insists gets the facts there are, and the reading goes on."""
    cache = OrganisationCache(
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
        await cache.current()
    reader.gate.set()
    await settle()
    assert (await cache.current())[0].version == 1
    time.advance(31)
    reader.gate.clear()
    snapshot, served = await cache.current(insist=True)
    assert (snapshot.version, served, reader.reads) == (1, "revalidating", 2)
    reader.gate.set()
    await settle()
    assert (await cache.current())[0].version == 2


async def test_a_fault_of_our_own_does_not_end_the_readings(
    cache: OrganisationCache, reader: Reader, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The background loop outlives an unexpected error, counts it in a metric, and reads again."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        time.advance(seconds)
        monkeypatch.undo()

    async def broken(_now: datetime, **_insist: bool) -> ReadFacts | None:
        raise RuntimeError

    monkeypatch.setattr(reader, "read", broken)
    resting(reader, 1)
    with pytest.raises(asyncio.CancelledError):
        await cache.run(sleep)
    assert (reader.reads, waits, reader.rests) == (1, [LEAST_SECONDS_BETWEEN_READS], [30.0])
    assert b'refreshes_total{outcome="failed"} 1.0' in cache._metrics.exposition()


@pytest.mark.parametrize(
    ("cause", "reads"),
    [(Cause.DENIED, 120), (Cause.CONTRACT, 120), (None, 120), (Cause.UNAVAILABLE, 720)],
    ids=str,
)
async def test_only_what_is_unavailable_is_read_again_soon(
    cache: OrganisationCache, reader: Reader, time: Time, cause: Cause | None, reads: int
) -> None:
    """A lasting refusal (403) is read 120 times an hour at a refresh of 30 seconds, not 720; so is an answer of another form."""
    reader.cause = cause
    end = time.seconds + 3600

    def rested() -> None:
        if time.seconds >= end:
            raise asyncio.CancelledError

    reader.rested = rested
    with pytest.raises(asyncio.CancelledError):
        await cache.run()
    assert reader.reads == reads


async def test_a_reading_that_does_not_end_makes_the_facts_stale(
    cache: OrganisationCache, time: Time, reader: Reader
) -> None:
    """While a reading lasts longer than the refresh interval the facts there are say that they are stale, until it ends."""
    await cache.current()
    reader.gate = asyncio.Event()
    time.advance(31)
    assert (await cache.current())[1] == "revalidating"
    await settle()
    time.advance(29)
    assert (await cache.current())[1] == "revalidating"
    time.advance(2)
    moment = cache.moment()
    assert moment is not None
    assert (moment.served, moment.age, moment.snapshot.version) == ("stale", 62, 2)
    assert await cache.current() == (moment.snapshot, "stale")
    reader.gate.set()
    await settle()
    snapshot, served = await cache.current()
    assert (snapshot.stale, snapshot.version, served) == (False, 3, "fresh")
