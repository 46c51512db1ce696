"""Files of spend are made a day at a time, from what the ledger has."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bff.backstage.caller import LOCAL
from bff.backstage.entities import Members
from bff.keeptrusts.facts import LedgerDay, LedgerRow
from bff.spend.export import Format
from bff.spend.exports import NothingToExportError, SpendExports
from bff.status.leader import FactsUnreadableError
from bff.status.organisation_cache import FactsUnavailableError, Snapshot
from bff.values import Money
from tests.status.conftest import NOON, Scenario

TODAY = NOON.date()


class Days:
    """Gives so many sums a day, and an error on one day."""

    organisation_id = "org_1"
    organisation_name = "Acme"

    def __init__(self, sums: int = 1, *, fails_on: date | None = None) -> None:
        self.asked: list[date] = []
        self._sums = sums
        self._fails_on = fails_on

    async def spend_of_day(self, day: date, **asked: Any) -> LedgerDay:
        """The sums of one day."""
        del asked
        self.asked.append(day)
        if day == self._fails_on:
            raise FactsUnreadableError("The database cannot be used: no answer.")
        rows = (
            LedgerRow(f"tok_{number}", "team_1", "gpt-4o", Money(Decimal(number)), 1, complete=True)
            for number in range(self._sums)
        )
        return LedgerDay(day, tuple(rows))


class NoEntities:
    """A catalog in which nothing claims a key."""

    async def claiming(self, caller: object) -> Members:
        """None."""
        del caller
        return Members((), ())


def exports(reader: Days) -> SpendExports:
    """Exports of what `reader` gives."""
    return SpendExports(NoEntities(), reader, rules=Scenario().rules, history=timedelta(days=400))  # type: ignore[arg-type]


def snapshot() -> Snapshot:
    """The facts of the scenario."""
    return Snapshot(1, Scenario().organisation, NOON, NOON, stale=False, unavailable=False, read_at=0.0, tried_at=0.0)


async def lines(reader: Days, form: Format = "csv", each: Callable[[bytes], object] = lambda _: None) -> int:
    """How many lines the file of the running month has; `each` part is looked at as it comes."""
    export = await exports(reader).of_month(LOCAL, None, snapshot(), form=form)
    count = 0
    async for part in export.parts:
        each(part)
        count += part.count(b"\r\n")
    return count


@pytest.mark.parametrize("form", ["csv", "focus"])
@pytest.mark.long
async def test_a_file_takes_no_more_memory_than_a_day(form: Format) -> None:
    """Ten days with sums need hardly more memory at the most than one day of them, since each is sent before the next is read."""
    peaks = []
    for sums_on in (1, 10):

        class Some(Days):
            async def spend_of_day(self, day: date, most: int = sums_on, **asked: Any) -> LedgerDay:
                found = await super().spend_of_day(day, **asked)
                return found if day.day <= most else LedgerDay(day)

        tracemalloc.start()
        count = await lines(Some(3_000), form)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert count == 1 + 3_000 * sums_on
    assert peaks[1] < 1.5 * peaks[0]


async def test_a_month_has_its_days_until_today() -> None:
    """Each day of the running month is read once, oldest first, and none that is still to come."""
    reader = Days()
    assert await lines(reader) == 1 + TODAY.day
    assert reader.asked == [TODAY.replace(day=day) for day in range(1, TODAY.day + 1)]


async def test_a_database_that_fails_before_the_first_line_is_an_answer() -> None:
    """What fails before anything was sent is an error that says when to come again, and no file that ends at once."""
    with pytest.raises(FactsUnavailableError) as caught:
        await lines(Days(fails_on=TODAY.replace(day=1)))
    assert caught.value.retry_after > 0


async def test_a_database_that_fails_later_ends_the_file() -> None:
    """What fails in the middle is raised, so that the connection ends early: a file without its last days never looks whole."""
    parts: list[bytes] = []
    with pytest.raises(FactsUnreadableError):
        await lines(Days(fails_on=TODAY.replace(day=3)), each=parts.append)
    assert len(parts) == 2


async def test_a_month_before_the_history_is_nothing_to_export() -> None:
    """The error names the month and for how many days sums are kept."""
    with pytest.raises(NothingToExportError, match="the month 2020-01: sums are kept for 400 days"):
        await exports(Days()).of_month(LOCAL, date(2020, 1, 1), snapshot(), form="csv")
