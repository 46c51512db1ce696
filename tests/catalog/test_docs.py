"""The pages for users of the gateway are whole: every page is in the navigation, every link leads somewhere, every finding is explained."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from bff.backstage.entities import PREFIX
from bff.lint.faults import Code as Fault
from bff.provisioning.policy import MONTHLY
from bff.status import claims
from bff.status.findings import Code, Finding, Rules, state_of

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
    """The page of findings has each code with its severity, and for a missing annotation the state that it makes."""
    rows = re.findall(r"^\| `([a-z-]+)` \| ([\w()]+) \|", (DOCS / "findings.md").read_text(), re.MULTILINE)
    expected = {code.value: code.severity.value for code in Code}
    expected[Code.ANNOTATION_MISSING] = f"({state_of([Finding(Code.ANNOTATION_MISSING, '')], known=True)})"
    assert dict(rows) == expected
    assert [code for code, _ in rows] == [code.value for code in Code]


def test_every_annotation_is_explained() -> None:
    """The page of annotations has each of them."""
    named = set(re.findall(r"^\| `(keeptrusts\.dev/[a-z-]+)` ", (DOCS / "annotations.md").read_text(), re.MULTILINE))
    assert named == {value for value in vars(claims).values() if isinstance(value, str) and value.startswith(PREFIX)}


def test_every_fault_is_explained() -> None:
    """The page for platform teams has each code of the checks."""
    page = (DOCS / "platform-teams.md").read_text().partition("## Check catalog files")[2]
    rows = re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE)
    assert rows == [fault.value for fault in Fault]


def test_groups_and_people_are_not_allowed_from_files() -> None:
    """The rules to copy allow each kind of the files that are registered, and neither groups nor people."""
    page = (DOCS / "platform-teams.md").read_text()
    [rules] = [block for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if block.startswith("catalog:")]
    catalog = yaml.safe_load(rules)["catalog"]
    allowed = {kind for rule in catalog["rules"] for kind in rule["allow"]}
    registered = {kind for rule in catalog["locations"][0]["rules"] for kind in rule["allow"]}
    assert not {"Group", "User", "Template"} & allowed
    offered = ("catalog-info.yaml", "keeptrusts-gateway-api.yaml", "ai-platform.yaml", "templates/*/template.yaml")
    files = [file for name in offered for file in CATALOG.glob(name)]
    kinds = {document["kind"] for file in files for document in yaml.safe_load_all(file.read_text())}
    assert registered == kinds | {"Location"}


def test_every_template_is_explained() -> None:
    """The page for platform teams has a row for each template, and the page on keys names each by its title."""
    templates = [yaml.safe_load(file.read_text())["metadata"] for file in CATALOG.glob("templates/*/template.yaml")]
    rows = re.findall(r"^\| `(ai-[a-z-]+)` \|", (DOCS / "platform-teams.md").read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(template["name"] for template in templates)
    page = (DOCS / "key-life.md").read_text()
    assert all(f"**{template['title']}**" in page for template in templates)


def test_the_pages_name_the_services_own_figures() -> None:
    """How early a key's end is announced and what owners may give are as the pages say."""
    life = (DOCS / "key-life.md").read_text()
    rules = Rules(timezone=ZoneInfo("UTC"))
    assert f"`key-expiring` appears {rules.expiring_within.days} days ahead" in life
    assert f"{MONTHLY.amount:,} USD in a calendar month" in (DOCS / "tiers-and-budgets.md").read_text()


def test_the_guides_prefix_is_explained() -> None:
    """A reader who has the guide's template learns what to write instead of its path prefix."""
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


def test_the_plugins_page_lets_every_header_through() -> None:
    """Where the plugin's page shows the proxy, it names each header of the example that Backstage is configured by."""
    readme = (CATALOG.parent / "plugin-frontend/README.md").read_text()
    (shown,) = (block for block in re.findall(r"```yaml\n(.*?)```", readme, re.DOTALL) if block.startswith("proxy:"))
    example = yaml.safe_load((CATALOG / "backstage/app-config.keeptrusts.yaml").read_text())
    (endpoint,) = yaml.safe_load(shown)["proxy"]["endpoints"].values()
    assert endpoint == example["proxy"]["endpoints"]["/keeptrusts"]
