"""How Vault is called: from a method and a path to a JSON object or one of our errors."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from typing import Any, TypeVar

import orjson
from pydantic import SecretStr

from bff.telemetry.calls import CallObserver
from bff.telemetry.traces import Traces
from bff.upstream import Call, Dialect, HttpTransport, Limits, Outcome, Reply, Token, Upstream
from bff.vault.errors import (
    VaultContractError,
    VaultDeniedError,
    VaultError,
    VaultMountError,
    VaultSealedError,
    VaultUnavailableError,
)

Read = TypeVar("Read")

SYSTEM = "vault"
LARGEST_REPLY = 256 * 1024

_SEALED = "sealed"
_NO_MOUNT = "no handler for route"
_NO_NAMESPACE = "namespace not found"


class Vault(Dialect):
    """Nothing is tried twice. 400 and 404 are replies to read: what they mean depends on what was asked."""

    connections = 4  # provisioning is rare
    largest_reply = LARGEST_REPLY

    def credentials(self, token: SecretStr) -> dict[str, str]:
        """Vault's own header."""
        return {"x-vault-token": token.get_secret_value()}

    def explains(self, status: int) -> bool:
        """Every error has Vault's words."""
        return status >= 400

    def judge(self, call: Call, reply: Reply) -> VaultError | None:
        """Distinguish causes by Vault's words, since different ones have the same status."""
        status, path = reply.status, call.path
        said = "" if reply.is_success else errors_in(_explained(reply))
        if status == 403:
            return VaultDeniedError(f"Vault does not permit {path}.")
        if status == 503 and _SEALED in said:
            return VaultSealedError("Vault is sealed: it has to be unsealed first.")
        if status >= 500 or status == 429:
            return VaultUnavailableError(f"Vault answered {status}.")
        if status == 404 and (_NO_MOUNT in said or _NO_NAMESPACE in said):
            missing = (
                f"engine at the mount of {path}." if _NO_MOUNT in said else "such namespace: check VAULT_NAMESPACE."
            )
            return VaultMountError(f"Vault has no {missing}")
        if 300 <= status < 400 or status in {401, 405}:
            return VaultContractError(f"What answers at {path} is not Vault: it answered {status}.")
        return None

    def error(self, call: Call, outcome: Outcome, reason: str, retry_after: float | None = None) -> VaultError:
        """An error without a reply."""
        del call, retry_after
        if outcome == "contract":
            return VaultContractError(f"Vault's reply cannot be used: {reason}.")
        if outcome == "timeout":
            return _TimeoutError(f"Vault gave {reason}.")
        if outcome == "refused":
            return VaultUnavailableError(f"Vault is {reason}")
        return VaultUnavailableError(f"Vault cannot be reached ({reason}).")

    def outcome(self, error: Exception) -> Outcome | None:
        """By the kind of error."""
        match error:
            case VaultDeniedError():
                return "denied"
            case _TimeoutError():
                return "timeout"
            case VaultSealedError() | VaultUnavailableError():
                return "unavailable"
            case VaultContractError():
                return "contract"
            case VaultError():
                return "rejected"
        return None


class _TimeoutError(VaultUnavailableError):
    """No answer in time."""


class VaultWire:
    """Makes calls to one Vault. `deadline` is in seconds and covers a whole call; the others are as for `Upstream`."""

    def __init__(
        self,
        address: str,
        *,
        namespace: str | None = None,
        observer: CallObserver | None = None,
        deadline: float = 5.0,
        monotonic: Callable[[], float] = time.monotonic,
        transport: HttpTransport | None = None,
        traces: Traces | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._upstream = Upstream(
            address,
            Vault(),
            system=SYSTEM,
            limits=Limits(deadline, deadline, deadline),
            observer=observer,
            traces=traces,
            monotonic=monotonic,
            headers={"x-vault-request": "true"} | ({"x-vault-namespace": namespace} if namespace else {}),
            transport=transport,
            tls=tls,
        )

    async def call(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        token: Token | None = None,
        body: object | None = None,
    ) -> tuple[int, dict[str, Any]]:
        """The status and JSON object of a reply: 2xx, 400 and 404 (what they mean depends on what was asked).

        Raises `VaultError` for every other.
        """
        return await self.call_as(as_it_is, operation, method, path, token=token, body=body)

    async def call_as(
        self,
        read: Callable[[int, dict[str, Any]], Read],
        operation: str,
        method: str,
        path: str,
        *,
        token: Token | None = None,
        body: object | None = None,
    ) -> Read:
        """As `call`, and what `read` makes of both: where it raises, the attempt counts as ended with that error."""

        def found(reply: Reply) -> Read:
            document = _object(reply.body, path) if reply.is_success else _explained(reply)
            return read(reply.status, document)

        content = None if body is None else orjson.dumps(body)
        return await self._upstream.change(Call(operation, method, path), found, body=content, token=token)

    def refused(self, operation: str) -> None:
        """Report that the credentials of a login were refused."""
        self._upstream.refused(operation)

    async def aclose(self) -> None:
        """End the calls that are being made, and close all connections."""
        await self._upstream.aclose()


def as_it_is(status: int, document: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """A reply for whom status and object are enough."""
    return status, document


def errors_in(document: dict[str, Any]) -> str:
    """Vault's own words in lower case, to tell causes apart. They can quote what was sent, so they are never passed on."""
    errors = document.get("errors")
    return " ".join(str(error) for error in errors).lower() if isinstance(errors, list) else ""


def _object(body: bytes, path: str) -> dict[str, Any]:
    if not body:
        return {}
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise VaultContractError(f"What answers at {path} is not Vault: the reply is no JSON.") from None
    if not isinstance(document, dict):
        raise VaultContractError(f"What answers at {path} is not Vault: the reply is no JSON object.")
    return document


def _explained(reply: Reply) -> dict[str, Any]:
    """A failure's JSON object; a proxy in front may answer with a page instead, of which the status says enough."""
    try:
        document = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}
