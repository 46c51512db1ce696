"""Facts as bytes: the same facts on the other side, in pieces, and nothing of any other form."""

from __future__ import annotations

import zlib
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from bff.keeptrusts.facts import (
    Activity,
    ActivityToday,
    Cause,
    Configuration,
    Facts,
    GatewayKey,
    Reading,
    RejectedRow,
    SpendDays,
    SpendToday,
    Team,
    Wallet,
    WalletScope,
)
from bff.status.snapshot_store import ReadFacts, UnreadableSnapshotError, decoded, encoded
from bff.values import Money

NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)


def snapshot(count: int = 3) -> ReadFacts:
    """Facts of an organisation with `count` of everything."""
    numbers = range(count)
    money = Money(Decimal("0.000000000001"))
    keys = tuple(GatewayKey(f"tok_{n}", f"key-{n}", f"team_{n}", revoked=n % 2 == 0, created_at=NOON) for n in numbers)
    wallets = tuple(
        Wallet(f"wal_{n}", WalletScope.TEAM, f"team_{n}", money, money, money, money, "healthy") for n in numbers
    )
    spend = SpendToday(
        date(2026, 3, 11),
        {f"tok_{n}": Money(Decimal(n).scaleb(-12)) for n in numbers},
        {f"team_{n}": Money(Decimal(n)) for n in numbers},
        "today is read back to 09:40 UTC so far",
        {"tok_1": "one request has no price yet"},
        catching_up=True,
        read_share=0.25,
    )
    activity = ActivityToday(NOON, {f"tok_{n}": Activity(n, last_request_at=NOON) for n in numbers}, complete=False)
    days = SpendDays(
        date(2026, 2, 8),
        31,
        {f"tok_{n}": tuple(n * day * 10**14 for day in range(31)) for n in numbers},
        {f"team_{n}": (-n,) * 31 for n in numbers},
        (date(2026, 2, 8),),
        {f"tok_{n}": (date(2026, 2, 9), date(2026, 2, 10)) for n in numbers},
        {f"tok_{n}": {"gpt-4o": (n,) * 32, "": (0,) * 32} for n in range(min(count, 200))},
    )
    return ReadFacts(
        Facts(
            teams=Reading(tuple(Team(f"team_{n}", f"team {n}", None) for n in numbers), NOON),
            keys=Reading(keys, NOON, rejected=(RejectedRow("data.3", "data.3.name", "must be text", {"id": "tok_x"}),)),
            configurations=Reading(
                tuple(Configuration(f"cfg_{n}", "c", f"team_{n}", "tier-2-internal", enabled=True) for n in numbers)
            ),
            wallets=Reading(wallets, NOON, Cause.UNAVAILABLE, detail="answered 503"),
            spend=Reading(spend, NOON),
            activity=Reading(activity, NOON),
            days=Reading(days, NOON),
        ),
        NOON,
    )


@pytest.mark.parametrize("count", [0, 3, 1_700])
def test_facts_come_out_as_they_went_in(count: int) -> None:
    """Every field of every part, whether it fits into one piece or takes several."""
    whole = snapshot(count)
    assert decoded(encoded(whole)) == whole


def test_parts_that_could_not_be_read_stay_unread() -> None:
    """A part without a value has none on the other side, with its cause."""
    facts = snapshot().facts
    bare = ReadFacts(replace(facts, teams=Reading(None, cause=Cause.DENIED, detail="403"), spend=Reading(None)), NOON)
    assert decoded(encoded(bare)) == bare


def test_a_large_organisation_is_small_when_packed() -> None:
    """5,000 of everything, 31 days of each key among them, take less than two megabytes, written at each refresh."""
    assert len(encoded(snapshot(5_000))) < 2_000_000


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", zlib.compress(b"{}\n"), zlib.compress(b"[]"), encoded(snapshot())[:-20], zlib.compress(b"\n" * 10)],
    ids=["empty", "plain", "other-form", "list", "cut-off", "lines"],
)
def test_what_is_no_snapshot_is_refused(body: bytes) -> None:
    """Damaged, cut off or of another form: one error that quotes nothing of it."""
    with pytest.raises(UnreadableSnapshotError):
        decoded(body)
