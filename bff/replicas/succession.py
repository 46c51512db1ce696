"""What a replica that has just begun to read says of today, before it has counted as much as the one before it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bff.governance.facts import ActivityToday, Facts, Reading, SpendToday

LONGEST = timedelta(minutes=10)
"""Age up to which the predecessor's sums stand for those that are still being counted."""


def succeeded(mine: Facts, theirs: Facts | None, now: datetime) -> Facts:
    """`mine`, with the predecessor's sums of today where mine are not whole yet and theirs are.

    Today's bookings are read anew by whoever takes over, at most 5,000 of a wallet in one reading: until that is done
    its sums would fall and rise again.
    """
    if theirs is None:
        return mine
    return replace(mine, spend=_spend(mine.spend, theirs.spend, now), activity=_activity(mine, theirs, now))


def _spend(mine: Reading[SpendToday], theirs: Reading[SpendToday], now: datetime) -> Reading[SpendToday]:
    if mine.value is None or theirs.value is None or mine.cause is not None or not _young(theirs, now):
        return mine
    counting = len(mine.value.incomplete_wallets) > len(theirs.value.incomplete_wallets)
    return theirs if counting and mine.value.day == theirs.value.day else mine


def _activity(mine: Facts, theirs: Facts, now: datetime) -> Reading[ActivityToday]:
    ours, before = mine.activity, theirs.activity
    if ours.value is None or before.value is None or ours.cause is not None or not _young(before, now):
        return ours
    counting = before.value.complete and not ours.value.complete
    return before if counting and ours.value.since == before.value.since else ours


def _young(reading: Reading[SpendToday] | Reading[ActivityToday], now: datetime) -> bool:
    return reading.cause is None and reading.observed_at is not None and now - reading.observed_at <= LONGEST
