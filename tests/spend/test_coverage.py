"""Coverage says which spend entities claim, and names what none does; the two sides always add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bff.keeptrusts.facts import Cause, GatewayKey, KeySpend, OrganisationSpend, Reading, Team
from bff.spend import coverage
from bff.spend.coverage import CatalogEntity, CatalogReading, annotation_for, report_coverage
from bff.status.claims import GATEWAY_KEY_NAME, Owner, Subject
from bff.status.findings import Code
from bff.status.wire import Amount, Coverage
from bff.values import EntityRef, Money
from tests.status.conftest import KEY, MIDNIGHT, NOON, OTHERS_KEY, Scenario, usd, wallet

SUPPORT = Owner(EntityRef("group", "default", "support-team"))
OTHERS = Owner(EntityRef("group", "default", "team-of-others"))


def entity(
    name: str, key: str | None = "support-key", *, owner: Owner = SUPPORT, consumes: bool = False
) -> CatalogEntity:
    """A component that claims `key`, or none."""
    annotations = {} if key is None else {GATEWAY_KEY_NAME: key}
    return CatalogEntity(Subject(EntityRef("component", "default", name), annotations, owner), consumes)


def spent(key_id: str, amount: str, *, team: str = "team_1", requests: int = 1) -> KeySpend:
    """What one key has spent."""
    return KeySpend(key_id, team, usd(amount), requests)


def covered(
    *entities: CatalogEntity,
    spend: Sequence[KeySpend] | None = (),
    scenario: Scenario | None = None,
    incomplete: dict[Any, str] | None = None,
    **catalog: Any,
) -> Coverage:
    """The report of these entities and sums, in the organisation of `scenario`."""
    scenario = scenario or Scenario()
    return report_coverage(
        CatalogReading(entities, **catalog),
        scenario.organisation,
        None if spend is None else OrganisationSpend(tuple(spend), incomplete or {}),
        days=30,
        now=scenario.now,
        rules=scenario.rules,
    )


def amounts(report: Coverage) -> tuple[str | None, str | None, str | None]:
    """Claimed, unclaimed and total."""
    sides = (report.claimed, report.unclaimed, report.total)
    claimed, unclaimed, total = (side.amount if side is not None else None for side in sides)
    return claimed, unclaimed, total


def with_keys(*keys: GatewayKey) -> Scenario:
    """An organisation with these keys."""
    return Scenario().but(keys=Reading(keys, NOON))


def test_what_an_entity_claims_and_what_none_does_are_two_sides_of_all() -> None:
    """A claimed key is on one side, a key that no entity claims on the other."""
    report = covered(entity("bot"), spend=[spent("tok_1", "7.5"), spent("tok_777", "2.5", team="team_777")])
    assert amounts(report) == ("7.5", "2.5", "10")
    assert report.ratio == Decimal("0.75")
    assert report.complete


def test_a_key_that_two_entities_claim_counts_once() -> None:
    """It is named with both, with what it has spent."""
    report = covered(entity("b"), entity("a"), spend=[spent("tok_1", "4")])
    assert amounts(report) == ("4", "0", "4")
    (shared,) = report.shared_keys
    assert (shared.key, shared.team, shared.spent.amount) == ("support-key", "support-team", "4")
    assert (shared.members, shared.members_count) == (("component:default/a", "component:default/b"), 2)


def test_a_rotated_key_is_claimed_with_its_predecessors() -> None:
    """All keys of the name in the team are what the claim means, revoked ones too."""
    old = replace(KEY, id="tok_0", revoked=True, created_at=NOON - timedelta(days=200))
    report = covered(entity("bot"), spend=[spent("tok_0", "3"), spent("tok_1", "1")], scenario=with_keys(KEY, old))
    assert amounts(report) == ("4", "0", "4")
    assert report.unclaimed_keys == ()


def test_keys_of_one_name_in_one_team_are_one_unclaimed_key() -> None:
    """A rotation makes no second row."""
    old = replace(KEY, id="tok_0", revoked=True)
    report = covered(spend=[spent("tok_0", "3"), spent("tok_1", "1", requests=4)], scenario=with_keys(KEY, old))
    (row,) = report.unclaimed_keys
    assert (row.key, row.key_id, row.spent.amount, row.requests) == ("support-key", None, "4", 5)


def test_a_key_of_the_same_name_in_another_team_is_another_key() -> None:
    """A claim means the keys of the owner's team alone."""
    namesake = replace(OTHERS_KEY, name="support-key")
    report = covered(
        entity("bot"),
        spend=[spent("tok_1", "1"), spent("tok_777", "5", team="team_777")],
        scenario=with_keys(KEY, namesake),
    )
    assert amounts(report) == ("1", "5", "6")
    assert [(row.key, row.team) for row in report.unclaimed_keys] == [("support-key", "team-of-others")]


def test_requests_that_name_no_key_cannot_be_claimed() -> None:
    """They are a row of their team without a key, an id or a line to paste."""
    report = covered(entity("bot"), spend=[spent("tok_1", "1"), spent("", "2")])
    assert amounts(report) == ("1", "2", "3")
    (row,) = report.unclaimed_keys
    assert (row.key, row.key_id, row.team, row.annotation) == (None, None, "support-team", None)


def test_a_key_that_was_deleted_upstream_stands_with_its_id() -> None:
    """Its name is not known any more, so that no entity can claim what it has spent."""
    report = covered(entity("bot"), spend=[spent("tok_9", "2")])
    (row,) = report.unclaimed_keys
    assert (row.key, row.key_id, row.team, row.annotation) == (None, "tok_9", "support-team", None)
    assert amounts(report) == ("0", "2", "2")


def test_a_team_that_is_not_known_stands_with_its_id() -> None:
    """Nothing is left out because its team is gone."""
    report = covered(spend=[spent("tok_9", "2", team="team_9"), spent("tok_8", "1", team="")])
    assert [row.team for row in report.unclaimed_keys] == ["team_9", None]


def test_the_largest_unclaimed_key_stands_first() -> None:
    """Keys that only cost nothing come last, and keys without a request not at all."""
    report = covered(spend=[spent("a", "1"), spent("b", "3"), spent("c", "0", requests=2), spent("d", "0", requests=0)])
    assert [row.key_id for row in report.unclaimed_keys] == ["b", "a", "c"]


def test_the_group_that_owns_most_of_the_teams_entities_is_the_likely_owner() -> None:
    """A group that claims the team and owns nothing comes after it."""
    first = Owner(EntityRef("group", "default", "a-group"), "support-team")
    report = covered(entity("bot", "gone"), spend=[spent("tok_1", "1")], groups=[first])
    assert [row.likely_owner for row in report.unclaimed_keys] == ["group:default/support-team"]


def test_a_group_that_claims_the_team_is_the_likely_owner_though_it_owns_nothing() -> None:
    """That is the usual case of a key that stands nowhere."""
    report = covered(spend=[spent("tok_777", "1", team="team_777")], groups=[SUPPORT, OTHERS])
    assert [row.likely_owner for row in report.unclaimed_keys] == ["group:default/team-of-others"]


def test_a_group_of_an_origin_that_may_claim_no_team_is_no_likely_owner() -> None:
    """What it says of its team counts for nothing."""
    stranger = replace(OTHERS, may_claim_team=False)
    report = covered(spend=[spent("tok_777", "1", team="team_777")], groups=[stranger])
    assert [row.likely_owner for row in report.unclaimed_keys] == [None]


@pytest.mark.parametrize("name", ["support-key", "true", "1e3", "a: b", 'say "x" \\ y', "- a", "#1", "ü", "2026-01-01"])
def test_the_line_to_paste_claims_the_key(name: str) -> None:
    """YAML reads the line as the annotation with the very name."""
    line = annotation_for(name)
    assert line is not None
    assert yaml.safe_load(f"metadata:\n  annotations:\n{line}\n") == {
        "metadata": {"annotations": {GATEWAY_KEY_NAME: name}}
    }


@given(st.text(min_size=1, max_size=40))
def test_a_line_to_paste_is_either_right_or_not_given(name: str) -> None:
    """Whatever a key is called, YAML reads the line as its name, on one line."""
    line = annotation_for(name)
    if line is not None:
        assert yaml.safe_load(f"a:\n{line}\n") == {"a": {GATEWAY_KEY_NAME: name}}
        assert "\n" not in line


def test_a_name_that_no_annotation_can_hold_has_no_line() -> None:
    """Pasted, it would be a malformed claim."""
    assert annotation_for(" blank at its start") is None


def test_claims_that_mean_no_key_are_named() -> None:
    """A key that is not there, and one of another team; neither makes spend claimed."""
    report = covered(
        entity("gone", "no-such-key"),
        entity("thief", "others-key"),
        spend=[spent("tok_777", "1", team="team_777")],
    )
    assert [(each.entity_ref, each.key, each.owner, each.state) for each in report.unknown_keys] == [
        ("component:default/gone", "no-such-key", "group:default/support-team", "not-found"),
        ("component:default/thief", "others-key", "group:default/support-team", "withheld"),
    ]
    assert amounts(report) == ("0", "1", "1")


def test_consumers_without_a_key_are_named() -> None:
    """A consumer that claims a key, even badly, is not silent."""
    no_owner = Owner(None)
    report = covered(
        entity("silent", None, owner=no_owner, consumes=True),
        entity("claims", consumes=True),
        entity("badly", " x", consumes=True),
        entity("other", None),
    )
    assert [(each.entity_ref, each.owner) for each in report.silent_consumers] == [("component:default/silent", None)]


def test_a_wallet_without_a_service_is_idle() -> None:
    """It is named with what is available, unless an entity claims a key of its team."""
    report = covered(entity("bot"))
    assert [(each.team, each.available) for each in report.idle_wallets] == [
        ("team-of-others", Amount(amount="7777.77", currency="USD"))
    ]


def test_wallets_of_several_currencies_are_sorted_within_each() -> None:
    """Amounts of different currencies are never compared."""
    teams = tuple(Team(f"team_{number}", f"t{number}") for number in range(3))
    wallets = (
        wallet("1", team="team_0"),
        wallet("5", team="team_1", currency="EUR"),
        wallet("9", team="team_2"),
    )
    scenario = Scenario().but(teams=Reading(teams, NOON), wallets=Reading(wallets, NOON))
    assert [each.team for each in covered(scenario=scenario).idle_wallets] == ["t1", "t2", "t0"]


def test_without_spend_there_is_no_share() -> None:
    """Nothing of nothing is neither all nor nothing."""
    report = covered(entity("bot"))
    assert (amounts(report), report.ratio) == (("0", "0", "0"), None)


def test_a_total_below_zero_has_no_share() -> None:
    """Corrections may take away more than was spent in these days."""
    report = covered(entity("bot"), spend=[spent("tok_1", "1"), spent("tok_9", "-3")])
    assert (amounts(report), report.ratio) == (("1", "-3", "-2"), None)


def test_lists_are_bounded_and_say_what_they_lack(monkeypatch: pytest.MonkeyPatch) -> None:
    """The amounts are of all, whatever is listed."""
    monkeypatch.setattr(coverage, "MOST_LISTED", 2)
    report = covered(
        *(entity(f"silent-{number}", None, consumes=True) for number in range(5)),
        spend=[spent(f"tok_{number}0", "1") for number in range(6)],
    )
    assert (len(report.unclaimed_keys), len(report.silent_consumers)) == (2, 2)
    assert (report.truncated.unclaimed_keys, report.truncated.silent_consumers) == (4, 3)
    assert (report.truncated.unknown_keys, report.truncated.idle_wallets) == (0, 0)
    assert amounts(report) == ("0", "6", "6")


def test_members_of_a_shared_key_are_bounded_and_counted() -> None:
    """A key of a thousand entities names twenty."""
    (shared,) = covered(*(entity(f"bot-{number:02}") for number in range(25))).shared_keys
    assert (len(shared.members), shared.members_count) == (20, 25)


def test_a_catalog_that_was_not_read_whole_makes_the_report_incomplete() -> None:
    """What is claimed is then a lower bound, and a finding says why."""
    report = covered(entity("bot"), spend=[spent("tok_1", "1")], trouble="page 3 failed")
    assert (report.complete, report.catalog.complete) == (False, False)
    (finding,) = report.findings
    assert finding.code is Code.UPSTREAM_UNAVAILABLE
    assert "page 3 failed" in finding.message


def test_a_refused_token_is_said_to_be_ours() -> None:
    """Backstage refuses the service, so Keeptrusts has no part in it."""
    report = covered(entity("bot", owner=replace(SUPPORT, unreadable=True, denied=True)))
    assert [finding.code for finding in report.findings] == [Code.CATALOG_DENIED]


def test_an_owner_that_cannot_be_read_makes_the_report_incomplete() -> None:
    """The key may be the entity's own: its spend is unclaimed for now, and the report says that more may be claimed."""
    report = covered(entity("bot", owner=replace(SUPPORT, unreadable=True)), spend=[spent("tok_1", "1")])
    assert amounts(report) == ("0", "1", "1")
    assert (report.complete, report.unknown_keys) == (False, ())
    assert [finding.code for finding in report.findings] == [Code.UPSTREAM_UNAVAILABLE]


def test_days_that_could_not_be_read_make_the_amounts_lower_bounds() -> None:
    """As in a spend report."""
    report = covered(spend=[spent("tok_1", "1")], incomplete={MIDNIGHT.date(): "the page limit was hit"})
    assert not report.complete
    assert report.catalog.complete
    assert [finding.code for finding in report.findings] == [Code.SPEND_INCOMPLETE]


def test_spend_that_may_not_be_read_is_no_zero() -> None:
    """Amounts are null, and what needs none is still there."""
    denied = Scenario().but(spend=Reading(None, cause=Cause.DENIED))
    report = covered(entity("gone", "no-such-key"), spend=None, scenario=denied)
    assert (amounts(report), report.ratio) == ((None, None, None), None)
    assert [finding.code for finding in report.findings] == [Code.UPSTREAM_DENIED]
    assert len(report.unknown_keys) == 1


_IDS = st.sampled_from(["tok_1", "tok_777", "tok_0", "tok_9", ""])
_TEAMS = st.sampled_from(["team_1", "team_777", "team_9", ""])
_UNITS = st.integers(-(10**24), 10**24).map(lambda units: Money(Decimal(units).scaleb(-12)))
_SUMS = st.lists(st.builds(KeySpend, _IDS, _TEAMS, _UNITS, st.integers(0, 10**9)), max_size=30)
_NAMES = st.sampled_from([None, "support-key", "others-key", "old-key", "no-such-key", " "])
_ENTITIES = st.lists(st.tuples(_NAMES, st.sampled_from([SUPPORT, OTHERS, Owner(None)]), st.booleans()), max_size=12)


@given(_SUMS, _ENTITIES, st.booleans())
def test_both_sides_add_up_to_all_that_there_is(
    sums: list[KeySpend], entities: list[tuple[str | None, Owner, bool]], enforced: bool
) -> None:
    """Whatever is claimed, by whomever, of which key: to the last digit, and the rows add up to the unclaimed side."""
    scenario = with_keys(KEY, OTHERS_KEY, replace(KEY, id="tok_0", revoked=True)).ruled(ownership_enforced=enforced)
    catalog = [
        entity(f"e-{number}", name, owner=owner, consumes=consumes)
        for number, (name, owner, consumes) in enumerate(entities)
    ]
    report = covered(*catalog, spend=sums, scenario=scenario)
    claimed, unclaimed, total = (Decimal(side or "") for side in amounts(report))
    with_all_digits = sum((each.spent for each in sums), Money.zero())
    assert Money(total) == Money(Decimal(with_all_digits.plain()))
    assert Money(claimed) + Money(unclaimed) == Money(total)
    rows = sum((Money(Decimal(row.spent.amount)) for row in report.unclaimed_keys), Money.zero())
    assert rows == Money(unclaimed)
    assert sum(row.requests for row in report.unclaimed_keys) <= sum(each.requests for each in sums)
