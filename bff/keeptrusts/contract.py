"""Keeptrusts' HTTP surfaces as this project understands them: every path and every field, in one place.

D: seen in Keeptrusts' public documentation. A: assumed, since no reply body is shown there. The client reads with these
models, the sandbox answers with them, and `keeptrusts-bff doctor` says field by field where a real deployment differs.
Unknown fields are ignored; ids are opaque; money is a JSON number, or one written as text, and arrives here as `Decimal`
(never through float).
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Context, Decimal, DecimalException, InvalidOperation
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

HEALTHZ = "/healthz"
READYZ = "/readyz"
WHOAMI = "/v1/whoami"
TEAMS = "/v1/teams"
TOKENS = "/v1/tokens"
CONFIGURATIONS = "/v1/configurations"
WALLETS = "/v1/wallets"
WALLET_BALANCE = "/v1/wallets/balance"
WALLET_TRANSACTIONS = "/v1/wallets/{wallet_id}/transactions"
ALLOCATE = "/v1/wallets/allocate"
RECLAIM = "/v1/wallets/reclaim"
EVENTS = "/v1/events"
"""A: `?since=` is inclusive, `?until=` exclusive, both by an event's own `timestamp`; a deployment may ignore `until`."""

GATEWAY_HEALTH = "/health"
CHAT_COMPLETIONS = "/v1/chat/completions"

REQUEST_ID_HEADER = "x-request-id"
DEFAULT_PAGE = 50
LARGEST_PAGE = 200

GATEWAY_TOKEN_TYPE = "gateway"  # noqa: S105 - the word for a kind of token, not a token
SECRET_FIELDS = ("key", "token", "value", "secret")
"""A created token's secret arrives under one of these names (D that it arrives once, A under which name)."""

_MOST_DIGITS = 15
_MOST_DECIMALS = 12
_SMALLEST = Decimal(1).scaleb(-_MOST_DECIMALS)
# Just as many digits as are kept: an amount that needs more is refused by the rounding itself.
_KEPT = Context(prec=_MOST_DIGITS + _MOST_DECIMALS, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation])
_NUMBER_AS_TEXT = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def _exact_amount(value: Any) -> Decimal:
    # A bool is an int to Python, and must not become money.
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise ValueError(_NO_AMOUNT)  # noqa: TRY004 - pydantic reports ValueError as a validation error
    if isinstance(value, str) and _NUMBER_AS_TEXT.fullmatch(value) is None:
        raise ValueError(_NO_AMOUNT)
    try:
        amount = Decimal(value)
        if not amount.is_finite():
            raise ValueError(_NO_AMOUNT)
        kept = amount.quantize(_SMALLEST, context=_KEPT)
    except DecimalException:
        raise ValueError(f"must have at most {_MOST_DIGITS} digits before the point") from None
    # What needs no rounding keeps the digits that it came with.
    return amount if amount == kept else kept


_NO_AMOUNT = 'must be a number, or a decimal number as text such as "12.5"'

DecimalAmount = Annotated[Decimal, BeforeValidator(_exact_amount), WithJsonSchema({"type": "number"})]
"""An exact amount, rounded half to even at 1e-12. A number, or a number as JSON writes it in text (`"12.5"`, `"1e3"`)."""
Id = Annotated[str, Field(min_length=1, max_length=200)]


IDENTIFYING_FIELDS = ("id", "event_id", "name", "slug", "scope", "team_id", "token_id", "timestamp")
"""Fields that identify a row that does not fit as a whole."""


class ContractModel(BaseModel):
    """A JSON object from Keeptrusts; what we do not know of it is ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class TeamRecord(ContractModel):
    """A team. A: all fields but `name`."""

    id: Id
    name: str
    slug: str | None = None
    description: str | None = None
    created_at: AwareDatetime | None = None


class TokenRecord(ContractModel):
    """A gateway key as the list shows it: never the secret. A."""

    id: Id
    name: str
    token_type: str = GATEWAY_TOKEN_TYPE
    team_id: Id | None = None
    prefix: str | None = None
    status: Annotated[str, StringConstraints(to_lower=True, min_length=1, max_length=40)]
    """`active` or `revoked`; another word is kept, so that it costs no more than its own key."""
    created_at: AwareDatetime | None = None
    expires_at: AwareDatetime | None = None
    last_used_at: AwareDatetime | None = None
    revoked_at: AwareDatetime | None = None
    description: str | None = None
    """D that one is given when a key is made, A that the list has it."""


class ConfigurationRecord(ContractModel):
    """A policy configuration made from a template, whose id is the tier. A."""

    id: Id
    name: str
    team_id: Id | None = None
    template_id: str
    version: str | None = None
    enabled: bool
    created_at: AwareDatetime | None = None


class WalletRecord(ContractModel):
    """A wallet; the columns are the console's (D), their names A. `balance` is available money, reservations taken off."""

    id: Id
    scope: Literal["organization", "team", "user"]
    team_id: Id | None = None
    user_id: Id | None = None
    name: str | None = None
    currency: str = Field(min_length=3, max_length=3)
    balance: DecimalAmount
    reserved: DecimalAmount
    total_allocated: DecimalAmount
    total_spent: DecimalAmount
    status: str
    updated_at: AwareDatetime | None = None


TransactionType = Literal["credit", "allocation", "reclaim", "reserve", "release", "settle", "refund"]


class TransactionRecord(ContractModel):
    """A booking on a wallet; `amount` is signed from the wallet's view (settle below 0, refund above). A.

    `type` stays text: a kind of booking that we have never seen is no reason to lose the page.
    """

    id: Id
    wallet_id: Id | None = None
    type: str
    amount: DecimalAmount
    currency: str = Field(min_length=3, max_length=3)
    created_at: AwareDatetime
    request_id: str | None = None
    token_id: Id | None = None
    model: str | None = None
    provider: str | None = None
    note: str | None = None


class EventCost(ContractModel):
    """Cost attribution of an event. D."""

    total_cost_usd: DecimalAmount | None = None
    source_spend_log_id: str | None = None


class EventRecord(ContractModel):
    """A policy decision. D but for `team_id` and `token_id` (A). `verdict` stays text, as `TransactionRecord.type`."""

    event_id: Id
    request_id: str | None = None
    timestamp: AwareDatetime
    event_type: str
    verdict: str | None = None
    reason_code: str | None = None
    model: str | None = None
    provider: str | None = None
    team_id: Id | None = None
    token_id: Id | None = None
    event_cost_attribution: EventCost | None = None


class Organization(ContractModel):
    """The organisation a token belongs to. A."""

    id: Id
    name: str


class WhoAmI(ContractModel):
    """Who a token is. A."""

    organization: Organization
    subject: str
    role: str | None = None
    permissions: tuple[str, ...] = ()


class AllocationReply(ContractModel):
    """What allocate and reclaim answer. A."""

    transaction: TransactionRecord
    wallet: WalletRecord


class GatewayHealthReply(ContractModel):
    """The gateway's `GET /health`. D."""

    status: Literal["healthy", "degraded", "unhealthy"]
    uptime_seconds: Annotated[float, Field(ge=0, le=1e10)]
    version: str | None = None
    providers: dict[str, str] = {}
    policies_loaded: int | None = None
    requests_processed: int | None = None
