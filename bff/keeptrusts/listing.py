"""What the client's list calls give: records, and an honest word on whether they are all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from bff.keeptrusts.errors import KeeptrustsError

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Pages(Generic[Record]):
    """Consecutive pages of a list.

    `next_cursor` is where the list goes on, None when its end was reached. `failure` is what ended the reading early, in
    which case `next_cursor` is where to try again (None: from the start).
    """

    records: tuple[Record, ...]
    next_cursor: str | None = None
    failure: KeeptrustsError | None = None

    @property
    def complete(self) -> bool:
        """Whether the end of the list was reached."""
        return self.failure is None and self.next_cursor is None
