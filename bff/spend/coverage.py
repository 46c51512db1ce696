"""Which spend of an organisation the entities of its catalog claim, and which none does.

Each sum of the ledger is on one side: it is claimed where it names a key that an entity's claim means, and unclaimed
otherwise. So the two sides add up to all that the ledger has, whatever was rotated, deleted or sent without a key.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, TypeVar

from bff.keeptrusts.facts import Cause, KeySpend, OrganisationSpend, Reading
from bff.status import wire
from bff.status.assessment import freshness
from bff.status.claims import GATEWAY_KEY_NAME, Owner, Subject, read_claims
from bff.status.findings import (
    TRIED_AGAIN,
    Code,
    Finding,
    Rules,
    is_unexplained,
    params,
    upstream_findings,
    worst_first,
)
from bff.status.key_claims import KeyClaim, NamedKey, claimants, key_claims
from bff.status.organisation import Organisation
from bff.status.ownership import owner_team
from bff.status.wire import (
    Amount,
    CatalogRead,
    Coverage,
    IdleWallet,
    LeftOut,
    SharedKey,
    SilentConsumer,
    UnclaimedKey,
    UnknownKey,
)
from bff.values import EntityRef, Money
from bff.wording import sentence

T = TypeVar("T")

MOST_LISTED = 200
"""Items of one list of a report."""

MOST_MEMBERS = 20
"""Entities that are named of those that share a key."""

_NOTHING = Money.zero()

# A scalar that YAML reads as this very text: neither a number, a date, a word of its own nor the start of another form.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*", re.ASCII)
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})


@dataclass(frozen=True, slots=True)
class CatalogEntity:
    """One entity of the catalog; `consumes` says whether it consumes the gateway's API."""

    subject: Subject
    consumes: bool = False


@dataclass(frozen=True, slots=True)
class CatalogReading:
    """The entities that claim a key or consume the gateway's API, as the catalog had them at `read_at`.

    `groups` are further groups that may own a team, beside the owners of entities. `trouble` says in half a sentence why
    entities may be missing; None when all were read.
    """

    entities: Sequence[CatalogEntity] = ()
    groups: Sequence[Owner] = ()
    read_at: datetime | None = None
    trouble: str | None = None


def report_coverage(
    catalog: CatalogReading,
    organisation: Organisation,
    spend: OrganisationSpend | None,
    *,
    days: int,
    now: datetime,
    rules: Rules,
) -> Coverage:
    """Report the last `days` budget days (1 to 90), the running one included. `spend` is None where it could not be read."""
    claims = key_claims((each.subject for each in catalog.entities), organisation, now=now, rules=rules)
    findings = _findings(catalog, claims, organisation, spend, rules)
    lists = _Lists(catalog, claims, organisation, spend or OrganisationSpend())
    unclaimed_keys, left_unclaimed = _bounded(lists.unclaimed())
    unknown_keys, left_unknown = _bounded(lists.unknown())
    shared_keys, left_shared = _bounded(lists.shared())
    silent, left_silent = _bounded(lists.silent())
    idle, left_idle = _bounded(lists.idle())
    report = Coverage(
        days=days,
        timezone=rules.timezone.key,
        complete=not findings,
        unclaimed_keys=tuple(map(lists.unclaimed_on_wire, unclaimed_keys)),
        unknown_keys=unknown_keys,
        shared_keys=shared_keys,
        silent_consumers=silent,
        idle_wallets=idle,
        truncated=LeftOut(
            unclaimed_keys=left_unclaimed,
            unknown_keys=left_unknown,
            shared_keys=left_shared,
            silent_consumers=left_silent,
            idle_wallets=left_idle,
        ),
        catalog=CatalogRead(entities=len(catalog.entities), complete=catalog.trouble is None, read_at=catalog.read_at),
        findings=tuple(wire.Finding.of(finding) for finding in worst_first(findings)),
        freshness=freshness(organisation.facts, now, rules),
    )
    return report if spend is None else report.model_copy(update=lists.amounts())


def _findings(
    catalog: CatalogReading,
    claims: Mapping[EntityRef, KeyClaim],
    organisation: Organisation,
    spend: OrganisationSpend | None,
    rules: Rules,
) -> list[Finding]:
    """Return why the report may lack something; empty when it is whole."""
    facts = organisation.facts
    parts: dict[str, Reading[Any]] = {"teams": facts.teams, "gateway keys": facts.keys, "wallets": facts.wallets}
    if spend is None:
        parts["spend"] = facts.spend
    findings = upstream_findings(parts, zone=rules.timezone, stale=is_unexplained(facts, rules))
    findings += _catalog_findings(catalog, claims)
    if spend is None:
        if facts.spend.cause is not Cause.DENIED:
            findings.append(
                Finding(Code.UPSTREAM_UNAVAILABLE, "The events of these days could not be read.", TRIED_AGAIN)
            )
    elif spend.incomplete_days:
        missing = spend.incomplete_days
        of_days = f"{len(missing)} days are lower bounds" if len(missing) > 1 else "one day are a lower bound"
        said = f"The sums of {of_days}: {sentence(missing[max(missing)])}"
        findings.append(Finding(Code.SPEND_INCOMPLETE, said, TRIED_AGAIN))
    return findings


def _catalog_findings(catalog: CatalogReading, claims: Mapping[EntityRef, KeyClaim]) -> list[Finding]:
    if catalog.trouble is not None:
        said = f"Not all entities of the catalog could be read, so more may be claimed: {sentence(catalog.trouble)}"
        return [Finding(Code.UPSTREAM_UNAVAILABLE, said, TRIED_AGAIN)]
    unclear = [each.subject.owner for each in catalog.entities if not claims[each.subject.ref].known]
    if not unclear:
        return []
    # The parts of Keeptrusts that could not be read have findings of their own; the owners are the catalog's.
    if any(owner.denied for owner in unclear):
        return [_CATALOG_DENIED]
    of_entities = f"{len(unclear)} entities mean" if len(unclear) > 1 else "one entity means"
    said = f"Which keys {of_entities} cannot be said now, so more may be claimed."
    return [Finding(Code.UPSTREAM_UNAVAILABLE, said, TRIED_AGAIN)]


_CATALOG_DENIED = Finding(
    Code.CATALOG_DENIED,
    "Backstage refuses this service's own token, so which entities there are cannot be known: more may be claimed.",
    "The platform team must renew BACKSTAGE_TOKEN; Keeptrusts has no part in it.",
    params(),
)


@dataclass(frozen=True, slots=True)
class _Unclaimed:
    """Sums that no entity claims: those of `key`, else those of one id that has no name; empty for requests without a key."""

    key: NamedKey | None
    key_id: str
    team_id: str
    spent: Money
    requests: int


class _Lists:
    """What a report holds, whole, from one reading of everything."""

    def __init__(
        self,
        catalog: CatalogReading,
        claims: Mapping[EntityRef, KeyClaim],
        organisation: Organisation,
        spend: OrganisationSpend,
    ) -> None:
        self._catalog = catalog
        self._claims = claims
        self._organisation = organisation
        self._names = {key.id: NamedKey(key.name, key.team_id or "") for key in organisation.facts.keys.value or ()}
        self._members = claimants(claims)
        self._claimed: defaultdict[NamedKey, Money] = defaultdict(Money.zero)
        self._rest: list[KeySpend] = []
        for each in spend.sums:
            key = self._names.get(each.key_id)
            if key is not None and key in self._members:
                self._claimed[key] += each.spent
            else:
                self._rest.append(each)
        self._owners = _owners_by_team(catalog, claims, organisation)

    def amounts(self) -> dict[str, object]:
        """The two sides, and their sum."""
        claimed = sum(self._claimed.values(), _NOTHING)
        unclaimed = sum((each.spent for each in self._rest), _NOTHING)
        total = claimed + unclaimed
        return {
            "claimed": Amount.of(claimed),
            "unclaimed": Amount.of(unclaimed),
            "total": Amount.of(total),
            # Of a total that is nothing, or is less than nothing by corrections, nothing is a share.
            "ratio": claimed.ratio_to(total) if total > _NOTHING else None,
        }

    def unclaimed(self) -> list[_Unclaimed]:
        """Sums that no entity claims, all keys of a name together."""
        found: dict[tuple[NamedKey | None, str, str], _Unclaimed] = {}
        for each in self._rest:
            key = self._names.get(each.key_id)
            team_id = key.team_id if key is not None else each.team_id
            place = (key, "" if key is not None else each.key_id, team_id)
            before = found.get(place, _Unclaimed(key, place[1], team_id, _NOTHING, 0))
            found[place] = replace(before, spent=before.spent + each.spent, requests=before.requests + each.requests)
        used = [each for each in found.values() if each.spent or each.requests]
        return sorted(
            used,
            key=lambda each: (
                -each.spent.amount,
                -each.requests,
                each.key.name if each.key is not None else "",
                each.key_id,
                each.team_id,
            ),
        )

    def unclaimed_on_wire(self, each: _Unclaimed) -> UnclaimedKey:
        """One of them, with who may own it and how to claim it."""
        owners = self._owners.get(each.team_id, ())
        return UnclaimedKey(
            key=each.key.name if each.key is not None else None,
            key_id=each.key_id or None,
            team=self._team(each.team_id),
            spent=Amount.of(each.spent),
            requests=each.requests,
            likely_owner=owners[0] if owners else None,
            annotation=annotation_for(each.key.name) if each.key is not None else None,
        )

    def unknown(self) -> list[UnknownKey]:
        """Claims that mean no key, although what there is to know is known."""
        found = []
        for subject in sorted((each.subject for each in self._catalog.entities), key=lambda subject: subject.ref):
            claimed = self._claims[subject.ref].claimed
            state: Literal["not-found", "withheld"]
            if claimed is not None and claimed.state == "not-found":
                state = "not-found"
            elif claimed is not None and claimed.state == "withheld" and claimed.known:
                state = "withheld"
            else:
                continue
            owner = subject.owner.ref
            found.append(
                UnknownKey(
                    entity_ref=str(subject.ref),
                    key=subject.annotations[GATEWAY_KEY_NAME],
                    owner=str(owner) if owner is not None else None,
                    state=state,
                )
            )
        return found

    def shared(self) -> list[SharedKey]:
        """Keys that several entities claim."""
        several = [(key, refs) for key, refs in self._members.items() if len(refs) > 1]
        spent = self._claimed
        several.sort(key=lambda item: (-spent.get(item[0], _NOTHING).amount, item[0]))
        return [
            SharedKey(
                key=key.name,
                team=self._team(key.team_id),
                members=tuple(map(str, refs[:MOST_MEMBERS])),
                members_count=len(refs),
                spent=Amount.of(spent.get(key, _NOTHING)),
            )
            for key, refs in several
        ]

    def silent(self) -> list[SilentConsumer]:
        """Entities that consume the gateway's API and name no key, well or not."""
        silent = [
            each.subject
            for each in self._catalog.entities
            if each.consumes and GATEWAY_KEY_NAME not in each.subject.annotations
        ]
        return [
            SilentConsumer(
                entity_ref=str(subject.ref), owner=str(subject.owner.ref) if subject.owner.ref is not None else None
            )
            for subject in sorted(silent, key=lambda subject: subject.ref)
        ]

    def idle(self) -> list[IdleWallet]:
        """Wallets of teams of whose keys no entity claims any."""
        served = {key.team_id for key in self._members}
        idle = [(team_id, wallet) for team_id, wallet in self._organisation.wallets.items() if team_id not in served]
        idle.sort(key=lambda item: (item[1].available.currency, -item[1].available.amount, item[0]))
        return [
            IdleWallet(team=self._team(team_id) or team_id, available=Amount.of(wallet.available))
            for team_id, wallet in idle
        ]

    def _team(self, team_id: str) -> str | None:
        if not team_id:
            return None
        team = self._organisation.teams_by_id.get(team_id)
        return team.name if team is not None else team_id


def _owners_by_team(
    catalog: CatalogReading, claims: Mapping[EntityRef, KeyClaim], organisation: Organisation
) -> Mapping[str, tuple[str, ...]]:
    """Return the groups that claim each team, by the id of the team: those that own most entities that claim a key first."""
    owning = Counter(each.subject.owner for each in catalog.entities if claims[each.subject.ref].claimed is not None)
    groups: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for owner in dict.fromkeys((*owning, *catalog.groups, *(each.subject.owner for each in catalog.entities))):
        team = owner_team(owner, organisation)
        if team is not None and owner.ref is not None:
            groups[team.id][str(owner.ref)] = owning[owner]
    return {team_id: tuple(sorted(counts, key=lambda ref: (-counts[ref], ref))) for team_id, counts in groups.items()}


def annotation_for(name: str) -> str | None:
    """Return the line of YAML that claims the key `name`, indented for `metadata.annotations`.

    None for a name that no annotation can hold, since `read_claims` would not take it.
    """
    if read_claims({GATEWAY_KEY_NAME: name}).gateway_key_name is None:
        return None
    plain = _PLAIN.fullmatch(name) and name.lower() not in _WORDS
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    text = name if plain else f'"{escaped}"'
    return f"    {GATEWAY_KEY_NAME}: {text}"


def _bounded(items: Sequence[T]) -> tuple[tuple[T, ...], int]:
    return tuple(items[:MOST_LISTED]), max(len(items) - MOST_LISTED, 0)
