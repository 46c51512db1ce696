"""Wiring of the watch: what it reads, whom it notifies, and how."""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from bff.app_connections import World
from bff.backstage.client import BackstageClient
from bff.backstage.files import FileCatalog
from bff.backstage.notifications import DEADLINE, Notifications
from bff.backstage.watched import BackstageWatched, WatchedCatalog
from bff.provisioning.policy_file import PolicySource
from bff.provisioning.rights import People
from bff.secret_files import Secret
from bff.settings import Settings
from bff.status.answers import FindingCounts
from bff.status.claims import GATEWAY_KEY_NAME, TEAM
from bff.status.findings import Rules
from bff.status.leader import OrganisationReader
from bff.status.organisation_cache import OrganisationCache
from bff.store.database import Database
from bff.telemetry.calls import CallObserver
from bff.telemetry.metrics import Metrics
from bff.watch.subjects import WatchedEntities
from bff.watch.sweep import GATEWAY_API, Sweep
from bff.watch.watcher import Channels, Watcher
from bff.watch.webhook import Webhook

SWEEP_DEADLINE = 30.0
"""Seconds for a page of the catalog. It has a connection of its own, so that a slow page is no failure for people's requests."""


@dataclass(slots=True)
class Watch:
    """The watch and its connections."""

    watcher: Watcher
    entities: WatchedEntities
    opened: tuple[Callable[[], Awaitable[None]], ...]

    async def aclose(self) -> None:
        """Give the lease back, and close the connections."""
        await self.watcher.aclose()
        for close in self.opened:
            await close()


def open_watch(
    settings: Settings,
    world: World,
    *,
    observer: CallObserver,
    tls: ssl.SSLContext,
    secret: Callable[[str], Secret | None],
    people: People,
    cache: OrganisationCache,
    reader: OrganisationReader,
    database: Database,
    rules: Rules,
    every_viewer: bool,
    policy: PolicySource,
    metrics: Metrics,
) -> Watch:
    """The watch that the settings describe; `people` reads groups. `require_for_serving` has made sure of what it needs."""
    opened: list[Callable[[], Awaitable[None]]] = []
    catalog: WatchedCatalog
    groups: WatchedCatalog
    if isinstance(people, FileCatalog):
        catalog = groups = people
    else:
        client = BackstageClient(
            settings.backstage_catalog_url or str(settings.backstage_url),
            system="backstage-sweep",
            observer=observer,
            deadline=min(world.limits.deadline * 3, SWEEP_DEADLINE),
            monotonic=world.monotonic,
            sleep=world.sleep,
            random=world.random,
            transport=world.backstage,
            traces=world.traces,
            tls=tls,
        )
        opened.append(client.aclose)
        token = _required(secret("backstage_token"))
        reading = partial(BackstageWatched, client, token=token, sleep=world.sleep, random=world.random)
        catalog, groups = reading(annotation=GATEWAY_KEY_NAME, apis=(GATEWAY_API,)), reading(annotation=TEAM, apis=())
    channels = _channels(settings, world, observer=observer, tls=tls, secret=secret)
    opened += [each.aclose for each in (channels.backstage, channels.webhook) if each is not None]

    async def muted() -> frozenset[str]:
        return (await policy.current()).muted

    counts = FindingCounts()
    metrics.watch_findings(counts.findings, counts.entities)
    sweep = Sweep(catalog, clock=world.clock)
    watcher = Watcher(
        catalog,
        people,
        cache,
        reader,
        database,
        sweep=sweep,
        rules=rules,
        channels=channels,
        platform_groups=settings.platform_groups,
        every_viewer=every_viewer,
        muted=muted,
        counts=counts,
        metrics=metrics,
        holder=secrets.token_hex(8),
        interval=settings.bff_watch_seconds,
        clock=world.clock,
        monotonic=world.monotonic,
    )
    oldest = timedelta(seconds=2 * settings.bff_watch_seconds)
    entities = WatchedEntities(sweep, people, groups, clock=world.clock, oldest=oldest)
    return Watch(watcher, entities, tuple(opened))


def _channels(
    settings: Settings,
    world: World,
    *,
    observer: CallObserver,
    tls: ssl.SSLContext,
    secret: Callable[[str], Secret | None],
) -> Channels:
    backstage = webhook = None
    if settings.bff_notify == "on":
        backstage = Notifications(
            str(settings.backstage_url),
            token=_required(secret("backstage_token")),
            observer=observer,
            deadline=min(world.limits.deadline * 3, DEADLINE),
            monotonic=world.monotonic,
            sleep=world.sleep,
            random=world.random,
            transport=world.backstage,
            traces=world.traces,
            tls=tls,
        )
    if settings.bff_notify_webhook_url is not None:
        webhook = Webhook(
            settings.bff_notify_webhook_url,
            secret=_required(secret("bff_notify_webhook_secret")),
            observer=observer,
            clock=world.clock,
            limits=world.limits,
            monotonic=world.monotonic,
            sleep=world.sleep,
            random=world.random,
            transport=world.webhook,
            traces=world.traces,
            tls=tls,
        )
    return Channels(backstage, webhook)


def _required(secret: Secret | None) -> Secret:
    assert secret is not None  # noqa: S101 - the settings were checked
    return secret
