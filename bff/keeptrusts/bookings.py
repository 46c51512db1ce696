"""The feed of a wallet's bookings, and how sentences speak of a wallet."""

from __future__ import annotations

from datetime import datetime, tzinfo

from bff.governance.facts import Wallet, WalletScope
from bff.governance.money import USD
from bff.governance.wording import listed
from bff.keeptrusts.contract import TransactionRecord
from bff.keeptrusts.feed import MOST_PAGES, Feed, Fetch
from bff.keeptrusts.listing import KeeptrustsLists, Pages
from bff.keeptrusts.spending import DaySpending, Spending

BookingFeed = Feed[TransactionRecord, Spending]

_WHOSE = {
    WalletScope.ORGANIZATION: "the organisation's wallet",
    WalletScope.TEAM: "the team's wallet",
    WalletScope.USER: "a user's wallet",
}


def booking_feed(start: datetime, end: datetime, zone: tzinfo) -> BookingFeed:
    """The bookings from `start` (inclusive) to `end` (exclusive), by budget day in `zone`."""
    return Feed(start=start, end=end, place=lambda record: (record.id, record.created_at), empty=lambda: Spending(zone))


def bookings_of(wallet: Wallet, client: KeeptrustsLists, *, until: datetime | None = None) -> Fetch[TransactionRecord]:
    """How a feed reads the bookings of `wallet`, before `until` where it is given."""

    async def fetch(since: datetime, cursor: str | None) -> Pages[TransactionRecord]:
        return await client.transactions(wallet.id, since=since, until=until, cursor=cursor, most_pages=MOST_PAGES)

    return fetch


def whose(wallet: Wallet) -> str:
    """`wallet` in a sentence. Without its id: sentences are read by those whose wallet it is not."""
    return _WHOSE[wallet.scope]


def not_summed(spending: DaySpending, wallet: Wallet) -> str | None:
    """Why `spending` is not all that `wallet` has paid; None when it is."""
    if not spending.other_currencies:
        return None
    # Upstream may name any three letters: a few are enough to know what is wrong.
    currencies = listed(sorted(spending.other_currencies)[:5])
    return f"{whose(wallet)} has paid in {currencies}, which is not summed in {USD}"
