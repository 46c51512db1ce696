"""From bytes to records: JSON with exact numbers, list envelopes, and contract errors that name the field."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from bff.keeptrusts.errors import UpstreamContractError

Model = TypeVar("Model", bound=BaseModel)

_LONGEST_CURSOR = 4096
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


@dataclass(frozen=True, slots=True)
class Call:
    """One call as errors and metrics name it: `operation` is a fixed word such as `teams.list`."""

    operation: str
    method: str
    path: str


def read_json(call: Call, body: bytes) -> Any:
    """The JSON of a reply, numbers with a point as `Decimal`. Raises `UpstreamContractError`."""
    try:
        document = json.loads(body.decode(), parse_float=Decimal, parse_constant=_refused)
        if _SURROGATE.search(body):
            # Half a character can be written as an escape; sent on or served it would be an error far from its cause.
            json.dumps(document, ensure_ascii=False, default=str).encode()
    except (ValueError, ArithmeticError):
        raise UpstreamContractError(call.method, call.path, "the reply is not JSON") from None
    except RecursionError:
        raise UpstreamContractError(call.method, call.path, "the reply is nested too deep") from None
    return document


def read_record(call: Call, model: type[Model], document: Any, *, place: str = "") -> Model:
    """`document` as `model`; `place` is where in the reply it stands. Raises `UpstreamContractError` that names the field."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = ".".join(str(step) for step in (place, *first["loc"]) if step != "") or "the reply"
        message = first["msg"].removeprefix("Value error, ")
        raise UpstreamContractError(call.method, call.path, f"{field}: {message}", field=field) from None


def read_reply(call: Call, model: type[Model], body: bytes) -> Model:
    """A reply that is one record. Raises `UpstreamContractError`."""
    return read_record(call, model, read_json(call, body))


def read_page(call: Call, model: type[Model], document: Any, *, resource: str) -> tuple[list[Model], str | None]:
    """The records of one page of a list, and the cursor of the next page. Raises `UpstreamContractError`."""
    place, items, cursor = _unwrapped(call, document, resource)
    records = [
        read_record(call, model, item, place=f"{place}.{number}" if place else str(number))
        for number, item in enumerate(items)
    ]
    return records, cursor


def _unwrapped(call: Call, document: Any, resource: str) -> tuple[str, Sequence[Any], str | None]:
    """The one place that knows how a list may be wrapped: bare, or under `data`, `items` or the resource's own name."""
    if isinstance(document, list):
        return "", document, None
    if isinstance(document, dict):
        for name in ("data", "items", resource):
            if isinstance(document.get(name), list):
                return name, document[name], _cursor(call, document)
    raise UpstreamContractError(
        call.method,
        call.path,
        f"the reply must be a list, or an object with one under data, items or {resource}",
        field="data",
    )


def _cursor(call: Call, document: dict[str, Any]) -> str | None:
    cursor = document.get("next_cursor")
    if cursor is None or cursor == "":
        return None
    if not isinstance(cursor, str) or len(cursor) > _LONGEST_CURSOR:
        raise UpstreamContractError(call.method, call.path, "next_cursor must be text or null", field="next_cursor")
    return cursor


def _refused(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON number")
