"""Request bodies: JSON read with exact numbers, then held against a model."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Annotated, Any, Literal, NoReturn, TypeVar

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError
from starlette.requests import ClientDisconnect, Request

from bff.keeptrusts.contract import DecimalAmount
from bff.sandbox.errors import InvalidError, MediaTypeError, TooLargeError

LARGEST_REQUEST = 256 * 1024
LARGEST_AMOUNT = Decimal(1_000_000_000)
MOST_DECIMALS = 6

Text = Annotated[str, StringConstraints(max_length=1_000)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]
B = TypeVar("B", bound=BaseModel)


def _no_text(value: Any) -> Any:
    if isinstance(value, str):
        raise ValueError("must be a JSON number")  # noqa: TRY004 - pydantic reports ValueError as a validation error
    return value


class Body(BaseModel):
    """What a caller sends; unknown members are ignored, as Keeptrusts is taken to do."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class NewTeam(Body):
    """`POST /v1/teams`."""

    name: Name
    description: Text | None = None


class ChangedTeam(Body):
    """`PATCH /v1/teams/{id}`: a member that is left out stays as it is."""

    name: Name | None = None
    description: Text | None = None


class NewToken(Body):
    """`POST /v1/tokens`."""

    name: Name
    token_type: Literal["gateway"]
    team_id: Name
    description: Text | None = None
    expires_at: AwareDatetime | None = None


class NewConfiguration(Body):
    """`POST /v1/configurations`."""

    name: Name
    team_id: Name
    template_id: Name


class Movement(Body):
    """`POST /v1/wallets/allocate` and `/reclaim`."""

    team_id: Name
    amount: Annotated[
        DecimalAmount, BeforeValidator(_no_text), Field(gt=0, le=LARGEST_AMOUNT, decimal_places=MOST_DECIMALS)
    ]
    currency: Literal["USD"] = "USD"
    note: Text | None = None


class Part(Body):
    """One part of a message's content."""

    type: Name
    text: str = ""


class Message(Body):
    """One message of a chat."""

    role: Name
    content: str | tuple[Part, ...] = ""


class Chat(Body):
    """`POST /v1/chat/completions`, as far as the stand-in reads it."""

    model: Name
    messages: Annotated[tuple[Message, ...], Field(min_length=1, max_length=1_000)]
    max_tokens: Annotated[int, Field(ge=1, le=100_000)] = 256
    stream: Literal[False] = False

    @property
    def text(self) -> str:
        """All that the messages say."""
        return "\n".join(
            message.content if isinstance(message.content, str) else " ".join(part.text for part in message.content)
            for message in self.messages
        )


async def read_body(request: Request, model: type[B]) -> B:
    """The request's JSON as `model`; raises a `SandboxError` that names the member at fault."""
    return validated(await read_json(request), model)


async def read_json(request: Request) -> Any:
    """The request's JSON with fractions as `Decimal`; raises a `SandboxError` for what is none, or too much."""
    # Insisting on the type keeps web pages out: a browser asks before it sends JSON to another origin.
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise MediaTypeError("the content-type must be application/json")
    body = await _read_bytes(request)
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, ArithmeticError, RecursionError):
        raise InvalidError("the body must be JSON, in UTF-8 and not nested too deeply") from None


async def _read_bytes(request: Request) -> bytes:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST_REQUEST:
                raise TooLargeError(f"the body must have at most {LARGEST_REQUEST} bytes")
    except ClientDisconnect:
        raise InvalidError("the connection was closed before the body was whole") from None
    return bytes(body)


def validated(content: Any, model: type[B]) -> B:
    """`content` as `model`; raises an `InvalidError` that names the member at fault."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(step) for step in first["loc"]) or "the body"
        raise InvalidError(f"{where}: {first['msg']}") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
