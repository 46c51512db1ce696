"""The values that the sandbox keeps, with the contract's field names; prices of its models; and a calendar day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from bff.keeptrusts.contract import GATEWAY_TOKEN_TYPE, TransactionType

Scope = Literal["organization", "team"]
Verdict = Literal["allow", "block", "redact", "escalate"]


@dataclass(frozen=True, slots=True)
class Team:
    """A team; its name is unique in the organisation."""

    id: str
    serial: int
    name: str
    slug: str
    description: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Key:
    """A gateway key without its secret, which is handed out once and kept as a hash only."""

    id: str
    serial: int
    name: str
    team_id: str
    description: str | None
    prefix: str
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    token_type: str = GATEWAY_TOKEN_TYPE

    @property
    def status(self) -> Literal["active", "revoked"]:
        """Keeptrusts' word; a key that has merely expired is still `active`."""
        return "active" if self.revoked_at is None else "revoked"


@dataclass(frozen=True, slots=True)
class Configuration:
    """A policy configuration made from a template, whose id is the tier."""

    id: str
    serial: int
    name: str
    team_id: str
    template_id: str
    enabled: bool
    created_at: datetime
    version: str = "1.0.0"


@dataclass(frozen=True, slots=True)
class Booking:
    """A movement on a wallet; `amount` is signed from the wallet's view. `serial` orders what happened at once."""

    id: str
    serial: int
    wallet_id: str
    type: TransactionType
    amount: Decimal
    currency: str
    created_at: datetime
    request_id: str | None = None
    token_id: str | None = None
    model: str | None = None
    provider: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Charge:
    """What money is spent on: the request, its key and its model; all unknown for what is no request's."""

    request_id: str | None = None
    token_id: str | None = None
    model: str | None = None
    provider: str | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """What a request cost (None: its price is not known) and the booking that paid for it."""

    total_cost_usd: Decimal | None
    source_spend_log_id: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A policy decision, which the contract calls an event."""

    event_id: str
    serial: int
    request_id: str
    timestamp: datetime
    verdict: Verdict
    reason_code: str | None
    model: str
    provider: str
    team_id: str | None
    token_id: str | None
    event_cost_attribution: Cost
    event_type: str = "decision"


_MILLION = Decimal(1_000_000)
_CHARACTERS_A_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Price:
    """A model's provider and its prices in USD for a million tokens."""

    provider: str
    prompt: Decimal
    completion: Decimal

    def cost(self, prompt_tokens: int, completion_tokens: int) -> Decimal:
        """What a completion costs, exactly."""
        return (self.prompt * prompt_tokens + self.completion * completion_tokens) / _MILLION


PRICES: Mapping[str, Price] = {
    "gpt-4o": Price("openai", Decimal("2.50"), Decimal("10.00")),
    "gpt-4o-mini": Price("openai", Decimal("0.15"), Decimal("0.60")),
    "claude-3-5-sonnet": Price("anthropic", Decimal("3.00"), Decimal("15.00")),
    "claude-3-5-haiku": Price("anthropic", Decimal("0.80"), Decimal("4.00")),
    "mistral-small": Price("mistral", Decimal("0.10"), Decimal("0.30")),
}
"""Made up, of the size that such models cost."""


def count_tokens(text: str) -> int:
    """Roughly how many tokens `text` is: one for four characters, at least one."""
    return max(1, -(-len(text) // _CHARACTERS_A_TOKEN))


@dataclass(frozen=True, slots=True)
class Day:
    """A calendar day in a time zone, as the instants at which it begins and ends; both in UTC."""

    start: datetime
    end: datetime

    @classmethod
    def of(cls, day: date, timezone: ZoneInfo) -> Day:
        """The day as `timezone` counts it: 23 or 25 hours long when the clocks change."""
        start, end = (datetime.combine(d, time(), timezone).astimezone(UTC) for d in (day, day + timedelta(days=1)))
        return cls(start, end)

    def elapsed(self, now: datetime) -> Decimal:
        """The share of the day that has passed at `now`, 0 to 1."""
        return Decimal(str((now - self.start) / (self.end - self.start)))
