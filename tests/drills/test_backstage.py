"""Drills with Backstage: who may see what is decided there, so without it no user sees more than Backstage allowed a moment ago."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable

import pytest

from bff.backstage import catalog, jwks
from bff.upstream import Limits
from tests.backstage.stub import Key
from tests.drills.conftest import Figure
from tests.drills.stage import BOT, LIMITS, SLACK, Asked, Stage, numbers, stage
from tests.harness.faults import HEALTHY, BlackHole, Fault, Reply, Reset, Slow

FAULTS: dict[str, Callable[[], Fault]] = {
    "black hole": BlackHole,
    "resetting": Reset,
    "503": lambda: Reply(503, b"{}"),
    "endless": lambda: Reply(body=b'{"items":"' + b"x" * 1_000_000, repeat=None),
}
KEYS = "/portal/api/auth/.well-known/jwks.json"
WITHIN = 15.0
"""Seconds in which what is bound to happen has happened, on a machine with other things to do."""

OTHER = BOT.replace("customer-support-bot", "somebody-elses-bot")

each_fault = pytest.mark.parametrize("name", FAULTS)


@pytest.fixture(autouse=True)
def short_memories(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered for seconds in production is remembered for tenths here."""
    monkeypatch.setattr(catalog, "REMEMBERED_FOR", 0.3)
    monkeypatch.setattr(jwks, "FAILURE_PAUSE", 0.3)
    monkeypatch.setattr(jwks, "UNKNOWN_PAUSE", 0.3)


@each_fault
async def test_without_the_catalog_nobody_is_shown_what_was_not_just_decided(name: str, figure: Figure) -> None:
    """Once a decision has expired the answer is a problem, in time, shown in `/health` and in a metric, and then it is over."""
    async with stage(callers=True) as running:
        assert running.backstage
        good = numbers(await _well(running))
        running.backstage.fault = FAULTS[name]()
        await running.until_asked(_no_catalog, within=5)
        asked = await running.ask_for(1.0, at_once=3)
        asked.append(await running.ask(OTHER))
        assert all(_no_catalog(one) for one in asked)
        await _told(running, "entities")
        running.backstage.fault = HEALTHY
        seconds = await running.until_asked(_ok, within=5)
        assert numbers(await running.ask()) == good
        assert (await running.health())["backstage:calls"]["status"] == "pass"
        figure(f"{len(asked)} answers, slowest {_slowest(asked)}; over after {seconds:.1f} s")


@each_fault
async def test_without_keys_from_the_start_nobody_is_let_in(name: str, figure: Figure) -> None:
    """While no key was ever read callers get a 503 and not a 401, since nothing is said against them, and then it is over."""
    async with stage(callers=True, backstage_fault=FAULTS[name]()) as running:
        assert running.backstage
        asked = await running.ask_for(1.0, at_once=3)
        assert {(one.status, _type(one)) for one in asked} == {(503, "identity-unavailable")}
        await _told(running, "user-keys")
        await running.until_asked(lambda asked: asked.status == 200, "/readyz", within=WITHIN)
        running.backstage.fault = HEALTHY
        seconds = await running.until_asked(_ok, within=5)
        figure(f"{len(asked)} answers, slowest {_slowest(asked)}; over after {seconds:.1f} s")


async def test_keys_that_were_read_go_on_being_used(figure: Figure, monkeypatch: pytest.MonkeyPatch) -> None:
    """When only the keys cannot be read any more, callers with known keys see no difference; monitoring does."""
    monkeypatch.setattr(jwks, "REFRESH_AFTER", 0.2)
    async with stage(callers=True) as running:
        good = numbers(await _well(running))
        running.plugins.lost.add(KEYS)
        asked = []
        until = time.monotonic() + WITHIN
        while (await running.health())["backstage:calls"]["status"] == "pass" or len(asked) < 50:
            assert time.monotonic() < until, "the keys were not read again"
            # A new token each time: a known one is not verified again.
            running.headers["authorization"] = f"Bearer {running.stub.user_token(n=len(asked))}"
            asked.append(await running.ask())
            # Requests of this process need no socket, and would leave the loop no turn for anything else.
            await asyncio.sleep(0.005)
        assert all(numbers(one) == good for one in asked)
        await _told(running, "user-keys")
        running.plugins.lost.clear()
        await running.until_asked(_ok, within=5)
        figure(f"{len(asked)} callers with new tokens let in, slowest {_slowest(asked)}")


async def test_a_new_key_is_found_when_it_is_first_met(figure: Figure) -> None:
    """After Backstage has made new keys a token of theirs is accepted at once, and one of the old key is in time refused."""
    async with stage(callers=True) as running:
        await _well(running)
        running.stub.auth_key = Key("auth-2")
        running.headers["authorization"] = f"Bearer {running.stub.user_token(n=1)}"
        before = running.stub.calls[KEYS.removeprefix("/portal")]
        asked = await running.ask()
        assert asked.status == 200, asked
        reads = running.stub.calls[KEYS.removeprefix("/portal")] - before
        assert reads == 1
        figure(f"first token of the new key answered after {asked.seconds * 1000:.0f} ms and {reads} read of the keys")


async def test_invented_keys_cost_backstage_next_to_nothing(figure: Figure) -> None:
    """However many tokens name keys that there are not, the keys are read once a pause."""
    async with stage(callers=True) as running:
        await _well(running)
        before, began = running.stub.calls[KEYS.removeprefix("/portal")], time.monotonic()
        stranger = Key("stranger")
        for number in range(200):
            stranger.kid = f"invented-{number}"
            token = stranger.sign("vnd.backstage.user", running.stub.claims())
            running.headers["authorization"] = f"Bearer {token}"
            assert (await running.ask()).status == 401
        reads = running.stub.calls[KEYS.removeprefix("/portal")] - before
        assert reads <= 1 + (time.monotonic() - began) / jwks.UNKNOWN_PAUSE
        figure(f"200 invented keys made {reads} reads")


async def _well(running: Stage) -> Asked:
    await running.until_asked(_ok, within=5)
    return await running.ask()


async def _told(running: Stage, operation: str) -> None:
    health = await running.health()
    assert health["backstage:calls"]["status"] == "warn"
    assert operation in health["backstage:calls"]["output"]
    failures = [
        await running.metric("upstream_attempts_total", system="backstage", operation=operation, outcome=outcome)
        for outcome in ("unavailable", "timeout", "contract", "refused")
    ]
    assert sum(failures) > 0


async def test_one_callers_batches_leave_the_others_their_cards(figure: Figure) -> None:
    """While one caller sends 25 batches of 1,000 invented names at a slow Backstage, every card of another is answered in time."""
    # With the drills' short deadlines a busy machine is as slow as a starved caller.
    async with stage(callers=True, limits=Limits(deadline=2.0, attempt=1.0, connect=1.0)) as running:
        assert running.backstage
        await _well(running)
        running.backstage.fault = Slow(0.1)
        busy = {"authorization": f"Bearer {running.stub.user_token('user:default/busy')}"}
        flood = [
            asyncio.ensure_future(
                running.client.post(
                    "/v1/governance/by-refs",
                    json={"entityRefs": [f"component:n{batch}/c{number}" for number in range(1_000)]},
                    headers=busy,
                )
            )
            for batch in range(25)
        ]
        asked = []
        while not all(batch.done() for batch in flood) or len(asked) < 3:
            asked.append(await running.ask())
        assert {one.status for one in asked} == {200}
        statuses = Counter(reply.status_code for reply in await asyncio.gather(*flood))
        assert statuses[429] >= 20
        figure(f"{len(asked)} cards, slowest {_slowest(asked)}; batches by status: {dict(statuses)}")


def _ok(asked: Asked) -> bool:
    return asked.status == 200 and asked.document["state"] == "ok"


def _no_catalog(asked: Asked) -> bool:
    return asked.status in {502, 503} and _type(asked) in {"catalog-unavailable", "catalog-contract"}


def _type(asked: Asked) -> str:
    return str(asked.document["type"]).rpartition(":")[2]


def _slowest(asked: list[Asked]) -> str:
    slowest = max(one.seconds for one in asked)
    assert all(one.status for one in asked), "a request did not end"
    assert slowest < LIMITS.deadline + SLACK
    return f"{slowest * 1000:.0f} ms"
