"""The JSON that clients read: camelCase names, money as decimal strings, times in RFC 3339 UTC.

These models are the only place where wire names stand; `openapi.json` and the plugin's types are made from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic.alias_generators import to_camel

from bff.status import findings
from bff.status.findings import Code, Severity, State
from bff.values import Money
from bff.wording import rfc3339

Instant = Annotated[
    datetime,
    PlainSerializer(rfc3339, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "description": "RFC 3339, UTC"}),
]
Ratio = Annotated[
    Decimal,
    PlainSerializer(lambda ratio: round(float(ratio), 4), return_type=float),
    WithJsonSchema({"type": "number"}),
]


MONTH = r"^[0-9]{4}-[0-9]{2}$"
"""The form of a calendar month: `2026-11`."""

FORECAST_RULE = (
    "The spend so far, and for each day that is left the median of this key's weekdays or weekend days over the last 28 "
    "closed days; `low` and `high` take the 10th and the 90th percentile of those days instead."
)
"""How a forecast is made, in one sentence."""


class WireModel(BaseModel):
    """A frozen JSON object; unknown members are refused where we make it ourselves."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, frozen=True, extra="forbid", serialize_by_alias=True
    )


class Amount(WireModel):
    """Money on the wire."""

    amount: str = Field(
        pattern=r"^-?[0-9]+(\.[0-9]+)?$", description="An exact decimal, never rounded", examples=["12.345678"]
    )
    currency: str = Field(description="ISO 4217", examples=["USD"])

    @classmethod
    def of(cls, money: Money) -> Amount:
        """The wire form of `money`."""
        return cls(amount=money.plain(), currency=money.currency)


class Remedy(WireModel):
    """A software template that mends a finding, and what its form can be filled in with."""

    template: str = Field(description="The template's entity reference", examples=["template:default/ai-key-rotate"])
    parameters: Mapping[str, str] = Field(
        description="What is known of `team` (its name), `entityRef`, `keyName` and `tier`; for onboarding also as `teamName` "
        "and `policyTier`",
        examples=[{"team": "support-team", "keyName": "support-team-gw-key"}],
    )


class Finding(WireModel):
    """Something that is wrong, or will be, and what to do about it."""

    code: Code
    severity: Severity
    message: str = Field(description="One sentence for a person: what is the case")
    hint: str | None = Field(default=None, description="One sentence for a person: what to do")
    params: Mapping[str, str] | None = Field(
        default=None,
        description="The values for a client's own sentence of this `code`: names, plain decimal amounts of `currency`, ratios, "
        "RFC 3339 times in UTC; empty where that sentence holds no value; null where only `message` says it",
        examples=[{"spent": "612.5", "budget": "500", "currency": "USD"}],
    )
    remedy: Remedy | None = Field(default=None, description="The template that mends it; null where there is none")

    @classmethod
    def of(cls, finding: findings.Finding, remedy: Remedy | None = None) -> Finding:
        """Return the wire form of `finding`."""
        return cls(
            code=finding.code,
            severity=finding.code.severity,
            message=finding.message,
            hint=finding.hint,
            params=finding.params,
            remedy=remedy,
        )


KeyState = Literal["active", "expiring", "expired", "revoked", "not-found", "withheld", "unknown"]


class PreviousKeyStatus(WireModel):
    """The key that the current one replaces and that still works."""

    id: str
    prefix: str | None = Field(default=None, description="The key's first characters, for recognising it")
    last_used_at: Instant | None = Field(default=None, description="Null: never used")
    revokes_at: Instant | None = Field(
        default=None,
        description="When this service revokes it at the earliest: later where it is still used; null when it is not to revoke it",
    )


class GatewayKeyStatus(WireModel):
    """The claimed key. Everything but `declared` and `state` is null when the key is not known or not the owner's."""

    declared: str = Field(description="The name in the annotation")
    state: KeyState
    id: str | None = None
    prefix: str | None = Field(default=None, description="The key's first characters, for recognising it")
    created_at: Instant | None = None
    expires_at: Instant | None = None
    last_used_at: Instant | None = None
    count: int | None = Field(
        default=None,
        description="How many keys of this name its team has, revoked and expired ones too; the other members are of the current one",
    )
    previous: PreviousKeyStatus | None = Field(
        default=None,
        description="During the grace of a rotation: the older key of this name that still works; of several, the one that was used last",
    )


class PolicyTierStatus(WireModel):
    """The tier that is claimed and the one that the team's enabled configuration enforces."""

    declared: str | None = None
    enforced: str | None = None


class TeamStatus(WireModel):
    """The Keeptrusts team of the entity's owner."""

    id: str
    name: str


Attribution = Literal["key", "team"]


class BudgetStatus(WireModel):
    """Today's spend against the declared daily budget; the day is a calendar day in the service's time zone."""

    daily: Amount | None = Field(
        default=None, description="The declared budget; null when none is declared; 0 means nothing may be spent"
    )
    spent: Amount
    used_ratio: Ratio | None = Field(
        default=None,
        description="spent / daily; may exceed 1; null without a budget, and when something is spent of a budget of 0",
    )
    elapsed_ratio: Ratio = Field(description="Share of the budget day that had passed when this was assessed, 0 to 1")
    window_start: Instant
    resets_at: Instant
    exhausts_at: Instant | None = Field(
        default=None,
        description="When the budget runs out at today's pace; null when it lasts, is used up, or it is too early in the day to say",
    )
    attribution: Attribution = Field(
        description="`key`: `spent` names this key; `team`: it also holds what the team's requests that name no key cost, an upper bound"
    )
    complete: bool = Field(description="False: `spent` is a lower bound")


WalletState = Literal["healthy", "low", "depleted"]


class WalletStatus(WireModel):
    """The prepaid wallet of the owner's team."""

    scope: Literal["team", "organization", "user"]
    state: WalletState
    available: Amount = Field(description="What can still be spent; reservations are already taken off")
    reserved: Amount
    allocated: Amount
    spent: Amount


class ActivityStatus(WireModel):
    """Today's requests with this key and what the policy did with them."""

    since: Instant
    requests: int = Field(ge=0)
    blocked: int = Field(ge=0)
    redacted: int = Field(ge=0)
    escalated: int = Field(ge=0)
    last_request_at: Instant | None = None
    complete: bool = Field(description="False: the counts are lower bounds")


class Links(WireModel):
    """Where to look further; from the service's configuration, never from an annotation."""

    console: str | None = None
    gateway: str | None = None


class Freshness(WireModel):
    """How old the facts are; the age itself is in the `Age` header."""

    observed_at: Instant | None = Field(
        description="When the oldest part of these facts was read from Keeptrusts; null when none could be"
    )
    assessed_at: Instant
    stale: bool = Field(description="True: Keeptrusts could not be asked lately; these are the last facts that it gave")


class GovernanceStatus(WireModel):
    """The AI governance status of one entity. A section that cannot be had is null and a finding says why."""

    entity_ref: str = Field(examples=["component:default/customer-support-bot"])
    state: State
    findings: tuple[Finding, ...] = Field(description="Worst first")
    gateway_key: GatewayKeyStatus | None = None
    policy_tier: PolicyTierStatus | None = None
    team: TeamStatus | None = None
    budget: BudgetStatus | None = None
    wallet: WalletStatus | None = None
    activity: ActivityStatus | None = None
    tightest_limit: Literal["budget", "wallet"] | None = Field(
        default=None,
        description="What runs out first: the rest of today's budget or the wallet; null when neither is known",
    )
    links: Links
    freshness: Freshness


class DailySpend(WireModel):
    """Spend of one budget day."""

    date: date
    spent: Amount
    partial: bool = Field(description="True for the day that has not ended")
    complete: bool = Field(description="False: `spent` is a lower bound")


class ModelSpend(WireModel):
    """Spend on one model over the whole period."""

    model: str | None = Field(description="Null for requests that name no model")
    spent: Amount
    requests: int = Field(ge=0, description="Requests, those that cost nothing too")


class Change(WireModel):
    """By how much an amount differs from an earlier one."""

    amount: Amount = Field(description="The later amount less the earlier one; below zero where less was spent")
    ratio: Ratio | None = Field(description="`amount` as a share of the earlier amount; null where that is zero")


class PreviousPeriod(WireModel):
    """Spend of the period of the same length that ends where the reported one begins: whole days, each of them over."""

    from_: date = Field(alias="from", description="Its first day")
    to: date = Field(description="Its last day")
    total: Amount
    complete: bool = Field(description="False: `total` is a lower bound")
    change: Change = Field(description="From `total` to the total of the report, whose last day has not ended")


class PreviousPeriodByDay(PreviousPeriod):
    """The same with its days."""

    by_day: tuple[DailySpend, ...] = Field(description="One item a day, oldest first, days without spend too")


class MonthBefore(WireModel):
    """Spend of the month before the running one."""

    month: str = Field(pattern=MONTH, examples=["2026-10"])
    spent: Amount = Field(description="Of the whole month")
    spent_to_date: Amount = Field(
        description="Of as many of its first days as the running month has had; of the last of them the share of its spend "
        "that is the share of today that has passed; so it is comparable with the `spent` of the running month"
    )
    complete: bool = Field(description="False: both are lower bounds")


class MonthForecast(WireModel):
    """Where the month is likely to end, as a range."""

    low: Amount
    likely: Amount
    high: Amount
    based_on_days: int = Field(ge=7, le=28, description="How many closed days of the last 28 it is made from")


class MonthToDate(WireModel):
    """The running calendar month in the service's time zone."""

    month: str = Field(pattern=MONTH, examples=["2026-11"])
    spent: Amount = Field(description="From the first of the month until now")
    complete: bool = Field(description="False: `spent` is a lower bound")
    budget: Amount | None = Field(
        default=None,
        description="The declared monthly budget; null when none is declared; 0 means nothing may be spent",
    )
    used_ratio: Ratio | None = Field(
        default=None,
        description="spent / budget; may exceed 1; null without a budget, and when something is spent of a budget of 0",
    )
    previous: MonthBefore | None = Field(default=None, description="Null when nothing was kept of it")
    change: Change | None = Field(
        default=None,
        description="From `previous.spentToDate` to `spent`; null without `previous`, and where either is a lower bound",
    )
    forecast: MonthForecast | None = Field(default=None, description=f"{FORECAST_RULE} Null: see `forecastMissing`")
    forecast_missing: Literal["too-few-days", "incomplete"] | None = Field(
        default=None,
        description="Why there is no forecast: fewer than 7 whole days of spend, or days that could not be read whole",
    )


class MonthSpend(WireModel):
    """Spend of one calendar month."""

    month: str = Field(pattern=MONTH, examples=["2026-10"])
    spent: Amount
    requests: int = Field(ge=0, description="Requests, those that cost nothing too")
    complete: bool = Field(description="False: `spent` is a lower bound")
    partial: bool = Field(description="True for the month that has not ended")


class UnusualDay(WireModel):
    """A day that cost far more than is usual for this key."""

    date: date
    spent: Amount
    usual: Amount = Field(description="The median of the weekdays, or of the weekend days, of the 28 days before it")
    times: Ratio | None = Field(description="spent / usual; null where `usual` is zero")
    model: str | None = Field(
        description="The model whose spend grew most against its own usual; null where requests name no model, or none stands out"
    )
    partial: bool = Field(description="True for the day that has not ended: `spent` is what it has cost so far")


class SpendReport(WireModel):
    """Spend of all keys of one entity's claim by day and by model; sections are null when the numbers are withheld or unknown."""

    entity_ref: str
    days: int = Field(ge=1, le=90)
    timezone: str = Field(description="IANA zone in which a budget day begins", examples=["UTC"])
    daily_budget: Amount | None = None
    attribution: Attribution | None = None
    complete: bool = Field(description="False: the sums are lower bounds")
    total: Amount | None = None
    by_day: tuple[DailySpend, ...] | None = Field(
        default=None, description="One item a day, oldest first, days without spend too"
    )
    by_model: tuple[ModelSpend, ...] | None = Field(default=None, description="Largest first")
    previous: PreviousPeriodByDay | None = Field(default=None, description="Null when nothing was kept of it")
    month: MonthToDate | None = None
    months: tuple[MonthSpend, ...] | None = Field(
        default=None,
        max_length=13,
        description="The running month and up to 12 before it, oldest first, without those of which nothing was kept",
    )
    unusual_days: tuple[UnusualDay, ...] | None = Field(
        default=None, description="The unusual days among `byDay`, oldest first"
    )
    findings: tuple[Finding, ...] = ()
    freshness: Freshness


class UnclaimedKey(WireModel):
    """A key that was used and that no entity claims: all keys of one name in one team, revoked and expired ones too."""

    key: str | None = Field(
        description="Its name; null for requests that name no key, and for a key that is not listed"
    )
    key_id: str | None = Field(
        description="The id of a key that Keeptrusts does not list any more, where the name is null"
    )
    team: str | None = Field(description="The name of its team, or the id where the name is not known")
    spent: Amount
    requests: int
    likely_owner: str | None = Field(
        description="The group that claims the team, of several the one that owns most entities that claim a key",
        examples=["group:default/support-team"],
    )
    annotation: str | None = Field(
        description="A line of YAML for `metadata.annotations` of the entity that uses it; null where no entity can claim it",
        examples=["    keeptrusts.dev/gateway-key-name: support-team-gw-key"],
    )


class UnknownKey(WireModel):
    """A claim that counts for nothing: the key is not there, or is not the owner's."""

    entity_ref: str
    key: str
    owner: str | None = Field(description="The entity's owner; null where it has none")
    state: Literal["not-found", "withheld"] = Field(description="`withheld`: the key is not the owner's")


class SharedKey(WireModel):
    """A key that several entities claim."""

    key: str
    team: str | None = Field(description="The name of its team, or the id where the name is not known")
    members: tuple[str, ...] = Field(description="The entities, the first 20 by reference")
    members_count: int = Field(ge=2)
    spent: Amount = Field(description="What the key has spent, once")


class SilentConsumer(WireModel):
    """An entity that consumes the gateway's API and claims no key."""

    entity_ref: str
    owner: str | None = Field(description="The entity's owner; null where it has none")


class IdleWallet(WireModel):
    """The wallet of a team of whose keys no entity claims any."""

    team: str = Field(description="The team's name, or its id where the name is not known")
    available: Amount


class LeftOut(WireModel):
    """How many items each list lacks of all that there are."""

    unclaimed_keys: int = Field(ge=0)
    unknown_keys: int = Field(ge=0)
    shared_keys: int = Field(ge=0)
    silent_consumers: int = Field(ge=0)
    idle_wallets: int = Field(ge=0)


class CatalogRead(WireModel):
    """What was read of the catalog."""

    entities: int = Field(ge=0, description="Entities that claim a key or consume the gateway's API")
    complete: bool = Field(description="False: there may be more, so that claimed spend is a lower bound")
    read_at: Instant | None = Field(description="When the catalog was read; null when it could not be")


class Coverage(WireModel):
    """Which spend of the organisation entities claim, and which none does. Amounts are null where spend could not be read.

    `claimed` and `unclaimed` add up to `total`, which is all that was recorded of these days.
    """

    days: int = Field(ge=1, le=90)
    timezone: str = Field(description="IANA zone in which a budget day begins", examples=["UTC"])
    claimed: Amount | None = Field(default=None, description="Spend of keys that an entity claims, each key once")
    unclaimed: Amount | None = Field(
        default=None, description="The rest: keys that no entity claims, and requests that name no key"
    )
    total: Amount | None = None
    ratio: Ratio | None = Field(
        default=None, description="claimed / total, rounded; null where nothing was spent or spend could not be read"
    )
    complete: bool = Field(
        description="False: a finding says what is missing; the amounts are then lower bounds, or more may be claimed"
    )
    unclaimed_keys: tuple[UnclaimedKey, ...] = Field(description="Largest spend first")
    unknown_keys: tuple[UnknownKey, ...]
    shared_keys: tuple[SharedKey, ...] = Field(description="Largest spend first")
    silent_consumers: tuple[SilentConsumer, ...]
    idle_wallets: tuple[IdleWallet, ...] = Field(description="Most available first, by currency")
    truncated: LeftOut = Field(description="How many items were left out of each list")
    catalog: CatalogRead
    findings: tuple[Finding, ...] = ()
    freshness: Freshness


class RollUpMember(WireModel):
    """One member of a roll-up."""

    entity_ref: str
    state: State
    worst: Finding | None = Field(default=None, description="Its worst finding; null when it has none")
    spent: Amount | None = Field(
        default=None,
        description="Of its key; null when it has no key of its own, and when the amounts are withheld. A key that several members "
        "claim stands with the first of them by reference, and is 0 with the others",
    )
    previous: Amount | None = Field(
        default=None, description="The same in the period before; null when nothing was kept of it"
    )
    keys: tuple[str, ...] = Field(description="The name of the key that it claims; empty when it names none")
    shared: bool = Field(description="True: another member claims the same key")
    withheld: bool = Field(description="True: its amounts are not for this viewer")
    complete: bool = Field(description="False: `spent` is a lower bound, or could not be had")
    by_day: tuple[str, ...] | None = Field(
        default=None,
        description="Plain decimal amounts in the currency of `spent`, in the order of the roll-up's `byDay`",
    )


class RollUpKey(WireModel):
    """Spend of all keys of one name in one team that members claim."""

    key: str = Field(description="The name of the key")
    team: str | None = Field(description="The name of its team; null for a key that is in no team")
    spent: Amount
    requests: int = Field(ge=0)
    members: tuple[str, ...] = Field(description="The references of the members that claim it")
    complete: bool = Field(description="False: `spent` is a lower bound")


class RollUpSharedKey(WireModel):
    """A key that several members claim: its spend counts once."""

    key: str
    team: str | None
    members: tuple[str, ...]


class TeamWallet(WireModel):
    """The wallet of one team."""

    team: str
    available: Amount
    state: WalletState


class RollUp(WireModel):
    """The members of a group, a system or a domain as the caller may see them, and what their keys have spent, each key once.

    Amounts are of the members whose amounts are for this viewer, and null when there are members and none of them is.
    """

    entity_ref: str
    days: int = Field(ge=1, le=90)
    timezone: str = Field(description="IANA zone in which a budget day begins", examples=["UTC"])
    total: Amount | None = None
    complete: bool = Field(
        description="False: `total` is a lower bound, since something could not be read, is withheld, names no key, or was left off"
    )
    states: dict[State, int] = Field(description="How many members are in each state")
    members: tuple[RollUpMember, ...] = Field(
        description="At most 1,000, the largest spend first, then the worst state first: entities that carry "
        "keeptrusts.dev/gateway-key-name or consume the gateway's API"
    )
    by_key: tuple[RollUpKey, ...] | None = Field(default=None, description="Largest first")
    by_model: tuple[ModelSpend, ...] | None = Field(default=None, description="Largest first")
    by_day: tuple[DailySpend, ...] | None = Field(
        default=None,
        description="One item a day, oldest first; `complete` is about the keys whose amounts are shown",
    )
    shared_keys: tuple[RollUpSharedKey, ...] = ()
    unclaimed: Amount | None = Field(
        default=None,
        description="For groups: what the teams of the group and of the groups below it spent by keys that no member claims, "
        "or by no key; null when that cannot be said, and when it is withheld",
    )
    withheld: int = Field(ge=0, description="How many members have amounts that are not for this viewer")
    daily_budget: Amount | None = Field(
        default=None, description="The declared daily budgets added up, of each key once; null when none is declared"
    )
    budgets: int = Field(ge=0, description="How many budgets `dailyBudget` adds up")
    wallets: tuple[TeamWallet, ...] | None = Field(default=None, description="Of the teams concerned, each once")
    previous: PreviousPeriod | None = Field(default=None, description="Null when nothing was kept of it")
    month: MonthToDate | None = Field(
        default=None,
        description="Of the keys whose amounts are shown; `budget` adds up the monthly budgets where each of these keys has one",
    )
    findings: tuple[Finding, ...] = Field(default=(), description="What is missing of the roll-up itself, worst first")
    freshness: Freshness


ProviderState = Literal["reachable", "unreachable"]


class Provider(WireModel):
    """A model provider as the gateway sees it."""

    name: str
    state: str = Field(description="The gateway's own word: `reachable` or `unreachable`")


class GatewayHealth(WireModel):
    """The gateway's own account of itself; all but `state` is null when it could not be asked."""

    state: Literal["healthy", "degraded", "unhealthy", "unreachable", "unconfigured", "unknown"]
    since: Instant | None = Field(default=None, description="When this gateway process started")
    version: str | None = None
    providers: tuple[Provider, ...] = ()
    policies_loaded: int | None = None
    message: str | None = Field(default=None, description="Why the state could not be had")


class ControlPlaneHealth(WireModel):
    """Whether the control plane says that it is ready."""

    state: Literal["ready", "not-ready", "unreachable"]
    message: str | None = None


class PlatformStatus(WireModel):
    """Health of Keeptrusts itself, for telling whether it is us or the platform."""

    state: Literal["ok", "warning", "error", "unknown"] = Field(description="The worse of the two parts")
    gateway: GatewayHealth
    control_plane: ControlPlaneHealth
    links: Links
    freshness: Freshness


def _whole(value: object) -> object:
    """JSON Schema takes 30.0 for an integer, as JSON has one kind of number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class EntityRefs(WireModel):
    """The body of a by-refs request."""

    entity_refs: tuple[str, ...] = Field(max_length=1000, examples=[["component:default/customer-support-bot"]])
    worst: Annotated[int, Field(strict=True, ge=0, le=100), BeforeValidator(_whole)] | None = Field(
        default=None,
        description="Answer at most so many, those that are not in order, the worst first, with a count of all by `states`",
    )


class Problem(WireModel):
    """RFC 9457 problem details."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(
        description="A URI reference that names the kind of problem", examples=["urn:keeptrusts-bff:not-found"]
    )
    title: str
    status: int
    detail: str | None = None
    instance: str | None = Field(default=None, description="The id of the request, as in `x-request-id`")


class StatusItem(WireModel):
    """One item of a by-refs reply: either `status` or `problem`."""

    entity_ref: str = Field(description="The reference as it was asked for")
    status: GovernanceStatus | None = None
    problem: Problem | None = None


class StatusItems(WireModel):
    """The reply to a by-refs request: one item a reference, in the order of the request; or the worst alone."""

    items: tuple[StatusItem, ...]
    states: dict[State, int] | None = Field(
        default=None, description="With `worst`: how many of the references are in each state; a problem is `unknown`"
    )
