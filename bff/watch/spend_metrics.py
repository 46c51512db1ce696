"""Amounts for Prometheus, by team or by entity: what the cards of one snapshot say, in its own words and numbers.

The leader alone exports them. A follower's snapshot is a little older, so that just after a reset it would still have the
day before; and no series would then be right for all replicas.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Literal

from bff.backstage.entities import CatalogError
from bff.keeptrusts.facts import GatewayKey
from bff.status.assessment import assess_budget, assess_wallet, spent_today
from bff.status.claimed_key import ClaimedKey
from bff.status.claims import Subject
from bff.status.findings import Rules
from bff.status.key_claims import KeyClaim, NamedKey, key_claims
from bff.status.leader import OrganisationReader, Role
from bff.status.organisation import Organisation
from bff.status.organisation_cache import OrganisationCache, Snapshot
from bff.status.wire import BudgetStatus
from bff.telemetry.logs import logger
from bff.telemetry.metrics import Metrics, SpendSeries
from bff.values import BudgetWindow, Money
from bff.watch.subjects import WatchedEntities

log = logger("watch")

By = Literal["team", "entity"]

MOST_SERIES = 5_000
"""Teams or entities that have series: each has up to five."""

RENEWED_EVERY = 5.0
"""Seconds between two looks for a newer snapshot."""

TRIED_AGAIN_AFTER = 30.0
"""Seconds after which the catalog is asked again where it could not be read."""


@dataclass(frozen=True, slots=True)
class _OfEntity:
    """What the card of one entity says."""

    subject: Subject
    claimed: ClaimedKey
    key: NamedKey | None
    budget: BudgetStatus | None
    declared: Money | None
    wallet: tuple[float, str] | None

    @property
    def exhaustion_at(self) -> datetime | None:
        return self.budget.exhausts_at if self.budget is not None else None


def spend_series(
    by: By, subjects: Sequence[Subject], organisation: Organisation, *, now: datetime, rules: Rules
) -> list[SpendSeries]:
    """The amounts at `now` of each team, or of each entity that claims a key, sorted by their names.

    What a card withholds, or does not know, has no series.
    """
    window = BudgetWindow.containing(now, rules.timezone)
    claims = key_claims(subjects, organisation, now=now, rules=rules)
    entities = [
        _of_entity(subject, claims[subject.ref], claimed, organisation, window, now=now, rules=rules)
        for subject in subjects
        if (claimed := claims[subject.ref].claimed) is not None
    ]
    if by == "entity":
        found = [_entity_series(each, now) for each in entities]
        return sorted(filter(None, found), key=lambda each: each.entity)
    return _team_series(entities, organisation, window, now)


def _of_entity(
    subject: Subject,
    claim: KeyClaim,
    claimed: ClaimedKey,
    organisation: Organisation,
    window: BudgetWindow,
    *,
    now: datetime,
    rules: Rules,
) -> _OfEntity:
    budget, declared = None, None
    if claimed.key is not None:
        spent = spent_today(claimed.keys, claimed.team_id, organisation, window)
        if spent is not None:
            declared = claim.claims.daily_budget
            budget = assess_budget(spent, declared, window, now=now, rules=rules).status
    wallet = assess_wallet(claimed, organisation, rules).status
    available = (float(wallet.available.amount), wallet.available.currency) if wallet is not None else None
    return _OfEntity(subject, claimed, claim.named, budget, declared, available)


def _entity_series(each: _OfEntity, now: datetime) -> SpendSeries | None:
    if each.budget is None and each.wallet is None:
        return None
    subject, team = each.subject, each.claimed.team
    series = SpendSeries(
        team=team.name if team is not None else each.claimed.team_id or "",
        entity=str(subject.ref),
        owner=str(subject.owner.ref) if subject.owner.ref is not None else "",
        wallet=each.wallet,
    )
    if each.budget is None:
        return series
    series = replace(series, spent=float(each.budget.spent.amount))
    if each.declared is None:
        return series
    # Of a budget of 0 every amount is more than all of it, which no number says: the exhaustion of 0 seconds does.
    used = each.budget.used_ratio
    return replace(
        series,
        budget=float(each.declared.amount),
        used_ratio=float(used) if used is not None else None,
        exhaustion=_exhaustion(each, now),
    )


def _exhaustion(each: _OfEntity, now: datetime) -> float | None:
    if each.budget is None or each.declared is None:
        return None
    spent = Decimal(each.budget.spent.amount)
    if spent > 0 and spent >= each.declared.amount:
        return 0.0
    if each.exhaustion_at is None:
        return None
    return max((each.exhaustion_at - now).total_seconds(), 0.0)


def _team_series(
    entities: Sequence[_OfEntity], organisation: Organisation, window: BudgetWindow, now: datetime
) -> list[SpendSeries]:
    keys: defaultdict[str, list[GatewayKey]] = defaultdict(list)
    for key in organisation.facts.keys.value or ():
        if key.team_id is not None:
            keys[key.team_id].append(key)
    with_budget: defaultdict[str, list[_OfEntity]] = defaultdict(list)
    for each in entities:
        if each.declared is not None and each.claimed.team_id is not None:
            with_budget[each.claimed.team_id].append(each)
    found = []
    for team in sorted(organisation.teams_by_id.values(), key=lambda team: (team.name, team.id)):
        wallet = organisation.wallets.get(team.id)
        spent = spent_today(keys[team.id], team.id, organisation, window)
        ratios = [each.budget.used_ratio for each in with_budget[team.id] if each.budget is not None]
        known = [ratio for ratio in ratios if ratio is not None]
        lasting = [seconds for each in with_budget[team.id] if (seconds := _exhaustion(each, now)) is not None]
        found.append(
            SpendSeries(
                team=team.name,
                spent=float(spent.money.amount) if spent is not None else None,
                budget=_budget_of(with_budget[team.id]),
                used_ratio=float(max(known)) if known else None,
                exhaustion=min(lasting, default=None),
                wallet=(float(wallet.available.amount), wallet.available.currency) if wallet is not None else None,
            )
        )
    return found


def _budget_of(entities: Sequence[_OfEntity]) -> float | None:
    """What `entities` declare together; of a key that several claim, the smallest budget counts, once."""
    smallest: dict[NamedKey, Money] = {}
    for each in entities:
        key, declared = each.key, each.declared
        if key is not None and declared is not None and (key not in smallest or declared < smallest[key]):
            smallest[key] = declared
    return float(sum(smallest.values(), Money.zero()).amount) if smallest else None


class SpendMetrics:
    """Renews the amounts in `metrics` with each snapshot of `cache` and each sweep of `watched`, where `reader` leads."""

    def __init__(
        self,
        by: By,
        watched: WatchedEntities,
        cache: OrganisationCache,
        reader: OrganisationReader,
        *,
        metrics: Metrics,
        rules: Rules,
    ) -> None:
        self._by: By = by
        self._watched = watched
        self._cache = cache
        self._reader = reader
        self._metrics = metrics
        self._rules = rules
        self._made: tuple[int, datetime] | None = None
        metrics.spend.watch(self._shown)

    async def run(self, sleep: Callable[[float], Awaitable[object]]) -> None:
        """Renew them whenever there is something newer, until cancelled."""
        while True:
            await sleep(RENEWED_EVERY if await self.renew() else TRIED_AGAIN_AFTER)

    async def renew(self) -> bool:
        """Renew them if there is something newer; False where the catalog cannot be read."""
        snapshot = self._cache.snapshot
        if snapshot is None or not self._leads():
            return True
        try:
            swept = await self._watched.current()
            if self._made == (snapshot.version, swept.at):
                return True
            subjects = await self._watched.subjects(swept.entities)
        except CatalogError as error:
            log.warning("entities could not be read for metrics", problem=str(error))
            return False
        # In a thread: with thousands of entities this would block the event loop.
        self._metrics.spend.show(await asyncio.to_thread(self._rendered, snapshot, subjects))
        self._made = snapshot.version, swept.at
        return True

    def _rendered(self, snapshot: Snapshot, subjects: Sequence[Subject]) -> bytes:
        organisation, now = snapshot.organisation, snapshot.assessed_at
        series = spend_series(self._by, subjects, organisation, now=now, rules=self._rules)
        return self._metrics.spend.render(series[:MOST_SERIES], max(len(series) - MOST_SERIES, 0))

    def _shown(self) -> bool:
        return self._leads() and self._cache.can_answer()

    def _leads(self) -> bool:
        return self._reader.role is Role.LEADING
