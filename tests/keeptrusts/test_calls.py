"""A call is bounded in time, attempts and size, and its failures are distinguished."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from email.utils import format_datetime

import httpx
import pytest
import respx
from pydantic import SecretStr

from bff.keeptrusts.errors import (
    KeeptrustsError,
    UpstreamContractError,
    UpstreamDeniedError,
    UpstreamRejectedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from bff.secret_files import Secret
from bff.upstream import MOST_CONNECTIONS, Call, Limits, Upstream

from .conftest import API, NOW, TOKEN, Observed, reply, transport_to

CALL = Call("teams.list", "GET", "/v1/teams")


async def body_of(transport: Upstream) -> bytes:
    """The body of the reply to one call."""
    return await transport.ask(CALL, lambda reply: reply.body)


@pytest.mark.parametrize(
    ("status", "error", "attempts"),
    [
        (401, UpstreamDeniedError, 1),
        (403, UpstreamDeniedError, 1),
        (404, UpstreamRejectedError, 1),
        (409, UpstreamRejectedError, 1),
        (422, UpstreamRejectedError, 1),
        (301, UpstreamContractError, 1),
        (304, UpstreamContractError, 1),
        (429, UpstreamUnavailableError, 3),
        (500, UpstreamUnavailableError, 3),
        (503, UpstreamUnavailableError, 3),
    ],
)
async def test_statuses(
    transport: Upstream,
    upstream: respx.MockRouter,
    observed: Observed,
    status: int,
    error: type[KeeptrustsError],
    attempts: int,
) -> None:
    """Each status is one kind of error, and only what may pass by itself is tried again, three times in all."""
    upstream.get("/v1/teams").respond(status, headers={"location": "https://elsewhere.example/"})
    with pytest.raises(error) as caught:
        await body_of(transport)
    assert str(caught.value).startswith(f"GET /v1/teams: answered {status}")
    assert len(upstream.calls) == attempts
    assert observed.retries == attempts - 1
    assert TOKEN not in repr(caught.value)


async def test_a_short_fault_is_not_seen(transport: Upstream, upstream: respx.MockRouter, observed: Observed) -> None:
    """A call that fails twice and then succeeds has succeeded, after jittered, growing waits."""
    upstream.get("/v1/teams").mock(
        side_effect=[httpx.ConnectError("no"), httpx.Response(502), httpx.Response(200, content=b"[]")]
    )
    assert await body_of(transport) == b"[]"
    assert observed.waits == [0.05, 0.1]
    assert observed.attempts == [("teams.list", "unavailable"), ("teams.list", "unavailable"), ("teams.list", "ok")]


@pytest.mark.parametrize("retry_after", ["3", format_datetime(NOW + timedelta(seconds=3), usegmt=True)])
async def test_retry_after_is_kept(
    transport: Upstream, upstream: respx.MockRouter, observed: Observed, retry_after: str
) -> None:
    """Who asks to be left alone for three seconds is, whichever way it says so."""
    upstream.get("/v1/teams").mock(
        side_effect=[httpx.Response(429, headers={"retry-after": retry_after}), httpx.Response(200)]
    )
    await body_of(transport)
    assert observed.waits == [pytest.approx(3.05)]


@pytest.mark.parametrize("retry_after", ["60", "99999999999999999999"])
async def test_a_wait_past_the_deadline_is_no_wait(
    transport: Upstream, upstream: respx.MockRouter, observed: Observed, retry_after: str
) -> None:
    """Who asks for more time than the call has ends it at once, with the time asked for."""
    upstream.get("/v1/teams").respond(429, headers={"retry-after": retry_after})
    with pytest.raises(UpstreamUnavailableError) as caught:
        await body_of(transport)
    assert caught.value.retry_after
    assert caught.value.retry_after >= 60
    assert (observed.waits, len(upstream.calls)) == ([], 1)


@pytest.mark.parametrize(
    "retry_after",
    ["soon", "-3", "", "٣", "Wed, 99 Mar 2026 12:00:00 GMT", "Tue, 10 Mar 2026 12:00:00 +99999999999999"],
)
async def test_a_retry_after_that_says_nothing_is_ignored(
    transport: Upstream, upstream: respx.MockRouter, retry_after: str
) -> None:
    """A `Retry-After` that cannot be read does not matter."""
    upstream.get("/v1/teams").mock(
        side_effect=[httpx.Response(503, headers=[(b"retry-after", retry_after.encode())]), httpx.Response(200)]
    )
    await body_of(transport)


async def test_retries_have_a_budget(transport: Upstream, upstream: respx.MockRouter, observed: Observed) -> None:
    """Two hundred failing calls make at most 200 x 1.2 + 3 attempts."""
    upstream.get("/v1/teams").respond(503)
    for _ in range(200):
        # The breaker would end it sooner: here it never sees twenty calls in ten seconds.
        observed.seconds += 1
        with pytest.raises(UpstreamUnavailableError):
            await body_of(transport)
    assert 200 < len(upstream.calls) <= 243


async def test_an_open_breaker_asks_nobody(transport: Upstream, upstream: respx.MockRouter, observed: Observed) -> None:
    """After enough failures calls fail without being made, telling how the last one did; after the sleep one of a hundred is made."""
    upstream.get("/v1/teams").respond(503)
    for _ in range(30):
        with pytest.raises(UpstreamUnavailableError) as failed:
            await body_of(transport)
    assert failed.value.reason == "not asked, since it failed too often just now: answered 503"
    made = len(upstream.calls)
    assert made < 30
    assert observed.attempts[-1] == ("teams.list", "refused")
    upstream.get("/v1/teams").respond(200, content=b"[]")
    observed.seconds += 5
    outcomes = await asyncio.gather(*(body_of(transport) for _ in range(100)), return_exceptions=True)
    answered = [outcome for outcome in outcomes if outcome == b"[]"]
    assert len(upstream.calls) - made == len(answered)
    assert observed.breaker_states[:3] == ["closed", "open", "half-open"]
    assert observed.breaker_states[-1] == "closed"


class Body(httpx.AsyncByteStream):
    """A body that comes in pieces and may never end."""

    def __init__(self, piece: bytes, pieces: int | None, *, gate: asyncio.Event | None = None) -> None:
        self.piece = piece
        self.pieces = pieces
        self.gate = gate
        self.sent = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces."""
        while self.pieces is None or self.sent < self.pieces:
            self.sent += 1
            yield self.piece
        if self.gate is not None:
            await self.gate.wait()


def answering(body: Body, **headers: str) -> Callable[[httpx.Request], httpx.Response]:
    """A handler that answers with `body`."""
    return lambda _request: httpx.Response(200, stream=body, headers=headers)


@pytest.mark.parametrize("pieces", [None, 800])
async def test_a_huge_body_is_not_read_whole(observed: Observed, pieces: int | None) -> None:
    """An endless body, or one of 50 MB, is given up at 8 MiB as a breach of contract."""
    body = Body(b"x" * 65_536, pieces)
    transport = transport_to(API, observed, via=httpx.MockTransport(answering(body)))
    with pytest.raises(UpstreamContractError, match="larger than"):
        await body_of(transport)
    assert body.sent == 129
    await transport.aclose()


async def test_a_compressed_body_is_not_unpacked(observed: Observed) -> None:
    """What was not asked for, and could be a thousand times its size, is a breach of contract."""
    body = Body(b"x", 1)
    transport = transport_to(API, observed, via=httpx.MockTransport(answering(body, **{"content-encoding": "gzip"})))
    with pytest.raises(UpstreamContractError, match="compressed"):
        await body_of(transport)
    await transport.aclose()


async def test_a_body_that_stops_coming_ends_in_time(observed: Observed) -> None:
    """Who begins to answer and stops is given up after the time for an attempt."""
    body = Body(b"[", 1, gate=asyncio.Event())
    transport = transport_to(
        API, observed, limits=Limits(deadline=0.02, attempt=0.01), via=httpx.MockTransport(answering(body))
    )
    observed.seconds = 0
    with pytest.raises(UpstreamUnavailableError, match="no answer within"):
        await body_of(transport)
    await transport.aclose()


async def test_silence_counts_against_the_other_side(observed: Observed) -> None:
    """A side that never answers opens the breaker like one that says it is down."""

    async def hang(_request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    transport = transport_to(API, observed, limits=Limits(deadline=0.001, attempt=0.001), via=httpx.MockTransport(hang))
    for _ in range(2):
        outcomes = await asyncio.gather(*(body_of(transport) for _ in range(10)), return_exceptions=True)
        assert all(isinstance(outcome, UpstreamTimeoutError) for outcome in outcomes)
    assert observed.attempts == [("teams.list", "timeout")] * 20
    assert observed.breaker_states[-1] == "open"
    await transport.aclose()


async def test_a_queue_of_our_own_is_no_fault_of_the_other_side(observed: Observed) -> None:
    """Calls that find no free connection in time fail without being made, and do not count against the other side."""
    transport = transport_to(
        API, observed, limits=Limits(deadline=0.01), via=httpx.MockTransport(lambda _request: reply())
    )
    for _ in range(MOST_CONNECTIONS):
        await transport._places.acquire()
    outcomes = await asyncio.gather(*(body_of(transport) for _ in range(40)), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {UpstreamTimeoutError}
    assert "no free connection" in str(outcomes[0])
    assert observed.breaker_states == ["closed"]
    await transport.aclose()


async def test_places_are_given_back(observed: Observed) -> None:
    """Failures and callers who leave give their places back: sixteen calls can always be in progress."""
    gate = asyncio.Event()
    statuses = itertools.cycle([401, 404, 500, 204])

    async def answer(_request: httpx.Request) -> httpx.Response:
        await gate.wait()
        return reply(status=next(statuses))

    transport = transport_to(API, observed, via=httpx.MockTransport(answer))
    calls = [asyncio.create_task(body_of(transport)) for _ in range(60)]
    while not transport._places.locked():
        await asyncio.sleep(0)
    for call in calls[::7]:
        call.cancel()
    gate.set()
    await asyncio.gather(*calls, return_exceptions=True)
    assert transport._places._value == MOST_CONNECTIONS
    assert {outcome for _, outcome in observed.attempts} >= {"cancelled", "denied", "rejected", "unavailable", "ok"}
    await transport.aclose()


@pytest.mark.parametrize("token", ["", "a b", "a\r\nx-admin: yes", "caf\u00e9"])
def test_a_token_that_no_header_can_carry_is_refused_at_the_start(token: str) -> None:
    """A token with a line break or the like is refused before it is sent, and not quoted."""
    with pytest.raises(ValueError, match="KEEPTRUSTS_API_TOKEN must be visible ASCII") as caught:
        Secret(SecretStr(token), name="KEEPTRUSTS_API_TOKEN")
    assert not token or token not in str(caught.value)


async def test_few_are_in_flight_at_once(observed: Observed) -> None:
    """However many calls there are, at most sixteen are in progress, and all are made."""
    flying, most = 0, 0

    async def count(_request: httpx.Request) -> httpx.Response:
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        await asyncio.sleep(0)
        flying -= 1
        return reply()

    transport = transport_to(API, observed, via=httpx.MockTransport(count))
    await asyncio.gather(*(body_of(transport) for _ in range(200)))
    assert most == MOST_CONNECTIONS
    await transport.aclose()


async def test_a_redirect_takes_the_token_nowhere(transport: Upstream, upstream: respx.MockRouter) -> None:
    """A redirect is not followed: the token is for the configured address alone."""
    elsewhere = upstream.route(host="elsewhere.example").respond(200)
    upstream.get("/v1/teams").respond(307, headers={"location": "https://elsewhere.example/v1/teams"})
    with pytest.raises(UpstreamContractError):
        await body_of(transport)
    assert not elsewhere.called


async def test_the_environments_proxies_do_not_count(monkeypatch: pytest.MonkeyPatch, observed: Observed) -> None:
    """A proxy or a password in the environment does not change where a token goes."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    transport = transport_to(API, observed, via=httpx.MockTransport(lambda _request: httpx.Response(200)))
    assert not transport._ways._now.client._mounts
    await transport.aclose()
