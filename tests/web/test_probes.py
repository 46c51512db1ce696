"""What orchestrators and monitoring get."""

from __future__ import annotations

import pytest

from bff.sandbox.faults import Rule
from tests.conftest import BOT, Running


async def test_alive_is_about_this_process_alone(running: Running) -> None:
    """Liveness calls no system and says nothing of any."""
    running.break_upstream(Rule(kind="status", code=503))
    reply = await running.get("/livez")
    assert (reply.status_code, running.upstream.paths) == (200, [])


async def test_not_ready_before_the_first_reading_has_ended(running: Running) -> None:
    """A service that has read nothing yet is not ready, and says so; the first answer makes it ready."""
    reply = await running.get("/readyz")
    assert (reply.status_code, reply.json()["type"]) == (503, "urn:keeptrusts-bff:starting")
    await running.get(f"{BOT}/governance")
    assert (await running.get("/readyz")).status_code == 200


@pytest.mark.parametrize("fault", [Rule(kind="status", code=503), Rule(kind="denied")], ids=["down", "denied"])
async def test_ready_although_the_first_reading_failed(running: Running, fault: Rule) -> None:
    """Keeptrusts that is down, or that refuses this service, keeps no instance from being ready."""
    running.break_upstream(fault)
    await running.get(f"{BOT}/governance")
    assert (await running.get("/readyz")).status_code == 200


async def test_ready_after_the_last_facts_are_too_old(running: Running) -> None:
    """An outage takes no instance away, however long it lasts."""
    await running.get(f"{BOT}/governance")
    running.break_upstream(Rule(kind="status", code=503))
    running.time.pass_(3601)
    assert (await running.refreshed()).status_code == 503
    assert (await running.get("/readyz")).status_code == 200


async def test_what_cannot_be_answered_says_why(running: Running) -> None:
    """Without any facts the answer is a problem that names the call that failed and what it met."""
    running.break_upstream(Rule(kind="status", code=503))
    reply = await running.get(f"{BOT}/governance")
    assert (reply.status_code, reply.json()["type"]) == (503, "urn:keeptrusts-bff:upstream-unavailable")
    assert "answered 503" in reply.json()["detail"]


async def test_the_gateway_is_shown_without_facts(running: Running) -> None:
    """With Keeptrusts down from the start the state of gateway and control plane is answered all the same."""
    running.break_upstream(Rule(kind="status", code=503))
    reply = await running.get("/v1/gateway")
    assert reply.status_code == 200
    assert reply.json()["controlPlane"]["state"] != "ok"


async def test_not_ready_while_draining(running: Running) -> None:
    """A service that was asked to stop is not ready, and answers all the same."""
    await running.get(f"{BOT}/governance")
    assert running.app.drain() == 5
    reply = await running.get("/readyz")
    assert (reply.status_code, reply.json()["type"]) == (503, "urn:keeptrusts-bff:draining")
    assert (await running.get(f"{BOT}/governance")).status_code == 200


async def test_health_has_a_check_for_each_system(running: Running) -> None:
    """Health names each outside system, its state and since when its facts are, without calling anybody."""
    reply = await running.get("/health")
    assert (reply.status_code, reply.headers["content-type"]) == (503, "application/health+json")
    assert running.upstream.paths == []
    await running.get(f"{BOT}/governance")
    running.time.pass_(7)
    document = (await running.get("/health")).json()
    assert document["status"] == "pass"
    snapshot = document["checks"]["keeptrusts:snapshot-age"][0]
    assert (snapshot["observedValue"], snapshot["observedUnit"], snapshot["status"]) == (7.0, "s", "pass")
    assert document["checks"]["keeptrusts:breaker"][0]["observedValue"] == "closed"


async def test_health_says_what_is_wrong(running: Running) -> None:
    """During an outage health is a warning that names the call that fails; with nothing left to show it fails."""
    await running.get(f"{BOT}/governance")
    running.break_upstream(Rule(kind="status", code=503))
    await running.refreshed()
    reply = await running.get("/health")
    assert (reply.status_code, reply.json()["status"]) == (200, "warn")
    assert "answered 503" in reply.json()["checks"]["keeptrusts:snapshot-age"][0]["output"]
    running.time.pass_(3601)
    await running.refreshed()
    assert (await running.get("/health")).status_code == 503
