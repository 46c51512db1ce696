"""Tries every call and every assumed field of a real deployment, and says where it differs from `contract.py`.

The contract is partly assumed. Where a deployment differs this names the call and the field, so that it need not be guessed
from missing numbers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from bff.governance.wording import rows_left_out, statuses_not_known
from bff.keeptrusts.client import KeeptrustsClient
from bff.keeptrusts.contract import TokenRecord, WalletRecord
from bff.keeptrusts.directory import gateway_key
from bff.keeptrusts.errors import KeeptrustsError
from bff.keeptrusts.gateway import ControlPlaneProbe, GatewayClient
from bff.keeptrusts.listing import Pages

LOOK_BACK = timedelta(days=7)
MOST_WALLETS_TRIED = 5


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
    client: KeeptrustsClient, probe: ControlPlaneProbe, now: datetime
) -> AsyncIterator[Trial]:
    """Try the control plane, call by call; what one call gives the next ones need, so they come one after the other."""
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
    trials, wallets = await _listed("GET /v1/wallets", client.wallets, "wallets", expected=("updated_at",))
    for each in trials:
        yield each
    async for each in _transactions(client, wallets, now):
        yield each
    for each in await _events(client, now):
        yield each


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
        f"{report.status}, {len(report.providers)} providers, version {report.version or 'not told'}",
    )


async def _whoami(client: KeeptrustsClient) -> Trial:
    subject = "GET /v1/whoami"
    try:
        who = await client.whoami()
    except KeeptrustsError as error:
        # Nothing here needs it but the reader of this line.
        return Trial(Verdict.WARN, subject, error.reason)
    return Trial(Verdict.OK, subject, f"organisation {who.organization.name}, role {who.role or 'not told'}")


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


async def _transactions(
    client: KeeptrustsClient, wallets: Sequence[WalletRecord], now: datetime
) -> AsyncIterator[Trial]:
    subject = "GET /v1/wallets/{id}/transactions"
    spending = sorted(wallets, key=lambda wallet: wallet.total_spent, reverse=True)[:MOST_WALLETS_TRIED]
    if not spending:
        yield Trial(Verdict.WARN, subject, "not tried: there is no wallet")
        return
    records: list[BaseModel] = []
    for wallet in spending:
        try:
            pages = await client.transactions(wallet.id, since=now - LOOK_BACK, most_pages=1)
        except KeeptrustsError as error:
            yield Trial(Verdict.FAIL, subject, error.reason)
            return
        # Only bookings of spend name a key and a model.
        records += [record for record in pages.records if record.type in {"settle", "refund"}]
    if not records:
        yield Trial(
            Verdict.WARN, subject, "no spend in the last 7 days: whether bookings name their key could not be seen"
        )
    elif _absent(records, ("token_id",)):
        yield Trial(
            Verdict.WARN, subject, "bookings have no token_id: spend can only be shown for a team, not for a key"
        )
    else:
        yield _judged(subject, records, "bookings of spend", ("model",))


async def _events(client: KeeptrustsClient, now: datetime) -> list[Trial]:
    subject = "GET /v1/events"
    try:
        pages = await client.events(since=now - LOOK_BACK, most_pages=1)
    except KeeptrustsError as error:
        return [Trial(Verdict.FAIL, subject, error.reason)]
    trial = _judged(subject, pages.records, "policy events (first page)", ("verdict", "token_id", "team_id"))
    return [trial, *_left_out(subject, pages)]
