"""Tries the systems beside Keeptrusts that the settings name: Backstage or the catalog's files, Vault, the database. Changes nothing in them."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

from pydantic import SecretStr

from bff.app_connections import open_database, trusting
from bff.app_onboarding import open_vault
from bff.backstage.by_refs import ByRefs
from bff.backstage.client import BackstageClient
from bff.backstage.descriptor_files import scan_files
from bff.backstage.entities import CatalogError
from bff.backstage.identity import PLUGIN_KEYS, USER_KEYS
from bff.cli.doctor_keeptrusts import Trial, Verdict
from bff.keeptrusts.client import KeeptrustsClient
from bff.keeptrusts.errors import KeeptrustsError
from bff.settings import IN_MEMORY, Settings
from bff.store.database import DatabaseUnavailableError, NewerDatabaseError
from bff.telemetry.calls import Unobserved
from bff.values import EntityRef
from bff.vault.errors import VaultError

_NOBODY = EntityRef("group", "default", "keeptrusts-bff-doctor")
_PROBE = "ai/keeptrusts-bff-doctor/probe"
"""Where a key could be, and none is: it is only asked whether one might be written there."""


Named = tuple[str, Trial]
"""A trial and the name of the system that it is of."""


async def examine_neighbours(settings: Settings, admin: KeeptrustsClient | None) -> AsyncIterator[Named]:
    """Try each that is named; `admin` calls Keeptrusts with the token that may provision, where there is one."""
    if settings.bff_catalog == "files":
        for trial in _files(settings):
            yield "catalog", trial
    async for trial in _backstage(settings):
        yield "backstage", trial
    if admin is not None:
        yield "provisioning", await _admin(admin)
    async for trial in _vault(settings, wanted=admin is not None):
        yield "vault", trial
    yield "database", await _database(settings)


async def _backstage(settings: Settings) -> AsyncIterator[Trial]:
    if settings.backstage_url is None or settings.bff_auth == "none":
        return
    backstage = BackstageClient(settings.backstage_url, tls=trusting(settings))
    try:
        yield await _signing_keys(backstage, "auth", USER_KEYS, failing=Verdict.FAIL)
        for plugin, path in PLUGIN_KEYS.items():
            # Without them nobody but that plugin is refused.
            yield await _signing_keys(backstage, plugin, path, failing=Verdict.WARN)
        if settings.bff_catalog == "backstage" and settings.backstage_token is not None:
            yield await _groups(backstage, settings.backstage_token, settings.platform_groups)
    finally:
        await backstage.aclose()


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


async def _signing_keys(backstage: BackstageClient, plugin: str, path: str, *, failing: Verdict) -> Trial:
    subject = f"signing keys of {plugin}"
    try:
        document = await backstage.get(path, operation="keys")
    except CatalogError as error:
        return Trial(failing, subject, str(error))
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list):
        return Trial(failing, subject, f"Backstage GET {path}: a reply without a list of keys")
    return Trial(Verdict.OK, subject, f"{len(keys):,} {'key' if len(keys) == 1 else 'keys'}")


async def _groups(backstage: BackstageClient, token: SecretStr, wanted: frozenset[EntityRef]) -> Trial:
    subject = "groups, by BACKSTAGE_TOKEN"
    try:
        found = await ByRefs(backstage, operation="groups").read("doctor", token, wanted or {_NOBODY})
    except CatalogError as error:
        return Trial(Verdict.FAIL, subject, str(error))
    absent = sorted(str(ref) for ref in wanted if found[ref] is None)
    if absent:
        return Trial(Verdict.WARN, subject, f"of BFF_PLATFORM_GROUPS not there, or not readable: {', '.join(absent)}")
    return Trial(Verdict.OK, subject, "the token is accepted")
