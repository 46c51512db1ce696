"""What an operator decides about assessments: the budget day's zone, ownership, addresses, thresholds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from bff.status.pace import PACE_FROM


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one assessment. Ratios are shares of one.

    `stale` says that the facts as a whole could not be renewed lately; parts with a cause of their own tell that themselves.
    """

    timezone: ZoneInfo
    ownership_enforced: bool = True
    console_url: str | None = None
    gateway_url: str | None = None
    stale: bool = False
    expiring_within: timedelta = timedelta(days=14)
    budget_near_from: Decimal = Decimal("0.80")
    pace_from: Decimal = PACE_FROM
    wallet_low_below: Decimal = Decimal("0.10")
