"""How values read in a sentence: quoted text, times of day, durations, shares and lists."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import ROUND_FLOOR, Decimal

_LONGEST_QUOTED = 80
_LONGEST_DETAIL = 300


def quoted(text: str, longest: int = _LONGEST_QUOTED) -> str:
    """`text` between quotes, shortened to `longest` characters, with whatever cannot be printed escaped."""
    return repr(shortened(text, longest))


def shortened(text: str, longest: int = _LONGEST_QUOTED) -> str:
    """`text`, or its first `longest` characters and an ellipsis."""
    return text if len(text) <= longest else text[:longest] + "…"


def sentence(text: str) -> str:
    """An adapter's detail as a sentence: one line, of bounded length, ending in a full stop; empty stays empty."""
    line = "".join(character if character.isprintable() else " " for character in text).strip()
    if len(line) > _LONGEST_DETAIL:
        line = line[:_LONGEST_DETAIL] + "…"
    return line if not line or line.endswith((".", "…", "!", "?")) else line + "."


def listed(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(words) <= 1:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def clock_time(moment: datetime, zone: tzinfo) -> str:
    """The time of day in `zone` with its abbreviation: `16:40 UTC`."""
    local = _local(moment, zone)
    return f"{local:%H:%M} {_abbreviation(local)}"


def date_and_time(moment: datetime, zone: tzinfo) -> str:
    """Day and time in `zone`: `2026-11-23 16:40 UTC`."""
    local = _local(moment, zone)
    return f"{local.date().isoformat()} {clock_time(local, zone)}"


def rfc3339(moment: datetime) -> str:
    """`moment` as RFC 3339 has it, in UTC: `2026-03-10T16:40:00Z`."""
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        # `9999-12-31T23:59:59-01:00` is past the last instant that UTC can write here: RFC 3339 lets it keep its offset.
        return moment.isoformat()
    # Whole seconds stay short; what upstream gave more exactly is kept.
    return moment.isoformat(timespec="auto").replace("+00:00", "Z")


def duration(span: timedelta) -> str:
    """A span in its two largest units, rounded down: `3 d 4 h`, `7 h 20 min`, `5 min`, `less than a minute`."""
    minutes = int(span.total_seconds() // 60)
    if minutes < 1:
        return "less than a minute"
    days, minutes = divmod(minutes, 24 * 60)
    hours, minutes = divmod(minutes, 60)
    units = (
        f"{days} d" if days else "",
        f"{hours} h" if hours else "",
        f"{minutes} min" if minutes and not days else "",
    )
    return " ".join(unit for unit in units if unit)


def percent(ratio: Decimal) -> str:
    """A share rounded down to whole percent, so that 99.9 % never reads as all of it."""
    return f"{(ratio * 100).to_integral_value(ROUND_FLOOR):f} %"


def _local(moment: datetime, zone: tzinfo) -> datetime:
    try:
        return moment.astimezone(zone)
    except OverflowError:
        # `0001-01-01` and `9999-12-31` stand for "always" and "never" in many systems and have no other zone to go to.
        return moment


def _abbreviation(local: datetime) -> str:
    name = local.tzname() or "UTC"
    # Zones without a name of their own call themselves `+0545` or `-03`.
    return name if name[0].isalpha() else f"UTC{name}"
