"""What is measured, and what it needs around it, as processes of their own."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from bff.backstage.own_tokens import SigningKey
from bff.sandbox import READ_TOKEN
from tests.bench.machine import CLIENT_CORE, SERVER_CORE, fetched, free_port, process, wait_for

SERVERS = Path(__file__).parent / "servers"
ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
PATH = "/v1/entities/component/default/customer-support-bot/governance"


@contextlib.contextmanager
def sandbox() -> Iterator[str]:
    """The stand-in for Keeptrusts, beside the client's core: it is idle while answers come from memory."""
    port, gateway_port = free_port(), free_port()
    with process(
        [str(BIN / "keeptrusts-bff"), "sandbox", "--port", str(port), "--gateway-port", str(gateway_port)],
        cores=CLIENT_CORE,
    ):
        wait_for(f"http://127.0.0.1:{port}/healthz")
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def bff(
    sandbox_url: str,
    *words: str,
    asked_with: dict[str, str] | None = None,
    cores: frozenset[int] = SERVER_CORE,
    **changes: str,
) -> Iterator[tuple[str, int]]:
    """This service, with `changes` to its settings; its address and process id. `asked_with` are the headers that it wants."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    settings = {
        "BFF_AUTH": "none",
        "BFF_CATALOG": "files",
        "BFF_CATALOG_FILES": str(ROOT / "catalog"),
        "BFF_PORT": str(port),
        # Nothing that an earlier run has read.
        "BFF_DATA_DIR": ":memory:",
        # Long enough that a run sees one entity tag.
        "BFF_REFRESH_SECONDS": "3600",
        "KEEPTRUSTS_API_URL": sandbox_url,
        "KEEPTRUSTS_API_TOKEN": READ_TOKEN,
        **changes,
    }
    with process([str(BIN / "keeptrusts-bff"), "serve", *words], cores=cores, **settings) as pid:
        wait_for(url + PATH, headers=asked_with)
        yield url, pid


@contextlib.contextmanager
def bff_with_callers(sandbox_url: str) -> Iterator[tuple[str, int, dict[str, str]]]:
    """This service as in production: it verifies each caller's token and sees an entity as Backstage shows it to them.

    Its address, its process id, and a caller's headers. Besides the one bot Backstage has a thousand: `bench-0` to `bench-999`.
    """
    with bff_with_many_callers(sandbox_url, 1) as (url, pid, callers):
        yield url, pid, callers[0]


@contextlib.contextmanager
def bff_with_actions(sandbox_url: str) -> Iterator[tuple[str, int, dict[str, str], dict[str, str]]]:
    """The same with Backstage's actions: its address, its process id, a caller's headers, and those of the MCP server for that caller."""
    key = SigningKey.make().pem()
    with backstage_stub(SIGNING_KEY=key) as backstage_url:
        agent = {"Authorization": f"Bearer {fetched(f'{backstage_url}/bench/action/0')}"}
        settings = {"BFF_ACTIONS": "on", "BFF_SIGNING_KEY": key}
        with _bff_of(backstage_url, sandbox_url, 1, **settings) as (url, pid, callers):
            yield url, pid, callers[0], agent


@contextlib.contextmanager
def bff_with_many_callers(sandbox_url: str, number: int) -> Iterator[tuple[str, int, list[dict[str, str]]]]:
    """The same with so many callers' headers, all of them in the group that owns everything."""
    with backstage_stub() as backstage_url, _bff_of(backstage_url, sandbox_url, number) as made:
        yield made


@contextlib.contextmanager
def _bff_of(
    backstage_url: str, sandbox_url: str, number: int, **changes: str
) -> Iterator[tuple[str, int, list[dict[str, str]]]]:
    settings = {
        "BFF_AUTH": "backstage",
        "BFF_CATALOG": "backstage",
        "BACKSTAGE_URL": backstage_url,
        "BACKSTAGE_TOKEN": fetched(f"{backstage_url}/bench/service"),
        **changes,
    }
    tokens = [fetched(f"{backstage_url}/bench/token/{each}") for each in range(number)]
    callers = [{"Authorization": f"Bearer {token}"} for token in tokens]
    with bff(sandbox_url, asked_with=callers[0], **settings) as (url, pid):
        yield url, pid, callers


@contextlib.contextmanager
def backstage_stub(**changes: str) -> Iterator[str]:
    """A stand-in for Backstage, on the client's core; `changes` are of its environment."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        str(BIN / "uvicorn"),
        "backstage_stub:app",
        "--app-dir",
        str(SERVERS),
        "--port",
        str(port),
        "--log-level",
        "warning",
    ]
    environment = {"ISSUER": f"{url}/api/auth", "PYTHONPATH": str(ROOT), **changes}
    with process(command, cores=CLIENT_CORE, **environment):
        wait_for(f"{url}/bench/service")
        yield url


@contextlib.contextmanager
def uvicorn(application: str, **environment: str) -> Iterator[tuple[str, int]]:
    """An application on uvicorn with uvloop and httptools, as ours runs."""
    port = free_port()
    command = [
        str(BIN / "uvicorn"),
        application,
        "--app-dir",
        str(SERVERS),
        "--port",
        str(port),
        "--loop",
        "uvloop",
        "--http",
        "httptools",
    ]
    with process([*command, "--no-access-log", "--no-server-header", "--log-level", "warning"], **environment) as pid:
        wait_for(f"http://127.0.0.1:{port}{PATH}")
        yield f"http://127.0.0.1:{port}", pid
