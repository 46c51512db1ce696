"""The documentation says what the code does, its links lead somewhere, and its names are there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from bff import settings
from bff.cli.bff_client import TOKEN_VARIABLE
from bff.cli.exits import Exit
from bff.cli.main import main
from bff.status.findings import Code
from tests.docs.tables import ARCHITECTURE, REFERENCE, ROOT, made, section, written

README = ROOT / "README.md"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
SECURITY = ROOT / "SECURITY.md"
PAGES = (README, CONTRIBUTING, REFERENCE, ARCHITECTURE, SECURITY, *sorted((ROOT / "deploy").rglob("*.md")))
READ_BY_PEOPLE = (
    *PAGES,
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "catalog" / "docs").glob("*.md")),
)

SOURCES = (
    *sorted((ROOT / "bff").rglob("*.py")),
    *sorted((ROOT / "deploy").rglob("*.yml")),
    *sorted(file for kind in ("py", "tf", "yaml") for file in (ROOT / "catalog").rglob(f"*.{kind}")),
    *sorted((ROOT / "plugin-frontend" / "src").rglob("*.ts*")),
)
"""Files whose docstrings, comments, messages and texts are read too."""

MOST_LINES = 200
"""Of the README, so that it is read."""

NOT_OURS = {TOKEN_VARIABLE, "BFF_URL", "BFF_BACKSTAGE_TOKEN", "KEEPTRUSTS_GATEWAY_KEY"}
"""Variables of the command line, of Backstage's configuration and of a developer's shell: no settings of the service."""

GONE = {"REDIS_URL"}
"""Settings that the changelog names because they are gone."""


def _id(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def _links(pages: tuple[Path, ...]) -> list[tuple[str, str]]:
    found = ((page, re.findall(r"\]\((?!https?://)([^)\s]+)\)", page.read_text(encoding="utf-8"))) for page in pages)
    return sorted({(_id(page), target) for page, targets in found for target in targets})


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def rows(heading: str) -> list[list[str]]:
    """The cells of the reference's table under a heading, without its head."""
    text = section(REFERENCE.read_text(encoding="utf-8"), heading)[1]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@pytest.mark.parametrize("page", made(), ids=_id)
def test_the_tables_are_the_codes_own(page: Path) -> None:
    """Tables that are made from the code say what the code says; `make reference` renews them."""
    assert page.read_text(encoding="utf-8") == written(page)


def test_every_finding_is_documented() -> None:
    """The table of findings has each code with its severity."""
    documented = {row[0].strip("`"): row[1] for row in rows("Findings")}
    expected = {code.value: code.severity.value for code in Code}
    expected["annotation-missing"] = "(unconfigured)"
    assert documented == expected


def test_every_command_is_documented() -> None:
    """The table of commands has each command."""
    assert sorted(row[0].strip("`").split()[0] for row in rows("Commands")) == sorted(main.commands)


def test_every_exit_code_is_documented() -> None:
    """The table of exit codes has each code."""
    assert [int(row[0]) for row in rows("Exit codes")] == [int(code) for code in Exit]


def test_the_readme_is_short() -> None:
    """The README has fewer than 200 lines: tables belong into the reference, reasons into the architecture page."""
    assert len(README.read_text(encoding="utf-8").splitlines()) < MOST_LINES


@pytest.mark.parametrize(("page", "target"), _links(PAGES))
def test_every_link_leads_somewhere(page: str, target: str) -> None:
    """A link of a page leads to a file that is there, and to a heading that this file has."""
    path, _, anchor = target.partition("#")
    file = (ROOT / page).parent / path if path else ROOT / page
    assert file.exists()
    assert not anchor or anchor in _anchors(file)


@pytest.mark.parametrize(
    "target",
    sorted({name for page in READ_BY_PEOPLE for name in re.findall(r"`make ([a-z0-9-]+)", page.read_text("utf-8"))}),
)
def test_every_make_target_is_there(target: str) -> None:
    """A target that a page names is one of the Makefile's."""
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("page", [*READ_BY_PEOPLE, *SOURCES], ids=_id)
def test_only_files_are_installed(page: Path) -> None:
    """No page and no message has people install the service by a name from a public index, where somebody else may have taken it."""
    words = [word for line in re.findall(r"pip install ([^\n`)]+)", page.read_text("utf-8")) for word in line.split()]
    assert [word for word in words if not word.startswith(("-", "./", "/")) and word != "."] == []


@pytest.mark.parametrize("page", [ROOT / "plugin-frontend/README.md", ROOT / "catalog/docs/dynamic-hosts.md"], ids=_id)
def test_the_endpoint_of_the_proxy_is_the_documented_one(page: Path) -> None:
    """A page that shows the endpoint of Backstage's proxy shows the one with which the tests run: a header left out is dropped."""
    configuration = yaml.safe_load((ROOT / "catalog/backstage/app-config.keeptrusts.yaml").read_text(encoding="utf-8"))
    examples = re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    shown = [endpoint for example in examples for endpoint in _endpoints(yaml.safe_load(example))]
    assert shown == list(_endpoints(configuration))


def _endpoints(value: object) -> Iterator[object]:
    """The endpoints named `/keeptrusts` in a configuration, however deep."""
    if isinstance(value, list):
        for item in value:
            yield from _endpoints(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name == "/keeptrusts":
                yield item
            else:
                yield from _endpoints(item)


@pytest.mark.parametrize("page", READ_BY_PEOPLE, ids=_id)
def test_every_setting_that_a_page_names_is_one(page: Path) -> None:
    """What looks like a setting of the service is one, so that no page keeps a setting that is gone."""
    known = {item.name for item in settings.documented()}
    known |= {f"{item.name}_FILE" for item in settings.documented() if item.secret}
    looks = r"\b(?:BFF|KEEPTRUSTS|BACKSTAGE|VAULT|DATABASE|REDIS)_[A-Z_]*[A-Z]\b"
    named = set(re.findall(looks, page.read_text(encoding="utf-8")))
    gone = GONE if page.name == "CHANGELOG.md" else set()
    assert named <= known | NOT_OURS | gone


@pytest.mark.parametrize("page", [*READ_BY_PEOPLE, *SOURCES], ids=_id)
def test_the_words_are_plain(page: Path) -> None:
    """Pages, comments, messages and texts are in plain English: none of the archaic words that the project does without."""
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"\b(?:told|anew|begun|whoever|nobody|for ever)\b", text, re.IGNORECASE) == []
