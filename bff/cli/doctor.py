"""`keeptrusts-bff doctor`: tries every system that the settings name, one line each. Changes nothing in them."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import UTC, datetime

import click
from pydantic import SecretStr, ValidationError
from rich.text import Text

from bff.app_connections import keeptrusts_tls, open_database, trusting
from bff.app_provisioning import open_vault
from bff.backstage.files import scan_files
from bff.cli.bff_client import TOKEN_VARIABLE, ask
from bff.cli.doctor_backstage import examine_backstage, examine_notifications
from bff.cli.doctor_keeptrusts import Trial, Verdict, examine_control_plane, examine_gateway
from bff.cli.exits import Exit, Failure
from bff.cli.tables import console, printable
from bff.keeptrusts.client import KEEPTRUSTS, KeeptrustsClient
from bff.keeptrusts.errors import KeeptrustsError
from bff.platform.health import ControlPlaneProbe, GatewayClient
from bff.secret_files import Secret
from bff.settings import IN_MEMORY, Settings, SettingsError, secret_source
from bff.status.wire import GovernanceStatus
from bff.store.database import DatabaseUnavailableError, NewerDatabaseError
from bff.telemetry.calls import Unobserved
from bff.upstream import Upstream
from bff.values import EntityRef, EntityRefError
from bff.vault.errors import VaultError

Named = tuple[str, Trial]
"""A trial and the name of the system that it is of."""

STYLES = {Verdict.OK: "green", Verdict.WARN: "yellow", Verdict.FAIL: "bold red"}


def doctor(*, as_json: bool = False, entity_ref: str | None = None, url: str | None = None) -> None:
    """Print the trials, as lines or as a JSON list; exit with 1 when one failed.

    With the Backstage token of a person in `BFF_TOKEN`, try the way of a request with it: whether it is accepted, what the
    person may see, and `entity_ref`. With `url`, ask the running BFF at that address for `entity_ref` too.
    """
    try:
        settings = Settings.load()
        settings.require("keeptrusts_api_url", "keeptrusts_api_token")
    except SettingsError as error:
        raise Failure(str(error), Exit.SETTINGS) from None
    try:
        entity = None if entity_ref is None else EntityRef.parse(entity_ref, default_kind="component")
    except EntityRefError as error:
        raise Failure(str(error), Exit.USAGE) from None
    if url is not None and entity is None:
        raise Failure("--url needs --entity: the entity that the BFF at that address is asked for", Exit.USAGE)
    if asyncio.run(_examine(trials(settings, person=_person(), entity=entity, url=url), as_json=as_json)):
        raise click.exceptions.Exit(int(Exit.FOUND))


def _person() -> SecretStr | None:
    token = os.environ.get(TOKEN_VARIABLE)
    return SecretStr(token) if token else None


async def _examine(named: AsyncIterator[Named], *, as_json: bool) -> bool:
    """Print each trial, lines as they come; return whether one failed."""
    out, done = console(), []
    async for system, trial in named:
        done.append({"system": system, **asdict(trial)})
        if not as_json:
            line = Text.assemble(
                (f"{trial.verdict:5}", STYLES[trial.verdict]),
                f"{system:15}{trial.subject:36}",
                printable(trial.message),
            )
            out.print(line, soft_wrap=True)
    if as_json:
        click.echo(json.dumps(done, indent=2))
    return any(trial["verdict"] is Verdict.FAIL for trial in done)


async def trials(
    settings: Settings, *, person: SecretStr | None = None, entity: EntityRef | None = None, url: str | None = None
) -> AsyncIterator[Named]:
    """Every trial, with the name of the system that it is of."""
    opened: list[Upstream] = []
    tls = keeptrusts_tls(settings)

    def connect(url: str, token: Secret | None) -> Upstream:
        proxy = settings.secret("keeptrusts_proxy_url")
        upstream = Upstream(url, KEEPTRUSTS, system="doctor", token=token, tls=tls, proxy=proxy)
        opened.append(upstream)
        return upstream

    try:
        api = str(settings.keeptrusts_api_url)
        client = KeeptrustsClient(connect(api, settings.secret("keeptrusts_api_token")))
        probe = ControlPlaneProbe(connect(api, None))
        async for trial in examine_control_plane(client, probe, datetime.now(UTC)):
            yield "control plane", trial
        if settings.keeptrusts_gateway_url:
            yield "gateway", await examine_gateway(GatewayClient(connect(settings.keeptrusts_gateway_url, None)))
        else:
            yield "gateway", Trial(Verdict.WARN, "GET /health", "not tried: KEEPTRUSTS_GATEWAY_URL is not set")
        token = settings.secret("keeptrusts_admin_token")
        admin = KeeptrustsClient(connect(api, token)) if token else None
        async for named in examine_others(settings, admin, person=person, entity=entity):
            yield named
        if url is not None and entity is not None:
            yield "service", await asyncio.to_thread(_asked, url, entity)
        for trial in _secrets(settings):
            yield "settings", trial
        for trial in _missing(settings):
            yield "settings", trial
    finally:
        for upstream in opened:
            await upstream.aclose()


def _asked(url: str, ref: EntityRef) -> Trial:
    """What the running BFF at `url` answers about an entity."""
    subject = "governance, by --url"
    try:
        answer = GovernanceStatus.model_validate_json(ask(url, str(ref), "governance"))
    except Failure as failure:
        return Trial(Verdict.FAIL, subject, failure.message)
    except ValidationError:
        return Trial(Verdict.FAIL, subject, "the answer is of another version than this command")
    age = "stale" if answer.freshness.stale else "fresh"
    return Trial(Verdict.OK, subject, f"{ref}: {answer.state}, {len(answer.findings)} findings, facts {age}")


def _secrets(settings: Settings) -> list[Trial]:
    """Where each secret comes from and its fingerprint, to be compared with those that `serve` logs at its start."""
    fingerprints = settings.fingerprints()
    return [
        Trial(Verdict.OK, name, f"fingerprint {mark}, {secret_source(name)}") for name, mark in fingerprints.items()
    ]


def _missing(settings: Settings) -> list[Trial]:
    """Name what would stop `serve`. The trials do not need it, but it is the next step of a rollout."""
    try:
        settings.require_for_serving()
    except SettingsError as error:
        return [Trial(Verdict.WARN, "for `serve`", str(error))]
    return []


_PROBE = "ai/keeptrusts-bff-doctor/probe"
"""Where a key could be, and none is: it is only asked whether one might be written there."""


async def examine_others(
    settings: Settings,
    admin: KeeptrustsClient | None,
    *,
    person: SecretStr | None = None,
    entity: EntityRef | None = None,
) -> AsyncIterator[Named]:
    """Try each that is named; `admin` calls Keeptrusts with the token that may provision, where there is one.

    `person` and `entity` are as in `examine_backstage`.
    """
    if settings.bff_catalog == "files":
        for trial in _files(settings):
            yield "catalog", trial
    async for trial in examine_backstage(settings, person=person, entity=entity):
        yield "backstage", trial
    async for trial in examine_notifications(settings):
        yield "backstage", trial
    if admin is not None:
        yield "provisioning", await _admin(admin)
    async for trial in _vault(settings, wanted=admin is not None):
        yield "vault", trial
    yield "database", await _database(settings)


async def _admin(admin: KeeptrustsClient) -> Trial:
    subject = "KEEPTRUSTS_ADMIN_TOKEN"
    try:
        await admin.teams()
    except KeeptrustsError as error:
        return Trial(Verdict.FAIL, subject, f"GET /v1/teams: {error.reason}")
    return Trial(Verdict.OK, subject, "the token is accepted; what it may write is not tried")


async def _vault(settings: Settings, *, wanted: bool) -> AsyncIterator[Trial]:
    subject = "write gateway keys"
    vault = open_vault(settings, observer=Unobserved(), monotonic=time.monotonic, tls=trusting(settings))
    if vault is None:
        if wanted:
            yield Trial(Verdict.WARN, subject, "not tried: VAULT_ADDR is not set, without it no key is made")
        return
    try:
        await vault.store.require_room(_PROBE, await vault.store.entry(_PROBE))
    except VaultError as error:
        yield Trial(Verdict.FAIL, subject, str(error))
    else:
        yield Trial(Verdict.OK, subject, f"may create secrets below {settings.vault_kv_mount}/data/ai; none was made")
    finally:
        await vault.aclose()


async def _database(settings: Settings) -> Trial:
    subject = "DATABASE_URL" if settings.database_url is not None else "BFF_DATA_DIR"
    database = open_database(settings)
    try:
        await database.usable()
    except NewerDatabaseError as error:
        return Trial(Verdict.FAIL, subject, str(error))
    except DatabaseUnavailableError as error:
        missing = "no tables yet" in str(error)
        verdict = Verdict.WARN if missing else Verdict.FAIL
        return Trial(verdict, subject, "no tables yet: `serve` or `migrate` makes them" if missing else str(error))
    finally:
        await database.close()
    if database.kind == "memory" and settings.bff_data_dir != IN_MEMORY:
        return Trial(Verdict.WARN, subject, "the folder cannot be written: a restart reads all events again")
    return Trial(Verdict.OK, subject, f"{database.kind}, with tables of this release's form")


def _files(settings: Settings) -> list[Trial]:
    subject = "BFF_CATALOG_FILES"
    scan = scan_files(settings.catalog_patterns, {})
    files, entities = len(scan.files), sum(len(file.found) for file in scan.files.values())
    problems = [*scan.problems, *(problem for file in scan.files.values() for problem in file.problems)]
    verdict = Verdict.OK if entities else Verdict.FAIL
    return [
        Trial(verdict, subject, f"{entities:,} entities, files read: {files:,}"),
        *(Trial(Verdict.WARN, subject, problem) for problem in problems),
    ]
