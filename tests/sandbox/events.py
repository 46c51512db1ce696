"""Reading the list of events as a client does."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import httpx

Sums = dict[str | None, tuple[Decimal, int, int]]


async def page(client: httpx.AsyncClient, **query: Any) -> dict[str, Any]:
    """A page of events with exact numbers."""
    reply = await client.get(
        "/v1/events", params={name: str(value) for name, value in query.items() if value is not None}
    )
    assert reply.status_code == 200, reply.text
    document: dict[str, Any] = json.loads(reply.content, parse_float=Decimal)
    return document


async def every_event(client: httpx.AsyncClient, *, cursor: str | None = None, **query: Any) -> list[dict[str, Any]]:
    """All pages together, or those that are left after `cursor`."""
    found: list[dict[str, Any]] = []
    while True:
        read = await page(client, cursor=cursor, **query)
        found += read["events"]
        cursor = read["next_cursor"]
        if cursor is None:
            return found


def as_sums(events: Iterable[dict[str, Any]]) -> Sums:
    """By key: what was spent, how many requests there were, and how many of them without a cost."""
    sums: Sums = {}
    for event in events:
        spent, requests, unpriced = sums.get(event["token_id"], (Decimal(0), 0, 0))
        cost = event["event_cost_attribution"]["total_cost_usd"]
        sums[event["token_id"]] = (spent + (cost or 0), requests + 1, unpriced + (cost is None))
    return sums
