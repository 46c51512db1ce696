"""How `GET /v1/events` lists: order, cursors and `until`, as different deployments may have them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bff.sandbox.errors import CursorExpiredError, InvalidError
from bff.sandbox.event_log import EventLog, microseconds
from bff.sandbox.paging import not_a_cursor, unwrap, wrap

_CURSOR = re.compile(
    r"(?P<kind>stable|position|expiring)\.(?P<moment>-?[0-9]{1,18})\.(?P<serial>[0-9]{1,18})\.(?P<issued>[0-9]{1,18})",
    re.ASCII,
)


class EventListing(BaseModel):
    """The body of `PUT /_sandbox/feed`: a member that is left out has its default.

    Cursors are `stable` (they name the last event of a page), `position` (a count of events, which shifts when others
    arrive before it) or `expiring` (as stable, refused with 404 `cursor_expired` after `expires_after_seconds`).
    `until` is `honoured` or `ignored`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    order: Literal["newest-first", "oldest-first"] = "newest-first"
    cursors: Literal["stable", "position", "expiring"] = "stable"
    expires_after_seconds: Annotated[float, Field(ge=0, le=86_400)] = 60
    until: Literal["honoured", "ignored"] = "honoured"


def events_page(
    log: EventLog,
    listing: EventListing,
    *,
    limit: int,
    since: datetime | None,
    until: datetime | None,
    team_id: str | None,
    cursor: str | None,
    now: datetime,
) -> dict[str, Any]:
    """The body of a page, ready for orjson; work grows with `limit` alone unless `team_id` leaves events out.

    Raises `InvalidError` for a cursor of another kind, `CursorExpiredError` for one that is too old.
    """
    first, end = log.span(since, until if listing.until == "honoured" else None)
    newest_first = listing.order == "newest-first"
    start = end if newest_first else first
    if cursor is not None:
        start = _start(log, cursor, listing, now=now, first=first, end=end)
    indices: Iterable[int] = range(start - 1, first - 1, -1) if newest_first else range(start, end)
    if team_id is not None:
        indices = log.of_team(team_id, indices)
    found = list(islice(indices, limit + 1))
    following = None
    if len(found) > limit:
        found.pop()
        following = _cursor(log, found[-1], listing, now=now, first=first, end=end)
    return {"events": [log.reply(index) for index in found], "next_cursor": following}


def _cursor(log: EventLog, last: int, listing: EventListing, *, now: datetime, first: int, end: int) -> str:
    """What continues after the event at the index `last`."""
    moment, serial = log.position(last)
    if listing.cursors == "position":
        moment, serial = (end - last if listing.order == "newest-first" else last + 1 - first), 0
    return wrap(f"{listing.cursors}.{moment}.{serial}.{microseconds(now)}")


def _start(log: EventLog, cursor: str, listing: EventListing, *, now: datetime, first: int, end: int) -> int:
    """The index between the events of the page before and those still to come, within `first` and `end`."""
    match = _CURSOR.fullmatch(unwrap(cursor))
    if match is None or match["kind"] != listing.cursors:
        raise InvalidError(not_a_cursor(cursor))
    moment, serial = int(match["moment"]), int(match["serial"])
    newest_first = listing.order == "newest-first"
    if listing.cursors == "position":
        start = end - moment if newest_first else first + moment
    else:
        age = (microseconds(now) - int(match["issued"])) / 1_000_000
        if listing.cursors == "expiring" and age > listing.expires_after_seconds:
            raise CursorExpiredError(f"the cursor is {age:.1f} s old, and one lives {listing.expires_after_seconds} s")
        start = log.index((moment, serial if newest_first else serial + 1))
    return min(max(start, first), end)
