"""The one HTTP client: a call to an outside system, from a method and a path to a value or one of that system's errors.

Bounded in every direction: places, waiting, attempts, time, and the size of a reply. A `Dialect` says what is peculiar to
one system; everything that httpx is asked is here.
"""

from __future__ import annotations

import asyncio
import random as chance
import secrets
import ssl
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, Literal, Protocol, TypeVar

import httpx
import stamina
from pydantic import SecretStr

from bff.breaker import Breaker, BreakerOpenError, BreakerState
from bff.secret_files import Secret
from bff.telemetry.calls import CallObserver, Unobserved
from bff.telemetry.traces import Traces, propagated
from bff.tls import client_context, tls_trouble

Read = TypeVar("Read")

HttpTransport = httpx.AsyncBaseTransport
"""How requests leave the process; None in its place means over the network."""

Outcome = Literal["ok", "denied", "rejected", "unavailable", "timeout", "contract", "cancelled", "refused"]
"""How an attempt ended, as `CallObserver` explains."""

LARGEST_REPLY = 8 * 1024 * 1024
"""Bytes of a reply, where a dialect has no smaller limit."""

MOST_CONNECTIONS = 16
"""httpx's pool searches all its requests for each one that ends: past this many in flight it does little else."""

NO_CONNECTION = "no connection"
"""How the reason begins where nothing but the connection is at fault."""

_LARGEST_ERROR = 64 * 1024
_FAILING = frozenset({"unavailable", "timeout"})

# Its own hooks would log the text of each error and count in a registry that is not served. Our observer counts them.
stamina.instrumentation.set_on_retry_hooks(())


# --- what is asked, and what comes back ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Call:
    """One call as errors and metrics name it: `operation` is a fixed word such as `teams.list`."""

    operation: str
    method: str
    path: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply that was read whole. `retry_after` is in seconds, where it said so."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    retry_after: float | None = None

    @property
    def is_success(self) -> bool:
        """Whether it is a 2xx."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds. `deadline` bounds a whole call with its waiting and its attempts, `attempt` each of them."""

    deadline: float = 10.0
    attempt: float = 4.0
    connect: float = 2.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """`attempts` in all; before the n-th retry a random wait of up to `base * 2**(n-1)` seconds, at most `longest`.

    Exponential with full jitter (AWS Architecture Blog, 2015).
    """

    attempts: int = 3
    base: float = 0.1
    longest: float = 2.0

    def wait(self, retry: int, *, random: Callable[[], float], asked: float = 0.0) -> float:
        """Seconds before retry number `retry` (from 1). `asked` is what the other side asked for: it is never undercut."""
        return asked + random() * min(self.base * 2.0 ** (retry - 1), self.longest)


class TokenSource(Protocol):
    """Gives the service's own token for a system at each call."""

    async def token(self) -> SecretStr:
        """The token for the next call."""

    async def renewed(self, refused: SecretStr) -> SecretStr | None:
        """Another token after `refused` was not accepted; None where there is no other."""


Token = SecretStr | TokenSource
"""A caller's token, or where the service's own comes from."""


class Dialect(ABC):
    """What is peculiar to one outside system: its headers, its limits, and the errors that its client raises."""

    connections: int = MOST_CONNECTIONS
    keep_alive: float = 30.0
    """Seconds after which an idle connection is closed: sooner than the other side would."""
    largest_reply: int = LARGEST_REPLY
    compressed: bool = False
    """Whether replies may be compressed. Inside one network there is nothing to save."""
    request_id_header: str | None = None
    backoff: Backoff = Backoff(attempts=1)

    def credentials(self, token: SecretStr) -> dict[str, str]:
        """The header that carries a token."""
        return {"authorization": f"Bearer {token.get_secret_value()}"}

    def explains(self, status: int) -> bool:
        """Whether the body of a reply that is no success is read, up to 64 KiB; it is empty otherwise."""
        del status
        return False

    @abstractmethod
    def judge(self, call: Call, reply: Reply) -> Exception | None:
        """The error that a reply means by its status; None where it is one to read."""

    @abstractmethod
    def error(self, call: Call, outcome: Outcome, reason: str, retry_after: float | None = None) -> Exception:
        """The error for a call without a reply. `reason` is a clause without secrets such as "no answer within 4 s"."""

    @abstractmethod
    def outcome(self, error: Exception) -> Outcome | None:
        """What one of the errors above, or one that was raised while a reply was read, means; None for any other."""

    def again(self, error: Exception) -> float | None:
        """Seconds for which the system wants to be left alone before another attempt; None where there is to be none."""
        del error
        return None

    def reason(self, error: Exception) -> str:
        """An error's text without the name of the call."""
        return str(error)


# --- the client ------------------------------------------------------------------------------------------------------


class Upstream:
    """Makes calls to one address, for the life of the process; `aclose` ends it.

    `system` names it in metrics; `token` goes with every call that has none of its own. `tls` is for https addresses, by
    default a context that trusts the public authorities; `proxy` is the address of an HTTP proxy, and may change: calls
    that begin later go by the new one. Both are left aside where there is a `transport`. Follows no redirect and reads no
    proxy or password from the environment: a token is for the configured address alone.
    """

    def __init__(
        self,
        address: str,
        dialect: Dialect,
        *,
        system: str,
        token: TokenSource | None = None,
        limits: Limits | None = None,
        observer: CallObserver | None = None,
        traces: Traces | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = chance.random,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        headers: Mapping[str, str] | None = None,
        transport: HttpTransport | None = None,
        tls: ssl.SSLContext | None = None,
        proxy: Secret | None = None,
    ) -> None:
        self._dialect = dialect
        self._system = system
        self._token = token
        self._limits = limits or Limits()
        self._observer = observer or Unobserved()
        self._traces = traces or Traces()
        self._monotonic = monotonic
        self._random = random
        self._clock = clock
        self._sleep = sleep
        self._budget = RetryBudget()
        self._places = asyncio.Semaphore(dialect.connections)
        self._calls = _OpenCalls()
        self._last_failure = ""
        self._closed = False
        self._breaker = Breaker(
            monotonic=monotonic,
            failed=self._failed,
            changed=lambda state: self._observer.breaker(system, state),
        )
        encoding = {} if dialect.compressed else {"accept-encoding": "identity"}
        make = partial(
            httpx.AsyncClient,
            base_url=address,
            limits=httpx.Limits(
                max_connections=dialect.connections,
                max_keepalive_connections=dialect.connections,
                keepalive_expiry=dialect.keep_alive,
            ),
            timeout=httpx.Timeout(None, connect=self._limits.connect),
            follow_redirects=False,
            trust_env=False,
            transport=transport,
            verify=(tls or client_context()) if transport is None else True,
            headers={"accept": "application/json", "user-agent": "keeptrusts-bff", **encoding, **(headers or {})},
        )
        self._ways = _Ways(make, proxy if transport is None else None)

    @property
    def breaker_state(self) -> BreakerState:
        """What the next call would meet, for `/health`."""
        return self._breaker.state

    async def ask(
        self,
        call: Call,
        read: Callable[[Reply], Read],
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        token: Token | None = None,
    ) -> Read:
        """What `read` makes of the reply to a call that may be made again: it changes nothing, or the same each time.

        Where `read` raises, the attempt counts as ended with that error. A `SecretStr` is a caller's token: it is not
        renewed, and a refusal of it is not ours. Raises the dialect's errors, and what `token` raises.
        """
        self._budget.called()
        plan = _Plan(
            self._dialect, self._budget, self._monotonic() + self._limits.deadline, self._monotonic, self._random
        )
        # The plan ends the attempts: stamina would ask it about the last one too, and pay for a retry that is never made.
        async for attempt in stamina.retry_context(on=plan.goes_on, attempts=None, timeout=None):
            if plan.retries:
                self._observer.retried(self._system, call.operation)
                # Slept here: stamina's own sleep cannot be replaced where time is a test's.
                await self._sleep(plan.wait)
            with attempt:
                return await self._by_token(_Request(call, params, body, headers), read, plan.deadline, token)
        raise AssertionError("stamina gives an attempt or raises")

    async def change(
        self,
        call: Call,
        read: Callable[[Reply], Read],
        *,
        body: bytes | None = None,
        token: Token | None = None,
    ) -> Read:
        """As `ask` for a call that changes something: tried once, since a second time might do it twice.

        A refused token is no exception: nothing was done with it, so that a renewed one is tried.
        """
        return await self._by_token(
            _Request(call, None, body, None), read, self._monotonic() + self._limits.deadline, token
        )

    def refused(self, operation: str) -> None:
        """Report that the service's own credentials were refused, where they are no token of a call."""
        self._observer.own_token_refused(self._system, operation)

    async def aclose(self) -> None:
        """End the calls that are being made, and close all connections. Later calls fail as unavailable."""
        self._closed = True
        await self._calls.cancel()
        await self._ways.aclose()

    def _failed(self, error: BaseException) -> bool:
        """Whether an attempt shows that the other side fails. Its reason is kept for what the open breaker says."""
        if not isinstance(error, Exception) or self._dialect.outcome(error) not in _FAILING:
            return False
        self._last_failure = self._dialect.reason(error)
        return True

    async def _by_token(
        self,
        request: _Request,
        read: Callable[[Reply], Read],
        deadline: float,
        token: Token | None,
    ) -> Read:
        """One attempt, and another where the service's own token was refused and there is a newer one."""
        source = token or self._token
        if source is None or isinstance(source, SecretStr):
            return await self._attempt(request, read, deadline, source)
        given = await source.token()
        try:
            return await self._attempt(request, read, deadline, given)
        except Exception as error:
            if self._dialect.outcome(error) != "denied":
                raise
            renewed = await source.renewed(given)
            if renewed is None:
                self.refused(request.call.operation)
                raise
        try:
            return await self._attempt(request, read, deadline, renewed)
        except Exception as error:
            if self._dialect.outcome(error) == "denied":
                self.refused(request.call.operation)
            raise

    async def _attempt(
        self, request: _Request, read: Callable[[Reply], Read], deadline: float, token: SecretStr | None
    ) -> Read:
        call, started = request.call, self._monotonic()
        outcome: Outcome = "ok"
        try:
            async with self._place(call, deadline):
                with self._breaker.guard(), self._traces.calling(self._system, call.operation, call.method):
                    reply = await self._exchange(request, deadline, token)
                    value = self._judged(call, reply, read)
                    outcome = "ok" if reply.is_success else "rejected"
                    return value
        except BreakerOpenError as open_:
            outcome = "refused"
            reason = f"not asked, since it failed too often just now: {self._last_failure}"
            raise self._dialect.error(call, outcome, reason, open_.retry_after) from open_
        except Exception as error:
            outcome = self._dialect.outcome(error) or "contract"
            raise
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        finally:
            self._observer.attempt(self._system, call.operation, outcome, self._monotonic() - started)

    def _judged(self, call: Call, reply: Reply, read: Callable[[Reply], Read]) -> Read:
        if (error := self._dialect.judge(call, reply)) is not None:
            raise error
        return read(reply)

    @asynccontextmanager
    async def _place(self, call: Call, deadline: float) -> AsyncIterator[None]:
        """One of the places. A queue for them is ours, not a fault of the other side: the breaker does not hear of it."""
        seconds = max(deadline - self._monotonic(), 0.0)
        try:
            async with asyncio.timeout(seconds):
                await self._places.acquire()
        except TimeoutError:
            raise self._dialect.error(call, "timeout", f"no free connection within {seconds:.3g} s") from None
        try:
            yield
        finally:
            self._places.release()

    async def _exchange(self, request: _Request, deadline: float, token: SecretStr | None) -> Reply:
        call = request.call
        if self._closed:
            # A call that waited for its next attempt meanwhile.
            raise self._dialect.error(call, "unavailable", "the service is being stopped")
        seconds = max(min(self._limits.attempt, deadline - self._monotonic()), 0.0)
        try:
            with self._calls.one():
                async with asyncio.timeout(seconds):
                    return await self._reply(request, token)
        except (TimeoutError, httpx.TimeoutException):
            raise self._dialect.error(call, "timeout", f"no answer within {seconds:.3g} s") from None
        except httpx.InvalidURL:
            raise self._dialect.error(call, "contract", "no address can be made of it") from None
        except httpx.DecodingError:
            raise self._dialect.error(call, "contract", "the reply cannot be decompressed") from None
        except (httpx.TransportError, OSError) as error:
            # Only the kind of error is shown: its text may quote what was sent. A transport of a test raises OSError.
            raise self._dialect.error(call, "unavailable", _trouble(error)) from None

    async def _reply(self, request: _Request, token: SecretStr | None) -> Reply:
        call, dialect = request.call, self._dialect
        headers = propagated()
        if dialect.request_id_header is not None:
            headers[dialect.request_id_header] = secrets.token_hex(16)
        if token is not None:
            headers |= dialect.credentials(token)
        if request.body is not None:
            headers["content-type"] = "application/json"
        headers |= request.headers or {}
        async with (
            self._ways.current() as client,
            client.stream(
                call.method, call.path, params=request.params, headers=headers, content=request.body
            ) as response,
        ):
            if response.is_success:
                body = await self._body(call, response)
            else:
                body = await _explanation(response) if dialect.explains(response.status_code) else b""
            return Reply(response.status_code, response.headers, body, self._retry_after(response))

    async def _body(self, call: Call, response: httpx.Response) -> bytes:
        dialect = self._dialect
        if not dialect.compressed and _is_compressed(response):
            raise dialect.error(call, "contract", "the reply is compressed, which was not asked for")
        body = bytearray()
        async for chunk in response.aiter_bytes() if dialect.compressed else response.aiter_raw():
            body += chunk
            if len(body) > dialect.largest_reply:
                raise dialect.error(call, "contract", f"the reply is larger than {dialect.largest_reply} bytes")
        return bytes(body)

    def _retry_after(self, response: httpx.Response) -> float | None:
        text = response.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdecimal():
            return float(text[:9])
        try:
            moment = parsedate_to_datetime(text)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return max((moment - self._clock()).total_seconds(), 0.0)
        except (ValueError, OverflowError):
            return None


@dataclass(frozen=True, slots=True)
class _Request:
    call: Call
    params: Mapping[str, str] | None
    body: bytes | None
    headers: Mapping[str, str] | None


async def _explanation(response: httpx.Response) -> bytes:
    """The body of an error; nothing where it is too large or compressed, since the status says enough."""
    if _is_compressed(response):
        return b""
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > _LARGEST_ERROR:
            return b""
    return bytes(body)


def _is_compressed(response: httpx.Response) -> bool:
    return bool(response.headers.get("content-encoding", "identity") != "identity")


def _trouble(error: Exception) -> str:
    if isinstance(error, httpx.ProxyError):
        status = str(error)[:3]
        return f"the proxy answered {status}" if status.isdecimal() else "the proxy failed"
    return tls_trouble(error) or f"{NO_CONNECTION} ({type(error).__name__})"


# --- retries ---------------------------------------------------------------------------------------------------------

SHARE = 0.2
"""Retries per call: at most a fifth of the calls may be made again."""

RESERVE = 3.0
"""Retries that are free, so that a quiet service may retry at all."""

MOST_SAVED = 10.0
"""What a quiet time may save up, in retries."""


class RetryBudget:
    """A budget for retries, so that an outage is not made worse by those who suffer from it (as Envoy and Finagle do).

    A token bucket: every call pays in a share, every retry takes one out. However the calls fail, their attempts are at
    most `calls * (1 + share) + reserve`.
    """

    def __init__(self, *, share: float = SHARE, reserve: float = RESERVE, most_saved: float = MOST_SAVED) -> None:
        self._share = share
        self._most = most_saved
        self._tokens = reserve

    def called(self) -> None:
        """A call is made for the first time."""
        self._tokens = min(self._tokens + self._share, self._most)

    def take(self) -> bool:
        """Whether a call may be made again; if so, it is paid for."""
        # Shares are sums of fractions: what is one but for rounding counts as one.
        if self._tokens < 1 - 1e-9:
            return False
        self._tokens -= 1
        return True


class _Plan:
    """Whether one call is tried again, and when: the hook of its stamina context."""

    def __init__(
        self,
        dialect: Dialect,
        budget: RetryBudget,
        deadline: float,
        monotonic: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        self._dialect = dialect
        self._budget = budget
        self._monotonic = monotonic
        self._random = random
        self.deadline = deadline
        self.retries = 0
        self.wait = 0.0

    def goes_on(self, error: BaseException) -> bool | float:
        """False after the last attempt; else 0, since the wait is slept by the client."""
        backoff = self._dialect.backoff
        # stamina asks about cancellation too.
        asked = self._dialect.again(error) if isinstance(error, Exception) else None
        if asked is None or self.retries + 1 >= backoff.attempts:
            return False
        wait = backoff.wait(self.retries + 1, random=self._random, asked=asked)
        if self._monotonic() + wait >= self.deadline or not self._budget.take():
            return False
        self.retries += 1
        self.wait = wait
        return 0.0


# --- the proxy, which may change -------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Way:
    """A client for one address of the proxy, and how many calls it is making."""

    client: httpx.AsyncClient
    proxy: SecretStr | None
    calls: int = 0


class _Ways:
    """Gives the client for the proxy as it is now. The one before is closed when its last call has ended.

    `make` takes the address of the proxy as `proxy`, None for no proxy.
    """

    def __init__(self, make: Callable[..., httpx.AsyncClient], proxy: Secret | None) -> None:
        self._make = make
        self._proxy = proxy
        self._now = self._way()

    @asynccontextmanager
    async def current(self) -> AsyncIterator[httpx.AsyncClient]:
        """The client for one call."""
        if self._proxy is not None and self._proxy.value() != self._now.proxy:
            before, self._now = self._now, self._way()
            if not before.calls:
                await before.client.aclose()
        way = self._now
        way.calls += 1
        try:
            yield way.client
        finally:
            way.calls -= 1
            if way is not self._now and not way.calls:
                await way.client.aclose()

    async def aclose(self) -> None:
        """Close the client. Those before it have closed with the last of their calls."""
        await self._now.client.aclose()

    def _way(self) -> _Way:
        proxy = self._proxy.value() if self._proxy is not None else None
        return _Way(self._make(proxy=proxy.get_secret_value() if proxy is not None else None), proxy)


# --- calls that are being made ---------------------------------------------------------------------------------------

_PATIENCE = 1.0
"""Seconds that a cancelled call is waited for: it has nothing more to wait for itself."""


class _OpenCalls:
    """The calls that a connection pool is making, each in a task of its own, so that they end before it does.

    A pool that is closed while a call is still connecting does not know the connection that comes of it, and would leave
    it open. What many wait for at once goes on when they leave, so that the service can end during such a call.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    @contextmanager
    def one(self) -> Iterator[None]:
        """A call of the current task, for the length of the block."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - calls are made by coroutines
        self._tasks.add(task)
        try:
            yield
        finally:
            self._tasks.discard(task)

    async def cancel(self) -> None:
        """Cancel them all, and return when they have ended."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_PATIENCE)
