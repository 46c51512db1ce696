"""The facts of an organisation, with indexes for what one entity needs.

The indexes are made once for each snapshot, so that the cost of an assessment does not grow with the organisation.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from bff.keeptrusts.facts import Configuration, Facts, GatewayKey, Reading, Team, Wallet, WalletScope
from bff.values import USD

T = TypeVar("T")

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Organisation:
    """Facts and the indexes over them. A lookup in a part that could not be read finds nothing; ask `facts` for the cause.

    keys_by_name            all keys of one name, newest first
    keys_of_team            the same within one team, by (name, team id)
    teams_by_name           by the exact name; a name that two teams share, one of which may have been left out because its row
                            could not be read, is in none of the indexes of names
    teams_by_folded_name    by the name in lower case, in which Backstage gives the names of groups
    configurations          the enabled configuration of a team; the newest where there are several
    wallets                 the wallet of a team; the one in USD where there are several
    organisation_wallets    the organisation's wallets that have money, by currency
    nameless_activity       teams with requests that name no key of theirs: counts by key are lower bounds there
    """

    facts: Facts
    keys_by_name: Mapping[str, tuple[GatewayKey, ...]]
    keys_of_team: Mapping[tuple[str, str], tuple[GatewayKey, ...]]
    teams_by_id: Mapping[str, Team]
    teams_by_name: Mapping[str, Team]
    teams_by_folded_name: Mapping[str, Team]
    teams_by_slug: Mapping[str, Team]
    configurations: Mapping[str, Configuration]
    wallets: Mapping[str, Wallet]
    organisation_wallets: Mapping[str, Wallet]
    nameless_activity: frozenset[str]

    @classmethod
    def of(cls, facts: Facts) -> Organisation:
        """Arrange `facts`."""
        keys = sorted(_items(facts.keys), key=_newest_first)
        teams = _items(facts.teams)
        unread = [name for row in facts.teams.rejected if (name := row.known.get("name")) is not None]
        wallets = _items(facts.wallets)
        return cls(
            facts=facts,
            keys_by_name=_grouped((key.name, key) for key in keys),
            keys_of_team=_grouped(((key.name, key.team_id), key) for key in keys if key.team_id is not None),
            teams_by_id={team.id: team for team in teams},
            teams_by_name=_unique(((team.name, team) for team in teams), unread),
            teams_by_folded_name=_unique(
                ((team.name.lower(), team) for team in teams), [name.lower() for name in unread]
            ),
            teams_by_slug=_unique((team.slug, team) for team in teams if team.slug is not None),
            configurations=_enabled_configurations(facts),
            wallets=_team_wallets(wallets),
            organisation_wallets=_organisation_wallets(wallets),
            nameless_activity=_nameless_activity(facts),
        )


def _items(reading: Reading[tuple[T, ...]]) -> tuple[T, ...]:
    return reading.value or ()


def _newest_first(item: GatewayKey | Configuration) -> tuple[float, str]:
    # The id decides where times are equal, so that the same facts always give the same answer.
    return -((item.created_at or _LONG_AGO) - _LONG_AGO).total_seconds(), item.id


K = TypeVar("K")


def _grouped(pairs: Iterable[tuple[K, T]]) -> dict[K, tuple[T, ...]]:
    groups: defaultdict[K, list[T]] = defaultdict(list)
    for name, item in pairs:
        groups[name].append(item)
    return {name: tuple(items) for name, items in groups.items()}


def _unique(pairs: Iterable[tuple[str, Team]], unread: Iterable[str] = ()) -> dict[str, Team]:
    # A name of two teams stands for neither: which team's money is shown must not depend on the order of a list.
    others = frozenset(unread)
    return {name: teams[0] for name, teams in _grouped(pairs).items() if len(teams) == 1 and name not in others}


def _enabled_configurations(facts: Facts) -> dict[str, Configuration]:
    newest: dict[str, Configuration] = {}
    for configuration in sorted(_items(facts.configurations), key=_newest_first):
        if configuration.enabled and configuration.team_id is not None:
            newest.setdefault(configuration.team_id, configuration)
    return newest


def _team_wallets(wallets: Iterable[Wallet]) -> dict[str, Wallet]:
    chosen: dict[str, Wallet] = {}
    for wallet in sorted(wallets, key=lambda wallet: (wallet.available.currency != USD, wallet.id)):
        if wallet.scope is WalletScope.TEAM and wallet.team_id is not None:
            chosen.setdefault(wallet.team_id, wallet)
    return chosen


def _organisation_wallets(wallets: Iterable[Wallet]) -> dict[str, Wallet]:
    return {
        wallet.available.currency: wallet
        for wallet in wallets
        if wallet.scope is WalletScope.ORGANIZATION
        and wallet.available.amount > 0
        and wallet.status.lower() != "depleted"
    }


def _nameless_activity(facts: Facts) -> frozenset[str]:
    activity = facts.activity.value
    if activity is None:
        return frozenset()
    named: Counter[str] = Counter()
    for key in _items(facts.keys):
        if key.team_id is not None and key.id in activity.by_key:
            named[key.team_id] += activity.by_key[key.id].requests
    return frozenset(team_id for team_id, count in activity.by_team.items() if count.requests > named[team_id])
