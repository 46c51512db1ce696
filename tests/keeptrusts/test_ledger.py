"""The ledger's sums are those of the bookings, exactly, for as few calls as that takes; where they are not, it says so."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bff.governance.budget_window import BudgetWindow
from bff.governance.facts import SpendToday
from bff.keeptrusts.directory import wallet as wallet_of
from bff.keeptrusts.errors import UpstreamDeniedError
from bff.keeptrusts.feed import FEW, OVERLAP, SWEEP_EVERY
from bff.keeptrusts.ledger import Ledger, LedgerReading
from bff.keeptrusts.wallet_book import REREAD_PAUSE
from tests.keeptrusts.stand_in import NOON, StandIn, denied, down, malformed, missing

MINUTE = timedelta(minutes=1)
UTC_ZONE = ZoneInfo("UTC")


class Books:
    """A ledger over a stand-in, refreshed as the reader does it: the wallets are listed first."""

    def __init__(self, upstream: StandIn, zone: ZoneInfo = UTC_ZONE) -> None:
        self.upstream = upstream
        self.ledger = Ledger(upstream, timezone=zone)

    async def read(self, now: datetime | None = None) -> LedgerReading:
        """Refresh."""
        listed = await self.upstream.wallets()
        return await self.ledger.refresh([wallet_of(record) for record in listed.records], now or self.upstream.now)

    async def spend(self) -> SpendToday:
        """Refresh, and give the sums."""
        return (await self.read()).spend

    async def asked(self) -> int:
        """Refresh, and give the number of pages of bookings that it took."""
        before = self._pages()
        await self.read()
        return self._pages() - before

    def _pages(self) -> int:
        return sum(count for operation, count in self.upstream.pages.items() if operation.startswith("transactions"))


@pytest.fixture
def upstream() -> StandIn:
    """One team with a wallet."""
    made = StandIn()
    made.open_wallet()
    return made


@pytest.fixture
def books(upstream: StandIn) -> Books:
    """A ledger that has read nothing yet."""
    return Books(upstream)


async def test_spend_is_settles_less_refunds(upstream: StandIn, books: Books) -> None:
    """Reservations, releases, credits and kinds of booking never seen before move money and spend none."""
    for kind in ("credit", "allocation", "reclaim", "reserve", "release", "levitate"):
        upstream.book("7", kind=kind)
    upstream.book("0.30", kind="settle")
    upstream.book("0.10", kind="refund")
    assert await books.spend() == SpendToday(NOON.date(), {"tok_1": Decimal("0.20")})


async def test_sums_keep_all_digits(upstream: StandIn, books: Books) -> None:
    """No amount is too small to be seen beside a large one."""
    upstream.book("999999999999999")
    upstream.book("0.000000000001")
    assert (await books.spend()).by_key == {"tok_1": Decimal("999999999999999.000000000001")}


async def test_a_key_is_summed_over_all_wallets(upstream: StandIn, books: Books) -> None:
    """Whoever paid, the key spent it."""
    upstream.open_wallet("wal_org", scope="organization")
    upstream.book("1")
    upstream.book("2", wallet_id="wal_org")
    assert (await books.spend()).by_key == {"tok_1": Decimal(3)}


async def test_what_names_no_key_is_the_teams_if_its_wallet_paid(upstream: StandIn, books: Books) -> None:
    """What the organisation's wallet paid for nobody is nobody's."""
    upstream.open_wallet("wal_org", scope="organization")
    upstream.book("1", key_id=None)
    upstream.book("2", key_id=None, wallet_id="wal_org")
    spend = await books.spend()
    assert (spend.by_key, spend.unattributed_by_team) == ({}, {"team_1": Decimal(1)})


async def test_other_currencies_are_not_summed(upstream: StandIn, books: Books) -> None:
    """A wallet that has paid in another currency makes the sum a lower bound, and says which."""
    upstream.open_wallet("wal_eur", currency="EUR")
    await books.read()
    upstream.book("5", wallet_id="wal_eur", currency="EUR")
    upstream.book("1")
    spend = await books.spend()
    assert spend.by_key == {"tok_1": Decimal(1)}
    assert spend.incomplete_wallets == {"wal_eur": "the team's wallet has paid in EUR, which is not summed in USD"}


async def test_an_unchanged_wallet_is_not_asked(upstream: StandIn, books: Books) -> None:
    """What a refresh costs depends on what was booked, not on how many wallets there are."""
    upstream.book("1")
    assert await books.asked() == 1
    assert await books.asked() == 0
    upstream.book("1")
    assert await books.asked() == 1


async def test_a_wallet_untouched_since_before_today_is_not_asked_at_all(books: Books, upstream: StandIn) -> None:
    """A cold start costs no call for wallets in which nothing was booked today."""
    upstream.open_wallet("wal_1", updated_at=NOON - timedelta(days=1))
    assert await books.asked() == 0
    assert (await books.read()).spend.incomplete_wallets == {}


async def test_a_wallet_without_a_time_of_change_is_always_asked(books: Books, upstream: StandIn) -> None:
    """Without `updated_at` nothing vouches for it that nothing was booked."""
    upstream.wallets_listed["wal_1"] = upstream.wallets_listed["wal_1"].model_copy(update={"updated_at": None})
    upstream.book("1")
    assert [await books.asked(), await books.asked()] == [1, 1]


async def test_a_wallet_that_cannot_be_read_keeps_its_sums_and_says_so(upstream: StandIn, books: Books) -> None:
    """One wallet's trouble is told with it, and the others are read."""
    upstream.open_wallet("wal_2", team_id="team_2")
    upstream.book("1")
    await books.read()
    upstream.book("2")
    upstream.book("5", wallet_id="wal_2", key_id="tok_2")
    upstream.always(down, on="transactions wal_1")
    reading = await books.read()
    assert reading.failure is None
    assert reading.spend.by_key == {"tok_1": Decimal(1), "tok_2": Decimal(5)}
    assert reading.spend.incomplete_wallets == {
        "wal_1": "the bookings of the team's wallet could not be read: answered 503"
    }
    upstream.recover()
    reading = await books.read()
    assert reading.spend == SpendToday(NOON.date(), {"tok_1": Decimal(3), "tok_2": Decimal(5)})


@pytest.mark.parametrize("error", [denied, missing])
async def test_sums_of_a_wallet_that_may_not_be_read_are_dropped(upstream: StandIn, books: Books, error: type) -> None:
    """401, 403 and 404 are news: what was counted before does not cover them up."""
    upstream.open_wallet("wal_2", team_id="team_2")
    upstream.book("1")
    upstream.book("5", wallet_id="wal_2", key_id="tok_2")
    await books.read()
    upstream.book("1")
    upstream.always(error, on="transactions wal_1")
    reading = await books.read()
    assert reading.spend.by_key == {"tok_2": Decimal(5)}
    assert set(reading.spend.incomplete_wallets) == {"wal_1"}
    assert reading.refused == {"wal_1"}


async def test_it_fails_only_when_no_wallet_can_be_read(upstream: StandIn, books: Books) -> None:
    """That Keeptrusts refuses all is said only if it refused each."""
    upstream.open_wallet("wal_2")
    errors = {"transactions wal_1": denied(), "transactions wal_2": down()}
    upstream.fault = lambda operation, _page: errors.get(operation)
    reading = await books.read()
    assert reading.failure is not None
    assert not isinstance(reading.failure, UpstreamDeniedError)
    upstream.always(denied, on="transactions")
    assert isinstance((await books.read()).failure, UpstreamDeniedError)


async def test_an_organisation_without_wallets_has_spent_nothing() -> None:
    """No wallets is an answer, not a failure."""
    reading = await Books(StandIn()).read()
    assert (reading.spend, reading.failure) == (SpendToday(NOON.date()), None)


async def test_a_wallet_that_is_gone_keeps_its_sums_for_the_day(upstream: StandIn, books: Books) -> None:
    """Money that was spent today stays spent; tomorrow the wallet is forgotten."""
    upstream.book("1")
    await books.read()
    upstream.wallets_listed.clear()
    assert (await books.spend()).by_key == {"tok_1": Decimal(1)}
    upstream.now += timedelta(days=1)
    assert (await books.spend()).by_key == {}


async def test_many_bookings_are_a_lower_bound_until_they_are_read(upstream: StandIn, books: Books) -> None:
    """More pages than one refresh reads are read by the next ones."""
    upstream.page_size, upstream.most_pages = 2, 2
    for _ in range(6):
        upstream.book("1")
        upstream.now += MINUTE
    first, second = await books.spend(), await books.spend()
    assert first.by_key == {"tok_1": Decimal(4)}
    assert first.incomplete_wallets == {"wal_1": "the bookings of the team's wallet have not all been read yet"}
    assert second.by_key == {"tok_1": Decimal(6)}


async def test_the_day_rolls_over_at_midnight(upstream: StandIn, books: Books) -> None:
    """At the first refresh of a new day what was spent before is none of today's, and today's is counted from its start."""
    upstream.book("1")
    await books.read()
    upstream.now = datetime(2026, 3, 11, tzinfo=UTC)
    upstream.book("2")
    upstream.book("4", late=MINUTE)
    assert await books.spend() == SpendToday(upstream.now.date(), {"tok_1": Decimal(2)})


async def test_a_new_day_that_could_not_be_read_yet_is_incomplete(upstream: StandIn, books: Books) -> None:
    """Yesterday's complete sums say nothing of today."""
    upstream.book("1")
    await books.read()
    upstream.now += timedelta(days=1)
    upstream.book("2")
    upstream.always(down, on="transactions")
    spend = await books.spend()
    assert (spend.by_key, set(spend.incomplete_wallets)) == ({}, {"wal_1"})


@pytest.mark.parametrize(
    ("day", "hours"), [(datetime(2026, 3, 29, tzinfo=UTC), 23), (datetime(2026, 10, 25, tzinfo=UTC), 25)]
)
async def test_a_day_on_which_clocks_change_has_its_own_length(upstream: StandIn, day: datetime, hours: int) -> None:
    """The budget day is the calendar day of the zone: 23 or 25 hours where clocks change."""
    berlin = ZoneInfo("Europe/Berlin")
    window = BudgetWindow.of(day.date(), berlin)
    assert window.length == timedelta(hours=hours)
    books = Books(upstream, berlin)
    for moment in (window.start, window.end):
        for offset in (-MINUTE, MINUTE):
            upstream.now = moment + offset
            upstream.book("1")
    upstream.now = window.end - MINUTE
    assert await books.spend() == SpendToday(day.date(), {"tok_1": Decimal(2)})


async def test_a_booking_told_later_than_the_overlap_is_found_by_reconciling(upstream: StandIn, books: Books) -> None:
    """When the wallet has spent more than was counted, the day is read again from its start."""
    upstream.book("1")
    await books.read()
    await books.read()
    upstream.book("2", late=OVERLAP + timedelta(hours=2))
    upstream.book("4")
    assert (await books.spend()).by_key == {"tok_1": Decimal(5)}
    assert await books.spend() == SpendToday(NOON.date(), {"tok_1": Decimal(7)})


async def test_sums_that_do_not_agree_are_looked_into_once_in_a_while(upstream: StandIn, books: Books) -> None:
    """A booking of yesterday moves the wallet and none of today's sums: that must not mean reading all day, every time."""
    upstream.now += timedelta(hours=6)
    upstream.book("1")
    await books.read()
    await books.read()
    costs = []
    for _ in range(3):
        upstream.book("1", late=timedelta(days=1))
        await books.read()
        costs.append(await books.asked())
    assert costs == [1, 0, 0]
    assert set((await books.spend()).incomplete_wallets) == {"wal_1"}
    upstream.now += REREAD_PAUSE
    assert (await books.spend()).incomplete_wallets == {}
    upstream.now += REREAD_PAUSE
    assert [await books.asked(), await books.asked()] == [0, 0]


async def test_a_busy_wallet_is_asked_until_its_overlap_was_swept(upstream: StandIn, books: Books) -> None:
    """A booking told late in a busy wallet is found although the wallet does not change any more."""
    for _ in range(FEW + 100):
        upstream.book("1")
        upstream.now += timedelta(milliseconds=500)
    await books.read()
    upstream.book("0.5", late=timedelta(minutes=9))
    upstream.now += timedelta(seconds=30)
    assert (await books.spend()).by_key == {"tok_1": Decimal(FEW + 100)}
    upstream.now += SWEEP_EVERY
    await books.read()
    assert await books.spend() == SpendToday(NOON.date(), {"tok_1": Decimal(FEW) + Decimal("100.5")})
    assert await books.asked() == 0


async def test_an_old_date_does_not_vouch_for_what_could_not_be_read(upstream: StandIn, books: Books) -> None:
    """Once a wallet had to be asked, only its bookings say what was booked."""
    upstream.book("1")
    upstream.always(down, on="transactions")
    await books.read()
    old = upstream.wallets_listed["wal_1"].model_copy(update={"updated_at": NOON - timedelta(days=1)})
    upstream.wallets_listed["wal_1"] = old
    upstream.recover()
    assert await books.spend() == SpendToday(NOON.date(), {"tok_1": Decimal(1)})


async def test_money_moved_without_spending_raises_no_doubt(upstream: StandIn, books: Books) -> None:
    """A credit changes the balance and not what was spent."""
    upstream.book("1")
    await books.read()
    await books.read()
    upstream.book("100", kind="credit")
    await books.read()
    assert await books.asked() == 0


Step = tuple[str, int, int, Decimal]
amounts = st.decimals(min_value=0, max_value=1000, places=6)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(
                ["settle", "refund", "reserve", "late", "wait", "refresh", "fail", "cut", "expire", "midnight"]
            ),
            st.integers(0, 2),
            st.integers(0, 14),
            amounts,
        ),
        max_size=30,
    ),
    page_size=st.sampled_from([1, 2, 3, 200]),
    most_pages=st.sampled_from([2, 3, 25]),
    dated=st.booleans(),
)
async def test_any_history_ends_with_the_sums_of_a_naive_reading(
    steps: list[Step], page_size: int, most_pages: int, dated: bool
) -> None:
    """However bookings, late bookings, failures, pages and midnights interleave: whole sums are the right ones, exactly."""
    upstream = StandIn(page_size=page_size, most_pages=most_pages)
    for number, scope in enumerate(("team", "organization", "user")):
        upstream.open_wallet(f"wal_{number}", scope=scope, updated_at=NOON - timedelta(days=2))
        if not dated:
            undated = upstream.wallets_listed[f"wal_{number}"].model_copy(update={"updated_at": None})
            upstream.wallets_listed[f"wal_{number}"] = undated
    books = Books(upstream)
    for step in steps:
        await take(step, upstream, books)
    upstream.page_size, upstream.most_pages = 200, 25
    spend = await books.spend()
    for _ in range(REREAD_PAUSE // MINUTE + 2):
        upstream.now += MINUTE
        spend = await books.spend()
    assert spend.incomplete_wallets == {}
    by_key, by_team = naive(upstream, spend.day)
    assert {key: amount for key, amount in spend.by_key.items() if amount} == by_key
    assert {team: amount for team, amount in spend.unattributed_by_team.items() if amount} == by_team


async def take(step: Step, upstream: StandIn, books: Books) -> None:
    """One step of a history."""
    what, who, number, amount = step
    wallet_id, key_id = f"wal_{who}", (None, "tok_1", "tok_2")[number % 3]
    match what:
        case "settle" | "refund" | "reserve":
            upstream.book(amount, wallet_id=wallet_id, key_id=key_id, kind=what)
        case "late":
            upstream.book(amount, wallet_id=wallet_id, key_id=key_id, late=number * MINUTE)
        case "wait":
            upstream.now += number * MINUTE
        case "midnight":
            upstream.now += timedelta(days=1)
        case "expire":
            upstream.expire_cursors()
        case "refresh":
            await books.read()
        case _:
            error, at = (down, malformed, denied)[number % 3], who if what == "cut" else 0
            upstream.fault = lambda operation, page: (
                error() if operation.startswith("transactions") and page == at else None
            )
            await books.read()
            upstream.recover()


def naive(upstream: StandIn, day: object) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    """The sums of `day` (UTC) per key, and per team for what names no key, by adding up everything there is."""
    by_key: defaultdict[str, Decimal] = defaultdict(Decimal)
    by_team: defaultdict[str, Decimal] = defaultdict(Decimal)
    for wallet_id, records in upstream.booked.items():
        team_id = upstream.wallets_listed[wallet_id].team_id
        for record in records:
            if record.type not in {"settle", "refund"} or record.created_at.date() != day:
                continue
            if record.token_id is not None:
                by_key[record.token_id] -= record.amount
            elif team_id is not None:
                by_team[team_id] -= record.amount
    return (
        {key: amount for key, amount in by_key.items() if amount},
        {team: amount for team, amount in by_team.items() if amount},
    )
