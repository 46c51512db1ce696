"""What is asked for, in Keeptrusts' own words: the guide's template steps run against this service as they stand."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

LEAST_DOLLARS = Decimal("0.01")
MOST_DOLLARS = 10_000_000

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


class ProvisioningRequest(BaseModel):
    """A request's body; what we do not know of it is refused, since ignoring it would do something else than was asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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


class Allocation(ProvisioningRequest):
    """`POST /v1/wallets/allocate`."""

    team_id: Identifier
    amount: Dollars
    currency: Literal["USD"] = "USD"
    note: Text = ""
