"""Coverage against real ledgers: both sides add up to what the database has, in SQLite and in PostgreSQL."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bff.keeptrusts.facts import GatewayKey, OrganisationSpend, Reading, Team
from bff.spend.coverage import CatalogEntity, CatalogReading, report_coverage
from bff.status.claims import GATEWAY_KEY_NAME, Owner, Subject
from bff.store.database import Database
from bff.values import EntityRef, Money
from tests.ledger.conftest import NOON, Books, books_in, usd
from tests.status.conftest import Scenario

TEAMS = ("team_1", "team_2", "team_3", "team_gone", "")
KEYS = ("tok_1", "tok_2", "tok_3", "tok_4", "tok_deleted", "")


@pytest.fixture(params=["sqlite", "postgresql"])
async def books(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Books]:
    """Books in a file, and in PostgreSQL, with a week of older days to read."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    async with books_in(Database.at(url, folder=tmp_path), backfill=timedelta(days=7)) as made:
        yield made


def amount(chance: random.Random) -> str:
    """An amount with up to 12 digits after the point, in a few cases a correction."""
    units = Decimal(chance.randrange(1, 10**14)).scaleb(-12)
    return f"{-units if chance.random() < 0.05 else units:f}"


def happened(books: Books, chance: random.Random, events: int) -> None:
    """So many requests of a week: of several keys, of teams that are gone, without a key, and some without a price."""
    for _ in range(events):
        at = NOON - timedelta(minutes=chance.randrange(7 * 24 * 60))
        books.source.happens(
            None if chance.random() < 0.02 else amount(chance),
            at=at,
            key=chance.choice(KEYS),
            team=chance.choice(TEAMS),
            model=chance.choice(("gpt-4o", "claude", "")),
        )


def scenario() -> Scenario:
    """Four keys of three teams: `bot` was rotated from tok_1 to tok_2; tok_3 no entity claims; tok_4 two entities share."""
    keys = [
        ("tok_1", "bot", "team_1"),
        ("tok_2", "bot", "team_1"),
        ("tok_3", "left", "team_2"),
        ("tok_4", "both", "team_3"),
    ]
    listed = tuple(GatewayKey(key_id, name, team, revoked=key_id == "tok_1") for key_id, name, team in keys)
    teams = tuple(Team(f"team_{number}", f"team-{number}") for number in (1, 2, 3))
    return Scenario().but(keys=Reading(listed, NOON), teams=Reading(teams, NOON))


def catalog() -> CatalogReading:
    """Entities that claim `bot` and, twice, `both`."""
    claims = [("a", "bot", "team-1"), ("b", "both", "team-3"), ("c", "both", "team-3"), ("d", "left", "team-1")]
    return CatalogReading(
        [
            CatalogEntity(
                Subject(
                    EntityRef("component", "default", name),
                    {GATEWAY_KEY_NAME: key},
                    Owner(EntityRef("group", "default", group)),
                )
            )
            for name, key, group in claims
        ]
    )


async def read_all(books: Books) -> None:
    """Read the feed to its end, older days too."""
    for _ in range(40):
        turn = await books.turn()
        if turn.progress.caught_up and turn.progress.backfill is None:
            return
        books.source.now += timedelta(seconds=1)
    raise AssertionError("the feed was not read to its end")


async def of_organisation(books: Books, *, days: int) -> OrganisationSpend:
    """What the ledger says that every key has spent."""
    return await books.ledger.of_organisation(days=days, now=books.source.now)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_claimed_and_unclaimed_are_all_that_the_ledger_has(books: Books, seed: int) -> None:
    """To the last digit: what both sides add up to is what every sum in the database does, and what the feed has listed."""
    happened(books, random.Random(seed), 400)
    await read_all(books)
    spend = await of_organisation(books, days=9)
    organisation, rules = scenario().organisation, scenario().rules
    report = report_coverage(catalog(), organisation, spend, days=9, now=books.source.now, rules=rules)
    assert report.claimed is not None
    assert report.unclaimed is not None
    assert report.total is not None
    sums = await books.sums()
    everything = sum(sums.values(), usd(0))
    mine = sum((spent for (_, key, _, _), spent in sums.items() if key in {"tok_1", "tok_2", "tok_4"}), usd(0))
    assert usd(report.total.amount) == everything == sum(books.source.truth().values(), usd(0))
    assert usd(report.claimed.amount) == mine
    assert usd(report.claimed.amount) + usd(report.unclaimed.amount) == everything
    rows = {(row.key, row.key_id): usd(row.spent.amount) for row in report.unclaimed_keys if row.key or row.key_id}
    left = sum((spent for (_, key, _, _), spent in sums.items() if key == "tok_3"), usd(0))
    assert rows["left", None] == left


async def test_only_the_days_that_are_asked_for_count(books: Books) -> None:
    """Today alone is what the card's day is."""
    happened(books, random.Random(4), 200)
    await read_all(books)
    spend = await of_organisation(books, days=1)
    today = await books.today()
    by_key: dict[str, Money] = {}
    for each in spend.sums:
        if each.key_id:
            by_key[each.key_id] = by_key.get(each.key_id, usd(0)) + each.spent
    assert by_key == dict(today.by_key)


async def test_requests_are_counted(books: Books) -> None:
    """Each once, those without a price too."""
    happened(books, random.Random(5), 100)
    await read_all(books)
    spend = await of_organisation(books, days=9)
    assert sum(each.requests for each in spend.sums) == 100


async def test_a_request_without_a_price_makes_its_day_a_lower_bound(books: Books) -> None:
    """It is of the organisation, whichever key it names, or none."""
    books.source.happens(None, key="", at=NOON - timedelta(days=2))
    books.source.happens("1", key="tok_3", at=NOON - timedelta(days=1))
    await read_all(books)
    spend = await of_organisation(books, days=7)
    assert spend.incomplete_days == {(NOON - timedelta(days=2)).date(): "one request has no price yet"}


async def test_corrections_beyond_what_a_key_has_spent_are_doubted(books: Books) -> None:
    """A day on which a key's sum is below zero cannot be right; the sums stay what the ledger has."""
    books.source.happens("-0.25", key="tok_3", at=NOON - timedelta(days=1))
    books.source.happens("-5", key="", at=NOON - timedelta(days=2))
    await read_all(books)
    spend = await of_organisation(books, days=7)
    assert list(spend.incomplete_days) == [(NOON - timedelta(days=1)).date()]
    assert sum((each.spent for each in spend.sums), usd(0)) == usd("-5.25")


async def test_days_that_have_not_been_read_are_missing(books: Books) -> None:
    """As for one key: a ledger that has read nothing says so of each day."""
    spend = await of_organisation(books, days=3)
    assert len(spend.incomplete_days) == 3
    assert spend.sums == ()
