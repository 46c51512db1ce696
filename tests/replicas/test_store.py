"""What replicas do in a real Redis: one reads at a time, the newest facts win, and whatever else is there does no harm."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from bff.replicas.shared_facts import MOST_BYTES
from bff.replicas.store import Store, StoreError, redis_client
from bff.telemetry.calls import Unobserved
from bff.telemetry.traces import Traces
from tests.harness.redis_server import RedisServer
from tests.harness.relay import accepting

Make = Callable[[], Store]


async def test_facts_are_handed_over(store: Make) -> None:
    """What one publishes the other sees, with its age and who it was, and the body only when it is news."""
    one, other = store(), store()
    token = await one.begin(0, lease=5)
    assert token
    assert await one.publish(token, b"facts", keep=60, by=one.replica)
    seen = await other.look(0)
    assert (seen.serial, seen.by, seen.reading, seen.body) == (token, one.replica, False, b"facts")
    assert 0 <= seen.age < 1
    assert (await other.look(token)).body is None


async def test_only_one_of_many_reads(store: Make) -> None:
    """Of ten that want to begin at once exactly one does, and the others see that somebody reads."""
    stores = [store() for _ in range(10)]
    tokens = await asyncio.gather(*(one.begin(0, lease=5) for one in stores))
    assert sum(token is not None for token in tokens) == 1
    assert (await stores[0].look(0)).reading


async def test_who_has_not_seen_the_newest_facts_does_not_read(store: Make) -> None:
    """A reading that ended between looking and beginning is noticed."""
    one, other = store(), store()
    seen = await other.look(0)
    token = await one.begin(0, lease=5)
    assert token
    await one.publish(token, b"facts", keep=60, by=one.replica)
    assert await other.begin(seen.serial, lease=5) is None


async def test_a_reading_that_lost_its_lock_cannot_overwrite_newer_facts(store: Make, redis: RedisServer) -> None:
    """The fence: who slept through its lease comes back with an older token, and is refused."""
    sleeper, other = store(), store()
    old = await sleeper.begin(0, lease=0.05)
    assert old
    _lease_ends(redis)
    new = await other.begin(0, lease=5)
    assert new
    assert new > old
    assert not await sleeper.extend(old, lease=5)
    assert await other.publish(new, b"new", keep=60, by=other.replica)
    assert not await sleeper.publish(old, b"old", keep=60, by=sleeper.replica)
    assert (await sleeper.look(0)).body == b"new"


async def test_who_lost_its_lock_does_not_end_the_reading_of_another(store: Make, redis: RedisServer) -> None:
    """Ending and extending are for the holder alone."""
    sleeper, other = store(), store()
    old = await sleeper.begin(0, lease=0.05)
    assert old
    _lease_ends(redis)
    new = await other.begin(0, lease=5)
    assert new
    await sleeper.end(old)
    assert (await sleeper.look(0)).reading
    assert await other.extend(new, lease=5)


async def test_tokens_go_on_when_redis_has_lost_its_memory(store: Make, redis: RedisServer) -> None:
    """Whatever Redis forgets, a token is greater than all before, so that what is known by one is never taken for another."""
    one = store()
    seen, tokens = 0, []
    for forgotten in ("nothing", "fence", "everything", "fence"):
        if forgotten == "everything":
            redis.client.flushall()
            seen = 0
        elif forgotten == "fence":
            redis.client.delete(_name(redis, "fence"))
        token = await one.begin(seen, lease=5)
        assert token
        assert await one.publish(token, b"facts", keep=60, by="")
        seen = token
        tokens.append(token)
    assert tokens == sorted(set(tokens))


async def test_facts_are_not_kept_for_ever(store: Make, redis: RedisServer) -> None:
    """Redis forgets facts that are too old to be shown, and a lock that nobody extends."""
    one = store()
    token = await one.begin(0, lease=5)
    assert token
    assert 0 < redis.client.pttl(_name(redis, "lock")) <= 5000
    await one.publish(token, b"facts", keep=60, by="")
    assert 0 < redis.client.pttl(_name(redis, "facts")) <= 60_000
    assert not redis.client.exists(_name(redis, "lock"))


@pytest.mark.parametrize("kind", ["string", "list", "hash of something else", "numbers beyond all sense"])
@pytest.mark.parametrize("name", ["facts", "lock", "fence"])
async def test_what_is_none_of_ours_is_replaced(store: Make, redis: RedisServer, name: str, kind: str) -> None:
    """Whatever type and value stand under our names, it is nothing, and a reading replaces it."""
    one = store()
    token = await one.begin(0, lease=5)
    assert token
    await one.publish(token, b"facts", keep=60, by="")
    key = f"{_prefix(redis)}:{name}"
    redis.client.delete(key)
    match kind:
        case "string":
            redis.client.set(key, "mischief")
        case "list":
            redis.client.rpush(key, "mischief")
        case "hash of something else":
            redis.client.hset(key, "serial", "mischief")
        case _:
            redis.client.hset(key, "serial", "1e308")
    seen = await one.look(0)
    assert seen.serial in {0, token}
    assert not seen.reading
    again = await one.begin(seen.serial, lease=5)
    assert again
    assert await one.publish(again, b"new", keep=60, by="")
    assert (await one.look(0)).body == b"new"


async def test_more_than_is_shared_is_not_fetched(store: Make, redis: RedisServer) -> None:
    """A body larger than any of ours stays where it is."""
    one = store()
    token = await one.begin(0, lease=5)
    assert token
    await one.publish(token, b"facts", keep=60, by="")
    redis.client.hset(_name(redis, "facts"), "body", b"x" * (MOST_BYTES + 1))
    assert (await one.look(0)).body is None


async def test_a_full_redis_is_an_error_and_recovers(store: Make, redis: RedisServer) -> None:
    """When Redis takes no more a step fails at once, and works again when there is room."""
    one = store()
    redis.client.config_set("maxmemory", 1)
    with pytest.raises(StoreError, match="OutOfMemory"):
        await one.begin(0, lease=5)
    redis.client.config_set("maxmemory", 0)
    assert await one.begin(0, lease=5)


async def test_a_redis_that_hangs_is_an_error_within_half_a_second(store: Make, redis: RedisServer) -> None:
    """A stopped Redis costs two tries of a tenth of a second, with a connection and without; then it goes on."""
    one = store()
    await one.look(0)
    redis.stop()
    try:
        began = time.perf_counter()
        for _ in range(2):
            with pytest.raises(StoreError, match="Timeout"):
                await one.look(0)
        seconds = (time.perf_counter() - began) / 2
    finally:
        redis.go_on()
    assert seconds < 0.5
    assert (await one.look(0)).serial == 0


async def test_a_redis_that_is_gone_is_an_error_and_one_that_is_back_is_used(store: Make, redis: RedisServer) -> None:
    """A killed Redis fails at once; a new one at the same place is used, empty as it is."""
    one = store()
    await one.begin(0, lease=5)
    redis.kill()
    with pytest.raises(StoreError):
        await one.look(0)
    redis.begin()
    assert (await one.look(0)).serial == 0
    assert await one.begin(0, lease=5)


async def test_no_error_tells_the_address() -> None:
    """An address can hold a password."""
    client = redis_client("redis://someone:canary@127.0.0.1:1/0")
    one = Store(client, place="test", replica="r", observer=Unobserved(), monotonic=time.monotonic)
    with pytest.raises(StoreError) as caught:
        await one.look(0)
    assert "canary" not in repr(caught.value)
    assert "127.0.0.1" not in str(caught.value)
    await one.aclose()


def _prefix(redis: RedisServer) -> str:
    return next(iter(redis.keys())).rpartition(":")[0]


def _name(redis: RedisServer, name: str) -> str:
    return f"{_prefix(redis)}:{name}"


def _lease_ends(redis: RedisServer) -> None:
    redis.client.delete(_name(redis, "lock"))


class Told:
    """Remembers attempts."""

    def __init__(self) -> None:
        self.attempts: list[tuple[str, str, str]] = []

    def attempt(self, system: str, operation: str, outcome: str, seconds: float) -> None:
        """Remember it."""
        assert seconds >= 0
        self.attempts.append((system, operation, outcome))

    def retried(self, system: str, operation: str) -> None:
        """Remember it as an attempt to come."""
        self.attempts.append((system, operation, "again"))

    def breaker(self, system: str, state: str) -> None:
        """There is none."""
        raise AssertionError((system, state))


async def test_each_attempt_is_a_span_and_a_count(redis: RedisServer) -> None:
    """Calls to Redis are observed like those to other systems: by fixed words, and a failed one is marked."""
    told, exporter, provider = Told(), InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    for url in (redis.url, "redis://127.0.0.1:9/0"):
        one = Store(
            redis_client(url),
            place="test",
            replica="r",
            observer=told,
            monotonic=time.monotonic,
            traces=Traces(provider),
        )
        with contextlib.suppress(StoreError):
            await one.look(0)
        await one.aclose()
    failed = ("redis", "look", "unavailable")
    assert told.attempts == [("redis", "look", "ok"), failed, ("redis", "look", "again"), failed]
    spans = exporter.get_finished_spans()
    assert [span.name for span in spans] == ["redis look"] * 3
    assert [span.status.status_code for span in spans] == [StatusCode.UNSET, StatusCode.ERROR, StatusCode.ERROR]
    assert dict(spans[0].attributes or {}) == {"peer.service": "redis", "keeptrusts.operation": "look"}
    provider.shutdown()


async def test_a_step_that_nobody_waits_for_is_told() -> None:
    """An attempt that is cancelled while Redis says nothing is counted as such."""
    told, asked = Told(), asyncio.Event()

    async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        asked.set()
        await reader.read()

    async with accepting(silent) as port:
        url = f"redis://127.0.0.1:{port}/0"
        one = Store(redis_client(url), place="test", replica="r", observer=told, monotonic=time.monotonic)
        looking = asyncio.create_task(one.look(0))
        await asked.wait()
        looking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await looking
        await one.aclose()
    assert told.attempts == [("redis", "look", "cancelled")]
