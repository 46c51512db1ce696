"""Why nothing was provisioned. Messages are for the person who asked, and for the task log that everybody reads: no secret."""

from __future__ import annotations


class ProvisioningError(Exception):
    """Base of all refusals."""


class ProvisioningOffError(ProvisioningError):
    """This service has not been given what provisioning needs."""


class RecordsUnavailableError(ProvisioningError):
    """The database that records acts cannot be used now: nothing is done that could not be recorded."""


class ForbiddenError(ProvisioningError):
    """The caller may not provision this team."""


class RuleError(ForbiddenError):
    """The caller may provision this team, and not that far.

    `rule` is the policy's name for it, `limit` how far the caller may go, `left` what of the limit is left (None where
    nothing is used up) and `ask` names those who may go further.
    """

    def __init__(self, message: str, *, rule: str, limit: str, left: str | None, ask: str) -> None:
        super().__init__(message)
        self.rule = rule
        self.limit = limit
        self.left = left
        self.ask = ask


class InvalidRequestError(ProvisioningError):
    """What was asked for does not fit; the message names the field, the value and the form expected."""


class ConflictError(ProvisioningError):
    """Something of that name is there and is not the same thing; the message says what differs."""


class BusyError(ConflictError):
    """Another act on the same team is under way, in this process or another one, or has taken this one's place."""


class NotStoredError(ProvisioningError):
    """The key could not be stored, and what became of it; `orphan` is the id of a key that could not be revoked either."""

    def __init__(self, message: str, *, orphan: str | None = None) -> None:
        super().__init__(message)
        self.orphan = orphan
