"""Each cause of trouble upstream has its own finding, with who can mend it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bff.keeptrusts.facts import Cause, Reading
from bff.status.findings import Code, State

from .conftest import NOON, Scenario

PARTS = ["teams", "keys", "configurations", "wallets", "spend", "activity"]


def troubled(part: str, cause: Cause, *, kept: bool) -> Scenario:
    """A scenario in which `part` could not be read again."""
    scenario = Scenario()
    value = getattr(scenario, part).value if kept else None
    return scenario.but(**{part: Reading(value, NOON - timedelta(minutes=5), cause, detail="said so")})


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(
    ("cause", "kept", "code"),
    [
        (Cause.DENIED, False, Code.UPSTREAM_DENIED),
        (Cause.CONTRACT, False, Code.UPSTREAM_CONTRACT),
        (Cause.CONTRACT, True, Code.UPSTREAM_CONTRACT),
        (Cause.UNAVAILABLE, False, Code.UPSTREAM_UNAVAILABLE),
        (Cause.UNAVAILABLE, True, Code.DATA_STALE),
    ],
)
def test_a_cause_has_its_code(part: str, cause: Cause, kept: bool, code: Code) -> None:
    """Whichever part it concerns, there is one finding, and it ends with the detail as a sentence."""
    scenario = troubled(part, cause, kept=kept)
    assert [found for found in scenario.codes() if found.value.startswith(("upstream", "data"))] == [code]
    assert " Said so." in scenario.finding(code).message


def test_a_refused_token_is_a_matter_for_the_platform_team() -> None:
    """The reader learns that nothing on their side helps."""
    finding = troubled("wallets", Cause.DENIED, kept=False).finding(Code.UPSTREAM_DENIED)
    assert finding.message.startswith("Keeptrusts does not let this service read its wallets.")
    assert finding.hint is not None
    assert "platform team" in finding.hint


def test_stale_data_says_from_when_it_is() -> None:
    """The age is there to be seen."""
    message = troubled("wallets", Cause.UNAVAILABLE, kept=True).finding(Code.DATA_STALE).message
    assert "what is shown was read at 2026-03-10 11:55 UTC" in message


def test_one_outage_makes_one_finding() -> None:
    """All parts that fail in the same way are named together."""
    scenario = Scenario()
    down: dict[str, Any] = {
        part: replace(getattr(scenario, part), cause=Cause.UNAVAILABLE, detail="connection refused") for part in PARTS
    }
    message = scenario.but(**down).finding(Code.DATA_STALE).message
    assert "teams, gateway keys, configurations, wallets, spend and activity" in message
    assert message.count("Connection refused.") == 1


def test_parts_that_were_not_asked_for_make_no_findings() -> None:
    """Under a mismatch the wallets are not looked at, and their trouble is no news."""
    scenario = troubled("wallets", Cause.DENIED, kept=False).annotated(key="others-key")
    assert scenario.codes() == [Code.OWNER_MISMATCH]


def test_a_part_that_could_be_read_in_part_is_not_stale() -> None:
    """It is new; the sections that it concerns say what is missing."""
    scenario = Scenario()
    partial = scenario.but(keys=replace(scenario.keys, cause=Cause.UNAVAILABLE, complete=False))
    assert partial.codes() == []


def test_staleness_that_no_part_explains_is_told_too() -> None:
    """Facts that are not renewed are old, even if their last reading went well."""
    scenario = Scenario().ruled(stale=True)
    assert scenario.codes() == [Code.DATA_STALE]
    assert scenario.assess().state is State.WARNING


def test_staleness_that_a_part_explains_is_told_by_that_part() -> None:
    """Where the only old part is one that this entity makes no use of, none of its numbers is called old."""
    scenario = troubled("activity", Cause.UNAVAILABLE, kept=True).annotated(key="others-key").ruled(stale=True)
    assert scenario.codes() == [Code.OWNER_MISMATCH]
    assert scenario.assess().freshness.stale
