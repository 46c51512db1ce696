"""The trickle of requests."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from bff.cli.demo import completing
from bff.keeptrusts.client import KEEPTRUSTS
from bff.sandbox.accounts import State
from bff.sandbox.faults import Faults, Rule
from bff.sandbox.scenario import TEAMS, Scenario, seed_scenario
from bff.sandbox.traffic import PAUSE, trickle
from bff.upstream import Upstream


class Naps:
    """Sleep that takes no time and ends the traffic after so many naps."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)
        if len(self.taken) == self.most:
            raise asyncio.CancelledError
        await asyncio.sleep(0)


@pytest.fixture
def scenario(state: State, clock: Any) -> Scenario:
    return seed_scenario(state, now=clock.now, timezone=ZoneInfo("UTC"))


async def run(client: httpx.AsyncClient, scenario: Scenario, requests: int) -> Naps:
    naps = Naps(requests)
    gateway = Upstream("http://gateway.sandbox", KEEPTRUSTS, system="gateway", transport=client._transport)
    with pytest.raises(asyncio.CancelledError):
        await trickle(completing(gateway), scenario, rng=Random(1), sleep=naps)
    return naps


async def test_traffic_goes_on_until_it_is_cancelled(
    gateway: httpx.AsyncClient, state: State, scenario: Scenario, clock: Any
) -> None:
    """Requests of every verdict arrive, most of them with the guide's key, about one a pause."""
    before = len(state.decisions)
    clock.advance(seconds=1)
    naps = await run(gateway, scenario, 300)
    made = [decision for decision in state.decisions if decision.timestamp == clock.now]
    assert len(made) == len(state.decisions) - before == 300
    assert {decision.verdict for decision in made} == {"allow", "block", "redact", "escalate"}
    guide = next(key.id for key in state.keys if key.name == "support-team-gw-key")
    assert 80 < sum(decision.token_id == guide for decision in made) < 160
    assert sum(naps.taken) / 300 == pytest.approx(PAUSE, rel=0.1)


@pytest.mark.long
async def test_a_day_of_traffic_changes_no_state(
    gateway: httpx.AsyncClient, state: State, scenario: Scenario, clock: Any
) -> None:
    """A day of it costs under 4 % of any key's budget: what the scenario shows in the morning holds in the evening."""
    clock.advance(seconds=1)
    await run(gateway, scenario, 400)
    days = 400 * PAUSE / 86_400
    for plan in (key for team in TEAMS for key in team.keys):
        key_id = next(key.id for key in state.keys if key.name == plan.name)
        costs = [
            decision.event_cost_attribution.total_cost_usd
            for decision in state.decisions
            if decision.token_id == key_id and decision.timestamp == clock.now
        ]
        assert float(sum(costs)) / days < 0.04 * float(plan.budget), plan.name


async def test_a_silent_gateway_is_said_once_and_asked_again(
    gateway: httpx.AsyncClient, state: State, scenario: Scenario, faults: Faults, caplog: pytest.LogCaptureFixture
) -> None:
    """Broken connections neither end the traffic nor fill the log, and no key gets into it."""
    faults.put(Rule(kind="drop", times=5))
    await run(gateway, scenario, 7)
    assert state.calls["gateway"]["POST /v1/chat/completions"] == 7
    warnings = [record.getMessage() for record in caplog.records if record.name == "bff.sandbox.traffic"]
    assert warnings == ["The sandbox's gateway does not answer its traffic: no connection (ConnectionResetError)"]
    assert not any(secret in caplog.text for secret in scenario.keys.values())


async def test_refusals_do_not_end_the_traffic(
    gateway: httpx.AsyncClient, state: State, scenario: Scenario, faults: Faults
) -> None:
    """An error reply is an answer like any other."""
    faults.put(Rule(kind="status", code=503))
    await run(gateway, scenario, 5)
    assert state.calls["gateway"]["POST /v1/chat/completions"] == 5
