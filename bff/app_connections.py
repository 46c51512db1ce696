"""Wiring of what is outside: time and chance, and every connection that the service opens, from its settings."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import ssl
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from pydantic import SecretStr

from bff.backstage.caller import AnonymousIdentity, Identity
from bff.backstage.catalog import BackstageCatalog
from bff.backstage.client import DEADLINE as BACKSTAGE_DEADLINE
from bff.backstage.client import SYSTEM, BackstageClient
from bff.backstage.files import FileCatalog
from bff.backstage.permissions import SpendPermission
from bff.keeptrusts.client import KEEPTRUSTS, KeeptrustsClient
from bff.platform.health import ControlPlaneProbe, GatewayClient, PlatformStatuses
from bff.provisioning.rights import People
from bff.secret_files import Secret
from bff.settings import IN_MEMORY, Settings, SettingsError
from bff.status.leader import OrganisationReader, Timing, identity_of
from bff.status.organisation_cache import LONGEST_WAIT
from bff.status.wire import Links
from bff.store.database import Database
from bff.telemetry.calls import CallObserver
from bff.telemetry.logs import AccessLog, AuditLog, AuditLogError, logger
from bff.telemetry.metrics import Metrics
from bff.telemetry.otlp import TracesError, traces_from
from bff.telemetry.traces import Traces
from bff.tls import TlsFileError, TlsFiles, client_context
from bff.upstream import HttpTransport, Limits, Upstream

if TYPE_CHECKING:  # it brings cryptography, only for tokens
    from bff.backstage.identity import Accepted

log = logger("wiring")


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class World:
    """What the service takes from outside: time, chance, and how to reach other systems (None: over the network)."""

    clock: Callable[[], datetime] = _now
    monotonic: Callable[[], float] = time.monotonic
    random: Callable[[], float] = random.random
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    control_plane: HttpTransport | None = None
    gateway: HttpTransport | None = None
    backstage: HttpTransport | None = None
    vault: HttpTransport | None = None
    webhook: HttpTransport | None = None
    access: AccessLog | None = None
    limits: Limits = field(default_factory=Limits)
    """How long calls to outside systems may take; Backstage's share its `deadline`, where that is shorter than their own."""
    longest_wait: float = LONGEST_WAIT
    traces: Traces = field(default_factory=Traces)


@dataclass(slots=True)
class Upstreams:
    """Every connection to Keeptrusts, so that they are closed together. `secret` gives a secret by its field."""

    settings: Settings
    world: World
    observer: CallObserver
    secret: Callable[[str], Secret | None]
    opened: list[Upstream] = field(default_factory=list)
    tls: ssl.SSLContext = field(init=False)

    def __post_init__(self) -> None:
        self.tls = keeptrusts_tls(self.settings)

    def open(self, system: str, base_url: str, *, with_token: bool, via: HttpTransport | None) -> Upstream:
        """A connection that may at most read."""
        return self._open(system, base_url, self.secret("keeptrusts_api_token") if with_token else None, via)

    def _open(self, system: str, base_url: str, token: Secret | None, via: HttpTransport | None) -> Upstream:
        upstream = Upstream(
            base_url,
            KEEPTRUSTS,
            system=system,
            token=token,
            observer=self.observer,
            monotonic=self.world.monotonic,
            random=self.world.random,
            clock=self.world.clock,
            sleep=self.world.sleep,
            limits=self.world.limits,
            traces=self.world.traces,
            transport=via,
            tls=self.tls,
            proxy=self.secret("keeptrusts_proxy_url"),
        )
        self.opened.append(upstream)
        return upstream

    def open_admin(self, *, via: HttpTransport | None) -> Upstream | None:
        """The connection that may provision, apart from the others: neither waits for the other's breaker."""
        token = self.secret("keeptrusts_admin_token")
        if token is None:
            return None
        return self._open("keeptrusts-admin", str(self.settings.keeptrusts_api_url), token, via)

    async def close(self) -> None:
        """Close them all."""
        for upstream in self.opened:
            await upstream.aclose()


def watched_secrets(settings: Settings, world: World, metrics: Metrics) -> Callable[[str], Secret | None]:
    """Gives each secret of the settings by its field: one object a secret, whose reading shows in the metrics."""

    @cache
    def secret(name: str) -> Secret | None:
        found = settings.secret(name, clock=world.clock)
        if found is not None:
            metrics.watch_secret(found.name, lambda: found.read_at)
        return found

    return secret


def trusting(settings: Settings) -> ssl.SSLContext:
    """TLS as every outside system gets it: `BFF_CA_FILE` is trusted too. Raises `SettingsError`."""
    return _context(TlsFiles(settings.bff_ca_file))


def keeptrusts_tls(settings: Settings) -> ssl.SSLContext:
    """TLS as `trusting`, with the client certificate for Keeptrusts where there is one. Raises `SettingsError`."""
    return _context(
        TlsFiles(settings.bff_ca_file, settings.keeptrusts_client_cert_file, settings.keeptrusts_client_key_file)
    )


def _context(files: TlsFiles) -> ssl.SSLContext:
    try:
        return client_context(files)
    except TlsFileError as error:
        raise SettingsError(str(error)) from None


@dataclass(frozen=True, slots=True)
class Backstage:
    """The connections to Backstage's backends; those at one address share one. `base` is that of `BACKSTAGE_URL`."""

    base: BackstageClient
    auth: BackstageClient
    catalog: BackstageClient
    scaffolder: BackstageClient

    def connections(self) -> dict[str, BackstageClient]:
        """Each connection once, by the name of its system."""
        return {client.system: client for client in (self.scaffolder, self.catalog, self.auth, self.base)}

    def of(self, plugin: str) -> BackstageClient:
        """The connection to a plugin's backend."""
        return self.scaffolder if plugin == "scaffolder" else self.base

    async def aclose(self) -> None:
        """Close them all."""
        for client in self.connections().values():
            await client.aclose()


def open_backstage(settings: Settings, world: World, observer: CallObserver, tls: ssl.SSLContext) -> Backstage | None:
    """The connections to Backstage, where anything is asked of it."""
    url = settings.backstage_url
    if url is None or (settings.bff_auth, settings.bff_catalog) == ("none", "files"):
        return None
    opened: dict[str, BackstageClient] = {}

    def client(part: str, address: str | None) -> BackstageClient:
        address = address or url
        if address not in opened:
            opened[address] = BackstageClient(
                address,
                system=SYSTEM if address == url else f"{SYSTEM}-{part}",
                observer=observer,
                deadline=min(world.limits.deadline, BACKSTAGE_DEADLINE),
                monotonic=world.monotonic,
                sleep=world.sleep,
                random=world.random,
                transport=world.backstage,
                traces=world.traces,
                tls=tls,
            )
        return opened[address]

    return Backstage(
        client("", None),
        client("auth", settings.backstage_auth_url),
        client("catalog", settings.backstage_catalog_url),
        client("scaffolder", settings.backstage_scaffolder_url),
    )


def callers(
    settings: Settings,
    world: World,
    backstage: Backstage | None,
    service_token: Secret | None,
    refused: Callable[[str], None],
) -> tuple[Identity, People]:
    """Who may ask, and which entities they see; `refused` counts the others by reason.

    `require_for_serving` has made sure of what this needs.
    """
    identity: Identity = AnonymousIdentity()
    catalog: People
    if backstage is not None and settings.bff_auth == "backstage":
        identity = backstage_identity(settings, world, backstage, refused)
    if backstage is not None and settings.bff_catalog == "backstage":
        catalog = BackstageCatalog(
            backstage.catalog,
            service_token=service_token,
            group_origins=settings.group_origins,
            auth=backstage.auth,
            monotonic=world.monotonic,
        )
    else:
        catalog = FileCatalog(settings.catalog_patterns, monotonic=world.monotonic)
    return identity, catalog


def backstage_identity(
    settings: Settings,
    world: World,
    backstage: Backstage,
    refused: Callable[[str], None],
    *,
    accepted: Accepted | None = None,
) -> Identity:
    """Who verifies Backstage's tokens: those that its proxy forwards, unless others are `accepted`."""
    from bff.backstage.identity import BY_PROXY, BackstageIdentity, Refusals  # noqa: PLC0415 - it brings cryptography, only for tokens

    public = settings.backstage_public_url or backstage.auth.base_url
    clock = world.clock
    # The same, at a tenth of the cost: it is asked for each remembered token.
    now = time.time if clock is _now else lambda: clock().timestamp()
    accepted = accepted or BY_PROXY
    return BackstageIdentity(
        backstage.auth,
        plugins={plugin: backstage.of(plugin) for plugin in accepted.plugins},
        accepted=accepted,
        issuer=f"{public}/api/auth",
        refusals=Refusals(count=refused, monotonic=world.monotonic),
        now=now,
        monotonic=world.monotonic,
    )


def spend_permission(settings: Settings, world: World, backstage: Backstage | None) -> SpendPermission | None:
    """What decides on amounts beside groups; None where nothing does."""
    if settings.bff_spend_permission == "off" or backstage is None:
        return None
    return SpendPermission(backstage.base, monotonic=world.monotonic)


def platform(settings: Settings, world: World, upstreams: Upstreams) -> PlatformStatuses:
    """What watches the gateway and the control plane themselves."""
    probe = upstreams.open(
        "keeptrusts-readyz", str(settings.keeptrusts_api_url), with_token=False, via=world.control_plane
    )
    gateway = None
    if settings.keeptrusts_gateway_url:
        upstream = upstreams.open("gateway", settings.keeptrusts_gateway_url, with_token=False, via=world.gateway)
        gateway = GatewayClient(upstream)
    return PlatformStatuses(
        gateway,
        ControlPlaneProbe(probe),
        links=Links(console=settings.keeptrusts_console_url, gateway=settings.keeptrusts_gateway_url),
        refresh=timedelta(seconds=settings.bff_refresh_seconds),
        clock=world.clock,
        monotonic=world.monotonic,
    )


def open_database(
    settings: Settings, *, address: Secret | None = None, observer: CallObserver | None = None
) -> Database:
    """The database that the settings name. Raises `SettingsError`.

    `address` is the secret `DATABASE_URL` where it is watched, and `observer` as for `Database.at`.

    Where the folder of the SQLite file cannot be written, the database is in memory: answers go on, and a restart reads
    all events again.
    """
    if (address := address or settings.secret("database_url")) is not None:
        return Database.at(address, folder=None, ca_file=settings.bff_ca_file, observer=observer)
    if settings.bff_data_dir == IN_MEMORY:
        return Database.at(None, folder=None, in_memory=True)
    folder = settings.data_folder
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        log.warning(
            "database is kept in memory, since its folder cannot be written",
            setting="BFF_DATA_DIR",
            folder=str(folder),
            reason=error.strerror,
        )
        return Database.at(None, folder=None, in_memory=True)
    return Database.at(None, folder=folder)


def open_reader(
    settings: Settings,
    world: World,
    client: KeeptrustsClient,
    database: Database,
    *,
    metrics: Metrics,
    background: bool,
) -> OrganisationReader:
    """What reads the organisation, for this process or for all that share the database."""
    token = settings.keeptrusts_api_token or SecretStr("")
    return OrganisationReader(
        client,
        database,
        zone=settings.timezone,
        timing=Timing(
            refresh=timedelta(seconds=settings.bff_refresh_seconds),
            stale_limit=timedelta(seconds=settings.bff_stale_limit_seconds),
            history=timedelta(days=settings.bff_history_days),
            backfill=timedelta(days=settings.bff_backfill_days),
        ),
        identity=identity_of(str(settings.keeptrusts_api_url), token),
        holder=secrets.token_hex(8),
        clock=world.clock,
        monotonic=world.monotonic,
        changed=metrics.replica_role,
        background=background,
    )


def open_read_log(settings: Settings, world: World) -> AuditLog | None:
    """Where reads of amounts are recorded; None without `BFF_AUDIT_LOG`. Raises `SettingsError`."""
    if settings.bff_audit_log is None:
        return None
    try:
        return AuditLog(settings.bff_audit_log, clock=world.clock)
    except AuditLogError as error:
        raise SettingsError(f"BFF_AUDIT_LOG: {error}") from None


def configured_traces(tls: ssl.SSLContext | None) -> Traces:
    """Traces as OpenTelemetry's environment variables have them, sent by `tls`. Raises `SettingsError`."""
    try:
        return traces_from(os.environ, tls=tls)
    except TracesError as error:
        raise SettingsError(str(error)) from None
