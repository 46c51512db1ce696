"""Paging: a real Alertmanager with the example's rules of inhibition keeps back what follows from an alert that fires."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml

from tests.deploy.conftest import ALERTS, DEPLOY, program
from tests.deploy.prometheus import PATIENCE, free_port

CONFIG = DEPLOY / "prometheus/alertmanager.example.yml"
SEVERITIES = {alert.name: alert.labels["severity"] for alert in ALERTS}


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """An Alertmanager on loopback, ready to take alerts."""
    folder, port = tmp_path_factory.mktemp("alertmanager"), free_port()
    binary = program("prometheus-alertmanager", "prometheus-alertmanager")
    options = [f"--storage.path={folder}", f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen([binary, f"--config.file={CONFIG}", *options], stdout=log, stderr=log) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):
        try:
            _wait(client, process, folder / "log")
            yield client
        finally:
            process.terminate()


def _wait(client: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text(encoding="utf-8")
        try:
            if client.get("/-/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass  # It does not listen yet.
        time.sleep(0.05)
    pytest.fail(log.read_text(encoding="utf-8"))


KEEPTRUSTS = {"system": "keeptrusts"}
BACKSTAGE = {"system": "backstage"}


@pytest.mark.parametrize(
    ("firing", "left"),
    [
        pytest.param(
            [
                "KeeptrustsBffStaleDataEnding",
                "KeeptrustsBffNoFacts",
                "KeeptrustsBffSnapshotTooOld",
                "KeeptrustsBffAvailabilityBurnsFast",
                "KeeptrustsBffAvailabilityBurnsSlowly",
                "KeeptrustsBffFreshnessBurnsFast",
                "KeeptrustsBffFreshnessBurnsSlowly",
                ("KeeptrustsBffBreakerOpen", KEEPTRUSTS),
            ],
            ["KeeptrustsBffStaleDataEnding"],
            id="Keeptrusts down for an hour",
        ),
        pytest.param(
            ["KeeptrustsBffNoFacts", "KeeptrustsBffAvailabilityBurnsFast", ("KeeptrustsBffBreakerOpen", KEEPTRUSTS)],
            ["KeeptrustsBffNoFacts"],
            id="Keeptrusts down from the start",
        ),
        pytest.param(
            [
                "KeeptrustsBffCatalogFailing",
                "KeeptrustsBffJwksFailing",
                "KeeptrustsBffAvailabilityBurnsFast",
                ("KeeptrustsBffBreakerOpen", BACKSTAGE),
                ("KeeptrustsBffBreakerOpen", {"system": "backstage-sweep"}),
                "KeeptrustsBffCatalogNotSwept",
                ("KeeptrustsBffNotificationsNotSent", {"channel": "backstage"}),
            ],
            ["KeeptrustsBffCatalogFailing"],
            id="Backstage down",
        ),
        pytest.param(
            [
                "KeeptrustsBffBackstageTokenRefused",
                "KeeptrustsBffCatalogNotSwept",
                ("KeeptrustsBffNotificationsNotSent", {"channel": "backstage"}),
                ("KeeptrustsBffNotificationsNotSent", {"channel": "webhook"}),
            ],
            ["KeeptrustsBffBackstageTokenRefused", "KeeptrustsBffNotificationsNotSent"],
            id="Backstage refuses the token while the webhook is down",
        ),
        pytest.param(["KeeptrustsBffCatalogNotSwept"], ["KeeptrustsBffCatalogNotSwept"], id="only the sweep fails"),
        pytest.param(["KeeptrustsBffGone", "KeeptrustsBffInstanceDown"], ["KeeptrustsBffGone"], id="no pod answers"),
        pytest.param(
            [
                "KeeptrustsBffStaleDataEnding",
                "KeeptrustsBffBackstageTokenRefused",
                ("KeeptrustsBffBreakerOpen", BACKSTAGE),
            ],
            ["KeeptrustsBffBackstageTokenRefused", "KeeptrustsBffBreakerOpen", "KeeptrustsBffStaleDataEnding"],
            id="two outages at once",
        ),
    ],
)
def test_one_outage_pages_once(
    alertmanager: httpx.Client,
    request: pytest.FixtureRequest,
    firing: list[str | tuple[str, dict[str, str]]],
    left: list[str],
) -> None:
    """Of all alerts that one outage fires, the one that names it is sent; what another outage fires is sent too."""
    # Each case is a namespace of its own: alerts of the others keep nothing back here. KeeptrustsBffGone has no namespace.
    namespace = request.node.callspec.id.replace(" ", "-")
    pairs = [item if isinstance(item, tuple) else (item, dict[str, str]()) for item in firing]
    assert {name for name, _ in pairs} <= SEVERITIES.keys()
    place = {"job": "keeptrusts-bff", "cluster": "eu-1", "namespace": namespace, "service": "keeptrusts-bff"}
    alerts = [
        {"labels": {"alertname": name, "severity": SEVERITIES[name], **place, **labels}} for name, labels in pairs
    ]
    assert alertmanager.post("/api/v2/alerts", json=alerts).status_code == 200
    query = {"inhibited": "false", "filter": f'namespace="{namespace}"'}
    sent = alertmanager.get("/api/v2/alerts", params=query).json()
    assert sorted(alert["labels"]["alertname"] for alert in sent) == left


def test_another_namespace_is_not_silenced(alertmanager: httpx.Client) -> None:
    """An outage of staging keeps nothing of production back."""
    common = {"job": "keeptrusts-bff", "cluster": "eu-1", "service": "keeptrusts-bff", "severity": "critical"}
    alerts = [
        {"labels": {**common, "alertname": "KeeptrustsBffStaleDataEnding", "namespace": "staging-one"}},
        {"labels": {**common, "alertname": "KeeptrustsBffNoFacts", "namespace": "production-one"}},
    ]
    assert alertmanager.post("/api/v2/alerts", json=alerts).status_code == 200
    sent = alertmanager.get("/api/v2/alerts", params={"inhibited": "false", "filter": 'namespace=~".*-one"'}).json()
    assert len(sent) == 2


def test_inhibition_names_alerts_that_exist() -> None:
    """Every alert that a rule of inhibition names is one of the project's."""
    for rule in yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["inhibit_rules"]:
        for matcher in [*rule["source_matchers"], *rule["target_matchers"]]:
            label, _, value = matcher.partition("=")
            if label.strip() == "alertname" and not value.startswith("~"):
                assert value.strip() in SEVERITIES
