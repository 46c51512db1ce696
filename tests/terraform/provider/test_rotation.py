"""A rotation that meets trouble: what is in force afterwards, and what the error says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from pydantic import SecretStr
from tf.iface import CreateContext, DeleteContext, PlanContext, ReadContext, UpdateContext, UpgradeContext
from tf.types import Unknown
from tf.utils import Diagnostics

from bff.sandbox import ADMIN_TOKEN
from bff.vault.errors import VaultUnavailableError
from terraform_provider_keeptrusts.arguments import Arguments, VaultArguments
from terraform_provider_keeptrusts.connection import Connection
from terraform_provider_keeptrusts.gateway_key import GatewayKey
from terraform_provider_keeptrusts.key_entry import KeyEntry
from terraform_provider_keeptrusts.worker import Worker
from tests.harness.openbao import ROOT_TOKEN, OpenBao
from tests.terraform.stand_in import StandIn

NAME = "keeptrusts_gateway_key"
START = datetime(2026, 11, 2, 9, tzinfo=UTC)
_numbers = count(1)


class Rotating:
    """A key of a new team under a provider whose clock is `now`, and what Terraform would do with it."""

    def __init__(self, keeptrusts: StandIn, openbao: OpenBao, worker: Worker) -> None:
        self.now = START
        vault = VaultArguments(openbao.url, SecretStr(ROOT_TOKEN), None, None, None, "secret")
        arguments = Arguments(keeptrusts.api_url, SecretStr(ADMIN_TOKEN), None, vault)
        self.connection = Connection(arguments, worker, clock=lambda: self.now)
        self.keeptrusts = keeptrusts
        self.openbao = openbao
        self.errors: list[str] = []
        self.state: dict[str, Any] = {}
        self.team_id: str = keeptrusts.do("POST", "/v1/teams", {"name": f"rotating-{next(_numbers)}"})["id"]
        self.create()

    def create(self) -> None:
        """Apply the key for the first time."""
        diags = Diagnostics()
        unknown = dict.fromkeys(("id", "vault_path", "prefix", "stored"), Unknown)
        unset = dict.fromkeys(("expires_at", "rotation_grace_hours", "previous_id", "previous_ends_at"))
        planned = {"name": "some-gw-key", "team_id": self.team_id, "rotate_when_changed": {"mark": "0"}}
        made = GatewayKey(self).create(CreateContext(diags, NAME), planned | unset | unknown)
        self.errors = [str(item.detail) for item in diags.diagnostics]
        self.state = made or {}

    def apply(self, **changes: Any) -> None:
        """Refresh, plan and apply changed arguments; `errors` has what went wrong."""
        diags, key = Diagnostics(), GatewayKey(self)
        self.connection.organisation.changed()
        current = key.read(ReadContext(diags, NAME), dict(self.state))
        assert current
        changed = {name for name, value in changes.items() if current[name] != value}
        planned = key.plan(PlanContext(diags, NAME, changed_fields=changed), dict(current), current | changes)
        assert planned
        self.state = key.update(UpdateContext(diags, NAME), dict(current), planned) or {}
        self.errors = [str(item.detail) for item in diags.diagnostics]

    def rotate(self, mark: str, **changes: Any) -> None:
        """Apply another mark."""
        self.apply(rotate_when_changed={"mark": mark}, **changes)

    @property
    def active(self) -> set[str]:
        """The ids of the team's keys in force."""
        return {key["id"] for key in self.keeptrusts.active_keys(self.team_id)}

    @property
    def stored(self) -> str | None:
        """The id of the key in Vault."""
        return (self.openbao.entry(self.state["vault_path"]) or {}).get("id")


@pytest.fixture
def rotating(keeptrusts: StandIn, openbao: OpenBao) -> Iterator[Rotating]:
    """A key that was just made."""
    worker = Worker()
    made = Rotating(keeptrusts, openbao, worker)
    assert made.errors == []
    yield made
    worker.run(made.connection.aclose())
    worker.stop()


@pytest.fixture
def unique_names(keeptrusts: StandIn) -> Iterator[None]:
    """A Keeptrusts that refuses a second living key of a name."""
    keeptrusts.do("PUT", "/_sandbox/keys", {"names": "unique"})
    yield
    keeptrusts.do("PUT", "/_sandbox/keys", {"names": "shared"})


def test_the_old_key_lives_for_the_grace(rotating: Rotating) -> None:
    """Until a day after the rotation a plan leaves both keys alone; after it the old one is revoked."""
    old = rotating.state["id"]
    rotating.rotate("1")
    new = rotating.state["id"]
    assert rotating.state["previous_ends_at"] == "2026-11-03T09:00:00Z"
    rotating.now = START + timedelta(hours=23, minutes=59)
    rotating.apply()
    assert rotating.active == {old, new}
    rotating.now = START + timedelta(hours=24)
    rotating.apply()
    assert rotating.active == {new} == {rotating.stored}


def test_at_most_two_keys_are_in_force(rotating: Rotating) -> None:
    """A second rotation within the grace ends the key before the last one."""
    first = rotating.state["id"]
    rotating.rotate("1")
    second = rotating.state["id"]
    rotating.rotate("2")
    assert rotating.active == {second, rotating.state["id"]}
    assert first not in rotating.active
    assert rotating.errors == []


@pytest.mark.usefixtures("unique_names")
def test_a_keeptrusts_with_one_key_a_name_says_so(rotating: Rotating) -> None:
    """Where Keeptrusts refuses a second key of the name, nothing changes, and the error names the argument to set."""
    old = rotating.state["id"]
    rotating.rotate("1")
    assert "Set rotation_grace_hours = 0" in rotating.errors[0]
    assert rotating.active == {old} == {rotating.stored}


@pytest.mark.usefixtures("unique_names")
def test_without_a_grace_the_old_key_goes_first(rotating: Rotating) -> None:
    """With a grace of 0 hours the key is rotated also where Keeptrusts takes one key a name."""
    old = rotating.state["id"]
    rotating.rotate("1", rotation_grace_hours=0)
    assert rotating.errors == []
    assert rotating.active == {rotating.state["id"]} == {rotating.stored}
    assert rotating.state["id"] != old


def test_a_successor_that_vault_refuses_is_revoked(rotating: Rotating) -> None:
    """Where Vault goes down before it has the successor, the successor is revoked and the old key stays."""
    old = rotating.state["id"]
    store = rotating.connection.store
    assert store
    replace = store.replace

    async def goes_down(*_args: Any, **_options: Any) -> None:
        raise VaultUnavailableError("Vault cannot be reached (ConnectError).")

    store.replace = goes_down  # type: ignore[method-assign]  # the moment cannot be hit from outside
    rotating.rotate("1")
    assert "was revoked again; the old one stays in force" in rotating.errors[0]
    assert rotating.active == {old} == {rotating.stored}
    store.replace = replace  # type: ignore[method-assign]
    rotating.rotate("1")
    assert rotating.active == {old, rotating.state["id"]}


def test_a_successor_whose_reply_vault_lost_is_kept(rotating: Rotating) -> None:
    """Where Vault took the successor and its answer was lost, the rotation is done."""
    store = rotating.connection.store
    assert store
    replace = store.replace

    async def answer_is_lost(*args: Any, **options: Any) -> None:
        await replace(*args, **options)
        raise VaultUnavailableError("Vault cannot be reached (ReadTimeout).")

    store.replace = answer_is_lost  # type: ignore[method-assign]  # as above
    rotating.rotate("1")
    assert rotating.errors == []
    assert rotating.stored == rotating.state["id"]


def test_an_old_key_is_not_forgotten_with_its_successor(rotating: Rotating) -> None:
    """Where the successor is revoked behind Terraform's back, a new key is made, and the old one still ends."""
    old = rotating.state["id"]
    rotating.rotate("1")
    rotating.keeptrusts.do("DELETE", f"/v1/tokens/{rotating.state['id']}")
    rotating.apply()
    assert rotating.active == {old, rotating.state["id"]}
    assert rotating.state["previous_id"] == old
    assert rotating.stored == rotating.state["id"]
    assert GatewayKey(rotating).delete(DeleteContext(Diagnostics(), NAME), rotating.state) is None
    assert rotating.active == set()


def test_a_rotation_elsewhere_is_taken_over(rotating: Rotating) -> None:
    """A successor that the service has put into Vault becomes the key, and nothing is made or revoked for it."""
    old, path = rotating.state["id"], rotating.state["vault_path"]
    body = {"name": "some-gw-key", "token_type": "gateway", "team_id": rotating.team_id}
    new = rotating.keeptrusts.do("POST", "/v1/tokens", body)
    store = rotating.connection.store
    assert store
    entry = KeyEntry(new["id"], "rotating", rotating.team_id, None, None)
    rotating.connection.run(store.replace(path, SecretStr(new["key"]), entry, key_id=old))
    rotating.apply()
    assert (rotating.state["id"], rotating.state["previous_id"]) == (new["id"], old)
    assert rotating.active == {old, new["id"]}
    rotating.keeptrusts.do("DELETE", f"/v1/tokens/{old}")
    rotating.apply()
    assert (rotating.state["id"], rotating.state["previous_id"]) == (new["id"], None)
    assert rotating.active == {new["id"]} == {rotating.stored}


def test_an_entry_that_may_be_anothers_stays(rotating: Rotating) -> None:
    """An unlisted key whose entry does not name this team's id stays in Vault; the error has the command that clears it."""
    path, gone = rotating.state["vault_path"], rotating.state["id"]
    rotating.keeptrusts.do("DELETE", f"/_sandbox/keys/{gone}")
    rotating.openbao.call(
        "POST", f"secret/metadata/{path}", {"custom_metadata": {"token_id": gone, "team_id": "team_of_another"}}
    )
    rotating.create()
    assert f"vault kv metadata delete -mount=secret {path}" in rotating.errors[0]
    assert "does not list" in rotating.errors[0]
    assert (rotating.openbao.entry(path) or {})["id"] == gone
    assert rotating.active == set()


def test_a_state_from_before_rotations_is_read(rotating: Rotating) -> None:
    """A state of the first form gets what it lacks, and a plan over it has nothing to do."""
    lacking = {"rotate_when_changed", "rotation_grace_hours", "previous_id", "previous_ends_at"}
    old = {name: value for name, value in rotating.state.items() if name not in lacking}
    diags = Diagnostics()
    upgraded = GatewayKey(rotating).upgrade(UpgradeContext(diags, NAME), 1, dict(old))
    assert upgraded == old | dict.fromkeys(lacking)
    assert diags.diagnostics == []
    planned = GatewayKey(rotating).plan(PlanContext(diags, NAME, changed_fields=set()), upgraded, dict(upgraded))
    assert planned == upgraded
