"""A spend report adds up, and is withheld on the same grounds as the status."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.keeptrusts.facts import Cause, ModelSpend, Reading, SpendHistory, SpendTally
from bff.status.findings import Code
from tests.status.conftest import MIDNIGHT, Scenario, usd

TODAY = MIDNIGHT.date()


def ago(days: int) -> date:
    """A day before today."""
    return TODAY - timedelta(days=days)


def tally(by_day: Mapping[int, str | Decimal], model: str | None = "m", requests: int = 1) -> SpendTally:
    """Sums by days ago, all of one model."""
    return SpendTally({ago(days): {model: ModelSpend(usd(amount), requests)} for days, amount in by_day.items()})


def test_every_day_has_its_item() -> None:
    """Oldest first, days without spend too, and the running one marked."""
    report = Scenario().report(SpendHistory(tally({0: "1.5", 2: "2"})), days=3)
    assert report.by_day is not None
    assert [(item.date, item.spent.amount, item.partial) for item in report.by_day] == [
        (ago(2), "2", False),
        (ago(1), "0", False),
        (ago(0), "1.5", True),
    ]
    assert (report.days, report.timezone, report.complete, report.attribution) == (3, "UTC", True, "key")


def test_models_come_largest_first() -> None:
    """Bookings without a model are one of them."""
    models = {"small": ModelSpend(usd(1), 5), "large": ModelSpend(usd(3), 2), None: ModelSpend(usd(2), 1)}
    report = Scenario().report(SpendHistory(SpendTally({TODAY: models})))
    assert report.by_model is not None
    assert [(item.model, item.spent.amount, item.requests) for item in report.by_model] == [
        ("large", "3", 2),
        (None, "2", 1),
        ("small", "1", 5),
    ]


def test_days_outside_the_period_do_not_count() -> None:
    """A longer history is cut."""
    report = Scenario().report(SpendHistory(tally({0: "1", 7: "100"})), days=7)
    assert report.total is not None
    assert report.total.amount == "1"


def test_spend_that_names_no_key_is_added_and_said_so() -> None:
    """As in the budget section."""
    history = SpendHistory(tally({0: "1"}), tally({0: "2"}, requests=3))
    report = Scenario().report(history)
    assert report.total is not None
    assert report.by_model is not None
    assert (report.total.amount, report.attribution, report.by_model[0].requests) == ("3", "team", 4)


def test_a_day_that_could_not_be_read_whole_is_a_lower_bound() -> None:
    """The day, the report and a finding say so."""
    report = Scenario().report(SpendHistory(incomplete_days={ago(1): "the page limit was hit"}), days=2)
    assert report.by_day is not None
    assert [item.complete for item in report.by_day] == [False, True]
    assert not report.complete
    assert [finding.code for finding in report.findings] == [Code.SPEND_INCOMPLETE]


def test_unread_history_is_no_zero() -> None:
    """Sums are null and a finding says why."""
    report = Scenario().report(None)
    assert (report.total, report.by_day, report.by_model, report.complete) == (None, None, None, False)
    assert [finding.code for finding in report.findings] == [Code.UPSTREAM_UNAVAILABLE]


@pytest.mark.parametrize(
    ("scenario", "code"),
    [
        (Scenario().annotated(key=None), Code.ANNOTATION_MISSING),
        (Scenario().annotated(key=" "), Code.ANNOTATION_INVALID),
        (Scenario().annotated(key="others-key"), Code.OWNER_MISMATCH),
        (Scenario().annotated(key="unheard-of"), Code.KEY_NOT_FOUND),
        (Scenario().but(teams=Reading(None, cause=Cause.DENIED)), Code.UPSTREAM_DENIED),
    ],
)
def test_what_the_status_withholds_the_report_withholds(scenario: Scenario, code: Code) -> None:
    """Even if somebody hands in numbers."""
    report = scenario.report(SpendHistory(tally({0: "777"}, requests=7)))
    assert "777" not in report.model_dump_json()
    assert code in [finding.code for finding in report.findings]


def test_an_expired_key_still_has_its_history() -> None:
    """The report is about what was spent; the status tells of the key."""
    assert Scenario().annotated(tier="odd").report(SpendHistory(tally({0: "1"}))).findings == ()


@given(st.dictionaries(st.integers(0, 100), st.decimals("-1000", "1000000", places=9), max_size=30), st.integers(1, 90))
def test_the_days_add_up_to_the_total(spend: dict[int, Decimal], days: int) -> None:
    """Exactly, and for every length of the period."""
    history = SpendHistory(tally(spend))
    report = Scenario().report(history, days=days)
    assert report.by_day is not None
    assert report.total is not None
    assert len(report.by_day) == days
    assert sum(Decimal(item.spent.amount) for item in report.by_day) == Decimal(report.total.amount)


def test_what_is_found_does_not_depend_on_the_period() -> None:
    """A report of today alone says of yesterday what the card says, and lists no day that it was not asked for."""
    history = SpendHistory(tally({back: "900" if back == 1 else "100" for back in range(40)}))
    short, long = (Scenario().report(history, days=days) for days in (1, 30))
    assert [finding.code for finding in short.findings] == [finding.code for finding in long.findings]
    assert [finding.code for finding in short.findings] == [Code.SPEND_UNUSUAL]
    assert short.unusual_days == ()
    assert long.unusual_days is not None
    assert [day.date for day in long.unusual_days] == [ago(1)]


def test_days_before_the_ledger_are_not_known() -> None:
    """What lies before `kept_from` is no day without spend: no period before, no month before, and no forecast."""
    report = Scenario().report(SpendHistory(tally(dict.fromkeys(range(5), "100")), kept_from=ago(4)), days=5)
    assert report.previous is None
    assert report.month is not None
    assert (report.month.previous, report.month.complete, report.month.forecast) == (None, False, None)
    assert [month.complete for month in report.months or ()] == [False]
