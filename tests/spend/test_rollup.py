"""A roll-up adds each key once, however many claim it, and says what is missing of its total."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.keeptrusts.facts import Cause, GatewayKey, KeyDays, ModelSpend, Reading, SpendOfKeys, Team
from bff.spend.rollup import Member, Period, keys_shown, plain, roll_up
from bff.status.claims import DAILY_BUDGET, GATEWAY_KEY_NAME, MONTHLY_BUDGET, Owner, Subject
from bff.status.findings import Code, State
from bff.status.key_claims import key_claims
from bff.status.organisation import Organisation
from bff.status.wire import Amount, RollUp
from bff.values import EntityRef, Money
from tests.status.conftest import NOON, Scenario, usd, wallet

TODAY = NOON.date()
ROOT = EntityRef("group", "default", "parent")
DAYS = tuple(TODAY - timedelta(days=ago) for ago in reversed(range(3)))
BEFORE = tuple(TODAY - timedelta(days=ago) for ago in reversed(range(3, 6)))
PERIOD = Period(DAYS, BEFORE)

# Two names in team_1, of which `twice` was rotated, and one of them in team_2 as well.
KEYS = (
    GatewayKey("tok_1", "once", "team_1", revoked=False),
    GatewayKey("tok_2", "twice", "team_1", revoked=True),
    GatewayKey("tok_3", "twice", "team_1", revoked=False),
    GatewayKey("tok_4", "once", "team_2", revoked=False),
)
OWNERS = {"one": Owner(EntityRef("group", "default", "one")), "two": Owner(EntityRef("group", "default", "two"))}
TEAMS = (Team("team_1", "one"), Team("team_2", "two"))
ORGANISATION = Organisation.of(
    replace(
        Scenario().organisation.facts,
        keys=Reading(KEYS, NOON),
        teams=Reading(TEAMS, NOON),
        wallets=Reading((wallet("900", team="team_1"), wallet("50", team="team_2")), NOON),
    )
)


@dataclass(frozen=True)
class Part:
    """A member as a test describes it: its name, its owner, the key it names, and whether its amounts are for the viewer."""

    name: str
    owner: str = "one"
    key: str | None = "once"
    numbers: bool = True
    state: State = State.OK
    budget: str | None = None
    monthly: str | None = None

    @property
    def ref(self) -> EntityRef:
        """Its reference."""
        return EntityRef("component", "default", self.name)

    def member(self, organisation: Organisation) -> Member:
        """The member that the rule takes."""
        written = {GATEWAY_KEY_NAME: self.key, DAILY_BUDGET: self.budget, MONTHLY_BUDGET: self.monthly}
        annotations = {name: value for name, value in written.items() if value is not None}
        subject = Subject(self.ref, annotations, OWNERS[self.owner])
        claim = key_claims([subject], organisation, now=NOON, rules=Scenario().rules)[self.ref]
        return Member(self.ref, claim, self.state, None, self.numbers)


def pico(amount: str) -> int:
    """An amount in 1e-12 USD."""
    return int(Decimal(amount).scaleb(12))


def spend_of(
    by_key: dict[str, str], *, previous: dict[str, str] | None = None, day: date = TODAY, **more: Any
) -> SpendOfKeys:
    """What keys spent on one day, in one request each on one model."""
    total = sum((usd(amount) for amount in by_key.values()), usd(0))
    of_previous = {key_id: usd(amount) for key_id, amount in (previous or {}).items()}
    return SpendOfKeys(
        by_key={
            key_id: KeyDays(tuple(pico(amount) if each == day else 0 for each in DAYS), 1)
            for key_id, amount in by_key.items()
        },
        by_model={"gpt-4o": ModelSpend(total, len(by_key))},
        previous=of_previous,
        by_day={day: total, BEFORE[-1]: sum(of_previous.values(), usd(0))},
        **({"kept_from": BEFORE[0]} | more),
    )


def rolled_up(
    parts: Sequence[Part],
    spend: SpendOfKeys | None,
    *,
    organisation: Organisation = ORGANISATION,
    teams: frozenset[str] | None = None,
    truncated: bool = False,
) -> RollUp:
    """The roll-up of a group with these members."""
    members = [part.member(organisation) for part in parts]
    claims = {member.ref: member.claim for member in members}
    return roll_up(
        ROOT,
        members,
        keys_shown(claims, {part.ref for part in parts if part.numbers}),
        spend,
        organisation,
        period=PERIOD,
        teams=teams,
        truncated=truncated,
        now=NOON,
        rules=Scenario().rules,
    )


def codes(answer: RollUp) -> list[Code]:
    """What is missing."""
    return [finding.code for finding in answer.findings]


ANY_PART = st.builds(
    Part,
    name=st.sampled_from([f"bot-{number}" for number in range(6)]),
    owner=st.sampled_from(["one", "two"]),
    key=st.sampled_from(["once", "twice", "unheard-of", None]),
    numbers=st.booleans(),
    state=st.sampled_from(list(State)),
)
AMOUNTS = st.decimals(min_value=0, max_value=10**6, places=12).map(str)


@given(
    st.lists(ANY_PART, max_size=6, unique_by=lambda part: part.name),
    st.dictionaries(st.sampled_from([key.id for key in KEYS]), AMOUNTS),
)
def test_each_key_counts_once(parts: list[Part], amounts: dict[str, str]) -> None:
    """The total is the sum of the distinct keys of those members whose amounts are shown, and every section adds up to it."""
    ids = {("one", "once"): {"tok_1"}, ("one", "twice"): {"tok_2", "tok_3"}, ("two", "once"): {"tok_4"}}
    wanted = set[str]().union(*(ids.get((part.owner, str(part.key)), set()) for part in parts if part.numbers))
    with_key = [part for part in parts if (part.owner, str(part.key)) in ids]
    seen = {key_id: amount for key_id, amount in amounts.items() if key_id in wanted}
    answer = rolled_up(parts, spend_of(seen))
    expected = sum((Decimal(amount) for amount in seen.values()), Decimal(0))
    withheld = [part for part in with_key if not part.numbers]
    assert answer.withheld == len(withheld)
    assert sum(answer.states.values()) == len(answer.members) == len(parts)
    if withheld and len(withheld) == len(with_key):
        assert (answer.total, answer.by_key, answer.by_day, answer.complete) == (None, None, None, False)
        return
    assert answer.total is not None
    assert Decimal(answer.total.amount) == expected
    assert answer.by_key is not None
    assert answer.by_day is not None
    for amounts_of in (
        [key.spent for key in answer.by_key],
        [day.spent for day in answer.by_day],
        [member.spent for member in answer.members if member.spent is not None],
    ):
        assert sum((Decimal(amount.amount) for amount in amounts_of), Decimal(0)) == expected
    assert all((member.spent is None) is (member.by_day is None) for member in answer.members)
    assert answer.complete is not bool(withheld)


def test_members_come_largest_first_then_worst_first() -> None:
    """Members are in the order of what they spent, then of their states, then of their references."""
    parts = [
        Part("d", key=None, state=State.UNCONFIGURED),
        Part("c", key="twice"),
        Part("b", "two"),
        Part("a", key=None, state=State.ERROR),
    ]
    answer = rolled_up(parts, spend_of({"tok_3": "2", "tok_4": "5"}))
    assert [member.entity_ref for member in answer.members] == [f"component:default/{name}" for name in "bcad"]


def test_truncated_members_make_a_lower_bound() -> None:
    """With members left off the total is a lower bound, and what no member claims cannot be said."""
    spend = spend_of({"tok_1": "1"}, of_teams={"tok_1": usd(1), "tok_3": usd(2)})
    whole = rolled_up([Part("a")], spend, teams=frozenset({"team_1"}))
    cut = rolled_up([Part("a")], spend, teams=frozenset({"team_1"}), truncated=True)
    assert (whole.complete, codes(whole)) == (True, [])
    assert (cut.complete, codes(cut), cut.unclaimed) == (False, [Code.TRUNCATED], None)
    assert whole.unclaimed is not None
    assert whole.unclaimed.amount == "2"


def test_a_key_that_cannot_be_known_makes_a_lower_bound() -> None:
    """While teams cannot be read no key is anybody's: members and total are lower bounds, and a finding says so."""
    facts = replace(ORGANISATION.facts, teams=Reading(None, cause=Cause.UNAVAILABLE))
    answer = rolled_up([Part("a", state=State.UNKNOWN)], spend_of({}), organisation=Organisation.of(facts))
    assert answer.complete is False
    assert Code.SPEND_INCOMPLETE in codes(answer)
    (member,) = answer.members
    assert (member.spent, member.complete, member.withheld) == (None, False, False)


def test_requests_without_a_key_are_in_no_sum_and_are_named() -> None:
    """What a team spent without naming a key may be any member's: the total is a lower bound, and a finding says by how much."""
    answer = rolled_up([Part("a")], spend_of({"tok_1": "1"}, nameless={"team_1": usd("2.5"), "team_2": usd(9)}))
    assert answer.total is not None
    assert (answer.total.amount, answer.complete) == ("1", False)
    (finding,) = answer.findings
    assert finding.message == "Requests of the team 'one' that name no key cost 2.50 USD, which is in no sum here."


@pytest.mark.parametrize("of_all", [True, False])
def test_a_lower_bound_is_of_the_keys_and_days_concerned(of_all: bool) -> None:
    """A day that is missing for one key alone makes that key, its members and that day lower bounds, and no other key."""
    reasons: dict[str, Any] = {"incomplete_of_key": {"tok_2": {DAYS[1]: "one request has no price yet"}}}
    if of_all:
        reasons = {"incomplete_days": {DAYS[1]: "no event has been read yet"}}
    parts = [Part("a"), Part("b", key="twice")]
    answer = rolled_up(parts, spend_of({"tok_1": "1", "tok_3": "2"}, **reasons))
    assert (answer.complete, codes(answer)) == (False, [Code.SPEND_INCOMPLETE])
    assert answer.by_key is not None
    assert answer.by_day is not None
    assert {key.key: key.complete for key in answer.by_key} == {"once": not of_all, "twice": False}
    assert [day.complete for day in answer.by_day] == [True, False, True]


def test_a_budget_of_some_keys_is_no_budget_of_the_month() -> None:
    """Daily budgets are added with their number; the month has a budget only where each key has one, each once."""
    spend = spend_of({"tok_1": "1", "tok_3": "2"})
    some = [Part("a", budget="10", monthly="100"), Part("b", budget="20", monthly="500"), Part("c", key="twice")]
    answer = rolled_up(some, spend)
    assert answer.daily_budget is not None
    assert (answer.daily_budget.amount, answer.budgets) == ("10", 1)
    assert answer.month is not None
    assert (answer.month.spent.amount, answer.month.budget) == ("3", None)
    every = rolled_up([*some[:2], Part("c", key="twice", monthly="50")], spend)
    assert every.month is not None
    assert every.month.budget is not None
    assert every.month.budget.amount == "150"


def test_wallets_are_those_of_the_teams_concerned() -> None:
    """Each team's wallet stands once: those of keys that are shown, and of the teams of the group itself."""
    parts = [Part("a"), Part("b", key="twice"), Part("c", "two", numbers=False)]
    wallets = rolled_up(parts, spend_of({"tok_1": "1"})).wallets
    assert wallets is not None
    assert [(each.team, each.available.amount, each.state) for each in wallets] == [("one", "900", "healthy")]
    both = rolled_up(parts, spend_of({"tok_1": "1"}), teams=frozenset({"team_2"})).wallets
    assert both is not None
    assert [(each.team, each.state) for each in both] == [("one", "healthy"), ("two", "low")]


def test_what_could_not_be_read_is_no_zero() -> None:
    """Without sums each amount is null, and a finding says why."""
    answer = rolled_up([Part("a")], None)
    assert (answer.total, answer.by_key, answer.month, answer.previous) == (None, None, None, None)
    assert (answer.complete, codes(answer)) == (False, [Code.UPSTREAM_UNAVAILABLE])
    denied = Organisation.of(replace(ORGANISATION.facts, spend=Reading(None, cause=Cause.DENIED)))
    assert codes(rolled_up([Part("a")], None, organisation=denied)) == [Code.UPSTREAM_DENIED]


def test_no_member_is_no_spend() -> None:
    """A group without members has spent nothing, and that is whole."""
    answer = rolled_up([], spend_of({}))
    assert answer.total is not None
    assert (answer.total.amount, answer.complete, answer.members, answer.withheld) == ("0", True, (), 0)


def test_the_period_before_is_compared_where_it_is_known() -> None:
    """The change is from the period before to the total; nothing is compared where nothing is known of it."""
    spend = spend_of({"tok_1": "3"}, previous={"tok_1": "2"})
    known = rolled_up([Part("a")], spend)
    assert known.previous is not None
    assert (known.previous.total.amount, known.previous.change.amount.amount) == ("2", "1")
    assert known.previous.change.ratio == Decimal("0.5")
    (member,) = known.members
    assert member.previous is not None
    assert member.previous.amount == "2"
    unknown = rolled_up([Part("a")], replace(spend, previous={}, kept_from=DAYS[0]))
    assert (unknown.previous, unknown.members[0].previous) == (None, None)


def test_money_is_exact() -> None:
    """Amounts with twelve decimals and with fifteen digits before the point are added without rounding."""
    answer = rolled_up(
        [Part("a"), Part("b", "two")], spend_of({"tok_1": "0.000000000001", "tok_4": "999999999999999.999999999999"})
    )
    assert answer.total == Amount.of(Money(Decimal(1000000000000000)))


@given(st.integers(min_value=-(10**30), max_value=10**30))
def test_days_are_written_as_amounts_are(amount: int) -> None:
    """A member's day is the text that the amount itself would be."""
    with localcontext(prec=80):
        assert plain(amount) == Money(Decimal(amount).scaleb(-12)).plain()
