"""Wiring: from settings to an ASGI application. Nothing is decided here."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.types import ASGIApp

from bff.app_onboarding import build_provisioner, open_vault
from bff.backstage.caller import Identity
from bff.backstage.catalog import BackstageCatalog
from bff.backstage.client import DEADLINE as BACKSTAGE_DEADLINE
from bff.backstage.client import BackstageClient
from bff.backstage.files import FileCatalog
from bff.backstage.identity import AnonymousIdentity, BackstageIdentity
from bff.governance.rules import Rules
from bff.governance.wire import Links
from bff.keeptrusts.client import KeeptrustsClient
from bff.keeptrusts.gateway import ControlPlaneProbe, GatewayClient
from bff.keeptrusts.reader import FactsReader
from bff.keeptrusts.transport import Limits, Transport, http_client
from bff.onboarding.rights import People
from bff.replicas.sharing import Sharing, SharingError, sharing
from bff.resilience.breaker import BreakerState
from bff.settings import Settings, SettingsError
from bff.status.answers import Answers
from bff.status.census import Census
from bff.status.checks import Checks
from bff.status.observatory import LONGEST_WAIT, Observatory
from bff.status.platform import PlatformStatuses
from bff.status.spend import SpendReports
from bff.status.traced_reader import TracedReader
from bff.telemetry.calls import CallObserver
from bff.telemetry.logs import AccessLog
from bff.telemetry.metrics import Metrics
from bff.telemetry.otlp import TracesError, traces_from
from bff.telemetry.recent_calls import RecentCalls
from bff.telemetry.traces import Traces
from bff.web.envelope import Envelope
from bff.web.routes import routes
from bff.web.service import Service


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class World:
    """What the service takes from outside: time, chance, and how to reach other systems (None: over the network)."""

    clock: Callable[[], datetime] = _now
    monotonic: Callable[[], float] = time.monotonic
    random: Callable[[], float] = random.random
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    control_plane: httpx.AsyncBaseTransport | None = None
    gateway: httpx.AsyncBaseTransport | None = None
    backstage: httpx.AsyncBaseTransport | None = None
    vault: httpx.AsyncBaseTransport | None = None
    access: AccessLog | None = None
    limits: Limits = field(default_factory=Limits)
    """How long calls to outside systems may take; Backstage's share its `deadline`, where that is shorter than their own."""
    longest_wait: float = LONGEST_WAIT
    traces: Traces = field(default_factory=Traces)


@dataclass(slots=True)
class App:
    """The service as an ASGI application, with its parts for those who run it."""

    asgi: ASGIApp
    service: Service
    settings: Settings
    lifespan: Callable[[], contextlib.AbstractAsyncContextManager[None]]

    def drain(self) -> float:
        """Stop being ready, and say for how many seconds to go on serving."""
        self.service.draining = True
        return self.settings.bff_drain_seconds


@dataclass(slots=True)
class _Upstreams:
    """Every connection to Keeptrusts, so that they are closed together."""

    settings: Settings
    world: World
    observer: CallObserver
    opened: list[Transport] = field(default_factory=list)

    def open(self, system: str, base_url: str, *, with_token: bool, via: httpx.AsyncBaseTransport | None) -> Transport:
        return self._open(system, base_url, self.settings.keeptrusts_api_token if with_token else None, via)

    def _open(
        self, system: str, base_url: str, token: SecretStr | None, via: httpx.AsyncBaseTransport | None
    ) -> Transport:
        transport = Transport(
            http_client(base_url, transport=via),
            system=system,
            token=token,
            observer=self.observer,
            monotonic=self.world.monotonic,
            random=self.world.random,
            clock=self.world.clock,
            sleep=self.world.sleep,
            limits=self.world.limits,
            traces=self.world.traces,
        )
        self.opened.append(transport)
        return transport

    def open_admin(self, *, via: httpx.AsyncBaseTransport | None) -> Transport | None:
        """The connection that may provision, apart from the others: neither waits for the other's breaker."""
        if self.settings.keeptrusts_admin_token is None:
            return None
        return self._open(
            "keeptrusts-admin", str(self.settings.keeptrusts_api_url), self.settings.keeptrusts_admin_token, via
        )

    async def close(self) -> None:
        for transport in self.opened:
            await transport.aclose()


def create_app(
    settings: Settings, world: World | None = None, *, background: bool = True, local_provisioning: bool = False
) -> App:
    """Put the service together; without `background` facts are read only when they are asked for.

    `local_provisioning` lets the caller of a service without authentication provision: no setting turns it on, since it
    is for a stand-in of Keeptrusts in the same process alone.

    Raises `SettingsError` when a setting that serving needs is missing.
    """
    settings.require_for_serving()
    world = world or World(traces=_traces())
    metrics = Metrics()
    calls = RecentCalls(metrics, monotonic=world.monotonic)
    upstreams = _Upstreams(settings, world, calls)
    backstage = _backstage(settings, world, calls)
    identity, catalog = _callers(settings, world, backstage)
    api_url = str(settings.keeptrusts_api_url)
    control_plane = upstreams.open("keeptrusts", api_url, with_token=True, via=world.control_plane)
    reader = FactsReader(
        KeeptrustsClient(control_plane),
        timezone=settings.timezone,
        stale_limit=timedelta(seconds=settings.bff_stale_limit_seconds),
    )
    shared = _sharing(settings, world, reader, observer=calls, metrics=metrics)
    observatory = Observatory(
        TracedReader(shared.reader if shared else reader, world.traces),
        refresh=timedelta(seconds=settings.bff_refresh_seconds),
        stale_limit=timedelta(seconds=settings.bff_stale_limit_seconds),
        clock=world.clock,
        monotonic=world.monotonic,
        metrics=metrics,
        longest_wait=world.longest_wait,
        taken=shared.reader.taken if shared else lambda: None,
    )
    rules = Rules(
        timezone=settings.timezone,
        ownership_enforced=settings.bff_ownership == "enforce",
        console_url=settings.keeptrusts_console_url,
        gateway_url=settings.keeptrusts_gateway_url,
    )
    census = Census(monotonic=world.monotonic)
    service = Service(
        identity=identity,
        catalog=catalog,
        observatory=observatory,
        answers=Answers(catalog, rules=rules, metrics=metrics, census=census),
        spend=SpendReports(catalog, reader, rules=rules, longest_wait=world.longest_wait),
        platform=_platform(settings, world, upstreams),
        metrics=metrics,
        scrape=_alone(metrics),
        provisioner=None,
        checks=Checks(observatory, _breakers(control_plane, backstage), calls, clock=world.clock),
    )
    admin = upstreams.open_admin(via=world.control_plane)
    vault = open_vault(settings, observer=calls, monotonic=world.monotonic, transport=world.vault, traces=world.traces)
    if admin is not None:
        service.provisioner = build_provisioner(
            admin,
            vault,
            catalog,
            platform_groups=settings.platform_groups,
            gateway_url=settings.keeptrusts_gateway_url,
            counter=metrics,
            clock=world.clock,
            changed=observatory.expire,
            sleep=world.sleep,
            local_may=local_provisioning,
        )
    metrics.configured(refresh=settings.bff_refresh_seconds, stale_limit=settings.bff_stale_limit_seconds)
    metrics.watch_findings(census.findings, census.entities)
    metrics.watch_service(observatory.ready, lambda: service.draining)

    def lifespan() -> contextlib.AbstractAsyncContextManager[None]:
        closing = [upstreams.close, *([backstage.aclose] if backstage else []), *([vault.aclose] if vault else [])]
        closing += [shared.aclose] if shared else []
        # What is being provisioned is ended before the connections that it needs are closed.
        closing[:0] = [service.provisioner.under_way.settled] if service.provisioner else []
        keeping = [vault.keep] if vault and background else []
        return _lifespan(service, [*closing, world.traces.aclose], keeping, world if background else None)

    asgi = Starlette(
        routes=routes(service),
        lifespan=lambda _app: lifespan(),
    )
    asgi.router.redirect_slashes = False
    asgi.state.service = service
    access = world.access or AccessLog(level=settings.bff_log_level)
    envelope = Envelope(asgi, metrics=metrics, access=access, traces=world.traces, monotonic=world.monotonic)
    return App(envelope, service, settings, lifespan)


def _alone(metrics: Metrics) -> Callable[[], Awaitable[bytes]]:
    async def scrape() -> bytes:
        return metrics.exposition()

    return scrape


def _sharing(
    settings: Settings, world: World, reader: FactsReader, *, observer: CallObserver, metrics: Metrics
) -> Sharing | None:
    metrics.replica_role("alone")
    if settings.redis_url is None:
        return None
    try:
        return sharing(
            reader,
            url=settings.redis_url.get_secret_value(),
            # What these tell apart are other facts.
            organisation=f"{settings.keeptrusts_api_url} {settings.bff_timezone}",
            refresh=timedelta(seconds=settings.bff_refresh_seconds),
            keep=timedelta(seconds=settings.bff_stale_limit_seconds),
            observer=observer,
            clock=world.clock,
            monotonic=world.monotonic,
            sleep=world.sleep,
            changed=metrics.replica_role,
            traces=world.traces,
        )
    except SharingError as error:
        raise SettingsError(str(error)) from None


def _traces() -> Traces:
    try:
        return traces_from(os.environ)
    except TracesError as error:
        raise SettingsError(str(error)) from None


def _platform(settings: Settings, world: World, upstreams: _Upstreams) -> PlatformStatuses:
    probe = upstreams.open(
        "keeptrusts-readyz", str(settings.keeptrusts_api_url), with_token=False, via=world.control_plane
    )
    gateway = None
    if settings.keeptrusts_gateway_url:
        transport = upstreams.open("gateway", settings.keeptrusts_gateway_url, with_token=False, via=world.gateway)
        gateway = GatewayClient(transport)
    return PlatformStatuses(
        gateway,
        ControlPlaneProbe(probe),
        links=Links(console=settings.keeptrusts_console_url, gateway=settings.keeptrusts_gateway_url),
        refresh=timedelta(seconds=settings.bff_refresh_seconds),
        clock=world.clock,
        monotonic=world.monotonic,
    )


def _backstage(settings: Settings, world: World, observer: CallObserver) -> BackstageClient | None:
    if settings.backstage_url is None or (settings.bff_auth, settings.bff_catalog) == ("none", "files"):
        return None
    return BackstageClient(
        settings.backstage_url,
        observer=observer,
        deadline=min(world.limits.deadline, BACKSTAGE_DEADLINE),
        monotonic=world.monotonic,
        sleep=world.sleep,
        random=world.random,
        transport=world.backstage,
        traces=world.traces,
    )


def _callers(settings: Settings, world: World, backstage: BackstageClient | None) -> tuple[Identity, People]:
    """Who may ask, and which entities they see. `require_for_serving` has made sure of what this needs."""
    identity: Identity = AnonymousIdentity()
    catalog: People
    if backstage is not None and settings.bff_auth == "backstage":
        public = settings.backstage_public_url or backstage.base_url
        now = world.clock
        identity = BackstageIdentity(
            backstage, issuer=f"{public}/api/auth", now=lambda: now().timestamp(), monotonic=world.monotonic
        )
    if backstage is not None and settings.bff_catalog == "backstage":
        catalog = BackstageCatalog(backstage, service_token=settings.backstage_token, monotonic=world.monotonic)
    else:
        catalog = FileCatalog(settings.catalog_patterns, monotonic=world.monotonic)
    return identity, catalog


def _breakers(control_plane: Transport, backstage: BackstageClient | None) -> dict[str, Callable[[], BreakerState]]:
    breakers: dict[str, Callable[[], BreakerState]] = {"keeptrusts": lambda: control_plane.breaker.state}
    if backstage is not None:
        breakers["backstage"] = lambda: backstage.breaker_state
    return breakers


@contextlib.asynccontextmanager
async def _lifespan(
    service: Service,
    closing: Sequence[Callable[[], Awaitable[None]]],
    keeping: Sequence[Callable[[], Awaitable[None]]],
    world: World | None,
) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(keep()) for keep in keeping]
    if world:
        tasks.append(asyncio.ensure_future(service.observatory.run(world.sleep)))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for close in closing:
            await close()
