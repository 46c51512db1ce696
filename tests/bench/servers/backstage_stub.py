"""A stand-in for Backstage's catalog and signing keys: asked at most every half minute, it does not weigh in what is measured.

`GET /bench/token/7` gives the token of the user `u7`, `GET /bench/service` what the service may read groups with.
"""

from __future__ import annotations

import os
import time
from typing import Any

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
_backstage = BackstageOverHttp(stub)


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Backstage, and the tokens for the bench."""
    if scope["type"] == "http" and scope["path"].startswith("/bench/"):
        user = f"user:default/u{scope['path'].rpartition('/')[2]}"
        given = SERVICE_TOKEN if scope["path"] == "/bench/service" else stub.user_token(user, iss=os.environ["ISSUER"])
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
