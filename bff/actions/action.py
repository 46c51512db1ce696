"""What an action is: one declaration, from which Backstage's list and an invocation are made.

A handler stands below its declaration and becomes an `Action`:

    @action("get-ai-platform-health", "AI platform health", "…", takes=Nothing, gives=PlatformStatus)
    async def platform_health(asked: Asked, given: Nothing) -> bytes: ...

The handler is given its input validated, and gives its output as JSON.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaMode

from bff.actions.entity_access import EntityAccess
from bff.backstage.entities import Entity
from bff.backstage.own_tokens import PLUGIN
from bff.status.numbers import Viewer
from bff.status.organisation_cache import Snapshot
from bff.values import EntityRef
from bff.web.routes import NOT_FOUND, Call, Service

Given = TypeVar("Given", bound="Input")


class Input(BaseModel):
    """The input of an action: Backstage's MCP server passes on what it is given, so that it is validated here alone."""

    model_config = ConfigDict(alias_generator=to_camel, frozen=True, extra="forbid", strict=True)


@dataclass(frozen=True, slots=True)
class Asked:
    """One invocation, as its handler gets it; the caller of `call` is the person for whom Backstage asks."""

    call: Call
    access: EntityAccess

    @property
    def service(self) -> Service:
        """What the routes share."""
        return self.call.service

    async def entity(self, text: str) -> Entity:
        """The entity of that reference, as its caller may see it. Raises `EntityRefError`, and `ProblemError` 404."""
        entity = await self.access.entity(self.call.caller, EntityRef.parse(text, default_kind="component"))
        if entity is None:
            raise NOT_FOUND
        return entity

    async def viewer(self) -> Viewer:
        """The caller as far as numbers go."""
        return await self.call.viewer()

    async def snapshot(self) -> Snapshot:
        """The facts to answer from. Raises `FactsUnavailableError`."""
        snapshot, _ = await self.service.cache.current()
        return snapshot


Handler = Callable[[Asked, Any], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Action:
    """An action that only reads. `takes` is its input, `gives` its output; `description` is for the agent that chooses."""

    name: str
    title: str
    description: str
    handler: Handler
    takes: type[Input]
    gives: type[BaseModel]

    @property
    def id(self) -> str:
        """What Backstage calls it."""
        return f"{PLUGIN}:{self.name}"

    def document(self) -> dict[str, Any]:
        """It as an item of Backstage's list. Every member is needed: one that is missing breaks the lists of all sources."""
        return {
            "id": self.id,
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "pluginId": PLUGIN,
            "attributes": {"readOnly": True, "destructive": False, "idempotent": True},
            "schema": {"input": schema_of(self.takes, "validation"), "output": schema_of(self.gives, "serialization")},
        }


def action(
    name: str, title: str, description: str, *, takes: type[Given], gives: type[BaseModel]
) -> Callable[[Callable[[Asked, Given], Awaitable[bytes]]], Action]:
    """Declare the action of a handler."""
    return lambda handler: Action(name, title, " ".join(description.split()), handler, takes, gives)


@cache
def listed(actions: tuple[Action, ...]) -> bytes:
    """The whole reply to Backstage's question for the list: made once, since every step of every template waits for it."""
    return orjson.dumps({"actions": [each.document() for each in actions]})


def schema_of(model: type[BaseModel], mode: JsonSchemaMode) -> dict[str, Any]:
    """The JSON schema of a model, without references: forms and agents show what stands in the place itself.

    Titles are left out, since they would only repeat the names.
    """
    schema = model.model_json_schema(mode=mode)
    whole: dict[str, Any] = _inlined(schema, schema.get("$defs", {}))
    return whole


_REF = "#/$defs/"


def _inlined(part: Any, definitions: Mapping[str, Any]) -> Any:
    match part:
        case {"$ref": str(ref), **others}:
            return _inlined({**definitions[ref.removeprefix(_REF)], **others}, definitions)
        case dict():
            kept = (
                name
                for name, each in part.items()
                if name != "$defs" and not (name == "title" and isinstance(each, str))
            )
            return {name: _inlined(part[name], definitions) for name in kept}
        case list():
            return [_inlined(each, definitions) for each in part]
    return part
