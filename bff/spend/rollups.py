"""Roll-ups of groups, systems and domains, from memory where they were made before."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from math import inf

import orjson

from bff.backstage.entities import Catalog, Members
from bff.expiring import Expiring
from bff.keeptrusts.facts import Cause
from bff.single_flight import SingleFlight
from bff.spend.rollup import Member, Period, keys_shown, roll_up
from bff.status import wire
from bff.status.answers import Answer, Answers, owners_by_ref, serialised
from bff.status.claims import Owner, Subject
from bff.status.findings import Code, Rules, State
from bff.status.key_claims import key_claims
from bff.status.leader import FactsUnreadableError, OrganisationReader
from bff.status.months import BASIS_DAYS
from bff.status.numbers import Viewer
from bff.status.organisation_cache import LEAST_SECONDS_BETWEEN_READS, LONGEST_WAIT, FactsUnavailableError, Snapshot
from bff.status.ownership import owner_team
from bff.values import BudgetWindow, EntityRef

MOST_BYTES = 32 * 1024 * 1024
"""What is remembered of roll-ups, at the most: about 40 of a thousand members over 30 days."""

_MEMBER_BYTES = 100
"""What a remembered roll-up takes for each member beside its body, roughly."""

_AT_ONCE = 50
"""Members that are assessed before others get their turn."""


@dataclass(frozen=True, slots=True)
class _Question:
    """What a roll-up is made of; `visible` are the owners whose amounts the viewer sees."""

    root: EntityRef
    days: int
    version: int
    members: Members
    owners: Mapping[EntityRef | None, Owner]
    visible: frozenset[EntityRef | None]

    @property
    def key(self) -> tuple[object, ...]:
        """What tells apart the roll-ups that are remembered beside each other: a newer version replaces an older one."""
        refs = tuple(entity.ref for entity in self.members.entities)
        return self.root, self.days, self.members.containers, refs, self.visible


class RollUps:
    """Gives the roll-up of an entity as of a snapshot.

    Callers who see the same members and the amounts of the same owners share one. Which members a caller sees is asked of
    the catalog before.
    """

    def __init__(
        self,
        catalog: Catalog,
        answers: Answers,
        reader: OrganisationReader,
        *,
        rules: Rules,
        longest_wait: float = LONGEST_WAIT,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._catalog = catalog
        self._answers = answers
        self._reader = reader
        self._rules = rules
        self._longest_wait = longest_wait
        self._flight: SingleFlight[Answer] = SingleFlight()
        self._memory: Expiring[tuple[object, ...], tuple[_Question, Answer]] = Expiring(most_bytes, clock=lambda: 0.0)

    async def of(self, root: EntityRef, members: Members, snapshot: Snapshot, viewer: Viewer, *, days: int) -> Answer:
        """Return the roll-up of `root` over the last `days` budget days (1 to 90), as `viewer` sees it.

        Raises `FactsUnavailableError` when the database cannot be used, or takes longer than a request waits.
        """
        refs = {entity.owner for entity in members.entities} | {
            ref for ref in members.containers if ref.kind == "group"
        }
        owners = await owners_by_ref(refs, self._catalog)
        visible = frozenset(ref for ref in owners if viewer.sees_numbers(ref))
        question = _Question(root, days, snapshot.version, members, owners, visible)
        key = question.key
        kept = self._memory.get(key)
        if kept is not None and kept.value[0] == question:
            return kept.value[1]
        try:
            async with asyncio.timeout(self._longest_wait):
                answer = await self._flight.do((key, snapshot.version), lambda: self._made(question, snapshot, viewer))
        except TimeoutError:
            raise FactsUnavailableError(
                "The spend of these days could not be read in time.", retry_after=LEAST_SECONDS_BETWEEN_READS
            ) from None
        except FactsUnreadableError as error:
            raise FactsUnavailableError(str(error), retry_after=LEAST_SECONDS_BETWEEN_READS) from None
        return answer

    async def _made(self, question: _Question, snapshot: Snapshot, viewer: Viewer) -> Answer:
        rules = replace(self._rules, stale=snapshot.stale)
        now, organisation = snapshot.assessed_at, snapshot.organisation
        members = await self._assessed(question, snapshot, viewer, rules)
        claims = {member.ref: member.claim for member in members}
        shown = keys_shown(claims, {member.ref for member in members if member.numbers})
        teams = self._teams(question, snapshot)
        period = _period(question.days, now, rules)
        spend = None
        # When Keeptrusts denies the events, older sums must not hide that.
        if snapshot.facts.spend.cause is not Cause.DENIED:
            spend = await self._reader.spend_of_keys(
                frozenset[str]().union(*(key.key_ids for key in shown.values())),
                teams=frozenset(named.team_id for named in shown if named.team_id) | (teams or frozenset()),
                whole_teams=teams or frozenset(),
                days=period.days,
                previous=period.previous,
                earlier=period.earlier,
                now=now,
            )

        def body() -> bytes:
            made = roll_up(
                question.root,
                members,
                shown,
                spend,
                organisation,
                period=period,
                teams=teams,
                truncated=question.members.truncated,
                now=now,
                rules=rules,
            )
            return made.model_dump_json().encode()

        # In a thread: a thousand members over 90 days would block the event loop.
        answer = serialised(await asyncio.to_thread(body))
        # Here, since those who wait for it may have left before it was made.
        size = len(answer.body) + _MEMBER_BYTES * len(members)
        self._memory.put(question.key, (question, answer), until=inf, size=size)
        return answer

    async def _assessed(self, question: _Question, snapshot: Snapshot, viewer: Viewer, rules: Rules) -> list[Member]:
        """The members with the state and the worst finding that their cards have for this viewer."""
        members = []
        for number, entity in enumerate(question.members.entities, start=1):
            owner = question.owners[entity.owner]
            status = self._answers.of_owned(entity, owner, snapshot, viewer)
            subject = Subject(entity.ref, entity.annotations, owner)
            claim = key_claims((subject,), snapshot.organisation, now=snapshot.assessed_at, rules=rules)[entity.ref]
            state, worst = _state_of(status)
            members.append(Member(entity.ref, claim, state, worst, numbers=entity.owner in question.visible))
            if not number % _AT_ONCE:
                await asyncio.sleep(0)
        return members

    def _teams(self, question: _Question, snapshot: Snapshot) -> frozenset[str] | None:
        """The teams of a group and of the groups below it; None where they are not known, or not the viewer's to see."""
        if question.root.kind != "group" or snapshot.facts.teams.value is None:
            return None
        groups = [question.owners[ref] for ref in question.members.containers]
        if any(group.unreadable for group in groups):
            return None
        found = {group.ref: team.id for group in groups if (team := owner_team(group, snapshot.organisation))}
        return frozenset(found.values()) if found.keys() <= question.visible else None


def _period(days: int, now: datetime, rules: Rules) -> Period:
    """The last `days` budget days, the running one included, as many before them, and those that a month is compared with."""
    whole = last_days(2 * days, now, rules)
    today = whole[-1]
    month_before = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    needed = max((today - month_before).days, BASIS_DAYS)
    return Period(days=whole[days:], previous=whole[:days], earlier=last_days(needed + 1, now, rules))


def last_days(count: int, now: datetime, rules: Rules) -> tuple[date, ...]:
    """The last `count` budget days, the running one included, oldest first."""
    today = BudgetWindow.containing(now, rules.timezone).day
    return tuple(today - timedelta(days=ago) for ago in reversed(range(count)))


def _state_of(answer: Answer) -> tuple[State, wire.Finding | None]:
    status = orjson.loads(answer.body)
    findings = [each for each in status["findings"] if each["code"] != Code.NUMBERS_WITHHELD]
    return State(status["state"]), wire.Finding.model_validate(findings[0]) if findings else None
