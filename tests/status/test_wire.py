"""The JSON that clients read keeps its forms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from pydantic import TypeAdapter

from bff.status.wire import Amount, Instant
from bff.values import Money

INSTANT = TypeAdapter(Instant)


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 3, 10, 12, tzinfo=UTC), "2026-03-10T12:00:00Z"),
        (datetime(2026, 3, 10, 12, tzinfo=timezone(timedelta(hours=1))), "2026-03-10T11:00:00Z"),
        (datetime(2026, 3, 10, 12, 0, 0, 5, tzinfo=UTC), "2026-03-10T12:00:00.000005Z"),
    ],
)
def test_times_are_written_in_utc(moment: datetime, text: str) -> None:
    """Whatever zone a time came in, it leaves in UTC."""
    assert INSTANT.dump_python(moment, mode="json") == text


@pytest.mark.parametrize("hours", [-12, 14])
@pytest.mark.parametrize("moment", [datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)])
def test_the_ends_of_the_calendar_can_be_written(moment: datetime, hours: int) -> None:
    """A key that expires in the year 9999 of any zone does not break its entity's answer."""
    assert INSTANT.dump_json(moment.replace(tzinfo=timezone(timedelta(hours=hours))))


def test_money_is_written_as_text() -> None:
    """No amount passes through a float."""
    assert (
        Amount.of(Money(Decimal("0.100000000000000001"))).model_dump_json()
        == '{"amount":"0.100000000000000001","currency":"USD"}'
    )
