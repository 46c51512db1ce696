"""One entity's assessment: every finding from facts, and what holds for any facts at all."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.keeptrusts.facts import (
    Activity,
    ActivityToday,
    Cause,
    Configuration,
    GatewayKey,
    Reading,
    SpendToday,
    Team,
    Wallet,
    WalletScope,
)
from bff.status.claims import DAILY_BUDGET, GATEWAY_KEY_NAME, POLICY_TIER, Owner
from bff.status.findings import Code, Severity, State
from bff.status.wire import GovernanceStatus
from bff.values import EntityRef, Money

from .conftest import KEY, MIDNIGHT, NOON, Scenario, wallet

SCENARIO = Scenario()
EVERY_FINDING: dict[Code, Scenario] = {
    Code.ANNOTATION_MISSING: SCENARIO.annotated(key=None),
    Code.ANNOTATION_INVALID: SCENARIO.annotated(budget="5,00"),
    Code.KEY_NOT_FOUND: SCENARIO.annotated(key="unheard-of"),
    Code.KEY_REVOKED: SCENARIO.but(keys=Reading((replace(KEY, revoked=True),), NOON)),
    Code.KEY_EXPIRED: SCENARIO.but(keys=Reading((replace(KEY, expires_at=NOON),), NOON)),
    Code.KEY_EXPIRING: SCENARIO.but(keys=Reading((replace(KEY, expires_at=NOON + timedelta(days=2)),), NOON)),
    Code.OWNER_MISMATCH: SCENARIO.annotated(key="others-key"),
    Code.TIER_UNDECLARED: SCENARIO.annotated(tier=None),
    Code.TIER_DRIFT: SCENARIO.annotated(tier="tier-2-internal"),
    Code.TIER_UNENFORCED: SCENARIO.but(configurations=Reading((), NOON)),
    Code.WALLET_MISSING: SCENARIO.but(wallets=Reading((), NOON)),
    Code.WALLET_LOW: SCENARIO.but(wallets=Reading((wallet("50"),), NOON)),
    Code.WALLET_DEPLETED: SCENARIO.but(wallets=Reading((wallet("0"),), NOON)),
    Code.BUDGET_NEAR: SCENARIO.having_spent("499"),
    Code.BUDGET_EXCEEDED: SCENARIO.having_spent("501"),
    Code.BUDGET_PACE: SCENARIO.having_spent("360"),
    Code.MONTH_BUDGET_NEAR: SCENARIO.annotated(month="1200").after(),
    Code.MONTH_BUDGET_EXCEEDED: SCENARIO.annotated(month="900").after(),
    Code.MONTH_BUDGET_PACE: SCENARIO.annotated(month="2000").after(),
    Code.SPEND_UNUSUAL: SCENARIO.after(700, models={"tok_1": {"gpt-4o": (0,) * 30 + (600 * 10**12, 0), "": (1,) * 32}}),
    Code.SPEND_INCOMPLETE: SCENARIO.having_spent("1", missing="no event has been read yet"),
    Code.CATALOG_DENIED: SCENARIO.but(owner=replace(SCENARIO.owner, unreadable=True, denied=True)),
    Code.DATA_STALE: SCENARIO.but(keys=replace(SCENARIO.keys, cause=Cause.UNAVAILABLE)),
    Code.UPSTREAM_UNAVAILABLE: SCENARIO.but(keys=Reading(None, cause=Cause.UNAVAILABLE)),
    Code.UPSTREAM_DENIED: SCENARIO.but(keys=Reading(None, cause=Cause.DENIED)),
    Code.UPSTREAM_CONTRACT: SCENARIO.but(keys=Reading(None, cause=Cause.CONTRACT)),
}


OF_FACTS = [code for code in Code if code not in {Code.NUMBERS_WITHHELD, Code.TRUNCATED}]
"""Codes that an assessment finds; whether amounts are withheld depends on who sees it, and only lists can be truncated."""


@pytest.mark.parametrize("code", OF_FACTS)
def test_every_finding_comes_from_facts(code: Code) -> None:
    """One thing out of order makes its finding, with what to do about it."""
    finding = EVERY_FINDING[code].finding(code)
    assert finding.severity is code.severity
    assert finding.message.endswith((".", "…"))
    assert finding.hint


NOT_ALONE = {Code.BUDGET_NEAR, Code.BUDGET_PACE, Code.MONTH_BUDGET_NEAR}


@pytest.mark.parametrize("code", [code for code in OF_FACTS if code not in NOT_ALONE])
def test_one_thing_out_of_order_makes_one_finding(code: Code) -> None:
    """No mistake makes two findings; only a budget that is nearly used up may run out as well."""
    assert EVERY_FINDING[code].codes() == [code]


def test_all_in_order_is_ok() -> None:
    """Every section is there and nothing is found."""
    status = SCENARIO.assess()
    assert (status.state, status.findings) == (State.OK, ())
    assert None not in (
        status.gateway_key,
        status.policy_tier,
        status.team,
        status.budget,
        status.wallet,
        status.activity,
    )


def test_an_entity_without_key_is_unconfigured_and_shows_nothing() -> None:
    """Its other annotations mean nothing yet."""
    status = SCENARIO.annotated(key=None, budget="5,00").assess()
    assert status.state is State.UNCONFIGURED
    sections = (status.gateway_key, status.policy_tier, status.team, status.budget, status.wallet, status.activity)
    assert sections == (None,) * 6
    assert [finding.code for finding in status.findings] == [Code.ANNOTATION_MISSING]


@pytest.mark.parametrize(
    ("scenario", "limit"),
    [
        (SCENARIO, "budget"),
        (SCENARIO.but(wallets=Reading((wallet("399.99"),), NOON)), "wallet"),
        (SCENARIO.annotated(budget=None), "wallet"),
        (SCENARIO.but(wallets=Reading(None, cause=Cause.DENIED)), "budget"),
        (SCENARIO.annotated(budget=None).but(wallets=Reading((), NOON)), None),
    ],
)
def test_the_tightest_limit_is_the_smaller_rest(scenario: Scenario, limit: str | None) -> None:
    """What is left of the budget against what is left in the wallet, as far as either is known."""
    assert scenario.assess().tightest_limit == limit


def test_the_wire_has_the_names_of_the_design() -> None:
    """Clients read camelCase names and amounts as text."""
    body = json.loads(SCENARIO.assess().model_dump_json())
    assert body["entityRef"] == "component:default/customer-support-bot"
    assert body["budget"]["spent"] == {"amount": "100", "currency": "USD"}
    assert body["budget"]["usedRatio"] == 0.2
    assert body["links"] == {
        "console": "https://console.example/settings/teams/team_1",
        "gateway": "https://gateway.example",
    }
    assert body["freshness"] == {
        "observedAt": "2026-03-10T12:00:00Z",
        "assessedAt": "2026-03-10T12:00:00Z",
        "stale": False,
    }


# Few names, so that they meet; hostile ones among them.
names = st.sampled_from(
    ["support-key", "others-key", "support-team", "team_1", "tok_1", "..", "a/b?c#d", "\u202e", "'"]
)
ids = st.sampled_from(["tok_1", "team_1", "team_777", "wal_1", "..", "/"])
instants = st.one_of(
    st.none(),
    st.sampled_from([NOON, MIDNIGHT, NOON + timedelta(days=3)]),
    st.datetimes(timezones=st.timezones()),
)
moments = st.sampled_from([NOON, MIDNIGHT, NOON - timedelta(days=1), NOON + timedelta(minutes=1)])
amounts = st.one_of(
    st.sampled_from(["0", "1", "499.999999", "500"]).map(Decimal),
    st.decimals("-999999999999999", "999999999999999", places=18),
)
details = st.text(max_size=20)
counts = st.builds(Activity, *(st.integers(0, 99),) * 4, last_request_at=instants)


def readings(values: st.SearchStrategy[object]) -> st.SearchStrategy[Reading[object]]:
    """A part of the facts in any condition."""
    return st.builds(
        Reading, st.none() | values, st.none() | moments, st.none() | st.sampled_from(Cause), st.booleans(), details
    )


@st.composite
def wallets(draw: st.DrawFn) -> Wallet:
    """A wallet of anybody, in one currency."""
    currency = draw(st.sampled_from(["USD", "EUR"]))
    money = [Money(draw(amounts), currency) for _ in range(4)]
    status = draw(st.sampled_from(["healthy", "low", "depleted", "?"]))
    return Wallet(draw(ids), draw(st.sampled_from(WalletScope)), draw(st.none() | ids), *money, status=status)


some = {"max_size": 3}
scenarios = st.builds(
    Scenario,
    annotations=st.dictionaries(
        st.sampled_from([GATEWAY_KEY_NAME, POLICY_TIER, DAILY_BUDGET]),
        names | st.sampled_from(["0", "500", "tier-2-internal"]) | st.text(alphabet=st.characters(), max_size=5),
    ),
    owner=st.builds(
        Owner,
        st.none() | st.sampled_from(["group:support-team", "user:guest", "group:x"]).map(EntityRef.parse),
        st.none() | names | st.text(alphabet=st.characters(), max_size=5),
        st.booleans(),
    ),
    rules=st.builds(
        replace,
        st.just(SCENARIO.rules),
        timezone=st.timezones(),
        ownership_enforced=st.booleans(),
        stale=st.booleans(),
    ),
    teams=readings(st.lists(st.builds(Team, ids, names, st.none() | names), **some).map(tuple)),
    keys=readings(
        st.lists(
            st.builds(GatewayKey, ids, names, st.none() | ids, st.booleans(), st.none() | names, instants, instants, instants),
            **some,
        ).map(tuple)
    ),
    configurations=readings(
        st.lists(st.builds(Configuration, ids, names, st.none() | ids, names, st.booleans(), instants), **some).map(tuple)
    ),
    wallets=readings(st.lists(wallets(), **some).map(tuple)),
    spend=readings(
        st.builds(
            SpendToday,
            st.sampled_from([MIDNIGHT.date(), MIDNIGHT.date() - timedelta(days=1)]),
            st.dictionaries(ids, amounts.map(Money), **some),
            st.dictionaries(ids, amounts.map(Money), **some),
            st.none() | details,
            st.dictionaries(ids, details, **some),
        )
    ),
    activity=readings(
        st.builds(
            ActivityToday,
            moments,
            st.dictionaries(ids, counts, **some),
            st.dictionaries(ids, counts, **some),
            st.booleans(),
        )
    ),
)  # fmt: skip


def expected_state(status: GovernanceStatus) -> set[State]:
    """The state that the findings on the wire make, where the facts that decide could be had."""
    if any(finding.code is Code.ANNOTATION_MISSING for finding in status.findings):
        return {State.UNCONFIGURED}
    if any(finding.severity is Severity.ERROR for finding in status.findings):
        return {State.ERROR, State.UNKNOWN}
    return {State.WARNING, State.UNKNOWN} if status.findings else {State.OK}


@given(scenarios)
def test_anything_can_be_assessed(scenario: Scenario) -> None:
    """Whatever annotations and facts hold, there is an answer, it is JSON, and the same each time."""
    body = scenario.assess().model_dump_json()
    assert json.loads(body)["state"] in set(State)
    assert scenario.assess().model_dump_json() == body


@given(scenarios)
def test_the_state_is_the_worst_finding(scenario: Scenario) -> None:
    """Or unknown, which a finding then explains."""
    status = scenario.assess()
    assert status.state in expected_state(status)


@given(scenarios)
def test_findings_come_worst_first(scenario: Scenario) -> None:
    """Errors before warnings, each in the order of codes."""
    order = list(Code)
    weights = [
        (finding.severity is not Severity.ERROR, order.index(finding.code)) for finding in scenario.assess().findings
    ]
    assert weights == sorted(weights)


@given(scenarios)
def test_every_message_is_one_bounded_printable_line(scenario: Scenario) -> None:
    """Names that break lines or turn text around do not reach a reader."""
    for finding in scenario.assess().findings:
        assert finding.message.isprintable()
        assert len(finding.message) < 4000


@given(scenarios)
def test_a_section_is_there_or_a_finding_says_why_not(scenario: Scenario) -> None:
    """Nothing is left out in silence."""
    status = scenario.assess()
    sections = (status.gateway_key, status.policy_tier, status.budget, status.wallet, status.activity)
    assert status.findings or None not in sections or not scenario.rules.ownership_enforced


@given(scenarios)
def test_a_withheld_key_withholds_its_sections(scenario: Scenario) -> None:
    """Team, budget, wallet, activity and the enforced tier go with it."""
    status = scenario.ruled(ownership_enforced=True).assess()
    shown = (status.team, status.budget, status.wallet, status.activity)
    if status.gateway_key is not None and status.gateway_key.state == "withheld":
        assert shown == (None,) * 4
        assert status.policy_tier is None or status.policy_tier.enforced is None
        assert status.gateway_key.model_dump(exclude_none=True, by_alias=False).keys() == {"declared", "state"}


@given(
    owner=st.sampled_from(
        [SCENARIO.owner, Owner(), Owner(SCENARIO.owner.ref, unreadable=True), Owner(SCENARIO.owner.ref, "x")]
    ),
    causes=st.lists(st.none() | st.just(Cause.UNAVAILABLE), min_size=6, max_size=6),
    complete=st.lists(st.booleans(), min_size=6, max_size=6),
)
def test_nothing_of_the_other_team_is_ever_said(owner: Owner, causes: list[Cause | None], complete: list[bool]) -> None:
    """No digit and no name of theirs is in the answer to an entity that copied the name of their key, whatever could not be read."""
    scenario = SCENARIO.annotated(key="others-key").but(owner=owner)
    parts = ("teams", "keys", "configurations", "wallets", "spend", "activity")
    weather = {
        part: replace(getattr(scenario, part), cause=cause, complete=whole)
        for part, cause, whole in zip(parts, causes, complete, strict=True)
    }
    body = scenario.but(**weather).assess().model_dump_json()
    assert "7" not in body.replace("2026-03-10T", "")
    assert "team-of-others" not in body
