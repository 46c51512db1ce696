"""Replicas around a real Redis, each with a reader of its own that counts: who reads, who takes, and what when Redis fails."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta

import pytest

from bff.governance.facts import Cause, Facts
from bff.replicas.reader import LONGEST_READING, Role, SharedFactsReader
from bff.replicas.store import Store
from tests.harness.redis_server import RedisServer
from tests.replicas.conftest import Clock
from tests.replicas.facts import NOON, counting, facts

REFRESH = 30.0


class Keeptrusts:
    """Reads facts with a number that grows, and counts who is reading at the same time."""

    def __init__(self) -> None:
        self.reads = 0
        self.at_once = 0
        self.most_at_once = 0
        self.cause: Cause | None = None
        self.gate: asyncio.Event | None = None
        self.together = False
        """Whether replicas wait at the same time, so that their waits are not to be added up."""
        self.opens_after = 0.0
        """Seconds that replicas have slept when the gate opens."""


class Replica:
    """One replica."""

    def __init__(self, upstream: Keeptrusts, store: Store, clock: Clock, redis: RedisServer) -> None:
        self.upstream = upstream
        self.reads = 0
        self.adopted: list[Facts] = []
        self.roles: list[Role] = []
        self.slept = 0.0
        self.counting = False
        self.clock = clock
        self.redis = redis
        self.store = store
        self.shared = SharedFactsReader(
            self,
            store,
            refresh=timedelta(seconds=REFRESH),
            keep=timedelta(hours=1),
            clock=self.now,
            monotonic=clock,
            sleep=self.sleep,
            changed=self.roles.append,
        )

    def now(self):  # noqa: ANN201 - a datetime
        """Wall-clock time."""
        return NOON + timedelta(seconds=self.clock.now - 1000)

    async def sleep(self, seconds: float) -> None:
        """Time passes for everybody, in Redis too."""
        if self.upstream.together:
            await asyncio.sleep(0.001)
            return
        self.slept += seconds
        self.upstream.opens_after -= seconds
        if self.upstream.gate is not None and self.upstream.opens_after <= 0:
            self.upstream.gate.set()
        pass_time(self.clock, self.redis, seconds)
        await asyncio.sleep(0)

    async def read(self, now) -> Facts:  # noqa: ANN001 - a datetime
        """Read Keeptrusts."""
        upstream = self.upstream
        self.reads += 1
        upstream.reads += 1
        upstream.at_once += 1
        upstream.most_at_once = max(upstream.most_at_once, upstream.at_once)
        try:
            if upstream.gate is not None:
                await upstream.gate.wait()
            made = facts(f"{upstream.reads}", now=now, cause=upstream.cause)
            return counting(made) if self.counting else made
        finally:
            upstream.at_once -= 1

    def adopt(self, adopted: Facts) -> None:
        """Remember."""
        self.adopted.append(adopted)

    async def spent(self) -> str:
        """What a reading of this replica shows."""
        read = await self.shared.read(self.now())
        assert read.spend.value
        return str(read.spend.value.by_key.get("tok_1"))


def pass_time(clock: Clock, redis: RedisServer, seconds: float) -> None:
    """Let seconds pass here, and make what is in Redis older by them."""
    clock.now += seconds
    for key in redis.client.keys("*:facts"):
        redis.client.hincrby(key, "at", -round(seconds * 1000))
    for key in redis.client.keys("*:lock"):
        left = redis.client.pttl(key) - round(seconds * 1000)
        if left > 0:
            redis.client.pexpire(key, left)
        else:
            redis.client.delete(key)


Make = Callable[[], Replica]


@pytest.fixture
def upstream() -> Keeptrusts:
    """What all replicas read."""
    return Keeptrusts()


@pytest.fixture
def replica(upstream: Keeptrusts, store: Callable[[], Store], clock: Clock, redis: RedisServer) -> Make:
    """Makes replicas."""
    return lambda: Replica(upstream, store(), clock, redis)


async def test_of_many_one_reads_and_all_have_it(replica: Make, upstream: Keeptrusts) -> None:
    """Ten cold replicas at once make one reading, and the same facts are shown by all, for the same moment."""
    upstream.together = True
    replicas = [replica() for _ in range(10)]
    assert set(await asyncio.gather(*(one.spent() for one in replicas))) == {"1"}
    assert (upstream.reads, upstream.most_at_once) == (1, 1)
    taken = [one.shared.taken() for one in replicas]
    assert len({how.assessed_at for how in taken if how}) == 1
    assert sorted(one.roles[-1] for one in replicas) == [Role.FOLLOWING] * 9 + [Role.LEADING]


async def test_the_calls_of_a_refresh_are_the_same_with_many(
    replica: Make, upstream: Keeptrusts, clock: Clock, redis: RedisServer
) -> None:
    """Refresh after refresh there is one reading, by the replica that has read before."""
    upstream.together = True
    replicas = [replica() for _ in range(4)]
    for number in range(1, 6):
        assert set(await asyncio.gather(*(one.spent() for one in replicas))) == {str(number)}
        pass_time(clock, redis, REFRESH)
    assert upstream.reads == 5
    assert sorted(one.reads for one in replicas) == [0, 0, 0, 5]


async def test_a_cold_replica_starts_warm(replica: Make, clock: Clock, redis: RedisServer) -> None:
    """It shows what is there at once, however old, without asking Keeptrusts, and says how old it is."""
    await replica().spent()
    pass_time(clock, redis, 100)
    cold = replica()
    assert await cold.spent() == "1"
    assert (cold.reads, cold.slept) == (0, 0)
    how = cold.shared.taken()
    assert how
    assert how.ago == pytest.approx(100, abs=1)


async def test_who_reads_for_all_and_dies_is_replaced(
    replica: Make, clock: Clock, redis: RedisServer, upstream: Keeptrusts
) -> None:
    """A replica that has read and then is no more is missed a quarter of a refresh after the next reading was due."""
    await replica().spent()
    other = replica()
    await other.spent()
    pass_time(clock, redis, REFRESH)
    assert await other.spent() == "2"
    assert other.slept <= REFRESH / 4 + 1
    assert upstream.reads == 2


async def test_who_dies_while_it_reads_is_replaced_when_its_lease_ends(
    replica: Make, store: Callable[[], Store], upstream: Keeptrusts
) -> None:
    """The lock of a dead replica is waited for no longer than three quarters of a refresh."""
    dead = store()
    assert await dead.begin(0, lease=min(REFRESH * 0.75, 10))
    other = replica()
    assert await other.spent() == "1"
    assert other.slept <= REFRESH * 0.75
    assert upstream.reads == 1


async def test_who_insists_on_a_follower_is_not_kept_waiting(replica: Make, clock: Clock, redis: RedisServer) -> None:
    """Facts that are not due and yet asked for anew are read by whoever is asked."""
    leader, follower = replica(), replica()
    await leader.spent()
    await follower.spent()
    pass_time(clock, redis, 6)
    assert await follower.spent() == "2"
    assert follower.slept == 0
    assert await leader.spent() == "2"
    assert leader.reads == 1


async def test_a_long_reading_keeps_its_lock(
    replica: Make, upstream: Keeptrusts, redis: RedisServer, store: Callable[[], Store]
) -> None:
    """However long a reading takes, its lock is extended before its lease ends, and is gone afterwards."""
    upstream.gate, upstream.opens_after = asyncio.Event(), 5 * REFRESH
    one = replica()
    reading = asyncio.create_task(one.spent())
    await upstream.gate.wait()
    assert redis.client.keys("*:lock")
    assert await store().begin(0, lease=5) is None
    assert await reading == "1"
    assert not redis.client.keys("*:lock")


async def test_a_reading_that_never_ends_is_not_waited_for_for_ever(replica: Make, store: Callable[[], Store]) -> None:
    """After a minute of another's reading a replica reads by itself."""
    hung = store()
    token = await hung.begin(0, lease=1000)
    assert token
    one = replica()
    assert await one.spent() == "1"
    assert one.slept == pytest.approx(LONGEST_READING, abs=2)
    assert one.roles == [Role.ALONE]


async def test_without_redis_each_reads_alone_and_returns(
    replica: Make, redis: RedisServer, clock: Clock, upstream: Keeptrusts
) -> None:
    """When Redis is killed each goes on by itself; when it is back one reads for all again."""
    replicas = [replica() for _ in range(2)]
    for one in replicas:
        await one.spent()
    redis.kill()
    clock.now += REFRESH
    assert sorted([await one.spent() for one in replicas]) == ["2", "3"]
    assert [one.roles[-1] for one in replicas] == [Role.ALONE] * 2
    assert all(one.shared.taken() is None for one in replicas)
    redis.begin()
    clock.now += REFRESH
    assert {await one.spent() for one in replicas} == {"4"}
    assert upstream.reads == 4
    assert sorted(one.roles[-1] for one in replicas) == [Role.FOLLOWING, Role.LEADING]


async def test_a_redis_that_hangs_holds_nobody_up(replica: Make, redis: RedisServer) -> None:
    """A stopped Redis delays a reading by less than half a second, and is used again when it goes on."""
    one = replica()
    redis.stop()
    try:
        async with asyncio.timeout(1):
            assert await one.spent() == "1"
    finally:
        redis.go_on()
    assert await one.spent() == "2"
    assert one.roles == [Role.ALONE, Role.LEADING]


async def test_a_full_redis_leaves_each_alone(replica: Make, redis: RedisServer) -> None:
    """Nothing that Redis refuses is an error to those who ask."""
    redis.client.config_set("maxmemory", 1)
    one = replica()
    assert await one.spent() == "1"
    assert one.roles == [Role.ALONE]


async def test_what_was_read_alone_is_not_given_up_for_something_older(
    replica: Make, redis: RedisServer, clock: Clock
) -> None:
    """Facts in Redis that are older than one's own do not come back."""
    one, other = replica(), replica()
    await other.spent()
    real, one.store._scripts = one.store._scripts, {}

    class Broken(dict[str, object]):
        def __missing__(self, _name: str) -> object:
            raise ConnectionRefusedError

    one.store._scripts = Broken()  # type: ignore[assignment]
    pass_time(clock, redis, 5)
    assert await one.spent() == "2"
    one.store._scripts = real
    pass_time(clock, redis, 6)
    assert await one.spent() == "3"


async def test_garbage_is_read_over(replica: Make, redis: RedisServer, clock: Clock) -> None:
    """Facts that cannot be understood are nothing: they are read anew and replaced."""
    one, other = replica(), replica()
    await one.spent()
    redis.client.hset(redis.client.keys("*:facts")[0], "body", b"mischief")
    pass_time(clock, redis, 1)
    assert await other.spent() == "2"
    assert await one.spent() == "2"


async def test_what_a_follower_takes_its_own_reader_goes_on_from(replica: Make) -> None:
    """Facts are handed to the reader below, so that it keeps them when it cannot read later."""
    one, other = replica(), replica()
    await one.spent()
    await other.spent()
    assert len(other.adopted) == 1


async def test_trouble_leaves_the_next_reading_to_whoever_comes_first(
    replica: Make, upstream: Keeptrusts, clock: Clock, redis: RedisServer
) -> None:
    """A replica that cannot reach Keeptrusts does not keep the others from trying."""
    one, other = replica(), replica()
    upstream.cause = Cause.UNAVAILABLE
    await one.spent()
    await other.spent()
    upstream.cause = None
    pass_time(clock, redis, 5)
    assert await other.spent() == "2"
    assert other.slept <= 6


async def test_sums_do_not_fall_in_a_succession(replica: Make, clock: Clock, redis: RedisServer) -> None:
    """A new leader that has not counted all of today shows its predecessor's sums meanwhile."""
    await replica().spent()
    heir = replica()
    await heir.spent()
    heir.counting = True
    pass_time(clock, redis, 60)
    assert await heir.spent() == "1"
    heir.counting = False
    pass_time(clock, redis, 30)
    assert await heir.spent() == "3"


async def test_a_replica_that_ends_while_it_reads_gives_its_lock_back(
    replica: Make, upstream: Keeptrusts, redis: RedisServer
) -> None:
    """Nobody waits for the lease of a process that was told to stop."""
    upstream.gate, upstream.opens_after = asyncio.Event(), 1e9
    one = replica()
    reading = asyncio.create_task(one.spent())
    while not upstream.at_once:
        await asyncio.sleep(0.001)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    assert not redis.client.keys("*:lock")


async def test_a_cancellation_that_gets_lost_holds_nobody_up(
    replica: Make, upstream: Keeptrusts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a lock is being extended as its reading ends, and redis-py loses the cancellation, the reading ends all the same."""
    one = replica()
    extending = asyncio.Event()

    async def extend(_token: int, *, lease: float) -> bool:
        extending.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60 + lease)
        return True

    monkeypatch.setattr(one.store, "extend", extend)
    upstream.gate, upstream.opens_after = asyncio.Event(), 1e9
    reading = asyncio.create_task(one.spent())
    await extending.wait()
    upstream.gate.set()
    async with asyncio.timeout(5):
        assert await reading == "1"
