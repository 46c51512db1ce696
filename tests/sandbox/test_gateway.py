"""The gateway over HTTP: who gets in, what the policy does, and who pays."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from bff.keeptrusts import contract
from bff.sandbox.accounts import State
from bff.sandbox.records import Decision, Key

Ask = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
def key(state: State) -> tuple[Key, str]:
    """A key of a team that has ten dollars."""
    team = state.create_team("a-team")
    state.wallets.allocate(team, Decimal(10))
    return state.create_key("a-key", team.id, expires_at=state.clock() + timedelta(days=1))


@pytest.fixture
def ask(gateway: httpx.AsyncClient, key: tuple[Key, str]) -> Ask:
    """Send a prompt with the key."""

    async def send(prompt: Any = "Hello.", **members: Any) -> httpx.Response:
        body = {"model": "gpt-4o", "messages": [{"role": "user", "content": prompt}], **members}
        return await gateway.post(
            "/v1/chat/completions", json=body, headers={"authorization": f"Bearer {key[1]}", "x-request-id": "req-1"}
        )

    return send


def decisions(state: State) -> list[Decision]:
    return list(state.decisions)


async def test_a_completion_reserves_releases_and_settles(ask: Ask, state: State, key: tuple[Key, str]) -> None:
    """The three bookings name the request, the key and the model, and the settle is exactly what the tokens cost."""
    usage = (await ask("Hello.", max_tokens=20)).json()["usage"]
    account = state.wallets.of_team(key[0].team_id)
    assert account is not None
    reserve, release, settle = list(account.book)[1:]
    assert [booking.type for booking in (reserve, release, settle)] == ["reserve", "release", "settle"]
    assert reserve.amount == -release.amount < 0
    assert settle.amount == -(usage["prompt_tokens"] * Decimal("2.5") + usage["completion_tokens"] * 10) / 1_000_000
    assert {(b.request_id, b.token_id, b.model, b.provider) for b in (reserve, release, settle)} == {
        ("req-1", key[0].id, "gpt-4o", "openai")
    }
    assert account.balance == 10 + settle.amount
    assert account.reserved == 0


async def test_the_answer_says_that_no_model_was_asked(ask: Ask) -> None:
    """The same prompt gives the same words, and they name the stand-in."""
    first, second = [(await ask()).json()["choices"][0]["message"]["content"] for _ in range(2)]
    assert first == second
    assert "sandbox: no model was asked" in first


async def test_a_completion_is_logged_with_its_cost(ask: Ask, state: State, key: tuple[Key, str]) -> None:
    """The event names the booking that paid."""
    await ask()
    (event,) = decisions(state)
    account = state.wallets.of_team(key[0].team_id)
    assert account is not None
    settle = list(account.book)[-1]
    assert (event.verdict, event.request_id, event.token_id) == ("allow", "req-1", key[0].id)
    assert event.event_cost_attribution.total_cost_usd == -settle.amount
    assert event.event_cost_attribution.source_spend_log_id == settle.id


async def test_using_a_key_is_remembered(ask: Ask, state: State, key: tuple[Key, str]) -> None:
    """`last_used_at` is when the key was used last."""
    await ask()
    assert state.key(key[0].id).last_used_at == state.clock()


@pytest.mark.parametrize(
    ("prompt", "code", "verdict"),
    [("Please BLOCK me.", "input_blocked", "block"), ("Now escalate me!", "escalation_required", "escalate")],
)
async def test_the_policy_stops_a_request(ask: Ask, state: State, prompt: str, code: str, verdict: str) -> None:
    """409 with the policy's name; it is logged and costs nothing."""
    reply = await ask(prompt)
    body = reply.json()["error"]
    assert (reply.status_code, body["type"], body["code"]) == (409, "policy_violation", code)
    assert body["policy"]
    (event,) = decisions(state)
    assert (event.verdict, event.event_cost_attribution.total_cost_usd) == (verdict, 0)


async def test_the_policy_redacts_a_prompt(ask: Ask, state: State) -> None:
    """The request goes on and is paid for, and the log says that something was taken out."""
    reply = await ask([{"type": "text", "text": "redact me"}])
    assert "[REDACTED]" in reply.json()["choices"][0]["message"]["content"]
    (event,) = decisions(state)
    assert event.verdict == "redact"
    assert event.event_cost_attribution.total_cost_usd


async def test_empty_wallets_hold_the_request(ask: Ask, state: State, key: tuple[Key, str]) -> None:
    """402 with a cost ticket, an event, and not a cent moved."""
    team = state.team(key[0].team_id)
    state.wallets.reclaim(team, Decimal(10))
    state.wallets.allocate(state.create_team("b-team"), Decimal(10))
    reply = await ask()
    body = reply.json()["error"]
    assert (reply.status_code, body["code"]) == (402, "budget_exceeded")
    assert body["cost_ticket"].startswith("tkt_")
    (event,) = decisions(state)
    assert (event.verdict, event.reason_code) == ("escalate", "budget_exceeded")
    assert [account.balance for account in state.wallets.all] == [0, 0, 10]


async def test_the_organisation_pays_for_a_team_that_cannot(ask: Ask, state: State, key: tuple[Key, str]) -> None:
    """The first wallet with enough pays, not only the first wallet."""
    state.wallets.reclaim(state.team(key[0].team_id), Decimal(10))
    assert (await ask()).status_code == 200
    assert state.wallets.organization.total_spent > 0


@pytest.mark.parametrize("end", ["revoke", "expire", "unknown", "missing"])
async def test_a_key_that_does_not_work_is_refused(
    gateway: httpx.AsyncClient, state: State, clock: Any, key: tuple[Key, str], end: str
) -> None:
    """401 says whether it is revoked, expired or no key at all; nothing is logged."""
    if end == "revoke":
        state.revoke_key(key[0].id)
    elif end == "expire":
        clock.advance(days=1)
    headers = {
        "revoke": f"Bearer {key[1]}",
        "expire": f"Bearer {key[1]}",
        "unknown": "Bearer kt_gk_unknown",
        "missing": "",
    }
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello."}]}
    reply = await gateway.post("/v1/chat/completions", json=body, headers={"authorization": headers[end]})
    expected = {"revoke": "key_revoked", "expire": "key_expired"}.get(end, "invalid_key")
    assert (reply.status_code, reply.json()["error"]["code"]) == (401, expected)
    assert key[1] not in reply.text
    assert not decisions(state)


@pytest.mark.parametrize(
    "members",
    [
        {"model": "gpt-0"},
        {"messages": []},
        {"messages": "Hello."},
        {"max_tokens": 0},
        {"max_tokens": 10**9},
        {"stream": True},
        {"model": None},
    ],
)
async def test_a_request_that_is_none_is_refused(ask: Ask, state: State, members: dict[str, object]) -> None:
    """422, and neither booked nor logged."""
    reply = await ask(**members)
    assert (reply.status_code, reply.json()["error"]["type"]) == (422, "validation_error")
    assert not decisions(state)


async def test_events_are_listed_by_the_control_plane(ask: Ask, admin: httpx.AsyncClient, state: State) -> None:
    """What the gateway logs is of the contract, and can be had for one team."""
    await ask()
    await ask("block me")
    reply = await admin.get("/v1/events", params={"team_id": state.teams[0].id})
    listed = json.loads(reply.content, parse_float=Decimal)
    events = [contract.EventRecord.model_validate(event) for event in listed["events"]]
    assert [event.verdict for event in events] == ["block", "allow"]
    assert (await admin.get("/v1/events?team_id=team_other")).json()["events"] == []


async def test_health_is_of_the_contract(ask: Ask, gateway: httpx.AsyncClient, clock: Any) -> None:
    """The report names the stand-in, its uptime and what it has done."""
    await ask()
    clock.advance(seconds=90)
    health = contract.GatewayHealthReply.model_validate((await gateway.get("/health")).json())
    assert (health.status, health.uptime_seconds, health.requests_processed) == ("healthy", 90, 1)
    assert "stand-in" in (health.version or "")
    assert set(health.providers.values()) == {"reachable"}


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_the_gateway_has_probes(gateway: httpx.AsyncClient, path: str) -> None:
    """Up means up: there are no policies to wait for."""
    assert (await gateway.get(path)).status_code == 200


async def test_metrics_count_requests(ask: Ask, gateway: httpx.AsyncClient) -> None:
    """One line that Prometheus can read."""
    await ask()
    assert "\nkeeptrusts_sandbox_requests_total 1\n" in (await gateway.get("/metrics")).text
