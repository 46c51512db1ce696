"""Redis as replicas use it: five steps, each quick or an error. It holds facts about the organisation and never a secret."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from bff.replicas import scripts
from bff.replicas.shared_facts import FORM, MOST_BYTES
from bff.telemetry.calls import CallObserver
from bff.telemetry.traces import Traces

SYSTEM = "redis"
ANSWER_SECONDS = 0.1
"""How long Redis may take to connect, and to send any part of an answer."""

STEP_SECONDS = 0.5
"""How long one step may take in all: facts of a large organisation are some megabytes."""

TRIES = 2
"""A connection that was idle may be found broken; the second try makes a new one."""


class StoreError(Exception):
    """Redis cannot be used now. The message says how it failed and holds no address and no value."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is there: facts with their `serial` (0: none), `age` in seconds, who read them (`by`), whether somebody reads now.

    `body` is None unless the serial is another than the known one.
    """

    serial: int
    age: float
    by: str
    reading: bool
    body: bytes | None


def redis_client(url: str) -> Redis:
    """A client that gives up early: who has waited for Redis for long would have been better off without it."""
    client: Redis = Redis.from_url(
        url,
        socket_connect_timeout=ANSWER_SECONDS,
        socket_timeout=ANSWER_SECONDS,
        # Tries are counted here, where each can be observed.
        retry=Retry(NoBackoff(), 0),
        max_connections=4,
    )
    return client


class Store:
    """The facts of one organisation in Redis, under names that begin with `place`; `replica` names who asks."""

    def __init__(
        self,
        client: Redis,
        *,
        place: str,
        replica: str,
        observer: CallObserver,
        monotonic: Callable[[], float],
        traces: Traces | None = None,
    ) -> None:
        self._client = client
        # The braces keep the three in one slot of a cluster.
        names = [f"{{{place}:{FORM}}}:{name}" for name in ("facts", "lock", "fence")]
        self._facts, self._lock, self._fence = names
        self.replica = replica
        self._observer = observer
        self._monotonic = monotonic
        self._traces = traces or Traces()
        self._scripts = {
            name: client.register_script(text)
            for name, text in (
                ("look", scripts.LOOK),
                ("begin", scripts.BEGIN),
                ("extend", scripts.EXTEND),
                ("publish", scripts.PUBLISH),
                ("end", scripts.END),
            )
        }

    async def look(self, known: int) -> Look:
        """What is there, with its body if its serial is not the `known` one."""
        found = await self._do("look", [self._facts, self._lock], [known, MOST_BYTES])
        serial, age, by, reading, body = found
        return Look(serial, age / 1000, by.decode(errors="replace"), bool(reading), body)

    async def begin(self, seen: int, *, lease: float) -> int | None:
        """Begin a reading for `lease` seconds; its token. None when another has begun one, or has made one since `seen`."""
        keys = [self._facts, self._lock, self._fence]
        return int(await self._do("begin", keys, [seen, _ms(lease), self.replica])) or None

    async def extend(self, token: int, *, lease: float) -> bool:
        """Go on reading; False when another has taken over."""
        return bool(await self._do("extend", [self._lock], [self._holder(token), _ms(lease)]))

    async def publish(self, token: int, body: bytes, *, keep: float, by: str) -> bool:
        """End a reading with what it brought, to be kept for `keep` seconds; False when newer facts are there."""
        values = [token, self._holder(token), by, _ms(keep), body]
        return bool(await self._do("publish", [self._facts, self._lock], values))

    async def end(self, token: int) -> None:
        """End a reading that brought nothing."""
        await self._do("end", [self._lock], [self._holder(token)])

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    def _holder(self, token: int) -> str:
        return f"{self.replica}:{token}"

    async def _do(self, step: str, keys: Sequence[str], values: Sequence[Any]) -> Any:
        for left in reversed(range(TRIES)):
            began = self._monotonic()
            try:
                with self._traces.calling(SYSTEM, step):
                    async with asyncio.timeout(STEP_SECONDS):
                        result = await self._scripts[step](keys=keys, args=values)
            except asyncio.CancelledError:
                self._tell(step, "cancelled", began)
                raise
            except (RedisError, OSError, TimeoutError) as error:
                late = isinstance(error, TimeoutError) or "Timeout" in type(error).__name__
                self._tell(step, "timeout" if late else "unavailable", began)
                # What Redis has understood and refused (it is full, or read-only) it would refuse again.
                if not left or isinstance(error, ResponseError):
                    raise StoreError(f"Redis: {step}: {type(error).__name__}") from None
                self._observer.retried(SYSTEM, step)
            else:
                self._tell(step, "ok", began)
                return result
        raise AssertionError("unreachable: the last try returns or raises")

    def _tell(self, step: str, outcome: str, began: float) -> None:
        self._observer.attempt(SYSTEM, step, outcome, self._monotonic() - began)


def _ms(seconds: float) -> int:
    return max(int(seconds * 1000), 1)
