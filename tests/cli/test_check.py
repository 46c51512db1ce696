"""`keeptrusts-bff check` says to a pipeline whether an entity may still spend."""

from __future__ import annotations

import json

import pytest

from .conftest import BOT, Process, Run


def test_within_its_budget_it_ends_with_0(demo: Process, run: Run) -> None:
    """An entity with budget left may spend: exit code 0, the answer first, and what is left."""
    ended = run("check", BOT, BFF_URL=demo.address("BFF"))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith(f"MAY SPEND  {BOT}  within-limits\n")
    assert "of today's budget" in ended.stdout


@pytest.mark.parametrize(
    ("entity", "cost", "reason"),
    [
        (BOT, ("--cost", "1000000"), "cost-exceeds-left"),
        ("component:default/keeptrusts-gateway", (), "annotation-missing"),
    ],
)
def test_a_no_ends_with_1(demo: Process, run: Run, entity: str, cost: tuple[str, ...], reason: str) -> None:
    """An entity that may not spend ends a pipeline with 1 and the reason, also for a program."""
    words = ("check", entity, *cost)
    ended = run(*words, BFF_URL=demo.address("BFF"))
    assert ended.returncode == 1
    assert f"MAY NOT SPEND  {entity}  {reason}" in ended.stdout
    document = json.loads(run(*words, "--json", BFF_URL=demo.address("BFF")).stdout)
    assert (document["allowed"], document["reason"]) == (False, reason)


def test_an_entity_that_is_not_there_ends_with_6(demo: Process, run: Run) -> None:
    """A name that is not in the catalog is no answer about a budget."""
    ended = run("check", "component:default/no-such-entity", BFF_URL=demo.address("BFF"))
    assert (ended.returncode, ended.stdout) == (6, "")


@pytest.mark.parametrize("cost", ["x", "-1", "NaN", "Infinity"])
def test_a_cost_that_is_no_amount_is_refused(demo: Process, run: Run, cost: str) -> None:
    """A cost must be an amount: the message names the option and the form."""
    ended = run("check", BOT, f"--cost={cost}", BFF_URL=demo.address("BFF"))
    assert ended.returncode == 2
    assert "--cost" in ended.stderr
    assert "12.50" in ended.stderr
