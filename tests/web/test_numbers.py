"""Who sees numbers over HTTP: two answers an entity, chosen before any cache."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from bff.backstage.groups import MEMBER_STALE_FOR
from bff.sandbox.faults import Rule
from bff.web.routes import MOST_BATCHES_EACH
from tests.backstage.stub import SERVICE_TOKEN, URL, StubBackstage
from tests.conftest import BOT, NOON, Running, Start

OWNER = "group:default/support-team"
PLATFORM = "group:default/platform-team"
MEMBER, STRANGER, OPERATOR = "user:default/member", "user:default/stranger", "user:default/operator"
REF = "component:default/customer-support-bot"
ROUTES = (f"{BOT}/governance", f"{BOT}/spend?days=7")


class Portal:
    """The service in front of a Backstage with a member of the owning group, a stranger and an operator."""

    def __init__(self, running: Running, stub: StubBackstage) -> None:
        self.running = running
        self.stub = stub

    def bearer(self, user: str) -> dict[str, str]:
        """The header of a user who has just signed in."""
        return {"authorization": f"Bearer {self.stub.user_token(user, exp=int(self.stub.clock.now) + 86_400)}"}

    async def get(self, user: str, path: str = ROUTES[0], **headers: str) -> httpx.Response:
        """One request of `user`."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.running.client.get(path, headers=self.bearer(user) | given)

    async def batch(self, user: str, refs: list[str]) -> httpx.Response:
        """One batch of `user`."""
        body = {"entityRefs": refs}
        return await self.running.client.post("/v1/governance/by-refs", json=body, headers=self.bearer(user))

    def pass_(self, seconds: float) -> None:
        """Let time pass, everywhere."""
        self.running.time.pass_(seconds)
        self.stub.clock.now += seconds


@asynccontextmanager
async def portal(start: Start, **settings: Any) -> AsyncIterator[Portal]:
    """A service with callers."""
    stub = StubBackstage()
    stub.clock.now = NOON.timestamp()
    stub.add(
        REF,
        owner="support-team",
        gateway_key_name="support-team-gw-key",
        policy_tier="tier-3-customer-facing",
        daily_budget="500",
    )
    stub.add(OWNER)
    stub.add(PLATFORM)
    stub.join(OWNER, user=MEMBER)
    stub.join("group:default/others", user=STRANGER)
    stub.join(PLATFORM, user=OPERATOR)
    defaults: dict[str, Any] = {
        "backstage": httpx.MockTransport(stub._answer),
        "bff_auth": "backstage",
        "bff_catalog": "backstage",
        "backstage_url": URL,
        "backstage_token": SERVICE_TOKEN,
        "bff_platform_groups": "platform-team",
        "bff_backfill_days": 2,
    }
    async with start(**(defaults | settings)) as running:
        yield Portal(running, stub)


def withheld(document: dict[str, Any]) -> bool:
    """Whether an answer says that its amounts are for others."""
    return "numbers-withheld" in {finding["code"] for finding in document["findings"]}


def sections(document: dict[str, Any]) -> set[str]:
    """The names of those sections that hold amounts."""
    return {name for name in ("budget", "wallet", "activity", "total", "byDay", "byModel") if document.get(name)}


@pytest.mark.parametrize("path", ROUTES)
async def test_the_owners_and_the_platform_see_numbers(start: Start, path: str) -> None:
    """A member of the owning group and one of a platform group get one answer, with amounts; a stranger gets the other."""
    async with portal(start) as asked:
        member, operator, stranger = [await asked.get(user, path) for user in (MEMBER, OPERATOR, STRANGER)]
        assert {reply.status_code for reply in (member, operator, stranger)} == {200}
        assert member.content == operator.content
        assert sections(member.json())
        assert not withheld(member.json())
        assert sections(stranger.json()) == set()
        assert withheld(stranger.json())
        assert member.json().get("state") == stranger.json().get("state")


async def test_every_viewer_where_the_operator_says_so(start: Start) -> None:
    """With `BFF_NUMBERS=viewers` a stranger gets the owner's answer."""
    async with portal(start, bff_numbers="viewers") as asked:
        for path in ROUTES:
            assert (await asked.get(STRANGER, path)).content == (await asked.get(MEMBER, path)).content


async def test_the_local_caller_sees_numbers(running: Running) -> None:
    """Without authentication, on this machine alone, numbers are for everybody."""
    assert (await running.status_of("customer-support-bot"))["budget"] is not None


async def test_a_batch_is_answered_as_its_caller_sees_it(start: Start) -> None:
    """Items hold the bytes of the single answers, for a stranger as for a member."""
    async with portal(start) as asked:
        for user in (MEMBER, STRANGER):
            single = (await asked.get(user)).json()
            assert (await asked.batch(user, [REF])).json()["items"][0]["status"] == single


@pytest.mark.parametrize("path", ROUTES)
async def test_a_tag_of_one_answer_is_none_of_the_other(start: Start, path: str) -> None:
    """A member's tag makes no 304 for a stranger, and each one's own does."""
    async with portal(start) as asked:
        tags = {user: (await asked.get(user, path)).headers["etag"] for user in (MEMBER, STRANGER)}
        assert tags[MEMBER] != tags[STRANGER]
        for user, other in ((MEMBER, STRANGER), (STRANGER, MEMBER)):
            assert (await asked.get(user, path, if_none_match=tags[user])).status_code == 304
            crossed = await asked.get(user, path, if_none_match=tags[other])
            assert (crossed.status_code, crossed.headers["etag"]) == (200, tags[user])


async def test_stale_answers_are_told_apart_too(start: Start) -> None:
    """While Keeptrusts is down a stranger's answer stays without amounts, and a member's keeps them."""
    async with portal(start) as asked:
        await asked.get(MEMBER)
        asked.running.break_upstream(Rule(kind="status", code=503))
        asked.pass_(31)
        for user, seen in ((STRANGER, False), (MEMBER, True)):
            document = (await asked.get(user, cache_control="no-cache")).json()
            assert document["freshness"]["stale"]
            assert bool(sections(document)) is seen


async def test_who_leaves_the_group_loses_numbers_within_a_minute(start: Start) -> None:
    """Without a new sign-in: the token is the same, and the catalog decides."""
    async with portal(start) as asked:
        token = asked.bearer(MEMBER)
        asked.stub.ownership[MEMBER] = [OWNER]
        assert sections((await asked.running.client.get(ROUTES[0], headers=token)).json())
        asked.stub.join(user=MEMBER)
        asked.pass_(MEMBER_STALE_FOR)
        after = (await asked.running.client.get(ROUTES[0], headers=token)).json()
        assert sections(after) == set()
        assert withheld(after)


async def test_a_refused_service_shows_nobody_numbers_and_says_so(start: Start) -> None:
    """When Backstage refuses our own token the card is there for its owner, with `catalog-denied`, and no 401."""
    async with portal(start, backstage_token="revoked-token") as asked:
        reply = await asked.get(MEMBER)
        assert reply.status_code == 200
        document = reply.json()
        assert {finding["code"] for finding in document["findings"]} == {"catalog-denied"}
        assert (document["state"], sections(document)) == ("unknown", set())


async def test_a_group_of_another_origin_opens_nothing(start: Start) -> None:
    """A Group that somebody registers for themselves, with a team in its annotation, gives its members nothing."""
    async with portal(start, bff_group_origins="url:https://git.example/acme/org/") as asked:
        asked.stub.register(OWNER, "url:https://git.example/acme/org/groups.yaml")
        evil = "group:evil/mine"
        asked.stub.add(evil, team="support-team")
        asked.stub.register(evil, "url:https://git.example/evil/groups.yaml")
        asked.stub.join(evil, user=STRANGER)
        asked.stub.add("component:evil/bot", owner=evil, gateway_key_name="support-team-gw-key")
        document = (await asked.get(STRANGER, "/v1/entities/component/evil/bot/governance")).json()
        assert "owner-mismatch" in {finding["code"] for finding in document["findings"]}
        assert sections(document) == set()
        assert sections((await asked.get(MEMBER)).json())


async def test_a_component_with_anothers_owner_opens_nothing(start: Start) -> None:
    """A Component that names finance's group and key shows finance's amounts to finance alone."""
    async with portal(start) as asked:
        asked.stub.add("component:evil/bot", owner=OWNER, gateway_key_name="support-team-gw-key")
        path = "/v1/entities/component/evil/bot/governance"
        assert sections((await asked.get(STRANGER, path)).json()) == set()
        assert sections((await asked.get(MEMBER, path)).json())


async def test_backends_at_addresses_of_their_own(start: Start) -> None:
    """Each of auth and catalog is asked at its own address, and tokens name the auth backend's as their issuer."""
    hosts: dict[str, set[str]] = {}
    async with portal(start) as plain:
        stub = plain.stub

    async def answer(request: httpx.Request) -> httpx.Response:
        hosts.setdefault(request.url.host, set()).add(request.url.path.split("/")[-3])
        return await stub._answer(request)

    addresses = {
        "backstage_url": "https://elsewhere.test/portal",
        "backstage_auth_url": URL,
        "backstage_catalog_url": "https://catalog.test/portal",
        "backstage": httpx.MockTransport(answer),
    }
    async with portal(start, **addresses) as asked:
        asked.stub = stub
        assert sections((await asked.get(MEMBER)).json())
        assert set(hosts) == {"backstage.test", "catalog.test"}
        checks = asked.running.app.service.checks()
        assert {"backstage:breaker", "backstage-auth:breaker", "backstage-catalog:breaker"} <= set(checks)


async def test_a_third_batch_of_one_caller_is_refused(start: Start) -> None:
    """Two batches of one caller are answered at once; a third is refused with a time to try again, and another caller's is answered."""
    async with portal(start) as asked:
        await asked.get(MEMBER)
        await asked.get(OPERATOR)
        asked.stub.gate = asyncio.Event()
        invented = [f"component:default/invented-{number}" for number in range(300)]
        batches = [asyncio.ensure_future(asked.batch(STRANGER, invented)) for _ in range(MOST_BATCHES_EACH)]
        while not asked.running.app.service.batches._under_way:
            await asyncio.sleep(0)
        while asked.running.app.service.batches._under_way[STRANGER] < MOST_BATCHES_EACH:
            await asyncio.sleep(0)
        refused = await asked.batch(STRANGER, [REF])
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        assert refused.json()["type"] == "urn:keeptrusts-bff:too-many-requests"
        assert (await asked.batch(OPERATOR, [REF])).status_code == 200
        asked.stub.gate.set()
        assert {reply.status_code for reply in await asyncio.gather(*batches)} == {200}
        assert (await asked.batch(STRANGER, [REF])).status_code == 200


async def test_refused_callers_are_counted(start: Start) -> None:
    """The metric of refusals has a series for each reason from the start, and counts them."""
    async with portal(start) as asked:
        await asked.running.client.get(ROUTES[0])
        await asked.running.client.get(ROUTES[0], headers={"authorization": "Bearer static-token"})
        text = (await asked.running.get("/metrics")).text
        for reason, count in {"missing": 1, "form": 1, "key": 0, "audience": 0, "issuer": 0, "expired": 0}.items():
            assert f'keeptrusts_bff_callers_refused_total{{reason="{reason}"}} {count}.0' in text
