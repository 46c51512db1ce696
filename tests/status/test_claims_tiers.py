"""Tiers have one form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.status.claims import EXAMPLES, PolicyTier, PolicyTierError


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_guides_tiers_are_tiers(name: str) -> None:
    """Each reads back as it is written."""
    assert str(PolicyTier.parse(name)) == name


@pytest.mark.parametrize(
    "text",
    ["", "tier-2", "tier-2-", "tier--x", "Tier-2-internal", "tier-02-x", "tier-2-a--b", "tier-2-a_b", "tier-2-internal\n",
     " tier-2-x", "tier-٢-x", "tier-1000-x", "tier-2-" + "x" * 60],
)  # fmt: skip
def test_other_forms_are_refused(text: str) -> None:
    """Nothing that only looks like a tier is taken for one."""
    with pytest.raises(PolicyTierError):
        PolicyTier.parse(text)


@given(st.from_regex(r"tier-[0-9]{1,4}-[a-z0-9-]{1,70}", fullmatch=True))
def test_what_is_read_is_written_the_same(text: str) -> None:
    """A tier that is accepted compares by its text with the one that is enforced."""
    try:
        tier = PolicyTier.parse(text)
    except PolicyTierError:
        return
    assert str(tier) == text
