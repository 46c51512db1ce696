"""Entities from their descriptors."""

from __future__ import annotations

from typing import Any

import pytest

from bff.backstage.entities import LONGEST_ANNOTATION, PREFIX, DescriptorError, read_entity, read_refs
from bff.status import claims
from bff.values import EntityRef


def descriptor(**changes: Any) -> dict[str, Any]:
    return {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": {"name": "Bot", "namespace": "shop"},
        "spec": {"owner": "support-team"},
    } | changes


def test_references_are_lower_case() -> None:
    """The reference is the one that Backstage compares with."""
    assert str(read_entity(descriptor()).ref) == "component:shop/bot"


def test_namespace_defaults() -> None:
    """An entity without a namespace is in `default`."""
    assert read_entity(descriptor(metadata={"name": "bot"})).ref.namespace == "default"


@pytest.mark.parametrize(
    ("written", "owner"),
    [
        ("support-team", "group:shop/support-team"),
        ("other/support-team", "group:other/support-team"),
        ("group:default/support-team", "group:default/support-team"),
        ("user:someone", "user:shop/someone"),
        ("  ", None),
        ("a b", None),
        ({"name": "support-team"}, None),
        (None, None),
    ],
)
def test_owner_is_a_group_of_the_same_namespace_unless_it_says_otherwise(written: object, owner: str | None) -> None:
    """The owner is read with Backstage's own defaults; what is no reference is no owner."""
    found = read_entity(descriptor(spec={"owner": written})).owner
    assert (str(found) if found else None) == owner


def test_only_our_annotations_are_kept() -> None:
    """Annotations of others are neither kept nor shown."""
    given = {"keeptrusts.dev/daily-budget": "5.10", "vendor.example/token": "x"}
    assert read_entity(descriptor(metadata={"name": "bot", "annotations": given})).annotations == {
        "keeptrusts.dev/daily-budget": "5.10"
    }


def test_every_annotation_of_the_project_is_kept() -> None:
    """No annotation that the decisions read lies outside the prefix."""
    names = [
        value for name, value in vars(claims).items() if name.isupper() and isinstance(value, str) and "/" in value
    ]
    assert len(names) >= 6
    assert all(name.startswith(PREFIX) for name in names)


@pytest.mark.parametrize(("value", "text"), [(5, "5"), (["a"], "(list, not text)"), (None, "(NoneType, not text)")])
def test_annotations_are_text(value: object, text: str) -> None:
    """What JSON or YAML made something else is still there, as text that can be called malformed."""
    entity = read_entity(descriptor(metadata={"name": "bot", "annotations": {"keeptrusts.dev/x": value}}))
    assert entity.annotations == {"keeptrusts.dev/x": text}


def test_huge_annotations_are_cut() -> None:
    """One annotation cannot fill the memory."""
    given = {"keeptrusts.dev/x": "y" * 1_000_000}
    entity = read_entity(descriptor(metadata={"name": "bot", "annotations": given}))
    assert len(entity.annotations["keeptrusts.dev/x"]) == LONGEST_ANNOTATION


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "text",
        {},
        descriptor(kind=5),
        descriptor(metadata={}),
        descriptor(metadata={"name": "../x"}),
        descriptor(metadata={"name": "bot", "namespace": ["x"]}),
        descriptor(metadata={"name": "n" * 300}),
    ],
)
def test_what_is_no_descriptor_is_refused(document: object) -> None:
    """A document without a well-formed kind, namespace and name is no entity."""
    with pytest.raises(DescriptorError):
        read_entity(document)


def test_lists_of_references_leave_out_what_is_malformed() -> None:
    """One bad item does not cost the others."""
    document = descriptor(spec={"memberOf": ["a-team", "other/b-team", "not a name", 5]})
    assert read_refs(document, member="memberOf", kind="group", namespace="shop") == {
        EntityRef("group", "shop", "a-team"),
        EntityRef("group", "other", "b-team"),
    }


def api_entity(*relations: object, owner: object = None, kind: str = "Component") -> dict[str, object]:
    """An entity as the catalog's API returns it."""
    spec = {} if owner is None else {"owner": owner}
    return {"kind": kind, "metadata": {"name": "pear-bot"}, "spec": spec, "relations": list(relations)}


def owned_by(ref: str) -> dict[str, str]:
    """A relation to an owner."""
    return {"type": "ownedBy", "targetRef": ref}


@pytest.mark.parametrize(
    ("relations", "spec", "owner"),
    [
        ([owned_by("group:default/orchard")], None, "group:default/orchard"),
        ([owned_by("group:default/orchard")], "group:default/written", "group:default/orchard"),
        ([owned_by("group:default/a"), owned_by("group:default/written")], "written", "group:default/written"),
        ([owned_by("user:default/jane"), owned_by("group:default/a")], None, "group:default/a"),
        ([owned_by("user:default/jane")], None, "user:default/jane"),
        ([{"type": "partOf", "targetRef": "system:default/s"}], "written", "group:default/written"),
        ([owned_by("nonsense:::"), {"type": "ownedBy"}, 5, None], "written", "group:default/written"),
        ([], None, None),
    ],
)
def test_the_owner_is_the_one_of_the_relations(relations: list[object], spec: str | None, owner: str | None) -> None:
    """Processors of the catalog set owners by relations, as Backstage shows them; `spec.owner` counts where there are none."""
    found = read_entity(api_entity(*relations, owner=spec))
    assert (str(found.owner) if found.owner else None) == owner


def test_relations_that_are_no_list() -> None:
    """What is no list of relations is none."""
    assert read_entity(api_entity(owner="a") | {"relations": "x"}).owner == EntityRef("group", "default", "a")


def test_only_a_users_groups_are_memberships() -> None:
    """A user's `memberOf` relations are their groups; those of other kinds mean nothing here."""
    member = {"type": "memberOf", "targetRef": "group:default/a"}
    assert read_entity(api_entity(member, kind="User")).member_of == {EntityRef("group", "default", "a")}
    assert read_entity(api_entity(member)).member_of == frozenset()
