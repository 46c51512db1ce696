"""The OpenAPI document is the code's own account of itself."""

from __future__ import annotations

import json
from pathlib import Path

from openapi_spec_validator import validate

import bff.web
from bff.web import openapi
from bff.web.problems import ProblemType

COMMITTED = Path(bff.web.__file__).with_name("openapi.json")


def test_the_committed_document_is_current() -> None:
    """`bff/web/openapi.json` is what the code says; `make openapi` renews it."""
    assert COMMITTED.read_text(encoding="utf-8") == openapi.rendered()


def test_the_document_is_valid() -> None:
    """The document is valid OpenAPI 3.1."""
    validate(openapi.document())


def test_every_reference_leads_somewhere() -> None:
    """Every schema that is referred to is there, and every schema that is there is referred to."""
    document = openapi.document()
    text = json.dumps(document)
    for name in document["components"]["schemas"]:
        assert f'"#/components/schemas/{name}"' in text


def test_every_problem_is_documented_somewhere() -> None:
    """Every kind of problem is the answer of some route, but for those that any address can give."""
    anywhere = {ProblemType.METHOD_NOT_ALLOWED}
    described = {kind for route in openapi.ROUTES for kind in route.all_problems}
    assert described | anywhere == set(ProblemType)
