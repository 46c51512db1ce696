"""Spend reports of entities, by day and by model."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from cachetools import LRUCache

from bff.backstage.entities import Catalog, Entity
from bff.keeptrusts.facts import Cause, SpendHistory
from bff.single_flight import SingleFlight
from bff.spend.report import report_spend
from bff.status.answers import Answer, owner_of, serialised
from bff.status.claimed_key import find_claimed_key
from bff.status.claims import read_claims
from bff.status.leader import FactsUnreadableError
from bff.status.numbers import Viewer, report_without_numbers
from bff.status.organisation_cache import LEAST_SECONDS_BETWEEN_READS, LONGEST_WAIT, Epoch, FactsUnavailableError
from bff.status.rules import Rules
from bff.status.subject import Subject
from bff.values import EntityRef

MOST_REPORTS = 2_000


class SpendHistories(Protocol):
    """Reads what keys have spent. Raises `FactsUnreadableError` when the database cannot be used."""

    def history(
        self, *, key_ids: frozenset[str], team_id: str | None, days: int, now: datetime
    ) -> Awaitable[SpendHistory]:
        """Spend of keys over the last `days` budget days, the running one included."""


class SpendReports:
    """Gives the spend of an entity in an epoch, from memory where it has been made before.

    Numbers are withheld on the same grounds as in the entity's status: both decide with `find_claimed_key`.
    """

    def __init__(
        self, catalog: Catalog, histories: SpendHistories, *, rules: Rules, longest_wait: float = LONGEST_WAIT
    ) -> None:
        self._catalog = catalog
        self._histories = histories
        self._rules = rules
        self._longest_wait = longest_wait
        self._flight: SingleFlight[Answer] = SingleFlight()
        self._memory: LRUCache[tuple[EntityRef, int, bool], tuple[int, Subject, Answer]] = LRUCache(MOST_REPORTS)

    async def of(self, entity: Entity, epoch: Epoch, viewer: Viewer, *, days: int) -> Answer:
        """The spend of `entity` over the last `days` budget days (1 to 90), as `viewer` sees it.

        Raises `FactsUnavailableError` when the database cannot be used, or takes longer than a request waits.
        """
        subject = Subject(entity.ref, entity.annotations, await owner_of(entity, self._catalog))
        numbers = viewer.sees_numbers(subject.owner.ref)
        remembered = self._memory.get((subject.ref, days, numbers))
        if remembered is not None and remembered[0] == epoch.version and remembered[1] == subject:
            return remembered[2]
        # What a subject says of itself may differ between two who ask: they share a flight only for the same words.
        key = (subject.ref, days, numbers, epoch.version, tuple(sorted(subject.annotations.items())), subject.owner)
        try:
            async with asyncio.timeout(self._longest_wait):
                answer = await self._flight.do(key, lambda: self._report(subject, epoch, days, numbers=numbers))
        except TimeoutError:
            raise FactsUnavailableError(
                "The spend of these days could not be read in time.", retry_after=LEAST_SECONDS_BETWEEN_READS
            ) from None
        except FactsUnreadableError as error:
            raise FactsUnavailableError(str(error), retry_after=LEAST_SECONDS_BETWEEN_READS) from None
        self._memory[subject.ref, days, numbers] = (epoch.version, subject, answer)
        return answer

    async def _report(self, subject: Subject, epoch: Epoch, days: int, *, numbers: bool) -> Answer:
        rules = replace(self._rules, stale=epoch.stale)
        now = epoch.assessed_at
        name = read_claims(subject.annotations).gateway_key_name
        claimed = find_claimed_key(name, subject.owner, epoch.organisation, now=now, rules=rules)
        history = None
        # That events may not be read any more is news, which sums from before do not cover up.
        if claimed.key is not None and epoch.facts.spend.cause is not Cause.DENIED:
            history = await self._histories.history(
                key_ids=frozenset(key.id for key in claimed.keys), team_id=claimed.key.team_id, days=days, now=now
            )
        report = report_spend(subject, epoch.organisation, history, days=days, now=now, rules=rules)
        if not numbers:
            report = report_without_numbers(report, subject.owner.ref)
        return serialised(report.model_dump_json().encode())
