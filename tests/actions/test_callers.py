"""Which tokens an action is answered to, and which attacks on them fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr

from bff.actions.endpoints import KEYS
from bff.backstage.own_tokens import SigningKey
from tests.actions.portal import SIGNING_KEY, Source, refusal, source
from tests.backstage.stub import SERVICE_TOKEN, Key
from tests.conftest import BOT, Start
from tests.web.test_numbers import MEMBER, REF, STRANGER

NOT_ACCEPTED = (401, "AuthenticationError")


async def answer(made: Source, token: str) -> tuple[int, str]:
    """Status and name of the refusal of a token; those of a success are (200, "")."""
    reply = await made.call("get-ai-governance-status", {"entityRef": REF}, token=token)
    return (200, "") if reply.status_code == 200 else refusal(reply)[:2]


@pytest.mark.parametrize("via", ["mcp-actions", "scaffolder"])
async def test_a_plugin_without_a_person_is_refused(start: Start, via: str) -> None:
    """A robot's token, for which Backstage names no person, is refused with words that say what is missing."""
    async with source(start) as made:
        reply = await made.call("get-ai-platform-health", {}, token=made.token(None, via=via))
    status, name, message = refusal(reply)
    assert (status, name) == (403, "NotAllowedError")
    assert "person" in message


Forgery = Callable[[Source], str]


def _own(made: Source, **changes: Any) -> str:
    """A token that this service signs, or has signed."""
    person = SecretStr(made.stub.limited_token(MEMBER))
    now = made.stub.clock.now
    return SIGNING_KEY.token(
        changes.get("plugin", "catalog"), person=person, now=now, until=now + 600
    ).get_secret_value()


FORGERIES: dict[str, Forgery] = {
    "of another plugin, with its own key": lambda made: made.stub.scaffolder_key.sign(
        "vnd.backstage.plugin", _claims(made, sub="techdocs")
    ),
    "of another plugin that calls itself mcp-actions": lambda made: made.stub.scaffolder_key.sign(
        "vnd.backstage.plugin", _claims(made, sub="mcp-actions")
    ),
    "of a key that is not published": lambda made: Key("mcp-1").sign("vnd.backstage.plugin", _claims(made)),
    "for the proxy": lambda made: made.token(aud="proxy"),
    "for the catalog": lambda made: made.token(aud="catalog"),
    "for several plugins": lambda made: made.token(aud=["keeptrusts"]),
    "for no plugin": lambda made: made.token(aud=None),
    "ended": lambda made: made.token(iat=int(made.stub.clock.now) - 700, exp=int(made.stub.clock.now) - 1),
    "not begun": lambda made: made.token(iat=int(made.stub.clock.now) + 300),
    "with a person whose proof ended": lambda made: made.token(
        obo=made.stub.limited_token(MEMBER, exp=int(made.stub.clock.now) - 1)
    ),
    "with a person's whole token": lambda made: made.token(obo=made.stub.user_token(MEMBER)),
    "with a plugin's token as its person": lambda made: made.token(obo=made.token()),
    "with a person whom a plugin proves": lambda made: made.token(
        obo=made.stub.mcp_key.sign("vnd.backstage.limited-user", _person(made))
    ),
    "with a person who is a group": lambda made: made.token(obo=made.stub.limited_token("group:default/platform-team")),
    "with words as its person": lambda made: made.token(obo="user:default/operator"),
    "of a person": lambda made: made.stub.user_token(MEMBER),
    "of a person's proof alone": lambda made: made.stub.limited_token(MEMBER),
    "our own, for the catalog": _own,
    "our own, for ourselves": lambda made: _own(made, plugin="keeptrusts"),
    "the service's static one": lambda _made: SERVICE_TOKEN,
}


def _claims(made: Source, **changes: Any) -> dict[str, Any]:
    now = int(made.stub.clock.now)
    person = made.stub.limited_token(MEMBER)
    return {"sub": "mcp-actions", "aud": "keeptrusts", "iat": now, "exp": now + 600, "obo": person} | changes


def _person(made: Source) -> dict[str, Any]:
    now = int(made.stub.clock.now)
    return {"sub": MEMBER, "iat": now, "exp": now + 600}


@pytest.mark.parametrize("forged", list(FORGERIES))
async def test_a_token_that_is_not_for_us_is_refused(start: Start, forged: str) -> None:
    """Every token but one of an action's plugins, for this service, with a person, is refused, and nothing is asked with it."""
    async with source(start) as made:
        assert await answer(made, made.token()) == (200, "")
        token = FORGERIES[forged](made)
        made.stub.requests.clear()
        assert await answer(made, token) == NOT_ACCEPTED
        assert not [each for each in made.stub.requests if "jwks" not in each.url.path]


async def test_a_persons_end_ends_a_living_token(start: Start) -> None:
    """A token that is remembered is refused from the second at which its person's proof ends, though it lasts longer itself."""
    async with source(start) as made:
        token = made.token(obo=made.stub.limited_token(MEMBER, exp=int(made.stub.clock.now) + 100))
        assert await answer(made, token) == (200, "")
        made.pass_(99)
        assert await answer(made, token) == (200, "")
        made.pass_(1)
        assert await answer(made, token) == NOT_ACCEPTED


async def test_two_people_of_one_plugin_are_two(start: Start) -> None:
    """What one person was shown is not given to the next one whom the same plugin calls for."""
    async with source(start) as made:
        made.stub.hidden.add((STRANGER, REF))
        assert await answer(made, made.token(MEMBER)) == (200, "")
        assert await answer(made, made.token(STRANGER)) == (404, "NotFoundError")


async def test_an_actions_token_opens_nothing_else(start: Start) -> None:
    """A token for an action is none for the HTTP API, also after both have seen its person and its plugin."""
    async with source(start) as made:
        await answer(made, made.token(via="scaffolder"))
        by_proxy = {"authorization": f"Bearer {made.stub.plugin_token(obo=made.stub.limited_token(MEMBER))}"}
        assert (await made.running.client.get(f"{BOT}/governance", headers=by_proxy)).status_code == 404
        for via in ("mcp-actions", "scaffolder"):
            headers = {"authorization": f"Bearer {made.token(via=via)}"}
            assert (await made.running.client.get(f"{BOT}/governance", headers=headers)).status_code == 401


async def test_one_authorization_header_alone(start: Start) -> None:
    """A request with two credentials is refused: which one something in front has checked cannot be known."""
    async with source(start) as made:
        bearers = [("authorization", f"Bearer {made.token(user)}") for user in (MEMBER, STRANGER)]
        path = "/backstage/.backstage/actions/v1/actions/keeptrusts%3Aget-ai-platform-health/invoke"
        reply = await made.running.client.post(path, json={}, headers=bearers)
    assert refusal(reply)[:2] == NOT_ACCEPTED


async def test_keys_that_cannot_be_had_are_no_refusal(start: Start) -> None:
    """While the keys of Backstage cannot be read the answer is to ask later, and nothing is answered unverified."""
    async with source(start) as made:
        made.stub.lost.add("/api/mcp-actions/.backstage/auth/v1/jwks.json")
        assert await answer(made, made.token()) == (503, "ServiceUnavailableError")


async def test_a_key_that_backstage_does_not_have_reads_nothing(start: Start) -> None:
    """A token signed with a key that does not stand at our address is refused by Backstage, and people see how."""
    async with source(start) as made:
        made.stub.own_keys = [SigningKey.make().public_jwk]
        assert await answer(made, made.token()) == NOT_ACCEPTED


async def test_the_key_set_holds_public_parts_alone(start: Start) -> None:
    """What is served of the key is its public half, in the form that Backstage reads."""
    async with source(start) as made:
        reply = await made.running.client.get(KEYS)
    (key,) = reply.json()["keys"]
    assert set(key) == {"kty", "crv", "x", "y", "kid", "alg", "use"}
    assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("EC", "P-256", "ES256", "sig")


async def test_for_owners_alone_nothing_is_signed(start: Start) -> None:
    """Where entities are read for owners, no key is served and Backstage gets no token of ours but the static one."""
    async with source(start, bff_actions_catalog="owners") as made:
        assert (await made.running.client.get(KEYS)).status_code == 404
        assert await answer(made, made.token()) == (200, "")
        bearers = {each.headers.get("authorization") for each in made.stub.requests if "catalog" in each.url.path}
    assert bearers == {f"Bearer {SERVICE_TOKEN}"}
