"""Every route, and the OpenAPI 3.1 document that is made from their declarations.

`bff/web/openapi.json` is the document's committed form; a test compares the two.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema
from starlette.responses import Response

import bff
from bff.status.wire import Problem
from bff.web import coverage, governance, operations, provisioning, spend
from bff.web.answers import JSON
from bff.web.problems import MEDIA_TYPE, ProblemType
from bff.web.routes import Access, Call, Parameter, Reply, Route, route

REF_TEMPLATE = "#/components/schemas/{model}"


@route(
    "GET",
    "/openapi.json",
    "This document",
    access=Access.PUBLIC,
    replies=(Reply(schema={"type": "object"}),),
    problems=(ProblemType.FORBIDDEN,),
    tag="operations",
)
async def openapi_json(call: Call) -> Response:  # noqa: ARG001 - a handler's signature
    """Answer with the document."""
    return Response(rendered(), media_type=JSON)


ROUTES: tuple[Route, ...] = (
    *governance.ROUTES,
    *spend.ROUTES,
    *coverage.ROUTES,
    operations.gateway,
    *provisioning.ROUTES,
    *operations.PROBES,
    openapi_json,
)
"""The busiest first: they are tried in order."""


def document() -> dict[str, Any]:
    """The whole document as a JSON object."""
    sent = [reply.model for each in ROUTES for reply in each.replies if reply.model is not None]
    read = [each.body for each in ROUTES if each.body is not None]
    modes: list[tuple[type[BaseModel], JsonSchemaMode]] = [(model, "serialization") for model in sent]
    modes += [(Problem, "serialization")]
    modes += [(model, "validation") for model in read]
    _, schemas = models_json_schema(modes, ref_template=REF_TEMPLATE)
    paths: dict[str, dict[str, Any]] = {}
    for declared in ROUTES:
        paths.setdefault(declared.path, {})[declared.method.lower()] = _operation(declared)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Keeptrusts for Backstage",
            "version": bff.__version__,
            "description": "Joins what a Backstage entity claims of its AI access with what the Keeptrusts gateway knows.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {
                "backstage": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A Backstage user token, as the proxy forwards it",
                }
            },
        },
    }


@cache
def rendered() -> str:
    """The document as it is committed and served."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def _operation(declared: Route) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": declared.summary,
        "operationId": _operation_id(declared),
        "tags": [declared.tag],
        "responses": {str(status): answer for status, answer in sorted(_responses(declared).items())},
    }
    if declared.parameters:
        described["parameters"] = [_parameter(each) for each in declared.parameters]
    if declared.body:
        described["requestBody"] = {"required": True, "content": {JSON: {"schema": _reference(declared.body)}}}
    described["security"] = [] if declared.access is Access.PUBLIC else [{"backstage": []}]
    return described


def _operation_id(declared: Route) -> str:
    words = [
        word
        for part in declared.path.split("/")
        for word in part.replace(".", "-").split("-")
        if word and not word.startswith("{")
    ]
    return declared.method.lower() + "".join(word.capitalize() for word in words if word != "v1")


def _parameter(each: Parameter) -> dict[str, Any]:
    members = {
        "name": each.name,
        "in": each.place,
        "required": each.required or None,
        "description": each.description,
        "schema": dict(each.schema),
        "example": each.example,
    }
    return {name: value for name, value in members.items() if value is not None}


def _responses(declared: Route) -> dict[int, dict[str, Any]]:
    responses: dict[int, dict[str, Any]] = {}
    for reply in declared.replies:
        for status in reply.statuses:
            answer = responses.setdefault(status, {"description": reply.description or declared.summary, "content": {}})
            answer["content"][reply.media_type] = {"schema": _schema(reply)}
    if declared.conditional:
        responses[304] = {"description": "What the entity tag in If-None-Match names is still the answer"}
    for status, titles in _titles(declared.all_problems).items():
        problem = {"description": "; ".join(titles), "content": {MEDIA_TYPE: {"schema": _reference(Problem)}}}
        responses.setdefault(status, problem)
    return responses


def _schema(reply: Reply) -> dict[str, Any]:
    forms = [_reference(reply.model)] if reply.model is not None else []
    forms += [dict(reply.schema)] if reply.schema is not None else []
    return forms[0] if len(forms) == 1 else {"allOf": forms}


def _reference(model: type[BaseModel]) -> dict[str, Any]:
    return {"$ref": REF_TEMPLATE.format(model=model.__name__)}


def _titles(kinds: Iterable[ProblemType]) -> dict[int, list[str]]:
    """The titles of problems by status, each once."""
    titles: dict[int, list[str]] = {}
    for kind in kinds:
        if kind.title not in titles.setdefault(kind.status, []):
            titles[kind.status].append(kind.title)
    return titles
