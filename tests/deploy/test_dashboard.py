"""The dashboard: every panel asks for what exists, and shows something while a real Prometheus scrapes the service in trouble."""

from __future__ import annotations

import asyncio
import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from bff.sandbox.faults import Rule
from bff.sandbox.scenario import catalog_folder
from tests.backstage.stub import SERVICE_TOKEN, URL, StubBackstage
from tests.conftest import NOON, Running, Start
from tests.deploy.conftest import DEPLOY, RECORDED, program
from tests.deploy.prometheus import JOB, Prometheus, prometheus
from tests.deploy.test_rules import exported
from tests.harness.served import served
from tests.watch.test_spend_metrics import metrics_of

DASHBOARD = json.loads((DEPLOY / "helm/keeptrusts-bff/dashboards/keeptrusts-bff.json").read_text(encoding="utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
QUERIES = [
    (panel["title"], target["expr"].replace("$job", JOB).replace("$__rate_interval", "1m"))
    for panel in PANELS
    for target in panel["targets"]
]
BOTS = ("customer-support-bot", "knowledge-search", "invoice-reader", "no-such-entity")


def test_rows_follow_the_questions_of_the_night() -> None:
    """The dashboard answers in the order in which an SRE asks."""
    assert [panel["title"] for panel in DASHBOARD["panels"] if panel["type"] == "row"] == [
        "Is it us or Keeptrusts?",
        "What do users see?",
        "How long can it go on?",
        "Money",
        "Budgets and wallets",
        "Watch",
    ]


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_each_panel_explains_itself(panel: dict[str, Any]) -> None:
    """A panel says what its numbers mean, in which unit, from the data source that the viewer chose."""
    assert len(panel["description"]) > 20
    assert panel["fieldConfig"]["defaults"]["unit"]
    sources = {panel["datasource"]["uid"], *(target["datasource"]["uid"] for target in panel["targets"])}
    assert sources == {"${datasource}"}


def test_panels_have_places_of_their_own() -> None:
    """No two panels overlap, none is wider than the page, and no two share an id."""
    places = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(places)
    for place in places:
        assert place["x"] + place["w"] <= 24
    for one, other in combinations(places, 2):
        apart = (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        assert apart, (one, other)


def test_panels_ask_for_metrics_that_exist() -> None:
    """Every metric that a panel names is exported by the service or recorded by a rule."""
    names = exported()[0] | {rule.name for rule in RECORDED}
    for title, query in QUERIES:
        assert set(re.findall(r"(?:\w+:)?keeptrusts_bff_\w+(?::\w+)*", query)) <= names, title


@pytest.mark.timeout(180)
async def test_every_panel_shows_something_after_a_drill(start: Start, tmp_path: Path) -> None:
    """After an hour's trouble every query of every panel returns numbers, and the alert that must fire does."""
    program("prometheus", "prometheus")
    backstage = _backstage()
    async with (
        start(
            backstage=httpx.MockTransport(backstage._answer),
            backstage_url=URL,
            backstage_token=SERVICE_TOKEN,
            bff_auth="backstage",
            bff_catalog="backstage",
        ) as running,
        served(running.app.asgi) as port,
        prometheus(f"127.0.0.1:{port}", tmp_path) as observer,
    ):
        await _drill(running, backstage, observer)
        empty = [(title, query) for title, query in QUERIES if not await observer.query(query)]
        for title, query in empty:
            assert await observer.has(query), f"{title}: {query} gives nothing"
        assert await observer.has('ALERTS{alertname="KeeptrustsBffDenied", alertstate="firing"}')


def _backstage() -> StubBackstage:
    """A Backstage with the example catalog, at the hour of the service's clock."""
    stub = StubBackstage()
    stub.clock.now = NOON.timestamp()
    for path in sorted(catalog_folder().rglob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            if isinstance(document, dict) and document.get("apiVersion") == "backstage.io/v1alpha1":
                metadata = document["metadata"] = {"namespace": "default"} | document["metadata"]
                stub.documents[f"{document['kind'].lower()}:{metadata['namespace']}/{metadata['name']}"] = document
    return stub


async def _drill(running: Running, backstage: StubBackstage, observer: Prometheus) -> None:
    """Everything that the dashboard is for: a herd, an outage of each system, a token that is denied; and recovery."""
    bearer = f"Bearer {backstage.user_token()}"
    amounts = metrics_of(running, "entity")

    async def look(**headers: str) -> set[int]:
        paths = [f"/v1/entities/component/default/{name}/governance" for name in BOTS]
        return {
            reply.status_code
            for reply in await asyncio.gather(*(running.get(path, authorization=bearer, **headers) for path in paths))
        }

    await observer.scraped_again()
    assert await look() == {200, 404}
    # Counts of entities are of the watch, which nothing runs here by itself.
    await running.app.watcher.turn()
    assert await amounts.renew()
    await observer.scraped_again()
    running.break_upstream(Rule(kind="status", code=503))
    for _ in range(3):
        running.time.pass_(31)
        assert await look(cache_control="no-cache") == {200, 404}
        await observer.scraped_again()
    backstage.reply = httpx.Response(503)
    running.time.pass_(600)
    assert 503 in await look()
    await observer.scraped_again()
    backstage.reply = None
    running.time.pass_(60)
    for _ in range(3):
        running.break_upstream(Rule(kind="denied", path="/v1/wallets"))
        running.time.pass_(31)
        await look(cache_control="no-cache")
        await observer.scraped_again()
    running.faults.clear()
    running.time.pass_(31)
    assert await look(cache_control="no-cache") == {200, 404}
    assert await amounts.renew()
    await observer.scraped_again()
