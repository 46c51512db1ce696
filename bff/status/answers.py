"""Answers about entities: assessed and serialised once for each snapshot, with and without amounts, then served as bytes."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import Protocol

from bff.backstage.entities import CatalogError, Entity, ServiceDeniedError
from bff.expiring import Expiring
from bff.status.assessment import assess
from bff.status.claims import TEAM, Owner, Subject
from bff.status.findings import Code, Rules
from bff.status.numbers import Viewer, status_without_numbers
from bff.status.organisation_cache import Snapshot
from bff.telemetry.metrics import Metrics
from bff.values import EntityRef

MOST_BYTES = 48 * 1024 * 1024
"""What is remembered of answers, at the most: about 25,000 of them."""

_OVERHEAD = 600
"""What an answer takes beside its body, roughly: reference, subject, tag and table entry."""


class Groups(Protocol):
    """What is asked of a catalog here. Raises `CatalogError`."""

    async def group(self, ref: EntityRef) -> Entity | None:
        """A group (or a user) as the service itself may see it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A status as JSON, and its strong entity tag."""

    body: bytes
    etag: bytes


@dataclass(frozen=True, slots=True)
class _Remembered:
    """An answer, and what it was made of.

    `version` is the snapshot's and not the snapshot, which would keep a whole organisation. `owner` is what `group` made of
    the entity's owner, or was given without a group; `with_group` says which.
    """

    version: int
    entity: Entity
    owner: Owner
    answer: Answer
    group: Entity | None = None
    with_group: bool = False


class Answers:
    """Gives the status of an entity in a snapshot, from memory where it has been made before.

    An answer depends on the entity, the snapshot and whether it holds amounts, and on nothing else of the caller: whether a
    caller may have it is decided before.
    """

    def __init__(self, catalog: Groups, *, rules: Rules, metrics: Metrics, most_bytes: int = MOST_BYTES) -> None:
        self._catalog = catalog
        self._rules = rules
        self._stale_rules = replace(rules, stale=True)
        self._metrics = metrics
        # An answer that is looked at is made with every snapshot: those that were put in first are those that nothing asks for.
        self._memory: Expiring[tuple[EntityRef, bool], _Remembered] = Expiring(most_bytes, clock=lambda: 0.0)

    async def of(self, entity: Entity, snapshot: Snapshot, viewer: Viewer) -> Answer:
        """The status of `entity` in `snapshot`, as `viewer` sees it."""
        try:
            group = await self._catalog.group(entity.owner) if entity.owner is not None else None
        except CatalogError as error:
            return self.of_owned(entity, _unreadable(entity.owner, error), snapshot, viewer)
        return self.of_group(entity, group, snapshot, viewer)

    def of_group(self, entity: Entity, group: Entity | None, snapshot: Snapshot, viewer: Viewer) -> Answer:
        """The same where the group that owns the entity was read already; None where there is none."""
        numbers = viewer.sees_numbers(entity.owner)
        if (known := self.known(entity, group, snapshot, numbers=numbers)) is not None:
            return known
        owner = _owner_in(entity.owner, group)
        answer = self.of_owned(entity, owner, snapshot, viewer)
        # Found by identity from now on, also where what was read again says the same.
        self._remember(numbers, _Remembered(snapshot.version, entity, owner, answer, group, with_group=True))
        return answer

    def known(self, entity: Entity, group: Entity | None, snapshot: Snapshot, *, numbers: bool) -> Answer | None:
        """What `of_group` gives, where it was made of these very objects; with amounts where `numbers`."""
        kept = self._memory.get((entity.ref, numbers))
        if kept is None:
            return None
        made = kept.value
        if made.version != snapshot.version or made.entity is not entity or made.group is not group:
            return None
        if not made.with_group:
            return None
        self._metrics.hit()
        return made.answer

    def of_owned(self, entity: Entity, owner: Owner, snapshot: Snapshot, viewer: Viewer) -> Answer:
        """The same where the owner is known already, as from `owners_of`."""
        numbers = viewer.sees_numbers(owner.ref)
        kept = self._memory.get((entity.ref, numbers))
        if kept is not None:
            known = kept.value
            if (
                known.version == snapshot.version
                and known.owner == owner
                and (known.entity is entity or known.entity.annotations == entity.annotations)
            ):
                self._metrics.hit()
                return known.answer
        self._metrics.miss()
        subject = Subject(entity.ref, entity.annotations, owner)
        status = assess(
            subject, snapshot.organisation, snapshot.assessed_at, self._stale_rules if snapshot.stale else self._rules
        )
        if not numbers:
            status = status_without_numbers(status, owner.ref)
        answer = serialised(status.model_dump_json().encode())
        self._remember(numbers, _Remembered(snapshot.version, entity, owner, answer))
        return answer

    def _remember(self, numbers: bool, made: _Remembered) -> None:
        key, size = (made.entity.ref, numbers), len(made.answer.body) + _OVERHEAD
        self._memory.put(key, made, until=inf, size=size)


async def owner_of(entity: Entity, groups: Groups) -> Owner:
    """The owner of `entity`, with what its group says of its Keeptrusts team."""
    return await _owner(entity.owner, groups)


async def owners_of(entities: Iterable[Entity], groups: Groups) -> dict[EntityRef | None, Owner]:
    """The owners of many, by reference: asked for at once, since one after the other would add up their waiting."""
    return await owners_by_ref((entity.owner for entity in entities), groups)


async def owners_by_ref(refs: Iterable[EntityRef | None], groups: Groups) -> dict[EntityRef | None, Owner]:
    """The same by the references of the owners themselves."""
    listed = list(dict.fromkeys(refs))
    owners = await asyncio.gather(*(_owner(ref, groups) for ref in listed))
    return dict(zip(listed, owners, strict=True))


async def _owner(ref: EntityRef | None, groups: Groups) -> Owner:
    if ref is None:
        return Owner(None)
    try:
        return _owner_in(ref, await groups.group(ref))
    except CatalogError as error:
        return _unreadable(ref, error)


def _owner_in(ref: EntityRef | None, group: Entity | None) -> Owner:
    if group is None:
        return Owner(ref)
    return Owner(ref, group.annotations.get(TEAM), may_claim_team=group.may_claim_team)


def _unreadable(ref: EntityRef | None, error: CatalogError) -> Owner:
    # Whose entity it is cannot be said now, so no numbers are shown: never open.
    return Owner(ref, unreadable=True, denied=isinstance(error, ServiceDeniedError))


def serialised(body: bytes) -> Answer:
    """`body` with the tag that names exactly these bytes."""
    digest = hashlib.blake2b(body, digest_size=12).hexdigest()
    return Answer(body, f'"{digest}"'.encode())


class FindingCounts:
    """Counts findings over all entities of the last sweep, for metrics: it names no entity.

    They are counted where this process watches; elsewhere there are none.
    """

    def __init__(self) -> None:
        self._entities = 0
        self._counts: Mapping[Code, int] = {}

    def replace(self, counts: Mapping[Code, int], *, entities: int) -> None:
        """All entities were assessed just now: how many there are, and how many have each finding."""
        self._counts, self._entities = dict(counts), entities

    def entities(self) -> int:
        """The number of entities that are counted."""
        return self._entities

    def findings(self) -> Mapping[str, int]:
        """For every finding there is, how many of the counted entities have it."""
        return {code.value: self._counts.get(code, 0) for code in Code}
