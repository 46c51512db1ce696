"""`keeptrusts-bff status` prints a card for a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bff.cli.status import show
from bff.keeptrusts.facts import Reading
from tests.status.conftest import KEY, NOON, Scenario


def row(capsys: pytest.CaptureFixture[str], scenario: Scenario, label: str) -> str | None:
    """The row of this label in what is printed of the scenario's card; None where there is none."""
    show(scenario.assess())
    rows = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    return next((line.removeprefix(label).strip() for line in rows if line.startswith(label)), None)


@pytest.mark.parametrize(
    ("known", "text"),
    [
        ({"last_used_at": NOON - timedelta(hours=3)}, "kt_gk_ab12… still works, last used 2026-03-10 09:00 UTC"),
        ({"prefix": None}, "tok_1 still works, never used"),
        (
            {"revokes_at": NOON + timedelta(hours=5)},
            "kt_gk_ab12… still works, never used, revoked 2026-03-10 17:00 UTC at the earliest",
        ),
    ],
)
def test_a_previous_key_that_works_has_a_row(
    capsys: pytest.CaptureFixture[str], known: dict[str, Any], text: str
) -> None:
    """During a rotation's grace the old key has a row of its own, with when it was last used and when it ends."""
    keys = (replace(KEY, **known), replace(KEY, id="tok_2", created_at=NOON))
    assert row(capsys, Scenario().but(keys=Reading(keys, NOON)), "Previous key") == text


def test_without_a_previous_key_there_is_no_row(capsys: pytest.CaptureFixture[str]) -> None:
    """A key that was never rotated has its own row alone."""
    assert row(capsys, Scenario(), "Previous key") is None
