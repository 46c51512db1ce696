"""Reports of which spend entities claim, made once for each snapshot and sweep, then served as bytes."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bff.keeptrusts.facts import Cause, OrganisationSpend
from bff.single_flight import SingleFlight
from bff.spend.coverage import CatalogEntity, CatalogReading, report_coverage
from bff.status.answers import Answer, serialised
from bff.status.findings import Rules
from bff.status.leader import FactsUnreadableError, OrganisationReader
from bff.status.organisation_cache import LEAST_SECONDS_BETWEEN_READS, LONGEST_WAIT, FactsUnavailableError, Snapshot
from bff.watch.subjects import WatchedEntities
from bff.watch.sweep import GATEWAY_API, SweepResult

_NOT_WHOLE = "the last reading of the catalog was not whole"


class CoverageReports:
    """Gives coverage as of a snapshot and the last sweep, from memory where it was made before."""

    def __init__(
        self,
        watched: WatchedEntities,
        reader: OrganisationReader,
        *,
        rules: Rules,
        longest_wait: float = LONGEST_WAIT,
    ) -> None:
        self._watched = watched
        self._reader = reader
        self._rules = rules
        self._longest_wait = longest_wait
        self._flight: SingleFlight[Answer] = SingleFlight()
        self._memory: dict[int, tuple[int, SweepResult, Answer]] = {}
        """By the number of days, of which there are few: the version of the snapshot, the sweep, and what was made of them."""

    async def of(self, snapshot: Snapshot, *, days: int) -> Answer:
        """Return coverage over the last `days` budget days (1 to 90).

        Raises `CatalogError` when the catalog was never read, and `FactsUnavailableError` when the database cannot be used or
        takes longer than a request waits.
        """
        swept = await self._watched.current()
        remembered = self._memory.get(days)
        if remembered is not None and remembered[:2] == (snapshot.version, swept):
            return remembered[2]
        key = (days, snapshot.version, swept.at, swept.complete)
        try:
            async with asyncio.timeout(self._longest_wait):
                answer = await self._flight.do(key, lambda: self._report(snapshot, swept, days))
        except TimeoutError:
            raise FactsUnavailableError(
                "The spend of these days could not be read in time.", retry_after=LEAST_SECONDS_BETWEEN_READS
            ) from None
        except FactsUnreadableError as error:
            raise FactsUnavailableError(str(error), retry_after=LEAST_SECONDS_BETWEEN_READS) from None
        self._memory[days] = (snapshot.version, swept, answer)
        return answer

    async def _report(self, snapshot: Snapshot, swept: SweepResult, days: int) -> Answer:
        now, organisation = snapshot.assessed_at, snapshot.organisation
        spend = None
        # When Keeptrusts denies the events, older sums must not hide that.
        if snapshot.facts.spend.cause is not Cause.DENIED:
            spend = await self._reader.spend_of_organisation(days=days, now=now)
        subjects = await self._watched.subjects(swept.entities)
        catalog = CatalogReading(
            [
                CatalogEntity(subject, consumes=GATEWAY_API in entity.consumes)
                for subject, entity in zip(subjects, swept.entities, strict=True)
            ],
            groups=await self._watched.owners_claiming(_teams_that_spend(spend, snapshot)),
            read_at=swept.at,
            trouble=None if swept.complete else _NOT_WHOLE,
        )
        rules = replace(self._rules, stale=snapshot.stale)

        def made() -> Answer:
            report = report_coverage(catalog, organisation, spend, days=days, now=now, rules=rules)
            return serialised(report.model_dump_json().encode())

        # In a thread: with thousands of entities and keys this would block the event loop.
        return await asyncio.to_thread(made)


def _teams_that_spend(spend: OrganisationSpend | None, snapshot: Snapshot) -> list[str]:
    """The names of the teams whose keys were used; an entity may claim these keys or none may."""
    ids = dict.fromkeys(each.team_id for each in spend.sums) if spend is not None else {}
    teams = snapshot.organisation.teams_by_id
    return [teams[team_id].name for team_id in ids if team_id in teams]
