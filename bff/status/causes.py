"""Findings about Keeptrusts itself: which part of the facts could not be read, why, and who can mend it.

The causes are told apart, since each has another remedy: a refused token, an answer of an unknown shape, no answer at all,
and an older answer that still serves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Any

from bff.keeptrusts.facts import Cause, Reading
from bff.status.findings import Code, Finding
from bff.status.freshness import is_kept
from bff.status.params import params
from bff.wording import date_and_time, listed, sentence

TRIED_AGAIN = "It is tried again by itself; if it lasts, tell the platform team."
_TOKEN = "The platform team must check the service's Keeptrusts token and what it may read."  # noqa: S105 - advice, not a token
SEE_DOCTOR = "The platform team can see what differs with the command keeptrusts-bff doctor."

Parts = Mapping[str, Reading[Any]]
"""Readings by the name that a sentence gives them: `gateway keys`, `wallets`."""


def upstream_findings(parts: Parts, *, zone: tzinfo, stale: bool) -> list[Finding]:
    """One finding for each cause among `parts`, those that an assessment made use of.

    `stale` says that the facts as a whole could not be renewed, without any part of them saying why.
    """
    by_code: dict[Code, dict[str, Reading[Any]]] = {}
    for name, reading in parts.items():
        code = _code(reading)
        if code is not None:
            by_code.setdefault(code, {})[name] = reading
    if stale and Code.DATA_STALE not in by_code:
        by_code[Code.DATA_STALE] = {name: part for name, part in parts.items() if part.value is not None}
    return [
        _finding(code, concerned, zone, since=_silent_since(parts) if len(concerned) == len(parts) else None)
        for code, concerned in by_code.items()
    ]


def _code(reading: Reading[Any]) -> Code | None:
    if reading.cause is Cause.DENIED:
        return Code.UPSTREAM_DENIED
    if reading.cause is Cause.CONTRACT:
        return Code.UPSTREAM_CONTRACT
    if reading.value is None:
        return Code.UPSTREAM_UNAVAILABLE
    return Code.DATA_STALE if is_kept(reading) else None


def _silent_since(parts: Parts) -> datetime | None:
    """When Keeptrusts last answered for any of `parts`, all of which are old; None where that is not known."""
    return max((part.observed_at for part in parts.values() if part.observed_at is not None), default=None)


def _finding(code: Code, parts: Parts, zone: tzinfo, *, since: datetime | None) -> Finding:
    values = None
    names = listed(tuple(parts)) or "facts"
    shown = _shown_as_of(parts.values(), zone)
    details = " ".join(dict.fromkeys(filter(None, (_begun(sentence(part.detail)) for part in parts.values()))))
    if code is Code.UPSTREAM_DENIED:
        said, hint = f"Keeptrusts does not let this service read its {names}.", _TOKEN
    elif code is Code.UPSTREAM_CONTRACT:
        said, hint = f"Keeptrusts' answer for its {names} is not of the form expected{shown}.", SEE_DOCTOR
    elif code is Code.DATA_STALE:
        said, hint = f"Keeptrusts' {names} could not be read anew{shown}.", TRIED_AGAIN
        # The translated sentence is that Keeptrusts does not answer at all: `since` is given where no part is newer.
        values = params(since=since) if since is not None else None
    else:
        said, hint = f"Keeptrusts' {names} could not be read.", TRIED_AGAIN
    return Finding(code, f"{said} {details}".rstrip(), hint, values)


def _begun(text: str) -> str:
    return text[:1].upper() + text[1:]


def _shown_as_of(parts: Iterable[Reading[Any]], zone: tzinfo) -> str:
    observed = [part.observed_at for part in parts if part.value is not None and part.observed_at is not None]
    return f"; what is shown was read at {date_and_time(min(observed), zone)}" if observed else ""
