"""What all our resources have in common.

Terraform starts a provider more often for its schema than for its deeds, so a resource's module loads no HTTP client and no
model of a reply: where they only name a type they are imported for the type checker.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from tf.iface import Resource
from tf.schema import Attribute, Schema
from tf.types import String

if TYPE_CHECKING:
    from bff.keeptrusts.client import KeeptrustsClient
    from terraform_provider_keeptrusts.connection import Connection
    from terraform_provider_keeptrusts.organisation import Organisation


State = dict[str, Any]
T = TypeVar("T")


class Connected(Protocol):
    """A provider that was configured."""

    @property
    def connection(self) -> Connection:
        """Its way to Keeptrusts."""


class KeeptrustsResource(Resource):
    """A resource of ours: its name without the prefix, its description and its attributes are the class's.

    `version` is the form of its state. Raise it with the attributes, and write `upgrade` for the forms before it.
    """

    name: ClassVar[str]
    description: ClassVar[str]
    attributes: ClassVar[list[Attribute]]
    version: ClassVar[int] = 1

    def __init__(self, provider: Connected) -> None:
        self._provider = provider

    @classmethod
    def get_name(cls) -> str:
        """`team` for `keeptrusts_team`."""
        return cls.name

    @classmethod
    def get_schema(cls) -> Schema:
        """All attributes; a version, without which every plan would warn."""
        return Schema(version=cls.version, attributes=cls.attributes, description=cls.description)

    @property
    def _connection(self) -> Connection:
        return self._provider.connection

    @property
    def _keeptrusts(self) -> KeeptrustsClient:
        return self._connection.keeptrusts

    @property
    def _organisation(self) -> Organisation:
        return self._connection.organisation

    def _ask(self, work: Coroutine[Any, Any, T]) -> T:
        return self._connection.run(work)

    def _change(self, act: Callable[[], Awaitable[T]]) -> T:
        return self._connection.run(self._connection.change(act))


def identity(description: str) -> Attribute:
    """The attribute `id`, which Keeptrusts gives."""
    return Attribute("id", String(), description, computed=True)
