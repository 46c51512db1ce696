"""No secret ever leaves: a long fuzzed run with faults, and then a search through everything that came out."""

from __future__ import annotations

import contextlib
import json
import re
from random import Random
from typing import Any

import structlog
from structlog.testing import capture_logs

from bff.sandbox.faults import Rule
from tests.conftest import BOT, Running, Start

REQUESTS = 10_000
READ_CANARY = "canary-read-token-7f3a"
ADMIN_CANARY = "canary-admin-token-91bc"
CALLER_CANARY = "canary-caller-token-55d0"
SEED = 20260310


class Fuzz:
    """Makes requests and faults of every kind, the same ones each time."""

    def __init__(self, rng: Random, running: Running, secrets: list[str]) -> None:
        self.rng = rng
        self.running = running
        self.secrets = secrets
        self.refs = [f"{ref.kind}/{ref.namespace}/{ref.name}" for ref in running.app.service.catalog.refs()]  # type: ignore[attr-defined]

    def path(self) -> str:
        """Some address."""
        ref = self.rng.choice(
            [
                *self.refs,
                "component/default/nobody",
                "a/b/" + "x" * 300,
                "%2e%2e/%2e%2e/etc",
                "component/default/a%0d%0ab",
            ]
        )
        return self.rng.choice(
            [
                f"/v1/entities/{ref}/governance",
                f"/v1/entities/{ref}/governance",
                f"/v1/entities/{ref}/spend?days={self.rng.choice([1, 7, 90, 0, 'x'])}",
                "/v1/gateway",
                "/health",
                "/metrics",
                "/readyz",
                f"/{self.rng.choice(self.secrets)}",
                "/v1/teams",
                "/openapi.json",
            ]
        )

    def headers(self) -> dict[str, str]:
        """Some headers, a caller's token among them."""
        offered = {
            "authorization": f"Bearer {CALLER_CANARY}",
            "cache-control": "no-cache",
            "if-none-match": self.rng.choice(["*", '"x"', 'W/"y", "z"']),
            "x-request-id": self.rng.choice(["ok-1", "not ok", "x" * 500]),
            "x-forwarded-host": "elsewhere.example",
            "content-type": self.rng.choice(["application/json", "text/plain"]),
        }
        return {name: value for name, value in offered.items() if self.rng.random() < 0.4}

    def body(self) -> bytes:
        """Some body."""
        refs = [ref.replace("/", ":", 1) for ref in self.rng.sample(self.refs, 3)]
        return self.rng.choice(
            [b"", b"{", b"\xff", json.dumps({"entityRefs": refs}).encode(), json.dumps({"entityRefs": [7]}).encode()]
        )

    def fault(self) -> list[Rule]:
        """Some trouble upstream, which may hold the secrets that it was sent."""
        echo = json.dumps({"error": {"type": "x", "code": "y", "message": " ".join(self.secrets)}})
        path = self.rng.choice(
            ["/", "/v1/teams", "/v1/tokens", "/v1/wallets", "/v1/events", "/v1/configurations", "/health"]
        )
        return self.rng.choice(
            [
                [],
                [],
                [Rule(kind="status", code=self.rng.choice([401, 403, 404, 418, 429, 500, 503]), path=path)],
                [Rule(kind="body", text=echo, code=self.rng.choice([200, 400, 401, 500]), path=path)],
                [Rule(kind="body", text=json.dumps([{"id": READ_CANARY}]), path=path)],
                [Rule(kind="body", text=f"<html>{ADMIN_CANARY}", content_type="text/html", path=path)],
                [Rule(kind="drop", path=path)],
            ]
        )

    async def once(self) -> bytes:
        """One request; everything of its answer."""
        running = self.running
        if self.rng.random() < 0.02:
            running.break_upstream(*self.fault())
        if self.rng.random() < 0.05:
            running.time.pass_(self.rng.choice([1, 6, 31, 4000]))
        if self.rng.random() < 0.1:
            reply = await running.client.post("/v1/governance/by-refs", content=self.body(), headers=self.headers())
        else:
            method = self.rng.choices(["GET", "HEAD", "POST", "DELETE"], [20, 1, 1, 1])[0]
            reply = await running.client.request(method, self.path(), headers=self.headers())
        return b"\n".join([*(name + b": " + value for name, value in reply.headers.raw), reply.content])


async def test_no_secret_comes_out(start: Start) -> None:
    """In 10,000 requests with faults no token and no gateway key occurs in a reply, a log line, a metric or an exception."""
    structlog.reset_defaults()
    errors: list[str] = []
    async with start(read_token=READ_CANARY, admin_token=ADMIN_CANARY, keeptrusts_admin_token=ADMIN_CANARY) as running:
        keys = list(running.scenario.keys.values())
        secrets = [READ_CANARY, ADMIN_CANARY, CALLER_CANARY, *keys]
        fuzz = Fuzz(Random(SEED), running, secrets)
        came_out: list[bytes] = []
        with capture_logs() as logs, _collected(errors):
            for _ in range(REQUESTS):
                answer = await fuzz.once()
                came_out.append(answer)
        came_out += running.lines
        came_out.append(running.app.service.metrics.exposition())
        came_out.append(repr(running.app.settings).encode())
        came_out.append(json.dumps(logs, default=repr).encode())
        came_out += [error.encode() for error in errors]
        metrics = (await running.get("/metrics")).text
    everything = b"\n".join(came_out)
    for secret in secrets:
        assert secret.encode() not in everything, f"…{secret[-6:]} came out"
    # The run has met what it was meant to meet.
    for status in ("200", "304", "400", "404", "405", "422", "503"):
        assert f'status="{status}"' in metrics
    for outcome in ("ok", "denied", "unavailable"):
        assert f'outcome="{outcome}"' in metrics
    assert b"upstream-contract" in everything
    assert not re.search(r'status="500"\} [1-9]', metrics)


@contextlib.contextmanager
def _collected(errors: list[str]) -> Any:
    """What the event loop would report as unhandled, as text."""
    import asyncio  # noqa: PLC0415 - only here

    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: errors.append(repr(context)))
    try:
        yield
    finally:
        loop.set_exception_handler(None)


async def test_the_canary_sings(running: Running) -> None:
    """The search would find a secret: what the sandbox answers does hold the prefix of a key, and so does the card."""
    status = await running.status_of("customer-support-bot")
    secret = running.scenario.keys["support-team-gw-key"]
    assert secret.startswith(status["gatewayKey"]["prefix"])
    assert secret not in json.dumps(status)
    assert (await running.get(f"{BOT}/governance")).status_code == 200
