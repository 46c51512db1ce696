"""Entity references keep to Backstage's own rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.values import EntityRef, EntityRefError


def test_a_reference_reads_back_as_itself() -> None:
    """The written form names the entity."""
    assert EntityRef.parse(str(EntityRef("component", "default", "a.b-c_d"))) == EntityRef(
        "component", "default", "a.b-c_d"
    )


def test_case_does_not_matter() -> None:
    """Backstage compares references in lower case."""
    assert EntityRef.parse("Component:Default/Bot") == EntityRef("component", "default", "bot")


def test_the_namespace_may_be_left_out() -> None:
    """`component:bot` is in the default namespace."""
    assert EntityRef.parse("component:bot") == EntityRef("component", "default", "bot")


def test_the_kind_may_be_left_out_only_where_it_is_known() -> None:
    """An owner without a kind is a group, and a bare name elsewhere is nothing."""
    assert EntityRef.parse("support", default_kind="group") == EntityRef("group", "default", "support")
    with pytest.raises(EntityRefError, match="must have the form kind:namespace/name"):
        EntityRef.parse("support")


@pytest.mark.parametrize(
    "text",
    ["component:default/../x", "component:default/a/b", "component:/x", ":default/x", "component:default/", "c:d/x\n",
     "component:default/" + "a" * 64, "component:default/a%2fb", "component:default/-a", "component:dé/x"],
)  # fmt: skip
def test_what_breaks_the_rules_is_refused(text: str) -> None:
    """Steps in a path, slashes, blanks, line breaks and endless names are no references."""
    with pytest.raises(EntityRefError):
        EntityRef.parse(text)


@given(st.text(alphabet=st.characters()))
def test_any_text_is_a_reference_or_refused_in_a_short_printable_line(text: str) -> None:
    """Hostile text does no more than be refused."""
    refusal = ""
    try:
        ref = EntityRef.parse(text)
    except EntityRefError as error:
        refusal = str(error)
    else:
        assert EntityRef.parse(str(ref)) == ref
    assert refusal.isprintable()
    assert len(refusal) < 1500
