"""Hits are answered the short way exactly as the long way answers them, and only where that would not wait either."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from itertools import product
from random import Random
from typing import Any

import httpx
import orjson
import pytest
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from bff.backstage.catalog import REMEMBERED_FOR as DECIDED_FOR
from bff.backstage.groups import FRESH_FOR, MEMBER_FOR
from bff.sandbox.faults import Rule
from bff.status.leader import LEAST_SECONDS_BETWEEN_LISTS
from tests.backstage.stub import SERVICE_TOKEN, URL, StubBackstage
from tests.conftest import NOON, Running, Start

KEYS = ("support-team-gw-key", "search-team-gw-key", "finance-team-gw-key", "no-such-key")
GROUPS = ("support-team", "search-team", "finance-team", "platform-team")
TIERS = ("tier-1-exploration", "tier-2-internal", "tier-3-customer-facing")
USERS = tuple(f"user:default/u{number}" for number in range(4))
REFS = tuple(f"component:default/c{number}" for number in range(4))
REQUEST_ID = b"chosen-by-the-test"
STALE_LIMIT = 75.3

COMPARISONS_EACH = 1_500
"""What each seed has compared at the least; four of them are more than five thousand."""

MOST_STEPS = 4_000


class WaitsError(AssertionError):
    """The long way waits for something: there is no answer from memory."""


def path_of(ref: str) -> str:
    """The path of an entity's status."""
    kind, _, rest = ref.partition(":")
    return f"/v1/entities/{kind}/{rest}/governance"


def at_once(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run to the end what does not wait, with no turn of the event loop in between. Raises `WaitsError`."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise WaitsError("the long way waits")


class Both:
    """One service with callers, asked both ways; time and everything outside are the test's."""

    def __init__(self, running: Running, stub: StubBackstage) -> None:
        assert running.app.short is not None
        self.running = running
        self.stub = stub
        self._short = running.app.short
        self.tokens = {user: self.sign_in(user) for user in USERS}

    def sign_in(self, user: str, *, lasts: int = 3600) -> str:
        """A token of the user's own that lasts so many seconds."""
        now = int(self.stub.clock.now)
        # Two tokens of one second are alike but for this.
        serial = len(self.stub.requests)
        return self.stub.user_token(user, exp=now + lasts, nbf=now - (serial % 1000) - 1)

    def headers(self, user: str, **more: str) -> dict[bytes, bytes]:
        """What a request of the user carries."""
        given = {"authorization": f"Bearer {self.tokens[user]}", "x-request-id": REQUEST_ID.decode(), **more}
        return {name.replace("_", "-").encode(): value.encode() for name, value in given.items()}

    def short(self, ref: str, headers: dict[bytes, bytes]) -> bytes | None:
        """The response of the short way as bytes, None where it gives none."""
        written: list[bytes] = []
        answered = self._short(path_of(ref).encode(), headers, b"", written.append, b"\r\n")
        assert len(written) == answered, "one write an answer, and none without"
        return written[0] if answered else None

    def long(self, ref: str, headers: dict[bytes, bytes]) -> bytes:
        """The response of the long way at this instant. Raises `WaitsError`."""
        messages: list[Any] = []

        async def send(message: Any) -> None:
            messages.append(message)

        async def receive() -> Any:
            raise AssertionError("a GET has no body")

        path = path_of(ref)
        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": list(headers.items()),
        }
        at_once(self.running.app.asgi(scope, receive, send))
        start, body = messages
        lines = [b"%b: %b\r\n" % header for header in start["headers"]]
        return b"".join([STATUS_LINE[start["status"]], *lines, b"\r\n", body["body"]])

    async def warm(self, user: str, ref: str) -> httpx.Response:
        """One request by the long way, which may wait."""
        headers = {name.decode(): value.decode() for name, value in self.headers(user).items()}
        return await self.running.client.get(path_of(ref), headers=headers)

    async def insist(self, user: str, ref: str) -> None:
        """One request by the long way for which the facts are read again."""
        headers = self.headers(user, cache_control="no-cache")
        await self.running.client.get(path_of(ref), headers={k.decode(): v.decode() for k, v in headers.items()})

    def compared(self, user: str, ref: str, **more: str) -> bool:
        """Whether the short way answers; then it answers what the long way does at the same instant."""
        headers = self.headers(user, **more)
        short = self.short(ref, headers)
        if short is None:
            return False
        assert short == self.long(ref, headers)
        tag = short.partition(b"etag: ")[2].partition(b"\r\n")[0]
        conditional = headers | {b"if-none-match": tag}
        unchanged = self.short(ref, conditional)
        assert unchanged is not None
        assert unchanged.startswith(b"HTTP/1.1 304 ")
        assert unchanged == self.long(ref, conditional)
        return True

    def pass_(self, seconds: float) -> None:
        """Let time pass, everywhere."""
        self.running.time.pass_(seconds)
        self.stub.clock.now = NOON.timestamp() + self.running.time.passed

    async def settle(self) -> None:
        """Let what runs in the background come to its end."""
        background = self.running.app.service.cache._background
        while background:
            await asyncio.wait(background)


@asynccontextmanager
async def both(start: Start, **settings: Any) -> AsyncIterator[Both]:
    """A service with a few callers, entities and groups."""
    stub = StubBackstage()
    stub.clock.now = NOON.timestamp()
    for group in GROUPS:
        stub.add(f"group:default/{group}")
    for number, ref in enumerate(REFS):
        describe(stub, ref, Random(number))
    for number, user in enumerate(USERS):
        stub.join(f"group:default/{GROUPS[number]}", user=user)
    defaults: dict[str, Any] = {
        "backstage": httpx.MockTransport(stub._answer),
        "bff_auth": "backstage",
        "bff_catalog": "backstage",
        "backstage_url": URL,
        "backstage_token": SERVICE_TOKEN,
        "bff_platform_groups": "platform-team",
        "bff_stale_limit_seconds": STALE_LIMIT,
    }
    async with start(**(defaults | settings)) as running:
        yield Both(running, stub)


def describe(stub: StubBackstage, ref: str, random: Random) -> None:
    """Let an entity claim something, and belong to somebody, at random."""
    owner = random.choice([*GROUPS, "no-such-group", None])
    stub.add(ref, owner=owner, gateway_key_name=random.choice(KEYS), policy_tier=random.choice(TIERS))


Step = Callable[[Both, Random], object]


def hide(world: Both, random: Random) -> None:
    """Deny an entity to a user, or permit it again."""
    world.stub.hidden ^= {(random.choice(USERS), random.choice(REFS))}


def rewrite_entity(world: Both, random: Random) -> None:
    """Change what an entity claims and who owns it."""
    describe(world.stub, random.choice(REFS), random)


def rewrite_group(world: Both, random: Random) -> None:
    """Change which team a group names, or remove the group."""
    ref = f"group:default/{random.choice(GROUPS)}"
    if random.random() < 0.2:
        world.stub.documents.pop(ref, None)
    else:
        world.stub.add(ref, **({"team": random.choice(GROUPS)} if random.random() < 0.7 else {}))


def move_person(world: Both, random: Random) -> None:
    """Put a user in other groups."""
    groups = random.sample(GROUPS, random.randrange(3))
    world.stub.join(*(f"group:default/{group}" for group in groups), user=random.choice(USERS))


def renew_token(world: Both, random: Random) -> None:
    """Let a user sign in again, for a short time or a long one."""
    user = random.choice(USERS)
    world.tokens[user] = world.sign_in(user, lasts=random.choice([7, 40, 3600]))


def break_backstage(world: Both, random: Random) -> None:
    """Let Backstage be away, or there again."""
    world.stub.reply = httpx.Response(503) if world.stub.reply is None and random.random() < 0.5 else None


def break_keeptrusts(world: Both, random: Random) -> None:
    """Let Keeptrusts be away, or there again."""
    away = not world.running.faults.rules and random.random() < 0.5
    world.running.break_upstream(*([Rule(kind="status", code=503)] if away else []))


def expire(world: Both, random: Random) -> None:
    """Something was changed upstream."""
    del random
    world.running.app.service.cache.expire()


def wait_a_little(world: Both, random: Random) -> None:
    """Let time pass: within a second, whole seconds, or to the very end of something."""
    world.pass_(random.choice([random.random(), 1.0, random.random() * 9, LEAST_SECONDS_BETWEEN_LISTS]))


def wait_long(world: Both, random: Random) -> None:
    """Let time pass up to where something ends."""
    world.pass_(random.choice([DECIDED_FOR, MEMBER_FOR, FRESH_FOR, STALE_LIMIT, 300.0, random.random() * 90]))


STEPS: dict[Step, int] = {
    wait_a_little: 12,
    wait_long: 1,
    hide: 2,
    rewrite_entity: 2,
    rewrite_group: 2,
    move_person: 2,
    renew_token: 3,
    break_backstage: 1,
    break_keeptrusts: 1,
    expire: 1,
}


@pytest.mark.long
@pytest.mark.parametrize("seed", range(4))
async def test_both_ways_answer_alike(start: Start, seed: int) -> None:
    """Whatever changes and whenever it ends, a response of the short way is the long way's of that instant, byte by byte."""
    random = Random(seed)
    pairs = list(product(USERS, REFS))
    compared = steps = 0
    # Ages and the time to the next reading are never whole seconds together.
    async with both(start, bff_refresh_seconds=29.6) as world:
        while compared < COMPARISONS_EACH and steps < MOST_STEPS:
            steps += 1
            random.choices(list(STEPS), list(STEPS.values()))[0](world, random)
            compared += sum(world.compared(*pair) for pair in pairs)
            await world.settle()
            if random.random() < 0.1:
                await world.insist(*random.choice(pairs))
            compared += sum(world.compared(*pair) for pair in random.sample(pairs, 4))
            for pair in random.sample(pairs, 3):
                await world.warm(*pair)
                compared += world.compared(*pair)
        assert compared >= COMPARISONS_EACH, f"{compared} comparisons in {steps} steps"


async def test_what_the_long_way_has_answered_is_a_hit(start: Start) -> None:
    """Once each caller has an entity's status, the short way has it too."""
    async with both(start) as world:
        for pair in product(USERS, REFS):
            assert (await world.warm(*pair)).status_code == 200
            assert world.compared(*pair)


async def test_a_token_ends_to_the_second(start: Start) -> None:
    """A token is good up to its end, and not at its end."""
    async with both(start) as world:
        world.tokens[USERS[0]] = world.sign_in(USERS[0], lasts=10)
        await world.warm(USERS[0], REFS[0])
        world.pass_(9.999)
        assert world.compared(USERS[0], REFS[0])
        world.pass_(0.001)
        assert not world.compared(USERS[0], REFS[0])
        assert (await world.warm(USERS[0], REFS[0])).status_code == 401


@pytest.mark.parametrize(
    "more",
    [
        {"cache_control": "no-cache"},
        {"cache_control": "max-age=0, No-Cache"},
        {"traceparent": "00-00000000000000000000000000000000-0000000000000001-01"},
        {"traceparent": "nonsense"},
    ],
    ids=["no-cache", "no-cache-among-others", "no-trace", "malformed-trace"],
)
async def test_what_needs_more_than_memory_goes_the_long_way(start: Start, more: dict[str, str]) -> None:
    """A caller who insists on facts that are read again, or names a trace in another form, is not answered the short way."""
    async with both(start) as world:
        await world.warm(USERS[0], REFS[0])
        assert world.short(REFS[0], world.headers(USERS[0])) is not None
        assert world.short(REFS[0], world.headers(USERS[0], **more)) is None


@pytest.mark.parametrize("target", ["?", "?x=1", "/", "%20", "#x"])
async def test_other_targets_go_the_long_way(start: Start, target: str) -> None:
    """A path that is written otherwise is not answered the short way, whatever it may mean."""
    async with both(start) as world:
        await world.warm(USERS[0], REFS[0])
        assert world.short(REFS[0], world.headers(USERS[0])) is not None
        written: list[bytes] = []
        path = f"{path_of(REFS[0])}{target}".encode()
        assert not world.running.app.short(path, world.headers(USERS[0]), b"", written.append, b"\r\n")  # type: ignore[misc]  # checked above
        assert written == []


@pytest.mark.parametrize("expired", [False, True])
async def test_a_hit_starts_the_reading_that_is_due(start: Start, expired: bool) -> None:
    """Where only the short way is asked, facts are read again when they are due; after a change upstream at once, in mid-second too."""
    async with both(start, bff_refresh_seconds=20) as world:
        await world.warm(USERS[0], REFS[0])
        cache = world.running.app.service.cache
        before = cache.snapshot
        if expired:
            world.pass_(LEAST_SECONDS_BETWEEN_LISTS + 0.2)
            assert world.short(REFS[0], world.headers(USERS[0])) is not None
            cache.expire()
            world.pass_(0.1)
        else:
            world.pass_(20)
        assert world.short(REFS[0], world.headers(USERS[0])) is not None
        await world.settle()
        assert cache.snapshot is not before


async def test_a_hit_starts_the_next_reading_after_one_that_failed(start: Start) -> None:
    """Soon after a failed reading the next one is due, within a second of age and not at its end; a hit starts it."""
    async with both(start, bff_refresh_seconds=29.6) as world:
        await world.warm(USERS[0], REFS[0])
        world.running.break_upstream(Rule(kind="status", code=503))
        world.pass_(29.6)
        await world.warm(USERS[0], REFS[0])
        await world.settle()
        failed = world.running.app.service.cache.snapshot
        assert failed is not None
        assert failed.stale
        world.running.break_upstream()
        world.pass_(failed.tried_at + LEAST_SECONDS_BETWEEN_LISTS - 0.2 - world.running.time.monotonic())
        await world.warm(USERS[0], REFS[0])
        world.pass_(0.1)
        assert world.short(REFS[0], world.headers(USERS[0])) is not None
        world.pass_(0.1)
        assert world.short(REFS[0], world.headers(USERS[0])) is not None
        await world.settle()
        assert world.running.app.service.cache.snapshot is not failed


async def test_facts_end_at_their_limit(start: Start) -> None:
    """Facts of which no reading succeeds are given up to their limit, and not at it, though no second of age ends there."""
    async with both(start) as world:
        await world.warm(USERS[0], REFS[0])
        world.running.break_upstream(Rule(kind="status", code=503))
        world.pass_(70)
        await world.warm(USERS[0], REFS[0])
        await world.settle()
        world.pass_(world.running.app.service.cache.stale_seconds_left() - 0.1)
        assert world.compared(USERS[0], REFS[0])
        world.pass_(0.1)
        assert not world.compared(USERS[0], REFS[0])
        assert (await world.warm(USERS[0], REFS[0])).status_code == 503


@pytest.mark.parametrize("changed", ["entity", "group"])
async def test_an_answer_ends_with_what_it_was_made_of(start: Start, changed: str) -> None:
    """With the same facts, an entity or a group that says something else gives another answer once it is read again."""
    async with both(start, bff_refresh_seconds=3600, bff_stale_limit_seconds=3600) as world:
        world.stub.add(REFS[0], owner=GROUPS[0], gateway_key_name=KEYS[0])
        await world.warm(USERS[0], REFS[0])
        before = world.short(REFS[0], world.headers(USERS[0]))
        assert before is not None
        if changed == "entity":
            world.stub.add(REFS[0], owner=GROUPS[0], gateway_key_name=KEYS[1])
            # The group is the same object then.
            world.pass_(DECIDED_FOR)
        else:
            world.stub.add(f"group:default/{GROUPS[0]}", team=GROUPS[1])
            world.pass_(FRESH_FOR)
        await world.warm(USERS[0], REFS[0])
        after = world.short(REFS[0], world.headers(USERS[0]))
        assert after is not None
        assert orjson.loads(after.partition(b"\r\n\r\n")[2]) != orjson.loads(before.partition(b"\r\n\r\n")[2])


async def test_hits_are_counted_and_logged_as_all_answers(start: Start) -> None:
    """A hit leaves the same line as an answer of the long way, but for its time, and the same counts."""
    async with both(start) as world:
        await world.warm(USERS[0], REFS[0])
        lines, metrics = world.running.lines, world.running.app.service.metrics
        trace = "0af7651916cd43dd8448eb211c80319c"
        headers = world.headers(USERS[0], traceparent=f"00-{trace}-b7ad6b7169203331-01")
        counts = []
        for ask in (world.long, world.short):
            before = _counts(metrics.exposition())
            ask(REFS[0], headers)
            after = _counts(metrics.exposition())
            counts.append(
                {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name)}
            )
        long, short = map(orjson.loads, lines[-2:])
        assert list(long) == list(short)
        for each in (long, short):
            del each["ms"], each["time"]
        assert long == short
        assert short["trace_id"] == trace
        assert counts[0] == counts[1]
        assert len(counts[0]) >= 3


def _counts(exposition: bytes) -> dict[str, float]:
    """Counters and the numbers of what was measured, by series; not times, which differ."""
    series = (line.rpartition(" ") for line in exposition.decode().splitlines() if line.startswith("keeptrusts_bff_"))
    return {name: float(value) for name, _, value in series if "_total" in name or "_count" in name}
