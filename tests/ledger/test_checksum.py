"""The comparison of wallets and events: what is in flight, what is missing, and how far back it is looked for."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest

from bff.ledger.checksum import DEPTHS, LASTING, RECHECKS, Balance, Checksum
from bff.ledger.progress import Progress, decoded, encoded
from bff.values import Money

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE


def usd(amount: str | int) -> Money:
    """So many US dollars."""
    return Money(Decimal(amount))


def checks(*steps: tuple[str, str], every: int = 30 * SECOND, start: Checksum | None = None) -> Checksum:
    """After checks `every` so many microseconds, each with what the wallets grew by and what the events added before."""
    checksum = start or Checksum(baseline_at=0, rechecks=len(RECHECKS))
    for number, (growth, counted) in enumerate(steps, 1):
        checksum = checksum.add(usd(counted)).checked(number * every, usd(growth))
    return checksum


def test_nothing_is_said_before_a_baseline() -> None:
    """Without a baseline there is nothing to compare, and costs are not counted towards it."""
    checksum = Checksum().add(usd(5)).checked(MINUTE, usd(7))
    assert (checksum.balance, checksum.difference) == (Balance.UNKNOWN, usd(0))


def test_equal_growth_is_balanced() -> None:
    """Wallets that grow by what the events cost are in balance, to the last digit."""
    checksum = checks(("0.000000000001", "0.000000000001"), ("3", "3"))
    assert (checksum.balance, checksum.difference) == (Balance.BALANCED, usd(0))


def test_less_than_was_just_counted_is_in_flight() -> None:
    """While money flows, a difference below what the last two checks counted may still be published."""
    checksum = checks(("5", "5"), ("5", "5"), ("5", "5"), ("8", "5"), ("5", "5"))
    assert checksum.balance is Balance.IN_FLIGHT


def test_a_difference_beyond_what_is_in_flight_is_short_from_the_second_check_on() -> None:
    """Once may be an event that is a second late; twice says that events are missing."""
    once = checks(("1", "1"), ("1", "1"), ("50", "1"))
    assert once.balance is Balance.IN_FLIGHT
    twice = checks(("1", "1"), ("1", "1"), ("50", "1"), ("1", "1"))
    assert (twice.balance, twice.difference) == (Balance.SHORT, usd(49))


def test_a_quiet_organisation_misses_the_smallest_amount() -> None:
    """Where nothing flows, nothing is in flight: one unit of the last digit that is missing is seen."""
    checksum = checks(("0", "0"), ("0.000000000001", "0"), ("0", "0"))
    assert checksum.balance is Balance.SHORT


def test_what_is_missing_is_looked_for_at_once_and_ever_further_back() -> None:
    """15 minutes at the first sign, then 6 hours, then 72 hours, each when the one before has found nothing."""
    checksum = checks(("0", "0"), ("9", "0"))
    now = 2 * 30 * SECOND
    depths = []
    for _ in DEPTHS:
        depth = checksum.depth_due(now, usable=True)
        assert depth is not None
        depths.append(depth)
        checksum = checksum.tried(depth, now, found=False)
        now += SECOND
    assert depths == [0, 1, 2]
    assert checksum.depth_due(now, usable=True) is None


def test_a_depth_rests_longer_after_each_vain_try() -> None:
    """An event that is not published yet cannot be found: tries that find nothing become rarer, and go on."""
    checksum = checks(("0", "0"), ("9", "0"))
    tries = []
    for now in range(MINUTE, 6 * HOUR, MINUTE):
        if checksum.depth_due(now, usable=True) == 0:
            tries.append(now)
            checksum = checksum.tried(0, now, found=False)
            checksum = checksum.tried(1, now, found=False)
            checksum = checksum.tried(2, now, found=False)
    pauses = [later - earlier for earlier, later in pairwise(tries)]
    assert pauses[0] == 2 * MINUTE
    assert pauses == sorted(pauses)
    assert max(pauses) == 15 * MINUTE


def test_a_difference_that_may_be_in_flight_is_looked_for_once_it_lasts() -> None:
    """Less than flows in a minute can be missing too: after five minutes without balance the feed is read again."""
    checksum = checks(*[("5", "5")] * 4, ("7", "5"), ("5", "5"))
    assert checksum.balance is Balance.IN_FLIGHT
    since = checksum.positive_since
    assert since is not None
    assert checksum.depth_due(since + LASTING - 1, usable=True) is None
    assert checksum.depth_due(since + LASTING, usable=True) == 0


def test_balance_ends_the_search() -> None:
    """When the missing events are found, nothing is read again, and the next search begins with the shortest depth."""
    checksum = checks(("0", "0"), ("9", "0"), ("0", "0")).tried(0, 2 * MINUTE, found=True)
    found = checksum.add(usd(9)).checked(3 * MINUTE, usd(0))
    assert found.balance is Balance.BALANCED
    assert found.depth_due(9 * HOUR, usable=True) is None
    again = checks(("0", "0"), ("0", "0"), ("1", "0"), every=3 * HOUR, start=found)
    assert again.depth_due(9 * HOUR, usable=True) == 0


def test_without_wallets_every_depth_is_read_at_its_longest_interval() -> None:
    """Where nothing can be compared, late events are looked for all the same, at a low rate."""
    checksum = Checksum()
    assert checksum.depth_due(0, usable=False) == 0
    checksum = checksum.tried(0, 0, found=False)
    assert checksum.depth_due(MINUTE, usable=False) == 1
    checksum = checksum.tried(1, MINUTE, found=False).tried(2, MINUTE, found=False)
    assert checksum.depth_due(14 * MINUTE, usable=False) is None
    assert checksum.depth_due(15 * MINUTE, usable=False) == 0


def test_a_clock_that_is_set_back_does_not_put_the_search_off() -> None:
    """A try that lies in the future says nothing of when the next one is due."""
    checksum = checks(("0", "0"), ("9", "0")).tried(0, 50 * HOUR, found=False)
    assert checksum.depth_due(2 * MINUTE, usable=True) == 0


def test_a_surplus_that_stays_does_not_hide_what_is_missing_later() -> None:
    """A refund without an event lets the wallets fall behind for good; after ten checks that is where zero is."""
    refunded = checks(("0", "0"), ("0", "0"), ("-20", "0"), *[("0", "0")] * 9)
    assert (refunded.balance, refunded.difference) == (Balance.BALANCED, usd(0))
    missing = checks(("3", "0"), ("0", "0"), start=refunded)
    assert missing.balance is Balance.SHORT


def test_a_surplus_that_passes_changes_nothing() -> None:
    """Events that are published before the wallets have paid are no reason to begin again."""
    checksum = checks(("0", "0"), ("0", "20"), ("0", "0"), ("20", "0"), ("0", "0"))
    assert (checksum.difference, checksum.slack) == (usd(0), usd(0))


def test_a_difference_that_nothing_explains_is_accepted_in_the_end() -> None:
    """After 72 hours of search the difference is named, and what comes later is compared as before."""
    checksum = checks(("0", "0"), ("9", "0"), ("0", "0"))
    searched = checksum.tried(0, HOUR, found=False).tried(1, HOUR, found=False).tried(2, HOUR, found=False)
    assert searched.unexplained is None
    late = searched.tried(2, 74 * HOUR, found=False)
    assert late.unexplained == usd(9)
    settled = late.settled()
    assert (settled.balance, settled.difference) == (Balance.BALANCED, usd(0))
    assert checks(("2", "0"), ("0", "0"), start=settled).balance is Balance.SHORT


def test_what_the_baseline_hides_is_looked_for_in_any_case() -> None:
    """What was paid before the baseline and is published after it keeps the balance: the feed is read again a few times."""
    checksum, reads = Checksum(baseline_at=0), []
    for now in range(0, 24 * HOUR, 10 * SECOND):
        checksum = checksum.checked(now, usd(0))
        depth = checksum.depth_due(now, usable=True)
        if depth is not None:
            reads.append((now, depth))
            checksum = checksum.tried(depth, now, found=False)
    assert checksum.balance is Balance.BALANCED
    assert reads == list(RECHECKS)


def test_a_surplus_that_is_accepted_hides_nothing_either() -> None:
    """Where the events stay ahead by 2, 1 of what the wallets paid may be missing all the same: the feed is read again."""
    checksum = checks(*[("0", "0")] * 3, ("0", "2"), *[("0", "0")] * 15)
    assert checksum.difference == usd(0)
    assert checksum.depth_due(HOUR, usable=True) == 0


def test_amounts_are_stored_as_decimal_text() -> None:
    """A release before or after this one reads the comparison that is stored: its amounts are numbers in text."""
    compared = Progress(checksum=Checksum(baseline_at=1, grown=usd("1.50"), surplus=(usd("-0.000000000001"),)))
    stored = '{"checksum":{"baseline_at":1,"grown":"1.50","surplus":["-1E-12"]}}'
    assert encoded(compared) == stored
    assert decoded(stored) == compared


@pytest.mark.parametrize("amount", ['"many"', "null", '"NaN"', "[]"])
def test_a_stored_amount_that_is_none_is_refused(amount: str) -> None:
    """What is no amount is an error of the stored progress, and never a sum."""
    with pytest.raises(ValueError, match="not of its form"):
        decoded(f'{{"checksum":{{"grown":{amount}}}}}')
