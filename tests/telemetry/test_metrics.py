"""Metrics: what is counted, under which fixed words, and what is asked for when they are read."""

from __future__ import annotations

import math
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bff.status.findings import Code
from bff.telemetry.metrics import OUTCOMES, Metrics, documented
from tests.conftest import BOT, Running, Start
from tests.harness.authority import Authority

PREFIX = "keeptrusts_bff_"


def sample(metrics: Metrics, name: str, **labels: str) -> float | None:
    """The value of one time series as a scrape would read it."""
    metrics.exposition()
    return metrics.registry.get_sample_value(PREFIX + name, labels)


def test_invented_methods_are_one_series() -> None:
    """A method that HTTP does not know is counted as `other`, so that strangers cannot make time series."""
    metrics = Metrics()
    for method in ("BREW", "PROPFIND", "GET"):
        metrics.request("/livez", method, 200, 0.001)
    assert sample(metrics, "http_requests_total", route="/livez", method="other", status="200") == 2
    assert sample(metrics, "http_requests_total", route="/livez", method="GET", status="200") == 1


def test_a_breaker_is_in_one_state() -> None:
    """Of a breaker's states exactly one is 1."""
    metrics = Metrics()
    metrics.breaker("keeptrusts", "closed")
    metrics.breaker("keeptrusts", "open")
    states = {
        state: sample(metrics, "breaker_state", system="keeptrusts", state=state)
        for state in ("closed", "open", "half-open")
    }
    assert states == {"closed": 0, "open": 1, "half-open": 0}


def test_every_metric_has_a_description_and_the_prefix() -> None:
    """A metric's name says that it is this service's or the process', and its description what it counts."""
    for metric in documented():
        assert metric.name.startswith((PREFIX, "process_"))
        assert len(metric.description) > 5


async def test_findings_are_counted_by_code(running: Running) -> None:
    """After a round of the watch, metrics say how many of all annotated entities have which finding, looked at or not."""
    metrics = running.app.service.metrics
    looked_at = await running.status_of("knowledge-search")
    assert sample(metrics, "entities_assessed") == 0
    await running.app.watcher.turn()
    swept = running.app.watcher.sweep.latest
    assert swept is not None
    statuses = [looked_at, *[await running.status_of(entity.ref.name) for entity in swept.entities]]
    by_ref = {status["entityRef"]: {finding["code"] for finding in status["findings"]} for status in statuses}
    expected = Counter(code for codes in by_ref.values() for code in codes)
    assert expected["budget-exceeded"] >= 1
    found = {code.value: sample(metrics, "entities_with_finding", code=code.value) for code in Code}
    assert found == {code.value: expected[code] for code in Code}
    assert sample(metrics, "entities_assessed") == sample(metrics, "sweep_entities") == len(swept.entities) > 5


async def test_readiness_and_drain_can_be_seen(running: Running) -> None:
    """The gauges follow the first facts and the signal to stop."""
    metrics = running.app.service.metrics
    assert (sample(metrics, "can_answer"), sample(metrics, "draining")) == (0, 0)
    await running.get(f"{BOT}/governance")
    running.app.drain()
    assert (sample(metrics, "can_answer"), sample(metrics, "draining")) == (1, 1)


async def test_alerts_can_hold_ages_against_settings(running: Running) -> None:
    """The configured ages stand beside the age of the facts, so that no rule repeats a setting."""
    metrics = running.app.service.metrics
    await running.get(f"{BOT}/governance")
    running.time.pass_(7)
    ages = (sample(metrics, "snapshot_age_seconds"), sample(metrics, "snapshot_refresh_seconds"))
    limits = (sample(metrics, "snapshot_stale_seconds_left"), sample(metrics, "snapshot_stale_limit_seconds"))
    assert (ages, limits) == ((7, 30), (3593, 3600))
    assert sample(metrics, "sweep_interval_seconds") == 300


def test_provisioning_that_never_failed_is_zero() -> None:
    """Every ending of every kind of provisioning is a number from the start, so that an alert sees the first failure."""
    metrics = Metrics()
    assert sample(metrics, "provisioning_total", action="wallet", outcome="failed") == 0
    metrics.provisioned("wallet", "failed")
    assert sample(metrics, "provisioning_total", action="wallet", outcome="failed") == 1


def test_a_call_that_never_failed_is_zero() -> None:
    """From the first call of an operation on every outcome is a number, so that `increase` sees the first failure."""
    metrics = Metrics()
    metrics.attempt("keeptrusts", "teams", "ok", 0.1)
    found = {
        each: sample(metrics, "upstream_attempts_total", system="keeptrusts", operation="teams", outcome=each)
        for each in OUTCOMES
    }
    assert found == {each: float(each == "ok") for each in OUTCOMES}


def test_readings_that_never_failed_are_zero() -> None:
    """Every outcome of a reading is a number from the start."""
    metrics = Metrics()
    assert [sample(metrics, "refreshes_total", outcome=each) for each in ("ok", "partial", "failed")] == [0, 0, 0]


async def test_routes_begin_at_zero(running: Running) -> None:
    """Before the first request each route counts its errors as 0, so that a ratio of errors has a value."""
    route = "/v1/entities/{kind}/{namespace}/{name}/governance"
    metrics = running.app.service.metrics
    assert sample(metrics, "http_requests_total", route=route, method="GET", status="503") == 0


def test_counters_have_no_time_of_their_own() -> None:
    """No series says when a counter was made: it would double what a scrape costs."""
    metrics = Metrics()
    metrics.request("/livez", "GET", 200, 0.001)
    assert b"_created" not in metrics.exposition()


@pytest.mark.parametrize("name", ["process_resident_memory_bytes", "process_open_fds", "process_cpu_seconds_total"])
def test_the_process_is_seen(name: str) -> None:
    """Memory, open files and processor time of the process are among the metrics."""
    metrics = Metrics()
    value = metrics.registry.get_sample_value(name)
    assert value is not None
    assert value > 0


async def test_a_late_event_loop_is_seen() -> None:
    """What the loop runs too late is counted by how late it was."""
    metrics, now = Metrics(), 0.0

    class DoneError(Exception):
        """Ends the measurement."""

    async def sleep(seconds: float) -> None:
        nonlocal now
        if now > 1:
            raise DoneError
        now += seconds + 0.75

    with pytest.raises(DoneError):
        await metrics.watch_loop(lambda: now, sleep)
    found = {le: sample(metrics, "event_loop_lag_seconds_bucket", le=le) for le in ("0.5", "1.0")}
    assert found == {"0.5": 0, "1.0": 2}


async def test_the_ledger_backlog_follows_the_clock(running: Running) -> None:
    """Seconds since the feed was read to its end, where this process reads it; -1 before the first reading."""
    metrics = running.app.service.metrics
    assert sample(metrics, "ledger_backlog_seconds") == -1
    await running.get(f"{BOT}/governance")
    running.time.pass_(12)
    assert sample(metrics, "ledger_backlog_seconds") == 12


async def test_the_database_is_seen(running: Running) -> None:
    """The database counts as up once it has been used."""
    metrics = running.app.service.metrics
    assert sample(metrics, "database_up") == 0
    await running.get(f"{BOT}/governance")
    assert sample(metrics, "database_up") == 1


async def test_a_certificates_end_is_seen(start: Start, tmp_path: Path) -> None:
    """The end of a client certificate is read from its file at each scrape, so that a new one counts at once."""
    authority = Authority("Company")
    certificate, key = authority.sign(until=timedelta(days=3)).write(tmp_path, "own")
    async with start(keeptrusts_client_cert_file=certificate, keeptrusts_client_key_file=key) as running:
        metrics = running.app.service.metrics
        ends = []
        for days in (3, 9):
            authority.sign(until=timedelta(days=days)).write(tmp_path, "own")
            ends.append(sample(metrics, "certificate_expiry_timestamp_seconds", certificate="keeptrusts-client"))
        certificate.write_bytes(b"no certificate")
        broken = sample(metrics, "certificate_expiry_timestamp_seconds", certificate="keeptrusts-client")
    assert broken is not None
    assert math.isnan(broken)
    now = datetime.now(UTC).timestamp()
    assert [round(((end or 0) - now) / 86400) for end in ends] == [3, 9]
