"""Exports of spend: read a day at a time, so that a month of a large organisation takes no more memory than a day."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from bff.backstage.caller import Caller
from bff.backstage.entities import Catalog, Entity, Members
from bff.keeptrusts.facts import Cause
from bff.spend.export import Account, ExportRow, Format, Labels, export_rows, writer_of
from bff.spend.rollup import Shown, keys_shown
from bff.spend.rollups import last_days
from bff.status.answers import owner_of, owners_of
from bff.status.claims import NO_KEY, Owner, Subject
from bff.status.findings import Finding, Rules
from bff.status.key_claims import KeyClaim, NamedKey, key_claims
from bff.status.leader import FactsUnreadableError, OrganisationReader
from bff.status.numbers import Viewer
from bff.status.organisation_cache import LEAST_SECONDS_BETWEEN_READS, FactsUnavailableError, Snapshot
from bff.values import BudgetWindow, EntityRef, Money

NO_ORGANISATION = "organization"
"""What stands for the organisation's id where Keeptrusts does not say it."""

_NOTHING = Money.zero()


class NothingToExportError(Exception):
    """There is no spend that this could be a file of; the message says why in a sentence."""


class AmountsWithheldError(Exception):
    """The amounts are not for this viewer."""


@dataclass(frozen=True, slots=True)
class Export:
    """A file: its name without folders, and its content in parts, the first of which was read already."""

    name: str
    parts: AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class _Scope:
    """What is exported: the names of what the sums hold, and which keys, None for all.

    Of the teams `nameless_of`, what names no key on `nameless_days` stands with the entity `nameless`.
    """

    labels: Labels
    key_ids: frozenset[str] | None
    nameless_of: frozenset[str] = frozenset()
    nameless_days: frozenset[date] = frozenset()
    nameless: EntityRef | None = None


class SpendExports:
    """Makes files of spend.

    Methods raise `FactsUnavailableError` when the spend cannot be read; a database that fails later ends a file early.
    """

    def __init__(self, catalog: Catalog, reader: OrganisationReader, *, rules: Rules, history: timedelta) -> None:
        self._catalog = catalog
        self._reader = reader
        self._rules = rules
        self._history = history

    async def of_entity(self, entity: Entity, snapshot: Snapshot, viewer: Viewer, *, days: int, form: Format) -> Export:
        """The file of one entity's spend, whose sum is the total of its report.

        Raises `AmountsWithheldError`, and `NothingToExportError` for an entity without a key of its own.
        """
        subject = Subject(entity.ref, entity.annotations, await owner_of(entity, self._catalog))
        if not viewer.sees_numbers(subject.owner.ref):
            raise AmountsWithheldError
        claims = self._claims([subject], snapshot)
        claim = claims[entity.ref]
        if claim.named is None or claim.claimed is None:
            raise NothingToExportError(_why(claim).message)
        wanted = last_days(days, snapshot.assessed_at, self._rules)
        team_id = claim.claimed.team_id
        try:
            history = await self._reader.history(
                key_ids=claim.key_ids, team_id=team_id, days=days, now=snapshot.assessed_at
            )
        except FactsUnreadableError as error:
            raise _unavailable(error) from None
        # As in the report: requests that name no key may be this key's, so they count on the days on which they cost anything.
        nameless = frozenset(day for day, spent in history.unattributed.by_day.items() if spent > _NOTHING)
        scope = _Scope(
            Labels.of(keys_shown(claims, {entity.ref}), snapshot.organisation),
            claim.key_ids,
            frozenset({team_id} if team_id is not None else ()),
            nameless,
            entity.ref,
        )
        return await self._export(f"spend_{_plain(entity.ref)}", wanted, scope, snapshot, form)

    async def of_members(
        self, root: EntityRef, members: Members, snapshot: Snapshot, viewer: Viewer, *, days: int, form: Format
    ) -> Export:
        """The file of a roll-up, whose sum is its total.

        Members whose amounts are not for `viewer` are left out, and the name of the file then says `partial`. Raises
        `AmountsWithheldError` where that is all of them.
        """
        owners = await owners_of(members.entities, self._catalog)
        claims = self._claims(_subjects(members.entities, owners), snapshot)
        numbers = {entity.ref for entity in members.entities if viewer.sees_numbers(entity.owner)}
        shown = keys_shown(claims, numbers)
        withheld = any(claim.named is not None and ref not in numbers for ref, claim in claims.items())
        if withheld and not shown:
            raise AmountsWithheldError
        wanted = last_days(days, snapshot.assessed_at, self._rules)
        key_ids = frozenset[str]().union(*(key.key_ids for key in shown.values()))
        scope = _Scope(Labels.of(shown, snapshot.organisation), key_ids)
        name = f"rollup_{_plain(root)}{'_partial' if withheld or members.truncated else ''}"
        return await self._export(name, wanted, scope, snapshot, form)

    async def of_month(self, caller: Caller, first: date | None, snapshot: Snapshot, *, form: Format) -> Export:
        """The file of the whole organisation's month that begins with `first`, None for the running one.

        A key that no entity claims which `caller` may see stands with no entity. Raises `NothingToExportError` for a month
        that is still to come, or of which nothing is kept, and `CatalogError`.
        """
        today = BudgetWindow.containing(snapshot.assessed_at, self._rules.timezone).day
        first = first or today.replace(day=1)
        wanted = _days_of_month(first, today)
        if not wanted or wanted[-1] < today - self._history:
            raise NothingToExportError(
                f"Nothing is kept of the month {first:%Y-%m}: sums are kept for {self._history.days} days."
            )
        claiming = await self._catalog.claiming(caller)
        if claiming.truncated:
            raise NothingToExportError(
                f"More than {len(claiming.entities):,} entities name a gateway key, which is more than this can tell apart."
            )
        owners = await owners_of(claiming.entities, self._catalog)
        shown = await asyncio.to_thread(self._all_shown, claiming, owners, snapshot)
        scope = _Scope(Labels.of(shown, snapshot.organisation), None)
        return await self._export(f"spend_{first:%Y-%m}", wanted, scope, snapshot, form, with_days=False)

    def _all_shown(
        self, claiming: Members, owners: Mapping[EntityRef | None, Owner], snapshot: Snapshot
    ) -> dict[NamedKey, Shown]:
        claims = self._claims(_subjects(claiming.entities, owners), snapshot)
        return keys_shown(claims, claims.keys())

    def _claims(self, subjects: Collection[Subject], snapshot: Snapshot) -> dict[EntityRef, KeyClaim]:
        rules = replace(self._rules, stale=snapshot.stale)
        return key_claims(subjects, snapshot.organisation, now=snapshot.assessed_at, rules=rules)

    async def _export(
        self,
        name: str,
        days: Sequence[date],
        scope: _Scope,
        snapshot: Snapshot,
        form: Format,
        *,
        with_days: bool = True,
    ) -> Export:
        # When Keeptrusts denies the events, older sums must not hide that.
        if snapshot.facts.spend.cause is Cause.DENIED:
            raise _unavailable(FactsUnreadableError("Keeptrusts does not let this service read its events."))
        parts = self._parts(days, scope, snapshot.assessed_at, form)
        try:
            first = await anext(parts)
        except FactsUnreadableError as error:
            raise _unavailable(error) from None
        span = f"_{days[0].isoformat()}_{days[-1].isoformat()}" if with_days else ""
        ending = "csv" if form == "csv" else "focus-1.2.csv"
        return Export(f"{name}{span}.{ending}", _resumed(first, parts))

    async def _parts(self, days: Sequence[date], scope: _Scope, now: datetime, form: Format) -> AsyncIterator[bytes]:
        reader = self._reader
        account = Account(reader.organisation_id or NO_ORGANISATION, reader.organisation_name, self._rules.timezone)
        header, written = writer_of(form, account)

        def lines(rows: Sequence[ExportRow]) -> bytes:
            return written(rows).encode()

        before = header.encode()
        for day in days:
            sums = await self._reader.spend_of_day(day, key_ids=scope.key_ids, nameless_of=scope.nameless_of, now=now)
            rows = export_rows(sums, scope.labels, nameless=scope.nameless)
            # In a thread: fifteen thousand lines would block the event loop.
            yield before + await asyncio.to_thread(lines, rows)
            before = b""


async def _resumed(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for part in rest:
        yield part


def _unavailable(error: FactsUnreadableError) -> FactsUnavailableError:
    return FactsUnavailableError(str(error), retry_after=LEAST_SECONDS_BETWEEN_READS)


def _subjects(entities: Collection[Entity], owners: Mapping[EntityRef | None, Owner]) -> list[Subject]:
    return [Subject(entity.ref, entity.annotations, owners[entity.owner]) for entity in entities]


def _why(claim: KeyClaim) -> Finding:
    """Why an entity has no key of its own."""
    if claim.claimed is None:
        return claim.claims.no_key
    return next(iter((*claim.claims.malformed.values(), *claim.claimed.findings)), NO_KEY)


def _days_of_month(first: date, today: date) -> list[date]:
    days = []
    day = first
    while day <= today and day.month == first.month:
        days.append(day)
        day += timedelta(days=1)
    return days


def _plain(ref: EntityRef) -> str:
    return f"{ref.kind}_{ref.namespace}_{ref.name}"
