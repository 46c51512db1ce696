"""Settings: from the environment, checked once at the start, documented in docs/reference.md (a test compares the two)."""

from __future__ import annotations

import difflib
import ipaddress
import json
import os
import re
import ssl
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from bff.secret_files import Secret, SecretFileError, fingerprint, fits_a_header, read_secret
from bff.status.findings import Code
from bff.values import EntityRef, EntityRefError
from bff.wording import quoted

OWN_PREFIX = "BFF_"
OF_THE_COMMAND_LINE = frozenset({"BFF_URL", "BFF_TOKEN"})
"""Read by `status`, `spend`, `coverage`, `check` and `doctor`, not by the service."""

IN_MEMORY = Path(":memory:")
"""The value of `BFF_DATA_DIR` with which nothing is kept over a restart."""

_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]*")
_TEMPLATE = "template"
_VISIBLE = re.compile(r"[!-~]+")
_WITHOUT_FINGERPRINT = ("_url", "_kubernetes_token")
"""Ends of the names of secrets that are addresses, or that Kubernetes replaces every hour."""
_IN_HEADERS = ("keeptrusts_api_token", "keeptrusts_admin_token", "backstage_token", "vault_token")


class SettingsError(Exception):
    """A setting is missing or wrong; the message is one line that names it, and never shows a secret."""


def base_url(text: str) -> str:
    """An address that paths can follow, without a slash at its end. Raises `ValueError`."""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    else:
        usable = usable and not (parts.username or parts.password or parts.query or parts.fragment)
    if not usable or any(character.isspace() for character in text):
        raise ValueError(
            "must be an address such as https://keeptrusts-api.internal:8080, without user, query or fragment"
        )
    return text.rstrip("/")


BaseUrl = Annotated[str, AfterValidator(base_url)]


class Settings(BaseSettings):
    """The settings of the service. Every field is an environment variable of the same name in upper case."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_ignore_empty=True, hide_input_in_errors=True)

    keeptrusts_api_url: BaseUrl | None = Field(default=None, description="Address of the Keeptrusts control plane")
    keeptrusts_api_token: SecretStr | None = Field(
        default=None, description="Token that may read teams, keys, configurations, wallets and events"
    )
    keeptrusts_admin_token: SecretStr | None = Field(
        default=None, description="Token that may provision; without it provisioning is off"
    )
    keeptrusts_console_url: BaseUrl | None = Field(default=None, description="Address of the console, for links")
    keeptrusts_gateway_url: BaseUrl | None = Field(
        default=None, description="Address of the gateway, for links and its health"
    )
    keeptrusts_client_cert_file: Path | None = Field(
        default=None, description="PEM file of the client certificate for Keeptrusts, where it asks for one"
    )
    keeptrusts_client_key_file: Path | None = Field(
        default=None, description="PEM file of that certificate's private key, without a passphrase"
    )
    keeptrusts_proxy_url: SecretStr | None = Field(
        default=None,
        description="HTTP proxy on the way to Keeptrusts (control plane and gateway), such as http://user:password@proxy:3128",
    )

    backstage_url: BaseUrl | None = Field(
        default=None, description="Address at which this service reaches the Backstage backend"
    )
    backstage_public_url: BaseUrl | None = Field(
        default=None,
        description="Backstage's own `backend.baseUrl`, where it differs from the auth backend's address here: tokens name it as their issuer",
    )
    backstage_auth_url: BaseUrl | None = Field(
        default=None, description="Address of Backstage's auth backend, where it differs from `BACKSTAGE_URL`"
    )
    backstage_catalog_url: BaseUrl | None = Field(
        default=None, description="Address of Backstage's catalog backend, where it differs from `BACKSTAGE_URL`"
    )
    backstage_scaffolder_url: BaseUrl | None = Field(
        default=None, description="Address of Backstage's scaffolder backend, where it differs from `BACKSTAGE_URL`"
    )
    backstage_token: SecretStr | None = Field(
        default=None, description="Static external access token of this service, for reading groups and their members"
    )

    vault_addr: BaseUrl | None = Field(
        default=None, description="Address of Vault or OpenBao, where new gateway keys go; without it no key is made"
    )
    vault_token: SecretStr | None = Field(default=None, description="Token for Vault; or give a role")
    vault_role_id: str | None = Field(default=None, description="Role id of an AppRole in Vault, instead of a token")
    vault_secret_id: SecretStr | None = Field(default=None, description="Secret id of that AppRole")
    vault_kubernetes_role: str | None = Field(
        default=None, description="Role of Vault's Kubernetes auth method, instead of a token or an AppRole"
    )
    vault_kubernetes_token: SecretStr | None = Field(
        default=None,
        description="Service account's token for that role: give the file of a projected token, which is replaced while the service runs",
    )
    vault_kubernetes_mount: str = Field(default="kubernetes", description="Mount of that auth method")
    vault_namespace: str | None = Field(default=None, description="Vault namespace")
    vault_kv_mount: str = Field(
        default="secret", description="Mount of the KV version 2 engine; keys go to `ai/<team>/<key name>` below it"
    )

    database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL that replicas share, such as postgresql://user:password@host:5432/name; without it a SQLite file",
    )
    bff_data_dir: Path | None = Field(
        default=None,
        description="Folder of the SQLite file, or `:memory:`; by default `keeptrusts-bff` in `XDG_STATE_HOME` or `~/.local/state`",
    )
    bff_history_days: int = Field(
        default=400, ge=8, description="Days for which sums of spend and requests are kept, today included"
    )
    bff_backfill_days: int = Field(
        default=90, ge=0, le=400, description="Days before today that are read from Keeptrusts after a first start"
    )

    bff_ca_file: Path | None = Field(
        default=None,
        description="PEM file of certificate authorities that are trusted beside the public ones, by every connection that leaves the service",
    )
    bff_host: str = Field(default="127.0.0.1", description="Address to listen on")
    bff_port: int = Field(default=8787, ge=1, le=65535, description="Port to listen on")
    bff_max_connections: int = Field(
        default=1000,
        ge=1,
        le=65536,
        description="Connections that clients may hold open to `BFF_PORT`; the next gets 503",
    )
    bff_admin_port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="Port, other than `BFF_PORT`, for probes, health, metrics and OpenAPI, which that one then does not have",
    )
    bff_tls_cert_file: Path | None = Field(
        default=None,
        description="PEM file of the certificate, with its chain, that `BFF_PORT` shows; it then speaks HTTPS alone",
    )
    bff_tls_key_file: Path | None = Field(
        default=None, description="PEM file of that certificate's private key, without a passphrase"
    )
    bff_auth: Literal["backstage", "none"] = Field(
        default="backstage", description="Who may ask: callers with a Backstage token, or (on loopback only) everybody"
    )
    bff_catalog: Literal["backstage", "files"] = Field(default="backstage", description="Where entities come from")
    bff_catalog_files: str = Field(
        default="", description="Files, folders or globs of entities, separated by colons, for `BFF_CATALOG=files`"
    )
    bff_platform_groups: str = Field(
        default="",
        description="Groups that see all numbers and may provision for every team, as references separated by commas",
    )
    bff_numbers: Literal["owners", "viewers"] = Field(
        default="owners",
        description="Who sees amounts: members of the owning group and of `BFF_PLATFORM_GROUPS`, or everybody who may see the entity",
    )
    bff_group_origins: str = Field(
        default="",
        description="Where groups come from that count: prefixes of `backstage.io/managed-by-origin-location`, separated by commas; empty: anywhere",
    )
    bff_provisioning_policy: Path | None = Field(
        default=None,
        description="YAML file of what teams may do for themselves; by default 3,000 USD a month, the guide's tiers, 30 living keys",
    )
    bff_audit_log: Path | None = Field(
        default=None,
        description="File to which a JSON line is appended for each act of provisioning and each read of amounts; "
        "without it acts go to the log, and reads are not recorded",
    )
    bff_watch_seconds: float = Field(
        default=300,
        ge=1,
        le=86400,
        description="How often all entities that carry our annotations are read from the catalog, and owners notified",
    )
    bff_notify: Literal["off", "on"] = Field(
        default="off",
        description="Whether owners are notified in Backstage; `BACKSTAGE_TOKEN` then also needs access to the plugin `notifications`",
    )
    bff_notify_webhook_url: str | None = Field(
        default=None,
        description="HTTPS address to which each notification is posted as a CloudEvent, whatever `BFF_NOTIFY` says; it holds amounts",
    )
    bff_notify_webhook_secret: SecretStr | None = Field(
        default=None,
        description="Secret that signs those requests: `whsec_` and 24 to 64 random bytes in base64, as Standard Webhooks has it",
    )
    bff_spend_metrics: Literal["off", "team", "entity"] = Field(
        default="off",
        description="Amounts in `/metrics`, for all who may scrape it: none, by team, or by entity and owner",
    )
    bff_refresh_seconds: float = Field(default=30, ge=1, le=3600, description="Age at which the facts are read again")
    bff_stale_limit_seconds: float = Field(
        default=3600,
        ge=0,
        le=7 * 86400,
        description="Age up to which the last good facts are shown while Keeptrusts cannot be reached",
    )
    bff_timezone: str = Field(default="UTC", description="IANA time zone in which a budget day begins")
    bff_ownership: Literal["enforce", "off"] = Field(
        default="enforce", description="Whether numbers are withheld when a claimed key is not the owner team's"
    )
    bff_remedies: str = Field(
        default="",
        description="Templates of your own that mend findings, as a JSON object from a finding's code to the template's reference; "
        'an empty reference means none, such as {"key-expiring": "template:default/renew-key", "wallet-low": ""}',
    )
    bff_actions: Literal["off", "on"] = Field(
        default="off",
        description="Whether Backstage's actions (MCP tools and template steps) are served, at `/backstage`",
    )
    bff_actions_catalog: Literal["person", "owners"] = Field(
        default="person",
        description="How an action reads entities: as the person, by a token that this service signs, which needs `BFF_SIGNING_KEY` or "
        "`BFF_STORE_KEY`; or with the service's own token, for members of the owning group and of `BFF_PLATFORM_GROUPS` alone",
    )
    bff_signing_key: SecretStr | None = Field(
        default=None,
        description="Private key (PEM, curve P-256) with which this service signs its tokens for Backstage, the same in every replica",
    )
    bff_store_key: SecretStr | None = Field(
        default=None,
        description="Key that encrypts secrets in the database, as `openssl rand -base64 32` makes it, instead of `BFF_SIGNING_KEY`: "
        "replicas then share a signing key that one of them makes; one a line, of which the first encrypts and all decrypt",
    )
    bff_spend_permission: Literal["off", "on"] = Field(
        default="off",
        description="Whether amounts also need the permission `keeptrusts.spend.read` of Backstage's permission framework",
    )
    bff_drain_seconds: float = Field(
        default=5, ge=0, le=300, description="How long requests are still served after SIGTERM"
    )
    bff_log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe log lines to write"
    )

    _secret_files: dict[str, Path] = PrivateAttr(default_factory=dict)
    """Where secrets were read from, by field."""

    @field_validator(*_IN_HEADERS)
    @classmethod
    def _fits_a_header(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and not fits_a_header(secret):
            raise ValueError("must be visible ASCII characters without spaces, as a header can carry them")
        return secret

    @field_validator("database_url")
    @classmethod
    def _database_address(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None:
            _check_database(secret)
        return secret

    @field_validator("keeptrusts_proxy_url")
    @classmethod
    def _proxy_address(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None:
            _check_proxy(secret)
        return secret

    @field_validator("bff_notify_webhook_secret")
    @classmethod
    def _webhook_key(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None:
            _check_webhook_key(secret)
        return secret

    @field_validator("bff_notify_webhook_url")
    @classmethod
    def _webhook_address(cls, text: str | None) -> str | None:
        if text is not None and not _is_webhook(text):
            raise ValueError(
                "must be an https address such as https://hooks.example.com/keeptrusts, without user or fragment; "
                "http only to this machine"
            )
        return text

    @field_validator("bff_signing_key")
    @classmethod
    def _own_key(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None:
            _check_signing_key(secret)
        return secret

    @field_validator("bff_store_key")
    @classmethod
    def _store_keys(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None:
            _check_store_keys(secret)
        return secret

    @field_validator("bff_timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("must be an IANA time zone such as UTC or Europe/Berlin") from None
        return name

    @field_validator("bff_platform_groups")
    @classmethod
    def _group_references(cls, text: str) -> str:
        for part in _listed(text, ","):
            try:
                EntityRef.parse(part, default_kind="group")
            except EntityRefError as error:
                raise ValueError(str(error)) from None
        return text

    @field_validator("bff_group_origins")
    @classmethod
    def _origin_prefixes(cls, text: str) -> str:
        for part in _listed(text, ","):
            if not _ORIGIN.fullmatch(part):
                raise ValueError(
                    f"{part!r} must be the beginning of a location such as url:https://git.example/acme/org/"
                )
        return text

    @field_validator("bff_remedies")
    @classmethod
    def _templates_by_code(cls, text: str) -> str:
        _remedies(text)
        return text

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.bff_auth == "none" and not is_loopback(self.bff_host):
            raise ValueError(
                f"BFF_AUTH=none is refused on BFF_HOST={self.bff_host}: without authentication only loopback (127.0.0.1) may be listened on"
            )
        if self.bff_admin_port == self.bff_port:
            raise ValueError(f"BFF_ADMIN_PORT={self.bff_admin_port}: must be another port than BFF_PORT")
        if self.bff_stale_limit_seconds < self.bff_refresh_seconds:
            raise ValueError("BFF_STALE_LIMIT_SECONDS must be at least BFF_REFRESH_SECONDS")
        if (self.bff_notify_webhook_url is None) != (self.bff_notify_webhook_secret is None):
            raise ValueError(
                "BFF_NOTIFY_WEBHOOK_URL and BFF_NOTIFY_WEBHOOK_SECRET belong together: set both or neither"
            )
        self._check_vault()
        self._check_tls_files()
        if self.bff_auth == "none" and self.bff_catalog == "backstage":
            raise ValueError(
                "BFF_CATALOG=backstage needs BFF_AUTH=backstage, since an entity is read with its caller's token; or set BFF_CATALOG=files"
            )
        if self.bff_group_origins and self.bff_catalog == "files":
            raise ValueError("BFF_GROUP_ORIGINS needs BFF_CATALOG=backstage: entities in files have no origin")
        if self.bff_spend_permission == "on" and self.bff_auth == "none":
            raise ValueError("BFF_SPEND_PERMISSION=on needs BFF_AUTH=backstage: Backstage decides on people alone")
        self._check_actions()
        return self

    def _check_actions(self) -> None:
        if self.bff_signing_key is not None and self.bff_store_key is not None:
            raise ValueError(
                "BFF_SIGNING_KEY and BFF_STORE_KEY are both set, and the first is used instead of a key in the database: set one of them"
            )
        if self.bff_actions == "off":
            return
        if (self.bff_auth, self.bff_catalog) != ("backstage", "backstage"):
            raise ValueError("BFF_ACTIONS=on needs BFF_AUTH=backstage and BFF_CATALOG=backstage")
        if self.bff_actions_catalog == "person" and self.bff_signing_key is None and self.bff_store_key is None:
            raise ValueError(
                "BFF_ACTIONS=on needs BFF_SIGNING_KEY_FILE or BFF_STORE_KEY_FILE, to read entities as the person who asks; "
                "or set BFF_ACTIONS_CATALOG=owners"
            )

    def _check_vault(self) -> None:
        ways = {
            "VAULT_TOKEN": (self.vault_token,),
            "VAULT_ROLE_ID and VAULT_SECRET_ID": (self.vault_role_id, self.vault_secret_id),
            "VAULT_KUBERNETES_ROLE and VAULT_KUBERNETES_TOKEN_FILE": (
                self.vault_kubernetes_role,
                self.vault_kubernetes_token,
            ),
        }
        whole = [way for way, parts in ways.items() if all(parts)]
        if self.vault_addr and len(whole) != 1:
            found = f"there are {' as well as '.join(whole)}" if whole else "there is none of them whole"
            raise ValueError(f"VAULT_ADDR is set, which needs one of {'; '.join(ways)}: {found}")

    def _check_tls_files(self) -> None:
        certificate, key = self._pair("keeptrusts_client_cert_file", "keeptrusts_client_key_file")
        own_certificate, own_key = self._pair("bff_tls_cert_file", "bff_tls_key_file")
        if self.bff_ca_file is None and certificate is None and own_certificate is None:
            return
        # Imported here: it brings OpenSSL, which most commands that read settings do without.
        from bff.tls import TlsFileError, TlsFiles, load_own_certificate  # noqa: PLC0415

        try:
            TlsFiles(self.bff_ca_file, certificate, key).check()
            if own_certificate is not None and own_key is not None:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                load_own_certificate(context, own_certificate, own_key, ("BFF_TLS_CERT_FILE", "BFF_TLS_KEY_FILE"))
        except TlsFileError as error:
            raise ValueError(str(error)) from None

    def _pair(self, certificate: str, key: str) -> tuple[Path | None, Path | None]:
        """Two settings that belong together. Raises `ValueError` where one is set alone."""
        found = getattr(self, certificate), getattr(self, key)
        if (found[0] is None) != (found[1] is None):
            raise ValueError(f"{certificate.upper()} and {key.upper()} belong together: set both or neither")
        return found

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - neither dotenv files nor secret folders are read
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, SecretFiles(settings_cls)

    @classmethod
    def load(cls, **overrides: Any) -> Settings:
        """Read the environment; `overrides` win. Raises `SettingsError` with one line."""
        _refuse_unknown(os.environ)
        try:
            settings = cls(**overrides)
        except ValidationError as error:
            raise SettingsError(_one_line(error)) from None
        files = {name: os.environ.get(f"{name.upper()}_FILE") for name in secret_names() if name not in overrides}
        settings._secret_files = {name: Path(path) for name, path in files.items() if path}
        return settings

    def secret(self, name: str, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Secret | None:
        """A secret as its file is at each use; None where it is not set. `name` is a field."""
        value: SecretStr | None = getattr(self, name)
        if value is None:
            return None
        path = self._secret_files.get(name)
        in_header, check = name in _IN_HEADERS, _CHECKS.get(name)
        fingerprinted = not name.endswith(_WITHOUT_FINGERPRINT)
        return Secret(
            value,
            name=name.upper(),
            path=path,
            in_header=in_header,
            check=check,
            fingerprinted=fingerprinted,
            clock=clock,
        )

    def require(self, *names: str) -> None:
        """Raise `SettingsError` for the first of these settings that is not set."""
        for name in names:
            if not getattr(self, name):
                env = name.upper()
                alternative = f" (or {env}_FILE)" if name in secret_names() else ""
                raise SettingsError(f"{env}{alternative} is not set: {type(self).model_fields[name].description}")

    def require_for_serving(self) -> None:
        """Raise `SettingsError` unless everything is there that `serve` needs."""
        self.require("keeptrusts_api_url", "keeptrusts_api_token")
        if self.bff_auth == "backstage" or self.bff_catalog == "backstage":
            self.require("backstage_url")
        if self.bff_notify == "on":
            self.require("backstage_url", "backstage_token")
        if self.bff_catalog == "backstage":
            self.require("backstage_token")
        else:
            self.require("bff_catalog_files")

    def fingerprints(self) -> dict[str, str]:
        """A fingerprint of each token that is set, by setting: the same in two processes that have the same token.

        32 bits of a hash show a difference, and nothing of a token that was made by chance. Addresses with a password have
        none, since a password can be guessed and compared; nor has a service account's token, which changes every hour.
        """
        names = [name for name in secret_names() if not name.endswith(_WITHOUT_FINGERPRINT)]
        tokens = {name.upper(): getattr(self, name) for name in names}
        return {name: fingerprint(name, token) for name, token in tokens.items() if token is not None}

    @property
    def data_folder(self) -> Path:
        """Where the SQLite file lies. Raises `SettingsError` where there is neither a setting nor a home folder."""
        if self.bff_data_dir is not None:
            return self.bff_data_dir
        state = Path(os.environ.get("XDG_STATE_HOME", ""))
        # The XDG Base Directory Specification wants relative paths ignored.
        if not state.is_absolute():
            try:
                state = Path.home() / ".local" / "state"
            except RuntimeError:
                raise SettingsError("BFF_DATA_DIR is not set, and this user has no home folder") from None
        return state / "keeptrusts-bff"

    @property
    def timezone(self) -> ZoneInfo:
        """The zone in which a budget day begins."""
        return ZoneInfo(self.bff_timezone)

    @property
    def catalog_patterns(self) -> tuple[str, ...]:
        """`BFF_CATALOG_FILES`, item by item."""
        return tuple(_listed(self.bff_catalog_files, ":"))

    @property
    def group_origins(self) -> tuple[str, ...]:
        """`BFF_GROUP_ORIGINS`, item by item."""
        return tuple(_listed(self.bff_group_origins, ","))

    @property
    def platform_groups(self) -> frozenset[EntityRef]:
        """`BFF_PLATFORM_GROUPS`, item by item."""
        return frozenset(EntityRef.parse(part, default_kind="group") for part in _listed(self.bff_platform_groups, ","))

    @property
    def remedies(self) -> Mapping[Code, str]:
        """`BFF_REMEDIES`, with each reference in full; empty where a finding has no template."""
        return _remedies(self.bff_remedies)


class SecretFiles(EnvSettingsSource):
    """Reads `NAME_FILE` for every secret `NAME`, as container platforms mount secrets."""

    def __call__(self) -> dict[str, Any]:
        """The secrets found in files. Raises `SettingsError` when a file cannot be read or a secret is given twice."""
        found: dict[str, Any] = {}
        for name in secret_names():
            env = name.upper()
            path = os.environ.get(f"{env}_FILE")
            if not path:
                continue
            if os.environ.get(env):
                raise SettingsError(f"{env} and {env}_FILE are both set: set one of them")
            try:
                found[name] = read_secret(Path(path), f"{env}_FILE")
            except SecretFileError as error:
                raise SettingsError(str(error)) from None
        return found


class Documented(BaseModel):
    """One setting as a row of docs/reference.md."""

    model_config = ConfigDict(frozen=True)

    name: str
    default: str
    description: str
    secret: bool


def documented() -> list[Documented]:
    """Every setting in the order of its definition."""
    return [
        Documented(
            name=name.upper(),
            default=_plain_default(field.default),
            description=field.description or "",
            secret=name in secret_names(),
        )
        for name, field in Settings.model_fields.items()
    ]


def secret_names() -> tuple[str, ...]:
    """The fields whose values are secrets."""
    return tuple(name for name, field in Settings.model_fields.items() if field.annotation == SecretStr | None)


def secret_source(env: str) -> str:
    """Where the secret setting `env` comes from: its file with the time of the last change, or the environment."""
    path = os.environ.get(f"{env}_FILE")
    if not path:
        return "from the environment"
    try:
        changed = datetime.fromtimestamp(Path(path).stat().st_mtime, UTC)
    except OSError as error:
        return f"from {path}, which cannot be looked at: {error.strerror}"
    return f"from {path}, changed {changed:%Y-%m-%d %H:%M} UTC"


def is_loopback(host: str) -> bool:
    """Whether `host` is an address that only this machine can reach; names other than localhost are not trusted to be."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_database(address: SecretStr) -> None:
    """Raise `ValueError` unless it is an address of PostgreSQL."""
    # Imported here: a command that needs no database does not pay for its driver.
    from bff.store.database import DatabaseAddressError, check_address  # noqa: PLC0415

    try:
        check_address(address.get_secret_value())
    except DatabaseAddressError as error:
        raise ValueError(str(error)) from None


def _check_proxy(address: SecretStr) -> None:
    """Raise `ValueError` unless it is the address of an HTTP proxy."""
    if not _is_proxy(address.get_secret_value()):
        raise ValueError("must be an address such as http://user:password@proxy.internal:3128, without a path")


def _check_signing_key(key: SecretStr) -> None:
    """Raise `ValueError` unless it is a private key for signing tokens."""
    # Imported here: it brings cryptography.
    from bff.backstage.own_tokens import SigningKey  # noqa: PLC0415

    SigningKey.read(key.get_secret_value())


def _check_store_keys(keys: SecretStr) -> None:
    """Raise `ValueError` unless these are keys for encrypting secrets in the database."""
    from bff.store.sealing import Seal  # noqa: PLC0415 - as above

    Seal(keys.get_secret_value())


def _check_webhook_key(secret: SecretStr) -> None:
    """Raise `ValueError` unless webhooks can be signed by it."""
    # Imported here: most commands that read settings send no webhook.
    from bff.watch.webhook import signing_key  # noqa: PLC0415

    signing_key(secret)


def _is_webhook(text: str) -> bool:
    try:
        parts = urlsplit(text)
        usable = bool(parts.hostname) and parts.port != 0 and not (parts.username or parts.password or parts.fragment)
    except ValueError:
        return False
    secure = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    return usable and secure and bool(_VISIBLE.fullmatch(text))


_CHECKS: Mapping[str, Callable[[SecretStr], None]] = {
    "database_url": _check_database,
    "keeptrusts_proxy_url": _check_proxy,
    "bff_signing_key": _check_signing_key,
    "bff_store_key": _check_store_keys,
    "bff_notify_webhook_secret": _check_webhook_key,
}
"""What secrets of a form are checked by, at the start and whenever their files are read again."""


def _is_proxy(text: str) -> bool:
    try:
        parts = urlsplit(text)
        usable = parts.scheme == "http" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return usable and parts.path in {"", "/"} and not (parts.query or parts.fragment) and bool(_VISIBLE.fullmatch(text))


def _remedies(text: str) -> dict[Code, str]:
    """Read `BFF_REMEDIES`. Raises `ValueError` with the code or the reference that is wrong."""
    if not text:
        return {}
    try:
        templates = json.loads(text)
    except ValueError:
        templates = None
    if not isinstance(templates, dict):
        raise ValueError('must be a JSON object such as {"key-expiring": "template:default/renew-key"}')  # noqa: TRY004 - as pydantic wants it
    read: dict[Code, str] = {}
    for code, template in templates.items():
        if code not in set(Code):
            raise ValueError(f"{quoted(code)} must be the code of a finding, such as {Code.KEY_EXPIRING}")
        if not isinstance(template, str):
            raise ValueError(f"the template of {code} must be a reference as text, or empty for none")  # noqa: TRY004 - as above
        try:
            ref = EntityRef.parse(template, default_kind=_TEMPLATE) if template else None
        except EntityRefError as error:
            raise ValueError(f"the template of {code}: {error}") from None
        if ref is not None and ref.kind != _TEMPLATE:
            raise ValueError(f"the template of {code} is {quoted(template)}, which must be of the kind template")
        read[Code(code)] = "" if ref is None else str(ref)
    return read


def _listed(text: str, separator: str) -> list[str]:
    return [part.strip() for part in text.split(separator) if part.strip()]


def _plain_default(value: object) -> str:
    return "" if value is None else str(value)


def _refuse_unknown(environment: Mapping[str, str]) -> None:
    known = {name.upper() for name in Settings.model_fields}
    allowed = known | {f"{name.upper()}_FILE" for name in secret_names()} | OF_THE_COMMAND_LINE
    for name in sorted(environment):
        if name.startswith(OWN_PREFIX) and name not in allowed:
            raise SettingsError(f"{name} is not a setting{_suggestion(name, known)}")


def _suggestion(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _one_line(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    message = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        return message
    name = str(first["loc"][0])
    given = os.environ.get(name.upper())
    # An address can carry a password, in which case it was refused for that.
    shown = "" if given is None or name in secret_names() or "@" in given else f"={given!r}"
    return f"{name.upper()}{shown}: {message}"
