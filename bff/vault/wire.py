"""One HTTP call to Vault, from a method and a path to a JSON object or one of our errors."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from typing import Any, TypeVar

import httpx
import orjson
from pydantic import SecretStr

from bff.open_calls import OpenCalls
from bff.telemetry.calls import CallObserver, Unobserved
from bff.telemetry.traces import Traces, propagated
from bff.tls import client_context, trouble
from bff.vault.errors import (
    VaultContractError,
    VaultDeniedError,
    VaultMountError,
    VaultSealedError,
    VaultUnavailableError,
)

Read = TypeVar("Read")

SYSTEM = "vault"
LARGEST_REPLY = 256 * 1024
MOST_CONNECTIONS = 4
"""Provisioning is rare: a few connections serve it."""

_SEALED = "sealed"
_NO_MOUNT = "no handler for route"
_NO_NAMESPACE = "namespace not found"


class VaultWire:
    """Makes calls to one Vault. `deadline` is in seconds and covers a whole call; nothing is tried twice here.

    `tls` is for an https address, by default one that trusts the public authorities.
    Follows no redirect and reads no proxy from the environment: its token is for the configured address alone.
    """

    def __init__(
        self,
        address: str,
        *,
        namespace: str | None = None,
        observer: CallObserver | None = None,
        deadline: float = 5.0,
        monotonic: Callable[[], float] = time.monotonic,
        transport: httpx.AsyncBaseTransport | None = None,
        traces: Traces | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        headers = {"x-vault-request": "true", "accept-encoding": "identity", "user-agent": "keeptrusts-bff"}
        if namespace:
            headers["x-vault-namespace"] = namespace
        self._client = httpx.AsyncClient(
            base_url=address,
            headers=headers,
            limits=httpx.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=MOST_CONNECTIONS),
            timeout=None,  # noqa: S113 - the deadline below bounds the whole call
            follow_redirects=False,
            trust_env=False,
            verify=(tls or client_context()) if transport is None else True,
            transport=transport,
        )
        self._observer = observer or Unobserved()
        self._deadline = deadline
        self._monotonic = monotonic
        self._traces = traces or Traces()
        self._calls = OpenCalls()

    async def call(
        self, operation: str, method: str, path: str, *, token: SecretStr | None = None, body: object | None = None
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
        token: SecretStr | None = None,
        body: object | None = None,
    ) -> Read:
        """As `call`, and what `read` makes of both: where it raises, the attempt is told to have ended with that error."""
        started = self._monotonic()
        outcome = "unavailable"
        try:
            with self._traces.calling(SYSTEM, operation, method):
                status, document = await self._exchange(method, path, token, body)
                outcome = "rejected" if status >= 400 else "ok"
                _raise_for(status, document, path)
                return read(status, document)
        except VaultDeniedError:
            outcome = "denied"
            raise
        except VaultContractError:
            outcome = "contract"
            raise
        except (VaultSealedError, VaultUnavailableError):
            outcome = "unavailable"
            raise
        finally:
            self._observer.attempt(SYSTEM, operation, outcome, self._monotonic() - started)

    async def aclose(self) -> None:
        """End what is under way, and close all connections."""
        await self._calls.cancel()
        await self._client.aclose()

    async def _exchange(
        self, method: str, path: str, token: SecretStr | None, body: object | None
    ) -> tuple[int, dict[str, Any]]:
        headers = propagated()
        if token:
            headers["x-vault-token"] = token.get_secret_value()
        content = None
        if body is not None:
            headers["content-type"] = "application/json"
            content = orjson.dumps(body)
        try:
            with self._calls.one():
                async with (
                    asyncio.timeout(self._deadline),
                    self._client.stream(method, path, headers=headers, content=content) as response,
                ):
                    body_read = await _bounded(response)
                    if response.is_success:
                        return response.status_code, _object(body_read, path)
                    return response.status_code, _errors(body_read)
        except TimeoutError:
            raise VaultUnavailableError(f"Vault gave no answer within {self._deadline:g} s.") from None
        except (httpx.TransportError, ssl.SSLError) as error:
            # Only the kind of error is shown: its text may quote what was sent.
            raise VaultUnavailableError(
                f"Vault cannot be reached ({trouble(error) or type(error).__name__})."
            ) from None


async def _bounded(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > LARGEST_REPLY:
            raise VaultContractError(f"Vault's reply is larger than {LARGEST_REPLY} bytes.")
    return bytes(body)


def as_it_is(status: int, document: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """A reply for whom status and object are enough."""
    return status, document


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


def _errors(body: bytes) -> dict[str, Any]:
    """A failure's JSON object; a proxy in front may answer with a page instead, of which the status says enough."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}


def errors_in(document: dict[str, Any]) -> str:
    """Vault's own words in lower case, to tell causes apart. They can quote what was sent, so they are never passed on."""
    errors = document.get("errors")
    return " ".join(str(error) for error in errors).lower() if isinstance(errors, list) else ""


def _raise_for(status: int, document: dict[str, Any], path: str) -> None:
    said = errors_in(document)
    if status == 403:
        raise VaultDeniedError(f"Vault does not permit {path}.")
    if status == 503 and _SEALED in said:
        raise VaultSealedError("Vault is sealed: it has to be unsealed first.")
    if status >= 500 or status == 429:
        raise VaultUnavailableError(f"Vault answered {status}.")
    if status == 404 and _NO_MOUNT in said:
        raise VaultMountError(f"Vault has no engine at the mount of {path}.")
    if status == 404 and _NO_NAMESPACE in said:
        raise VaultMountError("Vault has no such namespace: check VAULT_NAMESPACE.")
    if 300 <= status < 400 or status in {401, 405}:
        raise VaultContractError(f"What answers at {path} is not Vault: it answered {status}.")
