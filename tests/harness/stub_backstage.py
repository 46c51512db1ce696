"""The stub of Backstage over a real socket, so that a network can fail before it."""

from __future__ import annotations

import httpx
from starlette.types import Receive, Scope, Send

from tests.backstage.stub import StubBackstage


class BackstageOverHttp:
    """`stub` as an ASGI application. Paths that are `lost` answer 503, as one of its plugins that is down does."""

    def __init__(self, stub: StubBackstage) -> None:
        self.stub = stub
        self.lost: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        if scope["path"] in self.lost:
            reply = httpx.Response(503, json={})
        else:
            url = f"http://stub{scope['path']}?{scope['query_string'].decode()}"
            reply = await self.stub._answer(httpx.Request(scope["method"], url, headers=scope["headers"], content=body))
        headers = [(name.lower(), value) for name, value in reply.headers.raw]
        await send({"type": "http.response.start", "status": reply.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": reply.content})
