"""`keeptrusts-bff coverage` prints which spend entities claim, and is a gate in CI that never guesses."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from bff.cli.coverage import judge, percentage, show
from bff.cli.exits import Exit, Failure
from bff.status.claims import Owner
from bff.status.wire import Coverage
from bff.values import EntityRef
from tests.spend.test_coverage import covered, entity, spent
from tests.status.conftest import MIDNIGHT

from .conftest import Process, Run


def shared_as(claimed: str, unclaimed: str, **changes: Any) -> Coverage:
    """A report of which an entity claims one part and none the other."""
    return covered(entity("bot"), spend=[spent("tok_1", claimed), spent("tok_9", unclaimed)], **changes)


def test_a_smaller_share_than_wanted_ends_with_1() -> None:
    """The message has both, rounded down, so that 94.99 never reads as 95."""
    with pytest.raises(Failure, match=r"claim 94\.9 % of the spend, less than 95 %") as caught:
        judge(shared_as("94.99", "5.01"), Decimal(95))
    assert caught.value.exit_code == Exit.FOUND


@pytest.mark.parametrize(("claimed", "unclaimed"), [("95", "5"), ("1", "0"), ("0", "0")])
def test_as_much_as_wanted_is_enough(claimed: str, unclaimed: str) -> None:
    """So is nothing of nothing: there is nothing to claim."""
    judge(shared_as(claimed, unclaimed), Decimal(95))


def test_the_share_is_judged_by_the_exact_amounts() -> None:
    """The ratio on the wire is rounded to four places, and would pass."""
    report = shared_as("94.999999", "5.000001")
    assert report.ratio is not None
    assert round(float(report.ratio), 4) == 0.95
    with pytest.raises(Failure):
        judge(report, Decimal(95))


def test_a_catalog_that_was_not_read_whole_is_neither_a_pass_nor_a_fail() -> None:
    """What is missing might be claimed; enough without it is enough."""
    with pytest.raises(Failure, match="cannot be said now: Not all entities") as caught:
        judge(shared_as("1", "1", trouble="page 3 failed"), Decimal(95))
    assert caught.value.exit_code == Exit.UNREACHABLE
    judge(shared_as("99", "1", trouble="page 3 failed"), Decimal(95))


def test_an_owner_that_cannot_be_read_is_neither_a_pass_nor_a_fail() -> None:
    """The entity may well claim the key."""
    unreadable = Owner(EntityRef("group", "default", "support-team"), unreadable=True)
    with pytest.raises(Failure, match="cannot be said now") as caught:
        judge(covered(entity("bot", owner=unreadable), spend=[spent("tok_1", "1")]), Decimal(95))
    assert caught.value.exit_code == Exit.UNREACHABLE


def test_spend_that_is_a_lower_bound_is_judged_as_it_is() -> None:
    """A request without a price, of which there is one at most times, does not stop CI."""
    incomplete = {MIDNIGHT.date(): "one request has no price yet"}
    judge(shared_as("99", "1", incomplete=incomplete), Decimal(95))
    with pytest.raises(Failure) as caught:
        judge(shared_as("1", "1", incomplete=incomplete), Decimal(95))
    assert caught.value.exit_code == Exit.FOUND


def test_spend_that_cannot_be_read_is_no_pass() -> None:
    """Not known is not nothing."""
    with pytest.raises(Failure, match="cannot be said") as caught:
        judge(covered(spend=None), Decimal(95))
    assert caught.value.exit_code == Exit.UNREACHABLE


def test_the_share_and_every_list_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """A person reads what is claimed, what is not, and what to do."""
    report = covered(
        entity("a"),
        entity("b"),
        entity("gone", "no-such-key"),
        entity("silent", None, consumes=True),
        spend=[spent("tok_1", "7.5"), spent("tok_777", "2.5", team="team_777")],
    )
    show(report)
    printed = " ".join(capsys.readouterr().out.split())
    assert "last 30 days: 75 % of $10.00" in printed
    assert "$7.50 is claimed, $2.50 is not" in printed
    assert "others-key team-of-others $2.50 1 group" not in printed
    assert "others-key team-of-others $2.50 1 -" in printed
    assert "component:default/gone no-such-key group:default/support-team not there" in printed
    assert "support-key support-team $7.50 component:default/a, component:default/b" in printed
    assert "component:default/silent group:default/support-team" in printed
    assert "team-of-others $7,777.77" in printed


def test_a_lower_bound_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """Where something is missing the amounts are at least so much, and a finding says why."""
    show(shared_as("1", "1", trouble="page 3 failed"))
    printed = capsys.readouterr().out
    assert "50 % of at least $2.00" in printed
    assert "page 3 failed" in printed


def test_long_tables_say_what_they_lack(capsys: pytest.CaptureFixture[str]) -> None:
    """The twenty largest are printed, and how many there are besides."""
    show(covered(spend=[spent(f"tok_{number}0", "1") for number in range(30)]))
    assert "and 10 more" in capsys.readouterr().out


def test_what_a_key_is_called_commands_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Control characters of a name are replaced."""
    show(covered(spend=[spent("tok_\x1b[2J", "1")]))
    assert "\x1b" not in capsys.readouterr().out


def test_nothing_spent_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """There is no share then."""
    report = covered()
    assert percentage(report) is None
    show(report)
    assert "nothing was spent" in capsys.readouterr().out


def test_a_running_demo_is_asked(demo: Process, run: Run) -> None:
    """The command's JSON is the BFF's; every key of the example that spends is claimed, so that the gate passes."""
    url = demo.address("BFF")
    ended = run("coverage", "--url", url, "--days", "2", "--json", "--fail-under", "100")
    document = json.loads(ended.stdout)
    sides = [Decimal(document[side]["amount"]) for side in ("claimed", "unclaimed", "total")]
    assert sides[0] + sides[1] == sides[2] > 0
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "of $" in run("coverage", "--url", url, "--days", "2").stdout
