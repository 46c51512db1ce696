"""The variables of an expression are distinguished from strings, filters, keys and what is not to be rendered."""

from __future__ import annotations

import pytest

from bff.lint.expressions import ExpressionError, variables


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("no expression, {{ not.one }} either", []),
        ("${{ steps.a.output.id }}", [("steps", "a", "output", "id")]),
        ("${{steps['a-b'].output.list[0].id}}", [("steps", "a-b", "output", "list", "0", "id")]),
        ('${{ steps["a"].output }} and ${{ parameters.b }}', [("steps", "a", "output"), ("parameters", "b")]),
        ("${{ steps.a.output.body | pick('x.y') }}", [("steps", "a", "output", "body", "x", "y")]),
        ("${{ steps.a.output | dump }}", [("steps", "a", "output")]),
        ("${{ steps[parameters.which].output }}", [("steps", None), ("parameters", "which")]),
        ("${{ parameters.a | secrets }}", [("parameters", "a")]),
        ("${{ { steps: parameters.a, b: {c: {}}} }}", [("parameters", "a")]),
        ("${{ 'steps.a }}' + parameters.b }}", [("parameters", "b")]),
        (r"${{ 'it\'s' + parameters.b }}", [("parameters", "b")]),
        ("${{ a.steps.b }}", [("a", "steps", "b")]),
        ("{% if parameters.a %}x{% endif %}", [("if",), ("parameters", "a"), ("endif",)]),
        ("{% raw %}${{ secrets.a }}{% endraw %}${{ b }}", [("b",)]),
        ("{%- raw -%}{% raw %}${{ a {% endraw %}{# {% raw %} #}${{ b }}", [("b",)]),
        ("{# ${{ secrets.a #}${{ b }}", [("b",)]),
        ("${{ a.b\n  .c }}", [("a", "b", "c")]),
        ("${{ }}", []),
        ("${{ a. }}", [("a",)]),
    ],
)
def test_variables_are_found(text: str, paths: list[tuple[str | None, ...]]) -> None:
    """Each variable with the whole of its path, as far as it is known before the run."""
    assert [variable.path for variable in variables(text)] == paths


def test_a_variable_is_given_as_it_is_written() -> None:
    """So that its line can be found."""
    assert [variable.written for variable in variables("x ${{ steps['a'].output | pick('b') | dump }}")] == [
        "steps['a'].output | pick('b')"
    ]


@pytest.mark.parametrize(
    "text", ["${{ a", "${{ a }", "{% if a", "{# a", "{% raw %}${{ a }}", "${{ { a: 1 }", "${{ 'a }}", "${{ a }} ${{"]
)
def test_what_does_not_end_is_an_error(text: str) -> None:
    """An expression that is never closed is an error that shows how it begins."""
    with pytest.raises(ExpressionError) as refused:
        variables(text)
    assert refused.value.opening in text


def test_openings_without_an_end_cost_one_look() -> None:
    """A text full of openings is refused at its first, and not searched to its end from each."""
    with pytest.raises(ExpressionError):
        variables("{% raw %}" * 200_000)
