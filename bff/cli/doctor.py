"""`keeptrusts-bff doctor`: tries what the settings name, one line each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import click
from rich.console import Console
from rich.text import Text

from bff.app_connections import keeptrusts_tls
from bff.cli.doctor_checks import examine_neighbours
from bff.cli.doctor_keeptrusts import Trial, Verdict, examine_control_plane, examine_gateway
from bff.cli.exits import Exit, Failure
from bff.cli.tables import console, printable
from bff.keeptrusts.client import KEEPTRUSTS, KeeptrustsClient
from bff.platform.gateway import ControlPlaneProbe, GatewayClient
from bff.secret_files import Secret
from bff.settings import Settings, SettingsError
from bff.upstream import Upstream

STYLES = {Verdict.OK: "green", Verdict.WARN: "yellow", Verdict.FAIL: "bold red"}


def doctor() -> None:
    """Print the trials; exit with 1 when one failed."""
    try:
        settings = Settings.load()
        settings.require("keeptrusts_api_url", "keeptrusts_api_token")
    except SettingsError as error:
        raise Failure(str(error), Exit.SETTINGS) from None
    if asyncio.run(_examine(settings, console())):
        raise click.exceptions.Exit(int(Exit.FOUND))


async def _examine(settings: Settings, out: Console) -> bool:
    failed = False
    async for system, trial in trials(settings):
        failed = failed or trial.verdict is Verdict.FAIL
        line = Text.assemble(
            (f"{trial.verdict:5}", STYLES[trial.verdict]), f"{system:15}{trial.subject:36}", printable(trial.message)
        )
        out.print(line, soft_wrap=True)
    return failed


async def trials(settings: Settings) -> AsyncIterator[tuple[str, Trial]]:
    """Every trial, with the name of the system that it is of."""
    opened: list[Upstream] = []
    tls = keeptrusts_tls(settings)

    def connect(url: str, token: Secret | None) -> Upstream:
        proxy = settings.keeptrusts_proxy_url
        upstream = Upstream(url, KEEPTRUSTS, system="doctor", token=token, tls=tls, proxy=proxy)
        opened.append(upstream)
        return upstream

    try:
        url = str(settings.keeptrusts_api_url)
        client = KeeptrustsClient(connect(url, settings.secret("keeptrusts_api_token")))
        probe = ControlPlaneProbe(connect(url, None))
        async for trial in examine_control_plane(client, probe, datetime.now(UTC)):
            yield "control plane", trial
        if settings.keeptrusts_gateway_url:
            yield "gateway", await examine_gateway(GatewayClient(connect(settings.keeptrusts_gateway_url, None)))
        else:
            yield "gateway", Trial(Verdict.WARN, "GET /health", "not tried: KEEPTRUSTS_GATEWAY_URL is not set")
        token = settings.secret("keeptrusts_admin_token")
        async for named in examine_neighbours(settings, KeeptrustsClient(connect(url, token)) if token else None):
            yield named
        for trial in _missing(settings):
            yield "settings", trial
    finally:
        for upstream in opened:
            await upstream.aclose()


def _missing(settings: Settings) -> list[Trial]:
    """What would stop `serve`: nothing here needs it, and whoever tries a rollout step by step should hear of the next."""
    try:
        settings.require_for_serving()
    except SettingsError as error:
        return [Trial(Verdict.WARN, "for `serve`", str(error))]
    return []
