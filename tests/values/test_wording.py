"""Values read well in a sentence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.keeptrusts.facts import RejectedRow, rows_left_out, statuses_not_known
from bff.wording import clock_time, date_and_time, duration, listed, percent, quoted, sentence

AFTERNOON = datetime(2026, 3, 10, 16, 40, tzinfo=UTC)


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(hours=7, minutes=20), "7 h 20 min"),
        (timedelta(hours=7), "7 h"),
        (timedelta(minutes=5, seconds=59), "5 min"),
        (timedelta(seconds=59), "less than a minute"),
        (timedelta(days=3, hours=4, minutes=5), "3 d 4 h"),
        (timedelta(days=1, minutes=5), "1 d"),
    ],
)
def test_a_duration_has_at_most_two_units(span: timedelta, text: str) -> None:
    """Spans read as a person says them, rounded down."""
    assert duration(span) == text


@pytest.mark.parametrize(
    ("zone", "text"),
    [("UTC", "16:40 UTC"), ("Europe/Berlin", "17:40 CET"), ("America/Sao_Paulo", "13:40 UTC-03"), ("Asia/Kathmandu", "22:25 UTC+0545")],
)  # fmt: skip
def test_a_time_of_day_names_its_zone(zone: str, text: str) -> None:
    """The reader need not guess whose clock it is."""
    assert clock_time(AFTERNOON, ZoneInfo(zone)) == text


def test_the_day_is_the_zones_own() -> None:
    """Day and time are of one zone."""
    assert date_and_time(AFTERNOON, ZoneInfo("Asia/Tokyo")) == "2026-03-11 01:40 JST"


@pytest.mark.parametrize("moment", [datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)])
def test_the_ends_of_the_calendar_can_be_written(moment: datetime) -> None:
    """Dates that stand for always and never break no sentence in any zone."""
    for zone in ("Pacific/Kiritimati", "America/Los_Angeles"):
        assert date_and_time(moment, ZoneInfo(zone))


def test_a_share_never_rounds_up_to_all() -> None:
    """99.99 % is not 100 %."""
    assert percent(Decimal("0.9999")) == "99 %"


def test_a_list_ends_with_and() -> None:
    """Lists are written as in a sentence."""
    assert [listed(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]


@given(st.text(alphabet=st.characters()))
def test_quoted_text_is_one_printable_line(text: str) -> None:
    """Whatever is quoted cannot break the line, turn it around or flood it."""
    assert quoted(text).isprintable()
    assert len(quoted(text * 50)) < 1000


@given(st.text(alphabet=st.characters()))
def test_a_detail_becomes_one_bounded_sentence(text: str) -> None:
    """An adapter's words fit into a message, whatever they hold."""
    said = sentence(text * 20)
    assert said.isprintable()
    assert len(said) <= 302
    assert not said or said.endswith((".", "…", "!", "?"))


@pytest.mark.parametrize(
    ("count", "fitting", "text"),
    [
        (1, 4999, "1 row of 5,000 was left out: data.0.name (tok_0): must be text"),
        (1, None, "1 row was left out: data.0.name (tok_0): must be text"),
        (
            1200,
            0,
            "1,200 rows of 1,200 were left out: "
            + "; ".join(f"data.{number}.name (tok_{number}): must be text" for number in range(3))
            + "; and 1,197 more",
        ),
    ],
)
def test_rows_that_were_left_out_are_named(count: int, fitting: int | None, text: str) -> None:
    """The first rows are named by field, id and reason, and all are counted."""
    rows = [
        RejectedRow(f"data.{number}", f"data.{number}.name", "must be text", {"id": f"tok_{number}"})
        for number in range(min(count, 20))
    ]
    assert rows_left_out(rows, count, fitting) == text


def test_keys_whose_status_is_not_known_are_named() -> None:
    """The first keys are named by id with Keeptrusts' word, and all are counted."""
    assert statuses_not_known({"tok_2": "paused"}) == "1 key has a status that is not known: 'paused' (tok_2)"
    several = statuses_not_known({f"tok_{number}": "paused" for number in range(1200)})
    assert several.startswith("1,200 keys have a status that is not known: 'paused' (tok_0); ")
    assert several.endswith("'paused' (tok_2); and 1,197 more")
