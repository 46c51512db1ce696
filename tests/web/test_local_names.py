"""Without authentication, only who asks this machine by its own name is answered."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from bff.web.envelope import LocalNames


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answers everybody."""
    del scope, receive
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def asked(*hosts: str, path: str = "/v1/gateway") -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(LocalNames(app)), base_url="http://x") as client:
        request = client.build_request("GET", path)
        request.headers = httpx.Headers([(b"host", host.encode("latin-1")) for host in hosts])
        return await client.send(request)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.0.0.1:8787", "localhost:8787", "LOCALHOST", "[::1]:8787", "bff.localhost:80", "127.1.2.3"],
)
async def test_names_of_this_machine_are_answered(host: str) -> None:
    """Loopback addresses and localhost are this machine, at any port."""
    assert (await asked(host)).status_code == 204


@pytest.mark.parametrize(
    "host",
    ["", "attacker.example", "127.0.0.1.attacker.example", "attackerlocalhost", "192.0.2.7:8787", "[", "x@y", "é"],
)
async def test_other_names_are_refused(host: str) -> None:
    """A page whose name was made to point here reads nothing, and a word on what to ask instead."""
    reply = await asked(host)
    assert (reply.status_code, reply.headers["content-type"]) == (403, "application/problem+json")
    assert "127.0.0.1" in reply.json()["detail"]


@pytest.mark.parametrize("hosts", [(), ("127.0.0.1", "attacker.example"), ("127.0.0.1", "127.0.0.1")])
async def test_no_name_and_two_names_are_refused(hosts: tuple[str, ...]) -> None:
    """Of two names either could be the one that was asked for."""
    assert (await asked(*hosts)).status_code == 403


@pytest.mark.parametrize(("path", "status"), [("/livez", 204), ("/readyz", 204), ("/metrics", 403), ("/livez/", 403)])
async def test_probes_may_use_any_name(path: str, status: int) -> None:
    """A balancer asks by a name of its own, and what it learns is no secret; metrics stay refused."""
    assert (await asked("balancer", path=path)).status_code == status
