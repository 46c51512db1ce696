"""`keeptrusts-bff demo` and `sandbox`: everything on this machine, with a stand-in for Keeptrusts that keeps real accounts."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
import orjson
from pydantic import SecretStr

from bff.app import create_app
from bff.cli.bff_client import open_bff
from bff.cli.exits import Exit, Failure
from bff.cli.server import Server, address, listen, run
from bff.cli.status import show
from bff.keeptrusts.client import KEEPTRUSTS
from bff.keeptrusts.contract import CHAT_COMPLETIONS
from bff.keeptrusts.errors import KeeptrustsError, UpstreamUnavailableError
from bff.sandbox import ADMIN_TOKEN, READ_TOKEN
from bff.sandbox.accounts import State
from bff.sandbox.control_plane import create_control_plane
from bff.sandbox.errors import InvalidError
from bff.sandbox.faults import Faults
from bff.sandbox.gateway import create_gateway
from bff.sandbox.load import Load, LoadProfile
from bff.sandbox.scenario import Scenario, catalog_folder, seed_scenario
from bff.sandbox.traffic import Complete, trickle
from bff.settings import IN_MEMORY, Settings, SettingsError, is_loopback
from bff.status.wire import GovernanceStatus
from bff.telemetry import logs
from bff.upstream import Call, Upstream
from bff.web.envelope import LocalNames

HOST = "127.0.0.1"
REFRESH_SECONDS = 5
"""Shorter than in production, so that you see numbers move."""

GUIDE_SERVICE = "component:default/customer-support-bot"
"""The service of Keeptrusts' guide, which the demo greets with."""

GREETING_SECONDS = 5.0
"""How long the demo waits for an answer about it before it prints what to try."""

GREETING_PAUSE = 0.2


def demo(*, port: int, sandbox_port: int, gateway_port: int, traffic: bool) -> None:
    """Run the sandbox, its gateway and the BFF over the example catalog until a signal."""
    # Ports first: a port in use is reported before anything else happens.
    listener = listen(HOST, port, setting="--port")
    stand_in = StandIn.listening(sandbox_port, gateway_port, sandbox_option="--sandbox-port")
    try:
        settings = _settings(stand_in, address(listener))
        logs.configure(settings.bff_log_level)
        app = create_app(settings, local_provisioning=True)
    except SettingsError as error:
        raise Failure(str(error), Exit.SETTINGS) from None
    scenario = stand_in.seed(settings.timezone)
    server = Server(LocalNames(app.asgi), listener)
    app.service.metrics.watch_connections(server.connections, None)

    async def started() -> None:
        await greet(address(listener), stand_in, timezone=app.settings.bff_timezone)
        if traffic:
            await stand_in.trickle(scenario)

    run([server, *stand_in.servers()], started=started)
    click.echo("stopped")


def sandbox(*, port: int, gateway_port: int, traffic: bool, empty: bool, load: str | None) -> None:
    """Run the stand-in alone until a signal; `load` is a `LoadProfile` as text."""
    logs.configure("warning")
    profile = None if load is None else _load_profile(load)
    if traffic and (empty or profile is not None):
        raise Failure("--traffic needs the example teams: leave out --empty and --load", Exit.USAGE)
    timezone = _named_timezone(os.environ.get("BFF_TIMEZONE") or "UTC")
    run_id = None if profile is None else profile.run
    stand_in = StandIn.listening(port, gateway_port, sandbox_option="--port", run_id=run_id)
    if profile is not None:
        Load(stand_in.state, profile)
    scenario = None if empty or profile is not None else stand_in.seed(timezone)

    async def started() -> None:
        click.echo(f"A stand-in for Keeptrusts: control plane {stand_in.api_url}, gateway {stand_in.gateway_url}")
        click.echo(f"Tokens: {READ_TOKEN} reads, {ADMIN_TOKEN} may do everything. Ctrl-C stops it.")
        if traffic and scenario is not None:
            await stand_in.trickle(scenario)

    run(stand_in.servers(), started=started)


@dataclass(frozen=True, slots=True)
class StandIn:
    """The sandbox with its two listening sockets."""

    state: State
    faults: Faults
    control_plane: socket.socket
    gateway: socket.socket

    @classmethod
    def listening(cls, port: int, gateway_port: int, *, sandbox_option: str, run_id: str | None = None) -> StandIn:
        """An empty sandbox whose ports are taken; `run_id` goes into its ids."""
        return cls(
            State(lambda: datetime.now(UTC), run=run_id),
            Faults(),
            listen(HOST, port, setting=sandbox_option),
            listen(HOST, gateway_port, setting="--gateway-port"),
        )

    @property
    def api_url(self) -> str:
        """Address of the control plane."""
        return address(self.control_plane)

    @property
    def gateway_url(self) -> str:
        """Address of the gateway."""
        return address(self.gateway)

    def seed(self, timezone: ZoneInfo) -> Scenario:
        """Fill it with the example organisation as it stands now."""
        return seed_scenario(self.state, now=datetime.now(UTC), timezone=timezone)

    def servers(self) -> list[Server]:
        """Servers for both surfaces."""
        plane = create_control_plane(self.state, read_token=READ_TOKEN, admin_token=ADMIN_TOKEN, faults=self.faults)
        gateway = create_gateway(self.state, faults=self.faults)
        return [Server(plane, self.control_plane), Server(gateway, self.gateway)]

    async def trickle(self, scenario: Scenario) -> None:
        """Keep chat completions going until cancelled."""
        gateway = Upstream(self.gateway_url, KEEPTRUSTS, system="gateway")
        try:
            await trickle(completing(gateway), scenario, rng=random.Random())  # noqa: S311 - it picks prompts
        finally:
            await gateway.aclose()


def completing(gateway: Upstream) -> Complete:
    """Sends chat completions to the gateway that `gateway` calls."""
    call = Call("chat", "POST", CHAT_COMPLETIONS)

    async def complete(key: str, body: dict[str, Any]) -> str | None:
        try:
            await gateway.change(call, lambda _reply: None, body=orjson.dumps(body), token=SecretStr(key))
        except UpstreamUnavailableError as error:
            return error.reason if error.status is None else None
        except KeeptrustsError:
            # Blocked, or out of budget: that is a reply.
            return None
        return None

    return complete


def _load_profile(text: str) -> LoadProfile:
    try:
        return LoadProfile.from_text(text)
    except InvalidError as error:
        raise Failure(f"--load: {error}", Exit.USAGE) from None


def _named_timezone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        must = "must be an IANA time zone such as UTC or Europe/Berlin"
        raise Failure(f"BFF_TIMEZONE={name!r}: {must}", Exit.SETTINGS) from None


def demo_timezone(now: datetime) -> str:
    """UTC, but far from midnight: the first and last hours of a budget day show no pace, and there the demo lives elsewhere."""
    return "UTC" if 3 <= now.astimezone(UTC).hour < 22 else "Etc/GMT-12"


def _settings(stand_in: StandIn, bff_url: str) -> Settings:
    """Settings that need no environment; of what the environment says, log level, time zone, refresh and ownership count."""
    defaults = {
        "BFF_LOG_LEVEL": "warning",
        "BFF_REFRESH_SECONDS": str(REFRESH_SECONDS),
        "BFF_TIMEZONE": demo_timezone(datetime.now(UTC)),
    }
    return Settings.load(
        **{name.lower(): value for name, value in defaults.items() if not os.environ.get(name)},
        keeptrusts_api_url=stand_in.api_url,
        keeptrusts_api_token=READ_TOKEN,
        keeptrusts_admin_token=ADMIN_TOKEN,
        keeptrusts_gateway_url=stand_in.gateway_url,
        keeptrusts_proxy_url=None,
        **({} if _vault_is_here(os.environ.get("VAULT_ADDR", "")) else {"vault_addr": None}),
        bff_host=HOST,
        bff_port=int(bff_url.rpartition(":")[2]),
        # All on one port, and in plain HTTP, which does not leave this machine.
        bff_admin_port=None,
        bff_tls_cert_file=None,
        bff_tls_key_file=None,
        bff_auth="none",
        bff_catalog="files",
        bff_catalog_files=str(catalog_folder()),
        # The sandbox forgets everything when it ends, and so must what is known of it.
        database_url=None,
        bff_data_dir=IN_MEMORY,
    )


def _vault_is_here(address: str) -> bool:
    """Whether it is a Vault on this machine: keys of a sandbox do not belong into anybody's real one."""
    try:
        return is_loopback(urlsplit(address).hostname or "")
    except ValueError:
        return False


async def greet(url: str, stand_in: StandIn, *, timezone: str, within: float = GREETING_SECONDS) -> None:
    """Print where everything is, the status of the guide's service, and what to try.

    The status comes from the BFF at `url`. After `within` seconds without one, the rest is printed all the same.
    """
    days = (
        ""
        if timezone == "UTC"
        else f"\n  Budget days begin at midnight of {timezone}, so that enough of today has passed."
    )
    click.echo(
        f"""
AI governance in Backstage, on this machine. A sandbox stands in for Keeptrusts: its accounts are kept, its money is not real.

  BFF       {url}
  Sandbox   {stand_in.api_url} (control plane), {stand_in.gateway_url} (gateway){days}
"""
    )
    answer = await _first_status(url, within)
    if answer is None:
        click.echo(
            f"The BFF has not answered for {GUIDE_SERVICE} within {within:g} s. Ask it again with `status`, below."
        )
    else:
        show(answer)
    _suggest(url)


async def _first_status(url: str, within: float) -> GovernanceStatus | None:
    """The status of the guide's service, whole where that takes no longer than `within` seconds; None without an answer."""
    path = f"/v1/entities/{GUIDE_SERVICE.replace(':', '/')}/governance"
    answer = None
    bff = open_bff(url, seconds=within)
    try:
        async with asyncio.timeout(within):
            # The first answers can hold lower bounds, while today's events are still being read.
            while answer is None or answer.budget is None or not answer.budget.complete:
                reply = await bff.change(Call("governance", "GET", path), lambda reply: reply)
                if reply.is_success:
                    answer = GovernanceStatus.model_validate_json(reply.body)
                await asyncio.sleep(GREETING_PAUSE)
    except (TimeoutError, Failure):
        pass
    finally:
        await bff.aclose()
    return answer


def _suggest(url: str) -> None:
    command = sys.argv[0] if sys.argv[0].endswith("keeptrusts-bff") else "keeptrusts-bff"
    examples = catalog_folder() / "examples"
    if examples.is_relative_to(Path.cwd()):
        examples = examples.relative_to(Path.cwd())
    click.echo(
        f"""
Try, in another terminal:

  {command} status {GUIDE_SERVICE} --url {url}
  {command} spend {GUIDE_SERVICE} --url {url}
  curl -s {url}/v1/entities/{GUIDE_SERVICE.replace(":", "/")}/governance
  curl -s {url}/v1/gateway
  curl -s {url}/v1/teams -H 'content-type: application/json' -d '{{"name": "my-team"}}'

Every state has an entity in {examples}. Ctrl-C stops it."""
    )
