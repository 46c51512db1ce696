"""Facts come out of their shared form as they went in, or not at all."""

from __future__ import annotations

import re

import pytest

from bff.governance.facts import Cause, Facts, Reading
from bff.replicas import shared_facts
from bff.replicas.shared_facts import SharedFacts, UnreadableFactsError, decoded, encoded
from tests.replicas.facts import NOON, counting, facts

NOTHING = Facts(*[Reading(None, cause=Cause.DENIED, detail="answered 403") for _ in range(6)])


@pytest.mark.parametrize(
    "one", [facts(), facts(cause=Cause.UNAVAILABLE), counting(facts()), NOTHING], ids=["whole", "stale", "part", "none"]
)
def test_facts_survive_the_journey(one: Facts) -> None:
    """Every digit of money, every microsecond, every cause and every character is the same afterwards."""
    shared = SharedFacts(one, NOON)
    again = decoded(encoded(shared))
    assert again == shared
    # Equal decimals may have different digits, and digits are what is shown.
    assert repr(again.facts.wallets.value) == repr(one.wallets.value).replace("datetime.timezone.utc", "TzInfo(0)") or (
        [str(wallet.available) for wallet in again.facts.wallets.value or ()]
        == [str(wallet.available) for wallet in one.wallets.value or ()]
    )


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"null", b"\xff\xfe", b'{"facts":{},"assessed_at":"now"}', b"[" * 100_000, b"canary-in-the-body"],
    ids=["empty", "no members", "null", "no text", "wrong types", "deep", "words"],
)
def test_what_is_not_of_the_form_is_refused_without_being_quoted(body: bytes) -> None:
    """Garbage is one error, which holds none of it."""
    with pytest.raises(UnreadableFactsError) as caught:
        decoded(body)
    assert "canary" not in str(caught.value)


def test_an_infinite_amount_is_refused() -> None:
    """Money that no wallet holds does not come in this way either."""
    body = encoded(SharedFacts(facts(), NOON)).replace(b"876.540000000000000001", b"Infinity")
    with pytest.raises(UnreadableFactsError):
        decoded(body)


@pytest.mark.parametrize("member", ["assessed_at", "observed_at", "since", "created_at", "updated_at"])
def test_a_time_without_a_zone_is_refused(member: str) -> None:
    """Somebody else's time of unknown zone cannot be compared with ours: it is found here, and not where facts are used."""
    body = encoded(SharedFacts(facts(), NOON))
    naive = re.sub(rb'("%b":"[^"]*?)(Z|\+00:00)"' % member.encode(), rb'\1"', body, count=1)
    assert naive != body
    with pytest.raises(UnreadableFactsError):
        decoded(naive)


def test_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Facts larger than the limit are not shared."""
    monkeypatch.setattr(shared_facts, "MOST_BYTES", 100)
    with pytest.raises(UnreadableFactsError, match="more than the 100"):
        encoded(SharedFacts(facts(), NOON))
