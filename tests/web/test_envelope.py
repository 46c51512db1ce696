"""Around every request: an id, a metric, a log line, and an answer when something breaks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.conftest import BOT, Running

PROBLEM = "application/problem+json"


async def test_a_request_id_is_taken_over(running: Running) -> None:
    """An acceptable id of the caller's is the id of the answer."""
    assert (await running.get("/livez", x_request_id="req-1.A_b")).headers["x-request-id"] == "req-1.A_b"


@pytest.mark.parametrize("offered", ["", "a b", "x" * 65, "é", '{"a":1}'])
async def test_an_unacceptable_request_id_is_replaced(running: Running, offered: str) -> None:
    """What could not stand in a log or a header is replaced by an id of ours."""
    reply = await running.client.get("/livez", headers=[(b"x-request-id", offered.encode("latin-1"))])
    assert len(reply.headers["x-request-id"]) == 32


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/v1/nothing", 404),
        ("GET", "/livez/", 404),
        ("POST", "/livez", 405),
        ("DELETE", f"{BOT}/governance", 405),
        ("GET", "/v1/governance/by-refs", 405),
        ("FOO", "/v1/gateway", 405),
    ],
)
async def test_what_is_not_there_is_a_problem(running: Running, method: str, path: str, status: int) -> None:
    """Unknown addresses and methods are answered with problem details that name the request."""
    reply = await running.client.request(method, path)
    assert (reply.status_code, reply.headers["content-type"]) == (status, PROBLEM)
    assert reply.json()["instance"] == f"urn:request:{reply.headers['x-request-id']}"
    assert reply.headers["cache-control"] == "no-store"
    assert ("allow" in reply.headers) == (status == 405)


async def test_our_own_fault_says_nothing_of_itself(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unforeseen error is a 500 without a word of it, logged without its message, and counted."""

    async def broken(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("canary-secret")

    monkeypatch.setattr(running.app.service.cache, "current", broken)
    with capture_logs() as logs:
        reply = await running.get(f"{BOT}/governance")
    assert (reply.status_code, reply.headers["content-type"]) == (500, PROBLEM)
    assert "canary" not in reply.text
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["request failed"]
    metrics = (await running.get("/metrics")).text
    assert re.search(r'status="500"\} [1-9]', metrics)


async def test_metrics_know_routes_and_not_names(running: Running) -> None:
    """Requests are counted by route template: no entity, no invented method and no unknown address becomes a label."""
    await running.get(f"{BOT}/governance")
    await running.get("/v1/entities/component/default/canary-name/governance")
    await running.get("/canary-path")
    await running.client.request("CANARYMETHOD", "/livez")
    text = (await running.get("/metrics")).text
    route = "/v1/entities/{kind}/{namespace}/{name}/governance"
    assert f'keeptrusts_bff_http_requests_total{{method="GET",route="{route}",status="200"}} 1.0' in text
    assert f'keeptrusts_bff_http_requests_total{{method="GET",route="{route}",status="404"}} 1.0' in text
    assert 'route="unmatched"' in text
    assert "canary" not in text.lower()
    assert "customer-support-bot" not in text


async def test_every_metric_that_is_documented_is_there(running: Running) -> None:
    """What the reference lists can be scraped."""
    from bff.telemetry.metrics import SpendGauges, SpendSeries, documented  # noqa: PLC0415 - only here

    await running.get(f"{BOT}/governance")
    # Amounts are shown by a leader alone, and with a setting of their own.
    text = (await running.get("/metrics")).text + SpendGauges.render([SpendSeries("search-team")], 0).decode()
    for metric in documented():
        assert f"# TYPE {metric.name} {metric.kind}" in text or f"# TYPE {metric.name.removesuffix('_total')}" in text


async def test_one_line_a_request(running: Running) -> None:
    """Each request is one line with its id, route and status, and neither query nor header values."""
    reply = await running.client.get(f"{BOT}/governance?canary=1", headers={"authorization": "Bearer canary"})
    assert len(running.lines) == 1
    line = json.loads(running.lines[0])
    assert (line["status"], line["route"]) == (200, "/v1/entities/{kind}/{namespace}/{name}/governance")
    assert (line["request_id"], line["level"], line["event"]) == (reply.headers["x-request-id"], "info", "request")
    assert b"canary" not in running.lines[0]


async def test_probes_are_not_worth_a_line(running: Running) -> None:
    """Probes and scrapes leave no line in the log."""
    for path in ("/livez", "/readyz", "/health", "/metrics"):
        await running.get(path)
    assert running.lines == []


async def test_two_authorizations_are_none(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request with two Authorization headers is refused: which of them a proxy has looked at cannot be known."""
    reply = await running.client.get(
        f"{BOT}/governance", headers=[("authorization", "Bearer a"), ("authorization", "Bearer b")]
    )
    assert (reply.status_code, reply.headers["www-authenticate"]) == (401, 'Bearer realm="keeptrusts-bff"')
    del monkeypatch


async def test_who_leaves_while_sending_is_no_fault_of_ours(running: Running) -> None:
    """A body that is cut off by its sender is 499 in log and metrics, and no error: else anybody could raise the alarm."""
    messages: Iterator[dict[str, Any]] = iter(
        [{"type": "http.request", "body": b'{"entityRefs"', "more_body": True}, {"type": "http.disconnect"}]
    )

    async def receive() -> dict[str, Any]:
        return next(messages)

    async def send(message: Any) -> None:
        raise AssertionError(f"an answer to a client that has left: {message}")

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/v1/governance/by-refs",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }
    with capture_logs() as logs:
        await running.app.asgi(scope, receive, send)
    assert [line["event"] for line in logs if line["log_level"] == "error"] == []
    assert json.loads(running.lines[0])["status"] == 499
