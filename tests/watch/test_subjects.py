"""What a question of the whole catalog is answered from: the last sweep, and never a made-up one."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bff.backstage.entities import CatalogUnavailableError
from bff.backstage.files import FileCatalog
from bff.status.claims import Owner
from bff.values import EntityRef
from bff.watch.subjects import WatchedEntities
from bff.watch.sweep import Sweep, SweepResult

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
CATALOG = """
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: search-team}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: others, annotations: {keeptrusts.dev/team: Some Team}}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: bot, annotations: {keeptrusts.dev/gateway-key-name: key}}
spec: {owner: others}
"""


class Asked:
    """A catalog in files, its sweep that may fail, and a clock."""

    def __init__(self, folder: Path, *, longest_wait: float = 10) -> None:
        (folder / "catalog.yaml").write_text(CATALOG, encoding="utf-8")
        self.now = NOW
        self.reads = 0
        self.trouble: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        files = FileCatalog([str(folder)])
        self.sweep = Sweep(files, clock=lambda: self.now)
        self._read = self.sweep.read
        self.sweep.read = self.read  # type: ignore[method-assign]  # so that it fails when a test says so
        self.entities = WatchedEntities(
            self.sweep,
            files,
            files,
            clock=lambda: self.now,
            oldest=timedelta(minutes=10),
            longest_wait=longest_wait,
        )

    async def read(self) -> SweepResult:
        """Read the catalog, or fail."""
        self.reads += 1
        await self.gate.wait()
        if self.trouble is not None:
            raise self.trouble
        return await self._read()


async def test_a_young_sweep_is_taken_as_it_is(tmp_path: Path) -> None:
    """Only the first question reads the catalog, and questions at the same time share that."""
    asked = Asked(tmp_path)
    results = await asyncio.gather(*(asked.entities.current() for _ in range(3)))
    asked.now += timedelta(minutes=9)
    results.append(await asked.entities.current())
    assert asked.reads == 1
    assert {len(each.entities) for each in results} == {1}


async def test_an_old_sweep_is_read_again(tmp_path: Path) -> None:
    """The watch should have done so: a process whose watch is stuck does not answer from yesterday."""
    asked = Asked(tmp_path)
    await asked.entities.current()
    asked.now += timedelta(minutes=11)
    assert (await asked.entities.current()).at == asked.now
    assert asked.reads == 2


async def test_where_the_catalog_fails_the_last_sweep_says_that_it_is_not_whole(tmp_path: Path) -> None:
    """Its entities are still there."""
    asked = Asked(tmp_path)
    await asked.entities.current()
    asked.now += timedelta(minutes=11)
    asked.trouble = CatalogUnavailableError("no answer")
    result = await asked.entities.current()
    assert (len(result.entities), result.complete, result.at) == (1, False, NOW)


async def test_without_any_sweep_a_failure_is_one(tmp_path: Path) -> None:
    """An empty catalog would claim nothing."""
    asked = Asked(tmp_path)
    asked.trouble = CatalogUnavailableError("no answer")
    with pytest.raises(CatalogUnavailableError, match="no answer"):
        await asked.entities.current()


async def test_a_sweep_that_takes_long_goes_on_for_later_questions(tmp_path: Path) -> None:
    """The question ends in time, and the next one has the result."""
    asked = Asked(tmp_path, longest_wait=0)
    asked.gate.clear()
    with pytest.raises(CatalogUnavailableError, match="in time"):
        await asked.entities.current()
    asked.gate.set()
    while asked.sweep.latest is None:
        await asyncio.sleep(0)
    assert len((await asked.entities.current()).entities) == 1
    assert asked.reads == 1


async def test_owners_come_with_the_team_that_their_group_claims(tmp_path: Path) -> None:
    """An entity's owner decides which keys are its own."""
    asked = Asked(tmp_path)
    (subject,) = await asked.entities.subjects((await asked.entities.current()).entities)
    assert subject.owner == Owner(EntityRef("group", "default", "others"), "Some Team")


async def test_groups_that_may_own_a_team_are_there(tmp_path: Path) -> None:
    """Those that are called like a team, and those that name any; a name of a team that is no group's is none."""
    asked = Asked(tmp_path)
    owners = await asked.entities.owners_claiming(["search-team", "absent-team", "No Group's Name"])
    assert {(str(each.ref), each.group_team) for each in owners} == {
        ("group:default/search-team", None),
        ("group:default/others", "Some Team"),
    }
