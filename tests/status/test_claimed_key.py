"""A claim leads to the owner's key, or to a finding that says why not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bff.keeptrusts.facts import Cause, GatewayKey, Reading
from bff.status.claims import Owner
from bff.status.findings import Code, State
from bff.status.wire import PreviousKeyStatus
from bff.values import EntityRef

from .conftest import KEY, NOON, OTHERS_KEY, Scenario

NOBODYS = Owner(EntityRef("group", "default", "nobodys"))


def with_keys(*keys: GatewayKey, complete: bool = True) -> Scenario:
    """A scenario with these keys beside the other team's."""
    return Scenario().but(keys=Reading((*keys, OTHERS_KEY), NOON, complete=complete))


def chosen(scenario: Scenario) -> str | None:
    """The id of the key that is shown."""
    key = scenario.assess().gateway_key
    return key.id if key is not None else None


def key_state(scenario: Scenario) -> str | None:
    """The state of the key."""
    key = scenario.assess().gateway_key
    return key.state if key is not None else None


def test_a_key_in_order_has_nothing_to_find() -> None:
    """The owner's active key is shown with what Keeptrusts knows of it."""
    key = Scenario().assess().gateway_key
    assert key is not None
    assert (key.declared, key.id, key.prefix, key.state) == ("support-key", "tok_1", "kt_gk_ab12", "active")
    assert Scenario().codes() == []


@pytest.mark.parametrize(
    ("days", "state"), [(-1, "expired"), (0, "expired"), (13, "expiring"), (14, "expiring"), (15, "active"), (None, "active")]
)  # fmt: skip
def test_a_key_expires_when_it_says(days: int | None, state: str) -> None:
    """At the moment itself it has expired; two weeks before, it is time to see to it."""
    expires_at = NOON + timedelta(days=days) if days is not None else None
    assert key_state(with_keys(replace(KEY, expires_at=expires_at))) == state


def test_the_message_tells_when_a_key_expires() -> None:
    """Day, time, zone, and how long that is."""
    finding = with_keys(replace(KEY, expires_at=NOON + timedelta(days=3, hours=4))).finding(Code.KEY_EXPIRING)
    assert finding.message == "The gateway key 'support-key' expires on 2026-03-13 16:00 UTC, in 3 d 4 h."


@pytest.mark.parametrize("expires_at", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_expiry_at_the_ends_of_the_calendar_is_read(expires_at: datetime) -> None:
    """A date that stands for never or always is compared like any other."""
    status = with_keys(replace(KEY, expires_at=expires_at)).assess()
    assert status.model_dump_json()


def test_of_several_keys_the_one_that_works_counts() -> None:
    """A key that was made again under the same name stands for the revoked one, whichever is newer."""
    works = replace(KEY, id="tok_works", created_at=NOON - timedelta(days=9))
    revoked = replace(KEY, id="tok_revoked", revoked=True, created_at=NOON - timedelta(days=1))
    expired = replace(KEY, id="tok_expired", expires_at=NOON, created_at=NOON - timedelta(days=2))
    assert chosen(with_keys(revoked, works, expired)) == "tok_works"


def test_of_several_working_keys_the_newest_counts() -> None:
    """Rotation makes a newer key of the same name."""
    older = replace(KEY, id="tok_older", created_at=NOON - timedelta(days=9))
    newer = replace(KEY, id="tok_newer", created_at=NOON - timedelta(days=1))
    assert chosen(with_keys(older, newer)) == "tok_newer"


def test_the_section_counts_every_key_of_the_name_in_the_team() -> None:
    """Revoked and expired ones count, namesakes of another team do not."""
    revoked = replace(KEY, id="tok_revoked", revoked=True)
    expired = replace(KEY, id="tok_expired", expires_at=NOON)
    namesake = replace(OTHERS_KEY, name="support-key")
    key = with_keys(revoked, KEY, expired, namesake).assess().gateway_key
    assert key is not None
    assert (key.id, key.count) == ("tok_1", 3)


def previous(*older: GatewayKey) -> PreviousKeyStatus | None:
    """The previous key that is shown beside the current one, which is a day old."""
    current = replace(KEY, id="tok_new", created_at=NOON - timedelta(days=1))
    key = with_keys(*older, current).assess().gateway_key
    assert key is not None
    assert key.id == "tok_new"
    return key.previous


def test_the_older_of_two_working_keys_is_the_previous_one() -> None:
    """During a rotation's grace the section has the old key's id, its first characters, and when it was last used."""
    used = NOON - timedelta(hours=3)
    expected = PreviousKeyStatus(id="tok_1", prefix="kt_gk_ab12", last_used_at=used)
    assert previous(replace(KEY, last_used_at=used)) == expected


def test_the_previous_key_says_when_it_is_revoked() -> None:
    """Where this service is to revoke the old key, the section says when that is."""
    ends = NOON + timedelta(hours=5)
    shown = previous(replace(KEY, revokes_at=ends))
    assert shown is not None
    assert shown.revokes_at == ends


def test_a_single_key_has_no_previous_one() -> None:
    """Without a rotation there is nothing beside the current key."""
    assert previous() is None


@pytest.mark.parametrize(
    "change",
    [{"revoked": True}, {"expires_at": NOON}, {"expired": True}, {"unknown_status": "paused"}],
    ids=["revoked", "expires now", "expired by its status", "of an unknown status"],
)
def test_an_older_key_that_is_not_known_to_work_is_not_the_previous_one(change: dict[str, Any]) -> None:
    """What is over is counted, and not shown beside the current key."""
    assert previous(replace(KEY, **change)) is None


def test_of_several_older_keys_the_one_used_last_is_the_previous_one() -> None:
    """Who still uses an old key matters more than which was made last; one that was never used comes last."""
    used_last = replace(KEY, id="tok_used_last", last_used_at=NOON - timedelta(hours=1))
    used_before = replace(
        KEY, id="tok_before", created_at=NOON - timedelta(days=9), last_used_at=NOON - timedelta(days=2)
    )
    unused = replace(KEY, id="tok_unused", created_at=NOON - timedelta(days=2))
    shown = previous(unused, used_before, used_last)
    assert shown is not None
    assert shown.id == "tok_used_last"


def test_of_older_keys_that_were_never_used_the_newest_is_the_previous_one() -> None:
    """The same facts always show the same key."""
    oldest = replace(KEY, id="tok_oldest", created_at=NOON - timedelta(days=90))
    newer = replace(KEY, id="tok_newer", created_at=NOON - timedelta(days=9))
    shown = previous(oldest, newer)
    assert shown is not None
    assert (shown.id, shown.last_used_at) == ("tok_newer", None)


def test_a_namesake_of_another_team_is_no_previous_key() -> None:
    """Without enforced ownership too, only keys of one team are one key's life."""
    namesake = replace(OTHERS_KEY, name="support-key", last_used_at=NOON)
    for enforced in (True, False):
        key = with_keys(KEY, namesake).ruled(ownership_enforced=enforced).assess().gateway_key
        assert key is not None
        assert (key.id, key.previous) == ("tok_1", None)


def test_a_key_that_does_not_work_has_no_previous_one() -> None:
    """Of keys that are all over, none is shown beside the newest."""
    revoked = replace(KEY, id="tok_revoked", revoked=True, created_at=NOON)
    key = with_keys(revoked, replace(KEY, expired=True)).assess().gateway_key
    assert key is not None
    assert key.previous is None


def test_the_owners_key_comes_before_a_namesake() -> None:
    """Another team's newer key of the same name changes nothing."""
    namesake = replace(OTHERS_KEY, name="support-key", created_at=NOON)
    for rules in ({"ownership_enforced": True}, {"ownership_enforced": False}):
        assert chosen(with_keys(KEY, namesake).ruled(**rules)) == "tok_1"


def test_a_key_of_another_team_is_withheld() -> None:
    """Only what the entity itself says is repeated."""
    key = Scenario().annotated(key="others-key").assess().gateway_key
    assert key is not None
    assert key.model_dump(exclude_none=True, by_alias=False) == {"declared": "others-key", "state": "withheld"}


def test_a_mismatch_does_not_name_the_other_team() -> None:
    """Whose key it is stays unsaid."""
    finding = Scenario().annotated(key="others-key").finding(Code.OWNER_MISMATCH)
    assert "team-of-others" not in f"{finding.message}{finding.hint}"
    assert "777" not in f"{finding.message}{finding.hint}"


def test_a_key_of_no_team_is_not_the_owners() -> None:
    """A key that belongs to the whole organisation is no team's own."""
    assert Code.OWNER_MISMATCH in with_keys(replace(KEY, team_id=None)).codes()


def test_an_owner_without_team_owns_no_key() -> None:
    """Its finding says how to get a team."""
    finding = Scenario().but(owner=NOBODYS).finding(Code.OWNER_MISMATCH)
    assert finding.hint is not None
    assert "keeptrusts.dev/team" in finding.hint


def test_without_enforcement_any_key_is_taken() -> None:
    """With ownership off the key's own team is shown, whichever group owns the entity."""
    status = Scenario().annotated(key="others-key").ruled(ownership_enforced=False).assess()
    assert status.gateway_key is not None
    assert status.gateway_key.id == "tok_777"
    assert status.team is not None
    assert status.team.name == "team-of-others"


def test_an_unknown_key_is_not_found_only_in_a_whole_list() -> None:
    """Absence from a page that was read proves nothing about one that was not."""
    assert key_state(with_keys()) == "not-found"
    partial = with_keys(complete=False)
    assert (key_state(partial), partial.assess().state) == ("unknown", State.UNKNOWN)
    assert Code.UPSTREAM_UNAVAILABLE in partial.codes()


def test_a_namesake_proves_no_mismatch_while_pages_are_missing() -> None:
    """The owner's own key may be on the page that could not be read."""
    partial = with_keys(complete=False).annotated(key="others-key")
    assert Code.OWNER_MISMATCH not in partial.codes()
    assert key_state(partial) == "unknown"


def test_an_unreadable_owner_withholds() -> None:
    """Catalog trouble never opens a team's books, and is not called a mismatch."""
    scenario = Scenario().but(owner=Owner(Scenario().owner.ref, unreadable=True))
    assert (key_state(scenario), scenario.assess().state) == ("withheld", State.UNKNOWN)
    assert scenario.codes() == [Code.UPSTREAM_UNAVAILABLE]


def test_an_owners_team_may_be_on_a_missing_page() -> None:
    """An incomplete list of teams is no proof that the owner has none."""
    scenario = Scenario().but(owner=NOBODYS, teams=replace(Scenario().teams, complete=False))
    assert (key_state(scenario), scenario.codes()) == ("withheld", [Code.UPSTREAM_UNAVAILABLE])


@pytest.mark.parametrize("part", ["keys", "teams"])
@pytest.mark.parametrize("enforced", [True, False])
def test_without_keys_or_teams_nothing_is_known(part: str, enforced: bool) -> None:
    """The state says so, rather than ok."""
    scenario = Scenario().but(**{part: Reading(None, cause=Cause.UNAVAILABLE)}).ruled(ownership_enforced=enforced)
    assert scenario.assess().state is State.UNKNOWN


def test_a_missing_key_leaves_the_teams_own_sections() -> None:
    """What belongs to the owner's team is shown all the same; what belongs to the key is not."""
    status = with_keys().assess()
    assert status.team is not None
    assert status.wallet is not None
    assert status.policy_tier is not None
    assert status.budget is None
    assert status.activity is None


def test_an_unreadable_key_name_is_not_repeated_as_a_key() -> None:
    """A name that cannot be trusted is shown in its finding only."""
    status = Scenario().annotated(key="support-key\n").assess()
    assert status.gateway_key is None
    assert status.wallet is not None
    assert [finding.code for finding in status.findings] == [Code.ANNOTATION_INVALID]
