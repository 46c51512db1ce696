"""A route is declared once: what it declares is what is served, described and enforced."""

from __future__ import annotations

import httpx
import pytest
from starlette.requests import Request

from bff.web.openapi import ROUTES
from bff.web.problems import ProblemError
from bff.web.routes import Access, Query, Reply, Route, choice, route, whole_number
from tests.conftest import BOT, Running, Start

DAYS = whole_number("days", "Days", least=1, most=90, default=30)
FORMAT = choice("format", "Form of the answer", "json", "csv")


def asked(query: str) -> Request:
    """A request with this query."""
    return Request({"type": "http", "query_string": query.encode(), "headers": []})


@pytest.mark.parametrize(
    ("parameter", "query", "value"),
    [
        (DAYS, "", 30),
        (DAYS, "days=7", 7),
        (DAYS, "days=7&days=90", 90),
        (FORMAT, "", "json"),
        (FORMAT, "format=csv", "csv"),
    ],
)
def test_a_parameter_is_read(parameter: Query[object], query: str, value: object) -> None:
    """Its value is the last one given, or its default."""
    assert parameter.of(asked(query)) == value


@pytest.mark.parametrize(
    ("parameter", "query", "said"),
    [
        (DAYS, "days=0", "days: '0' must be a whole number from 1 to 90"),
        (DAYS, "days=91", "days: '91' must be a whole number from 1 to 90"),
        (DAYS, "days=%C2%B2", "days: '²' must be a whole number from 1 to 90"),
        (DAYS, "days=", "days: '' must be a whole number from 1 to 90"),
        (FORMAT, "format=xml", "format: 'xml' must be one of json, csv"),
        (FORMAT, f"format={'x' * 99}", f"format: '{'x' * 20}' must be one of json, csv"),
    ],
)
def test_a_parameter_of_another_form_is_refused(parameter: Query[object], query: str, said: str) -> None:
    """The problem names the parameter, the value, cut to size, and the form expected."""
    with pytest.raises(ProblemError) as refused:
        parameter.of(asked(query))
    assert (refused.value.status, refused.value.detail) == (422, said)


def test_a_part_of_the_path_that_is_not_described_is_refused() -> None:
    """A declaration whose path and path parameters differ ends the import with a line that names the route."""
    with pytest.raises(ValueError, match=r"GET /v1/keys/\{id\}: its path parameters are described as \[\]"):
        route("GET", "/v1/keys/{id}", "A key", access=Access.PUBLIC, replies=(Reply(),))(ROUTES[0].handler)


def test_no_two_routes_are_the_same() -> None:
    """No two routes are one method of one path."""
    assert len({(each.method, each.path) for each in ROUTES}) == len(ROUTES)


def _example(each: Route) -> str:
    """The path with its parameters' examples."""
    examples = {parameter.name: parameter.example or "x" for parameter in each.parameters}
    return each.path.format(**examples)


@pytest.mark.parametrize("each", [one for one in ROUTES if one.access is not Access.PUBLIC], ids=lambda one: one.path)
async def test_every_route_that_is_not_public_verifies_its_caller(start: Start, each: Route) -> None:
    """Without a token a request ends in 401 before its body or its path is looked at."""
    settings = {"bff_auth": "backstage", "backstage_url": "http://backstage.internal:7007", "backstage_token": "canary"}
    unreachable = httpx.MockTransport(lambda _request: httpx.Response(500))
    async with start(backstage=unreachable, **settings) as running:
        reply = await running.client.request(each.method, _example(each))
    assert (reply.status_code, reply.json()["type"]) == (401, "urn:keeptrusts-bff:unauthenticated")


@pytest.fixture
def operations() -> list[str]:
    """The paths for orchestrators and monitoring."""
    return [each.path for each in ROUTES if each.tag == "operations"]


async def test_one_port_has_everything(running: Running, operations: list[str]) -> None:
    """Without a port for operators there is no second application, and the first one has all routes."""
    assert running.app.admin is None
    for path in operations:
        assert (await running.get(path)).status_code in {200, 503}


async def test_a_port_of_their_own_for_operators(start: Start, operations: list[str]) -> None:
    """With one the first application has none of their routes, and the second one has those alone, of the same service."""
    async with start(bff_admin_port=8788) as running:
        assert running.app.admin is not None
        admin = httpx.AsyncClient(transport=httpx.ASGITransport(running.app.admin), base_url="http://bff")
        await running.get(f"{BOT}/governance")
        for path in operations:
            assert (await running.get(path)).status_code == 404
            assert (await admin.get(path)).status_code == 200
        assert (await admin.get(f"{BOT}/governance")).status_code == 404
        assert 'keeptrusts_bff_answers_total{freshness="fresh"} 1.0' in (await admin.get("/metrics")).text
        running.app.drain()
        assert (await admin.get("/readyz")).status_code == 503


def test_only_what_is_public_moves_to_operators() -> None:
    """A route of theirs needs no token, and every route without one is theirs."""
    assert {each.path for each in ROUTES if each.access is Access.PUBLIC} == {
        each.path for each in ROUTES if each.tag == "operations"
    }
