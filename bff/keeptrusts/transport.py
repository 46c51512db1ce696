"""One HTTP call to Keeptrusts, from a method and a path to bytes or one of our errors.

Bounded in every direction: connections, waiting, attempts, the size of a reply. Everything that httpx is asked is here.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import httpx
import orjson
from pydantic import SecretStr

from bff.backoff import Backoff
from bff.breaker import Breaker, BreakerOpenError
from bff.keeptrusts.contract import REQUEST_ID_HEADER
from bff.keeptrusts.errors import (
    KeeptrustsError,
    UpstreamContractError,
    UpstreamDeniedError,
    UpstreamRejectedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from bff.keeptrusts.parsing import Call
from bff.open_calls import OpenCalls
from bff.retry_budget import RetryBudget
from bff.telemetry.calls import CallObserver
from bff.telemetry.traces import Traces, propagated
from bff.tls import client_context, trouble

Read = TypeVar("Read")

MOST_CONNECTIONS = 16
"""httpx's pool searches all its requests for each one that ends: past this many in flight it does little else."""

LARGEST_REPLY = 8 * 1024 * 1024
_LARGEST_ERROR = 64 * 1024
_ERROR_CODE = re.compile(r"[a-z0-9_.-]{1,60}")
_TOKEN = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds. `deadline` bounds a whole call with its waiting and its attempts, `attempt` each of them."""

    deadline: float = 10.0
    attempt: float = 4.0
    connect: float = 2.0


def http_client(
    base_url: str,
    *,
    connect: float = 2.0,
    transport: httpx.AsyncBaseTransport | None = None,
    tls: ssl.SSLContext | None = None,
    proxy: SecretStr | None = None,
) -> httpx.AsyncClient:
    """Make a client for the life of the process.

    `tls` is for https addresses, by default one that trusts the public authorities; `proxy` is the address of an HTTP
    proxy. Both are left aside when there is a `transport`. The client follows no redirect and reads no proxy or password
    from the environment: its token is for the configured address alone.
    """
    return httpx.AsyncClient(
        base_url=base_url,
        limits=httpx.Limits(
            max_connections=MOST_CONNECTIONS, max_keepalive_connections=MOST_CONNECTIONS, keepalive_expiry=30
        ),
        timeout=httpx.Timeout(None, connect=connect),
        follow_redirects=False,
        trust_env=False,
        transport=transport,
        verify=(tls or client_context()) if transport is None else True,
        proxy=proxy.get_secret_value() if proxy is not None and transport is None else None,
        # A compressed reply can be a thousand times its size; inside one network there is nothing to save.
        headers={"accept": "application/json", "accept-encoding": "identity", "user-agent": "keeptrusts-bff"},
    )


class Transport:
    """Makes calls to one address. `system` names it in metrics; `token` goes with every call, if there is one.

    Raises `ValueError` for a token that no header can carry.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        system: str,
        token: SecretStr | None,
        observer: CallObserver,
        monotonic: Callable[[], float],
        random: Callable[[], float],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        limits: Limits | None = None,
        backoff: Backoff | None = None,
        traces: Traces | None = None,
    ) -> None:
        if token is not None and not _TOKEN.fullmatch(token.get_secret_value()):
            # Found out at the call, the error would quote the token.
            raise ValueError(f"the token for {system} must be visible ASCII characters without spaces")
        self._client = client
        self._system = system
        self._token = token
        self._observer = observer
        self._monotonic = monotonic
        self._random = random
        self._clock = clock
        self._sleep = sleep
        self._limits = limits or Limits()
        self._backoff = backoff or Backoff()
        self._traces = traces or Traces()
        self._budget = RetryBudget()
        self._places = asyncio.Semaphore(MOST_CONNECTIONS)
        self._calls = OpenCalls()
        self._last_failure = ""
        self.breaker = Breaker(
            monotonic=monotonic,
            failed=self._failed,
            changed=lambda state: observer.breaker(system, state),
        )

    async def get(self, call: Call, params: Mapping[str, str] | None = None) -> bytes:
        """The body of a successful reply; tried up to three times. Raises `KeeptrustsError`."""
        return await self.get_as(bytes, call, params)

    async def get_as(self, read: Callable[[bytes], Read], call: Call, params: Mapping[str, str] | None = None) -> Read:
        """As `get`, and what `read` makes of the body: where it raises, the attempt is told to have ended with that error."""
        self._budget.called()
        deadline = self._monotonic() + self._limits.deadline
        retry = 0
        while True:
            try:
                return await self._attempt(read, call, deadline, params=params)
            except UpstreamUnavailableError as error:
                retry += 1
                wait = self._backoff.wait(retry, random=self._random, told=error.retry_after)
                if not self._may_retry(error, retry, self._monotonic() + wait, deadline):
                    raise
            self._observer.retried(self._system, call.operation)
            await self._sleep(wait)

    async def send(self, call: Call, body: Any = None) -> bytes:
        """The body of the reply to a call that changes something: tried once, since a second time might do it twice."""
        return await self.send_as(bytes, call, body)

    async def send_as(self, read: Callable[[bytes], Read], call: Call, body: Any = None) -> Read:
        """As `send`, and what `read` makes of the body, as with `get_as`."""
        return await self._attempt(read, call, self._monotonic() + self._limits.deadline, body=body)

    async def aclose(self) -> None:
        """End what is under way, and close all connections."""
        await self._calls.cancel()
        await self._client.aclose()

    def _failed(self, error: BaseException) -> bool:
        """Whether an attempt shows that the other side fails. How the last one did is told while the breaker is open."""
        if not isinstance(error, UpstreamUnavailableError):
            return False
        self._last_failure = error.reason
        return True

    def _may_retry(self, error: UpstreamUnavailableError, retry: int, start: float, deadline: float) -> bool:
        refused = isinstance(error.__cause__, BreakerOpenError)
        return not refused and retry < self._backoff.attempts and start < deadline and self._budget.take()

    async def _attempt(
        self,
        read: Callable[[bytes], Read],
        call: Call,
        deadline: float,
        *,
        params: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> Read:
        started = self._monotonic()
        outcome = "ok"
        try:
            async with self._place(call, deadline):
                with self.breaker.guard(), self._traces.calling(self._system, call.operation, call.method):
                    return read(await self._exchange(call, deadline, params, body))
        except BreakerOpenError as error:
            outcome = "refused"
            raise UpstreamUnavailableError(
                call.method,
                call.path,
                f"not asked, since it failed too often just now: {self._last_failure}",
                retry_after=error.retry_after,
            ) from error
        except KeeptrustsError as error:
            outcome = _outcome(error)
            raise
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        finally:
            self._observer.attempt(self._system, call.operation, outcome, self._monotonic() - started)

    @asynccontextmanager
    async def _place(self, call: Call, deadline: float) -> AsyncIterator[None]:
        """One of the places. A queue for them is ours, not a fault of the other side: the breaker does not hear of it."""
        seconds = max(deadline - self._monotonic(), 0.0)
        try:
            async with asyncio.timeout(seconds):
                await self._places.acquire()
        except TimeoutError:
            raise UpstreamTimeoutError(call.method, call.path, f"no free connection within {seconds:.1f} s") from None
        try:
            yield
        finally:
            self._places.release()

    async def _exchange(self, call: Call, deadline: float, params: Mapping[str, str] | None, body: Any) -> bytes:
        seconds = max(min(self._limits.attempt, deadline - self._monotonic()), 0.0)
        try:
            with self._calls.one():
                async with asyncio.timeout(seconds):
                    return await self._reply(call, params, body)
        except (TimeoutError, httpx.TimeoutException):
            raise UpstreamTimeoutError(call.method, call.path, f"no answer within {seconds:.1f} s") from None
        except (httpx.TransportError, ssl.SSLError) as error:
            # Only the kind of error is shown: its text may quote what was sent.
            reason = trouble(error) or f"no connection ({type(error).__name__})"
            raise UpstreamUnavailableError(call.method, call.path, reason) from None

    async def _reply(self, call: Call, params: Mapping[str, str] | None, body: Any) -> bytes:
        headers = {REQUEST_ID_HEADER: secrets.token_hex(16), **propagated()}
        if self._token is not None:
            headers["authorization"] = f"Bearer {self._token.get_secret_value()}"
        content = None
        if body is not None:
            headers["content-type"] = "application/json"
            content = body if isinstance(body, bytes) else orjson.dumps(body)
        async with self._client.stream(
            call.method, call.path, params=params, headers=headers, content=content
        ) as response:
            if response.is_success:
                return await _bounded(call, response, LARGEST_REPLY)
            raise await self._failure(call, response)

    async def _failure(self, call: Call, response: httpx.Response) -> KeeptrustsError:
        status = response.status_code
        said = f"answered {status}"
        if status in {401, 403}:
            return UpstreamDeniedError(call.method, call.path, said, status=status)
        if status == 429 or status >= 500:
            return UpstreamUnavailableError(
                call.method, call.path, said, status=status, retry_after=self._retry_after(response)
            )
        if status < 400:
            return UpstreamContractError(call.method, call.path, f"{said}, and redirects are not followed")
        code = await _error_code(call, response)
        return UpstreamRejectedError(
            call.method, call.path, f"{said} ({code})" if code else said, status=status, code=code
        )

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


async def _bounded(call: Call, response: httpx.Response, most: int) -> bytes:
    encoding = response.headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise UpstreamContractError(call.method, call.path, "the reply is compressed, which was not asked for")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > most:
            raise UpstreamContractError(call.method, call.path, f"the reply is larger than {most} bytes")
    return bytes(body)


async def _error_code(call: Call, response: httpx.Response) -> str | None:
    """Keeptrusts' own word for an error, `error.code` or `error.type`. Its message is left: it may quote what was sent."""
    try:
        document = orjson.loads(await _bounded(call, response, _LARGEST_ERROR))
    except (orjson.JSONDecodeError, UpstreamContractError):
        return None
    error = document.get("error") if isinstance(document, dict) else None
    if not isinstance(error, dict):
        return None
    words = (error.get("code"), error.get("type"))
    return next((word for word in words if isinstance(word, str) and _ERROR_CODE.fullmatch(word)), None)


def _outcome(error: KeeptrustsError) -> str:
    match error:
        case UpstreamDeniedError():
            return "denied"
        case UpstreamRejectedError():
            return "rejected"
        case UpstreamContractError():
            return "contract"
        case UpstreamTimeoutError():
            return "timeout"
        case _:
            return "unavailable"
