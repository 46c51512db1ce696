"""A generated year: most months end within their forecast, few ordinary days are unusual, and most anomalies are found.

`make bench PART=forecast` measures more keys and prints the tables; the figures here have a margin for the smaller sample.
"""

from __future__ import annotations

from random import Random

import pytest

from tests.bench.forecast import SEED, Key, keys, measure_forecasts, measure_unusual, with_anomalies


@pytest.fixture(scope="module")
def year() -> list[Key]:
    """Forty keys, always the same ones."""
    return list(keys(40))


@pytest.mark.long
def test_four_of_five_months_end_within_their_forecast(year: list[Key]) -> None:
    """On the 5th, in the middle of the month and on the 25th alike."""
    found = measure_forecasts(year, asked_on=(5, 15, 25))
    assert all(each.made > 300 for each in found.values())
    assert {day for day, each in found.items() if each.share < 0.8} == set()


@pytest.mark.long
def test_anomalies_are_found_and_ordinary_days_are_left_alone(year: list[Key]) -> None:
    """Fewer than four false alarms a key and year, launches included; a leaked key is found before noon."""
    random = Random(SEED)
    alarms = measure_unusual([with_anomalies(key, random) for key in year])
    assert alarms.a_year < 4
    leaks, by_night, by_noon = alarms.found["leaked at night"]
    assert leaks > 20
    assert by_noon >= by_night - 1 >= leaks * 0.85 - 1
    others = [alarms.found[kind] for kind in ("three times", "retry storm")]
    assert sum(found for _, found, _ in others) > sum(count for count, _, _ in others) * 0.6
