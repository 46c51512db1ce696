"""Wiring of Backstage's actions: who may ask, in whose name Backstage is read, and with which key."""

from __future__ import annotations

from collections.abc import Callable

from bff.actions.endpoints import Actions
from bff.actions.entity_access import AsPerson, EntityAccess, ForOwners
from bff.actions.governance_actions import ACTIONS
from bff.actions.own_key import KeyFromSettings, KeyInDatabase, KeySource
from bff.app_connections import Backstage, World, backstage_identity
from bff.backstage.catalog import BackstageCatalog
from bff.backstage.identity import BY_ACTIONS
from bff.secret_files import Secret
from bff.settings import Settings
from bff.store.database import Database
from bff.web.routes import Service


def open_actions(
    settings: Settings,
    world: World,
    *,
    service: Service,
    backstage: Backstage,
    catalog: BackstageCatalog,
    database: Database,
    secret: Callable[[str], Secret | None],
    refused: Callable[[str], None],
) -> Actions:
    """The actions of a service whose `BFF_ACTIONS` is on; the settings have made sure of what they need."""

    def now() -> float:
        return world.clock().timestamp()

    keys: KeySource | None = None
    access: EntityAccess = ForOwners(catalog, service.numbers)
    if settings.bff_actions_catalog == "person":
        own, store = secret("bff_signing_key"), secret("bff_store_key")
        if own is not None:
            keys = KeyFromSettings(own)
        elif store is not None:
            keys = KeyInDatabase(database, store, now=now, monotonic=world.monotonic)
        else:
            raise ValueError("the settings let neither a signing key nor a store key be left out")
        access = AsPerson(catalog, keys, now=now)
    identity = backstage_identity(settings, world, backstage, refused, accepted=BY_ACTIONS)
    return Actions(ACTIONS, service=service, identity=identity, access=access, keys=keys)
