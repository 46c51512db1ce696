"""`keeptrusts-bff spend` prints the month and what is unusual for a person."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bff.cli.spend import show
from bff.keeptrusts.facts import ModelSpend, SpendHistory, SpendTally
from tests.status.conftest import MIDNIGHT, Scenario, usd

TODAY = MIDNIGHT.date()


def history(dollars: dict[int, int], **changes: object) -> SpendHistory:
    """A history of two months with so many dollars a day, by days ago; 100 on days that are not named."""
    spend = {TODAY - timedelta(days=ago): {"gpt-4o": ModelSpend(usd(dollars.get(ago, 100)), 1)} for ago in range(69)}
    return SpendHistory(SpendTally(spend), **changes)  # type: ignore[arg-type]


def printed(capsys: pytest.CaptureFixture[str], found: SpendHistory, scenario: Scenario | None = None) -> list[str]:
    """The lines of the report, without what stands around them."""
    show((scenario or Scenario()).report(found))
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_the_month_has_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """It says what is spent of the budget, how that compares, and where the month is likely to end."""
    lines = printed(capsys, history({}), Scenario().annotated(month="4000"))
    assert lines[1] == (
        "2026-03: $1,000.00 of $4,000.00 (25 %), +5% on 2026-02 up to the same day; likely end $3,150.00 ($3,150.00 to $3,150.00)"
    )


def test_without_a_forecast_the_line_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    """A day that could not be read whole leaves a lower bound, and no forecast."""
    found = history({}, incomplete_days={TODAY - timedelta(days=1): "no event has been read yet"})
    text = " ".join(printed(capsys, found))
    assert "2026-03: at least $1,000.00; no forecast: days could not be read whole" in text


def test_an_unusual_day_is_marked(capsys: pytest.CaptureFixture[str]) -> None:
    """Beside its bar stands what is usual, and the model that made the difference."""
    lines = printed(capsys, history({2: 900}))
    (line,) = (line for line in lines if line.startswith("2026-03-08 $900.00"))
    assert line.endswith("unusual: $100.00 is usual (gpt-4o)")
