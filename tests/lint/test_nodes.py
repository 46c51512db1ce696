"""YAML is read as Backstage reads it, and every value knows its line."""

from __future__ import annotations

import math

import pytest

from bff.backstage.yaml_documents import YamlError
from bff.lint.nodes import MOST_VALUES, Node, data, read_nodes


def only(text: str) -> Node:
    """The one document of a text that has no key twice."""
    [document], twice = read_nodes(text)
    assert twice == []
    return document


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("500", 500),
        ("'500'", "500"),
        ("!!str 500", "500"),
        ("5.10", 5.1),
        ("1e3", 1000.0),
        ("0o17", 15),
        ("0x1F", 31),
        ("017", 17),
        ("-.inf", -math.inf),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("null", None),
        ("", None),
        ("''", ""),
        ("yes", "yes"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("2026-11-23", "2026-11-23"),
        ("1_000", "1_000"),
        ("5,00", "5,00"),
        ("|-\n  500", "500"),
        ("9" * 5000, "9" * 5000),
    ],
)
def test_types_are_those_of_yaml_1_2(written: str, value: object) -> None:
    """A value is a number, a truth value, nothing or text as in Backstage, and not as in YAML 1.1."""
    read = data(only(f"a: {written}\n"))["a"]
    assert (type(read), read) == (type(value), value)


def test_not_a_number_is_a_number() -> None:
    """Even that is no text."""
    assert math.isnan(data(only("a: .nan"))["a"])


def test_values_know_their_lines() -> None:
    """Nested values have the line in which they begin."""
    node = only("# comment\na:\n  b:\n    - one\n    - {c: two,\n       d: three}\n")
    assert [(scalar.text, scalar.line) for scalar in node.scalars()] == [("one", 4), ("two", 5), ("three", 6)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: |\n  one\n  two\n  here\nb: here\n", 4),
        ("a: >-\n\n  one\n  here\n", 4),
        ("a: 'one\n  here'\n", 2),
        ("a: one\n  here\n", 2),
        ("a: nothing\nb: here\n", 1),
    ],
)
def test_a_part_of_a_scalar_is_found_in_its_line(text: str, line: int) -> None:
    """What is written in a block or over several lines is found where it is, and never below the scalar."""
    node = only(text).at("a")
    assert node is not None
    assert node.line_of("here") == line


def test_keys_that_are_there_twice_are_told() -> None:
    """The line is that of the second."""
    [_], [twice] = read_nodes("a: 1\nb:\n  c: 1\n  c: 2\n")
    assert (twice.key, twice.line) == ("c", 4)


def test_aliases_of_aliases_cost_nothing() -> None:
    """A value that aliases multiply is looked at once."""
    lines = ["a0: &a0 [x]"] + [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 40)]
    node = only("\n".join(lines))
    assert [scalar.text for scalar in node.scalars()] == ["x"]
    assert len(data(node)) == 40


@pytest.mark.parametrize("text", ["[" * 1000, "a: *nothing", "&a [*a]", "? [a]\n: b", "a: \x00"])
def test_what_nobody_should_write_is_refused(text: str) -> None:
    """Too deep, circular, of nothing, with keys that are no text: each is an error with a line."""
    with pytest.raises(YamlError) as refused:
        read_nodes(text)
    assert refused.value.line == 1


@pytest.mark.parametrize("ending", ["apiVersion: *a999", "z: {kind: *a999}"])
def test_a_ladder_of_aliases_is_too_deep(ending: str) -> None:
    """Levels that aliases pile up count as those that are written: nothing recursive falls down them."""
    ladder = "\n".join(["a0: &a0 [x]", *(f"a{level}: &a{level} [*a{level - 1}]" for level in range(1, 1000))])
    with pytest.raises(YamlError, match="levels deep, with its aliases"):
        read_nodes(f"{ladder}\n{ending}\n")


def test_a_text_of_too_many_values_is_refused() -> None:
    """It would take minutes to read and to tell of; it is refused where it gets too long."""
    with pytest.raises(YamlError, match="more than") as refused:
        read_nodes("a: 1\n" * MOST_VALUES)
    assert 0 < refused.value.line <= MOST_VALUES // 2 + 1
