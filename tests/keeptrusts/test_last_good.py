"""What is shown of a part that cannot be read: the last good value for a while, and nothing that the news forbid."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bff.keeptrusts.directory import LastGood
from bff.keeptrusts.facts import Cause, Reading
from tests.keeptrusts.stand_in import NOON, denied, down, malformed, missing

LIMIT = timedelta(hours=1)


@pytest.fixture
def last() -> LastGood[str]:
    """A value read at noon, shown for an hour."""
    kept: LastGood[str] = LastGood(LIMIT)
    assert kept.read("value", NOON) == Reading("value", NOON)
    return kept


@pytest.mark.parametrize(("error", "cause"), [(down, Cause.UNAVAILABLE), (malformed, Cause.CONTRACT)])
def test_the_last_good_value_is_shown_with_its_age_and_why(last: LastGood[str], error: type, cause: Cause) -> None:
    """No answer, or one that cannot be read, leaves the last good value, as of when it was read."""
    shown = last.failed(error(), NOON + LIMIT)
    assert shown == Reading("value", NOON, cause, detail=error().reason)


def test_a_value_that_is_too_old_is_not_shown(last: LastGood[str]) -> None:
    """Past the limit there is no value, and a clock that goes back does not bring it again."""
    too_late = NOON + LIMIT + timedelta.resolution
    assert last.failed(down(), too_late) == Reading(None, None, Cause.UNAVAILABLE, detail="answered 503")
    assert last.failed(down(), NOON).value is None


@pytest.mark.parametrize(("error", "cause"), [(denied, Cause.DENIED), (missing, Cause.CONTRACT)])
def test_news_are_not_covered_up(last: LastGood[str], error: type, cause: Cause) -> None:
    """401, 403 and 404 leave no value, and the older one is forgotten for good."""
    assert last.failed(error(), NOON) == Reading(None, None, cause, detail=error().reason)
    assert last.failed(down(), NOON).value is None


def test_there_is_nothing_to_show_before_the_first_value() -> None:
    """A first failure has its cause and no value."""
    assert LastGood[str](LIMIT).failed(down(), NOON) == Reading(None, None, Cause.UNAVAILABLE, detail="answered 503")
