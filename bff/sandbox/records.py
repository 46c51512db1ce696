"""What the sandbox remembers: frozen values whose fields are named as in the contract, for replies to read off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

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
