"""Metrics: what is counted, under which fixed words, and what is asked for when they are read."""

from __future__ import annotations

from collections import Counter

from bff.status.findings import Code
from bff.telemetry.metrics import Metrics, documented
from tests.conftest import BOT, Running

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
    """Whoever meets a metric in a query editor can tell whose it is and what it counts."""
    for metric in documented():
        assert metric.name.startswith(PREFIX)
        assert len(metric.description) > 5


async def test_findings_are_counted_by_code(running: Running) -> None:
    """After entities were looked at, metrics say how many have which finding, codes without one at 0."""
    metrics = running.app.service.metrics
    statuses = [await running.status_of(name) for name in ("customer-support-bot", "knowledge-search")]
    expected = Counter(finding["code"] for status in statuses for finding in status["findings"])
    assert expected["budget-exceeded"] == 1
    found = {code.value: sample(metrics, "entities_with_finding", code=code.value) for code in Code}
    assert found == {code.value: expected[code] for code in Code}
    assert sample(metrics, "entities_assessed") == 2


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


def test_provisioning_that_never_failed_is_zero() -> None:
    """Every ending of every kind of provisioning is a number from the start, so that an alert sees the first failure."""
    metrics = Metrics()
    assert sample(metrics, "provisioning_total", action="wallet", outcome="failed") == 0
    metrics.provisioned("wallet", "failed")
    assert sample(metrics, "provisioning_total", action="wallet", outcome="failed") == 1
