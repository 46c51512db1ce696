"""Which keys entities claim, and which entities claim each key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bff.status.claimed_key import ClaimedKey, find_claimed_key
from bff.status.claims import Claims, Subject, read_claims
from bff.status.findings import Rules
from bff.status.organisation import Organisation
from bff.values import EntityRef


@dataclass(frozen=True, slots=True, order=True)
class NamedKey:
    """All keys of one name in one team, which a claim means as one; `team_id` is '' for a key that is in no team."""

    name: str
    team_id: str


@dataclass(frozen=True, slots=True)
class KeyClaim:
    """What one entity claims: `claimed` is None when it names no key, and `claimed.key` when it may not have the key's numbers."""

    claims: Claims
    claimed: ClaimedKey | None

    @property
    def named(self) -> NamedKey | None:
        """The key whose numbers are this entity's; None where there is none."""
        if self.claimed is None or self.claimed.key is None:
            return None
        return NamedKey(self.claimed.key.name, self.claimed.team_id or "")

    @property
    def key_ids(self) -> frozenset[str]:
        """The ids of that key, those that it was rotated from included."""
        return frozenset(key.id for key in self.claimed.keys) if self.claimed is not None else frozenset()

    @property
    def known(self) -> bool:
        """Whether the facts that decide could be read."""
        return self.claimed is None or self.claimed.known


def key_claims(
    subjects: Iterable[Subject], organisation: Organisation, *, now: datetime, rules: Rules
) -> dict[EntityRef, KeyClaim]:
    """Return what each of `subjects` claims, decided as on its card."""
    found = {}
    for subject in subjects:
        claims = read_claims(subject.annotations, instance=rules.instance)
        claimed = None
        if claims.names_a_key:
            claimed = find_claimed_key(claims.gateway_key_name, subject.owner, organisation, now=now, rules=rules)
        found[subject.ref] = KeyClaim(claims, claimed)
    return found


def claimants(claims: Mapping[EntityRef, KeyClaim]) -> dict[NamedKey, tuple[EntityRef, ...]]:
    """Return the entities of each key that is claimed, by reference: the first is the one whose row has the key's spend."""
    found: defaultdict[NamedKey, list[EntityRef]] = defaultdict(list)
    for ref in sorted(claims):
        named = claims[ref].named
        if named is not None:
            found[named].append(ref)
    return {named: tuple(refs) for named, refs in found.items()}
