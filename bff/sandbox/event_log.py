"""The organisation's events in columns, and how they are listed.

An event takes 32 bytes, is found by binary search and summed exactly: a page of a million events costs what a page of a
hundred does, so that drills can be as large as real organisations are.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from heapq import heappop, heappush
from itertools import islice
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypeVar, get_args
from zoneinfo import ZoneInfo

import orjson
from pydantic import BaseModel, ConfigDict, Field

from bff.sandbox.errors import CursorExpiredError, InvalidError
from bff.sandbox.paging import not_a_cursor, unwrap, wrap
from bff.sandbox.records import Cost, Day, Decision, Verdict

PLACES = 12
"""Decimal places of a cost: it is kept as a whole number of units of 1e-12 USD."""

UNKNOWN = -(1 << 63)
"""Stands in the column of costs for a price that is not known."""

FIRST_LOAD_SERIAL = 1 << 40
"""Events of a load are numbered from here, so that their numbers depend on nothing else that the state makes."""

EVENT_TYPE = "decision"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_UNIT = 10**PLACES

T = TypeVar("T")
Position = tuple[int, int]
"""Microseconds since 1970 and a serial number: unique, and the order of all events."""


class Source(NamedTuple):
    """Whose request an event is about, as far as the event says so."""

    token_id: str | None
    team_id: str | None


class Kind(NamedTuple):
    """What the policy did, and with which model."""

    verdict: Verdict
    reason_code: str | None
    model: str
    provider: str


class Row(NamedTuple):
    """An event as the columns hold it: `cost` in units of 1e-12 USD or `UNKNOWN`, `source` and `kind` by their number."""

    moment: int
    serial: int
    cost: int
    source: int
    kind: int


@dataclass(frozen=True, slots=True)
class Sum:
    """What some events add up to: `spent` in USD, `unpriced` of the `requests` without a known cost."""

    spent: Decimal
    requests: int
    unpriced: int
    verdicts: dict[Verdict, int]


@dataclass(frozen=True, slots=True)
class DayRow:
    """The sum of one key, team and model on one day; an id is None where the events have none."""

    day: date
    token_id: str | None
    team_id: str | None
    model: str
    sum: Sum


@dataclass(frozen=True, slots=True)
class Truth:
    """What events add up to: all together, by key, and by day, key, team and model.

    `unpublished` of them are not in the list yet.
    """

    total: Sum
    by_key: dict[str | None, Sum]
    rows: tuple[DayRow, ...]
    unpublished: int


class EventLog:
    """Events by time and serial number, published ones and those whose time has not come; `run` goes into ids."""

    def __init__(self, run: str) -> None:
        self._run = run
        self._moments = array("q")
        self._serials = array("q")
        self._costs = array("q")
        self._sources = array("i")
        self._kinds = array("i")
        self._source_table = _Table[Source]()
        self._kind_table = _Table[Kind]()
        # Request id and spend log id of the gateway's own events; those of a load follow from the serial number.
        self._given_ids: dict[int, tuple[str, str | None]] = {}
        self._waiting: list[tuple[int, Row]] = []

    def __len__(self) -> int:
        return len(self._moments)

    def __iter__(self) -> Iterator[Decision]:
        """Published events, oldest first."""
        return (self._decision(index) for index in range(len(self)))

    def source(self, token_id: str | None, team_id: str | None) -> int:
        """The number of a source."""
        return self._source_table.number(Source(token_id, team_id))

    def kind(self, verdict: Verdict, reason_code: str | None, model: str, provider: str) -> int:
        """The number of a kind."""
        return self._kind_table.number(Kind(verdict, reason_code, model, provider))

    def event_id(self, serial: int) -> str:
        """The id of the event with this serial number."""
        return f"evt_{self._run}{serial:08x}"

    def add(self, decision: Decision) -> None:
        """Publish a decision of the gateway where its time belongs, which need not be the end."""
        cost = decision.event_cost_attribution
        row = Row(
            microseconds(decision.timestamp),
            decision.serial,
            UNKNOWN if cost.total_cost_usd is None else units(cost.total_cost_usd),
            self.source(decision.token_id, decision.team_id),
            self.kind(decision.verdict, decision.reason_code, decision.model, decision.provider),
        )
        self._given_ids[decision.serial] = (decision.request_id, cost.source_spend_log_id)
        self._insert(row)

    def extend(self, rows: Sequence[Row]) -> None:
        """Publish events of a load, which come in their order."""
        start = 0
        while start < len(rows) and len(self) and rows[start][:2] < self.position(len(self) - 1):
            self._insert(rows[start])
            start += 1
        for column, values in zip(self._columns, zip(*rows[start:], strict=True), strict=False):
            column.extend(values)

    def publish_later(self, row: Row, *, at: int) -> None:
        """Keep an event until `advance` reaches the time `at`, in microseconds."""
        heappush(self._waiting, (at, row))

    def advance(self, now: int) -> None:
        """Publish what is due at `now`, in microseconds."""
        while self._waiting and self._waiting[0][0] <= now:
            self._insert(heappop(self._waiting)[1])

    def price(self, position: Position, cost: int) -> None:
        """Give the published event at `position` its cost. Raises `KeyError` where there is none."""
        index = self.index(position)
        if index == len(self) or self.position(index) != position:
            raise KeyError(position)
        self._costs[index] = cost

    def position(self, index: int) -> Position:
        """Where the event at `index` stands."""
        return self._moments[index], self._serials[index]

    def index(self, position: Position) -> int:
        """How many events stand before `position`."""
        moment, serial = position
        start = bisect_left(self._moments, moment)
        if start == len(self) or self._moments[start] != moment:
            return start
        return bisect_left(self._serials, serial, start, bisect_right(self._moments, moment, start))

    def span(self, since: datetime | None, until: datetime | None) -> tuple[int, int]:
        """The indices from `since` (inclusive) to `until` (exclusive); None is no bound."""
        start = 0 if since is None else bisect_left(self._moments, microseconds(since))
        end = len(self) if until is None else bisect_left(self._moments, microseconds(until))
        return start, max(start, end)

    def of_team(self, team_id: str, indices: Iterable[int]) -> Iterator[int]:
        """Those of `indices` whose event names this team."""
        wanted = {number for number, source in enumerate(self._source_table.values) if source.team_id == team_id}
        return (index for index in indices if self._sources[index] in wanted)

    def reply(self, index: int) -> dict[str, Any]:
        """The event at `index` with the contract's fields, ready for orjson."""
        serial = self._serials[index]
        cost = self._costs[index]
        source = self._source_table.values[self._sources[index]]
        kind = self._kind_table.values[self._kinds[index]]
        request_id, spend_log_id = self._ids(serial, cost)
        return {
            "event_id": self.event_id(serial),
            "request_id": request_id,
            "timestamp": moment_at(self._moments[index]),
            "event_type": EVENT_TYPE,
            "verdict": kind.verdict,
            "reason_code": kind.reason_code,
            "model": kind.model,
            "provider": kind.provider,
            "team_id": source.team_id,
            "token_id": source.token_id,
            "event_cost_attribution": {
                "total_cost_usd": None if cost == UNKNOWN else orjson.Fragment(decimal_text(cost)),
                "source_spend_log_id": spend_log_id,
            },
        }

    def drop_oldest(self, *, keep: int) -> None:
        """Take away the oldest whole days (UTC) until at most `keep` events stay.

        A day that alone holds more than `keep` is cut within the day: the bound comes first.
        """
        excess = len(self) - keep
        if excess <= 0:
            return
        last_day = Day.of(moment_at(self._moments[excess - 1]).date(), ZoneInfo("UTC"))
        cut = bisect_left(self._moments, microseconds(last_day.end))
        cut = excess if cut == len(self) else cut
        for serial in self._serials[:cut]:
            self._given_ids.pop(serial, None)
        for column in self._columns:
            del column[:cut]

    def truth(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        zone: ZoneInfo,
        published_only: bool = False,
    ) -> Truth:
        """What the events from `since` (inclusive) to `until` (exclusive), by their own time, add up to.

        It is as of the last `State.advance`, which every request begins with. Days are those of `zone`. An event that is not
        published yet counts unless `published_only`.
        """
        sums: defaultdict[tuple[date, int, int], _Tally] = defaultdict(_Tally)
        start, end = self.span(since, until)
        while start < end:
            day = moment_at(self._moments[start]).astimezone(zone).date()
            stop = bisect_left(self._moments, microseconds(Day.of(day, zone).end), start, end)
            # One step forward at least: a day that a zone has left out ends where it starts.
            stop = max(stop, start + 1)
            for source, kind, cost in zip(
                self._sources[start:stop], self._kinds[start:stop], self._costs[start:stop], strict=True
            ):
                sums[day, source, kind].count(cost)
            start = stop
        waiting = [] if published_only else [row for _, row in self._waiting if _within(row.moment, since, until)]
        for row in waiting:
            sums[moment_at(row.moment).astimezone(zone).date(), row.source, row.kind].count(row.cost)
        return self._summed(sums, unpublished=len(waiting))

    @property
    def _columns(self) -> tuple[array[int], ...]:
        return self._moments, self._serials, self._costs, self._sources, self._kinds

    def _insert(self, row: Row) -> None:
        index = self.index(row[:2])
        for column, value in zip(self._columns, row, strict=True):
            column.insert(index, value)

    def _ids(self, serial: int, cost: int) -> tuple[str, str | None]:
        if (given := self._given_ids.get(serial)) is not None:
            return given
        return f"req_{self._run}{serial:x}", f"txn_{self._run}{serial:x}" if cost not in {0, UNKNOWN} else None

    def _decision(self, index: int) -> Decision:
        serial = self._serials[index]
        cost = self._costs[index]
        request_id, spend_log_id = self._ids(serial, cost)
        return Decision(
            event_id=self.event_id(serial),
            serial=serial,
            request_id=request_id,
            timestamp=moment_at(self._moments[index]),
            event_cost_attribution=Cost(None if cost == UNKNOWN else amount(cost), spend_log_id),
            **self._kind_table.values[self._kinds[index]]._asdict(),
            **self._source_table.values[self._sources[index]]._asdict(),
        )

    def _summed(self, sums: dict[tuple[date, int, int], _Tally], *, unpublished: int) -> Truth:
        total = _Tally()
        by_key: defaultdict[str | None, _Tally] = defaultdict(_Tally)
        rows: defaultdict[tuple[date, Source, str], _Tally] = defaultdict(_Tally)
        for (day, source_number, kind_number), tally in sums.items():
            source, kind = self._source_table.values[source_number], self._kind_table.values[kind_number]
            tally.verdicts[kind.verdict] = tally.requests
            for larger in (total, by_key[source.token_id], rows[day, source, kind.model]):
                larger.add(tally)
        return Truth(
            total.sum(),
            {token_id: tally.sum() for token_id, tally in by_key.items()},
            tuple(
                DayRow(day, source.token_id, source.team_id, model, tally.sum())
                for (day, source, model), tally in rows.items()
            ),
            unpublished,
        )


def microseconds(moment: datetime) -> int:
    """Microseconds from 1970 to `moment`, exactly."""
    return (moment - _EPOCH) // _MICROSECOND


def moment_at(since_1970: int) -> datetime:
    """The time that is so many microseconds after 1970, in UTC."""
    return _EPOCH + timedelta(microseconds=since_1970)


def units(cost: Decimal) -> int:
    """`cost` in units of 1e-12 USD; raises `ValueError` for one that is none of whole units or does not fit a column."""
    scaled = cost.scaleb(PLACES)
    if scaled != scaled.to_integral_value() or abs(scaled) >= -UNKNOWN:
        raise ValueError(f"a cost must be below 9,000,000 USD with at most {PLACES} decimal places, not {cost}")
    return int(scaled)


def amount(cost: int) -> Decimal:
    """A cost in units as USD, without trailing zeros."""
    return Decimal(decimal_text(cost))


def decimal_text(cost: int) -> str:
    """A cost in units as a decimal number of USD, every digit there and no trailing zero."""
    whole, rest = divmod(abs(cost), _UNIT)
    text = f"{'-' if cost < 0 else ''}{whole}.{rest:0{PLACES}d}"
    return text.rstrip("0").rstrip(".")


def _within(moment: int, since: datetime | None, until: datetime | None) -> bool:
    return (since is None or microseconds(since) <= moment) and (until is None or moment < microseconds(until))


@dataclass(slots=True)
class _Tally:
    spent: int = 0
    requests: int = 0
    unpriced: int = 0
    verdicts: dict[Verdict, int] = field(default_factory=lambda: dict.fromkeys(get_args(Verdict), 0))

    def count(self, cost: int) -> None:
        self.requests += 1
        if cost == UNKNOWN:
            self.unpriced += 1
        else:
            self.spent += cost

    def add(self, other: _Tally) -> None:
        self.spent += other.spent
        self.requests += other.requests
        self.unpriced += other.unpriced
        for verdict, number in other.verdicts.items():
            self.verdicts[verdict] += number

    def sum(self) -> Sum:
        return Sum(amount(self.spent), self.requests, self.unpriced, self.verdicts)


class _Table(Generic[T]):
    """Values by number, each once."""

    def __init__(self) -> None:
        self.values: list[T] = []
        self._numbers: dict[T, int] = {}

    def number(self, value: T) -> int:
        found = self._numbers.get(value)
        if found is None:
            found = self._numbers[value] = len(self.values)
            self.values.append(value)
        return found


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
