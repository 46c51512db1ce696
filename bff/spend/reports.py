"""Spend reports of entities, by day and by model."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from cachetools import LRUCache

from bff.backstage.entities import Catalog, Entity
from bff.keeptrusts.facts import Cause
from bff.single_flight import SingleFlight
from bff.spend.report import days_before, report_spend
from bff.status.answers import Answer, owner_of, serialised
from bff.status.claimed_key import find_claimed_key
from bff.status.claims import Subject, read_claims
from bff.status.findings import Rules
from bff.status.leader import FactsUnreadableError, OrganisationReader
from bff.status.numbers import Viewer, report_without_numbers
from bff.status.organisation_cache import LEAST_SECONDS_BETWEEN_READS, LONGEST_WAIT, FactsUnavailableError, Snapshot
from bff.values import EntityRef

MOST_REPORTS = 2_000


class SpendReports:
    """Gives the spend of an entity as of a snapshot, from memory where it was made before.

    Numbers are withheld on the same grounds as in the entity's status: both decide with `find_claimed_key`.
    """

    def __init__(
        self, catalog: Catalog, reader: OrganisationReader, *, rules: Rules, longest_wait: float = LONGEST_WAIT
    ) -> None:
        self._catalog = catalog
        self._reader = reader
        self._rules = rules
        self._longest_wait = longest_wait
        self._flight: SingleFlight[Answer] = SingleFlight()
        self._memory: LRUCache[tuple[EntityRef, int, bool], tuple[int, Subject, Answer]] = LRUCache(MOST_REPORTS)

    async def of(self, entity: Entity, snapshot: Snapshot, viewer: Viewer, *, days: int) -> Answer:
        """Return the spend of `entity` over the last `days` budget days (1 to 90), as `viewer` sees it.

        Raises `FactsUnavailableError` when the database cannot be used, or takes longer than a request waits.
        """
        subject = Subject(entity.ref, entity.annotations, await owner_of(entity, self._catalog))
        numbers = viewer.sees_numbers(subject.owner.ref)
        remembered = self._memory.get((subject.ref, days, numbers))
        if remembered is not None and remembered[0] == snapshot.version and remembered[1] == subject:
            return remembered[2]
        # Two callers may see different annotations of one entity: they share a reading only where these are the same.
        key = (subject.ref, days, numbers, snapshot.version, tuple(sorted(subject.annotations.items())), subject.owner)
        try:
            async with asyncio.timeout(self._longest_wait):
                answer = await self._flight.do(key, lambda: self._report(subject, snapshot, days, numbers=numbers))
        except TimeoutError:
            raise FactsUnavailableError(
                "The spend of these days could not be read in time.", retry_after=LEAST_SECONDS_BETWEEN_READS
            ) from None
        except FactsUnreadableError as error:
            raise FactsUnavailableError(str(error), retry_after=LEAST_SECONDS_BETWEEN_READS) from None
        self._memory[subject.ref, days, numbers] = (snapshot.version, subject, answer)
        return answer

    async def _report(self, subject: Subject, snapshot: Snapshot, days: int, *, numbers: bool) -> Answer:
        rules = replace(self._rules, stale=snapshot.stale)
        now = snapshot.assessed_at
        name = read_claims(subject.annotations, instance=rules.instance).gateway_key_name
        claimed = find_claimed_key(name, subject.owner, snapshot.organisation, now=now, rules=rules)
        history = None
        # When Keeptrusts denies the events, older sums must not hide that.
        if claimed.key is not None and snapshot.facts.spend.cause is not Cause.DENIED:
            history = await self._reader.history(
                key_ids=frozenset(key.id for key in claimed.keys),
                team_id=claimed.key.team_id,
                days=days,
                now=now,
                earlier=days_before(days, now=now, rules=rules),
            )
        report = report_spend(subject, snapshot.organisation, history, days=days, now=now, rules=rules)
        if not numbers:
            report = report_without_numbers(report, subject.owner.ref)
        return serialised(report.model_dump_json().encode())
