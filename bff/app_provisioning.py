"""Wiring of provisioning: with an admin token it is on, with a Vault keys can be made."""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from pydantic import SecretStr

from bff.keeptrusts.client import KeeptrustsClient
from bff.provisioning.acts import Acts
from bff.provisioning.audit import Audit
from bff.provisioning.keys import Keys
from bff.provisioning.money import Wallets
from bff.provisioning.organisation import CurrentOrganisation
from bff.provisioning.policy_file import PolicyFileError, PolicySource
from bff.provisioning.provisioner import Provisioner
from bff.provisioning.rights import People, Rights
from bff.secret_files import Secret
from bff.settings import IN_MEMORY, Settings, SettingsError
from bff.status.leader import identity_of
from bff.store.database import Database
from bff.telemetry.calls import CallObserver
from bff.telemetry.logs import AuditLogError, logger
from bff.telemetry.metrics import Metrics
from bff.telemetry.traces import Traces
from bff.upstream import HttpTransport, Upstream
from bff.vault.login import AppRole, KubernetesRole, Role, VaultLogin
from bff.vault.store import VaultStore
from bff.vault.wire import VaultWire

log = logger("provisioning")


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
    mount = settings.vault_kv_mount
    login = VaultLogin(wire, _credentials(settings, secret), mount=mount, monotonic=monotonic)
    return Vault(VaultStore(wire, login, mount=mount), login.keep, wire.aclose)


def _credentials(settings: Settings, secret: Callable[[str], Secret | None]) -> Secret | Role:
    """The one way to log in that the settings have: they have made sure that it is whole."""
    if settings.vault_role_id and (secret_id := secret("vault_secret_id")):
        return AppRole(settings.vault_role_id, secret_id)
    if settings.vault_kubernetes_role and (account := secret("vault_kubernetes_token")):
        return KubernetesRole(settings.vault_kubernetes_role, account, settings.vault_kubernetes_mount)
    token = secret("vault_token")
    assert token is not None  # noqa: S101 - as above
    return token


def open_policy(settings: Settings, counter: Metrics) -> PolicySource:
    """The provisioning policy, as its file has it now. Raises `SettingsError` for a file that cannot be used."""
    try:
        return PolicySource(settings.bff_provisioning_policy, rejected=counter.policy_rejected)
    except PolicyFileError as error:
        raise SettingsError(f"BFF_PROVISIONING_POLICY: {error}") from None


def build_provisioner(
    settings: Settings,
    admin: Upstream,
    vault: Vault | None,
    people: People,
    database: Database,
    *,
    policy: PolicySource,
    counter: Metrics,
    clock: Callable[[], datetime],
    changed: Callable[[], None],
    sleep: Callable[[float], Awaitable[None]],
    local_may: bool,
) -> Provisioner:
    """A provisioner that calls Keeptrusts by `admin`; `local_may` as for `Rights`.

    Raises `SettingsError` for an audit log that cannot be written.
    """
    client = KeeptrustsClient(admin)
    organisation = CurrentOrganisation(client)
    # Of the address alone: a token that was replaced must not make the acts of before another organisation's.
    otherwise = identity_of(str(settings.keeptrusts_api_url), SecretStr(""))
    acts = Acts(database, partial(organisation.id, otherwise=otherwise), holder=secrets.token_hex(8), clock=clock)
    try:
        audit = Audit(counter, acts, clock=clock, file=settings.bff_audit_log)
    except AuditLogError as error:
        raise SettingsError(f"BFF_AUDIT_LOG: {error}") from None
    if database.kind == "memory" and settings.bff_data_dir != IN_MEMORY:
        log.warning("acts of provisioning are kept in memory: a restart may repeat what it cannot remember")
    gateway_url = settings.keeptrusts_gateway_url
    keys = (
        Keys(client, organisation, vault.store, acts, gateway_url=gateway_url, clock=clock, sleep=sleep)
        if vault
        else None
    )
    wallets = Wallets(client, organisation, acts, zone=settings.timezone, clock=clock, sleep=sleep)
    rights = Rights(people, settings.platform_groups, local_may=local_may)
    return Provisioner(
        client, organisation, rights, audit, acts, policy, keys=keys, wallets=wallets, clock=clock, changed=changed
    )
