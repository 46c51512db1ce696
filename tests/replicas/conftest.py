"""One real redis-server for all tests of replicas."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from itertools import count

import pytest
from redis.exceptions import ConnectionError  # noqa: A004 - redis-py's own, which is not the built-in one

from bff.replicas.store import Store, redis_client
from bff.telemetry.calls import Unobserved
from tests.harness.redis_server import RedisServer, redis_server


@pytest.fixture(scope="session")
def server() -> Iterator[RedisServer]:
    """A server that tests share; those that kill it begin it anew."""
    with redis_server() as made:
        yield made


@pytest.fixture
def redis(server: RedisServer) -> RedisServer:
    """The server, running and empty, with the limits that it began with."""
    server.go_on()
    try:
        server.client.config_set("maxmemory", 0)
        server.client.flushall()
    except ConnectionError:
        server.begin()
    return server


class Clock:
    """Monotonic seconds that pass when told."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock for the test to move."""
    return Clock()


@pytest.fixture
async def store(redis: RedisServer, clock: Clock) -> AsyncIterator[object]:
    """Makes stores of one organisation, each of another replica: `store()`."""
    made: list[Store] = []
    names = count(1)

    def make() -> Store:
        name = f"replica-{next(names)}"
        one = Store(redis_client(redis.url), place="test", replica=name, observer=Unobserved(), monotonic=clock)
        made.append(one)
        return one

    yield make
    for one in made:
        await one.aclose()
