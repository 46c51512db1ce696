"""Findings carry the values of their sentences, where a client's own sentence says the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given

from bff.keeptrusts.facts import Cause, Configuration, Reading, RejectedRow
from bff.status.claims import Owner
from bff.status.findings import Code, Finding, params
from bff.values import CurrencyMismatchError, EntityRef, Money

from .conftest import KEY, MIDNIGHT, NOON, Scenario, usd, wallet
from .test_assessment import EVERY_FINDING, OF_FACTS, SCENARIO, scenarios

PARTS = ("teams", "keys", "configurations", "wallets", "spend", "activity")
TIER = "tier-3-customer-facing"

EXPECTED: dict[Code, Mapping[str, str] | None] = {
    Code.ANNOTATION_MISSING: {},
    Code.ANNOTATION_INVALID: {
        "annotation": "keeptrusts.dev/daily-budget",
        "value": "5,00",
        "expected": "amount",
        "digits": "12",
        "decimals": "6",
    },
    Code.KEY_NOT_FOUND: {"key": "unheard-of"},
    Code.KEY_REVOKED: {"key": "support-key"},
    Code.KEY_EXPIRED: {"key": "support-key", "expiresAt": "2026-03-10T12:00:00Z"},
    Code.KEY_EXPIRING: {"key": "support-key", "expiresAt": "2026-03-12T12:00:00Z"},
    Code.OWNER_MISMATCH: {"key": "others-key", "owner": "group:default/support-team"},
    Code.TIER_UNDECLARED: {},
    Code.TIER_DRIFT: {"declared": "tier-2-internal", "enforced": TIER},
    Code.TIER_UNENFORCED: {"declared": TIER},
    Code.WALLET_MISSING: {"team": "support-team"},
    Code.WALLET_LOW: {"available": "50", "currency": "USD"},
    Code.WALLET_DEPLETED: {},
    Code.BUDGET_NEAR: {"spent": "499", "budget": "500", "ratio": "0.998", "currency": "USD"},
    Code.BUDGET_EXCEEDED: {"spent": "501", "budget": "500", "currency": "USD"},
    Code.BUDGET_PACE: {"exhaustsAt": "2026-03-10T16:40:00Z", "resetsAt": "2026-03-11T00:00:00Z"},
    Code.MONTH_BUDGET_NEAR: {"spent": "1000", "budget": "1200", "ratio": "0.8333", "currency": "USD"},
    Code.MONTH_BUDGET_EXCEEDED: {"spent": "1000", "budget": "900", "currency": "USD"},
    Code.MONTH_BUDGET_PACE: {"likely": "3150", "low": "3150", "high": "3150", "budget": "2000", "currency": "USD"},
    Code.SPEND_UNUSUAL: {
        "date": "2026-03-09",
        "spent": "700",
        "usual": "100",
        "model": "gpt-4o",
        "currency": "USD",
    },
    Code.SPEND_INCOMPLETE: None,
    Code.CATALOG_DENIED: {},
    Code.DATA_STALE: {"since": "2026-03-10T12:00:00Z"},
    Code.UPSTREAM_UNAVAILABLE: None,
    Code.UPSTREAM_DENIED: None,
    Code.UPSTREAM_CONTRACT: None,
}


def outage(**observed: datetime) -> Scenario:
    """A scenario where all parts are old, read at noon or when `observed` says."""
    parts = {part: replace(getattr(SCENARIO, part), cause=Cause.UNAVAILABLE) for part in PARTS}
    return SCENARIO.but(**{part: replace(parts[part], observed_at=observed.get(part, NOON)) for part in parts})


# Worlds whose finding has a sentence that the one of a client can say.
PLAIN = EVERY_FINDING | {
    Code.WALLET_MISSING: SCENARIO.but(wallets=Reading((wallet("50", team=None),), NOON)),
    Code.DATA_STALE: outage(),
}


@pytest.mark.parametrize("code", OF_FACTS)
def test_params_hold_what_the_sentence_says(code: Code) -> None:
    """Names, amounts and times are those of the English message, and there are no others."""
    assert PLAIN[code].finding(code).params == EXPECTED[code]


@pytest.mark.parametrize(
    ("code", "scenario"),
    [
        pytest.param(
            Code.KEY_EXPIRED,
            SCENARIO.but(keys=Reading((replace(KEY, expired=True),), NOON)),
            id="the time is not known",
        ),
        pytest.param(
            Code.OWNER_MISMATCH,
            SCENARIO.but(owner=Owner(EntityRef("group", "default", "x"))),
            id="the owner has no team",
        ),
        pytest.param(
            Code.TIER_UNDECLARED,
            SCENARIO.annotated(tier=None).but(
                configurations=Reading((Configuration("c", "c", "team_1", "a\nb", enabled=True),), NOON)
            ),
            id="the enforced tier cannot be declared",
        ),
        pytest.param(
            Code.TIER_UNENFORCED,
            SCENARIO.annotated(tier="odd").but(configurations=Reading((), NOON)),
            id="the declared tier cannot be read",
        ),
        pytest.param(Code.WALLET_MISSING, SCENARIO.but(wallets=Reading((), NOON)), id="requests are held"),
        pytest.param(
            Code.WALLET_LOW,
            SCENARIO.but(wallets=Reading((wallet("0"), wallet("50", team=None)), NOON)),
            id="the wallet is empty and the organisation pays",
        ),
        pytest.param(
            Code.WALLET_DEPLETED,
            SCENARIO.but(wallets=Reading((wallet("0"),), NOON, complete=False)),
            id="the organisation may pay",
        ),
        pytest.param(Code.BUDGET_NEAR, SCENARIO.having_spent("450", missing="late"), id="at least near"),
        pytest.param(Code.BUDGET_EXCEEDED, SCENARIO.having_spent("501", missing="late"), id="at least exceeded"),
        pytest.param(
            Code.BUDGET_EXCEEDED,
            SCENARIO.having_spent("499", unattributed_by_team={"team_1": usd(2)}),
            id="the team's nameless requests count",
        ),
        pytest.param(Code.BUDGET_EXCEEDED, SCENARIO.having_spent("500"), id="all is spent and no more"),
        pytest.param(
            Code.MONTH_BUDGET_EXCEEDED,
            SCENARIO.annotated(month="900").after(incomplete=(MIDNIGHT.date() - timedelta(days=1),)),
            id="the month is a lower bound",
        ),
        pytest.param(
            Code.MONTH_BUDGET_NEAR,
            SCENARIO.annotated(month="1200").after(unattributed_by_team={"team_1": (0,) * 30 + (1,)}),
            id="the team's nameless requests count in the month",
        ),
        pytest.param(
            Code.BUDGET_PACE,
            SCENARIO.having_spent("360").but(now=NOON + timedelta(hours=6)),
            id="the moment has passed",
        ),
        pytest.param(
            Code.DATA_STALE,
            SCENARIO.but(wallets=replace(SCENARIO.wallets, cause=Cause.UNAVAILABLE)),
            id="a part is old",
        ),
    ],
)
def test_a_sentence_that_says_more_has_no_params(code: Code, scenario: Scenario) -> None:
    """A client would say less than the message, or what is not so: it shows the message."""
    assert scenario.finding(code).params is None


def test_a_hidden_organisation_wallet_has_no_params() -> None:
    """A row that cannot be read may be the wallet that pays, so that nothing is said without a condition."""
    row = RejectedRow("data.1", "data.1.balance", "must be a number", {"scope": "organization", "team_id": None})
    scenario = SCENARIO.but(wallets=replace(SCENARIO.wallets, value=(wallet("0"),), rejected=(row,), rejected_count=1))
    assert scenario.finding(Code.WALLET_DEPLETED).params is None


def test_an_outage_lasts_since_the_last_answer() -> None:
    """Keeptrusts answered when its newest part was read, however old the others are."""
    scenario = outage(teams=NOON - timedelta(minutes=9), spend=NOON - timedelta(minutes=5))
    assert scenario.finding(Code.DATA_STALE).params == {"since": "2026-03-10T12:00:00Z"}


AMOUNTS = {"spent", "budget", "available", "usual", "ratio", "currency"}


@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(SCENARIO.annotated(key="others-key"), id="another team's key"),
        pytest.param(SCENARIO.but(owner=Owner(EntityRef("group", "default", "x"))), id="an owner without a team"),
        pytest.param(SCENARIO.but(owner=replace(SCENARIO.owner, unreadable=True)), id="an owner who cannot be read"),
    ],
)
def test_params_hold_no_amount_where_numbers_are_withheld(scenario: Scenario) -> None:
    """Neither the spend nor the wallet comes in through a finding, although both are out of order."""
    scenario = scenario.having_spent("501").but(wallets=Reading((wallet("50"), wallet("7", team="team_777")), NOON))
    status = scenario.assess()
    assert status.gateway_key is not None
    assert status.gateway_key.state == "withheld"
    assert [finding.code for finding in status.findings if AMOUNTS & set(finding.params or {})] == []


@given(scenarios)
def test_params_hold_no_amount_of_a_section_that_is_not_shown(scenario: Scenario) -> None:
    """Whatever the facts are, a finding has the amounts of the sections beside it and no others."""
    status = scenario.assess()
    shown = {"spent", "budget", "ratio"} if status.budget is not None else set()
    shown |= {"available"} if status.wallet is not None else set()
    given_names = {name for finding in status.findings for name in finding.params or {}}
    assert given_names & AMOUNTS - {"currency"} <= shown


@given(scenarios)
def test_params_are_printable(scenario: Scenario) -> None:
    """Names that break lines or turn text around do not reach a reader in another language either."""
    assert all(
        value.isprintable() for finding in scenario.assess().findings for value in (finding.params or {}).values()
    )


def test_text_that_cannot_be_printed_gives_no_params() -> None:
    """The message shows it escaped."""
    assert params(team="support\u202eteam") is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Names stay, even 'quoted'", "Names stay, even 'quoted'"),
        (Decimal("0.99999"), "0.9999"),
        (Decimal("1E-9"), "0"),
        (Decimal("1E+3"), "1000"),
        (datetime(2026, 3, 10, 13, tzinfo=timezone(timedelta(hours=1))), "2026-03-10T12:00:00Z"),
        (datetime.max.replace(tzinfo=UTC), "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_values_are_written_as_the_wire_has_them(value: str | Decimal | datetime, text: str) -> None:
    """A ratio is a plain decimal that is never rounded up, a time is in UTC, a name is as it is."""
    assert params(a_value=value) == {"aValue": text}


def test_money_keeps_every_digit_and_names_its_currency_once() -> None:
    """No amount is rounded or written with an exponent."""
    spent, budget = Money(Decimal("0.000000000001"), "EUR"), Money(Decimal("5E+2"), "EUR")
    assert params(spent=spent, budget=budget) == {"spent": "0.000000000001", "budget": "500", "currency": "EUR"}


def test_amounts_of_two_currencies_are_refused() -> None:
    """One `currency` cannot be that of both."""
    with pytest.raises(CurrencyMismatchError, match="spent, budget"):
        params(spent=Money(Decimal(1), "EUR"), budget=Money(Decimal(1)))


def test_equal_findings_have_equal_hashes() -> None:
    """A finding can be the member of a set, with params too."""
    assert len({Finding(Code.KEY_REVOKED, "said", None, params(key=name)) for name in ("a", "a", "b")}) == 2
