"""What replies of Keeptrusts hold: JSON with exact numbers, records, pages of lists, and errors that name the field."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, Generic, NoReturn, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from bff.keeptrusts.contract import IDENTIFYING_FIELDS, LARGEST_PAGE
from bff.keeptrusts.errors import KeeptrustsError, UpstreamContractError
from bff.keeptrusts.facts import RejectedRow
from bff.upstream import Call, Reply

Record = TypeVar("Record")
Model = TypeVar("Model", bound=BaseModel)

_LONGEST_CURSOR = 4096
_LONGEST_KNOWN = 200
_WORD = re.compile(r"[A-Za-z][A-Za-z_-]{0,29}")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


@dataclass(frozen=True, slots=True)
class Pages(Generic[Record]):
    """Consecutive pages of a list.

    `next_cursor` is where the list goes on, None when its end was reached. `failure` is what ended the reading early, in
    which case `next_cursor` is where to try again (None: from the start). `rejected` are the first rows that were left out
    because they are not of the form expected, and `rejected_count` is how many there were in all.
    """

    records: tuple[Record, ...]
    next_cursor: str | None = None
    failure: KeeptrustsError | None = None
    rejected: tuple[RejectedRow, ...] = ()
    rejected_count: int = 0

    @property
    def complete(self) -> bool:
        """Whether the end of the list was reached, whichever rows were left out on the way."""
        return self.failure is None and self.next_cursor is None

    def require_none_hidden(self, **wanted: str) -> None:
        """Raise `UpstreamContractError` when a row that was left out may be one with these values (with none: any row).

        What is decided by the absence of a record must not be decided by a row that could not be read.
        """
        doubtful = next((row for row in self.rejected if row.may_be(**wanted)), None)
        if doubtful is None and self.rejected_count > len(self.rejected):
            doubtful = self.rejected[-1]
        if doubtful is not None:
            raise UpstreamContractError(
                "GET", "a list", f"a row of it could not be read: {doubtful}", field=doubtful.field
            )


def read_json(call: Call, reply: Reply) -> Any:
    """The JSON of a reply, numbers with a point as `Decimal`. Raises `UpstreamContractError`."""
    body = reply.body
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


def read_record(call: Call, model: type[Model], document: Any) -> Model:
    """`document` as `model`. Raises `UpstreamContractError` that names the field."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        field = ".".join(map(str, first["loc"])) or "the reply"
        message = _message(first)
        raise UpstreamContractError(call.method, call.path, f"{field}: {message}", field=field) from None


def read_reply(call: Call, model: type[Model], reply: Reply) -> Model:
    """A reply that is one record. Raises `UpstreamContractError`."""
    return read_record(call, model, read_json(call, reply))


def read_page(
    call: Call, model: type[Model], document: Any, *, resource: str
) -> tuple[list[Model], list[RejectedRow], str | None]:
    """The records of one page of a list, the rows that are none, and the cursor of the next page.

    Raises `UpstreamContractError` when the page as a whole is no page of a list.
    """
    place, items, cursor = _unwrapped(call, document, resource)
    if len(items) > LARGEST_PAGE and not any(isinstance(item, dict) for item in items):
        # To describe each of a million wrong rows would stop the process for seconds.
        field = f"{place}.0" if place else "0"
        raise UpstreamContractError(
            call.method, call.path, f"{field}: none of {len(items)} rows is an object", field=field
        )
    records = _records_of(model)
    try:
        return records.validate_python(items), [], cursor
    except ValidationError as error:
        faults: defaultdict[int, list[ErrorDetails]] = defaultdict(list)
        for fault in error.errors(include_url=False, include_context=False):
            number = fault["loc"][0]
            assert isinstance(number, int)  # noqa: S101 - `items` is a list, so that is where each fault is
            faults[number].append(fault)
    fitting = records.validate_python([item for number, item in enumerate(items) if number not in faults])
    rejected = [
        _rejected(model, items[number], f"{place}.{number}" if place else str(number), faults[number])
        for number in sorted(faults)
    ]
    return fitting, rejected, cursor


def contract_error(call: Call, row: RejectedRow) -> UpstreamContractError:
    """The error that a row makes where it may not be left out."""
    return UpstreamContractError(call.method, call.path, f"{row.field}: {row.message}", field=row.field)


@cache
def _records_of(model: type[Model]) -> TypeAdapter[list[Model]]:
    # One validation of all rows takes a third of the time that one a row would take.
    return TypeAdapter(list[model])  # type: ignore[valid-type]


def _rejected(model: type[BaseModel], item: Any, place: str, faults: Sequence[ErrorDetails]) -> RejectedRow:
    first = faults[0]
    field = ".".join((place, *map(str, first["loc"][1:])))
    at_fault = {fault["loc"][1] for fault in faults if len(fault["loc"]) > 1}
    known: dict[str, str | None] = {}
    if isinstance(item, dict):
        for name in IDENTIFYING_FIELDS:
            value = item.get(name)
            if name in model.model_fields and name not in at_fault and (value is None or _is_short_text(value)):
                known[name] = value
    return RejectedRow(place, field, _message(first), known)


def _is_short_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST_KNOWN


def _message(fault: ErrorDetails) -> str:
    message = fault["msg"].removeprefix("Value error, ")
    value = fault["input"]
    # A word where another word is expected says what has changed. Any other value may be a secret, and is not quoted.
    if fault["type"] == "literal_error" and isinstance(value, str) and _WORD.fullmatch(value):
        return f"{message}, not {value!r}"
    return message


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
