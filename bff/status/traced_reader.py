"""A reading of the facts as one span, with the calls that it makes below it."""

from __future__ import annotations

from datetime import datetime

from bff.status.leader import Read
from bff.status.organisation_cache import FactsReader, parts_of
from bff.telemetry.traces import Traces, mark_failed


class TracedReader:
    """Reads facts with `reader`, and marks the span when a part of them could not be read."""

    def __init__(self, reader: FactsReader, traces: Traces) -> None:
        self._reader = reader
        self._traces = traces

    async def read(self, now: datetime, *, insist: bool = False) -> Read | None:
        """The facts as of `now`, None when there are no newer ones. Raises `FactsUnreadableError`."""
        with self._traces.doing("read facts"):
            read = await self._reader.read(now, insist=insist)
            causes = {part.cause for part in parts_of(read.facts).values()} - {None} if read is not None else set()
            if causes:
                mark_failed(min(str(cause) for cause in causes))
            return read

    async def rest(self, seconds: float) -> None:
        """Wait until the next reading, at most `seconds`."""
        await self._reader.rest(seconds)
