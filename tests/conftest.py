"""The whole service in this process, in front of the sandbox in this process, at an hour that the test chooses."""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import hypothesis
import pytest
import structlog
from xdist.scheduler import LoadScopeScheduling

from bff.app import App, create_app
from bff.app_connections import World
from bff.sandbox import ADMIN_TOKEN, READ_TOKEN
from bff.sandbox.accounts import State
from bff.sandbox.control_plane import create_control_plane
from bff.sandbox.faults import Faults, Rule
from bff.sandbox.gateway import create_gateway
from bff.sandbox.scenario import Scenario, catalog_folder
from bff.settings import Settings
from bff.telemetry import logs
from bff.telemetry.logs import AccessLog
from bff.telemetry.traces import Traces
from tests.harness import postgres
from tests.harness.openbao import OpenBao, running_openbao
from tests.harness.postgres import PostgresServer
from tests.harness.seeded import seeded_state

NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)
API_URL = "http://keeptrusts-api.internal:8080"
GATEWAY_URL = "http://gateway.internal:41002"
BOT = "/v1/entities/component/default/customer-support-bot"


@pytest.fixture(scope="session", autouse=True)
def state_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keep every service and command of the tests away from the databases of the person who runs them."""
    folder = tmp_path_factory.mktemp("state")
    os.environ["XDG_STATE_HOME"] = str(folder)
    return folder


class Time:
    """One clock for the service and the sandbox, which passes when the test says so."""

    def __init__(self, now: datetime = NOON) -> None:
        self.start = now
        self.passed = 0.0

    def now(self) -> datetime:
        """Wall-clock time."""
        return self.start + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        """Seconds."""
        return 1000.0 + self.passed

    def pass_(self, seconds: float) -> None:
        """Let time pass."""
        self.passed += seconds

    async def sleep(self, seconds: float) -> None:
        """Wait for nothing: retries come at once, and their waits count."""
        self.passed += seconds


class Counted(httpx.ASGITransport):
    """A transport that remembers the paths that were asked for."""

    def __init__(self, app: Any) -> None:
        super().__init__(app=app, raise_app_exceptions=False)
        self.paths: list[str] = []
        self.hosts: set[str] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Remember and pass on."""
        self.paths.append(request.url.path)
        self.hosts.add(request.headers["host"])
        return await super().handle_async_request(request)


@dataclass
class Running:
    """A running service with everything around it in a test's hands."""

    app: App
    client: httpx.AsyncClient
    state: State
    faults: Faults
    scenario: Scenario
    time: Time
    upstream: Counted
    gateway: httpx.AsyncClient
    lines: list[bytes]

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """One request."""
        return await self.client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    async def status_of(self, name: str) -> dict[str, Any]:
        """The status of a component of the example catalog."""
        reply = await self.get(f"/v1/entities/component/default/{name}/governance")
        assert reply.status_code == 200, reply.text
        document: dict[str, Any] = reply.json()
        return document

    async def refreshed(self, path: str = f"{BOT}/governance") -> httpx.Response:
        """The answer after Keeptrusts was read again."""
        self.time.pass_(31)
        return await self.get(path, cache_control="no-cache")

    def break_upstream(self, *rules: Rule) -> None:
        """Let the sandbox fail in these ways."""
        self.faults.put(*rules)


Start = Callable[..., AbstractAsyncContextManager[Running]]

# A busy machine is no failure: what takes long is measured by the bench.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.register_profile("quick", parent=hypothesis.settings.get_profile("patient"), max_examples=10)
hypothesis.settings.load_profile("patient")


_organisations = count()


FIGURE = "figure"
"""The property of a test in which its figure goes with its report, from whichever process ran it."""

_FIRST = ("e2e", "drills", "terraform", "deploy")
"""Folders whose tests take longest: they start first, so that no process is left alone with them at the end."""


_STARTS_SOMETHING = frozenset(
    {
        "catalog",
        "cli",
        "deploy",
        "drills",
        "e2e",
        "harness",
        "packaging",
        "provisioning",
        "scale",
        "security",
        "terraform",
        "vault",
    }
)
"""Folders whose tests start a server, a browser or a program."""

_NOT_EVEN_COLLECTED = _STARTS_SOMETHING | {"test_schemathesis.py"}
"""What `make unit` does not import: a schema's tests are made while they are collected, which takes seconds."""

_SERVERS = frozenset({"openbao", "postgres_server", "postgres_url"})
"""Fixtures that do so for tests in other folders; a test that chooses by a parameter names PostgreSQL in it."""


class SharedFixtures(LoadScopeScheduling):
    """Hands out a file at a time where tests run in several processes, and all that shares Backstage to one of them."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        return "backstage" if "/e2e/" in file else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> SharedFixtures:
    """Tests are handed out by what they share."""
    return SharedFixtures(config, log)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import what `make unit` leaves out."""
    left_out = config.option.markexpr.startswith("not server")
    parts = collection_path.relative_to(config.rootpath).parts if left_out else ()
    return True if not _NOT_EVEN_COLLECTED.isdisjoint(parts) else None


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what starts a server, a browser or a program."""
    if _starts_something(item):
        item.add_marker("server")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the longest folders first, then all that starts a program, then the rest, each shuffled.

    The short tests at the end keep both processes busy until the run is over.
    """
    ranks = {name: len(_FIRST) for name in _STARTS_SOMETHING} | {name: rank for rank, name in enumerate(_FIRST)}
    items.sort(key=lambda item: min((ranks[part] for part in _folders(item) if part in ranks), default=len(_FIRST) + 1))


def pytest_collection_finish() -> None:
    """Let the collector pass over what is imported and collected, all of which stays to the end."""
    gc.collect()
    gc.freeze()


def _folders(item: pytest.Item) -> tuple[str, ...]:
    return item.path.relative_to(item.config.rootpath).parts


def _starts_something(item: pytest.Item) -> bool:
    callspec = getattr(item, "callspec", None)
    return (
        not _STARTS_SOMETHING.isdisjoint(_folders(item))
        or not _SERVERS.isdisjoint(getattr(item, "fixturenames", ()))
        or (callspec is not None and "postgresql" in map(str, callspec.params.values()))
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures of all drills."""
    reports = [report for each in ("passed", "failed") for report in terminalreporter.getreports(each)]
    figures = [
        line for report in reports if report.when == "call" for name, line in report.user_properties if name == FIGURE
    ]
    if figures:
        terminalreporter.section("drills")
        for line in sorted(figures):
            terminalreporter.write_line(line)


@pytest.fixture(autouse=True)
def own_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service keeps nothing over its end unless a test gives it a database: none is made in the state folder of a user."""
    monkeypatch.setenv("BFF_DATA_DIR", ":memory:")
    monkeypatch.delenv("DATABASE_URL", raising=False)


@pytest.fixture(autouse=True)
def own_organisations() -> None:
    """Every organisation that a test starts has other ids; those of the next test may have the same."""
    global _organisations  # noqa: PLW0603 - `_running` is no fixture, and its callers need not count
    _organisations = count()


@pytest.fixture(autouse=True)
def own_logging() -> Iterator[None]:
    """The service sets the process' logging up as it starts; no test begins with what one before it left out of the logs."""
    structlog.reset_defaults()
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    yield
    root.setLevel(level)
    root.handlers[:] = handlers


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One PostgreSQL for all tests; those that stop it need not start it again."""
    with postgres.postgres_server() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The address of a database of the test's own, on a server that runs."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture(scope="session")
def openbao() -> Iterator[OpenBao]:
    """One OpenBao in development mode for all tests; each takes paths, mounts and policies of its own, and none stops it."""
    with running_openbao() as server:
        yield server


@pytest.fixture
def start() -> Start:
    """Starts a service with settings of the test's own, as an async context."""
    return _running


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    """A service in front of the example organisation at noon."""
    async with _running() as made:
        yield made


@asynccontextmanager
async def _running(
    *,
    now: datetime = NOON,
    read_token: str = READ_TOKEN,
    admin_token: str = ADMIN_TOKEN,
    catalog: Path | None = None,
    faults: Faults | None = None,
    seeded: bool = True,
    vault: httpx.AsyncBaseTransport | None = None,
    traces: Traces | None = None,
    backstage: httpx.AsyncBaseTransport | None = None,
    **settings: Any,
) -> AsyncIterator[Running]:
    logs.configure("info", final=False)
    time = Time(now)
    faults = faults or Faults()
    state, scenario = (
        seeded_state(time.now, number=next(_organisations)) if seeded else (State(time.now), Scenario({}, {}))
    )
    upstream = Counted(create_control_plane(state, read_token=read_token, admin_token=admin_token, faults=faults))
    gateway = httpx.ASGITransport(create_gateway(state, faults=faults))
    lines: list[bytes] = []
    world = World(
        clock=time.now,
        monotonic=time.monotonic,
        random=lambda: 0.5,
        sleep=time.sleep,
        control_plane=upstream,
        gateway=gateway,
        vault=vault,
        backstage=backstage,
        access=AccessLog(lines.append),
        traces=traces or Traces(),
    )
    defaults: dict[str, Any] = {
        "keeptrusts_api_url": API_URL,
        "keeptrusts_api_token": read_token,
        "keeptrusts_gateway_url": GATEWAY_URL,
        "keeptrusts_console_url": "https://console.keeptrusts.internal",
        "bff_auth": "none",
        "bff_catalog": "files",
        "bff_catalog_files": str(catalog or catalog_folder()),
        "bff_log_level": "error",
        # Reading 90 days of the examples takes ten times as long as all else that a test does: those that look at them say so.
        "bff_backfill_days": 0,
    }
    app = create_app(Settings.load(**(defaults | settings)), world, background=False)
    async with (
        app.lifespan(),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app.asgi, raise_app_exceptions=False), base_url="http://bff"
        ) as client,
        httpx.AsyncClient(transport=gateway, base_url=GATEWAY_URL) as gateway_client,
    ):
        yield Running(app, client, state, faults, scenario, time, upstream, gateway_client, lines)
