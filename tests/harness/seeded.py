"""The example organisation for tests: made once for a moment, then copied, since making it takes longer than most tests."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

from bff.sandbox.accounts import State
from bff.sandbox.records import Booking, Configuration, Key, Team
from bff.sandbox.scenario import Scenario, seed_scenario

_FROZEN = (Booking, Configuration, Key, Team)
"""Records that never change, which copies therefore share."""

_CLOCK = 0
"""The number of the clock in a copy's list of shared objects."""


@dataclass(frozen=True, slots=True)
class _Seeded:
    """An organisation as bytes, beside the objects that its copies share."""

    written: bytes
    shared: tuple[object, ...]
    scenario: Scenario


def seeded_state(clock: Callable[[], datetime], *, number: int) -> tuple[State, Scenario]:
    """Return the example organisation as it stands at `clock()`, in UTC, with a state of the caller's own.

    Organisations of different `number` differ in their ids and secrets, as those of two sandboxes do. The same number
    and moment give the same ids.
    """
    seeded = _seeded(clock(), number)
    return _Reader(seeded, clock).load(), seeded.scenario


@lru_cache(maxsize=8)
def _seeded(now: datetime, number: int) -> _Seeded:  # noqa: ARG001 - another number is another organisation
    def clock() -> datetime:
        return now

    state = State(clock)
    scenario = seed_scenario(state, now=now, timezone=ZoneInfo("UTC"))
    buffer = BytesIO()
    writer = _Writer(buffer, clock)
    writer.dump(state)
    return _Seeded(buffer.getvalue(), tuple(writer.shared), scenario)


class _Writer(pickle.Pickler):
    def __init__(self, file: BytesIO, clock: object) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self.shared = [clock]
        self._numbers = {id(clock): _CLOCK}

    def persistent_id(self, obj: Any) -> int | None:
        """Give the number of an object that is shared, None for one that is copied."""
        if isinstance(obj, _FROZEN) and id(obj) not in self._numbers:
            self._numbers[id(obj)] = len(self.shared)
            self.shared.append(obj)
        return self._numbers.get(id(obj))


class _Reader(pickle.Unpickler):
    def __init__(self, seeded: _Seeded, clock: Callable[[], datetime]) -> None:
        super().__init__(BytesIO(seeded.written))
        self._shared = seeded.shared
        self._clock = clock

    def persistent_load(self, pid: int) -> object:
        """Return the shared object of this number, and for the clock that of the new state."""
        return self._clock if pid == _CLOCK else self._shared[pid]
