"""Real processes end by SIGKILL after each step of each act; another process is asked again, and ends it.

Each process that is killed has several acts under way, each of its own team and held at a step of its own: a call to
Keeptrusts or Vault that does not arrive, or whose reply does not. All drills wait for the same seconds, so that they take
little longer together than one alone.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import update
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bff.provisioning.acts import LEASE_SECONDS, Act, recorded
from bff.provisioning.acts import State as Recorded
from bff.provisioning.provisioner import ENDINGS_EVERY
from bff.sandbox import ADMIN_TOKEN, READ_TOKEN
from bff.sandbox.accounts import State
from bff.sandbox.control_plane import create_control_plane
from bff.sandbox.faults import Faults
from bff.store.database import Database
from bff.store.tables import leases
from tests.backstage.stub import URL, StubBackstage
from tests.harness.fleet import Fleet, Replica, fleet
from tests.harness.openbao import ROOT_TOKEN, OpenBao
from tests.harness.postgres import PostgresServer
from tests.harness.served import served
from tests.harness.stub_backstage import BackstageOverHttp

HELD_WITHIN = 30.0
"""Seconds until every act of a process is at its step."""

ENDED_WITHIN = 2 * ENDINGS_EVERY + LEASE_SECONDS
"""Seconds until a process that lives has ended what another one left behind."""

SEEN = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Step:
    """Where an act stops: before the call arrives or `after` it was carried out; `in_path` is a part of its path."""

    act: str
    method: str
    in_path: str
    after: bool
    nth: int = 1

    @property
    def name(self) -> str:
        """As a test is named."""
        at = f"{self.method} {self.in_path.strip('/')}"
        return f"{self.act}-{'after' if self.after else 'before'} {at}{f' no. {self.nth}' if self.nth > 1 else ''}"

    @property
    def group(self) -> str:
        """What it is called in `PROCESSES`."""
        return self.act if self.act != "team" else f"team, {'after' if self.after else 'before'}"

    @property
    def team(self) -> str:
        """The name of the team that it is tried with."""
        return f"killed-{STEPS.index(self)}"


def _steps(act: str, *calls: tuple[str, str]) -> list[Step]:
    """Before the first call and after each."""
    method, path = calls[0]
    seen: list[tuple[str, str]] = []
    steps = [Step(act, method, path, after=False)]
    for call in calls:
        seen.append(call)
        steps.append(Step(act, *call, after=True, nth=seen.count(call)))
    return steps


_OF_A_KEY = (("POST", "/v1/tokens"), ("POST", "/metadata/"), ("POST", "/data/"))
_REVOKING = ("DELETE", "/v1/tokens/")
_MAKING_A_CONFIGURATION = ("POST", "/v1/configurations")
_DELETING_A_CONFIGURATION = ("DELETE", "/v1/configurations/")

STEPS = [
    *_steps("team", ("POST", "/v1/teams")),
    *_steps("key", *_OF_A_KEY),
    *_steps("rotation", *_OF_A_KEY),
    *_steps("rotation without grace", *_OF_A_KEY, _REVOKING),
    Step("rotation without grace", *_REVOKING, after=False),
    *_steps("configuration", _MAKING_A_CONFIGURATION),
    *_steps("tier change", _MAKING_A_CONFIGURATION, _DELETING_A_CONFIGURATION),
    *_steps("funding", ("POST", "/v1/wallets/allocate")),
    *_steps("reclaim", ("POST", "/v1/wallets/reclaim")),
    *_steps("revocation", _REVOKING, _REVOKING),
    *_steps("disabling", _DELETING_A_CONFIGURATION),
]

PROCESSES = (
    {"key"},
    {"rotation"},
    {"rotation without grace"},
    {"funding", "reclaim", "tier change"},
    {"configuration", "disabling", "team, before"},
    {"revocation", "team, after"},
)
"""What each process that is killed has under way. Teams are made one at a time, by all together: no process has two of those."""


@dataclass
class Gate:
    """Holds one call that has `marks` in its path or body."""

    step: Step
    marks: tuple[str, ...]
    seen: int = 0
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    let_go: bool = False

    def takes(self, method: str, path: str, body: bytes) -> bool:
        """Whether it is this call, the time that the step says."""
        if self.reached.is_set() or method != self.step.method or self.step.in_path not in path:
            return False
        if not any(mark in path or mark.encode() in body for mark in self.marks):
            return False
        self.seen += 1
        return self.seen == self.step.nth

    async def hold(self, app: ASGIApp, scope: Scope, whole: Receive, receive: Receive) -> None:
        """Carry the call out, where that is the step, and give no reply until the caller is gone."""

        async def nowhere(_message: Message) -> None:
            pass

        if self.step.after:
            await app(scope, whole, nowhere)
        self.reached.set()
        while (await receive())["type"] != "http.disconnect":
            pass
        self.let_go = True


@dataclass
class Gated:
    """An application behind gates."""

    app: ASGIApp
    gates: list[Gate] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        read = False

        async def whole() -> Message:
            nonlocal read
            if read:
                return await receive()
            read = True
            return {"type": "http.request", "body": body, "more_body": False}

        for gate in self.gates:
            if gate.takes(scope["method"], scope["path"], body):
                await gate.hold(self.app, scope, whole, receive)
                return
        await self.app(scope, whole, send)


@dataclass
class Forwarded:
    """Another server as an application."""

    client: httpx.AsyncClient

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = (await receive())["body"]
        headers = [(name, value) for name, value in scope["headers"] if name.startswith(b"x-vault-")]
        reply = await self.client.request(scope["method"], scope["path"], headers=headers, content=body)
        head = {"type": "http.response.start", "status": reply.status_code}
        await send(head | {"headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": reply.content})


@dataclass
class Drill:
    """One step, and what came of it. `before` are the ids of the team's keys of its name when the process was killed."""

    step: Step
    team_id: str = ""
    before: frozenset[str] = frozenset()
    bystander: str = ""
    reply: httpx.Response | None = None
    again: httpx.Response | None = None
    acts: Sequence[Act] = ()

    @property
    def team(self) -> str:
        """Its team's name."""
        return self.step.team

    @property
    def key(self) -> str:
        """The name of its team's key."""
        return f"{self.team}-gw-key"

    @property
    def request(self) -> tuple[str, dict[str, Any], dict[str, str]]:
        """What is asked for: path, body and headers."""
        of_team, once = {"team_id": self.team_id}, {"idempotency-key": "one"}
        configuration = {"name": f"{self.team}-config", "template_id": "tier-2-internal"}
        stricter = {
            "name": f"{self.team}-stricter",
            "template_id": "tier-3-customer-facing",
            "replaces": f"{self.team}-config",
        }
        requests: dict[str, tuple[str, dict[str, Any], dict[str, str]]] = {
            "team": ("/v1/teams", {"name": self.team}, {}),
            "key": ("/v1/tokens", {"name": self.key, **of_team}, {}),
            "rotation": (f"/v1/tokens/{self.key}/rotate", of_team, once),
            "rotation without grace": (f"/v1/tokens/{self.key}/rotate", of_team | {"grace_hours": 0}, once),
            "configuration": ("/v1/configurations", configuration | of_team, {}),
            "tier change": ("/v1/configurations", stricter | of_team, {}),
            "funding": ("/v1/wallets/allocate", {"amount": 3000, **of_team}, once),
            "reclaim": ("/v1/wallets/reclaim", {"amount": 1000, **of_team}, once),
            "revocation": (f"/v1/tokens/{self.key}/revoke", of_team, {}),
            "disabling": (f"/v1/configurations/{self.team}-config/disable", of_team, {}),
        }
        return requests[self.step.act]


@dataclass
class Killed:
    """What all the processes have left behind."""

    state: State
    openbao: OpenBao
    drills: dict[Step, Drill]

    def living(self, drill: Drill) -> list[str]:
        """The ids of the living keys of the drill's name."""
        return [key.id for key in self.state.keys if key.name == drill.key and key.revoked_at is None]

    def entry(self, drill: Drill) -> dict[str, str]:
        """What Vault holds for the drill's team."""
        return self.openbao.entry(f"ai/{drill.team}/{drill.key}") or {}

    def pending(self, drill: Drill) -> list[Act]:
        """The acts that have not ended."""
        return [act for act in drill.acts if act.state is Recorded.PENDING]


@dataclass
class Surroundings:
    """Where the processes run. `token` is of a platform member who calls without a template."""

    fleet: Fleet
    survivor: Replica
    state: State
    plane: Gated
    vault: Gated
    database: Database
    token: str
    teams_free: asyncio.Event = field(default_factory=asyncio.Event)

    async def post(self, replica: Replica, path: str, body: object, **headers: str) -> httpx.Response:
        """One request to one of the processes."""
        url, authorization = f"{replica.url}{path}", {"authorization": f"Bearer {self.token}"}
        return await self.fleet.client.post(url, json=body, headers=authorization | headers, timeout=90)

    async def prepared(self, step: Step) -> Drill:
        """A drill whose team has what its act needs, and a key that is no business of the act."""
        drill = Drill(step)
        if step.act == "team":
            return drill
        drill.team_id = self.state.create_team(drill.team).id
        drill.bystander = self.state.create_key(f"{drill.team}-other", drill.team_id)[0].id
        of_team = {"team_id": drill.team_id}
        match step.act:
            case "rotation" | "rotation without grace":
                await self.made("/v1/tokens", {"name": drill.key, **of_team})
            case "reclaim":
                await self.made("/v1/wallets/allocate", {"amount": 3000, **of_team}, **{"idempotency-key": "first"})
            case "revocation":
                self.state.create_key(drill.key, drill.team_id)
                self.state.create_key(drill.key, drill.team_id)
            case "disabling" | "tier change":
                self.state.create_configuration(f"{drill.team}-config", drill.team_id, "tier-2-internal")
        drill.before = frozenset(key.id for key in self.state.keys if key.name == drill.key)
        return drill

    async def made(self, path: str, body: object, **headers: str) -> None:
        """One request to the process that lives on, to make something new."""
        reply = await self.post(self.survivor, path, body, **headers)
        assert reply.status_code == 201, reply.text

    def gate(self, drill: Drill) -> Gate:
        """A gate at the drill's step."""
        owned = [*self.state.keys, *self.state.configurations]
        ids = [each.id for each in owned if each.team_id == drill.team_id and each.id != drill.bystander]
        named = (f'"{drill.team}"', f'"{drill.key}"', f"/ai/{drill.team}/")
        gate = Gate(drill.step, tuple(filter(None, [*named, drill.team_id, *ids])))
        (self.vault if "data/" in drill.step.in_path else self.plane).gates.append(gate)
        return gate

    async def drill(self, doomed: Replica, drills: list[Drill]) -> None:
        """Let a process begin every act, and kill it once each is at its step; then ask the one that lives on for each, twice."""
        groups = {drill.step.group for drill in drills}
        if "team, after" in groups:
            await self.teams_free.wait()
        gates = [self.gate(drill) for drill in drills]
        lost = [asyncio.ensure_future(self._ask(doomed, drill)) for drill in drills]
        async with asyncio.timeout(HELD_WITHIN):
            await asyncio.gather(*(gate.reached.wait() for gate in gates))
        too_late = [gate.step.name for gate in gates if gate.let_go]
        assert not too_late, f"held for longer than a call may take: {too_late}"
        doomed.signal(signal.SIGKILL)
        await doomed.ended(within=30)
        replies = await asyncio.gather(*lost, return_exceptions=True)
        assert all(isinstance(reply, httpx.TransportError) for reply in replies), replies
        if any(group.startswith("team") for group in groups):
            await self._free_teams()
        await asyncio.gather(*(self._again(drill) for drill in drills))

    async def _again(self, drill: Drill) -> None:
        drill.reply = await self._ask(self.survivor, drill)
        drill.again = await self._ask(self.survivor, drill)

    async def _ask(self, replica: Replica, drill: Drill) -> httpx.Response:
        path, body, headers = drill.request
        return await self.post(replica, path, body, **headers)

    async def until_ended(self, drills: list[Drill]) -> None:
        """Wait until the old keys of rotations without a grace are revoked: the rotation had recorded that they are to be."""
        async with asyncio.timeout(ENDED_WITHIN):
            while any(self.state.key(old).revoked_at is None for drill in drills for old in drill.before):
                await asyncio.sleep(0.1)

    async def _free_teams(self) -> None:
        """Let the lease on the making of teams run out, as it does ten seconds after its holder was killed."""
        async with self.database.write() as connection:
            await connection.execute(update(leases).where(leases.c.name.endswith(" teams")).values(until=0))
        self.teams_free.set()


@asynccontextmanager
async def surroundings(postgres_url: str, openbao: OpenBao) -> AsyncIterator[Surroundings]:
    """All that is around the processes, and the one that lives on."""
    state, stub = State(lambda: datetime.now(UTC)), StubBackstage()
    stub.clock.now = time.time()
    control = create_control_plane(state, read_token=READ_TOKEN, admin_token=ADMIN_TOKEN, faults=Faults())
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=openbao.url, trust_env=False))
        plane, vault = Gated(control), Gated(Forwarded(client))
        ports = [await stack.enter_async_context(served(app)) for app in (plane, vault, BackstageOverHttp(stub))]
        settings = {
            "DATABASE_URL": postgres_url,
            "KEEPTRUSTS_API_URL": f"http://127.0.0.1:{ports[0]}",
            "KEEPTRUSTS_ADMIN_TOKEN": ADMIN_TOKEN,
            "VAULT_ADDR": f"http://127.0.0.1:{ports[1]}",
            "VAULT_TOKEN": ROOT_TOKEN,
            "BFF_AUTH": "backstage",
            "BACKSTAGE_URL": f"http://127.0.0.1:{ports[2]}/portal",
            "BACKSTAGE_PUBLIC_URL": URL,
            "BFF_PLATFORM_GROUPS": "platform-team",
            "BFF_REFRESH_SECONDS": "3600",
            "BFF_STALE_LIMIT_SECONDS": "3600",
            "BFF_BACKFILL_DAYS": "0",
        }
        running = await stack.enter_async_context(fleet(**settings))
        database = Database.at(postgres_url, folder=None, ca_file=None)
        stack.push_async_callback(database.close)
        token = stub.user_token("user:default/platform-engineer")
        yield Surroundings(running, await running.begin(forked=True), state, plane, vault, database, token)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def killed(postgres_server: PostgresServer, openbao: OpenBao) -> AsyncIterator[Killed]:
    """All drills, at once."""
    with postgres_server.database() as url:
        async with surroundings(url, openbao) as there:
            starting = asyncio.gather(*(there.fleet.begin(forked=True) for _ in PROCESSES))
            drills = {step: await there.prepared(step) for step in STEPS}
            made = [[drill for drill in drills.values() if drill.step.group in group] for group in PROCESSES]
            await asyncio.gather(*map(there.drill, await starting, made))
            await there.until_ended([drill for drill in drills.values() if drill.step.act == "rotation without grace"])
            for drill in drills.values():
                drill.acts = await recorded(there.database, team=drill.team, since=SEEN)
            yield Killed(there.state, openbao, drills)


def _team(killed: Killed, drill: Drill) -> None:
    [team] = [team for team in killed.state.teams if team.name == drill.team]
    assert drill.reply is not None
    assert drill.reply.json()["id"] == team.id


def _key(killed: Killed, drill: Drill) -> None:
    assert drill.reply is not None
    made = drill.reply.json()["id"]
    assert killed.living(drill) == [made]
    entry = killed.entry(drill)
    held = killed.state.key_behind(entry["key"])
    assert held is not None
    assert (entry["id"], held.id) == (made, made)


def _rotation(killed: Killed, drill: Drill) -> None:
    [old] = drill.before
    assert drill.reply is not None
    document, entry = drill.reply.json(), killed.entry(drill)
    assert (document["previous"]["id"], document["id"]) == (old, entry["id"])
    assert sorted(killed.living(drill)) == sorted([old, entry["id"]])
    held = killed.state.key_behind(entry["key"])
    assert held is not None
    assert held.id == entry["id"]
    assert [act.previous for act in killed.pending(drill)] == [old]


def _rotation_without_grace(killed: Killed, drill: Drill) -> None:
    [old] = drill.before
    assert drill.reply is not None
    document, entry = drill.reply.json(), killed.entry(drill)
    assert (document["previous"]["id"], document["id"]) == (old, entry["id"])
    assert killed.living(drill) == [entry["id"]]


def _tier_change(killed: Killed, drill: Drill) -> None:
    [left] = [each for each in killed.state.configurations if each.team_id == drill.team_id]
    assert (left.name, left.template_id, left.enabled) == (f"{drill.team}-stricter", "tier-3-customer-facing", True)


def _configuration(killed: Killed, drill: Drill) -> None:
    [made] = [each for each in killed.state.configurations if each.team_id == drill.team_id]
    assert drill.reply is not None
    assert (drill.reply.json()["id"], made.enabled) == (made.id, True)


def _money(killed: Killed, drill: Drill, *, left: int) -> None:
    wallet = killed.state.wallets.of_team(drill.team_id)
    assert wallet is not None
    assert wallet.balance == Decimal(left)


def _revocation(killed: Killed, drill: Drill) -> None:
    assert (len(drill.before), killed.living(drill)) == (2, [])
    [act] = drill.acts
    assert frozenset(act.made.split(",")) == drill.before


def _disabling(killed: Killed, drill: Drill) -> None:
    assert [each for each in killed.state.configurations if each.team_id == drill.team_id and each.enabled] == []
    assert [(act.operation, bool(act.made)) for act in drill.acts] == [("disabling", True)]


DONE_ONCE: dict[str, Callable[[Killed, Drill], None]] = {
    "team": _team,
    "key": _key,
    "rotation": _rotation,
    "rotation without grace": _rotation_without_grace,
    "configuration": _configuration,
    "tier change": _tier_change,
    "funding": lambda killed, drill: _money(killed, drill, left=3000),
    "reclaim": lambda killed, drill: _money(killed, drill, left=2000),
    "revocation": _revocation,
    "disabling": _disabling,
}


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_an_act_is_done_once(killed: Killed, step: Step) -> None:
    """Wherever the process was killed, the next one that is asked ends the act: it is done once, and asked again it is found."""
    drill = killed.drills[step]
    assert drill.reply is not None
    assert drill.again is not None
    assert (drill.reply.status_code in {200, 201}, drill.again.status_code) == (True, 200), drill.reply.text
    DONE_ONCE[step.act](killed, drill)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_an_act_has_an_end_in_the_records(killed: Killed, step: Step) -> None:
    """No record says that the act may still be under way, but for the old key that a rotation leaves for its grace."""
    waiting = [act for act in killed.pending(killed.drills[step]) if act.due_at is None]
    assert waiting == []


def test_nothing_else_is_revoked(killed: Killed) -> None:
    """Every key that no act was about lives on."""
    others = [drill.bystander for drill in killed.drills.values() if drill.bystander]
    assert len(others) == len([step for step in STEPS if step.act != "team"])
    assert [each for each in others if killed.state.key(each).revoked_at is not None] == []
