"""Wiring: from settings to an ASGI application. Nothing is decided here."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from starlette import routing
from starlette.applications import Starlette
from starlette.types import ASGIApp

from bff.app_connections import (
    Backstage,
    Upstreams,
    World,
    callers,
    configured_traces,
    open_backstage,
    open_database,
    open_read_log,
    open_reader,
    platform,
    spend_permission,
    trusting,
    watched_secrets,
)
from bff.app_provisioning import build_provisioner, open_policy, open_vault
from bff.app_watch import Watch, open_watch
from bff.backstage.catalog import BackstageCatalog
from bff.backstage.client import BackstageClient
from bff.breaker import BreakerState
from bff.keeptrusts.client import KeeptrustsClient
from bff.secret_files import Secret
from bff.settings import IN_MEMORY, Settings
from bff.spend.exports import SpendExports
from bff.spend.reports import SpendReports
from bff.spend.rollups import RollUps
from bff.status.answers import Answers
from bff.status.checks import Checks
from bff.status.findings import REMEDIES, Rules
from bff.status.leader import OrganisationReader
from bff.status.numbers import NumbersAccess
from bff.status.organisation_cache import OrganisationCache
from bff.store.database import Database
from bff.telemetry.logs import AccessLog
from bff.telemetry.metrics import Metrics
from bff.telemetry.recent_calls import RecentCalls
from bff.tls import expiry
from bff.upstream import Upstream
from bff.watch.coverage_reports import CoverageReports
from bff.watch.spend_metrics import SpendMetrics
from bff.watch.watcher import Watcher
from bff.web.envelope import Envelope
from bff.web.hits import Hits, Short
from bff.web.openapi import ROUTES, rendered
from bff.web.routes import Route, Service


@dataclass(slots=True)
class App:
    """The service as an ASGI application, with its parts for those who run it."""

    asgi: ASGIApp
    admin: ASGIApp | None
    """What `BFF_ADMIN_PORT` serves: probes, health, metrics and OpenAPI. None where the first application has them."""

    short: Short | None
    """Answers hits before `asgi` is asked; None where callers are not verified, or the catalog is files."""

    service: Service
    settings: Settings
    watcher: Watcher
    lifespan: Callable[[], contextlib.AbstractAsyncContextManager[None]]

    def drain(self) -> float:
        """Stop being ready; returns for how many seconds to go on serving."""
        self.service.draining = True
        return self.settings.bff_drain_seconds


def create_app(
    settings: Settings, world: World | None = None, *, background: bool = True, local_provisioning: bool = False
) -> App:
    """Put the service together; without `background` facts are read only when they are asked for.

    `local_provisioning` lets the caller of a service without authentication provision: no setting turns it on, since it
    is for a stand-in of Keeptrusts in the same process alone.

    Raises `SettingsError` when a setting that serving needs is missing.
    """
    settings.require_for_serving()
    tls = trusting(settings)
    world = world or World(traces=configured_traces(tls if settings.bff_ca_file else None))
    metrics = Metrics()
    calls = RecentCalls(metrics, monotonic=world.monotonic)
    secret = watched_secrets(settings, world, metrics)
    upstreams = Upstreams(settings, world, calls, secret)
    backstage = open_backstage(settings, world, calls, tls)
    identity, catalog = callers(settings, world, backstage, secret("backstage_token"), metrics.refused)
    control_plane = upstreams.open(
        "keeptrusts", str(settings.keeptrusts_api_url), with_token=True, via=world.control_plane
    )
    client = KeeptrustsClient(control_plane)
    database = open_database(settings, address=secret("database_url"), observer=calls)
    reader = open_reader(settings, world, client, database, metrics=metrics, background=background)
    cache = OrganisationCache(
        reader,
        refresh=timedelta(seconds=settings.bff_refresh_seconds),
        stale_limit=timedelta(seconds=settings.bff_stale_limit_seconds),
        clock=world.clock,
        monotonic=world.monotonic,
        metrics=metrics,
        longest_wait=world.longest_wait,
        traces=world.traces,
    )
    rules = Rules(
        timezone=settings.timezone,
        ownership_enforced=settings.bff_ownership == "enforce",
        console_url=settings.keeptrusts_console_url,
        gateway_url=settings.keeptrusts_gateway_url,
        remedies={**REMEDIES, **settings.remedies},
        instance=settings.bff_instance or None,
    )
    every_viewer = settings.bff_numbers == "viewers" or settings.bff_auth == "none"
    policy = open_policy(settings, metrics)
    watch = open_watch(
        settings,
        world,
        observer=calls,
        tls=tls,
        secret=secret,
        people=catalog,
        cache=cache,
        reader=reader,
        database=database,
        rules=rules,
        every_viewer=every_viewer,
        policy=policy,
        metrics=metrics,
    )
    answers = Answers(catalog, rules=rules, metrics=metrics)
    amounts = _amounts(settings, watch, cache, reader, metrics, rules)
    service = Service(
        identity=identity,
        catalog=catalog,
        numbers=NumbersAccess(
            catalog,
            platform_groups=settings.platform_groups,
            every_viewer=every_viewer,
            permission=spend_permission(settings, world, backstage),
        ),
        cache=cache,
        answers=answers,
        spend=SpendReports(catalog, reader, rules=rules, longest_wait=world.longest_wait),
        rollups=RollUps(catalog, answers, reader, rules=rules, longest_wait=world.longest_wait),
        exports=SpendExports(catalog, reader, rules=rules, history=timedelta(days=settings.bff_history_days)),
        coverage=CoverageReports(watch.entities, reader, rules=rules, longest_wait=world.longest_wait),
        platform=platform(settings, world, upstreams),
        metrics=metrics,
        provisioner=None,
        checks=Checks(
            cache,
            reader,
            _breakers(control_plane, backstage),
            calls,
            clock=world.clock,
            database_note=_note(settings, database),
            zone=settings.timezone,
        ),
        reads=open_read_log(settings, world),
    )
    admin = upstreams.open_admin(via=world.control_plane)
    vault = open_vault(
        settings,
        observer=calls,
        monotonic=world.monotonic,
        transport=world.vault,
        traces=world.traces,
        tls=tls,
        secret=secret,
    )
    if admin is not None:
        service.provisioner = build_provisioner(
            settings,
            admin,
            vault,
            catalog,
            database,
            policy=policy,
            counter=metrics,
            clock=world.clock,
            changed=cache.expire,
            sleep=world.sleep,
            local_may=local_provisioning,
        )
    actions = _action_routes(settings, world, service, backstage, database, secret)

    def lifespan() -> contextlib.AbstractAsyncContextManager[None]:
        closing = [upstreams.close, *([backstage.aclose] if backstage else []), *([vault.aclose] if vault else [])]
        closing += [watch.aclose, reader.aclose, database.close]
        # What is being provisioned is ended before the connections that it needs are closed.
        closing[:0] = [service.provisioner.under_way.settled] if service.provisioner else []
        keeping: list[Callable[[], Awaitable[None]]] = [vault.keep] if vault and background else []
        keeping += [service.provisioner.keep] if service.provisioner and background else []
        keeping += [partial(watch.watcher.run, world.sleep)] if background else []
        keeping += [partial(metrics.watch_loop, world.monotonic, world.sleep)] if background else []
        keeping += [partial(amounts.run, world.sleep)] if amounts is not None and background else []
        return _lifespan(service, [*closing, world.traces.aclose], keeping, world if background else None)

    _report(metrics, settings, service, reader)
    access = world.access or AccessLog(level=settings.bff_log_level)
    # Made here: it takes longer than a request may.
    rendered()

    def serving(
        routes: Iterable[Route],
        lifespan: Callable[[], contextlib.AbstractAsyncContextManager[None]],
        further: Sequence[routing.Route] = (),
    ) -> ASGIApp:
        bound = [*(each.bound(service) for each in routes), *further]
        metrics.begin((each.path_format, each.methods or ()) for each in bound)
        asgi = Starlette(routes=bound, lifespan=lambda _app: lifespan())
        asgi.router.redirect_slashes = False
        return Envelope(asgi, metrics=metrics, access=access, traces=world.traces, monotonic=world.monotonic)

    short = None
    if settings.bff_auth == "backstage" and isinstance(catalog, BackstageCatalog):
        short = Hits(service, catalog, access=access, traces=world.traces, monotonic=world.monotonic).answer
    apart = [each for each in ROUTES if each.tag == "operations"] if settings.bff_admin_port is not None else []
    return App(
        serving([each for each in ROUTES if each not in apart], lifespan, actions),
        serving(apart, contextlib.nullcontext) if apart else None,
        short,
        service,
        settings,
        watch.watcher,
        lifespan,
    )


def _amounts(
    settings: Settings,
    watch: Watch,
    cache: OrganisationCache,
    reader: OrganisationReader,
    metrics: Metrics,
    rules: Rules,
) -> SpendMetrics | None:
    """What renews the amounts in the metrics; None where they are off."""
    if settings.bff_spend_metrics == "off":
        return None
    return SpendMetrics(settings.bff_spend_metrics, watch.entities, cache, reader, metrics=metrics, rules=rules)


def _report(metrics: Metrics, settings: Settings, service: Service, reader: OrganisationReader) -> None:
    """Let the metrics show what the parts of the service know of themselves."""
    cache = service.cache
    metrics.configured(
        refresh=settings.bff_refresh_seconds,
        stale_limit=settings.bff_stale_limit_seconds,
        sweep=settings.bff_watch_seconds,
    )
    metrics.watch_ledger(lambda: _read_share(cache), reader.difference, reader.is_short)
    metrics.watch_service(cache.can_answer, lambda: service.draining)
    metrics.watch_database(reader.backlog, reader.database_up)
    if (certificate := settings.keeptrusts_client_cert_file) is not None:
        metrics.watch_certificate("keeptrusts-client", partial(expiry, certificate))


def _action_routes(
    settings: Settings,
    world: World,
    service: Service,
    backstage: Backstage | None,
    database: Database,
    secret: Callable[[str], Secret | None],
) -> list[routing.Route]:
    """The routes of Backstage's actions, where `BFF_ACTIONS` is on."""
    catalog = service.catalog
    if settings.bff_actions == "off" or backstage is None or not isinstance(catalog, BackstageCatalog):
        return []
    from bff.app_actions import open_actions  # noqa: PLC0415 - it brings cryptography, only for tokens

    refused = service.metrics.refused
    return open_actions(
        settings,
        world,
        service=service,
        backstage=backstage,
        catalog=catalog,
        database=database,
        secret=secret,
        refused=refused,
    ).routes()


def _read_share(cache: OrganisationCache) -> float:
    spend = cache.snapshot.facts.spend.value if cache.snapshot is not None else None
    return spend.read_share if spend is not None else -1.0


def _note(settings: Settings, database: Database) -> str | None:
    if database.kind == "memory" and settings.bff_data_dir != IN_MEMORY:
        return "kept in memory, since its folder cannot be written: a restart reads all events again"
    return None


def _breakers(control_plane: Upstream, backstage: Backstage | None) -> dict[str, Callable[[], BreakerState]]:
    breakers: dict[str, Callable[[], BreakerState]] = {"keeptrusts": lambda: control_plane.breaker_state}
    if backstage is not None:
        breakers |= {system: _state_of(client) for system, client in backstage.connections().items()}
    return breakers


def _state_of(client: BackstageClient) -> Callable[[], BreakerState]:
    return lambda: client.breaker_state


@contextlib.asynccontextmanager
async def _lifespan(
    service: Service,
    closing: Sequence[Callable[[], Awaitable[None]]],
    keeping: Sequence[Callable[[], Awaitable[None]]],
    world: World | None,
) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(keep()) for keep in keeping]
    if world:
        tasks.append(asyncio.ensure_future(service.cache.run(world.sleep)))
    forced = False
    try:
        yield
    except asyncio.CancelledError:
        # A second signal cancels every task at once, those that give connections back too: do not wait for any.
        forced = True
        raise
    finally:
        for task in tasks:
            task.cancel()
        if not forced:
            await asyncio.gather(*tasks, return_exceptions=True)
            for close in closing:
                await close()
