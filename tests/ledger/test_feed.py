"""Reading the feed: every event once, whatever its order, its cursors and its failures, and how far it has been read."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from bff.keeptrusts.errors import UpstreamContractError, UpstreamDeniedError, UpstreamRejectedError
from bff.keeptrusts.facts import RejectedRow
from bff.ledger import feed as feed_module
from bff.store.database import Database
from bff.store.tables import events
from tests.ledger.conftest import NOON, Books, FakeFeed, books_in, total, unavailable, usd

ORDERS = ("newest", "oldest", "published")
CURSORS = ("stable", "position", "expiring")


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pages at a time, so that a few hundred events take many transactions."""
    monkeypatch.setattr(feed_module, "PAGES_AT_ONCE", 2)


async def fill(books: Books, count: int, *, over: timedelta = timedelta(hours=6)) -> None:
    """Events of the last hours, a tenth of a dollar and a bit each."""
    now = books.source.now
    for number in range(count):
        at = now - over * ((number + 1) / (count + 1))
        books.source.happens(f"0.1{number:011d}", at=at, listed=at, key=f"tok_{number % 7}")


async def test_a_first_reading_takes_today(books: Books) -> None:
    """Every event of today is counted, by key and model, and nothing of yesterday."""
    books.source.happens("1.000000000001", key="tok_1")
    books.source.happens("2", key="tok_2", model="gpt-4o-mini")
    books.source.happens("99", at=NOON - timedelta(hours=13))
    turn = await books.turn()
    assert turn.failure is None
    assert (await books.today()).by_key == {"tok_1": usd("1.000000000001"), "tok_2": usd(2)}


async def test_a_refresh_reads_what_is_new(books: Books) -> None:
    """A steady feed costs one page a refresh, however many events the day has."""
    await fill(books, 900)
    await books.turn()
    books.source.pages = 0
    for _ in range(5):
        books.source.happens("1", at=books.source.now + timedelta(seconds=29), listed=books.source.now)
        await books.advance(30)
    # One more, since what was paid before the comparison began may have been published after it.
    assert books.source.pages == 5 + 1
    assert total((await books.today()).by_key.values()) == total(books.source.truth().values())


@pytest.mark.parametrize("cursors", CURSORS)
@pytest.mark.parametrize("order", ORDERS)
async def test_any_order_and_any_cursors_count_alike(books: Books, order: Any, cursors: Any) -> None:
    """A feed of many pages adds up to the last digit while events arrive between its pages."""
    books.source.order, books.source.cursors, books.source.page, books.source.expire_after = order, cursors, 20, 3
    await fill(books, 300)
    for _ in range(60):
        await books.turn(seconds=0, further=False)
        books.source.now += timedelta(seconds=1)
        books.source.happens("0.01", key="tok_new")
    turn = await books.turn()
    assert turn.progress.caught_up
    assert await books.sums() == books.source.truth()


async def test_it_is_said_how_far_a_long_reading_has_come(books: Books) -> None:
    """While a long feed is read from its newest event back, today is a lower bound that says back to when."""
    books.source.page = 20
    await fill(books, 300)
    await books.turn(seconds=0)
    spend = await books.today()
    assert spend.missing is not None
    assert spend.missing.startswith("today is read back to 11:")
    assert spend.catching_up
    assert 0 < spend.read_share < 0.2
    await books.turn()
    spend = await books.today()
    assert (spend.missing, spend.catching_up, spend.read_share) == (None, False, 1.0)


async def test_a_feed_that_is_read_forwards_says_up_to_when(books: Books) -> None:
    """The same for a feed that lists its oldest event first."""
    books.source.page, books.source.order = 20, "oldest"
    await fill(books, 300)
    await books.turn(seconds=0)
    spend = await books.today()
    assert spend.missing is not None
    assert spend.missing.startswith("today is read up to 06:")


async def test_another_process_goes_on_in_the_middle(tmp_path: Path) -> None:
    """A long reading that ends with its process is gone on with by the next, which asks for no page twice but one."""
    source = FakeFeed(page=20)
    async with books_in(Database.at(None, folder=tmp_path), source) as books:
        await fill(books, 400)
        await books.turn(seconds=0)
        await books.turn(seconds=0)
        before = source.pages
        books.start_again()
        await books.turn()
        assert await books.sums() == source.truth()
        # 20 pages in all; two turns read their batch, and the next one of each was on its way.
        assert source.pages - before <= 20 - 4 + 1


async def test_a_page_that_fails_in_the_middle_loses_and_doubles_nothing(books: Books) -> None:
    """What was counted before a failed page stays, and the reading goes on from it, also where cursors are positions."""
    books.source.page, books.source.cursors = 20, "position"
    await fill(books, 300)
    books.source.fail = [None, None, None, unavailable(), None, unavailable(), unavailable()]
    failures = [(await books.turn(further=False)).failure for _ in range(4)]
    assert [failure is not None for failure in failures] == [True, True, True, False]
    assert await books.sums() == books.source.truth()


async def test_an_outage_is_caught_up_with(books: Books) -> None:
    """After ten minutes without an answer everything of that time is read, and nothing else."""
    await fill(books, 100)
    await books.turn()
    for _ in range(20):
        books.source.happens("0.5")
        books.source.fail = [unavailable()]
        await books.advance(30)
    books.source.fail, books.source.pages = [], 0
    turn = await books.turn()
    assert turn.progress.caught_up
    # One more, since what was paid before the comparison began may have been published after it.
    assert books.source.pages == 1 + 1
    assert await books.sums() == books.source.truth()


async def test_a_denied_feed_is_named(books: Books) -> None:
    """401 and 403 are the turn's failure, and what was counted stays in the database."""
    books.source.happens("1")
    await books.turn()
    books.source.fail = [UpstreamDeniedError("GET", "/v1/events", "answered 403", status=403)]
    turn = await books.turn()
    assert isinstance(turn.failure, UpstreamDeniedError)
    assert total((await books.today()).by_key.values()) == usd(1)


async def test_cursors_that_always_expire_end_in_an_error_and_not_in_a_loop(books: Books) -> None:
    """A feed whose cursors are never good again is a contract error that says so, after a bounded number of calls."""
    books.source.page, books.source.cursors, books.source.expire_after = 20, "expiring", 0
    books.source.honours_until = False
    await fill(books, 300)
    turn = await books.turn()
    assert isinstance(turn.failure, UpstreamContractError)
    assert "cursors expire" in turn.failure.reason
    assert books.source.calls["events"] < 30


@pytest.mark.parametrize("order", ORDERS)
async def test_a_first_reading_that_begins_again_still_covers_today(books: Books, order: Any) -> None:
    """Cursors that expire in the middle of a first reading leave no part of today that counts as not read."""
    books.source.order, books.source.cursors = order, "expiring"
    books.source.page, books.source.expire_after = 20, 3
    await fill(books, 300)
    await books.turn(seconds=0)
    # The next cursor is too old by then.
    books.source.calls["events"] += 10
    turn = await books.turn()
    assert turn.progress.caught_up
    assert (await books.today()).missing is None


async def test_cursors_that_are_good_again_are_read_on(books: Books) -> None:
    """After a time in which every cursor expired, the reading goes on to its end by itself."""
    books.source.page, books.source.cursors, books.source.expire_after = 20, "expiring", 0
    books.source.honours_until = False
    await fill(books, 300)
    assert isinstance((await books.turn()).failure, UpstreamContractError)
    books.source.expire_after = 1_000
    turn = await books.turn()
    assert turn.failure is None
    assert turn.progress.caught_up
    assert await books.sums() == books.source.truth()


@pytest.mark.parametrize("order", ORDERS)
async def test_since_may_be_ignored(books: Books, order: Any) -> None:
    """A feed that lists everything whatever is asked for still counts today alone, and each event once."""
    books.source.order, books.source.honours_since, books.source.page = order, False, 20
    for day in range(1, 4):
        for hour in range(24):
            at = NOON - timedelta(days=day, hours=hour)
            books.source.happens("5", at=at, listed=at)
    await fill(books, 50)
    await books.turn()
    await books.advance(30)
    assert set(await books.sums()) == {each for each in books.source.truth() if each[0] == 20260311}
    assert {each: books.source.truth()[each] for each in await books.sums()} == await books.sums()


async def test_a_late_event_is_found_by_its_cost(books: Books) -> None:
    """An event that is published minutes late, under its own time, is found as soon as the wallet says that it is missing."""
    await fill(books, 50)
    await books.turn()
    late = books.source.now
    books.source.happens("7", at=late, listed=late + timedelta(minutes=3))
    for _ in range(4):
        await books.advance(30)
    spend = await books.today()
    assert spend.missing == "the wallets have paid 7 USD more than the events that were published add up to"
    for _ in range(6):
        await books.advance(30)
    assert (await books.today()).missing is None
    assert await books.sums() == books.source.truth()


@pytest.mark.long
async def test_hours_late_is_found_too(books: Books) -> None:
    """Every half minute a request, and each hour one that is published an hour late: whole in the end, and never wrong."""
    books.source.now = NOON - timedelta(hours=11)
    await books.turn()
    for step in range(2 * 60 * 2):
        books.source.happens("0.02")
        if step % 60 == 30:
            books.source.happens("1", listed=books.source.now + timedelta(hours=1), key="tok_late")
        await books.advance(30)
        spend = await books.today()
        if spend.missing is None:
            # Less than what flows in two refreshes may always be in flight.
            behind = total(books.source.truth().values()) - total(spend.by_key.values())
            assert behind <= usd("0.06"), step
    for _ in range(40):
        await books.advance(300)
    assert (await books.today()).missing is None
    assert await books.sums() == books.source.truth()


async def test_late_events_are_found_without_wallets(books: Books) -> None:
    """Where wallets cannot be read, what is published up to 15 minutes late is found within a quarter of an hour or so."""
    books.wallets = False
    await books.turn()
    books.source.happens("7", listed=books.source.now + timedelta(minutes=10))
    for _ in range(60):
        await books.advance(30)
    assert await books.sums() == books.source.truth()


async def test_a_price_that_comes_later_replaces_none(books: Books) -> None:
    """An event without a price makes its key's sum a lower bound; with its price, it counts once with that."""
    event = books.source.happens(None, paid="0")
    await books.turn()
    spend = await books.today()
    assert spend.by_key == {"tok_1": usd(0)}
    assert spend.missing_by_key == {"tok_1": "one request has no price yet"}
    books.source.priced(event, "3.5")
    books.source.paid += usd("3.5")
    for _ in range(4):
        await books.advance(30)
    spend = await books.today()
    assert (spend.by_key, spend.missing_by_key) == ({"tok_1": usd("3.5")}, {})
    assert (await books.history()).key.by_model["gpt-4o"].requests == 1


@pytest.mark.parametrize("verdict", ["block", "escalate"])
async def test_what_was_not_sent_on_needs_no_price(books: Books, verdict: str) -> None:
    """A request that the policy stopped has no cost, and waits for none."""
    books.source.happens(None, verdict=verdict, paid="0")
    await books.turn()
    assert (await books.today()).missing_by_key == {}


async def test_a_correction_is_taken_off(books: Books) -> None:
    """A negative cost lowers the sum; where it takes away more than there is, the sum is called incomplete."""
    books.source.happens("10")
    books.source.happens("-4")
    await books.turn()
    spend = await books.today()
    assert (spend.by_key, spend.missing_by_key) == ({"tok_1": usd(6)}, {})
    books.source.happens("-1618.8")
    await books.advance(30)
    assert "tok_1" in (await books.today()).missing_by_key


async def test_keys_and_teams_that_are_gone_still_count(books: Books) -> None:
    """Events name keys and teams that no list has: their sums are kept under the ids that they name, or under none."""
    books.source.happens("1", key="tok_gone", team="team_gone")
    books.source.happens("2", key="", team="team_1")
    books.source.happens("4", key="", team="")
    await books.turn()
    spend = await books.today()
    assert spend.by_key == {"tok_gone": usd(1)}
    assert spend.unattributed_by_team == {"team_1": usd(2)}
    assert total((await books.sums()).values()) == usd(7)


async def test_an_event_of_tomorrow_does_not_end_the_reading(books: Books) -> None:
    """A time that is yet to come counts to its own day, and what happens before it is still read."""
    books.source.happens("5", at=NOON + timedelta(days=300))
    await books.turn()
    books.source.happens("1")
    await books.advance(30)
    assert total((await books.today()).by_key.values()) == usd(1)


@pytest.mark.parametrize("jump", [timedelta(days=2), timedelta(hours=-3)])
async def test_a_clock_that_jumps_loses_nothing(books: Books, jump: timedelta) -> None:
    """Our clock may jump to another day or back: when it is right again, nothing is missing and nothing counts twice."""
    await fill(books, 50)
    await books.turn()
    real = books.source.now
    held = await books.held()
    await books.feed.turn(real + jump, held, totals=None, read_totals=books.totals, seconds=10)
    books.source.happens("1")
    await books.advance(30)
    assert await books.sums() == books.source.truth()


async def test_the_day_begins_in_its_zone(tmp_path: Path) -> None:
    """Days are those of the zone: at 12:00 in UTC it is 01:00 of the next day in Auckland."""
    zone = ZoneInfo("Pacific/Auckland")
    async with books_in(Database.at(None, folder=tmp_path), zone=zone) as books:
        books.source.happens("1", at=NOON - timedelta(minutes=30))
        books.source.happens("2", at=NOON - timedelta(hours=2))
        await books.turn()
        assert total((await books.today()).by_key.values()) == usd(1)


async def test_a_row_that_cannot_be_read_costs_that_row(books: Books) -> None:
    """An event of an odd form makes its key's sum incomplete, the others stay whole, and once it can be read it counts."""
    books.source.happens("1", key="tok_2")
    stamp = NOON.isoformat()
    odd = RejectedRow(
        "events.0",
        "event_cost_attribution",
        "must be a number",
        {"event_id": "evt_odd", "token_id": "tok_1", "timestamp": stamp},
    )
    books.source.rejected = (odd,)
    await books.turn()
    spend = await books.today()
    assert spend.missing is None
    assert set(spend.missing_by_key) == {"tok_1"}
    assert (await books.history("tok_1", days=1)).incomplete_days != {}
    assert (await books.history("tok_2", days=1)).incomplete_days == {}
    books.source.happens("3", name="evt_odd", paid="3")
    await books.advance(30)
    assert (await books.today()).missing_by_key == {}


async def test_an_odd_row_of_an_unknown_key_concerns_everybody(books: Books) -> None:
    """Where not even the key of an odd event can be read, every sum of its day is a lower bound."""
    books.source.rejected = (RejectedRow("events.3", "token_id", "must be text", {"timestamp": NOON.isoformat()}),)
    await books.turn()
    assert (await books.today()).missing == "one event could not be read (must be text)"


async def test_older_days_are_read_in_the_background(books: Books) -> None:
    """After today the days before are read, newest first; each day says whether it is whole, and a restart goes on."""
    books.backfill = timedelta(days=5)
    books.source.page = 10
    for day in range(1, 9):
        for hour in range(0, 24, 2):
            at = NOON - timedelta(days=day) + timedelta(hours=hour - 12)
            books.source.happens("1", at=at, listed=at)
    books.start_again()
    await books.turn(further=False)
    missing = (await books.history(days=9)).incomplete_days
    assert NOON.date() not in missing
    assert (NOON - timedelta(days=5)).date() in missing
    books.start_again()
    for _ in range(20):
        await books.advance(30)
    history = await books.history(days=9)
    assert history.key.by_day[(NOON - timedelta(days=5)).date()] == usd(12)
    assert (NOON - timedelta(days=6)).date() in history.incomplete_days
    assert (NOON - timedelta(days=5)).date() not in history.incomplete_days
    floor = int((NOON - timedelta(days=5)).strftime("%Y%m%d"))
    assert await books.sums() == {each: amount for each, amount in books.source.truth().items() if each[0] >= floor}


@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("honours", [True, False])
async def test_older_days_are_read_whatever_the_feed_does_with_until(books: Books, order: Any, honours: Any) -> None:
    """A feed that pays no heed to `until`, or lists forwards, gives the same days."""
    books.backfill, books.source.page = timedelta(days=3), 10
    books.source.order, books.source.honours_until = order, honours
    for hour in range(96):
        at = NOON - timedelta(hours=hour)
        books.source.happens(f"{hour}.5", at=at, listed=at)
    books.start_again()
    for _ in range(30):
        await books.advance(30)
    floor = int((NOON - timedelta(days=3)).strftime("%Y%m%d"))
    assert await books.sums() == {each: amount for each, amount in books.source.truth().items() if each[0] >= floor}
    assert list((await books.history(days=4)).incomplete_days) == []


async def test_a_feed_that_refuses_until_is_asked_without(books: Books) -> None:
    """422 for a parameter that is not known is no reason to give up older days."""
    books.backfill = timedelta(days=1)
    books.start_again()
    books.source.honours_until = False
    books.source.happens("3", at=NOON - timedelta(days=1))
    books.source.fail = [None, None, UpstreamRejectedError("GET", "/v1/events", "answered 422", status=422)]
    await books.turn()
    await books.advance(30)
    assert (20260310, "tok_1", "team_1", "gpt-4o") in await books.sums()


@pytest.mark.long
async def test_events_are_forgotten_and_sums_stay(books: Books) -> None:
    """Days later an event is no row any more: its day keeps its sum, and takes nothing that is published for it then."""
    await fill(books, 20)
    await books.turn()
    for _ in range(6 * 24):
        books.source.happens("0.1")
        await books.advance(3600)
    assert await books.sums() == books.source.truth()
    assert (await books.turn()).progress.purged_before is not None
    async with books.database.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(events)) == 96
    books.source.happens("5", at=NOON)
    for _ in range(3):
        await books.advance(3600)
    assert total((await books.sums()).values()) == total(books.source.truth().values()) - usd(5)


async def test_what_is_stored_is_the_same_in_both_engines(stored_books: Books) -> None:
    """In a file and in PostgreSQL, over a restart, with corrections, amounts add up to the last digit."""
    books = stored_books
    books.source.page = 20
    rng = Random(7)
    for number in range(400):
        cost = str(Decimal(rng.randrange(-(10**14), 10**16)).scaleb(-12))
        books.source.happens(cost, at=NOON - timedelta(seconds=number), key=f"tok_{number % 3}")
    await books.turn(seconds=0)
    books.start_again()
    await books.turn()
    assert await books.sums() == books.source.truth()


@pytest.mark.long
@pytest.mark.parametrize("seed", range(4))
async def test_whatever_happens_the_sums_are_right_in_the_end(books: Books, seed: int) -> None:
    """Random orders, cursors, failures, restarts, late and unordered events, corrections and prices: the sums are the feed's."""
    rng = Random(seed)
    source = books.source
    source.order, source.cursors = rng.choice(ORDERS), rng.choice(CURSORS)
    source.page, source.expire_after = rng.choice([5, 20, 200]), rng.choice([2, 5, 50])
    source.honours_until = rng.random() < 0.5
    unpriced = []
    for _ in range(100):
        for _ in range(rng.randrange(12)):
            at = source.now - timedelta(seconds=rng.random() * 3)
            late = rng.choice([0, 0, 0, 0, 0, rng.randrange(400), rng.randrange(7200)])
            cost = str(Decimal(rng.randrange(-(10**11), 10**13)).scaleb(-12))
            if rng.random() < 0.03:
                unpriced.append(source.happens(None, at=at, paid="0"))
            else:
                source.happens(cost, at=at, listed=source.now + timedelta(seconds=late), key=f"tok_{rng.randrange(4)}")
        if unpriced and rng.random() < 0.1:
            source.priced(unpriced.pop(), "0.25")
            source.paid += usd("0.25")
        if rng.random() < 0.1:
            source.fail = [rng.choice([None, unavailable()]) for _ in range(rng.randrange(4))]
        if rng.random() < 0.1:
            books.start_again()
        source.now += timedelta(seconds=30)
        await books.turn(seconds=rng.choice([0, 0, 1_000]))
    source.fail = []
    last = source.now + timedelta(hours=2)
    for _ in range(400):
        source.now += timedelta(seconds=90)
        progress = (await books.turn()).progress
        if progress.caught_up and progress.checksum.positive_since is None and source.now > last:
            break
    assert progress.caught_up
    assert await books.sums() == source.truth()
