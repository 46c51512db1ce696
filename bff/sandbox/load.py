"""A load: a large organisation in a `State`, whose events come at a steady rate by the state's clock.

Nothing runs in the background: events are made when the state is read, up to the present of its clock. Event number n depends
on the profile alone, so a sandbox that is started again with the same profile, `run` and `begins_at` has the same events.
Their costs change wallets without a booking in `/v1/wallets/{id}/transactions`, since a million bookings would not fit.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from heapq import heappop, heappush
from itertools import islice
from random import Random
from struct import Struct
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AwareDatetime, Field, ValidationError, model_validator

from bff.sandbox.accounts import MOST_CONFIGURATIONS, MOST_KEYS, State
from bff.sandbox.errors import InvalidError
from bff.sandbox.event_log import FIRST_LOAD_SERIAL, UNKNOWN, EventListing, Row, amount, microseconds, moment_at
from bff.sandbox.records import PRICES, Key, Verdict
from bff.sandbox.wallets import Account

MODELS = ("gpt-4o", "gpt-4o-mini", "claude-3-5-sonnet")
ALLOCATION = Decimal(1_000_000)
"""What each team's wallet is given, in USD."""

_SECOND = 1_000_000
_FULL = 1 << 32
_DRAW = Struct("<2IQ8I")
"""What chance decides about one event: key (twice), cost and model, and eight shares."""

_BLOCK = 1_024
"""Events whose draws are made together."""

_PART = 16 * _BLOCK
"""Events that are made before they are put into the log."""

_COST_BITS = 39
"""A cost is below 2**39 units of 1e-12 USD, some 0.55 USD, and has all its twelve places."""

_VERDICTS: tuple[tuple[Verdict, str | None, float], ...] = (
    ("block", "input_blocked", 0.02),
    ("escalate", "escalation_required", 0.01),
    ("redact", "personal-data", 0.03),
    ("allow", None, 1.0),
)
"""Verdict, reason and share of events; what is blocked or escalated costs 0, as with the gateway's own requests."""

_STOPPED = 2
"""The first verdicts, of requests that no model answered."""

Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0, le=30 * 86_400)]


class LoadProfile(EventListing):
    """A load, and how its events are listed. Shares are 0 to 1 of all events, times are seconds.

    - `teams` with a configuration and a wallet each; `keys` spread over them, of which the share `revoked_twins` are revoked
      keys whose name a later key of the same team has: they spend in the first half of the history.
    - `history` events in the `history_seconds` before the load begins, then `rate` events a second, `burst` of them at one
      instant each. `begins_at` is the state's present by default.
    - `late`: listed only `late_seconds` after they happened, under their own time. Their cost reaches the wallet when it is
      settled (`late_settles` is `at-once`) or when the event is listed (`when-listed`).
    - `disordered`: listed up to `disorder_seconds` after they happened.
    - `unpriced`: without a cost, which reaches list and wallet `priced_after_seconds` after the event was listed, or never.
    - `corrections`: a negative cost. `keyless`, `teamless`: the event names no key, or no team; the team's wallet still pays.
    - `seed` decides all of these; `run`, six hexadecimal digits, goes into ids.
    """

    teams: Annotated[int, Field(ge=1, le=MOST_CONFIGURATIONS)] = 2_000
    keys: Annotated[int, Field(ge=1, le=MOST_KEYS)] = 5_000
    revoked_twins: Annotated[float, Field(ge=0, le=0.5)] = 0.05
    history: Annotated[int, Field(ge=0, le=20_000_000)] = 0
    history_seconds: Annotated[float, Field(gt=0, le=400 * 86_400)] = 86_400
    rate: Annotated[float, Field(ge=0, le=10_000)] = 100
    burst: Annotated[int, Field(ge=1, le=10_000)] = 1
    begins_at: AwareDatetime | None = None
    late: Share = 0
    late_seconds: Seconds = 60
    late_settles: Literal["at-once", "when-listed"] = "at-once"
    disordered: Share = 0
    disorder_seconds: Seconds = 3
    unpriced: Share = 0
    priced_after_seconds: Seconds | None = None
    corrections: Share = 0
    keyless: Share = 0
    teamless: Share = 0
    seed: Annotated[int, Field(ge=0, lt=1 << 32)] = 0
    run: Annotated[str, Field(pattern=r"^[0-9a-f]{6}$")] | None = None

    @model_validator(mode="after")
    def _shares_fit(self) -> LoadProfile:
        if self.late + self.disordered > 1:
            raise ValueError("late and disordered must be 1 or less together")
        return self

    @classmethod
    def from_text(cls, text: str) -> LoadProfile:
        """The profile of `NAME=VALUE,NAME=VALUE`, all else as by default; raises `InvalidError` that names what is wrong."""
        pairs: dict[str, str] = {}
        for word in filter(None, text.split(",")):
            name, equals, value = word.partition("=")
            if not equals or name in pairs:
                raise InvalidError(f"a load is written NAME=VALUE,NAME=VALUE with each name once, not {word[:60]!r}")
            pairs[name] = value
        try:
            return cls.model_validate_strings(pairs)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = ".".join(str(step) for step in first["loc"])
            if first["type"] == "extra_forbidden":
                raise InvalidError(f"a load has no {name[:60]!r}, only {', '.join(cls.model_fields)}") from None
            raise InvalidError(f"{name or 'the load'}: {first['msg']}, not {str(first['input'])[:60]!r}") from None

    def to_text(self) -> str:
        """What `from_text` reads as this profile."""
        given = self.model_dump(mode="json", exclude_unset=True, exclude_none=True)
        return ",".join(f"{name}={value}" for name, value in given.items())


class Load:
    """A load under way. `advance` makes what has happened since the last time, and settles it.

    `state` must hold no teams of these names; from now on it calls `advance` whenever its events or wallets are read.
    """

    def __init__(self, state: State, profile: LoadProfile) -> None:
        self.profile = profile
        self._state = state
        self._log = state.decisions
        begins_at = profile.begins_at or state.clock()
        self._begins = microseconds(begins_at)
        self._history_span = round(profile.history_seconds * _SECOND)
        self._made = 0
        self._due: list[_Settlement] = []
        self._spent: dict[str, int] = {}
        self._used: dict[str, int] = {}
        organisation = _organisation(state, profile, begins_at)
        self._slots = organisation.slots
        self._accounts = organisation.accounts
        self._sources = [
            [
                self._log.source(*named)
                for named in ((key.id, key.team_id), (None, key.team_id), (key.id, None), (None, None))
            ]
            for key in organisation.keys
        ]
        self._keys = organisation.keys
        self._former = organisation.former
        self._kinds = [
            [self._log.kind(verdict, reason, model, PRICES[model].provider) for verdict, reason, _ in _VERDICTS]
            for model in MODELS
        ]
        state.listing = EventListing.model_validate(profile.model_dump(include=set(EventListing.model_fields)))
        state.follow(self.advance)
        self.advance(state.clock())

    @property
    def events(self) -> int:
        """How many events have happened, listed or not, up to the last `advance`."""
        return self._made

    def advance(self, now: datetime) -> None:
        """Let happen, list and settle all that is due by `now`. A clock that goes back changes nothing."""
        present = microseconds(now)
        happened = self._happened(present)
        while self._made < happened:
            # In parts, since a history of a million rows at once would take more memory than all it is kept in.
            end = min(happened, self._made + _PART)
            self._log.extend(list(self._listed(self._made, end, present)))
            self._made = end
        self._log.advance(present)
        while self._due and self._due[0].at <= present:
            self._settle(heappop(self._due))
        self._book(now)

    def moment(self, number: int) -> int:
        """When event `number`, counted from 0, happens: microseconds since 1970."""
        profile = self.profile
        number -= number % profile.burst
        if number < profile.history:
            return self._begins - self._history_span + number * self._history_span // profile.history
        return self._begins + int((number - profile.history) * _SECOND / profile.rate)

    def _happened(self, present: int) -> int:
        profile = self.profile
        most = profile.history
        if profile.rate and present >= self._begins:
            most += int((present - self._begins) * profile.rate / _SECOND) + profile.burst + 1
        return bisect_right(range(most), present, lo=min(self._made, most), key=self.moment)

    def _listed(self, first: int, end: int, present: int) -> Iterator[Row]:
        """The events from number `first` to `end` that are listed by now, in order; others wait in the log."""
        profile = self.profile
        late, delayed = _of(profile.late), _of(profile.late) + _of(profile.disordered)
        unpriced, corrections = _of(profile.unpriced), _of(profile.corrections)
        keyless, teamless = _of(profile.keyless), _of(profile.teamless)
        late_by, disorder = round(profile.late_seconds * _SECOND), round(profile.disorder_seconds * _SECOND)
        verdict_ends = [sum(_of(share) for *_, share in _VERDICTS[: place + 1]) for place in range(len(_VERDICTS) - 1)]
        until_revoked = self._begins - self._history_span // 2
        for number, draw in enumerate(_draws(profile.seed, first, end), first):
            one, other, cost, delay, wait, no_price, negative, no_key, no_team, verdict, _ = draw
            moment = self.moment(number)
            # The product of two draws has few large values: some keys are much busier than others.
            key = (one * other >> 32) * self._slots >> 32
            if moment < until_revoked:
                key = self._former.get(key, key)
            outcome = bisect_right(verdict_ends, verdict)
            kind = self._kinds[(cost >> 50) % len(MODELS)][outcome]
            cost = 0 if outcome < _STOPPED else 1 + ((cost & ((1 << _COST_BITS) - 1)) >> (cost >> 40 & 15))
            if negative < corrections:
                cost = -cost
            listed = moment + (late_by if delay < late else wait * disorder >> 32 if delay < delayed else 0)
            row = Row(
                moment,
                FIRST_LOAD_SERIAL + number,
                UNKNOWN if no_price < unpriced else cost,
                self._sources[key][(no_key < keyless) + 2 * (no_team < teamless)],
                kind,
            )
            self._used[self._keys[key].id] = moment
            self._owe(row, cost, key, listed, when_listed=delay < late and profile.late_settles == "when-listed")
            if listed <= present:
                yield row
            else:
                self._log.publish_later(row, at=listed)

    def _owe(self, row: Row, cost: int, key: int, listed: int, *, when_listed: bool) -> None:
        team_id = self._keys[key].team_id
        if row.cost == UNKNOWN:
            if self.profile.priced_after_seconds is not None:
                priced = listed + round(self.profile.priced_after_seconds * _SECOND)
                heappush(self._due, _Settlement(priced, row.serial, team_id, cost, row.moment))
        elif when_listed:
            heappush(self._due, _Settlement(listed, row.serial, team_id, cost, None))
        else:
            self._spent[team_id] = self._spent.get(team_id, 0) + cost

    def _settle(self, due: _Settlement) -> None:
        if due.prices is not None:
            self._log.price((due.prices, due.serial), due.cost)
        self._spent[due.team_id] = self._spent.get(due.team_id, 0) + due.cost

    def _book(self, now: datetime) -> None:
        for team_id, spent in self._spent.items():
            self._accounts[team_id].settle_unlisted(amount(spent), now)
        self._spent.clear()
        for key_id, moment in self._used.items():
            self._state.key_used(key_id, at=moment_at(moment))
        self._used.clear()


class _Settlement(NamedTuple):
    """Money that a wallet owes at a later time; `prices` is the time of the event that gets its cost then."""

    at: int
    serial: int
    team_id: str
    cost: int
    prices: int | None


class _Organisation(NamedTuple):
    """The first `slots` of `keys` are in force; `former` has the index of a revoked twin by that of its successor.

    `accounts` are the wallets by the id of their team.
    """

    accounts: dict[str, Account]
    keys: list[Key]
    slots: int
    former: dict[int, int]


def _organisation(state: State, profile: LoadProfile, begins_at: datetime) -> _Organisation:
    span = timedelta(seconds=profile.history_seconds)
    founded, revoked = begins_at - span - timedelta(days=1), begins_at - span / 2
    teams = [state.create_team(f"load-team-{number:05d}", created_at=founded) for number in range(1, profile.teams + 1)]
    state.wallets.credit(ALLOCATION * len(teams), at=founded, note="Credit for a load")
    accounts: dict[str, Account] = {}
    for number, team in enumerate(teams):
        tier = ("tier-1-exploration", "tier-2-internal", "tier-3-customer-facing")[number % 3]
        state.create_configuration(f"{team.name}-config", team.id, tier, created_at=founded)
        _, accounts[team.id] = state.wallets.allocate(team, ALLOCATION, at=founded, note=f"Budget of {team.name}")
    twins = int(profile.keys * profile.revoked_twins)
    slots = profile.keys - twins
    former: list[Key] = []
    keys: list[Key] = []
    for slot in range(slots):
        team = teams[slot % len(teams)]
        name = f"{team.name}-key-{slot // len(teams) + 1}"
        twin = slot < twins
        if twin:
            key, _ = state.create_key(name, team.id, created_at=founded)
            former.append(state.revoke_key(key.id, at=revoked))
        key, _ = state.create_key(name, team.id, created_at=revoked if twin else founded)
        keys.append(key)
    return _Organisation(accounts, [*keys, *former], slots, {slot: slots + slot for slot in range(twins)})


def _draws(seed: int, first: int, end: int) -> Iterator[tuple[Any, ...]]:
    """What chance decides about the events from `first` to `end`, each the same whatever is asked for with it."""

    def blocks() -> Iterator[tuple[Any, ...]]:
        for block in range(first // _BLOCK, -(-end // _BLOCK)):
            yield from _DRAW.iter_unpack(Random(f"{seed}:{block}").randbytes(_DRAW.size * _BLOCK))

    return islice(blocks(), first % _BLOCK, first % _BLOCK + end - first)


def _of(share: float) -> int:
    """The bound below which a draw of 32 bits falls with this share."""
    return round(share * _FULL)
