"""Facts for tests of replicas."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from bff.governance.facts import (
    Activity,
    ActivityToday,
    Cause,
    Configuration,
    Facts,
    GatewayKey,
    Reading,
    SpendToday,
    Team,
    Wallet,
    WalletScope,
)
from bff.governance.money import Money

NOON = datetime(2026, 3, 11, 12, 0, 0, 123456, tzinfo=UTC)


def facts(spent: str = "1.10", *, now: datetime = NOON, cause: Cause | None = None) -> Facts:
    """One of everything, `spent` today; with a `cause` all is only the last good."""
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    wallet = Wallet(
        "wal_1",
        WalletScope.TEAM,
        "team_1",
        available=Money(Decimal("876.540000000000000001")),
        reserved=Money(Decimal("-0.00")),
        allocated=Money(Decimal("1E+3")),
        spent=Money(Decimal("123.46"), "EUR"),
        status="healthy",
        updated_at=now,
    )
    key = GatewayKey(
        "tok_1", "gw-key", "team_1", revoked=False, prefix="kt_gk_ab12", created_at=now - timedelta(days=1)
    )
    return Facts(
        teams=Reading((Team("team_1", "support \N{SNOWMAN}", "support"), Team("team_2", "other")), now, cause),
        keys=Reading((key,), now, cause, detail="answered 503" if cause else ""),
        configurations=Reading((Configuration("cfg_1", "c", "team_1", "tier-1", enabled=True),), now, cause),
        wallets=Reading((wallet,), now, cause),
        spend=Reading(
            SpendToday(now.date(), {"tok_1": Decimal(spent)}, {"team_1": Decimal("0.000000000000000001")}, {}),
            now,
            cause,
        ),
        activity=Reading(ActivityToday(day, {"tok_1": Activity(7, 1, 0, 2, now)}, {}), now, cause),
    )


def counting(made: Facts) -> Facts:
    """The same while today's bookings and events are still being read."""
    assert made.spend.value
    assert made.activity.value
    spend = replace(made.spend.value, by_key={}, incomplete_wallets={"wal_1": "have not all been read yet"})
    activity = replace(made.activity.value, by_key={}, complete=False)
    return replace(
        made,
        spend=replace(made.spend, value=spend),
        activity=replace(made.activity, value=activity, complete=False),
    )
