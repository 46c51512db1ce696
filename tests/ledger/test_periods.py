"""Sums of many keys over periods, for roll-ups and files: equal to each key's own history, on either database."""

from __future__ import annotations

from datetime import date, timedelta

from bff.keeptrusts.facts import KeyDays, RejectedRow
from bff.store.amounts import joined
from bff.values import Money
from tests.ledger.conftest import NOON, Books, total, usd

TODAY = NOON.date()
KEYS = frozenset({"tok_1", "tok_2"})


def days(count: int, *, ago: int = 0) -> tuple[date, ...]:
    """`count` days that end so many days ago, oldest first."""
    return tuple(TODAY - timedelta(days=ago + each) for each in reversed(range(count)))


def of_days(key: KeyDays) -> list[Money]:
    """What a key spent on each day."""
    return [joined(0, amount) for amount in key.amounts]


async def filled(books: Books) -> Books:
    """Five days of two keys of one team, of a third, and of requests that name no key; the ledger has read them."""
    books.backfill = timedelta(days=6)
    books.start_again()
    for ago in range(5):
        at = NOON - timedelta(days=ago)
        books.source.happens(f"1.{ago}00000000001", at=at)
        books.source.happens("2", at=at, key="tok_2", model="claude")
        books.source.happens("4", at=at, key="tok_3", team="team_1")
        books.source.happens("8", at=at, key="tok_9", team="team_2")
    books.source.happens("16", key="")
    books.source.happens("32", key="", team="team_2")
    for _ in range(8):
        await books.turn()
    return books


async def test_the_sums_of_keys_are_those_of_their_histories(stored_books: Books) -> None:
    """By day, by model and over the period before, many keys together have what each key's own history has."""
    books = await filled(stored_books)
    spend = await books.ledger.of_keys(
        KEYS, teams=frozenset({"team_1"}), days=days(2), previous=days(2, ago=2), earlier=days(5), now=NOON
    )
    of_key = {key: await books.history(key, days=5) for key in KEYS}
    for key, history in of_key.items():
        assert of_days(spend.by_key[key]) == [history.key.by_day[day] for day in days(2)]
        assert spend.previous[key] == total(history.key.by_day[day] for day in days(2, ago=2))
    for day in days(5):
        assert spend.by_day[day] == total(history.key.by_day[day] for history in of_key.values())
    assert {model: each.spent for model, each in spend.by_model.items()} == {
        "gpt-4o": total(of_days(spend.by_key["tok_1"])),
        "claude": usd(4),
    }
    assert {key: each.requests for key, each in spend.by_key.items()} == {"tok_1": 2, "tok_2": 2}
    assert (dict(spend.incomplete_days), dict(spend.incomplete_of_key)) == ({}, {})


async def test_a_whole_team_is_every_event_of_it(stored_books: Books) -> None:
    """Of a whole team every key's events count, of another those alone that name no key."""
    books = await filled(stored_books)
    spend = await books.ledger.of_keys(
        KEYS,
        teams=frozenset({"team_1", "team_2"}),
        whole_teams=frozenset({"team_1"}),
        days=days(2),
        previous=days(2, ago=2),
        now=NOON,
    )
    assert spend.nameless == {"team_1": usd(16), "team_2": usd(32)}
    assert {key: spent for key, spent in spend.of_teams.items() if key not in KEYS} == {"tok_3": usd(8), "": usd(16)}
    assert total(spend.of_teams[key] for key in KEYS) == total(
        spent for key in KEYS for spent in of_days(spend.by_key[key])
    )


async def test_the_rows_of_a_day_are_all_there_is(stored_books: Books) -> None:
    """A day's rows add up to every sum of the day, and for some keys to theirs and to what names none in their team."""
    books = await filled(stored_books)
    everything = await books.ledger.of_day(TODAY, key_ids=None, now=NOON)
    stored = {key: amount for key, amount in (await books.sums()).items() if key[0] == 20260311}
    assert {(20260311, row.key_id, row.team_id, row.model): row.spent for row in everything.rows} == stored
    some = await books.ledger.of_day(TODAY, key_ids=KEYS, nameless_of=frozenset({"team_1"}), now=NOON)
    assert {(row.key_id, row.spent) for row in some.rows} == {
        ("tok_1", usd("1.000000000001")),
        ("tok_2", usd(2)),
        ("", usd(16)),
    }
    assert all(row.complete for row in (*everything.rows, *some.rows))
    assert everything.missing is None


async def test_a_request_without_a_price_makes_its_key_a_lower_bound(books: Books) -> None:
    """Whose price is not known is said of the key and the day concerned, and of no other key."""
    books.source.happens(None)
    await filled(books)
    spend = await books.ledger.of_keys(KEYS, teams=frozenset(), days=days(2), previous=days(2, ago=2), now=NOON)
    assert {key: set(found) for key, found in spend.incomplete_of_key.items()} == {"tok_1": {TODAY}}
    rows = (await books.ledger.of_day(TODAY, key_ids=KEYS, now=NOON)).rows
    assert {row.key_id: row.complete for row in rows} == {"tok_1": False, "tok_2": True}


async def test_days_that_were_not_read_are_said_once_for_all(books: Books) -> None:
    """Days before the backfill are lower bounds of every key where they are asked for, and nothing is known of earlier ones."""
    books.source.happens("1")
    await books.turn()
    spend = await books.ledger.of_keys(KEYS, teams=frozenset(), days=days(2), previous=days(2, ago=2), now=NOON)
    assert set(spend.incomplete_days) == {TODAY - timedelta(days=1)}
    assert spend.kept_from == TODAY
    assert (await books.ledger.of_day(TODAY - timedelta(days=1), key_ids=KEYS, now=NOON)).missing is not None


async def test_an_event_that_could_not_be_read_is_of_its_key(books: Books) -> None:
    """An event of another form makes the key that it names a lower bound on its day."""
    books.source.happens("1")
    books.source.happens("2", key="tok_2")
    books.source.rejected = (
        RejectedRow(
            "events",
            "events.0.cost",
            "must be a number",
            {"event_id": "evt_bad", "timestamp": NOON.isoformat(), "token_id": "tok_2"},
        ),
    )
    await books.turn()
    spend = await books.ledger.of_keys(KEYS, teams=frozenset(), days=days(1), previous=days(1, ago=1), now=NOON)
    assert {key: set(found) for key, found in spend.incomplete_of_key.items()} == {"tok_2": {TODAY}}
