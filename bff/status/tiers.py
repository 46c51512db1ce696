"""Policy tiers: the `tier-<number>-<name>` that an entity declares and a configuration enforces."""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST_TIER = 63
EXAMPLES = ("tier-1-exploration", "tier-2-internal", "tier-3-customer-facing")
"""The guide's own tiers; a platform team may have others of the same form."""

_FORM = re.compile(r"tier-(0|[1-9][0-9]{0,2})-([a-z0-9]+(?:-[a-z0-9]+)*)", re.ASCII)


class PolicyTierError(ValueError):
    """A text is not the name of a tier."""


@dataclass(frozen=True, slots=True)
class PolicyTier:
    """A tier by its number and its name, both as they stand in `tier-3-customer-facing`."""

    level: int
    name: str

    @classmethod
    def parse(cls, text: str) -> PolicyTier:
        """Read `tier-<number>-<name>`, lower case, at most 63 characters; raises `PolicyTierError`."""
        form = _FORM.fullmatch(text) if len(text) <= LONGEST_TIER else None
        if form is None:
            raise PolicyTierError("a tier has the form tier-<number>-<name>")
        return cls(int(form[1]), form[2])

    def __str__(self) -> str:
        return f"tier-{self.level}-{self.name}"
