"""A stand-in for Backstage's catalog and signing keys: asked at most every half minute, it does not weigh in what is measured.

`GET /bench/token/7` gives the token of the user `u7`, `GET /bench/action/7` the one with which the MCP server calls for them, `GET /bench/service`
what the service may read groups with. With `SIGNING_KEY` (PEM) the service's own tokens are taken as Backstage takes them.
"""

from __future__ import annotations

import os
import time
from typing import Any

from bff.backstage.own_tokens import SigningKey
from tests.backstage.stub import SERVICE_TOKEN, StubBackstage
from tests.harness.stub_backstage import BackstageOverHttp

MOST_USERS = 20

stub = StubBackstage()
stub.clock.now = time.time()
stub.add("group:default/support-team")
for user in range(MOST_USERS):
    stub.join("group:default/support-team", user=f"user:default/u{user}")
for name in ("customer-support-bot", *(f"bench-{number}" for number in range(1_000))):
    stub.add(
        f"component:default/{name}",
        owner="support-team",
        gateway_key_name="support-team-gw-key",
        policy_tier="tier-3-customer-facing",
        daily_budget="500",
    )
if pem := os.environ.get("SIGNING_KEY"):
    stub.own_keys = [SigningKey.read(pem).public_jwk]
_backstage = BackstageOverHttp(stub)


def given_to(path: str) -> str:
    """The token that the bench asks for."""
    user = f"user:default/u{path.rpartition('/')[2]}"
    if path == "/bench/service":
        return SERVICE_TOKEN
    if path.startswith("/bench/action/"):
        return stub.plugin_token(sub="mcp-actions", aud="keeptrusts", obo=stub.limited_token(user))
    return stub.user_token(user, iss=os.environ["ISSUER"])


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Backstage, and the tokens for the bench."""
    if scope["type"] == "http" and scope["path"].startswith("/bench/"):
        given = given_to(scope["path"])
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": given.encode()})
    elif scope["type"] == "http":
        await _backstage(scope, receive, send)
    else:
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
