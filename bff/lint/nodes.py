"""YAML as values that know their lines.

Types are those of YAML 1.2, which Backstage reads: `yes` is text there and `500` is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import yaml

from bff.backstage.yaml_documents import DEEPEST, YamlError, read_documents

MOST_VALUES = 500_000
"""Values in a text; the largest catalogs have some ten thousand, and a text of this many takes seconds to read."""

Scalar = str | int | float | bool | None

_UNTAGGED = "untagged"
_EMPTY: dict[str, Scalar] = {"": None, "~": None}
_WORDS: dict[str, Scalar] = _EMPTY | {
    spelling: value
    for word, value in (("null", None), ("true", True), ("false", False))
    for spelling in (word, word.capitalize(), word.upper())
}
_INTEGER = re.compile(r"[-+]?[0-9]+", re.ASCII)
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+", re.ASCII)
_FLOAT = re.compile(
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", re.ASCII
)
_LONGEST_NUMBER = 400


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # whichever there is
    """Leaves it to this module to say what a scalar without a tag is: PyYAML knows YAML 1.1 only."""

    def resolve(self, *_: object) -> str:
        return _UNTAGGED


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A scalar, a list or a mapping, and the lines it stands in (from 1, the last one included)."""

    value: Scalar | tuple[Node, ...] | dict[str, Node]
    line: int
    last_line: int
    block: bool = False
    """Whether it is written as a block after `|` or `>`: its text begins a line below."""
    written: str = ""
    """A scalar as it stands there, whatever it is read as."""
    source: tuple[str, ...] = field(default=(), repr=False)
    depth: int = 1
    """Levels from here down, those of aliases included."""

    @property
    def text(self) -> str | None:
        """The scalar when it is text."""
        return self.value if isinstance(self.value, str) else None

    @property
    def items(self) -> tuple[Node, ...]:
        """The elements of a list; of anything else none."""
        return self.value if isinstance(self.value, tuple) else ()

    @property
    def members(self) -> dict[str, Node]:
        """The members of a mapping; of anything else none."""
        return self.value if isinstance(self.value, dict) else {}

    def at(self, *path: str) -> Node | None:
        """The member of a member of a mapping, None where there is none."""
        node: Node | None = self
        for name in path:
            node = node.members.get(name) if node else None
        return node

    def all(self) -> Iterator[Node]:
        """This node and all below it, each once however many aliases lead to it, in the order in which they are written."""
        seen: set[int] = set()
        waiting = [self]
        while waiting:
            node = waiting.pop()
            if id(node) not in seen:
                seen.add(id(node))
                yield node
                waiting.extend(reversed((*node.items, *node.members.values())))

    def scalars(self) -> Iterator[Node]:
        """All scalars among them."""
        return (node for node in self.all() if not isinstance(node.value, tuple | dict))

    def line_of(self, part: str) -> int:
        """The line in which `part` of a scalar is written; its first where that cannot be told."""
        written = self.source[self.line - 1 : self.last_line]
        return next((number for number, line in enumerate(written, self.line) if part in line), self.line)


@dataclass(frozen=True, slots=True)
class Twice:
    """A key that a mapping has a second time, in this line."""

    key: str
    line: int


def read_nodes(text: str) -> tuple[list[Node], list[Twice]]:
    """Every document of `text`, and the keys that are there twice. Raises `YamlError`."""
    _require_few(text)
    # Whatever is too deep, holds itself or has keys that are no text is refused here, before anything recursive sees it.
    for _ in read_documents(text):
        pass
    reading = _Reading((*tuple(text.splitlines()), ""))
    return [reading.node(document) for document in yaml.compose_all(text, Loader=_Loader)], reading.twice


def _require_few(text: str) -> None:
    # Each value takes two characters at least, its end included: most texts need not be counted.
    if len(text) <= 2 * MOST_VALUES:
        return
    values = 0
    with suppress(yaml.YAMLError):  # Whoever reads the text next tells of it.
        for event in yaml.parse(text, Loader=_Loader):
            values += isinstance(event, yaml.NodeEvent)
            if values > MOST_VALUES:
                line = event.start_mark.line if event.start_mark else 0
                raise YamlError(line + 1, f"more than {MOST_VALUES} values")


@dataclass(slots=True)
class _Reading:
    source: tuple[str, ...]
    twice: list[Twice] = field(default_factory=list)
    nodes: dict[int, Node] = field(default_factory=dict)
    kept: list[Any] = field(default_factory=list)

    def node(self, made: Any) -> Node:
        known = self.nodes.get(id(made))
        if known is None:
            # Kept, so that no other node takes the id of this one while its documents are read.
            self.kept.append(made)
            known = self.nodes[id(made)] = self._read(made)
            if known.depth > DEEPEST:
                raise YamlError(known.line, f"nested more than {DEEPEST} levels deep, with its aliases")
        return known

    def _read(self, made: Any) -> Node:
        line, end = made.start_mark.line + 1, made.end_mark
        last_line = max(line, end.line + (end.column > 0))
        if isinstance(made, yaml.SequenceNode):
            items = tuple(self.node(item) for item in made.value)
            return Node(items, line, last_line, depth=_above(items))
        if isinstance(made, yaml.MappingNode):
            members = self._members(made)
            return Node(members, line, last_line, depth=_above(members.values()))
        return Node(
            _scalar(made), line, last_line, block=made.style in {"|", ">"}, written=made.value, source=self.source
        )

    def _members(self, made: Any) -> dict[str, Node]:
        members: dict[str, Node] = {}
        for key, value in made.value:
            if key.value in members:
                self.twice.append(Twice(key.value, key.start_mark.line + 1))
            members[key.value] = self.node(value)
        return members


def _above(nodes: Iterable[Node]) -> int:
    return 1 + max((node.depth for node in nodes), default=0)


def _scalar(made: Any) -> Scalar:
    text: str = made.value
    # Quoted, in a block, or said to be text by a tag.
    if made.style or made.tag != _UNTAGGED:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if len(text) > _LONGEST_NUMBER:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _BASED.fullmatch(text):
        return int(text, 0)
    return float(text.replace(".", "", 1) if text[-1] in "fFnN" else text) if _FLOAT.fullmatch(text) else text


def data(node: Node) -> Any:
    """What a node holds as plain lists and mappings, shared where aliases share it."""
    made: dict[int, Any] = {}

    def plain(node: Node) -> Any:
        if id(node) not in made:
            if isinstance(node.value, tuple):
                made[id(node)] = [plain(item) for item in node.value]
            elif isinstance(node.value, dict):
                made[id(node)] = {name: plain(member) for name, member in node.value.items()}
            else:
                made[id(node)] = node.value
        return made[id(node)]

    return plain(node)
