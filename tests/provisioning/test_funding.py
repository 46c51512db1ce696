"""A wallet is funded once for each idempotency key, whoever else asks at the same time and however much is booked."""

from __future__ import annotations

from decimal import Decimal

import httpx
import pytest
from structlog.testing import capture_logs

from bff.provisioning import organisation
from bff.sandbox.faults import Rule
from bff.sandbox.records import Team

from .conftest import Office

ALLOCATE = "/v1/wallets/allocate"


def balance(office: Office, team_id: str) -> Decimal:
    """What the team has."""
    wallet = office.running.state.wallets.of_team(team_id)
    return Decimal(0) if wallet is None else wallet.balance


def before_allocation(office: Office, *, amount: Decimal | None = None) -> list[str]:
    """Let another replica, which has looked before as well, make the same allocation first; the ids of its bookings."""
    booked: list[str] = []
    send = office.running.upstream.handle_async_request

    async def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == ALLOCATE and not booked:
            team, note, asked = await team_and_note(office, request)
            booked.append(office.running.state.wallets.allocate(team, amount or asked, note=note)[0].id)
            # Keeptrusts books one after the other.
            office.running.time.pass_(1)
        return await send(request)

    office.running.upstream.handle_async_request = handle  # type: ignore[method-assign]
    return booked


async def team_and_note(office: Office, request: httpx.Request) -> tuple[Team, str, Decimal]:
    """What a request asks for."""
    body = httpx.Response(200, content=await request.aread()).json()
    return office.running.state.team(body["team_id"]), body["note"], Decimal(str(body["amount"]))


async def test_two_replicas_at_once_fund_once(office: Office) -> None:
    """When another replica funds the wallet at the same time, the second allocation is taken back."""
    team_id = await office.team_id()
    booked = before_allocation(office)
    reply = await office.fund(team_id)
    assert (reply.status_code, [reply.json()["transaction"]["id"]]) == (200, booked), reply.text
    assert balance(office, team_id) == Decimal(3000)
    assert Decimal(str(reply.json()["wallet"]["balance"])) == Decimal(3000)
    again = await office.fund(team_id)
    assert (again.status_code, balance(office, team_id)) == (200, Decimal(3000))


async def test_another_amount_at_once_is_a_conflict(office: Office) -> None:
    """When the other replica's amount was another one, ours is taken back and the difference is told."""
    team_id = await office.team_id()
    before_allocation(office, amount=Decimal(50))
    reply = await office.fund(team_id)
    assert (reply.status_code, "50 USD and not 3000 USD" in reply.json()["detail"]) == (409, True), reply.text
    assert balance(office, team_id) == Decimal(50)


async def test_money_that_cannot_be_taken_back_is_cried_out(office: Office) -> None:
    """When the second allocation cannot be taken back, its id is told and cried out."""
    team_id = await office.team_id()
    before_allocation(office)
    office.running.break_upstream(Rule(kind="status", code=500, path="/v1/wallets/reclaim"))
    with capture_logs() as logs:
        reply = await office.fund(team_id)
    assert reply.status_code == 409
    assert "funded twice" in reply.json()["detail"]
    [line] = [line for line in logs if line["log_level"] == "critical"]
    assert line["transaction"] in reply.json()["detail"]


async def test_a_lost_answer_funds_once(office: Office) -> None:
    """When the answer to an allocation is lost, the next attempt with the same key finds it."""
    team_id = await office.team_id()
    send = office.running.upstream.handle_async_request

    async def handle(request: httpx.Request) -> httpx.Response:
        reply = await send(request)
        if request.url.path == ALLOCATE:
            raise httpx.ReadError("gone")
        return reply

    office.running.upstream.handle_async_request = handle  # type: ignore[method-assign]
    assert (await office.fund(team_id)).status_code == 503
    assert (await office.fund(team_id)).status_code == 200
    assert balance(office, team_id) == Decimal(3000)


async def test_a_wallet_with_too_many_bookings_is_left_to_people(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where not all bookings can be searched nothing is allocated, and the error says where to look."""
    monkeypatch.setattr(organisation, "MOST_PAGES", organisation.PAGES_AT_ONCE)
    team = office.running.state.team(await office.team_id())
    for _ in range(organisation.PAGES_AT_ONCE * organisation.LARGEST_PAGE + 1):
        office.running.state.wallets.allocate(team, Decimal(1))
    before = balance(office, team.id)
    reply = await office.fund(team.id)
    assert (reply.status_code, "in the console" in reply.json()["detail"]) == (409, True), reply.text
    assert balance(office, team.id) == before


async def test_an_old_allocation_is_found_among_many_bookings(office: Office) -> None:
    """An allocation is found behind more bookings than are read at once."""
    team_id = await office.team_id()
    await office.fund(team_id)
    team = office.running.state.team(team_id)
    for _ in range(organisation.PAGES_AT_ONCE * organisation.LARGEST_PAGE + 1):
        office.running.state.wallets.allocate(team, Decimal(1))
    assert (await office.fund(team_id)).status_code == 200


async def test_a_note_cannot_stand_in_for_a_mark(office: Office) -> None:
    """A note in which a person has put another allocation's mark counts for its own key alone."""
    team_id = await office.team_id()
    await office.fund(team_id, key="first")
    wallet = office.running.state.wallets.of_team(team_id)
    assert wallet is not None
    mark = next(iter(wallet.book)).note
    body = {"team_id": team_id, "amount": 7, "note": str(mark).replace("30 days ", "")}
    assert (await office.post(ALLOCATE, body, idempotency_key="second")).status_code == 201
    found = await office.fund(team_id, key="first")
    assert (found.status_code, found.json()["transaction"]["amount"]) == (200, 3000)


async def test_notes_that_are_not_kept_are_reported(office: Office) -> None:
    """Should Keeptrusts not keep notes, on which once rests, the log says so."""
    team_id = await office.team_id()
    send = office.running.upstream.handle_async_request

    async def handle(request: httpx.Request) -> httpx.Response:
        reply = await send(request)
        if request.url.path != ALLOCATE:
            return reply
        text = (await reply.aread()).replace(b"[idempotency-key", b"[")
        return httpx.Response(201, stream=httpx.ByteStream(text))

    office.running.upstream.handle_async_request = handle  # type: ignore[method-assign]
    with capture_logs() as logs:
        assert (await office.fund(team_id)).status_code == 201
    assert any("note not kept" in line["event"] for line in logs)
