"""Cursors, limits and times in query strings."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.sandbox.errors import InvalidError
from bff.sandbox.paging import (
    decode_position,
    decode_serial,
    encode_position,
    encode_serial,
    page_of,
    parse_limit,
    parse_moment,
)


@dataclass
class Item:
    """Something numbered that counts how often its number is read."""

    number: int
    reads: Counter[str]

    @property
    def serial(self) -> int:
        self.reads["serial"] += 1
        return self.number


def test_a_page_reads_what_it_gives() -> None:
    """The place of a cursor is found by search: a list of 100,000 is not read through for each of its pages."""
    reads: Counter[str] = Counter()
    page = page_of([Item(number, reads) for number in range(100_000)], limit=200, after=70_000)
    assert [item.number for item in page.items] == list(range(70_001, 70_201))
    assert reads["serial"] < 50


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5])
def test_pages_of_what_matches_are_all_that_matches(count: int) -> None:
    """Items that do not match take no place in a page, and the last page says that it is the last."""
    items = [Item(number, Counter()) for number in range(2 * count)]
    seen: list[int] = []
    after: int | None = None
    pages = 0
    while pages == 0 or after is not None:
        page = page_of(items, limit=2, after=after, matches=lambda item: item.number % 2 == 1)
        seen += [item.number for item in page.items]
        after, pages = page.next, pages + 1
    assert seen == list(range(1, 2 * count, 2))
    assert pages == max(1, -(-count // 2))


@given(st.datetimes(timezones=st.just(UTC)), st.integers(0, 10**12))
def test_a_cursor_gives_back_its_position(moment: datetime, serial: int) -> None:
    """To the microsecond: a position that shifted would skip or repeat an item."""
    assert decode_position(encode_position(moment, serial)) == (moment, serial)


@given(st.integers(0, 10**12))
def test_a_serial_cursor_gives_back_its_serial(serial: int) -> None:
    """The same for lists that only grow."""
    assert decode_serial(encode_serial(serial)) == serial


@given(st.text(max_size=100))
def test_any_other_text_is_refused_as_a_cursor(text: str) -> None:
    """Whatever a caller sends, it is a position or an error that names the parameter."""
    try:
        moment, _ = decode_position(text)
    except InvalidError as error:
        assert "cursor" in str(error)  # noqa: PT017 - either outcome is right, hypothesis finds both
    else:
        assert moment.tzinfo is UTC


@pytest.mark.parametrize("text", ["0", "201", "-1", "1.0", "1e2", "", " 5", "٣", "99999999999"])
def test_a_limit_outside_the_contract_is_refused(text: str) -> None:
    """A limit is 1 to 200."""
    with pytest.raises(InvalidError, match="limit must be"):
        parse_limit(text)


@pytest.mark.parametrize(("text", "limit"), [(None, 50), ("1", 1), ("200", 200)])
def test_limits_of_the_contract(text: str | None, limit: int) -> None:
    """50 when nothing is said, up to 200 when something is."""
    assert parse_limit(text) == limit


@pytest.mark.parametrize("text", ["", "yesterday", "2026-01-01", "2026-01-01T00:00:00", "0001-01-01T00:00:00+14:00"])
def test_a_time_without_an_offset_is_refused(text: str) -> None:
    """A time that is not an instant could mean another day than the caller's."""
    with pytest.raises(InvalidError, match="since must be"):
        parse_moment("since", text)


def test_a_time_is_understood_in_any_zone() -> None:
    """An offset is part of the instant."""
    assert parse_moment("since", "2026-01-01T01:00:00+01:00") == datetime(2026, 1, 1, tzinfo=UTC)
