"""What the sandbox refuses, in the envelope that Keeptrusts documents: `{"error": {"type", "message", "code"}}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


class SandboxError(Exception):
    """A refusal; the class says status and words, the message what was wrong. No message holds a token or a key."""

    status: ClassVar[int]
    type: ClassVar[str]
    code: str
    headers: ClassVar[Mapping[str, str]] = {}

    def __init__(self, message: str, **members: str) -> None:
        super().__init__(message)
        self.members = members

    def envelope(self) -> dict[str, dict[str, str]]:
        """The reply's body."""
        return {"error": {"type": self.type, "message": str(self), "code": self.code, **self.members}}


class UnauthenticatedError(SandboxError):
    """No acceptable token or key."""

    status = 401
    type = "authentication_error"
    headers: ClassVar[Mapping[str, str]] = {"www-authenticate": "Bearer"}

    def __init__(self, message: str, *, code: str = "invalid_token") -> None:
        super().__init__(message)
        self.code = code


class ForbiddenError(SandboxError):
    """The token lacks a permission."""

    status = 403
    type = "permission_error"
    code = "missing_permission"


class NotFoundError(SandboxError):
    """Nothing has this id."""

    status = 404
    type = "not_found_error"
    code = "not_found"


class CursorExpiredError(NotFoundError):
    """The cursor was given out too long ago."""

    code = "cursor_expired"


class DuplicateError(SandboxError):
    """The name is taken."""

    status = 409
    type = "conflict_error"
    code = "already_exists"


class InUseError(SandboxError):
    """It cannot be taken away while something depends on it."""

    status = 409
    type = "conflict_error"
    code = "in_use"


class InvalidError(SandboxError):
    """The request cannot be understood or carried out as it stands."""

    status = 422
    type = "validation_error"
    code = "invalid_request"


class TooLargeError(SandboxError):
    """The body is larger than anyone needs."""

    status = 413
    type = "validation_error"
    code = "too_large"


class MediaTypeError(SandboxError):
    """The body is not declared as JSON."""

    status = 415
    type = "validation_error"
    code = "unsupported_media_type"


class PolicyViolationError(SandboxError):
    """The policy stopped a request; `policy` names the rule."""

    status = 409
    type = "policy_violation"

    def __init__(self, message: str, *, code: str, policy: str) -> None:
        super().__init__(message, policy=policy)
        self.code = code


class BudgetExceededError(SandboxError):
    """No wallet of the cascade can pay: the request is held on a cost ticket."""

    status = 402
    type = "policy_violation"
    code = "budget_exceeded"

    def __init__(self, message: str, *, cost_ticket: str) -> None:
        super().__init__(message, policy="wallet-balance", cost_ticket=cost_ticket)
