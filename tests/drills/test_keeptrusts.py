"""Drills with Keeptrusts: whatever its network does, every request ends, no number is wrong, and no operator has to repair anything."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.drills.conftest import Figure
from tests.drills.stage import LIMITS, LONGEST_WAIT, SLACK, Asked, Stage, numbers, stage
from tests.harness.faults import HEALTHY, BlackHole, HalfClose, Reply, Reset, Slow, SlowBody, Turns

MEGABYTE = b'{"data":"' + b"x" * (1024 * 1024 - 9)

FAULTS = {
    "slow, half of it past the timeout": lambda: Turns(Slow(LIMITS.attempt * 2), Slow(LIMITS.attempt / 4)),
    "flapping": lambda: Turns(Reset(), HEALTHY),
    "black hole": BlackHole,
    "resetting": Reset,
    "half-closing": HalfClose,
    "trickling": SlowBody,
    "429": lambda: Reply(429, b"{}", headers=(("retry-after", "1"),)),
    "bursts of 5xx": lambda: Turns(*[Reply(status) for status in (500, 502, 503, 504)], HEALTHY),
    "50 MB": lambda: Reply(body=MEGABYTE, repeat=50),
    "endless": lambda: Reply(body=MEGABYTE, repeat=None),
    "wrong types": lambda: Reply(body=b'{"data":[{"id":7,"name":null,"balance":"much","created_at":[]}]}'),
    "no JSON": lambda: Reply(body=b"<html>It works!</html>", headers=(("content-type", "text/html"),)),
}
"""Each as a network that a drill makes its own."""

PASSING = {"flapping", "slow, half of it past the timeout", "bursts of 5xx"}
"""Where retries may get through, an answer may be fresh."""

each_fault = pytest.mark.parametrize("name", FAULTS)


@each_fault
async def test_a_warm_service_shows_what_it_knew(name: str, figure: Figure) -> None:
    """During the fault every answer holds the last good numbers, `/health` and metrics tell of it, and then it is over."""
    async with stage() as running:
        good = numbers(await _well(running))
        attempts = await running.metric("upstream_attempts_total", system="keeptrusts", outcome="ok")
        running.keeptrusts.fault = FAULTS[name]()
        stale_after = 0.0 if name in PASSING else await running.until_asked(_stale, within=5)
        asked = await running.ask_for(1.5)
        _every_request_ended(asked)
        assert {one.status for one in asked} == {200}
        assert all(numbers(one) == good for one in asked)
        health = await running.health()
        failing = await _failing(running)
        assert failing > 0
        if name not in PASSING:
            assert health["keeptrusts:snapshot-age"]["status"] == "warn"
            assert health["keeptrusts:snapshot-age"]["output"]
            assert (await running.ask("/readyz")).status == 200
        running.keeptrusts.fault = HEALTHY
        seconds = await running.until_asked(_fresh, within=5)
        assert numbers(await running.ask()) == good
        assert await running.metric("upstream_attempts_total", system="keeptrusts", outcome="ok") > attempts
        figure(
            f"{len(asked)} answers, slowest {_slowest(asked) * 1000:.0f} ms; stale after {stale_after:.1f} s, over after {seconds:.1f} s; "
            f"{failing:.0f} failures counted"
        )


@each_fault
async def test_a_cold_service_says_that_it_has_nothing(name: str, figure: Figure) -> None:
    """With the fault there from the start requests end in time, with a problem that says when to come again, and then it is over."""
    async with stage(keeptrusts_fault=FAULTS[name]()) as running:
        asked = await running.ask_for(1.5)
        _every_request_ended(asked)
        if name in PASSING:
            assert {one.status for one in asked} <= {200, 503}
        else:
            assert all(_says_nothing(one) for one in asked), asked[-1]
            assert (await running.health())["keeptrusts:snapshot-age"]["status"] in {"warn", "fail"}
            assert (await running.ask("/livez")).status == 200
            # It stays in front of people, since the gateway's card says what is down.
            await running.until_asked(lambda asked: asked.status == 200, "/readyz", within=5)
            assert (await running.ask("/v1/gateway")).status == 200
        assert await _failing(running) > 0
        running.keeptrusts.fault = HEALTHY
        seconds = await running.until_asked(_fresh, within=5)
        figure(f"{len(asked)} answers, slowest {_slowest(asked) * 1000:.0f} ms; over after {seconds:.1f} s")


async def _well(running: Stage) -> Asked:
    await running.until_asked(_fresh, within=5)
    health = await running.health()
    assert health["keeptrusts:snapshot-age"]["status"] == "pass", health
    return await running.ask()


def _stale(asked: Asked) -> bool:
    return asked.status == 200 and asked.document["freshness"]["stale"]


def _fresh(asked: Asked) -> bool:
    return asked.status == 200 and not asked.document["freshness"]["stale"] and asked.document["state"] == "ok"


def _says_nothing(asked: Asked) -> bool:
    """A 503, or a card that shows no number and says that Keeptrusts cannot be understood."""
    if asked.status == 503:
        return bool(asked.document["type"] == "urn:keeptrusts-bff:upstream-unavailable")
    card = asked.document
    withheld = (card["team"], card["budget"], card["wallet"], card["activity"], card["gatewayKey"]["id"])
    return asked.status == 200 and card["state"] == "unknown" and withheld == (None,) * 5


def _every_request_ended(asked: Sequence[Asked]) -> None:
    assert asked
    assert all(asked.status for asked in asked), "a request did not end"
    assert _slowest(asked) < LONGEST_WAIT + SLACK


def _slowest(asked: Sequence[Asked]) -> float:
    return max(one.seconds for one in asked)


async def _failing(running: Stage) -> float:
    """What metrics tell of the fault: attempts that failed, and readings that brought not all."""
    attempts = [
        await running.metric("upstream_attempts_total", system="keeptrusts", outcome=outcome)
        for outcome in ("unavailable", "timeout", "contract", "refused")
    ]
    return sum(attempts) + sum(
        [await running.metric("refreshes_total", outcome=outcome) for outcome in ("partial", "failed")]
    )
