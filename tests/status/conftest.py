"""An organisation in order, and what it takes to bring one thing in it out of order."""

# ruff: noqa: RUF009 - the defaults are values that never change

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from bff.keeptrusts.facts import (
    Activity,
    ActivityToday,
    Configuration,
    Facts,
    GatewayKey,
    Reading,
    SpendDays,
    SpendHistory,
    SpendToday,
    Team,
    Wallet,
    WalletScope,
)
from bff.ledger.recent import CLOSED_DAYS
from bff.spend.report import report_spend
from bff.status.assessment import assess
from bff.status.claims import DAILY_BUDGET, GATEWAY_KEY_NAME, MONTHLY_BUDGET, POLICY_TIER, Owner, Subject
from bff.status.findings import Code, Rules
from bff.status.organisation import Organisation
from bff.status.wire import Finding, GovernanceStatus, SpendReport
from bff.values import EntityRef, Money

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 10, tzinfo=UTC)

KEY = GatewayKey(
    "tok_1", "support-key", "team_1", revoked=False, prefix="kt_gk_ab12", created_at=NOON - timedelta(days=90)
)
# Whatever is the other team's has a 7 in each of its digits, so that it is recognised wherever it turns up.
OTHERS_KEY = GatewayKey(
    "tok_777",
    "others-key",
    "team_777",
    revoked=False,
    prefix="kt_gk_7777",
    created_at=datetime(1977, 7, 7, 7, 7, 7, tzinfo=UTC),
)


def usd(amount: str | int | Decimal) -> Money:
    """So many US dollars."""
    return Money(Decimal(amount))


def wallet(
    available: str = "900",
    *,
    team: str | None = "team_1",
    status: str = "healthy",
    allocated: str = "1000",
    currency: str = "USD",
) -> Wallet:
    """A wallet of `team`, or the organisation's where that is None."""
    return Wallet(
        id=f"wal_{team or 'org'}_{currency}",
        scope=WalletScope.TEAM if team else WalletScope.ORGANIZATION,
        team_id=team,
        available=Money(Decimal(available), currency),
        reserved=Money(Decimal(0), currency),
        allocated=Money(Decimal(allocated), currency),
        spent=Money(Decimal(allocated) - Decimal(available), currency),
        status=status,
    )


OTHERS_WALLET = wallet("7777.77", team="team_777", allocated="77777.77")


@dataclass(frozen=True)
class Scenario:
    """An entity of `support-team` whose key, tier, budget and wallet are in order at noon, half-way through its day."""

    annotations: Mapping[str, str] = field(
        default_factory=lambda: {
            GATEWAY_KEY_NAME: "support-key",
            POLICY_TIER: "tier-3-customer-facing",
            DAILY_BUDGET: "500",
        }
    )
    owner: Owner = Owner(EntityRef("group", "default", "support-team"))
    rules: Rules = Rules(ZoneInfo("UTC"), console_url="https://console.example", gateway_url="https://gateway.example")
    now: datetime = NOON
    teams: Reading[tuple[Team, ...]] = Reading(
        (Team("team_1", "support-team"), Team("team_777", "team-of-others")), NOON
    )
    keys: Reading[tuple[GatewayKey, ...]] = Reading((KEY, OTHERS_KEY), NOON)
    configurations: Reading[tuple[Configuration, ...]] = Reading(
        (
            Configuration("cfg_1", "support", "team_1", "tier-3-customer-facing", enabled=True),
            Configuration("cfg_777", "others", "team_777", "tier-777-others", enabled=True),
        ),
        NOON,
    )
    wallets: Reading[tuple[Wallet, ...]] = Reading((wallet(), OTHERS_WALLET), NOON)
    spend: Reading[SpendToday] = Reading(
        SpendToday(MIDNIGHT.date(), by_key={"tok_1": usd(100), "tok_777": usd("777.7777")}), NOON
    )
    activity: Reading[ActivityToday] = Reading(
        ActivityToday(
            MIDNIGHT,
            by_key={"tok_1": Activity(12, 3, 2, 1, NOON), "tok_777": Activity(7777, 777, 777, 777, NOON)},
            by_team={"team_1": Activity(12), "team_777": Activity(7777)},
        ),
        NOON,
    )

    days: Reading[SpendDays] = Reading(None)

    def but(self, **changes: Any) -> Scenario:
        """The same scenario with these parts in place of its own."""
        return replace(self, **changes)

    def annotated(self, **changes: str | None) -> Scenario:
        """The same scenario with the `key`, `tier`, `budget` or `month` annotation changed, or left out where None."""
        names = {"key": GATEWAY_KEY_NAME, "tier": POLICY_TIER, "budget": DAILY_BUDGET, "month": MONTHLY_BUDGET}
        merged = {**self.annotations, **{names[name]: value for name, value in changes.items()}}
        return self.but(annotations={name: value for name, value in merged.items() if value is not None})

    def ruled(self, **changes: Any) -> Scenario:
        """The same scenario with these rules changed."""
        return self.but(rules=replace(self.rules, **changes))

    def having_spent(self, amount: str, **changes: Any) -> Scenario:
        """The same scenario where the key has spent `amount` today; `changes` go to the day's spend."""
        spend = SpendToday(MIDNIGHT.date(), by_key={"tok_1": usd(amount)})
        return self.but(spend=Reading(replace(spend, **changes), NOON))

    def after(self, *last: int, **changes: Any) -> Scenario:
        """The same scenario where the key has spent 100 USD on each of 31 closed days, but `last` on the last of them.

        `changes` go to the closed days.
        """
        dollars = (100,) * (CLOSED_DAYS - len(last)) + last
        days = SpendDays(
            MIDNIGHT.date() - timedelta(days=CLOSED_DAYS),
            CLOSED_DAYS,
            by_key={"tok_1": tuple(amount * 10**12 for amount in dollars)},
        )
        return self.but(days=Reading(replace(days, **changes), NOON))

    @property
    def facts(self) -> Facts:
        """All parts."""
        return Facts(self.teams, self.keys, self.configurations, self.wallets, self.spend, self.activity, self.days)

    @property
    def organisation(self) -> Organisation:
        """The facts, arranged."""
        return Organisation.of(self.facts)

    @property
    def subject(self) -> Subject:
        """The entity."""
        return Subject(EntityRef("component", "default", "customer-support-bot"), self.annotations, self.owner)

    def assess(self) -> GovernanceStatus:
        """The assessment of the entity."""
        return assess(self.subject, self.organisation, self.now, self.rules)

    def report(self, history: SpendHistory | None, *, days: int = 7) -> SpendReport:
        """The spend report of the entity."""
        return report_spend(self.subject, self.organisation, history, days=days, now=self.now, rules=self.rules)

    def codes(self) -> list[Code]:
        """The codes of all findings, in their order."""
        return [finding.code for finding in self.assess().findings]

    def finding(self, code: Code) -> Finding:
        """The one finding of `code`."""
        (finding,) = (finding for finding in self.assess().findings if finding.code is code)
        return finding
