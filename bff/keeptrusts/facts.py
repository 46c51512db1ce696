"""What Keeptrusts knows, as values: teams, keys, configurations, wallets, spend and activity.

Adapters make these; decisions read them. A part that could not be read carries its cause, never a zero in its place.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Generic, TypeVar

from pydantic import AwareDatetime

from bff.values import Money
from bff.wording import quoted

_MOST_ROWS_NAMED = 3

T = TypeVar("T")


class Cause(StrEnum):
    """Why a part of the facts could not be read again."""

    UNAVAILABLE = "unavailable"
    """No connection, no answer in time, or a 5xx or 429 reply: worth waiting for; the last good value may still be shown."""
    DENIED = "denied"
    """401 or 403: news in itself, never covered up by older values."""
    CONTRACT = "contract"
    """An answer that is not what Keeptrusts is understood to send."""


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row of a list that was left out because it is not of the form expected; the others of its list stay.

    `place` is where in its page it stands (`data.3`), `field` the first member at fault (`data.3.status`), `message` what is
    wrong with it, without amounts or free text. `known` holds those fields that name the row and could be read, None where
    the row has no such value.
    """

    place: str
    field: str
    message: str
    known: Mapping[str, str | None] = dataclasses.field(default_factory=dict)

    @property
    def id(self) -> str | None:
        """The row's id, None when it could not be read."""
        return self.known.get("id", self.known.get("event_id"))

    def may_be(self, **wanted: str) -> bool:
        """Whether the row may be one with these values: a field that could not be read may hold any."""
        return all(self.known.get(name, value) == value for name, value in wanted.items())

    def __str__(self) -> str:
        return f"{self.field} ({self.id}): {self.message}" if self.id is not None else f"{self.field}: {self.message}"


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """One part of the facts: its value (None when there is none to show), when it was observed, why it is not fresh.

    `complete` is False when pages are missing: absence from an incomplete reading proves nothing, and sums are lower bounds.
    `detail` says in one sentence what went wrong; it holds no secret. `rejected` are the first rows that were left out, and
    `rejected_count` is how many there were in all: they leave the rest as complete as it is, but see `may_hide`.
    """

    value: T | None
    observed_at: AwareDatetime | None = None
    cause: Cause | None = None
    complete: bool = True
    detail: str = ""
    rejected: tuple[RejectedRow, ...] = ()
    rejected_count: int = 0

    def may_hide(self, **wanted: str) -> bool:
        """Whether a row that was left out may be one with these values, so that its absence from `value` proves nothing."""
        return self.rejected_count > len(self.rejected) or any(row.may_be(**wanted) for row in self.rejected)

    def names(self, **wanted: str) -> bool:
        """Whether a row that was left out says that it has these values."""
        return any(all(row.known.get(name) == value for name, value in wanted.items()) for row in self.rejected)


@dataclass(frozen=True, slots=True)
class Team:
    """A Keeptrusts team."""

    id: str
    name: str
    slug: str | None = None


@dataclass(frozen=True, slots=True)
class GatewayKey:
    """A gateway key as the control plane lists it: never its secret. Times are aware.

    `expired` says that Keeptrusts calls it so, whatever `expires_at` is. `unknown_status` is Keeptrusts' word for a status
    that is neither active nor revoked nor expired; None for those. `revokes_at` is not Keeptrusts' own: when this service is
    to revoke the key after a rotation, at the earliest.
    """

    id: str
    name: str
    team_id: str | None
    revoked: bool
    prefix: str | None = None
    created_at: AwareDatetime | None = None
    expires_at: AwareDatetime | None = None
    last_used_at: AwareDatetime | None = None
    expired: bool = False
    unknown_status: str | None = None
    revokes_at: AwareDatetime | None = None


@dataclass(frozen=True, slots=True)
class Configuration:
    """A policy configuration; `template_id` is the tier it was made from."""

    id: str
    name: str
    team_id: str | None
    template_id: str
    enabled: bool
    created_at: AwareDatetime | None = None


class WalletScope(StrEnum):
    """Whose wallet it is; the scope that pays is the first of user, team, organisation with enough balance."""

    ORGANIZATION = "organization"
    TEAM = "team"
    USER = "user"


@dataclass(frozen=True, slots=True)
class Wallet:
    """A prepaid wallet. `available` is what can still be spent, reservations already taken off.

    `status` is Keeptrusts' own word (`healthy`, `low`, `depleted`).
    """

    id: str
    scope: WalletScope
    team_id: str | None
    available: Money
    reserved: Money
    allocated: Money
    spent: Money
    status: str
    updated_at: AwareDatetime | None = None


UNPAID_VERDICTS = frozenset({"block", "escalate"})
"""Verdicts after which a request is not sent on: without a price it costs nothing, and no price is waited for."""


@dataclass(frozen=True, slots=True)
class SpendEvent:
    """One policy event as the ledger counts it. `id` is 16 bytes, `at` epoch microseconds; text that is not there is empty.

    `cost` is in USD, below zero for a correction, None while the price is not known. `is_request` is False for events that
    are no decision about a request: only their cost counts.
    """

    id: bytes
    at: int
    key_id: str
    team_id: str
    model: str
    cost: Money | None
    verdict: str | None = None
    is_request: bool = True


@dataclass(frozen=True, slots=True)
class SpendToday:
    """Spend of one budget day in USD: what the events of that day add up to.

    `by_key` maps key ids to their spend; `unattributed_by_team` holds what a team's events that name no key cost.
    `missing` says why every sum is a lower bound, `missing_by_key` why that of one key is; None and empty when they are
    whole. `catching_up` says that older events of the feed are still being read; `read_share` is the share of the day's
    time so far whose events have been read, 0 to 1.
    """

    day: date
    by_key: Mapping[str, Money] = field(default_factory=dict)
    unattributed_by_team: Mapping[str, Money] = field(default_factory=dict)
    missing: str | None = None
    missing_by_key: Mapping[str, str] = field(default_factory=dict)
    catching_up: bool = False
    read_share: float = 1.0


@dataclass(frozen=True, slots=True)
class SpendDays:
    """Spend of the closed budget days from `first` on, by key: whole amounts of 1e-12 USD, one a day, oldest first.

    `by_key` maps key ids, `unattributed_by_team` teams, to what their events that name a key, or none, have cost. Keys and teams
    without spend are left out. The sums of `incomplete` days are lower bounds for every key, those of `incomplete_by_key` for
    one. `models` has the spend by model, as far back as `by_key` and for today as well, of those keys alone of which one of the
    last days stands out. Numbers and not `Money`: there are as many as keys times days, and few of them are looked at.
    """

    first: date
    count: int
    by_key: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    unattributed_by_team: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    incomplete: tuple[date, ...] = ()
    incomplete_by_key: Mapping[str, tuple[date, ...]] = field(default_factory=dict)
    models: Mapping[str, Mapping[str, tuple[int, ...]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Activity:
    """What the policy did today for one key: counts of decisions by verdict."""

    requests: int = 0
    blocked: int = 0
    redacted: int = 0
    escalated: int = 0
    last_request_at: AwareDatetime | None = None

    def plus(self, other: Activity) -> Activity:
        """Both together."""
        times = [moment for moment in (self.last_request_at, other.last_request_at) if moment is not None]
        return Activity(
            self.requests + other.requests,
            self.blocked + other.blocked,
            self.redacted + other.redacted,
            self.escalated + other.escalated,
            max(times, default=None),
        )


@dataclass(frozen=True, slots=True)
class ActivityToday:
    """Policy decisions of one budget day per key and per team; `since` is when the count starts."""

    since: AwareDatetime
    by_key: Mapping[str, Activity] = field(default_factory=dict)
    by_team: Mapping[str, Activity] = field(default_factory=dict)
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known of an organisation at one moment, part by part."""

    teams: Reading[tuple[Team, ...]]
    keys: Reading[tuple[GatewayKey, ...]]
    configurations: Reading[tuple[Configuration, ...]]
    wallets: Reading[tuple[Wallet, ...]]
    spend: Reading[SpendToday]
    activity: Reading[ActivityToday]
    days: Reading[SpendDays] = field(default_factory=lambda: Reading(None))

    def parts(self) -> dict[str, Reading[Any]]:
        """Every part by its name, in this order."""
        return {part.name: getattr(self, part.name) for part in dataclasses.fields(self)}


@dataclass(frozen=True, slots=True)
class ModelSpend:
    """Spend on one model in USD, and in how many requests."""

    spent: Money
    requests: int

    def plus(self, other: ModelSpend) -> ModelSpend:
        """Both together."""
        return ModelSpend(self.spent + other.spent, self.requests + other.requests)


@dataclass(frozen=True, slots=True)
class KeyDays:
    """What one key has spent in a period: whole amounts of 1e-12 USD, one a day, oldest first; and its requests over all days.

    Numbers and not `Money`: a roll-up has as many as keys times days.
    """

    amounts: tuple[int, ...]
    requests: int


@dataclass(frozen=True, slots=True)
class SpendOfKeys:
    """What many keys have spent over the days of a period, in USD.

    by_key              over the days of the period, by key id; keys without an event are left out
    by_model            over the same days, all keys together; the model is None for events that name none
    previous            over the days of the period before, by key id
    by_day              all keys together on every day that was read, those before the period too
    of_teams            over the days of the period, what every event of the teams asked for cost, by key id; '' names no key
    nameless            over the same days, what events of a team that name no key cost, by team id
    incomplete_days     the days that are lower bounds for every key, each with half a sentence that says why
    incomplete_of_key   further such days of single keys, by key id
    kept_from           nothing is known of days before it; None: all of them are kept
    """

    by_key: Mapping[str, KeyDays] = field(default_factory=dict)
    by_model: Mapping[str | None, ModelSpend] = field(default_factory=dict)
    previous: Mapping[str, Money] = field(default_factory=dict)
    by_day: Mapping[date, Money] = field(default_factory=dict)
    of_teams: Mapping[str, Money] = field(default_factory=dict)
    nameless: Mapping[str, Money] = field(default_factory=dict)
    incomplete_days: Mapping[date, str] = field(default_factory=dict)
    incomplete_of_key: Mapping[str, Mapping[date, str]] = field(default_factory=dict)
    kept_from: date | None = None


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """What the events of one day that name one key, team and model cost in USD; an id or a model that they do not name is ''.

    `complete` is False where `spent` is a lower bound.
    """

    key_id: str
    team_id: str
    model: str
    spent: Money
    requests: int
    complete: bool


@dataclass(frozen=True, slots=True)
class LedgerDay:
    """The sums of one day; `missing` says in half a sentence why all of them are lower bounds, None where they need not be."""

    day: date
    rows: tuple[LedgerRow, ...] = ()
    missing: str | None = None


@dataclass(frozen=True, slots=True)
class SpendTally:
    """Sums of several budget days in USD, by local day and then by model.

    Days and models without an event may be left out; the model is None for events that name none.
    """

    by_day_and_model: Mapping[date, Mapping[str | None, ModelSpend]] = field(default_factory=dict)

    @property
    def by_day(self) -> Mapping[date, Money]:
        """The sums of each day over all models."""
        nothing = Money.zero()
        return {
            day: sum((model.spent for model in models.values()), nothing)
            for day, models in self.by_day_and_model.items()
        }

    @property
    def by_model(self) -> Mapping[str | None, ModelSpend]:
        """The sums of each model over all days."""
        return self.by_model_on(self.by_day_and_model)

    def by_model_on(self, days: Iterable[date]) -> Mapping[str | None, ModelSpend]:
        """Return the sums of each model over some of the days."""
        sums: dict[str | None, ModelSpend] = {}
        for day in days:
            for model, more in self.by_day_and_model.get(day, {}).items():
                known = sums.get(model)
                sums[model] = more if known is None else known.plus(more)
        return sums


@dataclass(frozen=True, slots=True)
class SpendHistory:
    """Spend of the keys of one name over several budget days, the running one included.

    `key` holds what names one of the keys; `unattributed` what events of their team that name no key cost.
    `incomplete_days` maps the days that could not be read whole to half a sentence that says why. Of days before `kept_from`
    nothing is known; None: all of them are kept.
    """

    key: SpendTally = field(default_factory=SpendTally)
    unattributed: SpendTally = field(default_factory=SpendTally)
    incomplete_days: Mapping[date, str] = field(default_factory=dict)
    kept_from: date | None = None


@dataclass(frozen=True, slots=True)
class KeySpend:
    """What events that name one key and one team cost in USD, and how many requests they are; an id that is not named is empty."""

    key_id: str
    team_id: str
    spent: Money
    requests: int


@dataclass(frozen=True, slots=True)
class OrganisationSpend:
    """Spend of the whole organisation over several budget days, the running one included: `sums` add up to all there is.

    `incomplete_days` as for `SpendHistory`.
    """

    sums: tuple[KeySpend, ...] = ()
    incomplete_days: Mapping[date, str] = field(default_factory=dict)


def rows_left_out(rejected: Sequence[RejectedRow], count: int, fitting: int | None) -> str:
    """Which rows of a list were left out: `1 row of 5,000 was left out: data.3.name (tok_4): must be text`.

    `count` is how many were left out, `rejected` the first of them, and `fitting` how many were not, where that is known.
    """
    of_all = f" of {fitting + count:,}" if fitting is not None else ""
    said = "; ".join(map(str, rejected[:_MOST_ROWS_NAMED]))
    more = f"; and {count - _MOST_ROWS_NAMED:,} more" if count > _MOST_ROWS_NAMED else ""
    rows, were = ("row", "was") if count == 1 else ("rows", "were")
    return f"{count:,} {rows}{of_all} {were} left out: {said}{more}"


def statuses_not_known(words: Mapping[str, str]) -> str:
    """Keys whose status is not known, by id: `1 key has a status that is not known: 'paused' (tok_2)`."""
    said = "; ".join(f"{quoted(word)} ({key_id})" for key_id, word in [*words.items()][:_MOST_ROWS_NAMED])
    more = f"; and {len(words) - _MOST_ROWS_NAMED:,} more" if len(words) > _MOST_ROWS_NAMED else ""
    keys = "1 key has" if len(words) == 1 else f"{len(words):,} keys have"
    return f"{keys} a status that is not known: {said}{more}"
