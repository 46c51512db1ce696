"""Spend as files: rows of CSV (RFC 4180) and of FOCUS 1.2, the FinOps Open Cost and Usage Specification.

Amounts are exact decimals. Text that a spreadsheet would take for a formula gets a quote before it.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from functools import lru_cache, partial
from io import StringIO
from itertools import groupby
from typing import Literal

from bff.keeptrusts.facts import GatewayKey, LedgerDay, LedgerRow
from bff.spend.rollup import Shown
from bff.status.key_claims import NamedKey
from bff.status.organisation import Organisation
from bff.values import USD, BudgetWindow, EntityRef, Money
from bff.wording import rfc3339

Format = Literal["csv", "focus"]

_NOTHING = Money.zero()


@dataclass(frozen=True, slots=True)
class ExportRow:
    """Spend of one day on one model by one key.

    `entity` is the entity that claims the key: of several the first by reference; None where no entity of the export does.
    An id or a name that is not known is ''. `attribution` says whom the requests name: a key, a team alone, or neither.
    """

    day: date
    entity: EntityRef | None
    team_id: str
    team: str
    key_id: str
    key: str
    model: str
    spent: Money
    requests: int
    attribution: Literal["key", "team", "none"]
    complete: bool


@dataclass(frozen=True, slots=True)
class Labels:
    """The names of what sums hold by id: the entity of each key that is claimed, every key, and every team."""

    entities: Mapping[str, EntityRef]
    keys: Mapping[str, GatewayKey]
    teams: Mapping[str, str]

    @classmethod
    def of(cls, shown: Mapping[NamedKey, Shown], organisation: Organisation) -> Labels:
        """The labels of an organisation's sums where `shown` are the keys that entities of the export claim."""
        return cls(
            {key_id: key.first for key in shown.values() for key_id in key.key_ids},
            {key.id: key for key in organisation.facts.keys.value or ()},
            {team_id: team.name for team_id, team in organisation.teams_by_id.items()},
        )


def export_rows(day: LedgerDay, labels: Labels, *, nameless: EntityRef | None = None) -> list[ExportRow]:
    """Return the rows of one day, in the order of their columns.

    What names no key stands with the entity `nameless`. A day that is a lower bound and has no sums is a row of nothing, so
    that it is not taken for a day without spend.
    """
    rows = [_row(day.day, each, labels, nameless) for each in day.rows]
    if not rows and day.missing is not None:
        rows.append(ExportRow(day.day, nameless, "", "", "", "", "", _NOTHING, 0, "none", complete=False))
    return sorted(rows, key=lambda row: (row.entity is None, row.entity, row.team, row.key, row.model, row.key_id))


def _row(day: date, each: LedgerRow, labels: Labels, nameless: EntityRef | None) -> ExportRow:
    key = labels.keys.get(each.key_id)
    team_id = (key.team_id if key is not None else None) or each.team_id
    return ExportRow(
        day=day,
        entity=labels.entities.get(each.key_id) if each.key_id else nameless,
        team_id=team_id,
        team=labels.teams.get(team_id, team_id),
        key_id=each.key_id,
        key=key.name if key is not None else each.key_id,
        model=each.model,
        spent=each.spent,
        requests=each.requests,
        attribution="key" if each.key_id else "team" if each.team_id else "none",
        complete=each.complete,
    )


# --- CSV ---

COLUMNS = (
    "day",
    "entity_ref",
    "team",
    "key",
    "model",
    "spent",
    "currency",
    "requests",
    "attribution",
    "complete",
)


def csv_header() -> str:
    """Return the first line."""
    return _written([COLUMNS])


def csv_lines(rows: Iterable[ExportRow]) -> str:
    """Return the lines of one day's rows: keys of one name in one team, as those of a rotation, are one line."""
    return _written(_merged(rows))


def _merged(rows: Iterable[ExportRow]) -> Iterator[Sequence[str]]:
    ordered = sorted(rows, key=_line)
    for (_, _, team, key, model, attribution), same in groupby(ordered, key=_line):
        of_line = list(same)
        first = of_line[0]
        yield (
            first.day.isoformat(),
            safe(str(first.entity)) if first.entity is not None else "",
            safe(team),
            safe(key),
            safe(model),
            sum((row.spent for row in of_line), _NOTHING).plain(),
            USD,
            str(sum(row.requests for row in of_line)),
            attribution,
            _flag(all(row.complete for row in of_line)),
        )


def _line(row: ExportRow) -> tuple[bool, str, str, str, str, str]:
    entity = str(row.entity) if row.entity is not None else ""
    return row.entity is None, entity, row.team, row.key, row.model, row.attribution


_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What text must not begin with, since spreadsheets would run it."""


def safe(text: str) -> str:
    """Return `text` with a quote before it where a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _written(rows: Iterable[Sequence[str]]) -> str:
    buffer = StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerows(rows)
    return buffer.getvalue()


# --- FOCUS 1.2 ---

PROVIDER = "Keeptrusts"
SERVICE = "Keeptrusts AI gateway"


@dataclass(frozen=True, slots=True)
class Account:
    """Whose charges these are: the organisation's id and name ('' if unknown), and the zone in which its days and months begin."""

    id: str
    name: str
    zone: tzinfo


@lru_cache(maxsize=128)
def _window(day: date, zone: tzinfo) -> tuple[str, str]:
    """When a day begins and when it ends, as FOCUS writes it."""
    window = BudgetWindow.of(day, zone)
    return rfc3339(window.start), rfc3339(window.end)


@lru_cache(maxsize=128)
def _month(day: date, zone: tzinfo) -> tuple[str, str]:
    """The same of the month that `day` is in."""
    first = day.replace(day=1)
    following = first.replace(year=day.year + day.month // 12, month=day.month % 12 + 1)
    return _window(first, zone)[0], _window(following, zone)[0]


_FOCUS: Mapping[str, Callable[[ExportRow, Account], str]] = {
    "BilledCost": lambda row, _: row.spent.plain(),
    "BillingAccountId": lambda _, account: safe(account.id),
    "BillingAccountName": lambda _, account: safe(account.name),
    "BillingCurrency": lambda _row, _account: USD,
    "BillingPeriodEnd": lambda row, account: _month(row.day, account.zone)[1],
    "BillingPeriodStart": lambda row, account: _month(row.day, account.zone)[0],
    "ChargeCategory": lambda _row, _account: "Usage",
    "ChargeClass": lambda _row, _account: "",
    "ChargeDescription": lambda row, _: safe(_description(row)),
    "ChargeFrequency": lambda _row, _account: "Usage-Based",
    "ChargePeriodEnd": lambda row, account: _window(row.day, account.zone)[1],
    "ChargePeriodStart": lambda row, account: _window(row.day, account.zone)[0],
    "ConsumedQuantity": lambda row, _: str(row.requests),
    "ConsumedUnit": lambda _row, _account: "Requests",
    "ContractedCost": lambda row, _: row.spent.plain(),
    "EffectiveCost": lambda row, _: row.spent.plain(),
    "InvoiceId": lambda _row, _account: "",
    "InvoiceIssuerName": lambda _row, _account: PROVIDER,
    "ListCost": lambda row, _: row.spent.plain(),
    "PricingQuantity": lambda row, _: str(row.requests),
    "PricingUnit": lambda _row, _account: "Requests",
    "ProviderName": lambda _row, _account: PROVIDER,
    "PublisherName": lambda _row, _account: PROVIDER,
    "ResourceId": lambda row, _: safe(row.key_id),
    "ResourceName": lambda row, _: safe(row.key) if row.key != row.key_id else "",
    "ResourceType": lambda row, _: "Gateway key" if row.key_id else "",
    "ServiceCategory": lambda _row, _account: "AI and Machine Learning",
    "ServiceName": lambda _row, _account: SERVICE,
    "ServiceSubcategory": lambda _row, _account: "Generative AI",
    "SubAccountId": lambda row, _: safe(row.team_id),
    "SubAccountName": lambda row, _: safe(row.team),
    "x_Attribution": lambda row, _: row.attribution,
    "x_Complete": lambda row, _: _flag(row.complete),
    "x_EntityRef": lambda row, _: safe(str(row.entity)) if row.entity is not None else "",
    "x_Model": lambda row, _: safe(row.model),
}
"""The columns of FOCUS 1.2 in their order, then our own, whose names begin with `x_`; null is an empty field."""


def focus_header() -> str:
    """Return the first line."""
    return _written([tuple(_FOCUS)])


def focus_lines(rows: Iterable[ExportRow], account: Account) -> str:
    """Return the lines of one day's rows, a charge each."""
    return _written([value(row, account) for value in _FOCUS.values()] for row in rows)


def _description(row: ExportRow) -> str:
    model = row.model or "a model that is not named"
    return f"Requests to {model} with the gateway key {row.key}" if row.key_id else f"Requests to {model} without a key"


def writer_of(form: Format, account: Account) -> tuple[str, Callable[[Iterable[ExportRow]], str]]:
    """Return the first line of a file, and what writes the lines of one day."""
    if form == "csv":
        return csv_header(), csv_lines
    return focus_header(), partial(focus_lines, account=account)
