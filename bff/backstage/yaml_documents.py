"""YAML read as plain text, lists and mappings: no tags, no numbers, no surprises.

A budget of `5.10` must arrive as it was written and not as the number 5.1, and a file anyone may edit must not be able
to run code, to fill the memory with aliases of aliases, or to overflow the stack. So the documents are made from the
parser's events, here, without recursion. An alias is the same value once more, never a copy of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

DEEPEST = 60
"""Levels of nesting that a document may have; API definitions in catalog files reach about twenty."""

# libyaml where it is there: ten times as fast. Both give the same events.
_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class YamlError(ValueError):
    """A text is not YAML that we read; `line` counts from 1."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"line {line}: {problem}")
        self.line = line


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a file: its value (`str`, `list` or `dict`) and the line it begins at, from 1."""

    value: object
    line: int


def read_documents(text: str) -> Iterator[Document]:
    """Every document of `text`, in order; scalars stay as they were written. Raises `YamlError`."""
    builder, line = _Builder(), 1
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.DocumentStartEvent):
                builder, line = _Builder(), _line(event)
            elif isinstance(event, yaml.DocumentEndEvent):
                yield Document(builder.value, line)
            else:
                builder.add(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(mark.line + 1 if mark else line, error.problem or "not YAML") from None
    except yaml.YAMLError:
        raise YamlError(line, "a character that YAML does not allow") from None


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


@dataclass(slots=True)
class _Container:
    """A list or mapping that is still open; `key` is what its next value belongs to."""

    value: list[object] | dict[str, object]
    anchor: str | None
    key: str | None = None


@dataclass(slots=True)
class _Builder:
    value: object = None
    open: list[_Container] = field(default_factory=list)
    anchors: dict[str, object] = field(default_factory=dict)

    def add(self, event: Any) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._place(event.value, event)
            self._remember(event.anchor, event.value)
        elif isinstance(event, yaml.AliasEvent):
            # An anchor is known only once its value is whole, so nothing can hold itself.
            if event.anchor not in self.anchors:
                raise YamlError(_line(event), "an alias of something that is not written above it")
            self._place(self.anchors[event.anchor], event)
        elif isinstance(event, yaml.SequenceStartEvent | yaml.MappingStartEvent):
            if len(self.open) >= DEEPEST:
                raise YamlError(_line(event), f"nested more than {DEEPEST} levels deep")
            value: list[object] | dict[str, object] = [] if isinstance(event, yaml.SequenceStartEvent) else {}
            self._place(value, event)
            self.open.append(_Container(value, event.anchor))
        elif isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
            closed = self.open.pop()
            self._remember(closed.anchor, closed.value)

    def _place(self, value: object, event: Any) -> None:
        if not self.open:
            self.value = value
            return
        container = self.open[-1]
        if isinstance(container.value, list):
            container.value.append(value)
        elif container.key is not None:
            container.value[container.key] = value
            container.key = None
        elif isinstance(value, str):
            container.key = value
        else:
            raise YamlError(_line(event), "a key must be text")

    def _remember(self, anchor: str | None, value: object) -> None:
        if anchor is not None:
            self.anchors[anchor] = value
