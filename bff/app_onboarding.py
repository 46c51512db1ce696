"""Wiring of provisioning: with an admin token it is on, with a Vault keys can be made."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from bff.keeptrusts.client import KeeptrustsClient
from bff.provisioning.audit import Audit, OutcomeCounter
from bff.provisioning.keys import Keys
from bff.provisioning.organisation import CurrentOrganisation
from bff.provisioning.provisioner import Provisioner
from bff.provisioning.rights import People, Rights
from bff.secret_files import Secret
from bff.settings import Settings
from bff.telemetry.calls import CallObserver
from bff.telemetry.traces import Traces
from bff.upstream import HttpTransport, Upstream
from bff.values import EntityRef
from bff.vault.login import AppRole, VaultLogin
from bff.vault.store import VaultStore
from bff.vault.wire import VaultWire


@dataclass(slots=True)
class Vault:
    """The configured Vault. `keep` renews its token until cancelled."""

    store: VaultStore
    keep: Callable[[], Awaitable[None]]
    aclose: Callable[[], Awaitable[None]]


def open_vault(
    settings: Settings,
    *,
    observer: CallObserver,
    monotonic: Callable[[], float],
    transport: HttpTransport | None = None,
    traces: Traces | None = None,
    tls: ssl.SSLContext | None = None,
    secret: Callable[[str], Secret | None] | None = None,
) -> Vault | None:
    """The Vault that the settings name; None when they name none. `secret` gives a secret by its field."""
    if settings.vault_addr is None:
        return None
    secret = secret or settings.secret
    wire = VaultWire(
        settings.vault_addr,
        namespace=settings.vault_namespace,
        observer=observer,
        monotonic=monotonic,
        transport=transport,
        traces=traces,
        tls=tls,
    )
    secret_id, token = secret("vault_secret_id"), secret("vault_token")
    if settings.vault_role_id and secret_id:
        login = VaultLogin(wire, AppRole(settings.vault_role_id, secret_id), monotonic=monotonic)
    else:
        assert token is not None  # noqa: S101 - the settings have made sure of one of the two
        login = VaultLogin(wire, token, monotonic=monotonic)
    return Vault(VaultStore(wire, login, mount=settings.vault_kv_mount), login.keep, wire.aclose)


def build_provisioner(
    admin: Upstream,
    vault: Vault | None,
    people: People,
    *,
    platform_groups: Collection[EntityRef],
    gateway_url: str | None,
    counter: OutcomeCounter,
    clock: Callable[[], datetime],
    changed: Callable[[], None],
    sleep: Callable[[float], Awaitable[None]],
    local_may: bool,
) -> Provisioner:
    """A provisioner that calls Keeptrusts by `admin`; `local_may` as for `Rights`."""
    client = KeeptrustsClient(admin)
    organisation = CurrentOrganisation(client)
    keys = Keys(client, organisation, vault.store, gateway_url=gateway_url, sleep=sleep) if vault else None
    rights = Rights(people, platform_groups, local_may=local_may)
    return Provisioner(client, organisation, rights, Audit(counter), keys=keys, clock=clock, changed=changed)
