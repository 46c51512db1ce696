"""Catalog files are checked with file and line: ours hold, the broken ones are found, each at its line and nothing else."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bff.lint.faults import Code
from bff.lint.report import lint

CHECKOUT = Path(__file__).parents[2]
BROKEN = Path(__file__).parent / "broken"
CLEAN = Path(__file__).parent / "clean"
COMMAND = Path(sys.executable).with_name("keeptrusts-bff")


def test_our_catalog_holds() -> None:
    """Every file that we hand to a platform team is without a fault, and refers to nothing that is not in it."""
    report = lint([str(CHECKOUT / "catalog")], closed=True)
    assert [str(fault) for fault in report.faults] == []
    assert report.entities > 30


@pytest.mark.parametrize("file", sorted(BROKEN.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_fault_is_found_at_its_line(file: Path) -> None:
    """What a comment in a broken file expects is found there, and nothing else is."""
    expected = {
        (number, code)
        for number, line in enumerate(file.read_text().splitlines(), 1)
        for code in re.findall(r"# expect: ([a-z-]+)", line)
    }
    found = {(fault.line, fault.code.value) for fault in lint([str(file)], closed=True).faults}
    assert found == expected


def test_every_fault_is_shown() -> None:
    """There is a broken file for each fault, but for those that no file in a repository can have."""
    shown = {code for file in BROKEN.glob("*.yaml") for code in re.findall(r"# expect: ([a-z-]+)", file.read_text())}
    assert shown == {code.value for code in Code} - {Code.UNREADABLE.value}


def test_an_open_catalog_may_refer_to_others() -> None:
    """Files that are not the whole catalog may refer to entities that are elsewhere."""
    codes = {fault.code.value for fault in lint([str(BROKEN)]).faults}
    assert "reference-dangling" not in codes
    assert "annotation-invalid" in codes


@pytest.mark.parametrize("ending", ["", "\n"])
def test_what_never_ends_is_a_fault_in_the_last_line(tmp_path: Path, ending: str) -> None:
    """The line of a fault is one that the file has."""
    (tmp_path / "open.yaml").write_text(f"a: 1\nb: [{ending}")
    [fault] = lint([str(tmp_path)]).faults
    assert (fault.line, fault.code) == (2, Code.YAML)


def test_a_tab_is_called_a_tab(tmp_path: Path) -> None:
    """The message for an invisible tab before a key names the tab."""
    (tmp_path / "tab.yaml").write_text("kind: Component\nmetadata:\n\tname: x\n")
    [fault] = lint([str(tmp_path)]).faults
    assert (fault.line, fault.code, fault.message) == (3, Code.YAML, "a tab: YAML is indented with spaces")


def test_an_entity_without_a_version(tmp_path: Path) -> None:
    """What carries our annotations and lacks its apiVersion is not passed over as something else."""
    entity = 'kind: Component\nmetadata:\n  name: x\n  annotations:\n    {}: "5"\n'
    (tmp_path / "ours.yaml").write_text(entity.format("keeptrusts.dev/daily-budget"))
    (tmp_path / "other.yaml").write_text(entity.format("example.org/other"))
    [fault] = lint([str(tmp_path)]).faults
    assert (fault.file, fault.line, fault.code) == (str(tmp_path / "ours.yaml"), 1, Code.ENTITY_MALFORMED)
    assert "apiVersion" in fault.message


@pytest.mark.parametrize("file", ["ticket.yaml", "tab-line.yaml", "tab-comment.yaml"])
def test_what_backstage_takes_is_no_fault(file: str) -> None:
    """Keys of tickets and projects in outputs, a line of one tab and a tab before a comment are right."""
    report = lint([str(CLEAN / file)])
    assert (report.entities, report.faults) == (1, ())


def test_files_of_templates_are_left_out() -> None:
    """Skeletons by folder, by the step that fetches them and by their markup are named, and the template is checked."""
    report = lint([str(CLEAN)])
    assert report.faults == ()
    assert {str(Path(path).relative_to(CLEAN)) for path in report.skeletons} == {
        "bot-template/content/catalog-info.yaml",
        "cookies/plain.yaml",
        "cookies/quoted.yaml",
        "cookies/statements.yaml",
        "cookies/{{cookiecutter.name}}/catalog-info.yaml",
        "skeleton/catalog-info.yaml",
        "skeleton/values.yaml",
    }
    assert report.entities == report.files - len(report.skeletons)


def test_an_expression_outside_a_skeleton_is_a_fault() -> None:
    """The file that a template fetches is an ordinary file where no template among the files fetches it."""
    [malformed] = lint([str(CLEAN / "bot-template" / "content")]).faults
    assert (malformed.code, malformed.line) == (Code.ENTITY_MALFORMED, 4)


def test_a_template_that_is_no_yaml_is_not_a_skeleton(tmp_path: Path) -> None:
    """Markup in a text does not hide a fault in another line."""
    (tmp_path / "template.yaml").write_text("kind: Template\ntext: |\n  {% if a %}\nowner: a: b\n")
    [fault] = lint([str(tmp_path)]).faults
    assert (fault.line, fault.code) == (4, Code.YAML)


def test_a_file_in_a_skeleton_without_markup_is_checked(tmp_path: Path) -> None:
    """The name of a folder alone does not hide a fault."""
    (tmp_path / "skeleton").mkdir()
    (tmp_path / "skeleton" / "a.yaml").write_text("a: b: c\n")
    [fault] = lint([str(tmp_path)]).faults
    assert (fault.line, fault.code) == (1, Code.YAML)


def test_the_command_names_the_files_of_templates() -> None:
    """The summary counts what is left out and names the files; without another fault the command ends with 0."""
    ended = subprocess.run([COMMAND, "lint", CLEAN / "skeleton"], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (0, "")
    assert "0 entities in 2 files, 2 files of templates left out" in ended.stderr
    assert str(CLEAN / "skeleton" / "values.yaml") in ended.stderr


def test_a_fault_can_be_allowed(tmp_path: Path) -> None:
    """A comment at the line allows just the fault that it names."""
    text = (BROKEN / "annotations.yaml").read_text()
    file = tmp_path / "allowed.yaml"
    file.write_text(text.replace("# expect: annotation-unknown", "# lint: allow annotation-unknown"))
    codes = [fault.code.value for fault in lint([str(file)]).faults]
    assert "annotation-unknown" not in codes
    assert codes.count("annotation-invalid") == 4


@pytest.mark.long
def test_the_command_fails_with_file_and_line() -> None:
    """The command prints a line a fault and ends with 1, as JSON too; without a fault it ends with 0; with no file, 2."""
    ended = subprocess.run([COMMAND, "lint", BROKEN / "annotations.yaml"], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert all(re.match(r".*annotations\.yaml:\d+: [a-z-]+: .", line) for line in ended.stdout.splitlines())
    as_json = subprocess.run([COMMAND, "lint", "--json", BROKEN], capture_output=True, text=True, check=False)
    assert {"file", "line", "code", "message"} == set(json.loads(as_json.stdout)[0])
    assert subprocess.run([COMMAND, "lint", CHECKOUT / "catalog"], capture_output=True, check=False).returncode == 0
    assert subprocess.run([COMMAND, "lint", BROKEN / "none.yaml"], capture_output=True, check=False).returncode == 2
