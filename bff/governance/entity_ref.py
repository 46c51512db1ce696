"""Backstage entity references: `kind:namespace/name`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bff.governance.wording import quoted

DEFAULT_NAMESPACE = "default"

_KIND = re.compile(r"[a-zA-Z][a-zA-Z0-9]{0,62}", re.ASCII)
_NAMESPACE = re.compile(r"(?=.{1,63}\Z)[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*", re.ASCII)
_NAME = re.compile(r"(?=.{1,63}\Z)[a-zA-Z0-9]([-_.a-zA-Z0-9]*[a-zA-Z0-9])?", re.ASCII)


class EntityRefError(ValueError):
    """A text is not an entity reference; the message names the part, the value and the form expected."""


@dataclass(frozen=True, slots=True, order=True)
class EntityRef:
    """One entity by kind, namespace and name, in the lower case in which Backstage compares them.

    Raises `EntityRefError` when a part breaks Backstage's own rules for names
    (backstage.io/docs/features/software-catalog/descriptor-format).
    """

    kind: str
    namespace: str
    name: str

    def __post_init__(self) -> None:
        for part, form, expected in (
            ("kind", _KIND, "a letter, then letters and digits, at most 63"),
            ("namespace", _NAMESPACE, "letters and digits separated by single dashes, at most 63"),
            ("name", _NAME, "letters and digits separated by '-', '_' or '.', at most 63"),
        ):
            value: str = getattr(self, part)
            if not form.fullmatch(value):
                raise EntityRefError(f"the {part} {quoted(value)} of an entity reference must be {expected}")
            object.__setattr__(self, part, value.lower())

    @classmethod
    def parse(
        cls, text: str, *, default_kind: str | None = None, default_namespace: str = DEFAULT_NAMESPACE
    ) -> EntityRef:
        """Read `[kind:][namespace/]name`; the kind may be left out only where `default_kind` says what is meant."""
        kind, colon, rest = text.partition(":")
        if not colon:
            if default_kind is None:
                raise EntityRefError(f"the entity reference {quoted(text)} must have the form kind:namespace/name")
            kind, rest = default_kind, text
        namespace, slash, name = rest.partition("/")
        if not slash:
            namespace, name = default_namespace, rest
        return cls(kind, namespace, name)

    def __str__(self) -> str:
        return f"{self.kind}:{self.namespace}/{self.name}"
