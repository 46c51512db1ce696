"""Calls to Backstage: bounded in number, time and size, observed, and never redirected with a token in hand."""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
import orjson
from pydantic import SecretStr

from bff.backoff import Backoff
from bff.backstage.entities import CatalogContractError, CatalogDeniedError, CatalogError, CatalogUnavailableError
from bff.breaker import Breaker, BreakerOpenError, BreakerState
from bff.open_calls import OpenCalls
from bff.telemetry.calls import CallObserver, Unobserved
from bff.telemetry.traces import Traces, propagated
from bff.tls import client_context, trouble

Read = TypeVar("Read")

SYSTEM = "backstage"
MOST_CONNECTIONS = 16
"""httpx's pool slows down sharply above this; what is more waits in front of it."""

DEADLINE = 5.0
"""Seconds for a whole call."""

LARGEST_BODY = 8 * 1024 * 1024
"""Bytes of a reply, decompressed."""

_BACKOFF = Backoff(attempts=2, base=0.2)
_PASSING = frozenset({502, 503, 504})
"""Replies of a proxy whose backend is being replaced: often gone a moment later."""

# Node closes a connection that was idle for 5 seconds: ours goes first, or a request meets a closed one.
_KEEP_ALIVE = 4.0


class BackstageClient:
    """One pool of connections to the Backstage backend at `base_url`, for the life of the process; `aclose` ends it.

    `system` is its name in metrics and health. `tls` is for an https address, by default one that trusts the public authorities.
    `deadline` is in seconds and covers a whole call: waiting for a connection, and the second attempt that follows when
    the first met no connection or a 502, 503 or 504. Every call made here only reads, those by POST included.
    Methods raise `CatalogUnavailableError`, `CatalogDeniedError` or `CatalogContractError`, whose messages name method
    and path and hold neither token nor body.
    """

    def __init__(
        self,
        base_url: str,
        *,
        system: str = SYSTEM,
        observer: CallObserver | None = None,
        deadline: float = DEADLINE,
        largest_body: int = LARGEST_BODY,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        random: Callable[[], float] = random.random,
        transport: httpx.AsyncBaseTransport | None = None,
        traces: Traces | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.system = system
        self._observer = observer or Unobserved()
        self._deadline = deadline
        self._largest_body = largest_body
        self._monotonic = monotonic
        self._sleep = sleep
        self._random = random
        self._traces = traces or Traces()
        self._breaker = Breaker(
            monotonic=monotonic,
            failed=lambda error: isinstance(error, CatalogUnavailableError),
            changed=lambda state: self._observer.breaker(self.system, state),
        )
        self._places = asyncio.Semaphore(MOST_CONNECTIONS)
        self._calls = OpenCalls()
        self._http = httpx.AsyncClient(
            transport=transport,
            verify=(tls or client_context()) if transport is None else True,
            follow_redirects=False,
            trust_env=False,
            # Ours covers the whole call.
            timeout=None,  # noqa: S113 - see above
            limits=httpx.Limits(
                max_connections=MOST_CONNECTIONS,
                max_keepalive_connections=MOST_CONNECTIONS,
                keepalive_expiry=_KEEP_ALIVE,
            ),
            headers={"accept": "application/json", "user-agent": "keeptrusts-bff"},
        )

    async def get(self, path: str, *, operation: str, token: SecretStr | None = None) -> Any:
        """The JSON at `path`; `operation` is its name in metrics."""
        return await self.get_as(_as_it_is, path, operation=operation, token=token)

    async def get_as(
        self, read: Callable[[Any], Read], path: str, *, operation: str, token: SecretStr | None = None
    ) -> Read:
        """What `read` makes of the JSON at `path`: where it raises, the attempt has ended with that error."""
        return await self._call(read, _Request("GET", path, token, None), operation)

    async def query_as(
        self, read: Callable[[Any], Read], path: str, body: Mapping[str, object], *, operation: str, token: SecretStr
    ) -> Read:
        """What `read` makes of the JSON that answers a question asked by POST."""
        return await self._call(read, _Request("POST", path, token, orjson.dumps(body)), operation)

    @property
    def breaker_state(self) -> BreakerState:
        """What the next call would meet, for `/health`."""
        return self._breaker.state

    async def aclose(self) -> None:
        """End what is under way, and close all connections."""
        await self._calls.cancel()
        await self._http.aclose()

    async def _call(self, read: Callable[[Any], Read], request: _Request, operation: str) -> Read:
        until = asyncio.get_running_loop().time() + self._deadline
        try:
            async with asyncio.timeout_at(until):
                await self._places.acquire()
        except TimeoutError:
            raise CatalogUnavailableError(f"{request}: no connection was free within {self._deadline:g} s") from None
        try:
            return await self._attempt(read, request, operation, until)
        except _PassingError:
            await self._sleep(_BACKOFF.wait(1, random=self._random))
            self._observer.retried(self.system, operation)
            return await self._attempt(read, request, operation, until)
        finally:
            self._places.release()

    async def _attempt(self, read: Callable[[Any], Read], request: _Request, operation: str, until: float) -> Read:
        began = self._monotonic()
        try:
            with self._breaker.guard(), self._traces.calling(self.system, operation, request.method):
                reply = read(await self._exchange(request, until))
        except BreakerOpenError:
            self._observer.attempt(self.system, operation, "refused", 0.0)
            raise CatalogUnavailableError(f"{request}: not asked, since Backstage has not answered lately") from None
        except CatalogError as error:
            self._observer.attempt(self.system, operation, _outcome(error), self._monotonic() - began)
            raise
        self._observer.attempt(self.system, operation, "ok", self._monotonic() - began)
        return reply

    async def _exchange(self, request: _Request, until: float) -> Any:
        try:
            with self._calls.one():
                # Inside the breaker's guard: an answer that does not come is a failure like any other.
                async with (
                    asyncio.timeout_at(until),
                    self._http.stream(
                        request.method, self.base_url + request.path, headers=request.headers(), content=request.body
                    ) as response,
                ):
                    _judge(request, response)
                    return _parsed(request, await self._body(request, response))
        except TimeoutError:
            raise _TimeoutError(f"{request}: no answer within {self._deadline:g} s") from None
        except httpx.InvalidURL:
            raise CatalogContractError(f"{request}: {self.base_url!r} is no address") from None
        except httpx.DecodingError:
            raise CatalogContractError(f"{request}: a body that cannot be decompressed") from None
        except (httpx.TransportError, ssl.SSLError) as error:
            # The cause can quote headers.
            said = trouble(error) or _TROUBLE.get(type(error), "the connection broke")
            raise _PassingError(f"{request}: {said}") from None

    async def _body(self, request: _Request, response: httpx.Response) -> bytes:
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > self._largest_body:
                raise CatalogContractError(f"{request}: a reply of more than {self._largest_body} bytes")
        return bytes(body)


@dataclass(frozen=True, slots=True)
class _Request:
    """One call; as text, what messages say of it."""

    method: str
    path: str
    token: SecretStr | None
    body: bytes | None

    def __str__(self) -> str:
        return f"Backstage {self.method} {self.path}"

    def headers(self) -> dict[str, str]:
        headers = propagated()
        if self.token is not None:
            headers["authorization"] = f"Bearer {self.token.get_secret_value()}"
        return headers if self.body is None else headers | {"content-type": "application/json"}


class _PassingError(CatalogUnavailableError):
    """Worth a second attempt at once."""


class _TimeoutError(CatalogUnavailableError):
    """No answer in time."""


_TROUBLE: Mapping[type[Exception], str] = {
    httpx.ConnectError: "no connection",
    httpx.ConnectTimeout: "no connection in time",
}


def _as_it_is(document: Any) -> Any:
    return document


def _outcome(error: CatalogError) -> str:
    if isinstance(error, CatalogDeniedError):
        return "denied"
    if isinstance(error, _TimeoutError):
        return "timeout"
    return "contract" if isinstance(error, CatalogContractError) else "unavailable"


def _judge(request: _Request, response: httpx.Response) -> None:
    status = response.status_code
    if status in {401, 403}:
        raise CatalogDeniedError(f"{request}: the token is not accepted ({status})")
    if status in _PASSING:
        raise _PassingError(f"{request}: replied {status}")
    if status == httpx.codes.TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise CatalogUnavailableError(f"{request}: replied {status}")
    if status != httpx.codes.OK:
        raise CatalogContractError(f"{request}: replied {status}; is this the address of a Backstage backend?")


def _parsed(request: _Request, body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise CatalogContractError(f"{request}: a reply that is not JSON") from None
