"""Faults on demand, and the count of requests."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import httpx
import pytest
from starlette.responses import PlainTextResponse

from bff.sandbox.edge import Edge
from bff.sandbox.faults import Faults, Rule

FAULTS = "/_sandbox/faults"


async def switch(admin: httpx.AsyncClient, *rules: dict[str, Any]) -> httpx.Response:
    return await admin.put(FAULTS, json=list(rules))


async def test_a_status_with_retry_after(admin: httpx.AsyncClient) -> None:
    """A fault of kind status answers in the documented envelope, as often as it was asked to."""
    await switch(admin, {"kind": "status", "code": 429, "retry_after": 7, "times": 2, "path": "/v1/teams"})
    replies = [await admin.get("/v1/teams") for _ in range(3)]
    assert [reply.status_code for reply in replies] == [429, 429, 200]
    assert replies[0].headers["retry-after"] == "7"
    assert replies[0].json()["error"]["type"] == "rate_limit"


async def test_a_fault_meets_only_what_it_names(admin: httpx.AsyncClient, gateway: httpx.AsyncClient) -> None:
    """Method, path and surface each narrow a rule down."""
    await switch(admin, {"kind": "status", "code": 503, "method": "GET", "path": "/v1/t", "surface": "control-plane"})
    assert (await admin.get("/v1/teams")).status_code == 503
    assert (await admin.get("/v1/tokens")).status_code == 503
    assert (await admin.get("/v1/wallets")).status_code == 200
    assert (await admin.post("/v1/teams", json={"name": "a-team"})).status_code == 201
    assert (await gateway.get("/v1/teams")).status_code == 404


async def test_the_gateway_has_faults_too(admin: httpx.AsyncClient, gateway: httpx.AsyncClient) -> None:
    """One switch serves both surfaces."""
    await switch(admin, {"kind": "status", "code": 503, "surface": "gateway", "path": "/readyz"})
    assert (await gateway.get("/readyz")).status_code == 503
    assert (await admin.get("/readyz")).status_code == 200


async def test_denied(admin: httpx.AsyncClient) -> None:
    """As if the token had lost its permission."""
    await switch(admin, {"kind": "denied"})
    assert (await admin.get("/v1/teams")).status_code == 403


async def test_another_body(admin: httpx.AsyncClient) -> None:
    """Text that is not of the contract, as a proxy in between would send it."""
    await switch(admin, {"kind": "body", "text": "<html>", "content_type": "text/html"})
    reply = await admin.get("/v1/teams")
    assert (reply.status_code, reply.text) == (200, "<html>")
    assert reply.headers["content-type"].startswith("text/html")


async def test_a_dropped_connection(admin: httpx.AsyncClient) -> None:
    """The client sees a broken connection, not a reply."""
    await switch(admin, {"kind": "drop", "times": 1})
    with pytest.raises(ConnectionResetError):
        await admin.get("/v1/teams")
    assert (await admin.get("/v1/teams")).status_code == 200


async def test_a_delay_comes_before_the_answer() -> None:
    """A delayed request waits as long as was asked for, then goes on to the next rule and the app."""
    faults, slept = Faults(), []

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(0)
        slept.append(seconds)

    app = Edge(PlainTextResponse("late"), surface="gateway", routes=[], faults=faults, calls=Counter(), sleep=sleep)
    faults.put(Rule(kind="delay", seconds=1.5), Rule(kind="delay", seconds=2), Rule(kind="denied", times=1))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        assert (await client.get("/")).status_code == 403
        assert (await client.get("/")).text == "late"
    assert slept == [1.5, 2, 1.5, 2]


async def test_the_switch_is_never_faulty(admin: httpx.AsyncClient) -> None:
    """Whatever was asked for can be taken back, and shows what is left of it."""
    await switch(admin, {"kind": "drop", "times": 5})
    assert (await admin.get(FAULTS)).json()[0]["times"] == 5
    assert (await admin.delete(FAULTS)).status_code == 204
    assert (await admin.get(FAULTS)).json() == []
    assert (await admin.get("/v1/teams")).status_code == 200


@pytest.mark.parametrize(
    "rules",
    [
        {"kind": "drop"},
        [{"kind": "explode"}],
        [{"kind": "status"}],
        [{"kind": "status", "code": 204}],
        [{"kind": "delay"}],
        [{"kind": "body"}],
        [{"kind": "delay", "seconds": 1e9}],
        [{"kind": "drop", "times": 0}],
        [{"kind": "drop", "path": "v1"}],
        [{"kind": "drop", "paht": "/v1"}],
        [{"kind": "body", "text": "", "content_type": "a\r\nb: c"}],
        [{"kind": "drop"}] * 101,
    ],
)
async def test_a_fault_that_cannot_be_is_refused(admin: httpx.AsyncClient, rules: object) -> None:
    """422, and the rules in force stay."""
    await switch(admin, {"kind": "denied", "path": "/v1/teams"})
    assert (await admin.put(FAULTS, json=rules)).status_code == 422
    assert (await admin.get("/v1/teams")).status_code == 403


async def test_a_web_page_cannot_switch_faults(admin: httpx.AsyncClient) -> None:
    """Only JSON is read, which a browser does not send elsewhere without asking."""
    reply = await admin.put(FAULTS, content=b'[{"kind": "drop"}]', headers={"content-type": "text/plain"})
    assert reply.status_code == 415


async def test_requests_are_counted_by_route(admin: httpx.AsyncClient, gateway: httpx.AsyncClient) -> None:
    """Per surface, by method and route; a faulty request counts, the switch itself does not."""
    await admin.get("/v1/teams")
    await switch(admin, {"kind": "status", "code": 500, "times": 1})
    await admin.get("/v1/teams?limit=1")
    await admin.get("/v1/wallets/wal_1/transactions")
    await admin.get("/v1/wallets/wal_2/transactions")
    await admin.get("/somewhere")
    await gateway.get("/health")
    assert (await admin.get("/_sandbox/requests")).json() == {
        "control-plane": {
            "GET /v1/teams": 2,
            "GET /v1/wallets/{wallet_id}/transactions": 2,
            "GET (no route)": 1,
        },
        "gateway": {"GET /health": 1},
    }
    await admin.delete("/_sandbox/requests")
    assert (await admin.get("/_sandbox/requests")).json() == {"control-plane": {}, "gateway": {}}
