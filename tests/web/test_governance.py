"""The status of one entity and of many, over HTTP."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from bff.sandbox.faults import Rule
from bff.web.answers import LARGEST_BODY
from tests.conftest import BOT, Running, Start

STATUS = f"{BOT}/governance"
BY_REFS = "/v1/governance/by-refs"


async def test_an_answer_says_how_old_it_is_and_who_may_keep_it(running: Running) -> None:
    """An answer carries its age, its tag and its cache status, and only the caller's browser may keep it."""
    first = await running.get(STATUS)
    assert first.headers["cache-status"] == "keeptrusts-bff; fwd=miss; stored; ttl=30"
    running.time.pass_(12)
    reply = await running.get(STATUS)
    assert reply.headers["age"] == "12"
    assert reply.headers["cache-status"] == "keeptrusts-bff; hit; ttl=18"
    assert reply.headers["cache-control"] == "private, no-cache"
    assert reply.headers["vary"] == "authorization"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["etag"] == first.headers["etag"]
    assert reply.content == first.content


@pytest.mark.parametrize("tag", ["{0}", "W/{0}", '"other", {0}', "*", '"a",W/{0},"b"'])
async def test_what_the_client_has_is_not_sent_again(running: Running, tag: str) -> None:
    """A request that names the current tag is answered with 304, without a body and with the headers of a 200."""
    full = await running.get(STATUS)
    reply = await running.get(STATUS, if_none_match=tag.format(full.headers["etag"]))
    assert (reply.status_code, reply.content) == (304, b"")
    assert reply.headers["etag"] == full.headers["etag"]
    assert "age" in reply.headers


async def test_another_tag_gets_the_answer(running: Running) -> None:
    """A request that names another tag gets the whole answer."""
    assert (await running.get(STATUS, if_none_match='"other"')).status_code == 200


async def test_a_head_request_has_the_headers(running: Running) -> None:
    """HEAD is answered like GET."""
    reply = await running.client.head(STATUS)
    assert reply.status_code == 200
    assert "etag" in reply.headers


async def test_numbers_follow_the_traffic(running: Running) -> None:
    """A chat completion at the gateway is on the card after the next reading."""
    before = await running.status_of("customer-support-bot")
    reply = await running.gateway.post(
        "/v1/chat/completions",
        json={"model": "gpt-4o", "messages": [{"role": "user", "content": "block me"}]},
        headers={"authorization": f"Bearer {running.scenario.keys['support-team-gw-key']}"},
    )
    assert reply.status_code == 409
    reply = await running.gateway.post(
        "/v1/chat/completions",
        json={"model": "gpt-4o", "messages": [{"role": "user", "content": "Good morning"}]},
        headers={"authorization": f"Bearer {running.scenario.keys['support-team-gw-key']}"},
    )
    assert reply.status_code == 200
    await running.refreshed()
    after = await running.status_of("customer-support-bot")
    assert float(after["budget"]["spent"]["amount"]) > float(before["budget"]["spent"]["amount"])
    assert float(after["wallet"]["available"]["amount"]) < float(before["wallet"]["available"]["amount"])
    assert after["activity"]["requests"] == before["activity"]["requests"] + 2
    assert after["activity"]["blocked"] == before["activity"]["blocked"] + 1


@pytest.mark.long
async def test_a_thousand_at_once_on_a_cold_service_cost_one_reading(running: Running) -> None:
    """Each list is read once, the wallets a second time as the baseline of the checksum, and all callers are answered."""
    replies = await asyncio.gather(*(running.get(STATUS) for _ in range(1000)))
    assert {reply.status_code for reply in replies} == {200}
    assert len({reply.content for reply in replies}) == 1
    paths = Counter(running.upstream.paths)
    assert {paths[path] for path in ("/v1/whoami", "/v1/teams", "/v1/tokens", "/v1/configurations")} == {1}
    assert paths["/v1/wallets"] == 2
    alone = set(paths) - {"/v1/whoami", "/v1/teams", "/v1/tokens", "/v1/configurations", "/v1/wallets"}
    assert alone == {"/v1/events"}


async def test_an_outage_after_warm_up_shows_the_same_with_its_age(running: Running) -> None:
    """When Keeptrusts dies the same numbers are served, marked stale, their age growing."""
    fresh = await running.status_of("customer-support-bot")
    running.break_upstream(Rule(kind="status", code=503))
    ages = []
    for _ in range(3):
        reply = await running.refreshed()
        assert reply.status_code == 200
        assert reply.json()["freshness"]["stale"] is True
        assert reply.headers["cache-status"].endswith("detail=stale-if-error")
        ages.append(int(reply.headers["age"]))
        for section in ("gatewayKey", "policyTier", "team", "wallet"):
            assert reply.json()[section] == fresh[section]
    assert ages == sorted(set(ages))


async def test_an_outage_from_the_start_is_a_problem(running: Running) -> None:
    """When Keeptrusts is down from the start there is a 503 that says when to ask again, and the process is alive."""
    running.break_upstream(Rule(kind="status", code=503))
    reply = await running.get(STATUS)
    assert (reply.status_code, reply.headers["content-type"]) == (503, "application/problem+json")
    assert reply.json()["type"] == "urn:keeptrusts-bff:upstream-unavailable"
    assert int(reply.headers["retry-after"]) >= 1
    assert (await running.get("/livez")).status_code == 200


async def test_no_entity_no_answer(running: Running) -> None:
    """What is not in the catalog is 404, before anything is asked of Keeptrusts."""
    reply = await running.get("/v1/entities/component/default/nobody/governance")
    assert (reply.status_code, reply.json()["type"]) == (404, "urn:keeptrusts-bff:not-found")
    assert running.upstream.paths == []


@pytest.mark.parametrize("name", ["a" * 64, "a" * 300, "-a", "a..", ".", "a b", "a%00b", "%C3%BC", "a%0d%0ax:y"])
async def test_a_name_that_cannot_be_is_refused(running: Running, name: str) -> None:
    """A name that breaks Backstage's rules is a 400 that says so."""
    reply = await running.client.get(f"/v1/entities/component/default/{name}/governance")
    assert reply.status_code in {400, 404}
    assert reply.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path", ["component%2Fdefault/x", "component/default/..%2F..%2Flivez", "component/default/x%2Fy"]
)
async def test_an_encoded_slash_is_no_way_round(running: Running, path: str) -> None:
    """Slashes and dots in a reference, however they are written, lead nowhere else."""
    reply = await running.client.get(f"/v1/entities/{path}/governance")
    assert reply.status_code in {400, 404}


async def by_refs(running: Running, refs: object) -> dict[str, Any]:
    """The reply to a by-refs request."""
    reply = await running.client.post(BY_REFS, json={"entityRefs": refs})
    assert reply.status_code == 200, reply.text
    document: dict[str, Any] = reply.json()
    return document


async def test_many_at_once_come_in_order(running: Running) -> None:
    """A by-refs reply has an item for each reference in the order asked for, each a status or a problem."""
    refs = [
        "component:default/route-planner",
        "Component:Default/Customer-Support-Bot",
        "component:default/nobody",
        "no reference",
        "component:default/route-planner",
    ]
    items = (await by_refs(running, refs))["items"]
    assert [item["entityRef"] for item in items] == refs
    assert [item.get("status", item.get("problem", {})).get("state", 0) for item in items] == [
        "error",
        "ok",
        0,
        0,
        "error",
    ]
    assert [item.get("problem", {}).get("status") for item in items] == [None, None, 404, 400, None]
    assert items[0]["status"] == await running.status_of("route-planner")


async def test_none_at_once_is_an_empty_list(running: Running) -> None:
    """Asking for nothing gets nothing."""
    assert await by_refs(running, []) == {"items": []}


async def test_the_worst_of_many_come_alone_with_a_count_of_all(running: Running) -> None:
    """With `worst` a by-refs reply has so many items, the worst first, and says how many references are in each state."""
    names = ("customer-support-bot", "nobody", "route-planner")
    refs = [f"component:default/{name}" for name in names]
    # JSON has one kind of number: 1.0 is a whole one too.
    reply = await running.client.post(BY_REFS, json={"entityRefs": refs, "worst": 1.0})
    whole = (await by_refs(running, refs))["items"]
    assert reply.json() == {"items": [whole[2]], "states": {"ok": 1, "error": 1, "unknown": 1}}


async def test_what_is_in_order_is_not_among_the_worst(running: Running) -> None:
    """Where all is in order the worst of many are none."""
    reply = await running.client.post(
        BY_REFS, json={"entityRefs": ["component:default/customer-support-bot"], "worst": 5}
    )
    assert reply.json() == {"items": [], "states": {"ok": 1}}


async def test_more_than_a_thousand_are_refused(running: Running) -> None:
    """A thousand references are answered, one more is refused."""
    assert len((await by_refs(running, ["component:default/x"] * 1000))["items"]) == 1000
    reply = await running.client.post(BY_REFS, json={"entityRefs": ["component:default/x"] * 1001})
    assert (reply.status_code, reply.json()["type"]) == (422, "urn:keeptrusts-bff:invalid")


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"", "application/json", 400),
        (b"[]", "application/json", 422),
        (b"null", "application/json", 422),
        (b'{"entityRefs":[7]}', "application/json", 422),
        (b'{"entityRefs":[],"more":1}', "application/json", 422),
        (b'{"entityRefs":[],"worst":101}', "application/json", 422),
        (b'{"entityRefs":[]}', "text/plain", 415),
        (b'{"entityRefs":[]}', "", 415),
        (b'{"entityRefs":["' + b"x" * LARGEST_BODY + b'"]}', "application/json", 413),
        (b"[" * 200_000, "application/json", 400),
    ],
)
async def test_a_body_that_does_not_fit_is_a_problem(
    running: Running, body: bytes, media_type: str, status: int
) -> None:
    """Whatever is wrong with a body is said with its own status, as problem details."""
    reply = await running.client.post(BY_REFS, content=body, headers={"content-type": media_type})
    assert (reply.status_code, reply.headers["content-type"]) == (status, "application/problem+json")
    assert reply.json()["status"] == status


async def test_a_large_body_without_a_length_is_not_read_whole(running: Running) -> None:
    """A body that does not say how long it is gets cut off at the limit."""
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        while sent < 100:
            sent += 1
            yield b"x" * 65_536

    reply = await running.client.post(BY_REFS, content=endless(), headers={"content-type": "application/json"})
    assert reply.status_code == 413
    assert sent <= LARGEST_BODY // 65_536 + 1


@pytest.mark.long
async def test_upstream_cost_does_not_depend_on_entities_or_requests(start: Start, tmp_path: Path) -> None:
    """Ten times the entities and a hundred times the requests cost Keeptrusts the same."""
    costs = []
    for count, requests in ((20, 5), (200, 500)):
        folder = tmp_path / str(count)
        folder.mkdir()
        text = "---\n".join(ENTITY.format(number=number) for number in range(count))
        (folder / "entities.yaml").write_text(text)
        async with start(catalog=folder) as running:
            for number in range(requests):
                await running.status_of(f"service-{number % count}")
            await running.refreshed(f"/v1/entities/component/default/service-{count - 1}/governance")
            costs.append(Counter(running.upstream.paths))
    assert list(costs[0].values()) == list(costs[1].values())


ENTITY = """apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: service-{number}
  annotations:
    keeptrusts.dev/gateway-key-name: support-team-gw-key
spec:
  type: service
  lifecycle: production
  owner: support-team
"""
