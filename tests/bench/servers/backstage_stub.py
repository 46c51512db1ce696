"""A stand-in for Backstage's catalog and signing keys: asked at most every half minute, it does not weigh in what is measured.

`GET /bench/token` gives a user's token, `GET /bench/service` what the service may read groups with.
"""

from __future__ import annotations

import os
import time
from typing import Any

from tests.backstage.stub import SERVICE_TOKEN, StubBackstage
from tests.harness.stub_backstage import BackstageOverHttp

stub = StubBackstage()
stub.clock.now = time.time()
stub.add("group:default/support-team")
stub.join("group:default/support-team")
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
    given = {"/bench/token": lambda: stub.user_token(iss=os.environ["ISSUER"]), "/bench/service": lambda: SERVICE_TOKEN}
    if scope["type"] == "http" and scope["path"] in given:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": given[scope["path"]]().encode()})
    elif scope["type"] == "http":
        await _backstage(scope, receive, send)
    else:
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
