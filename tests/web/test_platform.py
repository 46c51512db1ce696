"""The platform's health, which tells whether it is us or Keeptrusts."""

from __future__ import annotations

import asyncio

import pytest

from bff.sandbox.faults import Rule
from tests.conftest import Running, Start


async def test_a_healthy_platform(running: Running) -> None:
    """The gateway's own account of itself and the control plane's readiness, with where to look further."""
    document = (await running.get("/v1/gateway")).json()
    assert document["state"] == "ok"
    assert document["gateway"]["state"] == "healthy"
    assert {provider["state"] for provider in document["gateway"]["providers"]} == {"reachable"}
    assert document["controlPlane"]["state"] == "ready"
    assert document["links"]["gateway"] == "http://gateway.internal:41002"


@pytest.mark.parametrize(
    ("rule", "state", "gateway", "control_plane"),
    [
        (Rule(kind="status", code=503, surface="gateway"), "error", "unreachable", "ready"),
        (Rule(kind="body", text="{}", surface="gateway"), "error", "unreachable", "ready"),
        (Rule(kind="status", code=503, surface="control-plane"), "warning", "healthy", "not-ready"),
        (Rule(kind="status", code=500, surface="control-plane"), "warning", "healthy", "unreachable"),
        (
            Rule(
                kind="body",
                text='{"status":"healthy","uptime_seconds":5,"providers":{"openai":"unreachable"}}',
                surface="gateway",
            ),
            "warning",
            "healthy",
            "ready",
        ),
        (
            Rule(kind="body", text='{"status":"unhealthy","uptime_seconds":5}', surface="gateway"),
            "error",
            "unhealthy",
            "ready",
        ),
    ],
)
async def test_trouble_is_an_answer(running: Running, rule: Rule, state: str, gateway: str, control_plane: str) -> None:
    """Whatever is wrong with either, the answer is 200 and says which of them it is."""
    running.break_upstream(rule)
    reply = await running.get("/v1/gateway")
    document = reply.json()
    assert (reply.status_code, document["state"]) == (200, state)
    assert (document["gateway"]["state"], document["controlPlane"]["state"]) == (gateway, control_plane)


async def test_no_address_of_a_gateway(start: Start) -> None:
    """Where no gateway is configured none is asked, and that is no fault."""
    async with start(keeptrusts_gateway_url=None) as running:
        document = (await running.get("/v1/gateway")).json()
        assert (document["state"], document["gateway"]["state"]) == ("ok", "unconfigured")


async def test_many_viewers_ask_once(running: Running) -> None:
    """However many look, both are asked once in a refresh interval, and the bytes hold in between."""
    replies = await asyncio.gather(*(running.get("/v1/gateway") for _ in range(50)))
    running.time.pass_(29)
    replies.append(await running.get("/v1/gateway"))
    assert running.upstream.paths == ["/readyz"]
    assert len({reply.headers["etag"] for reply in replies}) == 1
    running.time.pass_(1)
    later = await running.get("/v1/gateway")
    assert running.upstream.paths == ["/readyz"] * 2
    assert later.json()["gateway"]["since"] == replies[0].json()["gateway"]["since"]


async def test_the_answer_says_whether_it_was_asked_for_just_now(running: Running) -> None:
    """The first answer of a refresh interval is a miss that was stored, and the next ones are hits with the time that is left."""
    first = await running.get("/v1/gateway")
    running.time.pass_(12)
    second = await running.get("/v1/gateway")
    running.time.pass_(18)
    third = await running.get("/v1/gateway")
    assert [reply.headers["cache-status"] for reply in (first, second, third)] == [
        "keeptrusts-bff; fwd=miss; stored; ttl=30",
        "keeptrusts-bff; hit; ttl=18",
        "keeptrusts-bff; fwd=miss; stored; ttl=30",
    ]
