"""The service keeps to its own OpenAPI document, whatever it is sent."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, settings

import bff.web
from bff.backstage.caller import LOCAL, Caller, UnauthenticatedError
from bff.sandbox import ADMIN_TOKEN
from tests.conftest import _running

DOCUMENT = Path(bff.web.__file__).with_name("openapi.json")
schema = schemathesis.openapi.from_path(DOCUMENT)


ACCEPTED = {"Authorization": "Bearer accepted"}


PROVISIONING = {"keeptrusts_admin_token": ADMIN_TOKEN, "vault_addr": "http://127.0.0.1:9", "vault_token": "unused"}
"""Provisioning is on, and refuses this caller, who is no person, before anything is asked of Vault."""


class Guest:
    """Knows one token, so that answers with and without one are both described."""

    async def caller(self, authorization: str | None) -> Caller:
        """The local caller, for the one token."""
        if authorization != ACCEPTED["Authorization"]:
            raise UnauthenticatedError("token not accepted")
        return LOCAL

    def known(self, authorization: bytes) -> Caller | None:
        """No caller: every request goes the long way."""
        del authorization
        return None


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    """A service on a port of loopback, in front of the sandbox."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    servers: list[uvicorn.Server] = []
    up = threading.Event()

    async def serve() -> None:
        async with _running(**PROVISIONING) as running:
            running.app.service.identity = Guest()
            server = uvicorn.Server(uvicorn.Config(running.app.asgi, log_config=None, lifespan="off", http="httptools"))
            servers.append(server)
            asyncio.get_running_loop().call_soon(up.set)
            await server.serve(sockets=[listener])

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    up.wait(30)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    servers[0].should_exit = True
    thread.join(30)


@schema.parametrize()
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@pytest.mark.long
def test_every_answer_is_a_described_one(case: schemathesis.Case, base_url: str) -> None:
    """No request gets an answer whose status, media type or form the document does not describe."""
    case.call_and_validate(base_url=base_url, headers=ACCEPTED)
