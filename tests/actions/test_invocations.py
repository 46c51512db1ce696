"""What each action answers, and to whom, in front of a Backstage that answers in this process."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from bff.actions.endpoints import LIST, STATUS
from bff.actions.governance_actions import ACTIONS
from bff.sandbox.faults import Rule
from tests.actions.portal import Source, refusal, source
from tests.conftest import BOT, Start
from tests.web.test_numbers import MEMBER, OPERATOR, OWNER, REF, STRANGER

ABOUT_AN_ENTITY = ("get-ai-governance-status", "get-ai-spend")


async def test_the_list_is_answered_without_any_call(start: Start) -> None:
    """The list comes from memory: no other system is asked, and no token is looked at."""
    async with source(start) as made:
        made.stub.calls.clear()
        asked = len(made.running.upstream.paths)
        reply = await made.running.client.get(LIST, headers={"authorization": "Bearer nonsense"})
        assert [item["id"] for item in reply.json()["actions"]] == [each.id for each in ACTIONS]
        assert (made.stub.calls.total(), len(made.running.upstream.paths)) == (0, asked)
        assert (await made.running.client.get(STATUS)).json() == {"hasActions": True}


async def test_without_the_setting_there_is_nothing(start: Start) -> None:
    """A service whose actions are off has neither list nor key."""
    async with source(start, bff_actions="off") as made:
        for path in (LIST, STATUS, "/backstage/.backstage/auth/v1/jwks.json"):
            assert (await made.running.client.get(path)).status_code == 404


@pytest.mark.parametrize("via", ["mcp-actions", "scaffolder"])
async def test_the_numbers_are_those_of_the_card(start: Start, via: str) -> None:
    """An action answers with the very body that the page shows to the same person."""
    async with source(start) as made:
        for action, path in zip(ABOUT_AN_ENTITY, (f"{BOT}/governance", f"{BOT}/spend?days=7"), strict=True):
            days = {"days": 7} if "spend" in action else {}
            token = made.token(via=via)
            reply = await made.call(action, {"entityRef": REF, **days}, token=token)
            page = await made.get(MEMBER, path)
            assert (reply.status_code, page.status_code) == (200, 200), reply.text
            assert reply.json()["output"] == page.json()


@pytest.mark.parametrize("mode", ["person", "owners"])
async def test_a_stranger_gets_no_numbers(start: Start, mode: str) -> None:
    """Who is not of the owning group gets the status without amounts, or nothing at all where entities are read for owners."""
    async with source(start, bff_actions_catalog=mode) as made:
        replies = [
            await made.call(action, {"entityRef": REF}, token=made.token(STRANGER)) for action in ABOUT_AN_ENTITY
        ]
        check = await made.output("check-ai-budget", {"entityRef": REF, "cost": "0.01"}, user=STRANGER)
    if mode == "owners":
        assert [refusal(reply)[:2] for reply in replies] == [(404, "NotFoundError")] * 2
        assert (check["allowed"], check["reason"]) == (False, "not-found")
    else:
        status, spend = (reply.json()["output"] for reply in replies)
        assert (status["budget"], status["wallet"], spend["total"]) == (None, None, None)
        assert (check["allowed"], check["left"], check["costCompared"]) == (True, None, False)


@pytest.mark.parametrize("mode", ["person", "owners"])
@pytest.mark.parametrize("user", [MEMBER, OPERATOR])
async def test_owners_and_the_platform_group_get_them(start: Start, mode: str, user: str) -> None:
    """Members of the owning group and of the platform groups get the amounts, whichever way entities are read."""
    async with source(start, bff_actions_catalog=mode) as made:
        status = await made.output("get-ai-governance-status", {"entityRef": REF}, user=user)
    assert status["budget"]["daily"] == {"amount": "500", "currency": "USD"}


async def test_an_entity_that_policy_denies_is_not_there(start: Start) -> None:
    """What Backstage's policy hides from the person gives the answer of what does not exist, to the last byte."""
    async with source(start) as made:
        made.stub.hidden.add((STRANGER, REF))
        for action in ABOUT_AN_ENTITY:
            hidden, absent = [
                await made.call(action, {"entityRef": ref}, token=made.token(STRANGER))
                for ref in (REF, "component:default/no-such-entity")
            ]
            assert refusal(hidden) == refusal(absent) == (404, "NotFoundError", refusal(absent)[2])
        check = await made.output("check-ai-budget", {"entityRef": REF}, user=STRANGER)
    assert (check["allowed"], check["reason"], check["findings"]) == (False, "not-found", [])


async def test_backstage_is_asked_as_the_person(start: Start) -> None:
    """The catalog sees no token of the caller's plugin, and a signed one of ours with the person inside."""
    async with source(start) as made:
        token = made.token()
        made.stub.requests.clear()
        await made.call("get-ai-governance-status", {"entityRef": REF}, token=token)
    bearers = {request.headers.get("authorization", "") for request in made.stub.requests}
    assert f"Bearer {token}" not in bearers
    read = next(request for request in made.stub.requests if request.url.path.endswith("/entities/by-refs"))
    claims = jwt.decode(read.headers["authorization"].removeprefix("Bearer "), options={"verify_signature": False})
    assert (claims["sub"], claims["aud"]) == ("keeptrusts", "catalog")
    assert claims["obo"] == jwt.decode(token, options={"verify_signature": False})["obo"]


async def test_budget_says_what_is_left(start: Start) -> None:
    """The budget's answer holds what the card says is left, of what, and until when."""
    async with source(start) as made:
        check, card = await made.check(), await made.output("get-ai-governance-status", {"entityRef": REF})
    assert (check["allowed"], check["reason"]) == (True, "within-limits")
    assert check["spentToday"] == card["budget"]["spent"]
    assert check["resetsAt"] == card["budget"]["resetsAt"]
    assert check["left"]["currency"] == "USD"
    assert check["costCompared"] is None


async def test_a_cost_above_what_is_left_is_no(start: Start) -> None:
    """The same entity may spend what is left to the last digit, and nothing more."""
    async with source(start) as made:
        left = (await made.check())["left"]["amount"]
        assert (await made.check(cost=left))["allowed"]
        more = await made.check(cost=f"{left}{'' if '.' in left else '.'}1")
    assert (more["allowed"], more["reason"], more["costCompared"]) == (False, "cost-exceeds-left", True)
    assert more["advice"]


async def test_trouble_upstream_is_an_answer(start: Start) -> None:
    """While there are no facts the budget's answer is no, for an unknown reason, and not an error that a template hides."""
    async with source(start) as made:
        made.running.break_upstream(Rule(kind="status", code=503))
        made.running.time.pass_(7200)
        made.stub.clock.now += 7200
        check = await made.check()
    assert (check["allowed"], check["reason"]) == (False, "unknown")


async def test_what_i_own_is_listed_with_what_is_wrong(start: Start) -> None:
    """The list has what the person's groups own and is not in order, worst first, and a count of all states."""
    async with source(start) as made:
        made.stub.add("component:default/keyless", owner="support-team", gateway_key_name="no-such-key")
        made.stub.add("component:default/plain", owner="support-team")
        made.stub.add("component:default/foreign", owner="others", gateway_key_name="no-such-key")
        for name, owner in (("keyless", OWNER), ("plain", OWNER), ("foreign", "group:default/others")):
            made.stub.relate(f"component:default/{name}", "ownedBy", owner)
        made.stub.relate(REF, "ownedBy", OWNER)
        found = await made.output("list-ai-findings", {})
        few = await made.output("list-ai-findings", {"limit": 1, "owner": OWNER})
        theirs = await made.output("list-ai-findings", {}, user=STRANGER)
    assert found["owners"] == [OWNER, MEMBER]
    assert found["entities"][0]["entityRef"] == "component:default/keyless"
    assert found["entities"][0]["findings"][0]["code"] == "key-not-found"
    assert sum(found["states"].values()) == 2
    assert found["complete"]
    assert (len(few["entities"]), few["leftOut"]) == (1, len(found["entities"]) - 1)
    assert [each["entityRef"] for each in theirs["entities"]] == ["component:default/foreign"]


async def test_what_others_own_is_not_listed_for_owners_alone(start: Start) -> None:
    """Where entities are read with the service's own token, naming another group gives nothing of it."""
    async with source(start, bff_actions_catalog="owners") as made:
        made.stub.relate(REF, "ownedBy", OWNER)
        found = await made.output("list-ai-findings", {"owner": OWNER}, user=STRANGER)
        own = await made.output("list-ai-findings", {"owner": OWNER})
    assert (found["states"], found["entities"]) == ({}, [])
    assert sum(own["states"].values()) == 1


async def test_coverage_is_for_the_platform_groups(start: Start) -> None:
    """Members of the platform groups get the page's own coverage, and owners a refusal in words."""
    async with source(start) as made:
        page = await made.get(OPERATOR, "/v1/coverage?days=2")
        assert await made.output("get-ai-coverage", {"days": 2}, user=OPERATOR) == page.json()
        status, name, message = refusal(await made.call("get-ai-coverage", {"days": 2}))
    assert (status, name) == (403, "NotAllowedError")
    assert "platform groups" in message


async def test_health_takes_no_input_and_no_body(start: Start) -> None:
    """The platform's health is answered to an empty body, as an agent's call without arguments has it."""
    async with source(start) as made:
        headers = {"authorization": f"Bearer {made.token()}", "content-type": "application/json"}
        path = f"{LIST}/keeptrusts%3Aget-ai-platform-health/invoke"
        reply = await made.running.client.post(path, headers=headers)
        page = await made.get(MEMBER, "/v1/gateway")
    assert reply.json()["output"] == page.json()


@pytest.mark.parametrize(
    ("action", "body", "named"),
    [
        ("get-ai-governance-status", {}, "entityRef"),
        ("get-ai-governance-status", {"entityRef": 7}, "entityRef"),
        ("get-ai-governance-status", {"entityRef": REF, "more": 1}, "more"),
        ("get-ai-governance-status", {"entityRef": "component:default/a b"}, "entityRef"),
        ("get-ai-governance-status", {"entityRef": "component:a--b/c"}, "namespace"),
        ("get-ai-spend", {"entityRef": REF, "days": 91}, "days"),
        ("get-ai-spend", {"entityRef": REF, "days": "7"}, "days"),
        ("check-ai-budget", {"entityRef": REF, "cost": "-1"}, "cost"),
        ("check-ai-budget", {"entityRef": REF, "cost": 1.5}, "cost"),
        ("list-ai-findings", {"limit": 0}, "limit"),
        ("get-ai-platform-health", [], "the body"),
    ],
)
async def test_wrong_input_is_named(start: Start, action: str, body: Any, named: str) -> None:
    """An input that does not fit is refused here, with the part at fault: Backstage's MCP server checks none."""
    async with source(start) as made:
        status, name, message = refusal(await made.call(action, body))
    assert (status, name) == (400, "InputError")
    assert named in message


async def test_an_unknown_action_is_not_found(start: Start) -> None:
    """An action that there is not is a NotFoundError."""
    async with source(start) as made:
        assert refusal(await made.call("delete-everything", {}))[:2] == (404, "NotFoundError")


async def test_a_slow_backstage_does_not_hold_an_invocation(start: Start) -> None:
    """An invocation whose question to Backstage gets no answer ends with an error that people see."""
    async with source(start) as made:
        token = made.token()
        await made.call("get-ai-platform-health", {}, token=token)
        made.stub.reply = httpx.ReadTimeout("slow")
        reply = await made.call("get-ai-governance-status", {"entityRef": REF}, token=token)
    assert refusal(reply)[:2] == (503, "ServiceUnavailableError")


async def test_invocations_that_hang_hold_neither_the_list_nor_others(start: Start) -> None:
    """While one person's hundred invocations wait for Backstage, the list is answered, and so is what is in memory for others."""
    async with source(start) as made:
        await made.output("get-ai-governance-status", {"entityRef": REF}, user=OPERATOR)
        await made.output("get-ai-platform-health", {})
        made.stub.gate = asyncio.Event()
        token = made.token()
        hanging = [
            asyncio.ensure_future(made.call("get-ai-governance-status", {"entityRef": REF}, token=token))
            for _ in range(100)
        ]
        await asyncio.sleep(0)
        assert (await made.running.client.get(LIST)).status_code == 200
        await made.output("get-ai-governance-status", {"entityRef": REF}, user=OPERATOR)
        assert not any(each.done() for each in hanging)
        made.stub.gate.set()
        assert {(await each).status_code for each in hanging} == {200}


async def test_an_invocation_ends_within_its_limit(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """An invocation that gets no answer at all ends by itself, though the plugins of Backstage would wait for minutes."""
    monkeypatch.setattr("bff.actions.endpoints.LONGEST", 0.05)
    async with source(start) as made:
        token = made.token()
        await made.call("get-ai-platform-health", {}, token=token)
        made.stub.gate = asyncio.Event()
        reply = await made.call("get-ai-governance-status", {"entityRef": REF}, token=token)
        made.stub.gate.set()
    assert refusal(reply)[:2] == (503, "ServiceUnavailableError")


async def test_amounts_that_an_agent_is_shown_are_on_record(start: Start, tmp_path: Path) -> None:
    """With `BFF_AUDIT_LOG` an action that shows amounts is a line with the person and the plugin that asked for them."""
    file = tmp_path / "audit.log"
    async with source(start, bff_audit_log=file) as made:
        await made.check()
        await made.output("get-ai-governance-status", {"entityRef": REF}, user=STRANGER)
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(line["what"], line["entity"], line["user"], line["via"]) for line in lines] == [
        ("status", REF, MEMBER, "mcp-actions")
    ]


@pytest.mark.parametrize("asked", ["card", "action"])
async def test_a_denied_permission_withholds_amounts(start: Start, asked: str) -> None:
    """With `BFF_SPEND_PERMISSION=on` an owner whom Backstage denies `keeptrusts.spend.read` sees no amounts, here and there."""
    async with source(start, bff_spend_permission="on") as made:
        made.stub.denied_spend.add(MEMBER)
        assert (await _budget(made, MEMBER, asked), await _budget(made, OPERATOR, asked) is not None) == (None, True)


async def test_a_permission_is_asked_once_for_a_short_time(start: Start) -> None:
    """One caller's decision is asked once for many answers, and again once it is old."""
    async with source(start, bff_spend_permission="on") as made:
        headers = made.bearer(MEMBER)
        for _ in range(5):
            await made.running.client.get(f"{BOT}/governance", headers=headers)
        assert made.stub.calls["/api/permission/authorize"] == 1
        made.pass_(31)
        await made.running.client.get(f"{BOT}/governance", headers=headers)
        assert made.stub.calls["/api/permission/authorize"] == 2


async def test_a_denied_permission_withholds_the_organisation(start: Start) -> None:
    """A member of the platform group whom Backstage denies the permission gets no file of the organisation's spend either."""
    month = "/v1/spend?month=2026-03&format=csv"
    async with source(start, bff_spend_permission="on") as made:
        assert (await made.get(OPERATOR, month)).status_code == 200
        made.stub.denied_spend.add(OPERATOR)
        made.pass_(31)
        assert (await made.get(OPERATOR, month)).status_code == 403


@pytest.mark.parametrize("asked", ["card", "action"])
async def test_no_decision_is_no_permission(start: Start, asked: str) -> None:
    """While the permission backend is down amounts are withheld, and the rest is answered."""
    async with source(start, bff_spend_permission="on") as made:
        made.stub.lost.add("/api/permission/authorize")
        assert await _budget(made, MEMBER, asked) is None


async def _budget(made: Source, user: str, asked: str) -> Any:
    if asked == "card":
        return (await made.get(user)).json()["budget"]
    return (await made.output("get-ai-governance-status", {"entityRef": REF}, user=user))["budget"]
