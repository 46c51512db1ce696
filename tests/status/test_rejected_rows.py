"""The whole service beside a list with an odd row: only what depends on the row changes, and operators see which it is."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from bff.sandbox import READ_TOKEN
from bff.sandbox.faults import Rule
from tests.conftest import Running
from tests.telemetry.test_metrics import sample

BOTS = ("customer-support-bot", "knowledge-search")


async def rows_of(running: Running, path: str) -> list[dict[str, Any]]:
    """The rows of a list as the sandbox gives them."""
    async with httpx.AsyncClient(transport=running.upstream, base_url="http://keeptrusts.internal") as client:
        reply = await client.get(f"{path}?limit=200", headers={"authorization": f"Bearer {READ_TOKEN}"})
    rows: list[dict[str, Any]] = reply.json()["data"]
    return rows


async def change(running: Running, path: str, **changes: object) -> dict[str, Any]:
    """Let the first row of a list be changed so; gives the row as it was."""
    first, *others = await rows_of(running, path)
    text = json.dumps({"data": [{**first, **changes}, *others], "next_cursor": None})
    running.break_upstream(Rule(kind="body", text=text, path=path))
    return first


async def snapshot_check(running: Running) -> dict[str, Any]:
    """What `/health` says of the facts."""
    document = (await running.get("/health")).json()
    check: dict[str, Any] = document["checks"]["keeptrusts:snapshot-age"][0]
    return check


@pytest.mark.parametrize(
    ("status", "state", "code"), [("disabled", "unknown", "upstream-contract"), ("expired", "expired", "key-expired")]
)
async def test_a_key_of_another_status_concerns_one_entity(
    running: Running, status: str, state: str, code: str
) -> None:
    """The entity that claims the key gets a finding and keeps its numbers; every other entity is as before."""
    before = {name: await running.status_of(name) for name in BOTS}
    key = next(row for row in await rows_of(running, "/v1/tokens") if row["id"] == before[BOTS[0]]["gatewayKey"]["id"])
    others = [row for row in await rows_of(running, "/v1/tokens") if row["name"] != key["name"]]
    text = json.dumps({"data": [*others, {**key, "status": status}]})
    running.break_upstream(Rule(kind="body", text=text, path="/v1/tokens"))
    await running.refreshed()
    after = {name: await running.status_of(name) for name in BOTS}
    assert after[BOTS[0]]["gatewayKey"]["state"] == state
    assert code in {finding["code"] for finding in after[BOTS[0]]["findings"]}
    assert after[BOTS[0]]["budget"] is not None
    assert after[BOTS[1]]["state"] == before[BOTS[1]]["state"]


async def test_health_names_the_row(running: Running) -> None:
    """Health is a warning that says of which list how many rows were left out, and names row, field and reason."""
    team = await change(running, "/v1/teams", created_at="the day before")
    await running.status_of(BOTS[0])
    check = await snapshot_check(running)
    assert check["status"] == "warn"
    assert f"was left out: data.0.created_at ({team['id']}): Input should be a valid datetime" in check["output"]
    assert check["output"].startswith("teams: 1 row of ")


async def test_health_names_a_status_that_is_not_known(running: Running) -> None:
    """A key whose status is not known is kept, and health names it with Keeptrusts' word."""
    key = await change(running, "/v1/tokens", status="paused")
    await running.status_of(BOTS[0])
    check = await snapshot_check(running)
    assert check["status"] == "warn"
    assert check["output"] == f"keys: 1 key has a status that is not known: 'paused' ({key['id']})"


async def test_rows_left_out_are_a_metric(running: Running) -> None:
    """An alert can see how many rows of which list were left out, and that they are understood again."""
    metrics = running.app.service.metrics
    await change(running, "/v1/configurations", enabled="perhaps")
    await running.status_of(BOTS[0])
    left_out = {name: sample(metrics, "rejected_rows", list=name) for name in ("teams", "configurations")}
    assert left_out == {"teams": 0, "configurations": 1}
    running.faults.clear()
    await running.refreshed()
    assert sample(metrics, "rejected_rows", list="configurations") == 0


async def test_the_log_names_the_row_once(running: Running) -> None:
    """The log names a row when it is met first, not at each reading."""
    await change(running, "/v1/configurations", enabled="perhaps")
    with capture_logs() as lines:
        await running.status_of(BOTS[0])
        await running.refreshed()
    said = [line["configurations"] for line in lines if line["event"] == "not every row was understood"]
    assert len(said) == 1
    assert "data.0.enabled" in said[0]
