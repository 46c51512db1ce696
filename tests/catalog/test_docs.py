"""The pages for users of the gateway are whole: every page is in the navigation, every link leads somewhere, every finding is explained."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bff.backstage.entities import PREFIX
from bff.lint.faults import Code as Fault
from bff.status import claims
from bff.status.findings import Code

CATALOG = Path(__file__).parents[2] / "catalog"
DOCS = CATALOG / "docs"
PAGES = sorted(DOCS.glob("*.md"))


def test_the_navigation_names_every_page() -> None:
    """What is in the folder can be found, and what can be found is in the folder."""
    navigation = yaml.safe_load((CATALOG / "mkdocs.yml").read_text())["nav"]
    assert sorted(page for item in navigation for page in item.values()) == [page.name for page in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_leads_to_a_page(page: Path) -> None:
    """A link from a page leads to another page."""
    for target in re.findall(r"\]\((?!https?://)([^)#]+)", page.read_text()):
        assert (DOCS / target).is_file(), target


def test_every_finding_is_explained() -> None:
    """The page of findings has each code with its severity."""
    rows = re.findall(r"^\| `([a-z-]+)` \| (\w+) \|", (DOCS / "findings.md").read_text(), re.MULTILINE)
    assert rows == [(code.value, code.severity.value) for code in Code]


def test_every_annotation_is_explained() -> None:
    """The page of annotations has each of them."""
    named = set(re.findall(r"^\| `(keeptrusts\.dev/[a-z-]+)` ", (DOCS / "annotations.md").read_text(), re.MULTILINE))
    assert named == {value for value in vars(claims).values() if isinstance(value, str) and value.startswith(PREFIX)}


def test_every_fault_is_explained() -> None:
    """The page for platform teams has each code of the checks."""
    rows = re.findall(r"^\| `([a-z-]+)` \|", (DOCS / "platform-teams.md").read_text(), re.MULTILINE)
    assert rows == [fault.value for fault in Fault]


def test_the_guides_prefix_is_explained() -> None:
    """Whoever has the guide's template learns what to write instead of its path prefix."""
    page = (DOCS / "platform-teams.md").read_text()
    assert "`/api/proxy/keeptrusts/...`" in page
    assert "write `/proxy/keeptrusts/...`" in page


def test_techdocs_builds_the_pages(tmp_path: Path) -> None:
    """The generator that TechDocs uses builds every page, without a warning, with its tabs as tabs."""
    mkdocs = Path(sys.executable).with_name("mkdocs")
    arguments = [mkdocs, "build", "--strict", "--config-file", CATALOG / "mkdocs.yml", "--site-dir", tmp_path]
    ended = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    built = {"index" if page.parent == tmp_path else page.parent.name for page in tmp_path.rglob("index.html")}
    assert built == {page.stem for page in PAGES}
    assert 'class="tabbed-set' in (tmp_path / "getting-started" / "index.html").read_text()
