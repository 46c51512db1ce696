"""What is shown of a part of the facts when it cannot be read anew, and for how long."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from bff.keeptrusts.errors import (
    KeeptrustsError,
    UpstreamDeniedError,
    UpstreamRejectedError,
    UpstreamUnavailableError,
)
from bff.keeptrusts.facts import Cause, Reading, RejectedRow

T = TypeVar("T")


def cause_of(error: KeeptrustsError) -> Cause:
    """Why something could not be read."""
    if isinstance(error, UpstreamDeniedError):
        return Cause.DENIED
    if isinstance(error, UpstreamUnavailableError):
        return Cause.UNAVAILABLE
    return Cause.CONTRACT


def is_final(error: KeeptrustsError) -> bool:
    """Whether the error is news (401, 403, 404) that no older value may cover up."""
    return isinstance(error, UpstreamDeniedError) or (isinstance(error, UpstreamRejectedError) and error.status == 404)


class LastGood(Generic[T]):
    """The last good value of one part, shown up to the age of `stale_limit`."""

    def __init__(self, stale_limit: timedelta) -> None:
        self._stale_limit = stale_limit
        self._last: Reading[T] = Reading(None)

    def read(
        self, value: T, now: datetime, *, rejected: tuple[RejectedRow, ...] = (), rejected_count: int = 0
    ) -> Reading[T]:
        """The part was read whole at `now`, but for the rows that were left out."""
        self._last = Reading(value, now, rejected=rejected, rejected_count=rejected_count)
        return self._last

    def failed(self, error: KeeptrustsError, now: datetime) -> Reading[T]:
        """The part could not be read at `now`."""
        if is_final(error):
            self.forget()
        return self.kept(cause_of(error), error.reason, now)

    def kept(self, cause: Cause, detail: str, now: datetime) -> Reading[T]:
        """The last good value, if it may still be shown, with why there is no newer one."""
        observed_at = self._last.observed_at
        if observed_at is None or now - observed_at > self._stale_limit:
            self.forget()
        return replace(self._last, cause=cause, detail=detail)

    def adopt(self, reading: Reading[T]) -> None:
        """Another replica has read this: go on from it where it is newer than what is known, or news that it may not be read."""
        if reading.cause is Cause.DENIED:
            self.forget()
        elif (
            reading.value is not None
            and reading.complete
            and reading.observed_at is not None
            and (self._last.observed_at is None or reading.observed_at > self._last.observed_at)
        ):
            self._last = replace(reading, cause=None, detail="")

    def forget(self) -> None:
        """Show nothing from memory any more."""
        self._last = Reading(None)
