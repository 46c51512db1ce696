"""A reading of the facts as one span, with the calls that it makes below it."""

from __future__ import annotations

from datetime import datetime

from bff.governance.facts import Facts
from bff.status.observatory import FactsReader, parts_of
from bff.telemetry.traces import Traces, mark_failed


class TracedReader:
    """Reads facts with `reader`, and marks the span when a part of them could not be read."""

    def __init__(self, reader: FactsReader, traces: Traces) -> None:
        self._reader = reader
        self._traces = traces

    async def read(self, now: datetime) -> Facts:
        """The facts as of `now`."""
        with self._traces.doing("read facts"):
            facts = await self._reader.read(now)
            causes = {part.cause for part in parts_of(facts).values()} - {None}
            if causes:
                mark_failed(min(str(cause) for cause in causes))
            return facts
