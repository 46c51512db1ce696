"""`keeptrusts-bff rollup`, and `spend` as a file, in front of a running service."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal

import pytest

from bff.cli.exits import Exit

from .conftest import BOT, Process, Run

GROUP = "group:default/support-team"


def test_a_roll_up_is_what_the_bff_says(demo: Process, run: Run) -> None:
    """The table and the JSON are of the same group, whose name alone is enough."""
    url = demo.address("BFF")
    as_json = run("rollup", GROUP, "--days", "1", "--json", BFF_URL=url)
    document = json.loads(as_json.stdout)
    assert (document["entityRef"], document["days"]) == (GROUP, 1)
    table = run("rollup", "support-team", "--days", "1", "--url", url)
    assert (table.returncode, table.stderr) == (0, "")
    head = table.stdout.splitlines()[0]
    assert head == f"{GROUP}  today: ${Decimal(document['total']['amount']):,.2f}"
    for member in document["members"]:
        assert member["entityRef"] in table.stdout
    for text in ("1 warning", "Wallet of support-team", "support-team-gw-key", "budget-near"):
        assert text in table.stdout
    assert "\x1b" not in table.stdout


@pytest.mark.parametrize(("form", "column"), [("csv", "spent"), ("focus", "BilledCost")])
def test_spend_as_a_file_adds_up(demo: Process, run: Run, form: str, column: str) -> None:
    """The rows on standard output add up to the total of the report, and nothing else is printed."""
    url = demo.address("BFF")
    total = json.loads(run("spend", BOT, "--days", "1", "--json", BFF_URL=url).stdout)["total"]["amount"]
    ended = run("spend", BOT, "--days", "1", "--format", form, BFF_URL=url)
    assert (ended.returncode, ended.stderr) == (0, "")
    rows = list(csv.DictReader(io.StringIO(ended.stdout, newline=""), strict=True))
    assert sum((Decimal(row[column]) for row in rows), Decimal(0)) == Decimal(total) > 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["rollup", BOT], Exit.USAGE, "kind: 'component' must be group, system or domain"),
        (["rollup", "no-such-group"], Exit.NOT_FOUND, "group:default/no-such-group is not in the catalog"),
        (["spend", BOT, "--format", "csv", "--json"], Exit.USAGE, "--json and --format exclude each other"),
        (
            ["spend", "billing-service", "--format", "csv"],
            Exit.NOT_FOUND,
            "has no annotation keeptrusts.dev/gateway-key-name",
        ),
    ],
)
def test_what_cannot_be_shown_is_one_line(demo: Process, run: Run, words: list[str], code: Exit, said: str) -> None:
    """A kind without members, a group that is not there, options that exclude each other, and a file of nothing."""
    ended = run(*words, BFF_URL=demo.address("BFF"))
    assert (ended.returncode, ended.stdout) == (int(code), "")
    assert said in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
