"""Between the key that is made and the key that is kept: no key stays behind that cannot be read, and none is shown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import httpx
import orjson
import pytest
from structlog.testing import capture_logs

from bff.sandbox.accounts import KeyRules
from bff.sandbox.faults import Rule
from tests.conftest import NOON, Start
from tests.harness.openbao import MOUNT, ROOT_TOKEN, OpenBao

from .conftest import SETTINGS, Bearer, Office

Answer = Callable[[httpx.Response], httpx.Response]


def upon_creation(office: Office, answer: Answer) -> None:
    """Let Keeptrusts make keys as ever and change what it answers."""
    send = office.running.upstream.handle_async_request

    async def handle(request: httpx.Request) -> httpx.Response:
        reply = await send(request)
        if (request.method, request.url.path) != ("POST", "/v1/tokens"):
            return reply
        await reply.aread()
        return answer(reply)

    office.running.upstream.handle_async_request = handle  # type: ignore[method-assign]


def edited(**changes: object) -> Answer:
    """An answer in which some members are others; None takes a member away."""

    def answer(reply: httpx.Response) -> httpx.Response:
        document = {name: value for name, value in (reply.json() | changes).items() if value is not None}
        return httpx.Response(201, stream=httpx.ByteStream(orjson.dumps(document)))

    return answer


def broken(_reply: httpx.Response) -> httpx.Response:
    """The connection ends before the answer is there."""
    raise httpx.ReadError("gone")


@pytest.mark.parametrize("answer", [broken, edited(key=None), edited(id=None)], ids=["broken", "keyless", "idless"])
async def test_a_key_whose_secret_is_lost_is_revoked(office: Office, answer: Answer) -> None:
    """When Keeptrusts has made a key and its answer is lost, the key is revoked, and the task can be run again."""
    team_id = await office.team_id()
    upon_creation(office, answer)
    reply = await office.make_key(team_id)
    assert (reply.status_code, reply.json()["type"]) == (502, "urn:keeptrusts-bff:not-stored")
    assert "revoked again" in reply.json()["detail"]
    assert office.living() == []
    del office.running.upstream.handle_async_request  # type: ignore[method-assign]
    assert (await office.make_key(team_id)).status_code == 201


async def test_a_key_that_was_not_made_is_not_looked_for_in_vain(office: Office) -> None:
    """When Keeptrusts fails without making a key, the failure is reported as it is."""
    team_id = await office.team_id()
    office.running.break_upstream(Rule(kind="status", code=503, method="POST", path="/v1/tokens"))
    reply = await office.make_key(team_id)
    assert (reply.status_code, reply.json()["type"]) == (503, "urn:keeptrusts-bff:upstream-unavailable")


async def test_a_key_that_may_have_been_made_is_cried_out(office: Office) -> None:
    """When the answer is lost and it is unknown whether there is a key, its name is in the error, and the log line is critical."""
    team_id = await office.team_id()

    def gone(_reply: httpx.Response) -> httpx.Response:
        office.running.break_upstream(Rule(kind="status", code=500, path="/v1/tokens"))
        raise httpx.ReadError("gone")

    upon_creation(office, gone)
    with capture_logs() as logs:
        reply = await office.make_key(team_id)
    assert (reply.status_code, reply.json()["type"]) == (502, "urn:keeptrusts-bff:not-stored")
    assert f"{office.team}-gw-key" in reply.json()["detail"]
    assert "critical" in {line["log_level"] for line in logs}


async def test_two_replicas_at_once_make_one_key(office: Office) -> None:
    """Two processes that are asked for the same key at the same time make one, and answer with the same."""
    team_id = await office.team_id()
    async with office.another() as replica:
        replies = await asyncio.gather(office.make_key(team_id), replica.make_key(team_id))
    assert sorted(reply.status_code for reply in replies) == [200, 201]
    assert len({reply.json()["id"] for reply in replies}) == 1
    assert len(office.living()) == 1
    assert office.openbao.versions(office.vault_path) == 1


async def test_a_key_that_somebody_else_makes_meanwhile_is_a_conflict(office: Office) -> None:
    """A key of the same name that a person makes in Keeptrusts at the same moment is left alone, and the error says so."""
    team_id = await office.team_id()
    office.running.state.key_rules = KeyRules(names="unique")
    send = office.running.upstream.handle_async_request

    async def handle(request: httpx.Request) -> httpx.Response:
        if (request.method, request.url.path) == ("POST", "/v1/tokens"):
            office.running.state.create_key(f"{office.team}-gw-key", team_id)
        return await send(request)

    office.running.upstream.handle_async_request = handle  # type: ignore[method-assign]
    reply = await office.make_key(team_id)
    assert (reply.status_code, "somebody else made" in reply.json()["detail"]) == (409, True)
    assert len(office.living()) == 1


class Unsure(httpx.AsyncHTTPTransport):
    """A real Vault that takes what is written and does not answer; with `mute`, nothing after that either."""

    def __init__(self, *, mute: bool) -> None:
        super().__init__()
        self.mute = mute
        self.taken = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass on, and lose the answer to a write."""
        if self.taken and self.mute:
            raise httpx.ConnectError("gone")
        reply = await super().handle_async_request(request)
        if request.method == "POST" and "/data/" in request.url.path:
            await reply.aread()
            self.taken = True
            raise httpx.ReadError("gone")
        return reply


async def test_a_write_without_an_answer_is_looked_at(start: Start, openbao: OpenBao) -> None:
    """When Vault took the key without saying so, the key is kept and reported as made."""
    settings = SETTINGS | {"vault_addr": openbao.url, "vault_token": ROOT_TOKEN}
    async with start(vault=Unsure(mute=False), **settings) as running:
        running.app.service.identity = Bearer()
        office = Office(running, openbao)
        reply = await office.make_key(await office.team_id())
    entry = openbao.entry(office.vault_path)
    assert reply.status_code == 201, reply.text
    assert entry is not None
    (kept,) = office.living()
    assert kept.id == entry["id"]


async def test_what_vault_may_have_taken_is_not_denied(start: Start, openbao: OpenBao) -> None:
    """When it is unknown whether Vault took the key, it is revoked, and the error says where it may still stand."""
    settings = SETTINGS | {"vault_addr": openbao.url, "vault_token": ROOT_TOKEN}
    async with start(vault=Unsure(mute=True), **settings) as running:
        running.app.service.identity = Bearer()
        office = Office(running, openbao)
        reply = await office.make_key(await office.team_id())
    assert reply.status_code == 502
    assert office.living() == []
    assert "nothing is left" not in reply.json()["detail"]
    assert f"{MOUNT}/{office.vault_path}" in reply.json()["detail"]


async def test_a_prefix_that_is_the_key_is_not_shown(office: Office) -> None:
    """Whatever Keeptrusts calls a prefix, the reply never holds a key."""
    team_id = await office.team_id()

    def answer(reply: httpx.Response) -> httpx.Response:
        key = reply.json()["key"]
        return edited(prefix=key, name=f"the key is {key}")(reply)

    upon_creation(office, answer)
    reply = await office.make_key(team_id)
    entry = office.openbao.entry(office.vault_path)
    assert entry is not None
    assert reply.status_code == 201
    assert entry["key"] not in reply.text


@pytest.mark.parametrize("answer", [edited(name=None), edited(created_at="yesterday")], ids=["nameless", "dateless"])
async def test_an_odd_answer_loses_no_key(office: Office, answer: Answer) -> None:
    """A key that is in Vault is reported as made, though Keeptrusts' answer holds less than it should."""
    team_id = await office.team_id()
    upon_creation(office, answer)
    reply = await office.make_key(team_id)
    assert (reply.status_code, reply.json()["name"]) == (201, f"{office.team}-gw-key"), reply.text


async def test_an_expired_key_is_not_given_again(office: Office) -> None:
    """A key that has expired works no more: to find it is a conflict that says what to do."""
    team_id = await office.team_id()
    expires = (NOON + timedelta(hours=1)).isoformat()
    body = {"name": f"{office.team}-gw-key", "team_id": team_id, "expires_at": expires}
    assert (await office.post("/v1/tokens", body)).status_code == 201
    office.running.time.pass_(7200)
    reply = await office.make_key(team_id)
    assert (reply.status_code, "expired" in reply.json()["detail"]) == (409, True)


@pytest.mark.parametrize(
    "expires",
    ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", 5, "5", "1800000000", NOON.isoformat()],
)
async def test_a_key_that_could_never_work_is_not_made(office: Office, expires: object) -> None:
    """An expiry that has passed, is no RFC 3339 time, or is none in UTC is refused by name, and no key is made."""
    team_id = await office.team_id()
    body = {"name": f"{office.team}-gw-key", "team_id": team_id, "expires_at": expires}
    reply = await office.post("/v1/tokens", body)
    assert (reply.status_code, "expires_at" in reply.json()["detail"]) == (422, True), reply.text
    assert office.living() == []


async def test_another_expiry_is_a_conflict(office: Office) -> None:
    """A key that is to expire at another time than the one that is there is reported with the difference."""
    team_id = await office.team_id()
    await office.make_key(team_id)
    body = {"name": f"{office.team}-gw-key", "team_id": team_id, "expires_at": (NOON + timedelta(days=9)).isoformat()}
    reply = await office.post("/v1/tokens", body)
    assert (reply.status_code, "expires_at" in reply.json()["detail"]) == (409, True)


async def test_a_deleted_entry_is_told_before_a_key_is_made(office: Office) -> None:
    """Where Vault keeps deleted versions no key is made, and the error says how to free the place."""
    team_id = await office.team_id()
    await office.make_key(team_id)
    office.running.state.revoke_key(office.living()[0].id)
    office.openbao.call("DELETE", f"{MOUNT}/data/{office.vault_path}")
    before = len(office.running.state.keys)
    reply = await office.make_key(team_id)
    assert (reply.status_code, "deleted" in reply.json()["detail"]) == (409, True), reply.text
    assert len(office.running.state.keys) == before
    office.openbao.call("DELETE", f"{MOUNT}/metadata/{office.vault_path}")
    assert (await office.make_key(team_id)).status_code == 201


async def test_whoever_goes_away_interrupts_nothing(office: Office) -> None:
    """A request that is given up while its key is being made leaves the key in Vault, for the next one to find."""
    team_id = await office.team_id()
    reached, go_on = asyncio.Event(), asyncio.Event()
    send = office.running.upstream.handle_async_request

    async def handle(request: httpx.Request) -> httpx.Response:
        reply = await send(request)
        if (request.method, request.url.path) == ("POST", "/v1/tokens"):
            reached.set()
            await go_on.wait()
        return reply

    office.running.upstream.handle_async_request = handle  # type: ignore[method-assign]
    given_up = asyncio.ensure_future(office.make_key(team_id))
    await reached.wait()
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    again = asyncio.ensure_future(office.make_key(team_id))
    go_on.set()
    reply = await again
    assert reply.status_code == 200, reply.text
    assert len(office.living()) == 1
