"""The OpenAPI 3.1 document: assembled from the wire models and the route table, never written by hand.

`bff/web/openapi.json` is its committed form; a test compares the two.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

import bff
from bff.keeptrusts import contract
from bff.keeptrusts.contract import (
    AllocationReply,
    ConfigurationRecord,
    TeamRecord,
    TokenRecord,
    TransactionRecord,
    WalletRecord,
)
from bff.provisioning.requests import (
    Allocation,
    Disabling,
    NewConfiguration,
    NewKey,
    NewTeam,
    Reclaim,
    Revocation,
    Rotation,
)
from bff.status.wire import EntityRefs, GovernanceStatus, PlatformStatus, Problem, SpendReport, StatusItems
from bff.web.problems import MEDIA_TYPE, ProblemType

JSON = "application/json"
_PROVIDED = (TeamRecord, TokenRecord, ConfigurationRecord, AllocationReply)
HEALTH_JSON = "application/health+json"
REF_TEMPLATE = "#/components/schemas/{model}"

_HEALTH_SCHEMA = {
    "type": "object",
    "required": ["status", "checks"],
    "properties": {
        "status": {"enum": ["pass", "warn", "fail"]},
        "version": {"type": "string"},
        "releaseId": {"type": "string"},
        "serviceId": {"type": "string"},
        "notes": {"type": "array", "items": {"type": "string"}},
        "checks": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "object"}}},
    },
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as the document describes it. `success` maps statuses to media type and schema."""

    method: str
    path: str
    summary: str
    success: dict[int, tuple[str, dict[str, Any]]]
    problems: tuple[ProblemType, ...] = ()
    body: type[BaseModel] | None = None
    parameters: tuple[dict[str, Any], ...] = ()
    public: bool = False
    conditional: bool = False
    tag: str = "governance"
    extra_responses: dict[int, dict[str, Any]] = field(default_factory=dict)


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return {"$ref": REF_TEMPLATE.format(model=model.__name__)}


def _path_parameter(name: str, pattern: str, example: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "schema": {"type": "string", "maxLength": 63, "pattern": pattern},
        "example": example,
    }


ENTITY = (
    _path_parameter("kind", r"^[a-zA-Z][a-zA-Z0-9]*$", "component"),
    _path_parameter("namespace", r"^[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*$", "default"),
    _path_parameter("name", r"^[a-zA-Z0-9]([-_.a-zA-Z0-9]*[a-zA-Z0-9])?$", "customer-support-bot"),
)
DAYS = {
    "name": "days",
    "in": "query",
    "description": "How many budget days, today included",
    "schema": {"type": "integer", "minimum": 1, "maximum": 90, "default": 30},
}

_CALLER = (
    ProblemType.UNAUTHENTICATED,
    ProblemType.FORBIDDEN,
    ProblemType.IDENTITY_UNAVAILABLE,
    ProblemType.CATALOG_UNAVAILABLE,
    ProblemType.CATALOG_CONTRACT,
)
_ENTITY = (ProblemType.INVALID_ENTITY_REF, ProblemType.NOT_FOUND, ProblemType.UPSTREAM_UNAVAILABLE, *_CALLER)
_BODY = (
    ProblemType.MALFORMED,
    ProblemType.TOO_SLOW,
    ProblemType.TOO_LARGE,
    ProblemType.UNSUPPORTED_MEDIA_TYPE,
    ProblemType.INVALID,
)
_TEXT = {"type": "string"}

_PROVISIONING = (
    *_BODY,
    *_CALLER,
    ProblemType.FORBIDDEN,
    ProblemType.CONFLICT,
    ProblemType.PROVISIONING_OFF,
    ProblemType.RECORDS_UNAVAILABLE,
    ProblemType.UPSTREAM_CONTRACT,
    ProblemType.UPSTREAM_DENIED,
    ProblemType.UPSTREAM_REJECTED,
    ProblemType.UPSTREAM_UNAVAILABLE,
)
_VAULT = (
    ProblemType.NOT_STORED,
    ProblemType.VAULT_CONTRACT,
    ProblemType.VAULT_DENIED,
    ProblemType.VAULT_SEALED,
    ProblemType.VAULT_UNAVAILABLE,
)
_IN_VAULT = {
    "type": "object",
    "required": ["vault_mount", "vault_path"],
    "properties": {
        "vault_mount": {"type": "string", "examples": ["secret"]},
        "vault_path": {"type": "string", "examples": ["ai/support-team/support-team-gw-key"]},
    },
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "Names the allocation: asked for again with the same key it is not made again",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}

_KEY_NAME = {
    "name": "name",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "maxLength": 100},
    "example": "support-team-gw-key",
}
_CONFIGURATION_NAME = {**_KEY_NAME, "example": "support-team-config"}
_PREVIOUS = {
    "type": "object",
    "required": ["previous"],
    "properties": {
        "previous": {
            "description": "The key that this one replaces, and when it is revoked at the earliest; null where there is none",
            "anyOf": [
                {
                    "type": "object",
                    "required": ["id", "revokes_at"],
                    "properties": {"id": {"type": "string"}, "revokes_at": {"type": "string", "format": "date-time"}},
                },
                {"type": "null"},
            ],
        }
    },
}
_OF_TEAM = {"name": {"type": "string"}, "team_id": {"type": "string"}}
_REVOKED = {
    "type": "object",
    "required": ["name", "team_id", "revoked"],
    "properties": {**_OF_TEAM, "revoked": {"type": "array", "items": {"type": "string"}}},
}
_DISABLED = {
    "type": "object",
    "required": ["name", "team_id", "disabled"],
    "properties": {**_OF_TEAM, "disabled": {"type": ["string", "null"], "description": "The configuration's id"}},
}
_RECLAIMED = {
    "type": "object",
    "required": ["transaction", "wallet"],
    "properties": {
        "transaction": {"anyOf": [_schema(TransactionRecord), {"type": "null"}]},
        "wallet": {"anyOf": [_schema(WalletRecord), {"type": "null"}]},
    },
}


def _provided(schema: dict[str, Any]) -> dict[int, tuple[str, dict[str, Any]]]:
    """What provisioning answers: 201 when it was made, 200 when it was there."""
    return {200: (JSON, schema), 201: (JSON, schema)}


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "get",
        "/v1/entities/{kind}/{namespace}/{name}/governance",
        "The AI governance status of one entity",
        {200: (JSON, _schema(GovernanceStatus))},
        problems=_ENTITY,
        parameters=ENTITY,
        conditional=True,
    ),
    Operation(
        "post",
        "/v1/governance/by-refs",
        "The status of up to 1,000 entities, one item a reference in the order of the request, each a status or a problem",
        {200: (JSON, _schema(StatusItems))},
        problems=(*_BODY, ProblemType.UPSTREAM_UNAVAILABLE, *_CALLER),
        body=EntityRefs,
    ),
    Operation(
        "get",
        "/v1/entities/{kind}/{namespace}/{name}/spend",
        "What one entity has spent, by day and by model",
        {200: (JSON, _schema(SpendReport))},
        problems=(*_ENTITY, ProblemType.INVALID),
        parameters=(*ENTITY, DAYS),
        conditional=True,
    ),
    Operation(
        "get",
        "/v1/gateway",
        "Health of the Keeptrusts gateway and control plane",
        {200: (JSON, _schema(PlatformStatus))},
        problems=(ProblemType.UNAUTHENTICATED, ProblemType.FORBIDDEN, ProblemType.IDENTITY_UNAVAILABLE),
        conditional=True,
    ),
    Operation(
        "post",
        contract.TEAMS,
        "Make a team, or give the one of this name",
        _provided(_schema(TeamRecord)),
        problems=_PROVISIONING,
        body=NewTeam,
        tag="provisioning",
    ),
    Operation(
        "post",
        contract.TOKENS,
        "Make a team's gateway key and put it into Vault; the reply says where, and never holds the key",
        _provided({"allOf": [_schema(TokenRecord), _IN_VAULT]}),
        problems=(*_PROVISIONING, *_VAULT),
        body=NewKey,
        tag="provisioning",
    ),
    Operation(
        "post",
        contract.TOKENS + "/{name}/rotate",
        "Make a successor of a team's gateway key and put it into Vault at the same path; the old key lives on for the grace",
        _provided({"allOf": [_schema(TokenRecord), _IN_VAULT, _PREVIOUS]}),
        problems=(*_PROVISIONING, *_VAULT),
        body=Rotation,
        parameters=(_KEY_NAME, {**_IDEMPOTENCY_KEY, "required": False}),
        tag="provisioning",
    ),
    Operation(
        "post",
        contract.TOKENS + "/{name}/revoke",
        "Revoke a team's living gateway keys of a name, or the one of an id",
        {200: (JSON, _REVOKED)},
        problems=_PROVISIONING,
        body=Revocation,
        parameters=(_KEY_NAME,),
        tag="provisioning",
    ),
    Operation(
        "post",
        contract.CONFIGURATIONS,
        "Make a team's policy configuration from a template, or give the one of this name",
        _provided(_schema(ConfigurationRecord)),
        problems=_PROVISIONING,
        body=NewConfiguration,
        tag="provisioning",
    ),
    Operation(
        "post",
        contract.ALLOCATE,
        "Put money into a team's wallet, once for each Idempotency-Key",
        _provided(_schema(AllocationReply)),
        problems=_PROVISIONING,
        body=Allocation,
        parameters=(_IDEMPOTENCY_KEY,),
        tag="provisioning",
    ),
    Operation(
        "post",
        contract.CONFIGURATIONS + "/{name}/disable",
        "Take a team's policy configuration out of force, once its keys are revoked",
        {200: (JSON, _DISABLED)},
        problems=_PROVISIONING,
        body=Disabling,
        parameters=(_CONFIGURATION_NAME,),
        tag="provisioning",
    ),
    Operation(
        "post",
        contract.RECLAIM,
        "Move money from a team's wallet back to the organisation's, once for each Idempotency-Key",
        _provided(_RECLAIMED),
        problems=_PROVISIONING,
        body=Reclaim,
        parameters=(_IDEMPOTENCY_KEY,),
        tag="provisioning",
    ),
    Operation("get", "/livez", "This process answers", {200: ("text/plain", _TEXT)}, public=True, tag="operations"),
    Operation(
        "get",
        "/readyz",
        "Answers can be given, be it from older facts",
        {200: ("text/plain", _TEXT)},
        problems=(ProblemType.DRAINING, ProblemType.UPSTREAM_UNAVAILABLE),
        public=True,
        tag="operations",
    ),
    Operation(
        "get",
        "/health",
        "Health by outside system; 503 when no answers can be given",
        {200: (HEALTH_JSON, _HEALTH_SCHEMA)},
        problems=(ProblemType.FORBIDDEN,),
        public=True,
        tag="operations",
        extra_responses={
            503: {"description": "No answers can be given", "content": {HEALTH_JSON: {"schema": _HEALTH_SCHEMA}}}
        },
    ),
    Operation(
        "get",
        "/metrics",
        "Metrics in Prometheus' text format",
        {200: ("text/plain", _TEXT)},
        problems=(ProblemType.FORBIDDEN,),
        public=True,
        tag="operations",
    ),
    Operation(
        "get",
        "/openapi.json",
        "This document",
        {200: (JSON, {"type": "object"})},
        problems=(ProblemType.FORBIDDEN,),
        public=True,
        tag="operations",
    ),
)


def document() -> dict[str, Any]:
    """The whole document as a JSON object."""
    models = (GovernanceStatus, StatusItems, SpendReport, PlatformStatus, Problem, *_PROVIDED)
    bodies = (EntityRefs, NewTeam, NewKey, NewConfiguration, Allocation, Rotation, Revocation, Disabling, Reclaim)
    _, schemas = models_json_schema(
        [(model, "serialization") for model in models] + [(body, "validation") for body in bodies],
        ref_template=REF_TEMPLATE,
    )
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation)
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


def rendered() -> str:
    """The document as it is committed and served."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": operation.summary,
        "operationId": _operation_id(operation),
        "tags": [operation.tag],
        "responses": {str(status): answer for status, answer in sorted(_responses(operation).items())},
    }
    if operation.parameters:
        described["parameters"] = list(operation.parameters)
    if operation.body:
        described["requestBody"] = {"required": True, "content": {JSON: {"schema": _schema(operation.body)}}}
    described["security"] = [] if operation.public else [{"backstage": []}]
    return described


def _operation_id(operation: Operation) -> str:
    words = [
        word
        for part in operation.path.split("/")
        for word in part.replace(".", "-").split("-")
        if word and not word.startswith("{")
    ]
    return operation.method + "".join(word.capitalize() for word in words if word != "v1")


def _responses(operation: Operation) -> dict[int, dict[str, Any]]:
    responses: dict[int, dict[str, Any]] = {}
    for status, (media_type, schema) in operation.success.items():
        responses[status] = {"description": operation.summary, "content": {media_type: {"schema": schema}}}
    if operation.conditional:
        responses[304] = {"description": "What the entity tag in If-None-Match names is still the answer"}
    for kind, titles in _by_status((*operation.problems, ProblemType.INTERNAL)).items():
        responses[kind] = {"description": "; ".join(titles), "content": {MEDIA_TYPE: {"schema": _schema(Problem)}}}
    return responses | operation.extra_responses


def _by_status(kinds: Iterable[ProblemType]) -> dict[int, list[str]]:
    titles: dict[int, list[str]] = {}
    for kind in kinds:
        if kind.title not in titles.setdefault(kind.status, []):
            titles[kind.status].append(kind.title)
    return titles
