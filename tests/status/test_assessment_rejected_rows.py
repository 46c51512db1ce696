"""A row that was left out makes unknown what depends on it, and nothing else: an absence that it may explain is no fact."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bff.keeptrusts.facts import Configuration, Reading, RejectedRow, T
from bff.status.claims import Owner
from bff.status.findings import Code, State
from bff.values import EntityRef

from .conftest import KEY, NOON, OTHERS_KEY, Scenario, wallet

OTHERS = (
    Scenario()
    .annotated(key="others-key", tier="tier-777-others")
    .but(owner=Owner(EntityRef("group", "default", "team-of-others")))
)
TEAMS = Scenario().teams.value or ()
OLD_KEY = replace(KEY, id="tok_0", created_at=NOON - timedelta(days=180), revoked=True)


def row(**known: str | None) -> RejectedRow:
    """A row of which only `known` could be read."""
    return RejectedRow("data.3", "data.3.created_at", "must be a time", known)


def without(reading: Reading[T], *rows: RejectedRow) -> Reading[T]:
    """The same reading, from which `rows` were left out."""
    return replace(reading, rejected=rows, rejected_count=len(rows))


def key_state(scenario: Scenario) -> str | None:
    """The state of the key that is claimed."""
    key = scenario.assess().gateway_key
    return key.state if key is not None else None


@pytest.mark.parametrize(
    "known", [{}, {"name": "support-key"}, {"team_id": "team_1"}, {"name": "support-key", "team_id": "team_1"}]
)
def test_a_key_that_may_be_in_a_row_left_out_is_unknown(known: dict[str, str]) -> None:
    """A key is not called absent while a row that may be its own could not be read."""
    scenario = Scenario().but(keys=without(Reading((OTHERS_KEY,), NOON), row(**known)))
    assert (key_state(scenario), scenario.assess().state) == ("unknown", State.UNKNOWN)
    assert scenario.codes() == [Code.UPSTREAM_CONTRACT]
    assert scenario.finding(Code.UPSTREAM_CONTRACT).message == (
        "The gateway key 'support-key' may be in a row of Keeptrusts' keys that is not of the form expected."
    )


@pytest.mark.parametrize("known", [{"name": "other"}, {"team_id": "team_777"}, {"team_id": None}])
def test_a_key_that_is_in_no_row_left_out_is_not_found(known: dict[str, str | None]) -> None:
    """Where the row's name or team could be read and is another, the key is as absent as before."""
    scenario = Scenario().but(keys=without(Reading((OTHERS_KEY,), NOON), row(**known)))
    assert scenario.codes() == [Code.KEY_NOT_FOUND]


def test_rows_beyond_those_that_are_kept_may_be_any() -> None:
    """Of rows that were only counted nothing is known, so that an absence proves nothing."""
    keys = replace(without(Reading((OTHERS_KEY,), NOON), row(name="other")), rejected_count=2)
    assert key_state(Scenario().but(keys=keys)) == "unknown"


def test_a_revoked_key_is_not_the_last_while_its_successor_may_be_hidden() -> None:
    """After a rotation the new key may be in the row that was left out: the old one's end is not the whole story."""
    hidden = without(Reading((OLD_KEY, OTHERS_KEY), NOON), row(name="support-key", team_id="team_1"))
    assert key_state(Scenario().but(keys=hidden)) == "unknown"


def test_a_key_that_works_is_shown_whatever_was_left_out() -> None:
    """Rows that could not be read take nothing from a key that could."""
    scenario = Scenario().but(keys=without(Scenario().keys, row()))
    assert (key_state(scenario), scenario.codes()) == ("active", [])


def test_a_status_that_is_not_known_concerns_its_key_alone() -> None:
    """Only the entity that claims the key gets a finding, which names the key and Keeptrusts' word; its numbers stay."""
    keys = Reading((replace(KEY, unknown_status="disabled"), OTHERS_KEY), NOON)
    scenario = Scenario().but(keys=keys)
    assert (key_state(scenario), scenario.codes()) == ("unknown", [Code.UPSTREAM_CONTRACT])
    assert scenario.assess().state is State.WARNING
    assert scenario.assess().budget is not None
    message = scenario.finding(Code.UPSTREAM_CONTRACT).message
    assert "'support-key'" in message
    assert "'disabled'" in message
    assert OTHERS.but(keys=keys).codes() == OTHERS.codes()


def test_a_key_that_works_comes_before_one_whose_status_is_not_known() -> None:
    """Of several keys of a name the one that is known to work is shown, however old."""
    newer = replace(KEY, id="tok_2", created_at=NOON, unknown_status="suspended")
    key = Scenario().but(keys=Reading((newer, KEY, OTHERS_KEY), NOON)).assess().gateway_key
    assert key is not None
    assert key.id == "tok_1"


def test_a_key_that_may_work_comes_before_one_that_cannot() -> None:
    """A status that is not known beats one that is known to be the end."""
    older = replace(KEY, unknown_status="suspended")
    newer = replace(KEY, id="tok_2", created_at=NOON, revoked=True)
    assert key_state(Scenario().but(keys=Reading((newer, older, OTHERS_KEY), NOON))) == "unknown"


@pytest.mark.parametrize("expires_at", [None, NOON + timedelta(days=30)])
def test_expired_is_expired_without_a_date(expires_at: object) -> None:
    """Keeptrusts' word counts, whatever the date says."""
    scenario = Scenario().but(keys=Reading((replace(KEY, expired=True, expires_at=expires_at), OTHERS_KEY), NOON))
    assert scenario.codes() == [Code.KEY_EXPIRED]
    message = scenario.finding(Code.KEY_EXPIRED).message
    assert message == "The gateway key 'support-key' has expired: requests with it are refused."


@pytest.mark.parametrize("known", [{}, {"name": "support-team"}, {"name": "Support-Team"}])
def test_a_team_that_may_be_in_a_row_left_out_withholds_numbers(known: dict[str, str]) -> None:
    """An owner without a team is no mismatch while a row that may be its team's could not be read."""
    scenario = Scenario().but(teams=without(Reading(TEAMS[1:], NOON), row(**known)))
    assert (key_state(scenario), scenario.assess().state) == ("withheld", State.UNKNOWN)
    assert scenario.codes() == [Code.UPSTREAM_CONTRACT]


def test_a_team_of_another_name_was_left_out() -> None:
    """Where the row's name could be read and is another, the owner has no team."""
    scenario = Scenario().but(teams=without(Reading(TEAMS[1:], NOON), row(name="other-team")))
    assert scenario.codes() == [Code.OWNER_MISMATCH]


@pytest.mark.parametrize("field", ["name", "id", "slug"])
def test_a_team_that_the_group_names_may_be_in_a_row_left_out(field: str) -> None:
    """The annotation names a team by name, id or slug, and the row may be the one by any of them."""
    known: dict[str, str | None] = {"name": "x", "id": "x", "slug": None} | {field: "named"}
    scenario = Scenario().but(
        owner=Owner(EntityRef("group", "default", "support-team"), "named"),
        teams=without(Scenario().teams, row(**known)),
    )
    assert scenario.codes() == [Code.UPSTREAM_CONTRACT]


def test_a_name_that_a_row_left_out_shares_means_neither_team() -> None:
    """Whose money is shown must not depend on which of two rows could be read."""
    scenario = Scenario().but(teams=without(Scenario().teams, row(name="support-team")))
    assert (key_state(scenario), scenario.assess().budget) == ("withheld", None)


@pytest.mark.parametrize("known", [{}, {"team_id": "team_1"}])
def test_a_wallet_that_may_be_in_a_row_left_out_is_not_missing(known: dict[str, str]) -> None:
    """A wallet of a scope that is not known may be the team's: its row could not be read, which is not its absence."""
    scenario = Scenario().but(wallets=without(Reading((), NOON), row(**known)))
    assert scenario.codes() == [Code.UPSTREAM_CONTRACT]
    assert scenario.assess().wallet is None


@pytest.mark.parametrize("known", [{"team_id": "team_777"}, {"team_id": None}, {"scope": "user"}])
def test_a_wallet_of_others_was_left_out(known: dict[str, str | None]) -> None:
    """Where the row's team or scope could be read and is another, the wallet is missing."""
    scenario = Scenario().but(wallets=without(Reading((), NOON), row(**known)))
    assert Code.WALLET_MISSING in scenario.codes()


def test_an_organisations_wallet_that_was_left_out_may_pay() -> None:
    """An empty wallet does not hold requests for certain while the organisation's could not be read."""
    hidden = without(Reading((wallet("0"),), NOON), row(scope="organization"))
    assert "which could not be read, pays" in Scenario().but(wallets=hidden).finding(Code.WALLET_DEPLETED).message


@pytest.mark.parametrize("known", [{}, {"team_id": "team_1"}])
def test_a_configuration_that_may_be_in_a_row_left_out_is_not_absent(known: dict[str, str]) -> None:
    """A team is not said to enforce nothing while a row that may be its own could not be read."""
    scenario = Scenario().but(configurations=without(Reading((), NOON), row(**known)))
    assert scenario.codes() == [Code.UPSTREAM_CONTRACT]


def test_a_teams_row_left_out_may_be_its_newer_configuration() -> None:
    """The tier is not said to be enforced, or to differ, while another of the team's configurations could not be read."""
    scenario = Scenario().but(configurations=without(Scenario().configurations, row(team_id="team_1")))
    tier = scenario.assess().policy_tier
    assert tier is not None
    assert (tier.enforced, scenario.codes()) == (None, [Code.UPSTREAM_CONTRACT])


def test_a_configuration_of_others_was_left_out() -> None:
    """A row of another team, or of one that could not be read, takes nothing from the tier that is known."""
    odd = without(Scenario().configurations, row(team_id="team_777"), row())
    assert Scenario().but(configurations=odd).codes() == []


def test_no_configuration_is_still_none() -> None:
    """Where the row is another team's, nothing is enforced."""
    odd = without(Reading((Configuration("c", "c", "team_777", "t", enabled=True),), NOON), row(team_id="team_777"))
    assert Scenario().but(configurations=odd).codes() == [Code.TIER_UNENFORCED]
