"""How events are listed: order, cursors and `until`, each as `/_sandbox/feed` says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from bff.keeptrusts import contract
from bff.sandbox.accounts import State
from bff.sandbox.load import Load, LoadProfile
from tests.sandbox.conftest import Clock
from tests.sandbox.events import every_event, page


@pytest.fixture(autouse=True)
def _load(state: State) -> None:
    # Bursts, so that pages end between events of one instant.
    Load(state, LoadProfile(teams=3, keys=9, history=500, history_seconds=500, rate=4, burst=7))


async def listing(admin: httpx.AsyncClient, **members: Any) -> None:
    """Have events listed so."""
    reply = await admin.put("/_sandbox/feed", json=members)
    assert reply.status_code == 200, reply.text


def ids(events: list[dict[str, Any]]) -> list[str]:
    """Their ids in order."""
    return [event["event_id"] for event in events]


async def test_an_event_has_the_contracts_members(admin: httpx.AsyncClient) -> None:
    """The page is written without the contract's model, and has all its members and no other."""
    read = await page(admin, limit=200)
    assert list(read["events"][0]) == list(contract.EventRecord.model_fields)
    for event in read["events"]:
        contract.EventRecord.model_validate(event)


@pytest.mark.parametrize("cursors", ["stable", "position", "expiring"])
async def test_one_order_is_the_other_reversed(admin: httpx.AsyncClient, state: State, cursors: str) -> None:
    """While nothing happens, each kind of cursor gives every event once, in the order that was asked for."""
    await listing(admin, cursors=cursors)
    newest_first = ids(await every_event(admin, limit=37))
    await listing(admin, cursors=cursors, order="oldest-first")
    oldest_first = ids(await every_event(admin, limit=37))
    assert oldest_first == newest_first[::-1] == [event.event_id for event in state.decisions]


@pytest.mark.parametrize("cursors", ["stable", "expiring"])
@pytest.mark.parametrize("order", ["newest-first", "oldest-first"])
async def test_a_stable_cursor_is_not_moved_by_news(
    admin: httpx.AsyncClient, clock: Clock, order: str, cursors: str
) -> None:
    """What arrives between two pages neither repeats nor hides an event."""
    await listing(admin, order=order, cursors=cursors)
    whole = ids(await every_event(admin, limit=200))
    first = await page(admin, limit=100)
    clock.advance(seconds=5)
    second = await page(admin, limit=100, cursor=first["next_cursor"])
    assert ids(first["events"] + second["events"]) == whole[:200]


async def test_a_position_cursor_shifts_with_news(admin: httpx.AsyncClient, clock: Clock) -> None:
    """Newest first, each new event repeats one of the page before."""
    await listing(admin, cursors="position")
    first = await page(admin, limit=100)
    clock.advance(seconds=7)
    second = await page(admin, limit=100, cursor=first["next_cursor"])
    assert len(set(ids(first["events"])) & set(ids(second["events"]))) == 28


async def test_a_position_cursor_may_hide_an_event(admin: httpx.AsyncClient, state: State) -> None:
    """Oldest first, an event that arrives late before the cursor's place repeats another and is on no later page."""
    await listing(admin, cursors="position", order="oldest-first")
    whole = ids(await every_event(admin, limit=200))
    first = await page(admin, limit=100)
    state.decisions.add(replace(next(iter(state.decisions)), serial=1))
    rest = ids(await every_event(admin, limit=100, cursor=first["next_cursor"]))
    assert rest == whole[99:]
    assert state.decisions.event_id(1) in ids(await every_event(admin, limit=200))


async def test_an_expiring_cursor_expires(admin: httpx.AsyncClient, clock: Clock) -> None:
    """It works until its time is over; then it is 404 with the code `cursor_expired`."""
    await listing(admin, cursors="expiring", expires_after_seconds=10)
    cursor = (await page(admin, limit=10))["next_cursor"]
    clock.advance(seconds=10)
    await page(admin, limit=10, cursor=cursor)
    clock.advance(seconds=0.1)
    reply = await admin.get("/v1/events", params={"cursor": cursor})
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "cursor_expired")


async def test_a_cursor_of_another_kind_is_refused(admin: httpx.AsyncClient) -> None:
    """A cursor from before the switch is no cursor after it."""
    cursor = (await page(admin, limit=10))["next_cursor"]
    await listing(admin, cursors="position")
    reply = await admin.get("/v1/events", params={"cursor": cursor})
    assert (reply.status_code, reply.json()["error"]["code"]) == (422, "invalid_request")


async def test_since_and_until_bound_the_list(admin: httpx.AsyncClient, clock: Clock) -> None:
    """`since` is inclusive, `until` exclusive, by the events' own time."""
    whole = await every_event(admin, limit=200)
    since, until = clock.now - timedelta(seconds=200), clock.now - timedelta(seconds=100)
    found = await every_event(admin, limit=37, since=since.isoformat(), until=until.isoformat())
    wanted = [event["event_id"] for event in whole if since.isoformat() <= event["timestamp"] < until.isoformat()]
    assert ids(found) == wanted
    assert len(wanted) > 50


async def test_until_can_be_ignored(admin: httpx.AsyncClient, clock: Clock) -> None:
    """Where a deployment does not know `until`, the list goes on to the present."""
    await listing(admin, until="ignored")
    until = (clock.now - timedelta(seconds=400)).isoformat()
    assert ids(await every_event(admin, limit=200, until=until)) == ids(await every_event(admin, limit=200))


async def test_a_team_is_listed_alone(admin: httpx.AsyncClient, state: State) -> None:
    """With `team_id` the pages have this team's events, all of them."""
    team = state.teams[0].id
    found = await every_event(admin, limit=13, team_id=team)
    assert ids(found) == [event.event_id for event in reversed(list(state.decisions)) if event.team_id == team]
    assert len(found) > 50


async def test_the_listing_is_shown(admin: httpx.AsyncClient) -> None:
    """GET gives what was put, and what was left out is back at its default."""
    await listing(admin, order="oldest-first", cursors="position")
    await listing(admin, until="ignored")
    shown = (await admin.get("/_sandbox/feed")).json()
    assert shown == {
        "order": "newest-first",
        "cursors": "stable",
        "expires_after_seconds": 60,
        "until": "ignored",
    }


@pytest.mark.parametrize(
    "body", [{"order": "up"}, {"cursors": "none"}, {"speed": 1}, {"expires_after_seconds": -1}, []]
)
async def test_a_listing_that_makes_no_sense_is_refused(admin: httpx.AsyncClient, body: object) -> None:
    """422, and all stays as it was."""
    assert (await admin.put("/_sandbox/feed", json=body)).status_code == 422
    assert (await admin.get("/_sandbox/feed")).json()["order"] == "newest-first"
