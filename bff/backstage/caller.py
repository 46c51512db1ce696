"""Who sends a request, and why a request is refused."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import Protocol

from pydantic import SecretStr

from bff.values import EntityRef


@dataclass(frozen=True, slots=True)
class Caller:
    """One verified caller.

    `user` is the person, None only for the caller of a service without authentication. `token` is what may be forwarded
    to the Backstage catalog to see what this person sees; a scaffolder's token cannot read the catalog, so it has none.
    `via` names the Backstage plugin that calls for the person, if one does (`scaffolder`, `mcp-actions`). `key` stands
    for the caller in memory keys: it differs between any two callers and holds no secret. `userinfo_token` proves the
    person to Backstage's auth backend, which knows their groups, `permission_token` to its permission backend.
    `expires` is when what proves the caller ends, in seconds since 1970.
    """

    key: str
    user: EntityRef | None = None
    token: SecretStr | None = None
    via: str | None = None
    userinfo_token: SecretStr | None = None
    permission_token: SecretStr | None = None
    expires: float = inf


LOCAL = Caller(key="local")
"""The one caller of a service that listens on loopback only and authenticates no caller (`BFF_AUTH=none`)."""


class Refusal(StrEnum):
    """Why credentials are refused, for metrics and logs. The caller gets no more than a message."""

    MISSING = "missing"
    """There is no bearer token."""
    FORM = "form"
    """The token is of another kind than those that are accepted, or malformed."""
    KEY = "key"
    """The key is unknown, or has not signed the token."""
    AUDIENCE = "audience"
    ISSUER = "issuer"
    EXPIRED = "expired"
    """The token is not valid any more, or not yet."""


class UnauthenticatedError(Exception):
    """The request carries no acceptable credentials; the message is safe to show the caller."""

    def __init__(self, message: str, reason: Refusal = Refusal.FORM) -> None:
        super().__init__(message)
        self.reason = reason


class NoPersonError(UnauthenticatedError):
    """A Backstage plugin calls with a good token of its own, and for no person."""

    def __init__(self, reason: Refusal = Refusal.FORM) -> None:
        super().__init__("token not accepted", reason)


class IdentityUnavailableError(Exception):
    """Credentials cannot be checked now, since the keys to check them with cannot be had."""


class Identity(Protocol):
    """Finds out who asks."""

    async def caller(self, authorization: str | None) -> Caller:
        """The caller behind an `Authorization` header value (None: no header).

        Raises `UnauthenticatedError`, or `IdentityUnavailableError` when the signing keys cannot be had.
        """

    def known(self, authorization: bytes) -> Caller | None:
        """The same without waiting; None where that takes more than memory."""


class AnonymousIdentity:
    """Takes every request for the local caller's: for a service that only its own machine can reach (`BFF_AUTH=none`)."""

    async def caller(self, authorization: str | None) -> Caller:
        """The local caller, whatever the header says."""
        del authorization
        return LOCAL

    def known(self, authorization: bytes) -> Caller | None:
        """No caller: the name by which a request asks is looked at first (`LocalNames`)."""
        del authorization
        return None
