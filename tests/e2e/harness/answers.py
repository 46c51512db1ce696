"""What the service answers a user through the proxy, which browsers have asked, and how amounts read on a page."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

import httpx
from playwright.async_api import Page, Request

from tests.e2e.harness.backstage import Backstage

PROXY = "/api/proxy/keeptrusts"
_TWO_DIGITS = Context(prec=2, rounding=ROUND_HALF_UP)


async def answer(backstage: Backstage, user: str, path: str, body: object | None = None) -> Any:
    """What this user gets for a GET of `path`, or for a POST with a `body`."""
    reply = await backstage.client.request(
        "GET" if body is None else "POST",
        f"{PROXY}{path}",
        json=body,
        headers={"authorization": f"Bearer {await backstage.user_token(user)}"},
    )
    assert reply.status_code == httpx.codes.OK, reply.text
    return reply.json()


async def statuses(backstage: Backstage, user: str, *names: str) -> dict[str, Any]:
    """The status of each of these components, as this user gets it."""
    refs = [f"component:default/{name}" for name in names]
    reply = await answer(backstage, user, "/v1/governance/by-refs", {"entityRefs": refs})
    return {name: item["status"] for name, item in zip(names, reply["items"], strict=True)}


def requests_of(page: Page) -> list[Request]:
    """The requests to the service that this page makes from now on."""
    made: list[Request] = []
    page.on("request", lambda request: made.append(request) if PROXY in request.url else None)
    return made


def asked(made: list[Request]) -> list[str]:
    """The paths of these requests, as the service knows them."""
    return [request.url.partition(PROXY)[2] for request in made]


def money(amount: dict[str, str]) -> str:
    """An amount as an app in English writes it: to the cent, below ten cents with two significant digits."""
    value = Decimal(amount["amount"])
    if 0 < value < Decimal("0.0995"):
        return f"${_TWO_DIGITS.plus(value).normalize():f}"
    return f"${value.quantize(Decimal('0.01'), ROUND_HALF_UP):,}"


def words_of(finding: dict[str, Any]) -> list[str]:
    """What a page in English says of a finding: the service's sentence, or, in a sentence of the plugin's own, its values.

    Times are left out, since they are in the browser's zone.
    """
    values: dict[str, str] | None = finding["params"]
    if values is None:
        return [finding["message"]]
    amounts = [values[name] for name in ("spent", "budget", "available") if name in values]
    names = [values[name] for name in ("key", "owner", "team", "declared", "enforced") if name in values]
    return [*names, *(money({"amount": amount}) for amount in amounts)]


def share(part: dict[str, str], whole: dict[str, str]) -> str:
    """A share as a page writes it: whole percent, rounded down, and what is less than one as such."""
    ratio = Decimal(part["amount"]) / Decimal(whole["amount"])
    return "<1%" if 0 < ratio < Decimal("0.01") else f"{int(ratio * 100)}%"
