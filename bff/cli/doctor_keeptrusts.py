"""Tries every call and every assumed field of a real deployment, and says where it differs from `contract.py`.

The contract is partly assumed. Where a deployment differs this names the call and the field, so that it need not be guessed
from missing numbers.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from bff.keeptrusts.client import KeeptrustsClient
from bff.keeptrusts.contract import EventRecord, TokenRecord, WalletRecord
from bff.keeptrusts.directory import gateway_key
from bff.keeptrusts.errors import KeeptrustsError, UpstreamRejectedError, UpstreamUnavailableError
from bff.keeptrusts.events import spend_events
from bff.keeptrusts.facts import UNPAID_VERDICTS, SpendEvent, rows_left_out, statuses_not_known
from bff.keeptrusts.replies import Pages
from bff.platform.health import ControlPlaneProbe, GatewayClient
from bff.values import USD

SAMPLED = timedelta(hours=1)
SAMPLED_WHEN_QUIET = timedelta(days=7)
"""How far back events are sampled, and how far where there are none of that time."""

COMPARED_SECONDS = 4.0
"""Seconds between the two listings of wallets that are compared with the events of that time."""

_COMPARED_BACK = timedelta(seconds=30)
_MOST_PAGES_COMPARED = 50

_EVENTS = "GET /v1/events"
_FIELDS = "fields of events"
_CHECKSUM = "wallets against events"


class Verdict(StrEnum):
    """What became of a trial."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Trial:
    """One line of an examination."""

    verdict: Verdict
    subject: str
    message: str


async def examine_control_plane(
    client: KeeptrustsClient,
    probe: ControlPlaneProbe,
    now: datetime,
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[Trial]:
    """Try the control plane, call by call; what one call gives the next ones need, so they come one after the other.

    `sleep` waits for `COMPARED_SECONDS` while wallets and events go on.
    """
    ready = await probe.ready()
    if ready.value is None:
        yield Trial(Verdict.FAIL, "GET /readyz", ready.problem or "no answer")
    else:
        yield (
            Trial(Verdict.OK, "GET /readyz", "ready")
            if ready.value
            else Trial(Verdict.WARN, "GET /readyz", "not ready")
        )
    yield await _whoami(client)
    trials, _ = await _listed("GET /v1/teams", client.teams, "teams", expected=("created_at",))
    for each in trials:
        yield each
    trials, keys = await _listed(
        "GET /v1/tokens", client.tokens, "gateway keys", expected=("team_id", "prefix", "created_at")
    )
    for each in (*trials, *_statuses(keys)):
        yield each
    trials, _ = await _listed("GET /v1/configurations", client.configurations, "configurations", expected=("team_id",))
    for each in trials:
        yield each
    trials, _ = await _listed("GET /v1/wallets", client.wallets, "wallets", expected=("updated_at",))
    for each in trials:
        yield each
    async for each in _events(client, now):
        yield each
    yield await _checksum(client, now, sleep)


async def examine_gateway(gateway: GatewayClient) -> Trial:
    """Try the gateway's own account of itself."""
    asked = await gateway.health()
    if asked.value is None:
        return Trial(Verdict.FAIL, "GET /health", asked.problem or "no answer")
    report = asked.value
    verdict = Verdict.OK if report.status == "healthy" else Verdict.WARN
    return Trial(
        verdict,
        "GET /health",
        f"{report.status}, {len(report.providers)} providers, version {report.version or 'not given'}",
    )


async def _whoami(client: KeeptrustsClient) -> Trial:
    subject = "GET /v1/whoami"
    try:
        who = await client.whoami()
    except UpstreamUnavailableError as error:
        return Trial(Verdict.FAIL, subject, f"{error.reason}: without it a first start cannot show anything")
    except KeeptrustsError as error:
        lost = "the ledger is named by the token, and a new token reads all events again"
        return Trial(Verdict.WARN, subject, f"{error.reason}: {lost}")
    return Trial(Verdict.OK, subject, f"organisation {who.organization.name}, role {who.role or 'not given'}")


async def _listed(
    subject: str, fetch: Callable[[], Awaitable[Pages[Any]]], what: str, *, expected: Sequence[str]
) -> tuple[list[Trial], Sequence[Any]]:
    try:
        pages = await fetch()
    except KeeptrustsError as error:
        return [Trial(Verdict.FAIL, subject, error.reason)], ()
    if pages.failure is not None:
        trial = Trial(Verdict.FAIL, subject, f"a later page failed: {pages.failure.reason}")
    else:
        trial = _judged(subject, pages.records, what, expected)
    return [trial, *_left_out(subject, pages)], pages.records


def _left_out(subject: str, pages: Pages[Any]) -> list[Trial]:
    if not pages.rejected_count:
        return []
    said = rows_left_out(pages.rejected, pages.rejected_count, len(pages.records))
    return [Trial(Verdict.WARN, subject, said)]


def _statuses(keys: Sequence[TokenRecord]) -> list[Trial]:
    words = {key.id: word for key in keys if (word := gateway_key(key).unknown_status) is not None}
    return [Trial(Verdict.WARN, "GET /v1/tokens", statuses_not_known(words))] if words else []


def _judged(subject: str, records: Sequence[BaseModel], what: str, expected: Sequence[str]) -> Trial:
    absent = _absent(records, expected)
    if absent:
        return Trial(Verdict.WARN, subject, f"{len(records):,} {what}, none of which has {', '.join(absent)}")
    return Trial(Verdict.OK, subject, f"{len(records):,} {what}")


def _absent(records: Sequence[BaseModel], expected: Iterable[str]) -> list[str]:
    return [field for field in expected if records and all(getattr(record, field) is None for record in records)]


async def _events(client: KeeptrustsClient, now: datetime) -> AsyncIterator[Trial]:
    """Try what the ledger needs of the feed: its events' fields, its order, its cursors and `until`."""
    back, period = SAMPLED, "last hour"
    try:
        pages = await client.events(since=now - back, most_pages=1)
        if not pages.records and not pages.rejected_count:
            back, period = SAMPLED_WHEN_QUIET, "last 7 days"
            pages = await client.events(since=now - back, most_pages=1)
    except KeeptrustsError as error:
        yield Trial(Verdict.FAIL, _EVENTS, f"{error.reason}: without events neither spend nor activity can be shown")
        return
    events = list(spend_events(pages.records))
    if not events:
        yield Trial(Verdict.WARN, _EVENTS, f"no event in the {period}: what events hold could not be seen")
    else:
        yield Trial(Verdict.OK, _EVENTS, f"{len(events):,} of the {period} (first page), {_order(events)}")
    for each in (*_left_out(_EVENTS, pages), *_fields(events)):
        yield each
    yield await _second_page(client, now, pages, back)
    yield await _until(client, now - back, pages.records)


def _order(events: Sequence[SpendEvent]) -> str:
    times = [event.at for event in events]
    if len(set(times)) == 1:
        return "all of one moment"
    if times == sorted(times, reverse=True):
        return "newest first"
    return "oldest first" if times == sorted(times) else "not ordered by time"


def _fields(events: Sequence[SpendEvent]) -> list[Trial]:
    """What the events of a sample lack, and what is lost by it."""
    requests = [event for event in events if event.is_request]
    if not events:
        return []
    if not requests:
        return [Trial(Verdict.WARN, _FIELDS, "no event is a decision: requests are not counted")]
    priced = [event for event in events if event.cost is not None]
    unpriced = [event for event in requests if event.cost is None and event.verdict not in UNPAID_VERDICTS]
    paid = [event for event in requests if event.verdict not in UNPAID_VERDICTS]
    found = [
        _lacking(
            "price (event_cost_attribution.total_cost_usd)",
            unpriced,
            paid,
            "no spend is shown",
            "sums are lower bounds",
        ),
        _lacking(
            "token_id",
            [event for event in requests if not event.key_id],
            requests,
            "spend is shown by team, not by key",
            "what they cost is shown for the team, not for a key",
        ),
        _lacking(
            "team_id",
            [event for event in requests if not event.team_id],
            requests,
            "activity is not shown by team, and what names no key is not shown at all",
            "those that name no key are not shown at all",
        ),
        _lacking(
            "model",
            [event for event in requests if not event.model],
            requests,
            "spend is not shown by model",
            "their spend is shown without a model",
        ),
        _lacking(
            "verdict",
            [event for event in requests if event.verdict is None],
            requests,
            "blocked, redacted and escalated requests are not counted",
            "they count as requests alone",
        ),
        _sign([event.cost.amount for event in priced if event.cost]),
    ]
    lacking = [trial for trial in found if trial is not None]
    return lacking or [Trial(Verdict.OK, _FIELDS, "price, token_id, team_id, model and verdict are there")]


def _lacking(
    field: str, lacking: Sequence[SpendEvent], events: Sequence[SpendEvent], lost_by_all: str, lost_by_some: str
) -> Trial | None:
    if not lacking:
        return None
    if len(lacking) == len(events):
        return Trial(Verdict.WARN, _FIELDS, f"no event has {field}: {lost_by_all}")
    have = "has" if len(lacking) == 1 else "have"
    return Trial(Verdict.WARN, _FIELDS, f"{len(lacking):,} of {len(events):,} {have} no {field}: {lost_by_some}")


def _sign(costs: Sequence[Decimal]) -> Trial | None:
    below = sum(cost < 0 for cost in costs)
    if 2 * below > len(costs):
        said = (
            f"{below:,} of {len(costs):,} prices are below zero: the sign is turned round, and every sum would be wrong"
        )
        return Trial(Verdict.FAIL, _FIELDS, said)
    total = sum(costs, Decimal(0))
    if total < 0:
        said = f"corrections take away more than the events add ({total:f} USD in all): such sums are marked incomplete"
        return Trial(Verdict.WARN, _FIELDS, said)
    return None


async def _second_page(client: KeeptrustsClient, now: datetime, first: Pages[EventRecord], back: timedelta) -> Trial:
    """Go on by the cursor of the first page, of a longer time where the sample has but one page."""
    subject = "events by cursor"
    lost = "what is beyond the first page of a reading cannot be counted"
    try:
        if first.next_cursor is None and back < SAMPLED_WHEN_QUIET:
            back = SAMPLED_WHEN_QUIET
            first = await client.events(since=now - back, most_pages=1)
        if first.next_cursor is None:
            return Trial(Verdict.OK, subject, "not seen: all events of the last 7 days are on one page")
        second = await client.events(since=now - back, cursor=first.next_cursor, most_pages=1)
    except KeeptrustsError as error:
        return Trial(Verdict.FAIL, subject, f"{error.reason}: {lost}")
    known = {record.event_id for record in first.records}
    repeated = sum(record.event_id in known for record in second.records)
    if second.records and repeated == len(second.records):
        return Trial(Verdict.FAIL, subject, f"the second page repeats the first: {lost}")
    if repeated:
        said = f"{repeated:,} of the second page stand on the first too: each is counted once, by its id"
        return Trial(Verdict.OK, subject, said)
    return Trial(Verdict.OK, subject, "a second page follows the first")


async def _until(client: KeeptrustsClient, since: datetime, records: Sequence[EventRecord]) -> Trial:
    """Ask for the older half of the sample."""
    subject = "events with until"
    times = sorted({record.timestamp for record in records})
    if len(times) < 2:
        return Trial(Verdict.OK, subject, "not seen: there are no two events of different times")
    middle = times[len(times) // 2]
    lost = "older days are read from the newest event on, which takes longer"
    try:
        pages = await client.events(since=since, until=middle, most_pages=1)
    except UpstreamRejectedError as error:
        return Trial(Verdict.WARN, subject, f"refused ({error.reason}): {lost}")
    except KeeptrustsError as error:
        return Trial(Verdict.FAIL, subject, error.reason)
    if any(record.timestamp >= middle for record in pages.records):
        return Trial(Verdict.WARN, subject, f"not honoured: {lost}")
    return Trial(Verdict.OK, subject, "honoured")


async def _checksum(client: KeeptrustsClient, now: datetime, sleep: Callable[[float], Awaitable[None]]) -> Trial:
    """Compare what wallets grow by within some seconds with the cost of the events that are published meanwhile."""
    lost = "events that are missing will not be noticed"
    since = now - _COMPARED_BACK
    try:
        wallets = await client.wallets()
        if (reason := _not_comparable(wallets)) is not None:
            return Trial(Verdict.WARN, _CHECKSUM, f"{reason}: {lost}")
        before = await client.events(since=since, most_pages=_MOST_PAGES_COMPARED)
        await sleep(COMPARED_SECONDS)
        later = await client.wallets()
        if (reason := _not_comparable(later)) is not None:
            return Trial(Verdict.WARN, _CHECKSUM, f"{reason}: {lost}")
        after = await client.events(since=since, most_pages=_MOST_PAGES_COMPARED)
    except KeeptrustsError as error:
        return Trial(Verdict.WARN, _CHECKSUM, f"could not be compared: {error.reason}")
    if not (before.complete and after.complete):
        return Trial(Verdict.WARN, _CHECKSUM, "could not be compared: not all recent events could be read")
    spent = {wallet.id: wallet.total_spent for wallet in wallets.records}
    grown = sum((each.total_spent - spent[each.id] for each in later.records if each.id in spent), Decimal(0))
    known = {record.event_id for record in before.records}
    new = list(spend_events(record for record in after.records if record.event_id not in known))
    return _compared(grown, sum((event.cost.amount for event in new if event.cost is not None), Decimal(0)))


def _not_comparable(wallets: Pages[WalletRecord]) -> str | None:
    """Why the sum of `total_spent` says nothing; None when it does."""
    if not wallets.records and not wallets.rejected_count:
        return "there is no wallet"
    if not wallets.complete or wallets.rejected_count:
        return "not every wallet could be read with its total_spent"
    other = next((wallet for wallet in wallets.records if wallet.currency != USD), None)
    return None if other is None else f"wallet {other.id} is in {other.currency}, prices of events are in USD"


def _compared(grown: Decimal, counted: Decimal) -> Trial:
    said = f"within {COMPARED_SECONDS:g} s wallets grew by {grown:f} USD, new events cost {counted:f} USD"
    if grown == counted:
        return Trial(Verdict.OK, _CHECKSUM, said)
    if grown < 0:
        return Trial(Verdict.WARN, _CHECKSUM, f"{said}: total_spent must not go down")
    if not grown:
        return Trial(Verdict.WARN, _CHECKSUM, f"{said}: total_spent is not the sum of prices, or grows later")
    if grown > 2 * counted:
        lost = "events come later, not all of them, or by another clock; until they come, spend is marked incomplete"
        return Trial(Verdict.WARN, _CHECKSUM, f"{said}: {lost}")
    return Trial(Verdict.OK, _CHECKSUM, f"{said}; the difference may be on its way")
