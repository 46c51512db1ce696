"""What a key has spent over many days: closed days are read once, whoever asks, and gaps are told day by day."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from bff.governance.facts import ModelSpend, SpendHistory, SpendTally
from bff.keeptrusts.closed_days import LATE_BOOKINGS, PAUSE
from bff.keeptrusts.history import MOST_USER_WALLETS
from bff.keeptrusts.reader import FactsReader
from tests.keeptrusts.stand_in import NOON, StandIn, denied, down

ONE_DAY = timedelta(days=1)
TODAY = NOON.date()
YESTERDAY = TODAY - ONE_DAY


class Desk:
    """Asks for the history of one key of team_1, at the stand-in's time."""

    def __init__(self, upstream: StandIn, zone: str = "UTC") -> None:
        self.upstream = upstream
        self.reader = FactsReader(upstream, timezone=ZoneInfo(zone), stale_limit=timedelta(hours=1))

    async def read(self) -> Desk:
        """Refresh the facts."""
        await self.reader.read(self.upstream.now)
        self.upstream.pages.clear()
        return self

    async def ask(self, days: int = 7) -> SpendHistory:
        """The history."""
        return await self.reader.history(key_id="tok_1", team_id="team_1", days=days, now=self.upstream.now)

    @property
    def pages(self) -> int:
        """Pages that were asked for since the last refresh."""
        return self.upstream.pages.total()


@pytest.fixture
def upstream() -> StandIn:
    """A team that spends 1 USD a day at noon, for ten days up to today."""
    made = StandIn(now=NOON - 10 * ONE_DAY)
    made.open_wallet()
    for _ in range(10):
        made.now += ONE_DAY
        made.book("1")
    return made


@pytest.fixture
async def desk(upstream: StandIn) -> Desk:
    """The facts are read."""
    return await Desk(upstream).read()


async def test_sums_are_by_day_and_by_model(upstream: StandIn) -> None:
    """Closed days and today are in it, each once; requests are settled ones."""
    upstream.book("0.25", kind="refund")
    upstream.book("3", model=None)
    upstream.book("9", key_id="tok_2")
    history = await (await Desk(upstream).read()).ask(days=3)
    assert history == SpendHistory(
        key=SpendTally(
            {TODAY - 2 * ONE_DAY: Decimal(1), YESTERDAY: Decimal(1), TODAY: Decimal("3.75")},
            {"gpt-4o": ModelSpend(Decimal("2.75"), 3), None: ModelSpend(Decimal(3), 1)},
        )
    )


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "Europe/Berlin", "America/New_York"])
async def test_a_day_is_the_local_calendar_day(zone: str) -> None:
    """Over a month in which clocks change every booking is in its own day, and in one only."""
    upstream = StandIn(now=datetime(2026, 3, 5, tzinfo=UTC))
    upstream.open_wallet()
    expected: defaultdict[date, Decimal] = defaultdict(Decimal)
    while upstream.now < datetime(2026, 4, 3, tzinfo=UTC):
        upstream.now += timedelta(hours=1, minutes=7)
        booked = upstream.book("0.01")
        expected[booked.created_at.astimezone(ZoneInfo(zone)).date()] -= booked.amount
    history = await (await Desk(upstream, zone).read()).ask(days=31)
    assert history.key.by_day == expected
    assert history.incomplete_days == {}


async def test_every_wallet_that_may_have_paid_is_in_it(upstream: StandIn) -> None:
    """The team's, the organisation's and users' wallets; another team's cannot have."""
    for wallet_id, scope, team_id in [
        ("wal_org", "organization", None),
        ("wal_user", "user", None),
        ("wal_2", "team", "team_2"),
    ]:
        upstream.open_wallet(wallet_id, scope=scope, team_id=team_id)
        upstream.book("10", wallet_id=wallet_id, late=ONE_DAY)
        upstream.book("100", wallet_id=wallet_id)
    desk = await Desk(upstream).read()
    history = await desk.ask(days=2)
    assert history.key.by_day == {YESTERDAY: Decimal(21), TODAY: Decimal(201)}
    assert "transactions wal_2" not in upstream.pages


async def test_what_names_no_key_is_told_apart(upstream: StandIn) -> None:
    """Bookings of the team's wallet without a key stand beside the key's own; those of other wallets are nobody's."""
    upstream.open_wallet("wal_org", scope="organization")
    for late in (ONE_DAY, timedelta()):
        upstream.book("5", key_id=None, late=late)
        upstream.book("7", key_id=None, wallet_id="wal_org", late=late)
    history = await (await Desk(upstream).read()).ask(days=2)
    assert history.key.by_day == {YESTERDAY: Decimal(1), TODAY: Decimal(1)}
    assert history.unattributed.by_day == {YESTERDAY: Decimal(5), TODAY: Decimal(5)}


async def test_closed_days_are_read_once(upstream: StandIn, desk: Desk) -> None:
    """Who asks again, or for fewer days, costs Keeptrusts nothing."""
    first = await desk.ask()
    cost = desk.pages
    assert await desk.ask() == first
    await desk.ask(days=3)
    await desk.read()
    await desk.ask()
    assert (cost, upstream.pages.total()) == (1, 0)


async def test_many_who_ask_at_once_cost_one_reading(desk: Desk) -> None:
    """However many want to see it, each wallet is read once; who wants more days gets them too."""
    histories = await asyncio.gather(*(desk.ask(days) for days in (3, 3, 3, 8, 8)))
    assert desk.pages == 2
    assert [len(history.key.by_day) for history in histories] == [3, 3, 3, 8, 8]
    assert all(history.incomplete_days == {} for history in histories)


async def test_today_alone_asks_for_nothing(desk: Desk) -> None:
    """The running day is in the ledger."""
    assert (await desk.ask(days=1)).key.by_day == {TODAY: Decimal(1)}
    assert desk.pages == 0


async def test_a_wallet_untouched_since_before_those_days_is_not_asked(upstream: StandIn) -> None:
    """Where nothing can have been booked, nothing is read."""
    upstream.open_wallet("wal_org", scope="organization", updated_at=NOON - 30 * ONE_DAY)
    desk = await Desk(upstream).read()
    assert (await desk.ask()).incomplete_days == {}
    assert set(upstream.pages) == {"transactions wal_1"}


async def test_a_late_booking_of_a_closed_day_is_found_in_time(upstream: StandIn, desk: Desk) -> None:
    """Closed days are read again after some hours."""
    assert (await desk.ask()).key.by_day[YESTERDAY] == 1
    upstream.book("4", late=ONE_DAY)
    await desk.read()
    assert (await desk.ask()).key.by_day[YESTERDAY] == 1
    upstream.now += LATE_BOOKINGS
    await desk.read()
    assert (await desk.ask()).key.by_day[YESTERDAY] == 5


async def test_unread_days_are_lower_bounds_and_a_later_call_goes_on(upstream: StandIn, desk: Desk) -> None:
    """A page limit costs completeness of the oldest days only, and only until someone asks again."""
    upstream.page_size, upstream.most_pages = 1, 3
    first = await desk.ask()
    days = [TODAY - ago * ONE_DAY for ago in range(7)]
    assert sorted(first.incomplete_days, reverse=True) == days[3:]
    assert set(first.incomplete_days.values()) == {"the bookings of the team's wallet have not all been read yet"}
    assert [first.key.by_day.get(day) for day in days[:3]] == [1, 1, 1]
    upstream.now += PAUSE
    await desk.read()
    second = await desk.ask()
    assert second.incomplete_days == {}
    assert second.key.by_day == dict.fromkeys(days, Decimal(1))


async def test_a_day_larger_than_the_limit_is_read_in_the_end(upstream: StandIn) -> None:
    """A reading goes on where it stopped, within a day too."""
    for _ in range(10):
        upstream.book("1", late=ONE_DAY)
    desk = await Desk(upstream).read()
    upstream.page_size, upstream.most_pages = 1, 4
    for _ in range(3):
        history = await desk.ask(days=2)
        upstream.now += PAUSE
    assert history.key.by_day[YESTERDAY] == 11
    assert history.incomplete_days == {}


async def test_asking_often_does_not_read_faster(upstream: StandIn, desk: Desk) -> None:
    """Between two readings that did not come to their end lies a pause, however many look."""
    upstream.page_size, upstream.most_pages = 1, 1
    for _ in range(10):
        await desk.ask()
    assert desk.pages == 1
    upstream.always(down, on="transactions")
    upstream.now += PAUSE
    for _ in range(10):
        await desk.ask()
    assert desk.pages == 2


async def test_days_that_cannot_be_read_are_lower_bounds(upstream: StandIn, desk: Desk) -> None:
    """What is remembered is shown as whole, the rest says why not."""
    await desk.ask(days=3)
    upstream.always(down, on="transactions")
    history = await desk.ask(days=5)
    assert sorted(history.incomplete_days) == [TODAY - 4 * ONE_DAY, TODAY - 3 * ONE_DAY]
    assert set(history.incomplete_days.values()) == {
        "the bookings of the team's wallet could not be read: answered 503"
    }
    upstream.recover()
    upstream.now += PAUSE
    assert (await desk.ask(days=5)).incomplete_days == {}


async def test_refused_days_are_not_shown_from_memory(upstream: StandIn, desk: Desk) -> None:
    """401 and 403 are news for days gone by as well."""
    await desk.ask()
    upstream.book("1")
    upstream.always(denied, on="transactions")
    await desk.read()
    history = await desk.ask()
    assert history.key.by_day == {}
    assert len(history.incomplete_days) == 7


async def test_without_wallets_every_day_says_why(upstream: StandIn) -> None:
    """Which wallets to read is not known: no sum is shown, and no zero."""
    desk = Desk(upstream)
    assert (await desk.ask(days=2)).incomplete_days == dict.fromkeys([YESTERDAY, TODAY], "no wallet has been read yet")
    upstream.always(down, on="wallets")
    await desk.read()
    history = await desk.ask(days=2)
    assert history == SpendHistory(
        incomplete_days=dict.fromkeys([YESTERDAY, TODAY], "the wallets could not be read: answered 503")
    )


async def test_today_is_a_lower_bound_when_it_could_not_be_read_anew(upstream: StandIn, desk: Desk) -> None:
    """Closed days stay whole: nothing is booked in them any more."""
    await desk.ask(days=2)
    upstream.always(down, on="wallets")
    await desk.read()
    assert set((await desk.ask(days=2)).incomplete_days) == {TODAY}


async def test_after_midnight_yesterday_is_closed_before_the_next_refresh(upstream: StandIn, desk: Desk) -> None:
    """The ledger still has yesterday's books: today is not known, and yesterday is read as a closed day."""
    upstream.now += ONE_DAY
    history = await desk.ask(days=2)
    assert history.key.by_day == {TODAY: Decimal(1)}
    assert set(history.incomplete_days) == {TODAY + ONE_DAY}


async def test_more_user_wallets_than_are_read_make_every_day_a_lower_bound(upstream: StandIn) -> None:
    """A large organisation costs no call a user for each history; that some may be missing is said."""
    for number in range(MOST_USER_WALLETS + 1):
        upstream.open_wallet(f"wal_user_{number}", scope="user")
    desk = await Desk(upstream).read()
    history = await desk.ask(days=2)
    assert set(upstream.pages) == {"transactions wal_1"}
    assert history.key.by_day == {YESTERDAY: Decimal(1), TODAY: Decimal(1)}
    assert len(history.incomplete_days) == 2


async def test_spend_in_another_currency_marks_its_day(upstream: StandIn) -> None:
    """The sum of that day leaves something out, and says what."""
    upstream.open_wallet("wal_org", scope="organization", currency="EUR")
    upstream.book("5", wallet_id="wal_org", currency="EUR", late=ONE_DAY)
    history = await (await Desk(upstream).read()).ask(days=3)
    assert history.incomplete_days == {
        YESTERDAY: "the organisation's wallet has paid in EUR, which is not summed in USD"
    }
