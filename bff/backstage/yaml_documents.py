"""YAML 1.2 as Backstage reads it: every value with its lines, and as the text that is written there.

A budget of `5.10` must arrive as it was written and not as the number 5.1, and a file anyone may edit must not be able
to run code, to fill the memory with aliases of aliases, or to overflow the stack. So the values are made from libyaml's
events, here, without recursion. An alias is the same value once more, never a copy of it.

Not ruamel.yaml: it refuses every tab, also in the middle of a text and at the end of a line, which Backstage reads; it
makes a number of `1_000`, which is text there; and it is many times slower.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import yaml

DEEPEST = 60
"""Levels of nesting that a document may have, those of aliases included; API definitions reach about twenty."""

MOST_VALUES = 500_000
"""Values in a text; the largest catalogs have some ten thousand, and a text of this many takes seconds to read."""

Scalar = str | int | float | bool | None

# libyaml where it is there: ten times as fast, and it reads tabs that PyYAML's own parser refuses.
_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)

_WORDS: dict[str, Scalar] = {
    spelling: value
    for word, value in (("", None), ("~", None), ("null", None), ("true", True), ("false", False))
    for spelling in (word, word.capitalize(), word.upper())
}
_INTEGER = re.compile(r"[-+]?[0-9]+", re.ASCII)
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+", re.ASCII)
_FLOAT = re.compile(
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", re.ASCII
)
_LONGEST_NUMBER = 400
_LOOSE_TAB = re.compile(r"^ *\t[ \t]*(?:#[^\r\n]*)?(?=\r?$)", re.MULTILINE)


class YamlError(ValueError):
    """A text is not YAML that we read; `line` counts from 1, `problem` is the message without it."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"line {line}: {problem}")
        self.line = line
        self.problem = problem


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A scalar, a list or a mapping, and the lines it stands in (from 1, the last one included)."""

    value: Scalar | tuple[Node, ...] | dict[str, Node]
    line: int
    last_line: int
    block: bool = False
    """Whether it is written as a block after `|` or `>`: its text starts a line below."""
    written: str = ""
    """A scalar as it stands there, whatever it is read as."""
    source: tuple[str, ...] = field(default=(), repr=False)
    depth: int = 0
    """Lists and mappings from here down, those of aliases included: 0 for a scalar."""

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
        """This node and all below it, in the order of the text, each once however many aliases lead to it."""
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
        """The line in which `part` of a scalar is written; its first where that cannot be found."""
        written = self.source[self.line - 1 : self.last_line]
        return next((number for number, line in enumerate(written, self.line) if part in line), self.line)

    def data(self) -> Any:
        """The value as plain lists, mappings and typed scalars, shared where aliases share it."""
        return self._plain(typed=True, made={})

    def texts(self) -> Any:
        """The value as plain lists and mappings with every scalar as it is written, shared where aliases share it."""
        return self._plain(typed=False, made={})

    def _plain(self, *, typed: bool, made: dict[int, Any]) -> Any:
        if isinstance(self.value, tuple | dict):
            if id(self) not in made:
                made[id(self)] = (
                    [item._plain(typed=typed, made=made) for item in self.value]  # noqa: SLF001 - the same class
                    if isinstance(self.value, tuple)
                    else {name: member._plain(typed=typed, made=made) for name, member in self.value.items()}  # noqa: SLF001
                )
            return made[id(self)]
        return self.value if typed else self.written


@dataclass(frozen=True, slots=True)
class Twice:
    """A key that a mapping has a second time, in this line; the second value is the one that is read."""

    key: str
    line: int


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a file: its value, the line it starts at (from 1), and the keys that are there twice."""

    root: Node
    line: int
    twice: tuple[Twice, ...] = ()


def read_documents(text: str) -> Iterator[Document]:
    """Every document of `text`, in order. Raises `YamlError`, in time that grows with the length of `text` at most."""
    text = _without_loose_tabs(text.removeprefix("\ufeff"))
    source = (*text.splitlines(), "")
    builder, line = _Builder(source), 1
    for event in _events(text):
        if isinstance(event, yaml.DocumentStartEvent):
            builder, line = _Builder(source), _line(event)
        elif isinstance(event, yaml.DocumentEndEvent) and builder.root is not None:
            yield Document(builder.root, line, tuple(builder.twice))
        else:
            builder.add(event)


def _events(text: str) -> Iterator[Any]:
    """The parser's events. Raises `YamlError`, also for a text that is too deep or has too many values."""
    line, depth, values = 1, 0, 0
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.NodeEvent):
                line = _line(event)
                values += 1
                if values > MOST_VALUES:
                    raise YamlError(line, f"more than {MOST_VALUES} values")
                if isinstance(event, yaml.CollectionStartEvent):
                    depth += 1
                    if depth > DEEPEST:
                        raise YamlError(line, f"nested more than {DEEPEST} levels deep")
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            yield event
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(mark.line + 1 if mark else line, error.problem or "not YAML") from None
    except yaml.YAMLError:
        raise YamlError(line, "a character that YAML does not allow") from None


def _without_loose_tabs(text: str) -> str:
    """`text` without the tabs that Backstage reads as white space and libyaml refuses: on empty lines, before comments.

    Such a line becomes empty, except inside a scalar, where Backstage and libyaml agree on what a tab is. Two places that
    Backstage reads stay refused: a tab right after the dash of an item, and one that starts the first line of a block.
    """
    loose = [match.span() for match in islice(_LOOSE_TAB.finditer(text), MOST_VALUES + 1)]
    if not loose:
        return text
    if len(loose) > MOST_VALUES:
        raise YamlError(text.count("\n", 0, loose[-1][0]) + 1, f"more than {MOST_VALUES} lines with nothing but a tab")
    with suppress(YamlError):
        for _ in _events(text):
            pass
        return text
    blanked = _events(_LOOSE_TAB.sub("", text))
    scalars = [_span(event) for event in blanked if isinstance(event, yaml.ScalarEvent)]
    parts: list[str] = []
    kept_to = removed = 0
    for start, end in loose:
        place = start - removed
        removed += end - start
        before = bisect_right(scalars, (place, 0)) - 1
        if before >= 0 and place < scalars[before][1]:
            continue
        parts.append(text[kept_to:start])
        kept_to = end
    return "".join((*parts, text[kept_to:]))


def _span(event: Any) -> tuple[int, int]:
    """The characters from and to which an event reaches."""
    return event.start_mark.index, event.end_mark.index


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


@dataclass(slots=True)
class _Open:
    """A list or mapping that has not ended; `key` is what its next value belongs to."""

    line: int
    anchor: str | None
    value: list[Node] | dict[str, Node]
    key: str | None = None


@dataclass(slots=True)
class _Builder:
    """Makes one document of its events."""

    source: tuple[str, ...]
    root: Node | None = None
    open: list[_Open] = field(default_factory=list)
    anchors: dict[str, Node] = field(default_factory=dict)
    twice: list[Twice] = field(default_factory=list)

    def add(self, event: Any) -> None:
        if isinstance(event, yaml.ScalarEvent):
            line = _line(event)
            if event.anchor is None and self._is_key():
                self._key(event.value, line)
                return
            block = event.style in {"|", ">"}
            node = Node(_scalar(event), line, _last_line(line, event), block, event.value, self.source)
            self._place(node, event.anchor, line)
        elif isinstance(event, yaml.AliasEvent):
            # An anchor is known only once its value is whole, so nothing can hold itself.
            if event.anchor not in self.anchors:
                raise YamlError(_line(event), "an alias of something that is not written above it")
            self._place(self.anchors[event.anchor], None, _line(event))
        elif isinstance(event, yaml.CollectionStartEvent):
            if self._is_key():
                raise YamlError(_line(event), "a key must be text")
            value: list[Node] | dict[str, Node] = [] if isinstance(event, yaml.SequenceStartEvent) else {}
            self.open.append(_Open(_line(event), event.anchor, value))
        elif isinstance(event, yaml.CollectionEndEvent):
            self._close(self.open.pop(), event)

    def _is_key(self) -> bool:
        """Whether what comes next is a key."""
        return bool(self.open) and self.open[-1].key is None and isinstance(self.open[-1].value, dict)

    def _close(self, ended: _Open, event: Any) -> None:
        below: Iterable[Node] = ended.value if isinstance(ended.value, list) else ended.value.values()
        depth = 1 + max((node.depth for node in below), default=0)
        if depth > DEEPEST:
            raise YamlError(ended.line, f"nested more than {DEEPEST} levels deep, with its aliases")
        value = tuple(ended.value) if isinstance(ended.value, list) else ended.value
        self._place(Node(value, ended.line, _last_line(ended.line, event), depth=depth), ended.anchor, ended.line)

    def _place(self, node: Node, anchor: str | None, line: int) -> None:
        if anchor is not None:
            self.anchors[anchor] = node
        if not self.open:
            self.root = node
            return
        container = self.open[-1]
        if isinstance(container.value, list):
            container.value.append(node)
        elif container.key is not None:
            container.value[container.key] = node
            container.key = None
        elif isinstance(node.value, tuple | dict):
            raise YamlError(line, "a key must be text")
        else:
            self._key(node.written, line)

    def _key(self, key: str, line: int) -> None:
        container = self.open[-1]
        container.key = key
        if key in container.value:
            self.twice.append(Twice(key, line))


def _last_line(line: int, event: Any) -> int:
    end = event.end_mark
    last_line: int = end.line + (end.column > 0)
    return max(line, last_line)


def _scalar(event: Any) -> Scalar:
    """A scalar by the core schema of YAML 1.2: `yes` is text, `500` is not."""
    text: str = event.value
    # Quoted, in a block, or text by a tag.
    if event.style or event.tag is not None:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789" or len(text) > _LONGEST_NUMBER:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _BASED.fullmatch(text):
        return int(text, 0)
    return float(text.replace(".", "", 1) if text[-1] in "fFnN" else text) if _FLOAT.fullmatch(text) else text
