"""A process that stops anywhere in an act, for good or for a while, leaves one thing made and takes nothing of another's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import Start
from tests.harness.openbao import ROOT_TOKEN, OpenBao

from .conftest import SETTINGS, Bearer, Office

Ask = Callable[[Office, str], Coroutine[Any, Any, httpx.Response]]

WITHIN = 20.0
"""Seconds for a step to be reached."""


@dataclass
class Gate:
    """Stops the process at one request, before or after it is made, until it is opened."""

    method: str = ""
    path: str = ""
    after: bool = False
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    async def passing(self, request: httpx.Request, *, after: bool) -> None:
        """Wait where this is the request, the first time."""
        here = (request.method, after) == (self.method, self.after) and self.path in request.url.path
        if here and not self.reached.is_set():
            self.reached.set()
            await self.opened.wait()


class GatedVault(httpx.AsyncHTTPTransport):
    """A real Vault behind a gate."""

    gate = Gate()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass the gate on both sides."""
        await self.gate.passing(request, after=False)
        reply = await super().handle_async_request(request)
        await self.gate.passing(request, after=True)
        return reply


@dataclass
class Pair:
    """A process that will be stopped, and another one of the same service."""

    stopped: Office
    other: Office
    vault: GatedVault

    def gate(self, method: str, path: str, *, after: bool, vault: bool = False) -> Gate:
        """Put a gate before Keeptrusts, or before Vault."""
        gate = Gate(method, path, after)
        if vault:
            self.vault.gate = gate
            return gate
        send = self.stopped.running.upstream.handle_async_request

        async def handle(request: httpx.Request) -> httpx.Response:
            await gate.passing(request, after=False)
            reply = await send(request)
            await gate.passing(request, after=True)
            return reply

        self.stopped.running.upstream.handle_async_request = handle  # type: ignore[method-assign]
        return gate

    async def interrupted(self, gate: Gate, ask: Ask, team_id: str, check: Callable[[], None]) -> httpx.Response:
        """Stop the first process at the gate, ask the second one, and let the first go on; `check` after both.

        Gives the second one's answer.
        """
        first = asyncio.ensure_future(ask(self.stopped, team_id))
        async with asyncio.timeout(WITHIN):
            await gate.reached.wait()
        try:
            await self.stopped.lose_leases()
            reply = await ask(self.other, team_id)
            assert reply.status_code in {200, 201}, reply.text
            check()
        finally:
            gate.opened.set()
            await first
        check()
        again = await ask(self.other, team_id)
        assert again.status_code == 200, again.text
        check()
        return reply


@pytest.fixture
async def pair(start: Start, openbao: OpenBao, tmp_path: Path) -> AsyncIterator[Pair]:
    """Two processes over one database, one Keeptrusts and one Vault."""
    vault = GatedVault()
    settings = SETTINGS | {"vault_addr": openbao.url, "vault_token": ROOT_TOKEN, "bff_data_dir": tmp_path / "state"}
    async with start(vault=vault, **settings) as running:
        running.app.service.identity = Bearer()
        office = Office(running, openbao)
        async with office.another() as other:
            yield Pair(office, other, vault)


KEY_STEPS = [
    pytest.param("POST", "/v1/tokens", False, False, id="before the key is made"),
    pytest.param("POST", "/v1/tokens", True, False, id="after the key is made"),
    pytest.param("POST", "/metadata/ai/", False, True, id="before it is noted"),
    pytest.param("POST", "/data/ai/", False, True, id="before it is in Vault"),
    pytest.param("POST", "/data/ai/", True, True, id="after it is in Vault"),
]


@pytest.mark.parametrize(("method", "path", "after", "vault"), KEY_STEPS)
async def test_a_key_is_made_once(pair: Pair, method: str, path: str, *, after: bool, vault: bool) -> None:
    """Wherever the making of a key stops, and whether or not it goes on, one living key is left, and it is in Vault."""
    office = pair.stopped
    team_id = await office.team_id()

    def check() -> None:
        [key] = office.living()
        entry = office.openbao.entry(office.vault_path)
        assert entry is not None
        assert entry["id"] == key.id
        notes = office.openbao.custom_metadata(office.vault_path) or {}
        assert notes.get("token_id") in {None, key.id}

    gate = pair.gate(method, path, after=after, vault=vault)
    reply = await pair.interrupted(gate, Office.make_key, team_id, check)
    assert reply.json()["id"] == office.living()[0].id


@pytest.mark.parametrize(("method", "path", "after", "vault"), KEY_STEPS)
async def test_a_key_is_rotated_once(pair: Pair, method: str, path: str, *, after: bool, vault: bool) -> None:
    """Wherever a rotation stops, the old key lives on with one successor, which is in Vault."""
    office = pair.stopped
    team_id = await office.team_id()
    old = (await office.make_key(team_id)).json()["id"]

    def check() -> None:
        living = office.living()
        ids = {key.id for key in living}
        entry = office.openbao.entry(office.vault_path)
        assert entry is not None
        assert ids == {old, entry["id"]}
        assert entry["id"] != old

    gate = pair.gate(method, path, after=after, vault=vault)
    reply = await pair.interrupted(gate, Office.rotate, team_id, check)
    assert reply.json()["previous"]["id"] == old
    endings = [act for act in await office.recorded() if act.operation == "revocation"]
    assert [act.previous for act in endings] == [old]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_money_is_moved_once(pair: Pair, *, after: bool) -> None:
    """Wherever an allocation stops, the money is there once."""
    office = pair.stopped
    team_id = await office.team_id()

    gate = pair.gate("POST", "/v1/wallets/allocate", after=after)
    await pair.interrupted(gate, Office.fund, team_id, lambda: None)
    wallet = office.running.state.wallets.of_team(team_id)
    assert wallet is not None
    assert wallet.balance == Decimal(3000)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_money_is_reclaimed_once(pair: Pair, *, after: bool) -> None:
    """Wherever a reclaim stops, the money is taken once."""
    office = pair.stopped
    team_id = await office.team_id()
    await office.fund(team_id)

    async def reclaim(asked: Office, team: str) -> httpx.Response:
        return await asked.post("/v1/wallets/reclaim", {"team_id": team, "amount": 1000}, idempotency_key="back-1")

    gate = pair.gate("POST", "/v1/wallets/reclaim", after=after)
    await pair.interrupted(gate, reclaim, team_id, lambda: None)
    wallet = office.running.state.wallets.of_team(team_id)
    assert wallet is not None
    assert wallet.balance == Decimal(2000)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_configuration_is_made_once(pair: Pair, *, after: bool) -> None:
    """Wherever the making of a configuration stops, there is one."""
    office = pair.stopped
    team_id = await office.team_id()

    def check() -> None:
        assert len([each for each in office.running.state.configurations if each.team_id == team_id]) == 1

    gate = pair.gate("POST", "/v1/configurations", after=after)
    await pair.interrupted(gate, Office.make_configuration, team_id, check)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_team_is_made_once(pair: Pair, *, after: bool) -> None:
    """Wherever the making of a team stops, there is one."""
    office = pair.stopped

    def check() -> None:
        assert len([team for team in office.running.state.teams if team.name == office.team]) == 1

    async def make(asked: Office, _team_id: str) -> httpx.Response:
        return await asked.make_team()

    await pair.interrupted(pair.gate("POST", "/v1/teams", after=after), make, "", check)
