"""Hits on connections: beside requests of the long way, behind them, before them, and on connections that end."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from bff.cli.http_heads import BoundedHeads
from bff.cli.server import Server
from bff.web.envelope import UNMATCHED
from bff.web.hits import Short
from tests.conftest import Start
from tests.harness.served import serving
from tests.web.test_hits import REFS, USERS, Both, both, path_of

PATIENCE = 20
BRIEF = 0.2
PROVISION = "/v1/entities/component/default/c0/gateway-key"


@dataclass
class Counted:
    """The short way, and how many requests it has answered."""

    short: Short
    answered: int = 0

    def __call__(self, *given: Any) -> bool:
        """Pass on, and count."""
        answered = self.short(*given)
        self.answered += answered
        return answered


@dataclass
class Asking:
    """A service over a real socket that has one entity's answer in memory."""

    world: Both
    server: Server
    hits: Counted
    asked: list[str] = field(default_factory=list)
    """Methods of what went the long way."""

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self.server.listeners[0].getsockname()[1]
        return port

    def request(self, *lines: str, method: str = "GET", target: str = path_of(REFS[0])) -> bytes:
        """A request of the first user."""
        first = (f"{method} {target} HTTP/1.1", "host: x", f"authorization: Bearer {self.world.tokens[USERS[0]]}")
        return "\r\n".join([*first, *lines, "", ""]).encode()

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A connection to it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield reader, writer
        finally:
            writer.close()


@asynccontextmanager
async def asking(start: Start) -> AsyncIterator[Asking]:
    """The service, which has been asked once."""
    async with both(start) as world:
        await world.warm(USERS[0], REFS[0])
        app = world.running.app
        assert app.short is not None
        hits = Counted(app.short)
        asked: list[str] = []

        async def noticed(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http":
                asked.append(scope["method"])
            await app.asgi(scope, receive, send)

        async with serving(noticed, short=hits) as server:
            yield Asking(world, server, hits, asked)


async def response(reader: asyncio.StreamReader, *, bodiless: bool = False) -> tuple[bytes, bytes]:
    """The next response: its head, and its body, which is as long as the head says."""
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
    length = re.search(rb"\r\ncontent-length: (\d+)", head)
    return head, b"" if bodiless or length is None else await reader.readexactly(int(length[1]))


async def rest(reader: asyncio.StreamReader) -> bytes:
    """What comes until the other side closes."""
    return await asyncio.wait_for(reader.read(), PATIENCE)


def without_id(head: bytes) -> bytes:
    """A head without what differs from one request to the next."""
    return re.sub(rb"(x-request-id|date): [^\r]*\r\n", b"", head)


async def test_both_ways_send_the_same(start: Start) -> None:
    """Over a socket a hit has the head and the body of the long way, in its order."""
    async with asking(start) as service, service.connected() as (reader, writer):
        writer.write(service.request())
        short = await response(reader)
        writer.write(service.request(target=f"{path_of(REFS[0])}?"))
        long = await response(reader)
        assert (service.hits.answered, service.asked) == (1, ["GET"])
        assert (without_id(short[0]), short[1]) == (without_id(long[0]), long[1])
        assert b"\r\ndate: " in short[0]


@pytest.mark.parametrize("seed", range(3))
async def test_a_pipeline_of_both_ways_is_answered_in_order(start: Start, seed: int) -> None:
    """Hits and others in one stream, cut into pieces anywhere, are each answered once and in the order of the requests."""
    random = Random(seed)
    kinds = random.choices(["hit", "other", "missing"], k=60)
    targets = {"hit": path_of(REFS[0]), "other": f"{path_of(REFS[0])}?x", "missing": "/nothing-here"}
    async with asking(start) as service, service.connected() as (reader, writer):
        sent = b"".join(
            service.request(f"x-request-id: r{number}", target=targets[kind]) for number, kind in enumerate(kinds)
        )
        cuts = sorted({0, len(sent), *(random.randrange(len(sent)) for _ in range(25))})

        async def send() -> None:
            for begin, end in pairwise(cuts):
                writer.write(sent[begin:end])
                await writer.drain()
                await asyncio.sleep(0)

        sending = asyncio.create_task(send())
        for number, kind in enumerate(kinds):
            head, _ = await response(reader)
            assert head.startswith(b"HTTP/1.1 404 " if kind == "missing" else b"HTTP/1.1 200 "), number
            assert f"\r\nx-request-id: r{number}\r\n".encode() in head
        await sending
        assert service.hits.answered + len(service.asked) == len(kinds)


async def test_thousands_of_heads_at_once_do_not_hold_the_loop(start: Start) -> None:
    """Of what one read brings the short way answers one request; the others wait for their turn as always."""
    async with asking(start) as service, service.connected() as (reader, writer):
        writer.write(service.request() * 40)
        for _ in range(40):
            assert (await response(reader))[0].startswith(b"HTTP/1.1 200 ")
        assert service.asked
        assert service.hits.answered + len(service.asked) == 40


async def test_a_connection_that_is_to_close_is_closed(start: Start) -> None:
    """`connection: close`, which Backstage's proxy sends each time, is answered the short way: the answer says so, and ends it."""
    async with asking(start) as service, service.connected() as (reader, writer):
        writer.write(service.request("connection: close"))
        answer = await rest(reader)
        assert service.hits.answered == 1
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.endswith(b"\r\nconnection: close")
        assert f"content-length: {len(body)}".encode() in head


@pytest.mark.parametrize("behind", ["request", "garbage"])
async def test_nothing_starts_behind_the_last_answer(start: Start, behind: str) -> None:
    """What stands behind a request that ends the connection is neither done nor answered."""
    async with asking(start) as service, service.connected() as (reader, writer):
        post = service.request("content-type: application/json", "content-length: 2", method="POST", target=PROVISION)
        writer.write(service.request("connection: close") + (post + b"{}" if behind == "request" else b"\0\0\r\n\r\n"))
        answer = await rest(reader)
        assert answer.count(b"HTTP/1.1 ") == 1
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert service.asked == []


async def test_a_request_with_a_body_behind_a_hit_is_done(start: Start) -> None:
    """On a connection that stays, a POST in the same read as a hit gets its body, and its own answer."""
    async with asking(start) as service, service.connected() as (reader, writer):
        body = b'{"entityRefs":["component:default/c0"]}'
        lines = ("content-type: application/json", f"content-length: {len(body)}")
        writer.write(service.request() + service.request(*lines, method="POST", target="/v1/governance/by-refs") + body)
        assert (await response(reader))[0].startswith(b"HTTP/1.1 200 ")
        head, items = await response(reader)
        assert head.startswith(b"HTTP/1.1 200 ")
        assert items.startswith(b'{"items":[{"entityRef":"component:default/c0","status":')
        assert (service.hits.answered, service.asked) == (1, ["POST"])


async def test_garbage_behind_a_hit_is_refused(start: Start) -> None:
    """What is no HTTP behind a hit gets 400 and ends the connection, after the hit's whole answer."""
    async with asking(start) as service, service.connected() as (reader, writer):
        writer.write(service.request() + b"\0\0\r\n\r\n")
        assert (await response(reader))[0].startswith(b"HTTP/1.1 200 ")
        assert (await rest(reader)).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"method": "HEAD"}, 200),
        ({"lines": ("content-length: 0",)}, 200),
        ({"lines": ("transfer-encoding: chunked", "", "0")}, 200),
        ({"lines": ("expect: 100-continue",)}, 200),
        ({"lines": ("upgrade: h2c", "connection: upgrade")}, 200),
        ({"lines": ("x-a: 1", "x-a: 2")}, 200),
        ({"lines": ("authorization: Bearer other",)}, 401),
    ],
    ids=["head", "length", "chunked", "expect", "upgrade", "header-twice", "two-tokens"],
)
async def test_what_is_no_plain_get_goes_the_long_way(start: Start, request_: dict[str, Any], status: int) -> None:
    """Other methods, bodies, expectations, upgrades and headers that come twice are not for the short way."""
    async with asking(start) as service, service.connected() as (reader, writer):
        lines = request_.pop("lines", ())
        writer.write(service.request(*lines, **request_))
        head, _ = await response(reader, bodiless=request_.get("method") == "HEAD")
        assert head.startswith(b"HTTP/1.1 %d " % status)
        assert service.hits.answered == 0
        assert len(service.asked) == 1


async def test_http_1_0_goes_the_long_way(start: Start) -> None:
    """A request of HTTP/1.0 is answered the long way, and its connection ends."""
    async with asking(start) as service, service.connected() as (reader, writer):
        writer.write(service.request().replace(b"HTTP/1.1", b"HTTP/1.0", 1))
        assert (await rest(reader)).startswith(b"HTTP/1.1 200 ")
        assert (service.hits.answered, service.asked) == (0, ["GET"])


async def test_a_client_that_never_reads_is_waited_for(start: Start) -> None:
    """Answers that are not read do not pile up: the service stops reading requests, and goes on once the client reads."""
    requests = 3_000
    async with asking(start) as service:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(client, ("127.0.0.1", service.port))
            sending = asyncio.create_task(loop.sock_sendall(client, service.request() * requests))
            async with asyncio.timeout(PATIENCE):
                while not any(each.flow.write_paused for each in service.server.server_state.connections):  # type: ignore[union-attr]  # ours has one
                    await asyncio.sleep(0)
            assert service.hits.answered + len(service.asked) < requests
            unread, answers = b"", 0
            while answers < requests:
                piece = await asyncio.wait_for(loop.sock_recv(client, 1 << 16), PATIENCE)
                assert piece
                *whole, unread = (unread + piece).split(b"HTTP/1.1 200 OK\r\n")
                answers += len(whole)
            await sending
        assert service.hits.answered + len(service.asked) == requests


async def test_every_answer_is_counted_once(start: Start) -> None:
    """After a number of hits and others the service has counted exactly as many, and so has the server."""
    async with asking(start) as service, service.connected() as (reader, writer):
        before = service.server.server_state.total_requests
        for number in range(30):
            writer.write(service.request(target=path_of(REFS[0]) if number % 3 else "/nothing-here"))
            await response(reader)
        text = service.world.running.app.service.metrics.exposition().decode()
        counted = dict(
            re.findall(
                r'^keeptrusts_bff_http_requests_total\{method="GET",route="(\S+)",status="(?:200|404)"\} (\S+)',
                text,
                re.MULTILINE,
            )
        )
        assert float(counted[UNMATCHED]) == 10
        # The one before the first connection made the answer.
        assert max(map(float, counted.values())) == 21
        assert service.server.server_state.total_requests - before == 30
        assert service.hits.answered == 20


async def test_while_draining_each_answer_ends_its_connection(start: Start) -> None:
    """Once the service is about to stop, a hit says `connection: close` once, and its connection ends."""
    async with asking(start) as service, service.connected() as (reader, writer):
        writer.write(service.request())
        assert b"connection: close" not in (await response(reader))[0]
        service.server.part()
        writer.write(service.request())
        assert (await rest(reader)).count(b"\r\nconnection: close\r\n") == 1


async def test_a_connection_ends_some_time_after_its_last_hit(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection is kept for its time after the last answer, however long ago its first was, and then closed."""
    async with asking(start) as service:
        service.server.config.timeout_keep_alive = BRIEF  # type: ignore[assignment]  # uvicorn says whole seconds
        monkeypatch.setattr(BoundedHeads, "head_seconds", PATIENCE)
        async with service.connected() as (reader, writer):
            loop = asyncio.get_running_loop()
            first = last = loop.time()
            while last - first < 2 * BRIEF:
                writer.write(service.request())
                await response(reader)
                last = loop.time()
            assert await rest(reader) == b""
            assert loop.time() - last >= BRIEF - 0.02
