"""The stub of Backstage over a real socket, so that a network can fail before it."""

from __future__ import annotations

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.backstage.stub import StubBackstage


def over_http(stub: StubBackstage) -> ASGIApp:
    """`stub` as an ASGI application."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        request = httpx.Request(scope["method"], f"http://stub{scope['path']}", headers=scope["headers"], content=body)
        reply = await stub._answer(request)
        headers = [(name.lower(), value) for name, value in reply.headers.raw]
        await send({"type": "http.response.start", "status": reply.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": reply.content})

    return app
