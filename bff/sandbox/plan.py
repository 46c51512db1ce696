"""The scenario as a list: which team has which keys, wallet and tier, so that the demo catalog shows every state.

The entities that claim these keys stand in `catalog/examples/`; a test holds both against each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import Enum

_EVERYDAY = ("gpt-4o-mini", "claude-3-5-haiku", "mistral-small")
_LARGE = ("gpt-4o", "claude-3-5-sonnet", "gpt-4o-mini")


class Pace(Enum):
    """How much of its daily budget a key has spent by now."""

    STEADY = "half of what the time of day would allow"
    FAST = "so much that the budget runs out before the day does"
    NEAR = "80 to 100 %"
    OVER = "more than all of it"


class Purse(Enum):
    """What is left in a team's wallet."""

    HEALTHY = "more than a quarter"
    LOW = "under 10 %"
    DEPLETED = "nothing"
    MISSING = "there is no wallet; the organisation's paid so far"


@dataclass(frozen=True, slots=True)
class KeyPlan:
    """One gateway key; `budget` is what its entity declares, in USD a day; `weight` its share of the demo's traffic."""

    name: str
    budget: Decimal
    pace: Pace = Pace.STEADY
    models: tuple[str, ...] = _EVERYDAY
    expires_in: timedelta | None = None
    revoked_ago: timedelta | None = None
    weight: int = 1

    @property
    def ended_ago(self) -> timedelta | None:
        """How long ago the key stopped working; None while it works."""
        if self.expires_in is not None and self.expires_in < timedelta():
            return -self.expires_in
        return self.revoked_ago


@dataclass(frozen=True, slots=True)
class TeamPlan:
    """One team; `tier` is the template of its configuration, which need not be `enforced`."""

    name: str
    tier: str
    keys: tuple[KeyPlan, ...]
    purse: Purse = Purse.HEALTHY
    enforced: bool = True


def _usd(amount: int) -> Decimal:
    return Decimal(amount)


TEAMS = (
    TeamPlan(
        "support-team",
        "tier-3-customer-facing",
        (
            # The guide's own: in order, and the busiest, so that its numbers are seen to move.
            KeyPlan("support-team-gw-key", _usd(500), models=_LARGE, weight=8),
            KeyPlan("support-team-summaries-key", _usd(40), Pace.NEAR),
            KeyPlan("support-team-translation-key", _usd(50)),
        ),
    ),
    TeamPlan(
        "search-team",
        "tier-2-internal",
        (
            KeyPlan("search-team-gw-key", _usd(120), Pace.OVER, models=_LARGE),
            KeyPlan("search-team-indexer-key", _usd(80), Pace.FAST),
        ),
    ),
    TeamPlan(
        "platform-team",
        "tier-2-internal",
        (
            KeyPlan("platform-team-release-notes-key", _usd(15), expires_in=timedelta(days=-6)),
            KeyPlan("platform-team-incident-key", _usd(60), models=_LARGE, expires_in=timedelta(days=9)),
            KeyPlan("platform-team-chat-key", _usd(25), revoked_ago=timedelta(days=20)),
        ),
    ),
    TeamPlan(
        "marketing-team",
        "tier-1-exploration",
        (
            KeyPlan("marketing-team-gw-key", _usd(45)),
            KeyPlan("marketing-team-brand-key", _usd(20)),
        ),
    ),
    TeamPlan("research-team", "tier-1-exploration", (KeyPlan("research-team-gw-key", _usd(30)),), enforced=False),
    TeamPlan("finance-team", "tier-2-internal", (KeyPlan("finance-team-gw-key", _usd(70)),), purse=Purse.LOW),
    TeamPlan("logistics-team", "tier-2-internal", (KeyPlan("logistics-team-gw-key", _usd(55)),), purse=Purse.DEPLETED),
    TeamPlan("people-team", "tier-2-internal", (KeyPlan("people-team-gw-key", _usd(25)),), purse=Purse.MISSING),
    TeamPlan("sales-team", "tier-2-internal", (KeyPlan("sales-team-gw-key", _usd(90), models=_LARGE),)),
)
