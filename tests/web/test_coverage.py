"""Coverage over HTTP: for the platform groups alone, and its two sides are all that the ledger has."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import Running, Start
from tests.web.test_numbers import MEMBER, OPERATOR, OWNER, REF, STRANGER, portal

COVERAGE = "/v1/coverage?days=2"


async def document(running: Running, path: str = COVERAGE) -> dict[str, Any]:
    """The answer to the local caller."""
    reply = await running.get(path)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    """A catalog of one bot with a key, one component that consumes the gateway without one, and their group."""
    path = tmp_path / "catalog.yaml"
    path.write_text(
        """
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: support-team}
spec: {type: team, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: elsewhere, annotations: {keeptrusts.dev/team: search-team}}
spec: {type: team, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: bot, annotations: {keeptrusts.dev/gateway-key-name: support-team-gw-key}}
spec: {type: service, lifecycle: production, owner: support-team, consumesApis: [keeptrusts-gateway-api]}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: silent}
spec: {type: service, lifecycle: production, owner: support-team, consumesApis: [keeptrusts-gateway-api]}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: gone, annotations: {keeptrusts.dev/gateway-key-name: no-such-key}}
spec: {type: service, lifecycle: production, owner: support-team}
""",
        encoding="utf-8",
    )
    return path


async def test_both_sides_are_all_that_the_ledger_has(start: Start, catalog: Path) -> None:
    """What is claimed is the entity's own spend report, what is not stands in the list, and together they are the total."""
    async with start(bff_catalog_files=str(catalog), bff_backfill_days=2) as running:
        found = await document(running)
        report = (await running.get("/v1/entities/component/default/bot/spend?days=2")).json()
        everything = await running.app.service.coverage._reader.spend_of_organisation(days=2, now=running.time.now())
    assert found["complete"] is True
    claimed, unclaimed, total = (Decimal(found[side]["amount"]) for side in ("claimed", "unclaimed", "total"))
    assert claimed + unclaimed == total == sum(each.spent.amount for each in everything.sums)
    assert report["attribution"] == "key"
    assert claimed == Decimal(report["total"]["amount"]) > 0
    assert unclaimed == sum(Decimal(row["spent"]["amount"]) for row in found["unclaimedKeys"]) > 0
    assert found["ratio"] == pytest.approx(float(claimed / total), abs=1e-4)


async def test_what_stands_nowhere_is_named(start: Start, catalog: Path) -> None:
    """A consumer without a key, a claim of a key that is not there, and wallets of teams without a service."""
    async with start(bff_catalog_files=str(catalog), bff_backfill_days=1) as running:
        found = await document(running)
    assert found["silentConsumers"] == [
        {"entityRef": "component:default/silent", "owner": "group:default/support-team"}
    ]
    assert [(each["entityRef"], each["state"]) for each in found["unknownKeys"]] == [
        ("component:default/gone", "not-found")
    ]
    assert "support-team" not in {each["team"] for each in found["idleWallets"]}
    assert found["idleWallets"]
    assert found["catalog"] == {"entities": 3, "complete": True, "readAt": "2026-03-11T12:00:00Z"}


async def test_likely_owners_are_the_groups_that_claim_the_team(start: Start, catalog: Path) -> None:
    """By the group's annotation, or by its name; a team that no group claims has none."""
    async with start(bff_catalog_files=str(catalog), bff_backfill_days=1) as running:
        found = await document(running)
    owners = {row["team"]: row["likelyOwner"] for row in found["unclaimedKeys"]}
    assert owners["search-team"] == "group:default/elsewhere"
    assert owners["support-team"] == "group:default/support-team"
    assert owners["sales-team"] is None


async def test_the_platform_groups_alone_get_it(start: Start) -> None:
    """A member of an owning group is refused like a stranger, also where amounts are for every viewer."""
    for numbers in ("owners", "viewers"):
        async with portal(start, bff_numbers=numbers) as asked:
            assert (await asked.get(OPERATOR, COVERAGE)).status_code == 200
            for user in (MEMBER, STRANGER):
                reply = await asked.get(user, COVERAGE)
                assert (reply.status_code, reply.json()["type"]) == (403, "urn:keeptrusts-bff:forbidden")
                assert "BFF_PLATFORM_GROUPS" in reply.json()["detail"]


async def test_without_platform_groups_there_is_no_one_to_get_it(start: Start) -> None:
    """An empty setting opens nothing."""
    async with portal(start, bff_platform_groups="") as asked:
        assert (await asked.get(OPERATOR, COVERAGE)).status_code == 403


async def test_entities_are_read_with_the_services_own_token(start: Start) -> None:
    """What the operator may see in the catalog does not matter: coverage is of the whole organisation."""
    async with portal(start) as asked:
        asked.stub.hidden.add((OPERATOR, REF))
        found = (await asked.get(OPERATOR, COVERAGE)).json()
    assert Decimal(found["claimed"]["amount"]) > 0


async def test_who_has_left_the_platform_group_is_refused(start: Start) -> None:
    """An answer in memory is for the platform groups alone, as they are now."""
    async with portal(start) as asked:
        assert (await asked.get(OPERATOR, COVERAGE)).status_code == 200
        asked.stub.join(OWNER, user=OPERATOR)
        asked.pass_(31)
        assert (await asked.get(OPERATOR, COVERAGE)).status_code == 403


async def test_a_catalog_that_was_never_read_is_a_problem(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """No share is made up where the entities are not known."""
    async with portal(start) as asked:
        await asked.get(OPERATOR)
        queried = asked.stub._queried

        def failing(user: str, params: httpx.QueryParams) -> dict[str, Any]:
            if "metadata.annotations." in str(params):
                raise httpx.ConnectError("no catalog")
            return queried(user, params)

        monkeypatch.setattr(asked.stub, "_queried", failing)
        reply = await asked.get(OPERATOR, COVERAGE)
    assert (reply.status_code, reply.json()["type"]) == (503, "urn:keeptrusts-bff:catalog-unavailable")
    assert reply.headers["retry-after"]


async def test_bytes_hold_while_nothing_has_changed(running: Running) -> None:
    """The second answer is 304, and costs Keeptrusts no call."""
    first = await running.get(COVERAGE)
    asked = len(running.upstream.paths)
    second = await running.get(COVERAGE, if_none_match=first.headers["etag"])
    assert (first.status_code, second.status_code) == (200, 304)
    assert len(running.upstream.paths) == asked


@pytest.mark.parametrize("days", ["0", "91", "x"])
async def test_days_out_of_bounds_are_refused(running: Running, days: str) -> None:
    """As for a spend report."""
    reply = await running.get(f"/v1/coverage?days={days}")
    assert (reply.status_code, reply.json()["type"]) == (422, "urn:keeptrusts-bff:invalid")


async def test_a_read_is_on_record(start: Start, tmp_path: Path) -> None:
    """It shows the amounts of the whole organisation."""
    file = tmp_path / "audit.log"
    async with portal(start, bff_audit_log=file) as asked:
        await asked.get(OPERATOR, COVERAGE)
    (line,) = [json.loads(text) for text in file.read_text().splitlines()]
    assert (line["what"], line["days"], line["user"]) == ("coverage", 2, OPERATOR)
