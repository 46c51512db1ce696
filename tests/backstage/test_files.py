"""The catalog as YAML files."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from bff.backstage import files
from bff.backstage.caller import LOCAL, Caller
from bff.backstage.files import LARGEST_FILE, FileCatalog, Scan, scan_files
from bff.values import EntityRef

BOT = EntityRef("component", "default", "bot")


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def component(name: str, budget: str = "500") -> str:
    return f"""\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: {name}
  annotations:
    keeptrusts.dev/daily-budget: {budget}
spec:
  owner: support-team
"""


def catalog(*patterns: str | Path, clock: Clock | None = None, said: list[str] | None = None) -> FileCatalog:
    report = (said if said is not None else []).append
    return FileCatalog([str(pattern) for pattern in patterns], monotonic=clock or Clock(), report=report)


async def test_an_entity_is_found(tmp_path: Path) -> None:
    """A file's entity comes with its annotations as written and its owner."""
    (tmp_path / "bot.yaml").write_text(component("bot", "5.10"))
    found = await catalog(tmp_path).entity(LOCAL, BOT)
    assert found is not None
    assert found.annotations == {"keeptrusts.dev/daily-budget": "5.10"}
    assert found.owner == EntityRef("group", "default", "support-team")


@pytest.mark.parametrize("line", ["\t", "\t# a comment"])
async def test_a_file_with_a_loose_tab_is_read(tmp_path: Path, line: str) -> None:
    """A tab that indents nothing costs no entity, as in Backstage."""
    (tmp_path / "bot.yaml").write_text(component("bot").replace("  annotations:", f"{line}\n  annotations:"))
    found = await catalog(tmp_path).entity(LOCAL, BOT)
    assert found is not None
    assert found.annotations == {"keeptrusts.dev/daily-budget": "500"}


async def test_items_come_in_the_order_of_the_references(tmp_path: Path) -> None:
    """Each reference has its item, twice where it is asked twice, None where there is none."""
    (tmp_path / "bot.yaml").write_text(component("bot"))
    found = await catalog(tmp_path).entities(LOCAL, [EntityRef("api", "default", "x"), BOT, BOT])
    assert [item.ref if item else None for item in found] == [None, BOT, BOT]


def test_files_folders_and_globs_name_entities(tmp_path: Path) -> None:
    """A file counts whatever its ending, a folder is searched whole, a glob is expanded."""
    for path in ("one.txt", "folder/deep/two.yml", "globbed/a/three.yaml", "globbed/b/four.json"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(component(Path(path).stem))
    found = catalog(tmp_path / "one.txt", tmp_path / "folder", f"{tmp_path}/globbed/**/*.yaml")
    assert [ref.name for ref in found.refs()] == ["one", "three", "two"]


def test_dependencies_and_hidden_folders_are_not_searched(tmp_path: Path) -> None:
    """Catalog files of installed packages are not ours."""
    for folder in ("node_modules/x", ".git"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "bot.yaml").write_text(component("bot"))
    assert len(catalog(tmp_path)) == 0


def test_other_yaml_is_left_out(tmp_path: Path) -> None:
    """Configuration, lists, empty documents and Kubernetes manifests are no entities and no faults either."""
    said: list[str] = []
    manifest = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: bot}\n"
    (tmp_path / "mixed.yaml").write_text(
        "---\n---\n- a\n---\napp: {title: x}\n---\n" + manifest + "---\n" + component("bot")
    )
    assert catalog(tmp_path, said=said).refs() == [BOT]
    assert said == []


def test_a_broken_file_is_named_and_the_others_count(tmp_path: Path) -> None:
    """The report says file, line and fault; the rest of the catalog is there."""
    said: list[str] = []
    (tmp_path / "a.yaml").write_text(component("lost") + "---\nkind: [\n")
    (tmp_path / "b.yaml").write_text(component("bot"))
    assert catalog(tmp_path, said=said).refs() == [BOT]
    (line,) = said
    assert line.startswith(f"{tmp_path}/a.yaml:11: ")


def test_a_malformed_entity_is_named_and_its_neighbours_count(tmp_path: Path) -> None:
    """A bad name costs one entity and says which document it is."""
    said: list[str] = []
    (tmp_path / "a.yaml").write_text(component("not/a/name") + "---\n" + component("bot"))
    assert catalog(tmp_path, said=said).refs() == [BOT]
    assert said[0].startswith(f"{tmp_path}/a.yaml:1: the name 'not/a/name'")


async def test_the_first_of_two_counts(tmp_path: Path) -> None:
    """A second entity of the same reference is reported with both places."""
    said: list[str] = []
    (tmp_path / "a.yaml").write_text(component("bot", "1"))
    (tmp_path / "b.yaml").write_text(component("BOT", "2"))
    found = await catalog(tmp_path, said=said).entity(LOCAL, BOT)
    assert found is not None
    assert found.annotations["keeptrusts.dev/daily-budget"] == "1"
    assert said == [f"{tmp_path}/b.yaml:1: {BOT} is left out, since {tmp_path}/a.yaml:1 has it already"]


def test_a_pattern_without_files_is_reported(tmp_path: Path) -> None:
    """A mistyped path does not pass for an empty catalog."""
    said: list[str] = []
    assert len(catalog(tmp_path / "nothing", said=said)) == 0
    assert said == [f"{tmp_path}/nothing: no YAML file is there"]


def test_what_is_no_regular_file_is_not_opened(tmp_path: Path) -> None:
    """A pipe, which would block its reader, is reported."""
    said: list[str] = []
    os.mkfifo(tmp_path / "pipe.yaml")
    catalog(tmp_path, said=said)
    assert said == [f"{tmp_path}/pipe.yaml: not a file"]


def test_huge_files_are_not_read(tmp_path: Path) -> None:
    """A file above the limit is reported and costs no memory."""
    said: list[str] = []
    with (tmp_path / "huge.yaml").open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    catalog(tmp_path, said=said)
    assert said == [f"{tmp_path}/huge.yaml: larger than {LARGEST_FILE} bytes"]


def test_text_that_is_not_utf8_is_reported(tmp_path: Path) -> None:
    """A file in another encoding is a fault of its own."""
    said: list[str] = []
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe9\n")
    catalog(tmp_path, said=said)
    assert said == [f"{tmp_path}/latin.yaml: not UTF-8 at byte 3"]


async def test_edits_appear_without_a_restart(tmp_path: Path) -> None:
    """A changed, a new and a removed file are seen at the next question after the interval, and not before."""
    clock = Clock()
    (tmp_path / "bot.yaml").write_text(component("bot", "1"))
    (tmp_path / "old.yaml").write_text(component("old"))
    found = catalog(tmp_path, clock=clock)
    (tmp_path / "bot.yaml").write_text(component("bot", "2222"))
    (tmp_path / "new.yaml").write_text(component("new"))
    (tmp_path / "old.yaml").unlink()
    clock.now += 1.9
    before = await found.entity(LOCAL, BOT)
    clock.now += 0.1
    after = await found.entity(LOCAL, BOT)
    assert before is not None
    assert before.annotations["keeptrusts.dev/daily-budget"] == "1"
    assert after is not None
    assert after.annotations["keeptrusts.dev/daily-budget"] == "2222"
    assert [ref.name for ref in found.refs()] == ["bot", "new"]


async def test_a_fault_is_reported_once(tmp_path: Path) -> None:
    """Looking again at a broken file says nothing new; a mended and broken one is said again."""
    clock, said = Clock(), list[str]()
    (tmp_path / "a.yaml").write_text("a: [")
    found = catalog(tmp_path, clock=clock, said=said)
    for text in ("a: [", component("bot"), "a: ["):
        (tmp_path / "a.yaml").write_text(text)
        clock.now += 5
        await found.group(BOT)
    assert len(said) == 2
    assert found.problems == (said[0],)


async def test_unchanged_files_are_not_read_again(tmp_path: Path) -> None:
    """The second look costs a stat a file."""
    (tmp_path / "bot.yaml").write_text(component("bot"))
    first = scan_files([str(tmp_path)], {})
    second = scan_files([str(tmp_path)], first.files)
    assert second.files[f"{tmp_path}/bot.yaml"] is first.files[f"{tmp_path}/bot.yaml"]


async def test_looking_again_does_not_hold_up_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one question waits for the disk, the next is answered from what is there."""
    import asyncio  # noqa: PLC0415 - beside the only test that needs it

    clock, started, go_on = Clock(), asyncio.Event(), threading.Event()
    (tmp_path / "bot.yaml").write_text(component("bot"))
    found = catalog(tmp_path, clock=clock)
    loop = asyncio.get_running_loop()

    def slow(patterns: tuple[str, ...], known: dict[str, object]) -> Scan:
        del patterns, known
        loop.call_soon_threadsafe(started.set)
        go_on.wait()
        return Scan({}, ())

    monkeypatch.setattr(files, "scan_files", slow)
    clock.now += 5
    waiting = asyncio.create_task(found.entity(LOCAL, BOT))
    await started.wait()
    assert await found.entity(LOCAL, BOT) is not None
    go_on.set()
    assert await waiting is None


async def test_memberships_come_from_users_and_groups(tmp_path: Path) -> None:
    """`memberOf` and `members` both make a member; a caller belongs to themself, and no caller to nothing."""
    (tmp_path / "org.yaml").write_text("""\
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: dev}
spec: {memberOf: [a-team]}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: b-team}
spec: {members: [dev]}
""")
    found = catalog(tmp_path)
    dev = Caller(key="user:default/dev", user=EntityRef("user", "default", "dev"))
    assert {ref.name for ref in await found.memberships(dev)} == {"dev", "a-team", "b-team"}
    assert await found.memberships(LOCAL) == frozenset()
