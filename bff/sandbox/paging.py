"""Pages of a list, and the opaque cursors that continue them."""

from __future__ import annotations

import base64
import binascii
import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Generic, Protocol, TypeVar

from bff.keeptrusts.contract import DEFAULT_PAGE, LARGEST_PAGE
from bff.sandbox.errors import InvalidError


class Numbered(Protocol):
    """Something that was made after everything with a smaller `serial`."""

    @property
    def serial(self) -> int:
        """Its place in the order of making."""


T = TypeVar("T")
N = TypeVar("N", bound=Numbered)
P = TypeVar("P")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_POSITION = re.compile(r"(-?[0-9]{1,18})\.([0-9]{1,18})", re.ASCII)
_LONGEST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Page(Generic[T, P]):
    """Some items, and the position from which the next page goes on (None: this is the last)."""

    items: tuple[T, ...]
    next: P | None


def page_of(
    items: Sequence[N], *, limit: int, after: int | None, matches: Callable[[N], bool] = lambda _: True
) -> Page[N, int]:
    """At most `limit` of the matching `items` (in the order of making) that come after the serial number `after`."""
    start = 0 if after is None else bisect_right(items, after, key=lambda item: item.serial)
    rest = (items[index] for index in range(start, len(items)))
    page = tuple(islice(filter(matches, rest), limit + 1))
    return Page(page[:limit], next=page[limit - 1].serial if len(page) > limit else None)


def encode_position(moment: datetime, serial: int) -> str:
    """The cursor of a position in time."""
    return wrap(f"{(moment - _EPOCH) // timedelta(microseconds=1)}.{serial}")


def decode_position(cursor: str) -> tuple[datetime, int]:
    """The position that `encode_position` made a cursor of; raises `InvalidError` for anything else."""
    microseconds, serial = _numbers(cursor)
    try:
        return _EPOCH + timedelta(microseconds=microseconds), serial
    except OverflowError:
        raise InvalidError(not_a_cursor(cursor)) from None


def encode_serial(serial: int) -> str:
    """The cursor of a place in a list that only grows at its end."""
    return wrap(f"0.{serial}")


def decode_serial(cursor: str) -> int:
    """The serial number that `encode_serial` made a cursor of; raises `InvalidError` for anything else."""
    return _numbers(cursor)[1]


def parse_limit(text: str | None) -> int:
    """The page size that `?limit=` asks for; raises `InvalidError`."""
    if text is None:
        return DEFAULT_PAGE
    if not re.fullmatch(r"[0-9]{1,4}", text, re.ASCII) or not 1 <= int(text) <= LARGEST_PAGE:
        raise InvalidError(f"limit must be a whole number from 1 to {LARGEST_PAGE}, not {_shown(text)}")
    return int(text)


def parse_moment(name: str, text: str | None) -> datetime | None:
    """The time that the query parameter `name` gives; raises `InvalidError` unless it is RFC 3339 with an offset."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        # What lies at the edge of the calendar has no time in UTC to compare with.
        return moment.astimezone(UTC) if moment.tzinfo else _refuse_moment(name, text)
    except (ValueError, OverflowError):
        return _refuse_moment(name, text)


def _refuse_moment(name: str, text: str) -> datetime:
    raise InvalidError(
        f"{name} must be an RFC 3339 time with an offset, as in 2026-01-31T00:00:00Z, not {_shown(text)}"
    ) from None


def wrap(position: str) -> str:
    """A position as an opaque cursor."""
    return base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")


def unwrap(cursor: str) -> str:
    """The position that `wrap` made a cursor of; raises `InvalidError` for what is no cursor."""
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise InvalidError(not_a_cursor(cursor)) from None


def not_a_cursor(cursor: str) -> str:
    """What is wrong with a cursor that no page gave."""
    return f"cursor must be the next_cursor of an earlier page, not {_shown(cursor)}"


def _numbers(cursor: str) -> tuple[int, int]:
    match = _POSITION.fullmatch(unwrap(cursor))
    if match is None:
        raise InvalidError(not_a_cursor(cursor))
    return int(match[1]), int(match[2])


def _shown(text: str) -> str:
    return repr(text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…")
