"""The provider block's arguments: from the configuration, else from the environment, else a diagnostic that names them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr
from tf.schema import Attribute, Block, NestedBlock, NestMode, Schema
from tf.types import String
from tf.utils import Diagnostics

from terraform_provider_keeptrusts.unknown import is_unknown

DEFAULT_MOUNT = "secret"

_VARIABLES: Mapping[str, tuple[str, ...]] = {
    "api_url": ("KEEPTRUSTS_API_URL",),
    "api_key": ("KEEPTRUSTS_ADMIN_TOKEN", "KEEPTRUSTS_API_TOKEN"),
    "gateway_url": ("KEEPTRUSTS_GATEWAY_URL",),
    "vault.address": ("VAULT_ADDR",),
    "vault.token": ("VAULT_TOKEN",),
    "vault.role_id": ("VAULT_ROLE_ID",),
    "vault.secret_id": ("VAULT_SECRET_ID",),
    "vault.namespace": ("VAULT_NAMESPACE",),
    "vault.mount": ("VAULT_KV_MOUNT",),
}
_TOKEN = re.compile(r"[!-~]+")
_WORD = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class VaultArguments:
    """Where gateway keys are kept, and as whom: a token, or an AppRole's two ids."""

    address: str
    token: SecretStr | None
    role_id: str | None
    secret_id: SecretStr | None
    namespace: str | None
    mount: str


@dataclass(frozen=True, slots=True)
class Arguments:
    """Arguments in order. `vault` is None where there is none: only gateway keys need it."""

    api_url: str
    api_key: SecretStr
    gateway_url: str | None
    vault: VaultArguments | None


def provider_schema() -> Schema:
    """What may stand in `provider "keeptrusts" {}`."""
    vault = Block(
        attributes=[
            _argument("vault.address", "Address of Vault or OpenBao."),
            _argument("vault.token", "A token that may read, create and delete below `ai/` in the mount.", secret=True),
            _argument("vault.role_id", "An AppRole's role id, in place of `token`."),
            _argument("vault.secret_id", "The AppRole's secret id.", secret=True),
            _argument("vault.namespace", "Namespace, where Vault has them."),
            _argument("vault.mount", f"The KV v2 mount, `{DEFAULT_MOUNT}` unless said otherwise."),
        ],
        description="Where gateway keys are kept: Terraform's state never holds one.",
    )
    return Schema(
        version=1,
        attributes=[
            _argument("api_url", "Address of Keeptrusts' control plane."),
            _argument("api_key", "A token of the control plane that may write teams and move money.", secret=True),
            _argument(
                "gateway_url", "Address of the gateway, kept in Vault beside each key for those who read it there."
            ),
        ],
        block_types=[_Once("vault", NestMode.Single, vault)],
    )


def read_arguments(config: Mapping[str, Any], environment: Mapping[str, str], diags: Diagnostics) -> Arguments | None:
    """The arguments, or None with a diagnostic for each that is wrong or missing."""
    given = _Given(config, environment, diags)
    api_url, api_key = given.url("api_url", needed=True), given.secret("api_key", needed=True)
    gateway_url, vault = given.url("gateway_url"), given.vault()
    if diags.has_errors() or api_url is None or api_key is None:
        return None
    return Arguments(api_url, api_key, gateway_url, vault)


def _argument(name: str, description: str, *, secret: bool = False) -> Attribute:
    environment = " or ".join(f"`{variable}`" for variable in _VARIABLES[name])
    return Attribute(
        name.rpartition(".")[2],
        String(),
        f"{description} {environment} where left out.",
        optional=True,
        sensitive=secret,
    )


class _Once(NestedBlock):
    """A block that may be given once; its values are what they are."""

    def encode(self, value: Any) -> Any:
        return value

    def decode(self, value: Any) -> Any:
        return value

    def semantically_equal(self, a_decoded: Any, b_decoded: Any) -> bool:
        return bool(a_decoded == b_decoded)


class _Given:
    def __init__(self, config: Mapping[str, Any], environment: Mapping[str, str], diags: Diagnostics) -> None:
        self._config = config
        self._environment = environment
        self._diags = diags

    def text(self, name: str, *, needed: bool = False) -> str | None:
        block, _, argument = name.rpartition(".")
        values: Any = (self._config.get(block) or {}) if block else self._config
        value = values if is_unknown(values) else values.get(argument)
        if is_unknown(value):
            self._wrong(name, "is not known yet", "It depends on something that has not been made: make that first.")
            return None
        variables = _VARIABLES[name]
        text: str | None = value or next(
            (self._environment[name] for name in variables if self._environment.get(name)), None
        )
        if text is None and needed:
            self._wrong(
                name, "is missing", f"Set it in the provider block, or {' or '.join(variables)} in the environment."
            )
        return text

    def secret(self, name: str, *, needed: bool = False) -> SecretStr | None:
        value = self.text(name, needed=needed)
        if value is not None and not _TOKEN.fullmatch(value):
            self._wrong(name, "is no token", "It must be visible ASCII characters without spaces or line ends.")
            return None
        return None if value is None else SecretStr(value)

    def url(self, name: str, *, needed: bool = False) -> str | None:
        value = self.text(name, needed=needed)
        if value is not None and not _is_base_url(value):
            # The value is not repeated: an address may hold a password.
            self._wrong(
                name,
                "is no address",
                "It must be http:// or https://, a host and, if need be, a port and a path; no more.",
            )
            return None
        return None if value is None else value.rstrip("/")

    def words(self, name: str) -> str | None:
        """Words between slashes: a header's value and a part of a path that is what it says."""
        value = self.text(name)
        if value is not None and not all(map(_WORD.fullmatch, value.strip("/").split("/"))):
            self._wrong(
                name, "is not in order", f"It must be letters, digits and .-_ between slashes, not {value[:80]!r}."
            )
            return None
        return value

    def vault(self) -> VaultArguments | None:
        block = self._config.get("vault")
        address = self.url("vault.address", needed=block is not None)
        if address is None:
            return None
        # Who writes an AppRole into the block means that, whatever token lies about in the environment.
        role_named = isinstance(block, Mapping) and not block.get("token") and bool(block.get("role_id"))
        token = None if role_named else self.secret("vault.token")
        role_id, secret_id = self.text("vault.role_id"), self.secret("vault.secret_id")
        namespace, mount = self.words("vault.namespace"), self.words("vault.mount")
        if not self._diags.has_errors() and token is None and (role_id is None or secret_id is None):
            if block is None:
                # An address that lies about in the environment is no wish for keys: those that need Vault say so.
                return None
            if role_named:
                self._wrong(
                    "vault.secret_id", "is missing", "Set it beside role_id, or VAULT_SECRET_ID in the environment."
                )
            else:
                how = "Set VAULT_TOKEN, or VAULT_ROLE_ID and VAULT_SECRET_ID, in the environment, or the same in the vault block."
                self._wrong("vault.token", "is missing", how)
        return VaultArguments(address, token, role_id, secret_id, namespace, mount or DEFAULT_MOUNT)

    def _wrong(self, name: str, what: str, detail: str) -> None:
        self._diags.add_error(f"The provider's argument {name} {what}", detail, path=list(name.split(".")))


def _is_base_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port_in_order = parts.port is None or parts.port > 0
    except ValueError:
        return False
    plain = not (parts.username or parts.password or parts.query or parts.fragment)
    visible = text.isascii() and not re.search(r"[\s\\]", text)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and plain and visible and port_in_order
