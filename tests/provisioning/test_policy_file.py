"""A policy file with a mistake is found with its line, does not let a service start, and changes nothing in a running one."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bff.provisioning.policy import Limits, Policy
from bff.provisioning.policy_file import LARGEST_FILE, PolicyFileError, PolicySource, load_policy, read_policy
from bff.settings import SettingsError
from bff.values import Money
from tests.conftest import Start

from .conftest import SETTINGS

COMMAND = str(Path(sys.executable).with_name("keeptrusts-bff"))
EXAMPLE = Path(__file__).parents[2] / "catalog" / "backstage" / "provisioning-policy.yaml"


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "---\n", EXAMPLE.read_text()], ids=["empty", "comment", "marker", "example"]
)
def test_the_defaults_are_those_of_the_example(text: str) -> None:
    """A file that says nothing, and the example in the catalog, are the policy of a service without a file."""
    assert read_policy(text) == Policy()


def test_what_is_written_counts() -> None:
    """Every member of the file changes its limit; a team's limits are the general ones where it says nothing."""
    policy = read_policy(
        "ask: the platform team\n"
        "funding: {ownersMonthlyUsd: 12.10}\n"
        "tiers: {allowed: [tier-2-internal]}\n"
        "keys: {mostLiving: 4, longestLifeDays: 90}\n"
        "teams:\n  Support-Team: {keys: {longestLifeDays: null}, funding: {ownersMonthlyUsd: 0}}\n"
    )
    assert policy.of_team("other") == Limits(Money(Decimal("12.1")), ("tier-2-internal",), 4, timedelta(days=90))
    assert policy.of_team("support-TEAM") == Limits(Money(Decimal(0)), ("tier-2-internal",), 4, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("funding:\n  ownersMonthlyUsd: ten\n", "line 2: 'funding.ownersMonthlyUsd': must be a number"),
        ("funding:\n  ownersMonthlyUsd: -1\n", "line 2: 'funding.ownersMonthlyUsd'"),
        ("funding:\n  ownersMonthlyUsd: true\n", "line 2: 'funding.ownersMonthlyUsd': must be a number"),
        ("\nkeys:\n  mostLivng: 3\n", "line 3: 'keys.mostLivng': is not a member of a policy"),
        ("keys:\n  mostLiving: 3\n  mostLiving: 4\n", "line 3: 'mostLiving' is there twice"),
        ("keys:\n  mostLiving: 2.5\n", "line 2: 'keys.mostLiving'"),
        ("tiers:\n  allowed:\n    - tier-1\n    - 5\n", "line 4: 'tiers.allowed.1'"),
        (
            "notifications:\n  mute:\n    - budget-pace\n    - budgets\n",
            "line 4: 'notifications.mute.1': 'budgets' is never alerted: write one of budget-exceeded, ",
        ),
        ("teams:\n  a:\n    keys: 3\n", "line 3: 'teams.a.keys': must be a mapping"),
        ("teams:\n  a: {}\n  A: {}\n", "line 2: 'teams': two names differ in upper and lower case alone"),
        ("- a\n", "line 1: 'the file': must be a mapping"),
        ("keys: [\n", "line 2: "),
        ("a: 1\n---\nb: 2\n", "line 2: a second document"),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, message: str) -> None:
    """A mistake is one line with its place in the file, the member, and the form expected."""
    with pytest.raises(PolicyFileError) as caught:
        read_policy(text)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"ask: \xff\n", "line 1: not UTF-8"), (b"#" * (LARGEST_FILE + 1), "larger than"), (None, "cannot be read")],
    ids=["bytes", "size", "missing"],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    """A file that is missing, too large or no text is an error that starts with its name."""
    file = tmp_path / "policy.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(PolicyFileError) as caught:
        load_policy(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert message in str(caught.value)


def test_codes_are_muted() -> None:
    """What the policy mutes is known by the codes of the findings."""
    assert read_policy("notifications: {mute: [budget-pace, key-expiring]}").muted == {"budget-pace", "key-expiring"}


async def test_a_service_does_not_start_on_a_mistake(start: Start, tmp_path: Path) -> None:
    """A service whose policy has a mistake ends with one line that names the setting, the file and the line."""
    file = tmp_path / "policy.yaml"
    file.write_text("keys:\n  mostLiving: many\n")
    with pytest.raises(SettingsError, match=r"BFF_PROVISIONING_POLICY: .*policy\.yaml: line 2: 'keys\.mostLiving'"):
        async with start(**SETTINGS, bff_provisioning_policy=file):
            pass


async def test_a_running_service_keeps_the_last_good_policy(tmp_path: Path) -> None:
    """A change counts at the next act; a bad one is logged and counted once, and the policy before it stays."""
    file, rejected = tmp_path / "policy.yaml", []
    file.write_text("ask: first\n")
    source = PolicySource(file, rejected=lambda: rejected.append(1))
    file.write_text("ask: second\n")
    assert (await source.current()).ask == "second"
    file.write_text("ask: [\n")
    with capture_logs() as logs:
        assert [(await source.current()).ask for _ in range(3)] == ["second"] * 3
    assert len(rejected) == 1
    assert [line["log_level"] for line in logs] == ["error"]
    assert "line 2" in logs[0]["problem"]
    file.unlink()
    assert (await source.current()).ask == "second"
    file.write_text("ask: third\n")
    assert (await source.current()).ask == "third"


def test_a_file_is_checked_from_the_command_line(tmp_path: Path) -> None:
    """`policy check` prints the limits of a good file, and ends with 1 and one line for a bad one."""
    bad = tmp_path / "bad.yaml"
    bad.write_text("\nfunding:\n  ownersMonthlyUsd: x\n")
    good, wrong = (
        subprocess.run([COMMAND, "policy", "check", str(file)], capture_output=True, text=True, check=False, timeout=60)
        for file in (EXAMPLE, bad)
    )
    assert (good.returncode, "3000 USD a month" in good.stdout) == (0, True), good.stderr
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert wrong.stderr == f"keeptrusts-bff: {bad}: line 3: 'funding.ownersMonthlyUsd': must be a number\n"
