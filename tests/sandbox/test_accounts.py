"""The organisation: teams, keys and configurations, without HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bff.sandbox import accounts
from bff.sandbox.accounts import State
from bff.sandbox.errors import InvalidError, NotFoundError


def test_a_secret_leads_to_its_key_and_is_kept_nowhere(state: State) -> None:
    """The state recognises a secret by its hash; nothing in it holds the secret itself."""
    team = state.create_team("a-team")
    key, secret = state.create_key("a-key", team.id)
    assert state.key_behind(secret) == key
    assert state.key_behind(secret + "0") is None
    assert secret.startswith(key.prefix)
    assert secret not in repr(vars(state))


def test_two_runs_share_no_ids(state: State) -> None:
    """Two runs make different ids, so that a reader cannot take new records for old ones."""
    other = State(state.clock)
    assert state.create_team("a-team").id != other.create_team("a-team").id


def test_a_key_can_be_rotated_under_its_name(state: State) -> None:
    """Once a key is revoked, its name is free for the next."""
    team = state.create_team("a-team")
    old, _ = state.create_key("a-key", team.id)
    state.revoke_key(old.id)
    new, _ = state.create_key("a-key", team.id)
    assert [key.status for key in state.keys] == ["revoked", "active"]
    assert new.id != old.id


def test_revoking_twice_keeps_the_first_time(state: State, clock: Any) -> None:
    """A key was revoked when it was revoked first."""
    key, _ = state.create_key("a-key", state.create_team("a-team").id)
    first = state.revoke_key(key.id)
    clock.advance(hours=1)
    assert state.revoke_key(key.id) == first


def test_the_last_use_never_moves_back(state: State, clock: Any) -> None:
    """Uses that are reported late do not make a key look idle."""
    key, _ = state.create_key("a-key", state.create_team("a-team").id)
    state.key_used(key.id, at=clock.now)
    state.key_used(key.id, at=clock.now - timedelta(days=1))
    assert state.key(key.id).last_used_at == clock.now


@pytest.mark.parametrize("name", ["", " a", "a ", "a\nb", "é", "../x", "x" * 101, "-"])
def test_odd_names_are_refused(state: State, name: str) -> None:
    """A name is plain text on one line; the message says of what form."""
    with pytest.raises(InvalidError, match="the name of a team must be 1 to 100 letters"):
        state.create_team(name)


def test_the_organisation_is_bounded(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller in a loop fills a limit and not the memory."""
    monkeypatch.setattr(accounts, "MOST_TEAMS", 1)
    state.create_team("a-team")
    with pytest.raises(InvalidError, match="at most 1 teams"):
        state.create_team("b-team")


def test_a_key_needs_a_team(state: State) -> None:
    """Nothing hangs on a team that does not exist."""
    with pytest.raises(NotFoundError):
        state.create_key("a-key", "team_nowhere")
