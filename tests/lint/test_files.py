"""Files are found by name, folder and glob, and those that cannot be read are reported without waiting."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bff.backstage.files import LARGEST_FILE
from bff.lint.faults import Code, Fault
from bff.lint.report import File, NothingThereError, find_files

GROUP = "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata:\n  name: team\n"


def unreadable(path: Path) -> tuple[int, str]:
    """The line and the reason for which a file cannot be read."""
    files, [fault] = find_files([str(path)])
    assert files == []
    assert (fault.file, fault.code) == (str(path), Code.UNREADABLE)
    return fault.line, fault.message


def test_nothing_to_check_is_an_error(tmp_path: Path) -> None:
    """A pattern that names no file is no clean result."""
    with pytest.raises(NothingThereError, match="no YAML file"):
        find_files([str(tmp_path / "*.yaml")])


def test_a_file_is_read_once(tmp_path: Path) -> None:
    """A file that two patterns name is one file; what is no YAML in a folder is left out."""
    (tmp_path / "team.yaml").write_text(GROUP)
    (tmp_path / "notes.txt").write_text("not for us")
    files, faults = find_files([str(tmp_path), str(tmp_path / "*.yaml")])
    assert files == [File(str(tmp_path / "team.yaml"), GROUP)]
    assert faults == []


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    """Editors that write a mark at the beginning do no harm."""
    (tmp_path / "team.yaml").write_text(GROUP, encoding="utf-8-sig")
    [file], _ = find_files([str(tmp_path)])
    assert file.text == GROUP


def test_other_encodings_are_reported_with_their_line(tmp_path: Path) -> None:
    """A letter of another encoding is found in its line."""
    file = tmp_path / "latin.yaml"
    file.write_bytes("kind: Group\nmetadata:\n  title: Küche\n".encode("latin-1"))
    assert unreadable(file) == (3, "not UTF-8")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """What is no file is reported and not read."""
    os.mkfifo(tmp_path / "pipe.yaml")
    assert unreadable(tmp_path / "pipe.yaml") == (1, "not a file")


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    """A file that is too large is reported by its size alone."""
    with (tmp_path / "huge.yaml").open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    line, why = unreadable(tmp_path / "huge.yaml")
    assert (line, "larger than" in why) == (1, True)


def test_a_link_to_nothing_is_reported(tmp_path: Path) -> None:
    """A file that is gone is a fault and no stack trace."""
    (tmp_path / "gone.yaml").symlink_to(tmp_path / "nothing")
    assert unreadable(tmp_path / "gone.yaml") == (1, "No such file or directory")


def test_links_that_lead_in_a_circle_are_not_followed(tmp_path: Path) -> None:
    """A link to a folder above it hides no file and multiplies none, in a folder or in a glob of any depth."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "up").symlink_to("..")
    (tmp_path / "a" / "b" / "team.yaml").write_text(GROUP)
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "team.yaml").write_text(GROUP)
    there = [str(tmp_path / "a" / "b" / "team.yaml")]
    for pattern in ("", "/**/*.yaml", "/**/b/**/team.yaml", "/a/**", "/**/b"):
        assert [file.path for file in find_files([f"{tmp_path}{pattern}"])[0]] == there, pattern


def test_a_glob_of_any_depth_tells_names_as_they_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the folder one is in, names begin without a point."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a[1]").mkdir()
    for name in ("team.yaml", "a[1]/team.yaml"):
        (tmp_path / name).write_text(GROUP)
    assert [file.path for file in find_files(["**/*.yaml"])[0]] == ["a[1]/team.yaml", "team.yaml"]
    assert [file.path for file in find_files(["a*/**/*.yaml"])[0]] == ["a[1]/team.yaml"]


@pytest.mark.parametrize(
    ("line", "code", "allowed"),
    [(1, Code.YAML, True), (1, Code.KEY_TWICE, False), (2, Code.YAML, False), (3, Code.YAML, False)],
)
def test_a_comment_allows_one_fault_in_one_line(line: int, code: Code, *, allowed: bool) -> None:
    """Other faults in the line, and the same fault in other lines, are reported."""
    file = File("a.yaml", "a: 1 # lint: allow yaml\nb: 2\n")
    assert file.allows(Fault("a.yaml", line, code, "")) is allowed
