"""The checksum of the ledger: all wallets' `total_spent` grow by what the events of that time add up to.

Both sides are read at slightly different moments, so the difference is compared with what was counted in the last two
checks: less than that may be in flight. A difference beyond it, or one that lasts, means that events are missing, and the
ledger reads the feed again: 15 minutes back, then 6 hours, then 72 hours. Each depth is tried again at growing intervals,
since an event that is published late cannot be found before.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

from bff.values import Money

_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
_HOUR = 60 * _MINUTE

DEPTHS = (15 * _MINUTE, 6 * _HOUR, 72 * _HOUR)
"""How far back the feed is read again, in microseconds, one depth after the other."""

_FIRST_WAITS = (_MINUTE, 10 * _MINUTE, 2 * _HOUR)
_LONGEST_WAITS = (15 * _MINUTE, 2 * _HOUR, 12 * _HOUR)

LASTING = 5 * _MINUTE
"""Microseconds after which the feed is read again for a difference, although it may be in flight."""

RECHECKS = ((_MINUTE // 2, 0), (15 * _MINUTE, 1), (6 * _HOUR, 2))
"""When the feed is read again in any case, in microseconds after the baseline, and to which of `DEPTHS`.

An event that was paid before that moment and is published after it is missing, and neither side shows it.
"""

_CHECKS_OF_SURPLUS = 10
_NOTHING = Money.zero()


def _read_usd(value: Any) -> Money:
    if isinstance(value, Money):
        return value
    try:
        return Money(Decimal(value))
    except (InvalidOperation, TypeError):
        raise ValueError("must be a decimal number of US dollars as text") from None


Usd = Annotated[Money, BeforeValidator(_read_usd), PlainSerializer(lambda money: str(money.amount), return_type=str)]
"""An amount in US dollars that is stored as a decimal number in text."""


class Balance(StrEnum):
    """What a comparison of wallets and events says."""

    UNKNOWN = "unknown"
    """There is nothing to compare with yet, or the wallets cannot be read."""
    BALANCED = "balanced"
    IN_FLIGHT = "in-flight"
    """The wallets have paid for more than the events say, but not for more than may still be published."""
    SHORT = "short"
    """Events are missing: every sum of the days that are still open is a lower bound."""


@dataclass(frozen=True, slots=True)
class Checksum:
    """Growth of the wallets against cost of the events, both in USD since the baseline. Times are epoch microseconds.

    baseline_at     when the comparison began; None: there is no baseline yet
    grown, counted  the two sides
    slack           a difference that is accepted: a surplus that stayed, or what nothing has explained
    unclear         cost of events from before the baseline that were published after it: the wallets may have paid it on
                    either side
    counted_before  `counted` at the last checks, oldest first
    positive_since  the first of the checks since which the wallets are ahead, None when they are not
    short_checks    how many checks in a row found more than may be in flight
    surplus         the differences of the last checks in a row that found the events ahead by more than is in flight
    tried_at, waits when each depth was last read again since `positive_since`, and how long it then rests
    surplus_at      when a surplus was last accepted: from then on the comparison begins again; None: from the baseline on
    rechecks        how many of `RECHECKS` were made since then
    """

    baseline_at: int | None = None
    grown: Usd = _NOTHING
    counted: Usd = _NOTHING
    slack: Usd = _NOTHING
    unclear: Usd = _NOTHING
    counted_before: tuple[Usd, ...] = ()
    positive_since: int | None = None
    short_checks: int = 0
    surplus: tuple[Usd, ...] = ()
    tried_at: tuple[int | None, ...] = (None, None, None)
    waits: tuple[int, ...] = _FIRST_WAITS
    surplus_at: int | None = None
    rechecks: int = 0

    @property
    def difference(self) -> Money:
        """What the wallets have paid beyond what the events say; below zero where the events are ahead."""
        return self.grown - self.counted - self.slack

    @property
    def in_flight(self) -> Money:
        """What may be paid and not be published yet: what was counted in the last two checks, and what is unclear."""
        recent = abs(self.counted - self.counted_before[0]) if self.counted_before else _NOTHING
        return recent + self.unclear

    @property
    def balance(self) -> Balance:
        """The result of the last check. It is short only after two checks in a row: an event may be a second late."""
        if self.baseline_at is None:
            return Balance.UNKNOWN
        if self.short_checks >= 2:
            return Balance.SHORT
        return Balance.IN_FLIGHT if self.difference > _NOTHING else Balance.BALANCED

    def add(self, cost: Money, *, earlier: Money = _NOTHING) -> Checksum:
        """Count the cost of events that were published after the baseline; `earlier` is of those that happened before it."""
        if self.baseline_at is None:
            return self
        return replace(self, counted=self.counted + cost, unclear=self.unclear + abs(earlier))

    def checked(self, now: int, growth: Money) -> Checksum:
        """Compare, once the feed has been read to its end: `growth` is what the wallets grew by since the last check."""
        if self.baseline_at is None:
            return self
        after = replace(self, grown=self.grown + growth)
        difference, in_flight = after.difference, after.in_flight
        after = replace(
            after,
            counted_before=(*self.counted_before, self.counted)[-2:],
            short_checks=self.short_checks + 1 if difference > in_flight else 0,
        )
        if difference <= _NOTHING:
            after = replace(after, positive_since=None, tried_at=(None, None, None), waits=_FIRST_WAITS)
            return _with_surplus(after, difference, in_flight, now)
        return replace(after, positive_since=self.positive_since or now, surplus=())

    def depth_due(self, now: int, *, usable: bool) -> int | None:
        """Return the index in `DEPTHS` of the depth to read again now; None when no reading is due.

        Without `usable` wallets it is not known whether events are missing: each depth is then read at its longest interval.
        """
        if not usable or self.baseline_at is None:
            return next(
                (depth for depth in range(len(DEPTHS)) if self._rested(depth, now, _LONGEST_WAITS[depth])), None
            )
        recheck = self._recheck_due(now)
        if recheck is not None:
            return recheck
        if self.positive_since is None or (self.short_checks == 0 and now - self.positive_since < LASTING):
            return None
        for depth in range(len(DEPTHS)):
            if self._rested(depth, now, self.waits[depth]):
                return depth
            if self.tried_at[depth] is None:
                return None
        return None

    def tried(self, depth: int, now: int, *, found: bool) -> Checksum:
        """Record that the feed was read again as far back as `DEPTHS[depth]`, and whether that `found` an event."""
        wait = _FIRST_WAITS[depth] if found else min(self.waits[depth] * 2, _LONGEST_WAITS[depth])
        tried_at = tuple(now if index == depth else at for index, at in enumerate(self.tried_at))
        waits = tuple(wait if index == depth else each for index, each in enumerate(self.waits))
        recheck = self._recheck_due(now)
        rechecks = self.rechecks + (recheck is not None and depth >= recheck)
        return replace(self, tried_at=tried_at, waits=waits, rechecks=rechecks)

    @property
    def unexplained(self) -> Money | None:
        """The difference, once the feed was read 72 hours back more than 72 hours after it arose; None before that."""
        deepest = self.tried_at[-1]
        if self.positive_since is None or deepest is None:
            return None
        return self.difference if deepest - self.positive_since > DEPTHS[-1] else None

    def settled(self) -> Checksum:
        """Accept the unexplained difference, and compare what comes after it as before."""
        return replace(
            self,
            slack=self.slack + self.difference,
            unclear=_NOTHING,
            positive_since=None,
            short_checks=0,
            tried_at=(None, None, None),
            waits=_FIRST_WAITS,
        )

    def _recheck_due(self, now: int) -> int | None:
        """The depth of the next of `RECHECKS`, None when it is not due or all were made."""
        since = self.baseline_at if self.surplus_at is None else self.surplus_at
        if since is None or self.rechecks == len(RECHECKS):
            return None
        after, depth = RECHECKS[self.rechecks]
        return depth if now - since >= after else None

    def _rested(self, depth: int, now: int, wait: int) -> bool:
        at = self.tried_at[depth]
        # A clock that was set back must not delay the next try for long.
        return at is None or not 0 <= now - at < wait


def _with_surplus(checksum: Checksum, difference: Money, in_flight: Money, now: int) -> Checksum:
    """Accept a surplus that stays, such as a refund without an event: it would hide what is missing later."""
    if difference >= -in_flight:
        return replace(checksum, surplus=())
    surplus = (*checksum.surplus, difference)[-_CHECKS_OF_SURPLUS:]
    if len(surplus) < _CHECKS_OF_SURPLUS:
        return replace(checksum, surplus=surplus)
    accepted = replace(checksum, surplus=(), slack=checksum.slack + max(surplus))
    # A first recheck that is still due covers this as well, and must not be delayed by each surplus.
    return replace(accepted, surplus_at=now, rechecks=0) if checksum.rechecks else accepted
