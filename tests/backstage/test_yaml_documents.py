"""YAML as plain text."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.backstage.yaml_documents import DEEPEST, YamlError, read_documents


def values(text: str) -> list[object]:
    return [document.value for document in read_documents(text)]


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


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text ends in anything but documents or a `YamlError`."""
    # Any other exception fails the test.
    with contextlib.suppress(YamlError):
        values(text)
