"""What `doctor` says of a control plane: the real sandbox, and replies that lack what the ledger needs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bff.cli.doctor_keeptrusts import Trial, Verdict, examine_control_plane
from bff.platform.health import ControlPlaneProbe
from bff.sandbox.event_log import EventListing
from bff.sandbox.faults import Rule
from bff.sandbox.records import Cost, Key
from tests.keeptrusts.test_contract import CHARGE, NOW, Organisation

EVENTS = "GET /v1/events"
FIELDS = "fields of events"
CHECKSUM = "wallets against events"


@pytest.fixture
async def organisation() -> AsyncIterator[Organisation]:
    """An empty organisation."""
    made = Organisation()
    yield made
    for transport in made.opened:
        await transport.aclose()


async def examined(
    organisation: Organisation, *, spend: Decimal | None = None, event: Decimal | None = None
) -> list[Trial]:
    """The trials, while a wallet pays `spend` and an event that costs `event` is published between the two readings."""
    state = organisation.state

    async def sleep(_seconds: float) -> None:
        if spend is not None:
            wallet = state.wallets.organization
            state.wallets.settle_late(wallet.id, spend, created_at=NOW, charge=CHARGE)
        if event is not None:
            state.decide(a_key(organisation), "allow", CHARGE, at=NOW, cost=Cost(event, None))

    probe = ControlPlaneProbe(organisation.control_plane(None))
    trials = examine_control_plane(organisation.client(), probe, NOW, sleep=sleep)
    return [trial async for trial in trials]


def a_key(organisation: Organisation) -> Key:
    """The organisation's key, made when it is first asked for."""
    state = organisation.state
    if not state.keys:
        state.create_key("key", state.create_team("support-team").id)
    return state.keys[0]


def publish(organisation: Organisation, *costs: str | None, minutes: int = 1) -> None:
    """Publish requests that cost so much, one each so many minutes before now, newest first."""
    for number, cost in enumerate(costs, start=1):
        price = Cost(None if cost is None else Decimal(cost), None)
        at = NOW - timedelta(minutes=minutes * number)
        organisation.state.decide(a_key(organisation), "allow", CHARGE, at=at, cost=price)


def reply(*changes: dict[str, Any]) -> Rule:
    """`GET /v1/events` with one event for each of `changes`, in which a member that is None is left out."""
    whole = {
        "timestamp": "2026-03-10T11:59:00Z",
        "event_type": "decision",
        "verdict": "allow",
        "model": "gpt-4o",
        "team_id": "team_1",
        "token_id": "tok_1",
        "event_cost_attribution": {"total_cost_usd": "0.5"},
    }
    events = [{"event_id": f"evt_{number}", **whole, **change} for number, change in enumerate(changes)]
    bare = [{name: value for name, value in event.items() if value is not None} for event in events]
    return Rule(kind="body", path=EVENTS.removeprefix("GET "), text=json.dumps({"events": bare}))


def said(trials: list[Trial], subject: str) -> list[tuple[Verdict, str]]:
    """The verdicts and messages about `subject`."""
    return [(trial.verdict, trial.message) for trial in trials if trial.subject == subject]


async def test_a_feed_that_has_everything_is_ok(organisation: Organisation) -> None:
    """With whole events, nothing but OK is said of events, their cursors, `until`, and the wallets."""
    publish(organisation, *["0.25"] * 250, minutes=0)
    publish(organisation, "0.25", "0.25")
    trials = await examined(organisation, spend=Decimal("0.75"), event=Decimal("0.75"))
    assert {trial.message for trial in trials if trial.verdict is not Verdict.OK} == set()
    assert said(trials, EVENTS) == [
        (Verdict.OK, "200 of the last hour (first page), all of one moment"),
    ]
    assert said(trials, FIELDS) == [(Verdict.OK, "price, token_id, team_id, model and verdict are there")]
    assert said(trials, "events by cursor") == [(Verdict.OK, "a second page follows the first")]
    assert said(trials, CHECKSUM) == [(Verdict.OK, "within 4 s wallets grew by 0.75 USD, new events cost 0.75 USD")]


@pytest.mark.parametrize("order", ["newest-first", "oldest-first"])
async def test_the_order_is_named(organisation: Organisation, order: Any) -> None:
    """The order in which the feed lists is seen from its times."""
    organisation.state.listing = EventListing(order=order)
    publish(organisation, "1", "1", "1")
    assert said(await examined(organisation), EVENTS)[0][1].endswith(order.replace("-", " "))


async def test_a_quiet_hour_is_made_up_for_by_the_week(organisation: Organisation) -> None:
    """With no event in the last hour, those of the last seven days are tried."""
    publish(organisation, "1", "1", minutes=600)
    assert said(await examined(organisation), EVENTS)[0] == (
        Verdict.OK,
        "2 of the last 7 days (first page), newest first",
    )


async def test_without_events_nothing_is_claimed(organisation: Organisation) -> None:
    """An organisation without events has a warning that their fields could not be seen."""
    assert said(await examined(organisation), EVENTS) == [
        (Verdict.WARN, "no event in the last 7 days: what events hold could not be seen")
    ]


@pytest.mark.parametrize(
    ("field", "message"),
    [
        (
            "event_cost_attribution",
            "no event has price (event_cost_attribution.total_cost_usd): no spend is shown",
        ),
        ("token_id", "no event has token_id: spend is shown by team, not by key"),
        (
            "team_id",
            "no event has team_id: activity is not shown by team, and what names no key is not shown at all",
        ),
        ("model", "no event has model: spend is not shown by model"),
        ("verdict", "no event has verdict: blocked, redacted and escalated requests are not counted"),
    ],
)
async def test_a_field_that_is_missing_is_named_with_what_is_lost(
    organisation: Organisation, field: str, message: str
) -> None:
    """A field that no event has is one warning, which says what cannot be shown without it."""
    organisation.faults.put(reply({field: None}, {field: None}))
    assert said(await examined(organisation), FIELDS) == [(Verdict.WARN, message)]


async def test_a_field_that_some_lack_is_counted(organisation: Organisation) -> None:
    """A price that some requests lack is counted, and the sums are called lower bounds."""
    publish(organisation, "1", None, "1", None)
    message = "2 of 4 have no price (event_cost_attribution.total_cost_usd): sums are lower bounds"
    assert said(await examined(organisation), FIELDS) == [(Verdict.WARN, message)]


async def test_a_blocked_request_needs_no_price(organisation: Organisation) -> None:
    """A request that the policy has blocked is not counted as one whose price is missing."""
    organisation.faults.put(reply({}, {"verdict": "block", "event_cost_attribution": None}))
    assert said(await examined(organisation), FIELDS) == [
        (Verdict.OK, "price, token_id, team_id, model and verdict are there")
    ]


async def test_a_sign_that_is_turned_round_fails(organisation: Organisation) -> None:
    """Prices that are mostly below zero fail the examination: each sum would be wrong."""
    publish(organisation, "-1", "-2", "1.5")
    assert said(await examined(organisation), FIELDS) == [
        (Verdict.FAIL, "2 of 3 prices are below zero: the sign is turned round, and every sum would be wrong")
    ]


async def test_a_correction_that_outweighs_all_is_named(organisation: Organisation) -> None:
    """One correction that takes away more than all events add is a warning with the sum."""
    publish(organisation, "-1618.8", "1", "1")
    message = "corrections take away more than the events add (-1616.8 USD in all): such sums are marked incomplete"
    assert said(await examined(organisation), FIELDS) == [(Verdict.WARN, message)]


async def test_an_until_that_is_ignored_is_named(organisation: Organisation) -> None:
    """A feed that gives events from `until` on has a warning that says what it costs."""
    organisation.state.listing = EventListing(until="ignored")
    publish(organisation, "1", "1", "1", "1")
    assert said(await examined(organisation), "events with until") == [
        (Verdict.WARN, "not honoured: older days are read from the newest event on, which takes longer")
    ]


async def test_an_until_that_is_honoured_is_ok(organisation: Organisation) -> None:
    """A feed that leaves out what is not before `until` is OK."""
    publish(organisation, "1", "1", "1", "1")
    assert said(await examined(organisation), "events with until") == [(Verdict.OK, "honoured")]


async def test_a_cursor_that_leads_nowhere_fails(organisation: Organisation) -> None:
    """A second page that is refused fails, and says that the rest of a reading cannot be counted."""
    organisation.state.listing = EventListing(cursors="expiring", expires_after_seconds=0)
    publish(organisation, *["1"] * 250, minutes=0)
    client = organisation.client()
    first = await client.events(since=NOW - timedelta(hours=1), most_pages=1)
    organisation.state.clock = lambda: NOW + timedelta(seconds=1)
    assert first.next_cursor is not None
    organisation.faults.put(Rule(kind="body", path="/v1/events", text=page_of(first.next_cursor), times=1))
    ((verdict, message),) = said(await examined(organisation), "events by cursor")
    assert verdict is Verdict.FAIL
    assert message.endswith("what is beyond the first page of a reading cannot be counted")


def page_of(cursor: str) -> str:
    """A page of one event that goes on at `cursor`."""
    return json.dumps(
        {
            "events": [
                {"event_id": "e", "timestamp": "2026-03-10T11:59:00Z", "event_type": "decision", "verdict": "allow"}
            ],
            "next_cursor": cursor,
        }
    )


async def test_a_page_that_repeats_the_first_fails(organisation: Organisation) -> None:
    """A feed that pays no heed to its cursor gives the same page again, and that fails."""
    organisation.faults.put(Rule(kind="body", path="/v1/events", text=page_of("c")))
    ((verdict, message),) = said(await examined(organisation), "events by cursor")
    assert (verdict, message.partition(":")[0]) == (Verdict.FAIL, "the second page repeats the first")


@pytest.mark.parametrize(
    ("spend", "event", "verdict", "end"),
    [
        (None, None, Verdict.OK, "new events cost 0 USD"),
        ("1.5", "1", Verdict.OK, "the difference may be on its way"),
        ("1.5", None, Verdict.WARN, "until they come, spend is marked incomplete"),
        (None, "1", Verdict.WARN, "total_spent is not the sum of prices, or grows later"),
    ],
)
async def test_wallets_and_events_are_compared(
    organisation: Organisation, spend: str | None, event: str | None, verdict: Verdict, end: str
) -> None:
    """What wallets grow by between two listings is held against the events that were published meanwhile."""
    trials = await examined(
        organisation,
        spend=None if spend is None else Decimal(spend),
        event=None if event is None else Decimal(event),
    )
    ((found, message),) = said(trials, CHECKSUM)
    assert found is verdict
    assert message.endswith(end)


WALLET = {
    "id": "wal_1",
    "scope": "organization",
    "currency": "USD",
    "balance": 1,
    "reserved": 0,
    "total_allocated": 1,
    "total_spent": 1,
    "status": "healthy",
}


@pytest.mark.parametrize(
    ("wallets", "reason"),
    [
        ([WALLET | {"currency": "EUR"}], "wallet wal_1 is in EUR, prices of events are in USD"),
        (
            [WALLET, {name: value for name, value in WALLET.items() if name != "total_spent"}],
            "not every wallet could be read with its total_spent",
        ),
        ([], "there is no wallet"),
    ],
)
async def test_wallets_that_cannot_be_compared_are_named(
    organisation: Organisation, wallets: list[dict[str, Any]], reason: str
) -> None:
    """Wallets in another currency or without `total_spent` are a warning: missing events would not be noticed."""
    organisation.faults.put(Rule(kind="body", path="/v1/wallets", text=json.dumps(wallets)))
    assert said(await examined(organisation), CHECKSUM) == [
        (Verdict.WARN, f"{reason}: events that are missing will not be noticed")
    ]


async def test_an_organisation_without_an_id_is_named(organisation: Organisation) -> None:
    """A `whoami` without the organisation's id is a warning that says how the ledger is then named."""
    organisation.faults.put(
        Rule(kind="body", path="/v1/whoami", text='{"subject": "x", "organization": {"name": "x"}}')
    )
    ((verdict, message),) = said(await examined(organisation), "GET /v1/whoami")
    assert verdict is Verdict.WARN
    assert "organization.id" in message
    assert message.endswith("the ledger is named by the token, and a new token reads all events again")


async def test_the_waiting_is_bounded() -> None:
    """The comparison of wallets and events waits for four seconds, and for nothing else."""
    waited: list[float] = []
    organisation = Organisation()

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    probe = ControlPlaneProbe(organisation.control_plane(None))
    async for _ in examine_control_plane(organisation.client(), probe, NOW, sleep=sleep):
        pass
    for transport in organisation.opened:
        await transport.aclose()
    assert waited == [4.0]
