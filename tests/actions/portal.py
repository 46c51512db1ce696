"""The service as an action source of a Backstage, both in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import httpx

from bff.actions.endpoints import KEYS, LIST
from bff.backstage.own_tokens import SigningKey
from tests.backstage.stub import StubBackstage
from tests.conftest import Running, Start
from tests.web.test_numbers import MEMBER, REF, Portal
from tests.web.test_numbers import portal as in_front_of_backstage

SIGNING_KEY = SigningKey.make()


class Source(Portal):
    """The service as Backstage's plugins ask it; `given` are the tokens with which it was asked."""

    def __init__(self, running: Running, stub: StubBackstage) -> None:
        super().__init__(running, stub)
        self.given: list[str] = []

    def token(self, user: str | None = MEMBER, *, via: str = "mcp-actions", **claims: Any) -> str:
        """The token with which the plugin `via` calls for `user`; for no person where that is None."""
        now = int(self.stub.clock.now)
        person = None if user is None else self.stub.limited_token(user)
        return self.stub.plugin_token(
            **{"sub": via, "aud": "keeptrusts", "obo": person, "iat": now, "exp": now + 600} | claims
        )

    async def call(self, action: str, body: object, *, token: str | None = None) -> httpx.Response:
        """One invocation, as Backstage makes it; as the member's without another token."""
        path = f"{LIST}/{quote(f'keeptrusts:{action}', safe='')}/invoke"
        self.given.append(token or self.token())
        headers = {"authorization": f"Bearer {self.given[-1]}"}
        return await self.running.client.post(path, json=body, headers=headers)

    async def output(self, action: str, body: object, *, user: str = MEMBER) -> dict[str, Any]:
        """What a user gets from an invocation that succeeds."""
        reply = await self.call(action, body, token=self.token(user))
        assert reply.status_code == 200, reply.text
        output: dict[str, Any] = reply.json()["output"]
        return output

    async def check(self, **given: Any) -> dict[str, Any]:
        """What the member is answered about the budget of an entity."""
        return await self.output("check-ai-budget", {"entityRef": REF} | given)


@asynccontextmanager
async def source(start: Start, **settings: Any) -> AsyncIterator[Source]:
    """A service whose actions are on, with a key that its Backstage knows."""
    defaults: dict[str, Any] = {"bff_actions": "on"}
    if settings.get("bff_actions_catalog") != "owners" and "bff_store_key" not in settings:
        defaults["bff_signing_key"] = SIGNING_KEY.pem()
    async with in_front_of_backstage(start, **(defaults | settings)) as portal:
        made = Source(portal.running, portal.stub)
        if "bff_store_key" in settings:
            # The first question makes the tables of the database: there is nothing that reads by itself here.
            await made.get(MEMBER)
        keys = await made.running.client.get(KEYS)
        if keys.status_code == 200:
            made.stub.own_keys = keys.json()["keys"]
        yield made


def refusal(reply: httpx.Response) -> tuple[int, str, str]:
    """Status, name and message of a refusal in Backstage's form."""
    document = reply.json()
    assert document["response"] == {"statusCode": reply.status_code}
    assert reply.headers["content-type"] == "application/json"
    return reply.status_code, document["error"]["name"], document["error"]["message"]
