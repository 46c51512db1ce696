"""How Backstage is called: JSON by `GET` or `POST`, which both only read."""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import orjson

from bff.backstage.entities import CatalogContractError, CatalogDeniedError, CatalogError, CatalogUnavailableError
from bff.breaker import BreakerState
from bff.telemetry.calls import CallObserver
from bff.telemetry.traces import Traces
from bff.upstream import LARGEST_REPLY, Backoff, Call, Dialect, HttpTransport, Limits, Outcome, Reply, Token, Upstream

Read = TypeVar("Read")

SYSTEM = "backstage"

DEADLINE = 5.0
"""Seconds for a whole call."""

_PASSING = frozenset({502, 503, 504})
"""Replies of a proxy whose backend is being replaced: often gone a moment later."""


class Backstage(Dialect):
    """A second attempt follows where the first met no connection or a 502, 503 or 504."""

    # Node closes a connection that was idle for 5 seconds: ours goes first, or a request meets a closed one.
    keep_alive = 4.0
    compressed = True
    backoff = Backoff(attempts=2, base=0.2)

    def __init__(self, largest_reply: int = LARGEST_REPLY) -> None:
        self.largest_reply = largest_reply

    def judge(self, call: Call, reply: Reply) -> CatalogError | None:
        """Distinguish refusals, outages, and anything else but 200."""
        status = reply.status
        if status == 200:
            return None
        if status in {401, 403}:
            return CatalogDeniedError(_message(call, f"the token is not accepted ({status})"))
        if status in _PASSING:
            return _PassingError(_message(call, f"answered {status}"))
        if status == 429 or status >= 500:
            return CatalogUnavailableError(_message(call, f"answered {status}"), retry_after=reply.retry_after)
        return CatalogContractError(_message(call, f"answered {status}; is this the address of a Backstage backend?"))

    def error(self, call: Call, outcome: Outcome, reason: str, retry_after: float | None = None) -> CatalogError:
        """An error without a reply."""
        del retry_after
        kinds: dict[Outcome, type[CatalogError]] = {
            "contract": CatalogContractError,
            "timeout": _TimeoutError,
            "unavailable": _PassingError,
        }
        return kinds.get(outcome, CatalogUnavailableError)(_message(call, reason))

    def outcome(self, error: Exception) -> Outcome | None:
        """By the kind of error."""
        match error:
            case CatalogDeniedError():
                return "denied"
            case CatalogContractError():
                return "contract"
            case _TimeoutError():
                return "timeout"
            case CatalogUnavailableError():
                return "unavailable"
        return None

    def again(self, error: Exception) -> float | None:
        """What is often gone a moment later."""
        return 0.0 if isinstance(error, _PassingError) else None


class BackstageClient:
    """One pool of connections to the Backstage backend at `base_url`, for the life of the process; `aclose` ends it.

    `system` is its name in metrics and health. `deadline` is in seconds and covers a whole call, `largest_body` in bytes of
    a reply, decompressed; the other arguments are as for `Upstream`. A `token` that is a `SecretStr` is a caller's, a
    `TokenSource` the service's own. Methods raise `CatalogUnavailableError`, `CatalogDeniedError` or `CatalogContractError`,
    whose messages name method and path and hold neither token nor body.
    """

    def __init__(
        self,
        base_url: str,
        *,
        system: str = SYSTEM,
        observer: CallObserver | None = None,
        deadline: float = DEADLINE,
        largest_body: int = LARGEST_REPLY,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        random: Callable[[], float] = random.random,
        transport: HttpTransport | None = None,
        traces: Traces | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.system = system
        self._upstream = Upstream(
            self.base_url,
            Backstage(largest_body),
            system=system,
            limits=Limits(deadline, deadline, deadline),
            observer=observer,
            traces=traces,
            monotonic=monotonic,
            random=random,
            sleep=sleep,
            transport=transport,
            tls=tls,
        )

    async def get(self, path: str, *, operation: str, token: Token | None = None) -> Any:
        """The JSON at `path`; `operation` is its name in metrics."""
        return await self.get_as(_as_it_is, path, operation=operation, token=token)

    async def get_as(
        self,
        read: Callable[[Any], Read],
        path: str,
        *,
        operation: str,
        token: Token | None = None,
    ) -> Read:
        """What `read` makes of the JSON at `path`: where it raises, the attempt counts as ended with that error."""
        call = Call(operation, "GET", path)
        return await self._upstream.ask(call, lambda reply: read(_parsed(call, reply)), token=token)

    async def query_as(
        self,
        read: Callable[[Any], Read],
        path: str,
        body: Mapping[str, object],
        *,
        operation: str,
        token: Token,
    ) -> Read:
        """What `read` makes of the JSON that answers a question asked by POST."""
        call = Call(operation, "POST", path)
        return await self._upstream.ask(
            call, lambda reply: read(_parsed(call, reply)), body=orjson.dumps(body), token=token
        )

    @property
    def breaker_state(self) -> BreakerState:
        """What the next call would meet, for `/health`."""
        return self._upstream.breaker_state

    async def aclose(self) -> None:
        """End the calls that are being made, and close all connections."""
        await self._upstream.aclose()


class _PassingError(CatalogUnavailableError):
    """Worth a second attempt."""


class _TimeoutError(CatalogUnavailableError):
    """No answer in time."""


def _message(call: Call, reason: str) -> str:
    # A query can be long, and names entities.
    return f"Backstage {call.method} {call.path.partition('?')[0]}: {reason}"


def _as_it_is(document: Any) -> Any:
    return document


def _parsed(call: Call, reply: Reply) -> Any:
    try:
        return orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        raise CatalogContractError(_message(call, "a reply that is not JSON")) from None
