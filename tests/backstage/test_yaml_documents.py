"""YAML is read as Backstage reads it: as text, as typed values, and with lines."""

from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.backstage.yaml_documents import DEEPEST, MOST_VALUES, Node, YamlError, read_documents


def values(text: str) -> list[object]:
    return [document.root.texts() for document in read_documents(text)]


@pytest.mark.parametrize("written", ["5.10", "0500", "true", "no", "1e3", "0x1F", "2026-01-02", "~", "null", ".inf"])
def test_scalars_stay_as_they_were_written(written: str) -> None:
    """Nothing becomes a number, a date or a truth value."""
    assert values(f"a: {written}") == [{"a": written}]


def test_documents_know_their_line() -> None:
    """Each document says where it begins, so that a fault can be found."""
    assert [document.line for document in read_documents("a: 1\n---\nb: 2\n---\n\nc: 3\n")] == [1, 2, 4]


def test_tags_run_nothing() -> None:
    """A tag that other loaders take as an order is plain text here."""
    assert values("a: !!python/object/apply:os.system [echo]") == [{"a": ["echo"]}]


def test_aliases_of_aliases_cost_no_memory() -> None:
    """Each alias is the same value once more: nine to the power of nine texts are ten lists."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    (value,) = values("\n".join(lines))
    assert isinstance(value, dict)
    assert all(item is value["a8"] for item in value["a9"])


def test_nothing_holds_itself() -> None:
    """An alias inside its own anchor is refused."""
    with pytest.raises(YamlError, match="line 1: an alias of something that is not written above it"):
        values("&a [*a]")


@pytest.mark.parametrize("opening", ["- ", "[", "? "])
def test_deep_nesting_is_refused_and_no_crash(opening: str) -> None:
    """A hundred thousand levels end in an error and neither in a stack overflow nor in a crash of the process."""
    with pytest.raises(YamlError):
        values(opening * 100_000)


def test_nesting_has_a_stated_limit() -> None:
    """What is as deep as allowed is read; one level more is refused."""
    assert values("- " * DEEPEST + "x")
    with pytest.raises(YamlError, match=f"nested more than {DEEPEST} levels deep"):
        values("- " * (DEEPEST + 1) + "x")


def test_faults_name_their_line() -> None:
    """A syntax error says where it is."""
    with pytest.raises(YamlError) as caught:
        values("a: 1\nb: [1, 2\nc: 3\n")
    assert caught.value.line == 3


def test_keys_are_text() -> None:
    """A list as a key is refused, since no descriptor has one."""
    with pytest.raises(YamlError, match="a key must be text"):
        values("? [a, b]\n: c\n")


def only(text: str) -> Node:
    """The one document of a text that has no key twice."""
    [document] = read_documents(text)
    assert document.twice == ()
    return document.root


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
    read = only(f"a: {written}\n").data()["a"]
    assert (type(read), read) == (type(value), value)


def test_not_a_number_is_a_number() -> None:
    """Even that is no text."""
    assert math.isnan(only("a: .nan").data()["a"])


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


def test_keys_that_are_there_twice_are_given() -> None:
    """The line is that of the second."""
    [document] = read_documents("a: 1\nb:\n  c: 1\n  c: 2\n")
    [twice] = document.twice
    assert (twice.key, twice.line) == ("c", 4)


def test_aliases_of_aliases_cost_nothing() -> None:
    """A value that aliases multiply is looked at once."""
    lines = ["a0: &a0 [x]"] + [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 40)]
    node = only("\n".join(lines))
    assert [scalar.text for scalar in node.scalars()] == ["x"]
    assert len(node.data()) == 40


@pytest.mark.parametrize("text", ["[" * 1000, "a: *nothing", "&a [*a]", "? [a]\n: b", "a: \x00"])
def test_what_is_not_read_is_refused(text: str) -> None:
    """Too deep, circular, of nothing, with keys that are no text: each is an error with a line."""
    with pytest.raises(YamlError) as refused:
        list(read_documents(text))
    assert refused.value.line == 1


@pytest.mark.parametrize("ending", ["apiVersion: *a999", "z: {kind: *a999}"])
def test_a_ladder_of_aliases_is_too_deep(ending: str) -> None:
    """Levels that aliases pile up count as those that are written: nothing recursive falls down them."""
    ladder = "\n".join(["a0: &a0 [x]", *(f"a{level}: &a{level} [*a{level - 1}]" for level in range(1, 1000))])
    with pytest.raises(YamlError, match="levels deep, with its aliases"):
        list(read_documents(f"{ladder}\n{ending}\n"))


@pytest.mark.long
def test_a_text_of_too_many_values_is_refused() -> None:
    """It would take minutes to read and to tell of; it is refused where it gets too long."""
    with pytest.raises(YamlError, match="more than") as refused:
        list(read_documents("a: 1\n" * MOST_VALUES))
    assert 0 < refused.value.line <= MOST_VALUES // 2 + 1


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\n\t\nb: [2]\n",
        "a: 1\n\t# c\nb: [2]\n",
        "a: 1\n  \t # c\nb: [2]\n",
        "a: 1\r\n\t\r\nb: [2]\r\n",
        "\t\na: 1\nb:\n\t#\n  - 2\n\t",
        "a:\t1\t# c\nb:\t\n- 2\n",
        "\ufeffa: 1\n\t\nb: [2]\n",
    ],
)
def test_tabs_that_indent_nothing_are_white_space(text: str) -> None:
    """A tab on an empty line, before a comment or after a value changes nothing."""
    assert values(text) == [{"a": "1", "b": ["2"]}]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: |\n  x\n  \t\n  y\n", "x\n\t\ny\n"),
        ("b: 1\n\t\na: |\n  x\n  \t# y\n", "x\n\t# y\n"),
        ('a: "x\n  \t# y"\n', "x # y"),
        ("a: x\ty\n", "x\ty"),
    ],
)
def test_tabs_in_a_text_stay(text: str, value: str) -> None:
    """Also where the line looks like an empty one or a comment."""
    [document] = values(text)
    assert isinstance(document, dict)
    assert document["a"] == value


@pytest.mark.parametrize(
    ("text", "line"),
    [("a:\n\tb: 1\n", 2), ("a: 1\n\t\n\tb: 1\n", 3), ("a:\n  \tb: 1\n", 2), ("a: |\n  x\n\t\n  y\n", 3)],
)
def test_a_tab_that_indents_is_refused(text: str, line: int) -> None:
    """Before a key, and before the text of a block: the line is that of the text as it is written."""
    with pytest.raises(YamlError) as refused:
        values(text)
    assert refused.value.line == line


def test_lines_after_a_loose_tab_are_those_of_the_text() -> None:
    """A line that is read as empty still counts."""
    node = only("a: 1\n\t\n\t# c\nb: 2\n").at("b")
    assert node is not None
    assert node.line == 4


def test_a_text_of_loose_tabs_is_read_in_time_of_its_length() -> None:
    """Two hundred thousand lines of one tab are read as any other text."""
    assert values("\t\n" * 200_000 + "a: 1\n") == [{"a": "1"}]


def test_a_text_of_too_many_loose_tabs_is_refused() -> None:
    """They take memory as values do."""
    with pytest.raises(YamlError, match="lines with nothing but a tab"):
        values("\t\n" * (MOST_VALUES + 1))


def test_an_anchor_may_be_used_again() -> None:
    """An alias is of the last anchor of its name above it, as in Backstage."""
    assert values("a: &x 1\nb: &x 2\nc: *x\n") == [{"a": "1", "b": "2", "c": "2"}]


def test_a_merge_key_is_a_key() -> None:
    """Backstage merges nothing unless its configuration asks for it."""
    assert values("a: &x {b: 1}\nc: {<<: *x}\n") == [{"a": {"b": "1"}, "c": {"<<": {"b": "1"}}}]


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text ends in anything but documents or a `YamlError`."""
    # Any other exception fails the test.
    with contextlib.suppress(YamlError):
        values(text)
