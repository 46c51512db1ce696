"""What is asked for, in Keeptrusts' own words: the guide's template steps run against this service as they stand."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from bff.values import EntityRef

LEAST_DOLLARS = Decimal("0.01")
MOST_DOLLARS = 10_000_000
GRACE_HOURS = 24.0
MOST_GRACE_HOURS = 720.0

_DATE = re.compile(r"[0-9]{4}-", re.ASCII)

# A team's name and a key's name are segments of a path in Vault, and a group's name in Backstage.
Name = Annotated[
    str, Field(min_length=1, max_length=63, pattern=r"^[a-z0-9]([-a-z0-9._]*[a-z0-9])?$", examples=["support-team"])
]
Identifier = Annotated[str, Field(min_length=1, max_length=200)]
Text = Annotated[str, Field(max_length=500)]


def _number(value: Any) -> Any:
    # Text is what a template makes of a number by mistake: refused, since it would be another mistake elsewhere.
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError("must be a JSON number")  # noqa: TRY004 - pydantic reports ValueError as a validation error
    return Decimal(str(value))


Dollars = Annotated[
    Decimal,
    BeforeValidator(_number),
    Field(ge=LEAST_DOLLARS, le=MOST_DOLLARS),
    WithJsonSchema({"type": "number", "minimum": float(LEAST_DOLLARS), "maximum": MOST_DOLLARS}),
]


def _written_out(value: Any) -> Any:
    # Pydantic also takes seconds since 1970, as a number or as text, and `5` would be an expiry long past.
    if value is not None and not (isinstance(value, str) and _DATE.match(value)):
        raise ValueError("must be an RFC 3339 time such as 2027-01-31T00:00:00Z")
    return value


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("must be a time that UTC can write in four digits of a year") from None


Moment = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_in_utc)]


def _person(text: str) -> str:
    # The error of a reference that cannot be read names the part, the value and the form expected.
    if EntityRef.parse(text, default_kind="user").kind != "user":
        raise ValueError("must be a user, such as user:default/jane")
    return text


class ProvisioningRequest(BaseModel):
    """A request's body; what we do not know of it is refused, since ignoring it would do something else than was asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    approved_by: Annotated[str, Field(max_length=200), AfterValidator(_person)] | None = Field(
        default=None,
        alias="approvedBy",
        description="Another member of a platform group, who approves that a template goes beyond the team's limits",
        examples=["user:default/jane"],
    )

    @property
    def approver(self) -> EntityRef | None:
        """The person named in `approvedBy`."""
        return None if self.approved_by is None else EntityRef.parse(self.approved_by, default_kind="user")


class NewTeam(ProvisioningRequest):
    """`POST /v1/teams`."""

    name: Name
    description: Text | None = None


class NewKey(ProvisioningRequest):
    """`POST /v1/tokens`."""

    name: Name
    token_type: Literal["gateway"] = "gateway"  # noqa: S105 - a kind of token, not a token
    team_id: Identifier
    description: Text | None = None
    expires_at: Moment | None = None


class NewConfiguration(ProvisioningRequest):
    """`POST /v1/configurations`."""

    name: Name
    team_id: Identifier
    template_id: Name
    replaces: Name | None = Field(
        default=None,
        description="The team's configuration that goes once the new one is there: how a team changes its tier",
    )


class Rotation(ProvisioningRequest):
    """`POST /v1/tokens/{name}/rotate`."""

    team_id: Identifier
    grace_hours: Annotated[float, Field(ge=0, le=MOST_GRACE_HOURS, allow_inf_nan=False)] = Field(
        default=GRACE_HOURS,
        description="Hours for which the old key lives on. It is revoked once it was not used for as long; with 0 at once",
    )
    expires_at: Moment | None = None


class Revocation(ProvisioningRequest):
    """`POST /v1/tokens/{name}/revoke`: every living key of the name, or the one of an id."""

    team_id: Identifier
    id: Identifier | None = None


class Disabling(ProvisioningRequest):
    """`POST /v1/configurations/{name}/disable`."""

    team_id: Identifier


class Reclaim(ProvisioningRequest):
    """`POST /v1/wallets/reclaim`; without an amount all that is available."""

    team_id: Identifier
    amount: Dollars | None = None
    currency: Literal["USD"] = "USD"
    note: Text = ""


class Allocation(ProvisioningRequest):
    """`POST /v1/wallets/allocate`."""

    team_id: Identifier
    amount: Dollars
    currency: Literal["USD"] = "USD"
    note: Text = ""
