"""Two services of one catalog, each of another Keeptrusts: an entity is at home at one of them."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Running, Start

CATALOG = """
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: support-team}
spec: {type: team, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: live
  annotations: {keeptrusts.dev/gateway-key-name: support-team-gw-key}
spec: {type: service, lifecycle: production, owner: support-team}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: rehearsed
  annotations: {keeptrusts.dev/gateway-key-name: support-team-gw-key, keeptrusts.dev/instance: staging}
spec: {type: service, lifecycle: production, owner: support-team}
"""
REFS = {"entityRefs": ["component:default/live", "component:default/rehearsed"]}


async def shown(running: Running) -> list[tuple[bool, bool, list[str]]]:
    """Of each entity: whether it is set up, whether its report has a total, and which codes explain that it has none."""
    reply = await running.client.post("/v1/governance/by-refs", json=REFS)
    assert reply.status_code == 200, reply.text
    found = []
    for item in reply.json()["items"]:
        name = item["entityRef"].rpartition("/")[2]
        report = (await running.get(f"/v1/entities/component/default/{name}/spend?days=1")).json()
        codes = [finding["code"] for finding in report["findings"]]
        found.append((item["status"]["state"] != "unconfigured", report["total"] is not None, codes))
    return found


async def test_each_service_shows_its_own_entities(start: Start, tmp_path: Path) -> None:
    """Of two entities that claim a key of one name, each service shows the one of its Keeptrusts, and nothing of the other's."""
    (tmp_path / "catalog-info.yaml").write_text(CATALOG)
    async with start(catalog=tmp_path) as unnamed, start(catalog=tmp_path, bff_instance="staging") as staging:
        at_home, elsewhere = (True, True, []), (False, False, ["annotation-missing"])
        assert await shown(unnamed) == [at_home, elsewhere]
        assert await shown(staging) == [elsewhere, at_home]


async def test_a_roll_up_holds_one_keeptrusts(start: Start, tmp_path: Path) -> None:
    """The two members of one group are added up apart, each at its own service, though their keys bear the same name."""
    (tmp_path / "catalog-info.yaml").write_text(CATALOG)
    async with start(catalog=tmp_path) as unnamed, start(catalog=tmp_path, bff_instance="staging") as staging:
        members = []
        for running in (unnamed, staging):
            document = (await running.get("/v1/entities/group/default/support-team/rollup?days=1")).json()
            members.append([member["entityRef"] for member in document["members"]])
            assert document["sharedKeys"] == []
    assert members == [["component:default/live"], ["component:default/rehearsed"]]
