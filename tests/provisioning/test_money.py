"""A wallet is funded once for each idempotency key, whatever other requests come at the same time and however much is booked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal

import httpx
import pytest
from structlog.testing import capture_logs

from bff.provisioning import organisation
from bff.sandbox.faults import Rule

from .conftest import DIRECT, Office

ALLOCATE = "/v1/wallets/allocate"


def balance(office: Office, team_id: str) -> Decimal:
    """What the team has."""
    wallet = office.running.state.wallets.of_team(team_id)
    return Decimal(0) if wallet is None else wallet.balance


async def test_two_replicas_at_once_fund_once(office: Office) -> None:
    """Two processes that are asked for the same allocation at the same time make one, and answer with the same."""
    team_id = await office.team_id()
    async with office.another() as replica:
        replies = await asyncio.gather(office.fund(team_id), replica.fund(team_id))
    assert sorted(reply.status_code for reply in replies) == [200, 201]
    assert len({reply.json()["transaction"]["id"] for reply in replies}) == 1
    assert balance(office, team_id) == Decimal(3000)


async def test_another_amount_at_once_is_a_conflict(office: Office) -> None:
    """Of two amounts under one idempotency key at the same time one is allocated, and the other one says which."""
    team_id = await office.team_id()
    async with office.another() as replica:
        replies = await asyncio.gather(office.fund(team_id, amount=50), replica.fund(team_id, amount=3000))
    assert sorted(reply.status_code for reply in replies) == [201, 409]
    made = next(reply.json()["transaction"]["amount"] for reply in replies if reply.status_code == 201)
    refused = next(reply.json()["detail"] for reply in replies if reply.status_code == 409)
    assert f"for {made} USD and not {3050 - made} USD" in refused
    assert balance(office, team_id) == Decimal(str(made))


def paused_before_allocation(office: Office, replica: Office) -> None:
    """Let this process be paused before its allocation, until its lease is over and a replica has made the same one."""
    send = office.running.upstream.handle_async_request
    paused: list[bool] = []

    async def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == ALLOCATE and not paused:
            paused.append(True)
            await office.lose_leases()
            assert (await replica.fund(await office.team_id())).status_code == 201
        return await send(request)

    office.running.upstream.handle_async_request = handle  # type: ignore[method-assign]


async def test_a_process_that_was_paused_takes_its_own_back(office: Office) -> None:
    """An allocation that another process has made meanwhile under the same act is kept, and our own is taken back."""
    team_id = await office.team_id()
    async with office.another() as replica:
        paused_before_allocation(office, replica)
        reply = await office.fund(team_id)
    assert reply.status_code == 200, reply.text
    assert balance(office, team_id) == Decimal(3000)
    assert Decimal(str(reply.json()["wallet"]["balance"])) == Decimal(3000)
    assert reply.json()["transaction"]["id"] == replica.replies[-1].json()["transaction"]["id"]


async def test_money_that_cannot_be_taken_back_is_cried_out(office: Office) -> None:
    """When the second allocation cannot be taken back, its id is in the error and in a critical log line."""
    team_id = await office.team_id()
    office.running.break_upstream(Rule(kind="status", code=500, path="/v1/wallets/reclaim"))
    async with office.another() as replica:
        paused_before_allocation(office, replica)
        with capture_logs() as logs:
            reply = await office.fund(team_id)
    assert reply.status_code == 409
    assert "moved twice" in reply.json()["detail"]
    [line] = [line for line in logs if line["log_level"] == "critical"]
    assert line["transaction"] in reply.json()["detail"]


def lose_answers(office: Office) -> Callable[[], None]:
    """Lose the answer to each allocation; what is given ends that."""
    send = office.running.upstream.handle_async_request

    async def handle(request: httpx.Request) -> httpx.Response:
        reply = await send(request)
        if request.url.path == ALLOCATE:
            raise httpx.ReadError("gone")
        return reply

    office.running.upstream.handle_async_request = handle  # type: ignore[method-assign]

    def restore() -> None:
        del office.running.upstream.handle_async_request  # type: ignore[method-assign]

    return restore


async def test_a_lost_answer_funds_once(office: Office) -> None:
    """When the answer to an allocation is lost, the next attempt with the same key finds it."""
    team_id = await office.team_id()
    lose_answers(office)
    assert (await office.fund(team_id)).status_code == 503
    assert (await office.fund(team_id)).status_code == 200
    assert balance(office, team_id) == Decimal(3000)


async def test_a_wallet_with_too_many_bookings_is_left_to_people(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where not all bookings of an interrupted act's minutes can be searched nothing is allocated, and the error says so."""
    monkeypatch.setattr(organisation, "MOST_PAGES", organisation.PAGES_AT_ONCE)
    team = office.running.state.team(await office.team_id())
    lose_answers(office)
    await office.fund(team.id)
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


async def test_a_note_cannot_stand_in_for_a_tag(office: Office) -> None:
    """A note in which a person has put another act's tag counts for its own act alone."""
    team_id = await office.team_id()
    office.running.break_upstream(Rule(kind="status", code=500, path=ALLOCATE))
    assert (await office.fund(team_id, key="first")).status_code == 503
    office.running.break_upstream()
    [first] = [act for act in await office.recorded() if act.operation == "wallet"]
    body = {"team_id": team_id, "amount": 7, "note": first.tag}
    second = await office.post(ALLOCATE, body, idempotency_key="second", user=f"{DIRECT}platform-engineer")
    assert second.status_code == 201
    found = await office.fund(team_id, key="first", user=f"{DIRECT}platform-engineer")
    assert (found.status_code, found.json()["transaction"]["amount"]) == (201, 3000)
    assert balance(office, team_id) == Decimal(3007)


async def test_notes_that_are_not_kept_are_reported(office: Office) -> None:
    """Should Keeptrusts not keep notes, on which once rests, the log says so."""
    team_id = await office.team_id()
    send = office.running.upstream.handle_async_request

    async def handle(request: httpx.Request) -> httpx.Response:
        reply = await send(request)
        if request.url.path != ALLOCATE:
            return reply
        text = (await reply.aread()).replace(b"[act", b"[")
        return httpx.Response(201, stream=httpx.ByteStream(text))

    office.running.upstream.handle_async_request = handle  # type: ignore[method-assign]
    with capture_logs() as logs:
        assert (await office.fund(team_id)).status_code == 201
    assert any("not kept" in line["event"] for line in logs)


async def test_days_do_not_matter(office: Office) -> None:
    """The same onboarding funds once, however many days lie between: 0, 1, 89, 91 and 400."""
    team_id = await office.team_id()
    statuses = []
    for day in (0, 1, 88, 2, 309):
        office.running.time.pass_(day * 86_400)
        statuses.append((await office.fund(team_id, key="onboarding")).status_code)
    assert statuses == [201, 200, 200, 200, 200]
    assert balance(office, team_id) == Decimal(3000)


async def test_no_bookings_are_read_for_an_act_that_ended(office: Office) -> None:
    """Neither a first allocation nor a repeated one reads the wallet's bookings, so that busy teams are funded as others."""
    team_id = await office.team_id()
    office.running.upstream.paths.clear()
    assert [(await office.fund(team_id)).status_code for _ in range(2)] == [201, 200]
    assert not [path for path in office.running.upstream.paths if path.endswith("/transactions")]


async def test_a_reclaimed_allocation_is_not_the_funding(office: Office) -> None:
    """An allocation that was taken back is never answered for another one's: what is said to be there is there."""
    team_id = await office.team_id()
    async with office.another() as replica:
        replies = await asyncio.gather(office.fund(team_id, amount=50), replica.fund(team_id, amount=3000))
    winner = next(reply for reply in replies if reply.status_code == 201).json()["transaction"]["amount"]
    again = await office.fund(team_id, amount=winner)
    assert (again.status_code, again.json()["transaction"]["amount"]) == (200, winner)
    assert balance(office, team_id) == Decimal(str(winner))


async def test_all_that_is_there_is_reclaimed(office: Office) -> None:
    """Without an amount a reclaim takes what is available, once; with nothing there it moves nothing and says so."""
    team_id = await office.team_id()
    path, body = "/v1/wallets/reclaim", {"team_id": team_id}
    nothing = await office.post(path, body, idempotency_key="r0")
    assert (nothing.status_code, nothing.json()) == (200, {"transaction": None, "wallet": None})
    await office.fund(team_id, amount=12.5)
    first = await office.post(path, body, idempotency_key="r1")
    again = await office.post(path, body, idempotency_key="r1")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["transaction"]["amount"] == again.json()["transaction"]["amount"] == -12.5
    assert balance(office, team_id) == 0
    assert (await office.post(path, body)).status_code == 422
