"""How facts that another replica has read come to this one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Taken:
    """For which moment facts are assessed, and how many seconds ago they were read."""

    assessed_at: datetime
    ago: float
