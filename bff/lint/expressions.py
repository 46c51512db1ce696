"""Which variables the expressions of a template name.

The scaffolder's templates are Nunjucks with `${{ … }}` for expressions and `{% … %}` for statements. Only as much of the
language is read here as it takes to tell a variable from a string, a filter or a key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_RAW = re.compile(r"\{%-?\s*raw\s*-?%\}")
_RAW_END = re.compile(r"\{%-?\s*endraw\s*-?%\}")
_OPENING = re.compile(r"\$\{\{|\{%|\{#")
_TOKEN = re.compile(
    r"""(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
      | (?P<regex>\br/(?:\\.|[^/\\])+/[a-z]*)
      | (?P<name>[A-Za-z_$][\w$]*)
      | (?P<number>[0-9]+)
      | (?P<blank>\s+)
      | (?P<mark>.)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_END = "end"


class ExpressionError(ValueError):
    """An expression begins and does not end; `opening` is how it begins, as it is written."""

    def __init__(self, opening: str) -> None:
        super().__init__(f"{opening} is never closed")
        self.opening = opening


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable as an expression names it.

    `steps['a'].output.id` has the path `("steps", "a", "output", "id")`; a part that only the run can tell is None.
    `pick('id')` counts as a part. `written` is the text as it stands there.
    """

    path: tuple[str | None, ...]
    written: str


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int
    stop: int


def variables(text: str) -> list[Variable]:
    """Every variable that the expressions in `text` name, in order. Raises `ExpressionError`."""
    found: list[Variable] = []
    place = 0
    while opening := _OPENING.search(text, place):
        if opening[0] == "{#":
            place = text.find("#}", opening.end()) + 2
            if place < 2:
                raise ExpressionError("{#")
            continue
        if raw := _RAW.match(text, opening.start()):
            end = _RAW_END.search(text, raw.end())
            if end is None:
                raise ExpressionError(raw[0])
            place = end.end()
            continue
        tokens, place = _tokens(text, opening)
        found.extend(_named(text, tokens))
    return found


def _tokens(text: str, opening: re.Match[str]) -> tuple[list[_Token], int]:
    """The tokens up to the end of the expression, and the place after it."""
    closing = "%}" if opening[0] == "{%" else "}}"
    tokens: list[_Token] = []
    depth, place = 0, opening.end()
    while token := _TOKEN.match(text, place):
        if not depth and text.startswith(closing, place):
            # With an end, so that there is always a next token.
            return [*tokens, _Token(_END, "", place, place)], place + len(closing)
        if token[0] in {"'", '"'}:
            break  # Text that does not end, and with it the expression.
        place = token.end()
        if token.lastgroup != "blank":
            depth += {"{": 1, "}": -1}.get(token[0], 0)
            tokens.append(_Token(str(token.lastgroup), token[0], token.start(), token.end()))
    written = text[opening.start() :].partition("\n")[0]
    raise ExpressionError(written if len(written) <= 40 else written[:40])


def _named(text: str, tokens: list[_Token]) -> Iterator[Variable]:
    for index, token in enumerate(tokens):
        before = tokens[index - 1].text if index else ""
        # After a point it is a member, after a bar a filter, and before a colon a key.
        if token.kind == "name" and before not in {".", "|"} and tokens[index + 1].text != ":":
            path, stop = _path(tokens, index)
            yield Variable(path, text[token.start : stop])


def _path(tokens: list[_Token], index: int) -> tuple[tuple[str | None, ...], int]:
    """The path that begins at a token, and the place in the text where it stops."""
    path: list[str | None] = [tokens[index].text]
    stop = tokens[index].stop
    index += 1
    while tokens[index].kind != _END:
        kinds = tuple(token.kind for token in tokens[index : index + 5])
        texts = tuple(token.text for token in tokens[index : index + 5])
        if texts[0] == "." and kinds[1] in {"name", "number"}:
            path.append(texts[1])
            length = 2
        elif texts[0] == "[" and kinds[1] in {"string", "number"} and texts[2:3] == ("]",):
            path.append(_content(texts[1]))
            length = 3
        elif texts[:3] == ("|", "pick", "(") and kinds[3:4] == ("string",) and texts[4:5] == (")",):
            path.extend(_content(texts[3]).split("."))
            length = 5
        elif texts[0] == "[":
            # Computed: what comes after it is no longer known either.
            return (*path, None), stop
        else:
            break
        stop = tokens[index + length - 1].stop
        index += length
    return tuple(path), stop


def _content(literal: str) -> str:
    return literal if literal[0] not in "'\"" else _ESCAPED.sub(r"\1", literal[1:-1])
