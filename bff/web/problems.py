"""Problem details for HTTP APIs (RFC 9457): every answer that is not a success has this form.

Each outside trouble has exactly one problem type, so that a client can tell causes apart without reading sentences.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from math import ceil

import orjson
from starlette.exceptions import HTTPException
from starlette.responses import Response

from bff.backstage.caller import IdentityUnavailableError, UnauthenticatedError
from bff.backstage.entities import (
    CatalogContractError,
    CatalogDeniedError,
    CatalogUnavailableError,
    NoMembersError,
    ServiceDeniedError,
)
from bff.keeptrusts.errors import KeeptrustsError, UpstreamDeniedError, UpstreamRejectedError, UpstreamUnavailableError
from bff.provisioning.errors import (
    ConflictError,
    ForbiddenError,
    InvalidRequestError,
    NotStoredError,
    ProvisioningError,
    ProvisioningOffError,
    RecordsUnavailableError,
    RuleError,
)
from bff.spend.exports import AmountsWithheldError, NothingToExportError
from bff.status.organisation_cache import FactsUnavailableError
from bff.values import EntityRefError
from bff.vault.errors import (
    VaultConflictError,
    VaultDeniedError,
    VaultError,
    VaultSealedError,
    VaultUnavailableError,
)

MEDIA_TYPE = "application/problem+json"
URN = "urn:keeptrusts-bff:"
_CHALLENGE = {"www-authenticate": 'Bearer realm="keeptrusts-bff"'}


class ProblemType(Enum):
    """Every kind of problem: its slug, status and title."""

    MALFORMED = ("malformed", 400, "The request cannot be read")
    INVALID_ENTITY_REF = ("invalid-entity-ref", 400, "Not an entity reference")
    UNAUTHENTICATED = ("unauthenticated", 401, "Sign in first")
    FORBIDDEN = ("forbidden", 403, "Not permitted")
    NOT_FOUND = ("not-found", 404, "Nothing is here for you")
    NO_SPEND = ("no-spend", 404, "There is no spend that this could be a file of")
    METHOD_NOT_ALLOWED = ("method-not-allowed", 405, "This method has no meaning here")
    TOO_SLOW = ("too-slow", 408, "The body takes too long")
    CONFLICT = ("conflict", 409, "Something else of that name is there")
    TOO_LARGE = ("too-large", 413, "The body is too large")
    UNSUPPORTED_MEDIA_TYPE = ("unsupported-media-type", 415, "The body must be JSON")
    INVALID = ("invalid", 422, "The request does not fit")
    TOO_MANY_REQUESTS = ("too-many-requests", 429, "Too much at once")
    INTERNAL = ("internal", 500, "Something is wrong in this service")
    UPSTREAM_CONTRACT = ("upstream-contract", 502, "Keeptrusts answered in an unknown form")
    UPSTREAM_DENIED = ("upstream-denied", 502, "Keeptrusts does not permit this service to do that")
    UPSTREAM_REJECTED = ("upstream-rejected", 502, "Keeptrusts refuses this")
    VAULT_DENIED = ("vault-denied", 502, "Vault does not permit this service to do that")
    VAULT_CONTRACT = ("vault-contract", 502, "Vault answered in an unknown form")
    NOT_STORED = ("not-stored", 502, "The gateway key could not be stored")
    CATALOG_CONTRACT = ("catalog-contract", 502, "The Backstage catalog answered in an unknown form")
    IDENTITY_UNAVAILABLE = ("identity-unavailable", 503, "Callers cannot be verified now")
    CATALOG_UNAVAILABLE = ("catalog-unavailable", 503, "The Backstage catalog cannot be reached")
    UPSTREAM_UNAVAILABLE = ("upstream-unavailable", 503, "Keeptrusts cannot be reached")
    RECORDS_UNAVAILABLE = ("records-unavailable", 503, "What is done cannot be recorded now")
    PROVISIONING_OFF = ("provisioning-off", 503, "Provisioning is off")
    VAULT_SEALED = ("vault-sealed", 503, "Vault is sealed")
    VAULT_UNAVAILABLE = ("vault-unavailable", 503, "Vault cannot be reached")
    STARTING = ("starting", 503, "This instance has just started")
    DRAINING = ("draining", 503, "This instance is about to stop")

    def __init__(self, slug: str, status: int, title: str) -> None:
        self.slug = slug
        self.status = status
        self.title = title

    @property
    def uri(self) -> str:
        """The problem's `type` member."""
        return URN + self.slug


class ProblemError(Exception):
    """Ends a request with a problem; `detail` and `members` are shown to the caller.

    `status` differs from the kind's own only where HTTP says so. `members` are further ones of the problem's document.
    """

    def __init__(
        self,
        kind: ProblemType,
        detail: str | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        status: int | None = None,
        members: Mapping[str, str | None] | None = None,
    ) -> None:
        super().__init__(kind.slug)
        self.kind = kind
        self.detail = detail
        self.headers = headers
        self.status = status or kind.status
        self.members = members or {}

    def document(self, request_id: str | None = None) -> dict[str, object]:
        """The JSON object; members without a value are left out."""
        members = {
            "type": self.kind.uri,
            "title": self.kind.title,
            "status": self.status,
            "detail": self.detail,
            "instance": f"urn:request:{request_id}" if request_id else None,
            **self.members,
        }
        return {name: value for name, value in members.items() if value is not None}


def problem_of(error: Exception) -> ProblemError:  # noqa: C901, PLR0911, PLR0912 - a table of errors, one line each
    """The problem that `error` is to a caller; what is not known here is our own fault and says nothing more."""
    match error:
        case ProblemError():
            return error
        case EntityRefError():
            return ProblemError(ProblemType.INVALID_ENTITY_REF, str(error))
        case UnauthenticatedError():
            return ProblemError(ProblemType.UNAUTHENTICATED, str(error), _CHALLENGE)
        case IdentityUnavailableError():
            return ProblemError(
                ProblemType.IDENTITY_UNAVAILABLE, "Backstage's signing keys cannot be read.", {"retry-after": "5"}
            )
        case CatalogUnavailableError():
            return ProblemError(
                ProblemType.CATALOG_UNAVAILABLE, "Who may see this entity cannot be asked now.", {"retry-after": "5"}
            )
        case ServiceDeniedError():
            return ProblemError(
                ProblemType.CATALOG_UNAVAILABLE, "Backstage refuses this service's own token.", {"retry-after": "5"}
            )
        case CatalogDeniedError():
            # Verified here, refused there: Backstage has come back with new keys, or has signed this person out.
            return ProblemError(
                ProblemType.UNAUTHENTICATED, "Backstage does not accept this token; sign in again.", _CHALLENGE
            )
        case CatalogContractError():
            return ProblemError(ProblemType.CATALOG_CONTRACT)
        case NoMembersError():
            return ProblemError(ProblemType.INVALID, str(error))
        case NothingToExportError():
            return ProblemError(ProblemType.NO_SPEND, str(error))
        case AmountsWithheldError():
            detail = "The amounts are for members of the owning group and of the platform groups."
            return ProblemError(ProblemType.FORBIDDEN, detail)
        case FactsUnavailableError():
            return ProblemError(
                ProblemType.UPSTREAM_UNAVAILABLE, str(error), {"retry-after": str(ceil(error.retry_after))}
            )
        case HTTPException():
            return _of_http_exception(error)
        case ProvisioningError() | VaultError() | KeeptrustsError():
            return _of_provisioning(error)
        case _:
            return ProblemError(ProblemType.INTERNAL)


def problem_response(problem: ProblemError, request_id: str | None) -> Response:
    """`problem` as a response that no cache keeps."""
    document = problem.document(request_id)
    return Response(
        orjson.dumps(document),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers={"cache-control": "no-store", **(problem.headers or {})},
    )


def _of_provisioning(error: ProvisioningError | VaultError | KeeptrustsError) -> ProblemError:
    retry_after = getattr(error, "retry_after", None)
    headers = {"retry-after": str(ceil(retry_after))} if retry_after else None
    kind = next(kind for cls, kind in _PROVISIONING.items() if isinstance(error, cls))
    members = None
    if isinstance(error, RuleError):
        members = {"rule": error.rule, "limit": error.limit, "left": error.left, "ask": error.ask}
    return ProblemError(kind, str(error), headers, members=members)


_PROVISIONING: dict[type[Exception], ProblemType] = {
    ProvisioningOffError: ProblemType.PROVISIONING_OFF,
    RecordsUnavailableError: ProblemType.RECORDS_UNAVAILABLE,
    ForbiddenError: ProblemType.FORBIDDEN,
    InvalidRequestError: ProblemType.INVALID,
    ConflictError: ProblemType.CONFLICT,
    NotStoredError: ProblemType.NOT_STORED,
    VaultConflictError: ProblemType.CONFLICT,
    VaultSealedError: ProblemType.VAULT_SEALED,
    VaultUnavailableError: ProblemType.VAULT_UNAVAILABLE,
    VaultDeniedError: ProblemType.VAULT_DENIED,
    VaultError: ProblemType.VAULT_CONTRACT,
    UpstreamUnavailableError: ProblemType.UPSTREAM_UNAVAILABLE,
    UpstreamDeniedError: ProblemType.UPSTREAM_DENIED,
    UpstreamRejectedError: ProblemType.UPSTREAM_REJECTED,
    KeeptrustsError: ProblemType.UPSTREAM_CONTRACT,
}
"""The first that fits: a kind before the kinds that it is one of."""


def _of_http_exception(error: HTTPException) -> ProblemError:
    kinds = {kind.status: kind for kind in reversed(ProblemType)}
    kind = kinds.get(error.status_code, ProblemType.MALFORMED)
    return ProblemError(kind, headers=error.headers, status=error.status_code)
