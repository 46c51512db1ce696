"""Finds out who sends a request."""

from __future__ import annotations

from starlette.types import Scope

from bff.backstage.caller import Caller, Identity, UnauthenticatedError


async def caller_of(scope: Scope, identity: Identity) -> Caller:
    """The verified caller of a request. Raises `UnauthenticatedError` or `IdentityUnavailableError`."""
    return await identity.caller(_authorization(scope))


def _authorization(scope: Scope) -> str | None:
    found = [value for name, value in scope["headers"] if name == b"authorization"]
    if len(found) > 1:
        # Which of the two a proxy in front has checked cannot be known.
        raise UnauthenticatedError("more than one Authorization header")
    return found[0].decode("latin-1") if found else None
