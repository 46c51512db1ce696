"""Why nothing was provisioned. Messages are for the person who asked, and for the task log that everybody reads: no secret."""

from __future__ import annotations


class OnboardingError(Exception):
    """Base of all refusals."""


class ProvisioningOffError(OnboardingError):
    """This service has not been given what provisioning needs."""


class ForbiddenError(OnboardingError):
    """The caller may not provision this team."""


class InvalidRequestError(OnboardingError):
    """What was asked for does not fit; the message names the field, the value and the form expected."""


class ConflictError(OnboardingError):
    """Something of that name is there and is not the same thing; the message says what differs."""


class NotStoredError(OnboardingError):
    """The key could not be stored, and what became of it; `orphan` is the id of a key that could not be revoked either."""

    def __init__(self, message: str, *, orphan: str | None = None) -> None:
        super().__init__(message)
        self.orphan = orphan
