"""Files of spend: CSV that spreadsheets and programs read alike, and FOCUS as its specification has it."""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.keeptrusts.facts import GatewayKey, LedgerDay, LedgerRow
from bff.spend.export import Account, ExportRow, Labels, csv_lines, export_rows, safe, writer_of
from bff.values import EntityRef, Money
from tests.spend.focus_columns import COLUMNS

DAY = date(2026, 3, 10)
BOT = EntityRef("component", "default", "bot")
ACCOUNT = Account("org_1", "Acme", ZoneInfo("Europe/Berlin"))
LABELS = Labels(
    {"tok_1": BOT, "tok_2": BOT},
    {
        "tok_1": GatewayKey("tok_1", "bot-key", "team_1", revoked=True),
        "tok_2": GatewayKey("tok_2", "bot-key", "team_1", revoked=False),
        "tok_3": GatewayKey("tok_3", "other-key", "team_1", revoked=False),
    },
    {"team_1": "support"},
)


def sum_of(key_id: str, spent: str, *, team: str = "team_1", model: str = "gpt-4o", requests: int = 1) -> LedgerRow:
    """One sum of the ledger."""
    return LedgerRow(key_id, team, model, Money(Decimal(spent)), requests, complete=True)


def rows_of(*sums: LedgerRow, missing: str | None = None, nameless: EntityRef | None = None) -> list[ExportRow]:
    """The rows of a day with these sums."""
    return export_rows(LedgerDay(DAY, sums, missing), LABELS, nameless=nameless)


def opened(text: str) -> list[dict[str, str]]:
    """The rows of a file, as the standard library reads it."""
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def written(rows: list[ExportRow], form: str = "csv") -> str:
    """A file with these rows of one day."""
    header, lines = writer_of("csv" if form == "csv" else "focus", ACCOUNT)
    return header + lines(rows)


# --- CSV ---


def test_a_row_names_who_spent_what() -> None:
    """A row holds the day, the entity that claims the key, team, key, model, the exact amount, and how it was attributed."""
    text = written(rows_of(sum_of("tok_1", "12.345678901234", requests=7)))
    assert text == (
        "day,entity_ref,team,key,model,spent,currency,requests,attribution,complete\r\n"
        "2026-03-10,component:default/bot,support,bot-key,gpt-4o,12.345678901234,USD,7,key,true\r\n"
    )


def test_keys_of_a_rotation_are_one_row() -> None:
    """Keys of one name in one team are added up, since a claim means all of them."""
    (row,) = opened(written(rows_of(sum_of("tok_1", "0.1"), sum_of("tok_2", "0.2", requests=2))))
    assert (row["spent"], row["requests"]) == ("0.3", "3")


def test_what_no_entity_claims_has_an_empty_reference() -> None:
    """A key that stands in no entity, one that Keeptrusts does not list, and requests without a key have rows of their own."""
    rows = opened(
        written(rows_of(sum_of("tok_3", "1"), sum_of("tok_gone", "2"), sum_of("", "3"), sum_of("", "4", team="")))
    )
    assert {(row["entity_ref"], row["team"], row["key"], row["attribution"], row["spent"]) for row in rows} == {
        ("", "support", "other-key", "key", "1"),
        ("", "support", "tok_gone", "key", "2"),
        ("", "support", "", "team", "3"),
        ("", "", "", "none", "4"),
    }


def test_a_day_that_was_not_read_is_no_day_without_spend() -> None:
    """A day that is a lower bound and has no sums is a row of nothing that says so; one that is whole has none."""
    (row,) = opened(written(rows_of(missing="no event has been read yet", nameless=BOT)))
    assert (row["entity_ref"], row["spent"], row["complete"]) == ("component:default/bot", "0", "false")
    assert rows_of() == []


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_text_is_never_a_formula(start: str) -> None:
    """Text that a spreadsheet would run gets a quote before it; a negative amount does not, since it is a number."""
    (row,) = opened(written(rows_of(sum_of("tok_1", "-1.5", model=f'{start}HYPERLINK("http://evil.example")'))))
    assert row["model"] == f'\'{start}HYPERLINK("http://evil.example")'
    assert row["spent"] == "-1.5"


AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False, places=12, min_value=-(10**9), max_value=10**9)


@given(st.lists(st.tuples(st.sampled_from(["tok_1", "tok_2", "tok_3", "", "tok_x"]), st.text(), AMOUNTS), max_size=8))
def test_a_file_reads_back_to_the_last_digit(sums: list[tuple[str, str, Decimal]]) -> None:
    """Whatever models are called, a reader of RFC 4180 gets as many columns as were written, the same names and the exact sum."""
    rows = rows_of(*(sum_of(key_id, str(spent), model=model) for key_id, model, spent in sums))
    for form, amount, model in (("csv", "spent", "model"), ("focus", "BilledCost", "x_Model")):
        text = written(rows, form)
        assert not re.search(r"(?<!\r)\n|\r(?!\n)", re.sub(r'"[^"]*"', "", text)), "each line ends with CRLF"
        read = opened(text)
        assert sum((Decimal(row[amount]) for row in read), Decimal(0)) == sum((each[2] for each in sums), Decimal(0))
        assert {row[model] for row in read} == {safe(row.model) for row in rows}
        assert all(None not in row and None not in row.values() for row in read)


def test_lines_of_a_day_are_in_the_order_of_their_names() -> None:
    """What entities claim comes first, and the same rows in another order are the same lines."""
    rows = rows_of(sum_of("tok_3", "1"), sum_of("tok_1", "2", model="b"), sum_of("tok_1", "3", model="a"))
    assert [row["model"] for row in opened(written(rows))] == ["a", "b", "gpt-4o"]
    assert csv_lines(rows) == csv_lines(reversed(rows))


# --- FOCUS 1.2 ---

PUBLISHED = {column.name: column for column in COLUMNS}
SOME = (sum_of("tok_1", "12.345678901234", requests=7), sum_of("", "-0.5"), sum_of("", "3", team="", model=""))


def focus_rows() -> list[dict[str, str]]:
    """Charges of a key, of a team without a key, and of neither."""
    return opened(written(rows_of(*SOME), "focus"))


def test_every_column_is_published_or_our_own() -> None:
    """There is each column that FOCUS 1.2 demands, none that it does not know, and our own begin with `x_`."""
    names = list(focus_rows()[0])
    assert {column.name for column in COLUMNS if column.level == "Mandatory"} <= set(names)
    assert {name for name in names if name not in PUBLISHED} == {name for name in names if name.startswith("x_")}
    assert [name for name in names if name in PUBLISHED] == sorted(name for name in names if name in PUBLISHED)


@pytest.mark.parametrize(
    "column", [column for column in COLUMNS if not column.nullable], ids=lambda column: column.name
)
def test_a_column_that_allows_no_null_has_none(column: object) -> None:
    """Where FOCUS 1.2 allows no null, every charge has a value, if the column is there."""
    name = getattr(column, "name", "")
    assert all(row.get(name, "absent").strip() for row in focus_rows())


_TYPES = {
    "Decimal": re.compile(r"-?[0-9]+(\.[0-9]+)?"),
    "Date/Time": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"),
    "String": re.compile(r".*\S.*", re.DOTALL),
    "JSON": re.compile(r"\{.*\}"),
}


def test_values_are_of_the_published_types() -> None:
    """A value is of the type that FOCUS 1.2 gives its column, and one of the allowed values where it has some."""
    for row in focus_rows():
        for name, value in row.items():
            column = PUBLISHED.get(name)
            if column is None or not value:
                continue
            assert _TYPES[column.kind].fullmatch(value), (name, value)
            assert not column.allowed or value in column.allowed, (name, value)


def test_nulls_depend_on_each_other_as_published() -> None:
    """Rules of nulls across columns: a unit needs its quantity, a name or a type its id, and usage has a quantity."""
    for row in focus_rows():
        for value, of in (
            ("PricingUnit", "PricingQuantity"),
            ("ConsumedUnit", "ConsumedQuantity"),
            ("ResourceType", "ResourceId"),
            ("SubAccountName", "SubAccountId"),
        ):
            assert bool(row[value]) is bool(row[of]), (value, of)
        assert row["ResourceId"] or not row["ResourceName"]
        assert row["ResourceName"] != row["ResourceId"] or not row["ResourceId"]
        assert (row["ChargeCategory"], row["ChargeClass"]) == ("Usage", "")
        assert row["PricingQuantity"]
        assert (row["InvoiceId"], row["BillingAccountId"], row["BillingAccountName"]) == ("", "org_1", "Acme")
    by_key = {row["ResourceId"]: row for row in focus_rows()}
    assert (by_key["tok_1"]["ResourceName"], by_key["tok_1"]["SubAccountName"]) == ("bot-key", "support")


def test_costs_without_discounts_are_one_cost() -> None:
    """Without unit prices or commitments the four costs are equal, as FOCUS 1.2 demands, and exact."""
    for row, cost in zip(focus_rows(), ("12.345678901234", "3", "-0.5"), strict=True):
        assert {row[name] for name in ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")} == {cost}


def test_periods_are_days_and_months_of_the_zone() -> None:
    """A charge is of one day and a billing period of one month, each from its beginning to the next one's, in UTC."""
    row = focus_rows()[0]
    assert (row["ChargePeriodStart"], row["ChargePeriodEnd"]) == ("2026-03-09T23:00:00Z", "2026-03-10T23:00:00Z")
    # The clocks of Berlin change in March.
    assert (row["BillingPeriodStart"], row["BillingPeriodEnd"]) == ("2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z")


def test_a_key_without_a_name_has_no_name() -> None:
    """A key that Keeptrusts does not list any more is a resource with an id, and its name is null rather than the id again."""
    (row,) = opened(written(rows_of(sum_of("tok_gone", "2")), "focus"))
    assert (row["ResourceId"], row["ResourceName"], row["ResourceType"]) == ("tok_gone", "", "Gateway key")
