"""A refusal of the service's own token is trouble of the service, and shows as that."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bff.sandbox import READ_TOKEN
from bff.sandbox.faults import Rule
from bff.telemetry.calls import Unobserved
from bff.telemetry.metrics import Metrics
from bff.telemetry.recent_calls import OWN_TOKEN_REFUSED, REMEMBERED_FOR, RecentCalls
from tests.conftest import Running, Start

COUNTER = "keeptrusts_bff_own_token_refused_total"


def sample(text: str, name: str) -> float:
    """The value of one sample."""
    return next(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(f"{name} "))


async def test_a_refusal_shows_in_health_metrics_and_log(running: Running) -> None:
    """Keeptrusts' refusal of our token is named in `/health` and counted, and the next good call of that kind ends the trouble."""
    before = (await running.client.get("/metrics")).text
    assert sample(before, f'{COUNTER}{{system="keeptrusts"}}') == 0
    running.break_upstream(Rule(kind="denied"))
    with capture_logs() as logs:
        await running.refreshed()
    checks = (await running.client.get("/health")).json()["checks"]
    (calls,) = checks["keeptrusts:calls"]
    assert calls["status"] == "warn"
    assert "teams.list: own token refused" in calls["output"]
    assert sample((await running.client.get("/metrics")).text, f'{COUNTER}{{system="keeptrusts"}}') >= 1
    warned = [line for line in logs if line["event"] == OWN_TOKEN_REFUSED]
    assert ("keeptrusts", "teams.list", "warning") in {
        (line["system"], line["operation"], line["log_level"]) for line in warned
    }
    assert READ_TOKEN not in repr(logs)
    running.break_upstream()
    await running.refreshed()
    (calls,) = (await running.client.get("/health")).json()["checks"]["keeptrusts:calls"]
    assert "teams.list" not in calls.get("output", "")


@pytest.fixture
def seconds() -> list[float]:
    """A clock for the test to move."""
    return [0.0]


@pytest.fixture
def calls(seconds: list[float]) -> RecentCalls:
    """Nothing called yet."""
    return RecentCalls(Unobserved(), monotonic=lambda: seconds[0])


def test_a_refusal_that_lasts_is_logged_once(calls: RecentCalls, seconds: list[float]) -> None:
    """Calls that are refused one after the other make one line, until one goes well or none was made for long."""
    with capture_logs() as logs:
        for _ in range(3):
            calls.attempt("backstage", "groups", "denied", 1)
            calls.own_token_refused("backstage", "groups")
        assert len(logs) == 1
        calls.attempt("backstage", "groups", "ok", 1)
        calls.own_token_refused("backstage", "groups")
        assert len(logs) == 2
        seconds[0] += REMEMBERED_FOR
        calls.own_token_refused("backstage", "groups")
    assert len(logs) == 3


def test_a_refused_caller_does_not_end_the_trouble(calls: RecentCalls) -> None:
    """The refusal of a caller's token leaves the trouble with ours in place."""
    calls.own_token_refused("backstage", "entities")
    calls.attempt("backstage", "entities", "denied", 1)
    assert calls.trouble("backstage") == {"entities": OWN_TOKEN_REFUSED}


async def test_the_time_of_reading_shows_in_the_metrics(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each secret of the service has a sample of when it was read, which moves when its file is read again."""
    file = tmp_path / "admin-token"
    file.write_text("admin-token-of-the-test")
    monkeypatch.setenv("KEEPTRUSTS_ADMIN_TOKEN_FILE", str(file))
    gauge = 'keeptrusts_bff_secret_read_timestamp_seconds{secret="KEEPTRUSTS_ADMIN_TOKEN"}'
    async with start(admin_token="admin-token-of-the-test") as running:
        before = sample((await running.client.get("/metrics")).text, gauge)
        running.time.pass_(60)
        await running.client.post("/v1/teams", json={"name": "another-team"})
        assert sample((await running.client.get("/metrics")).text, gauge) == before + 60


def test_series_begin_at_zero() -> None:
    """A rate over the first refusal is not lost, since each system has its sample from the start."""
    text = Metrics().exposition().decode()
    for system in ("keeptrusts", "keeptrusts-admin", "backstage", "vault", "database"):
        assert sample(text, f'{COUNTER}{{system="{system}"}}') == 0
