"""A key that Vault does not take after all: it is revoked, and where that fails too the state remembers it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from pydantic import SecretStr
from tf.iface import CreateContext, DeleteContext
from tf.types import Unknown
from tf.utils import Diagnostics

from bff.keeptrusts.errors import KeeptrustsError, UpstreamContractError, UpstreamTimeoutError
from bff.provisioning import keys
from bff.sandbox import ADMIN_TOKEN
from bff.vault.errors import VaultUnavailableError
from terraform_provider_keeptrusts.arguments import Arguments, VaultArguments
from terraform_provider_keeptrusts.connection import Connection
from terraform_provider_keeptrusts.gateway_key import GatewayKey
from terraform_provider_keeptrusts.key_entry import FOLDER, KeyEntry
from terraform_provider_keeptrusts.worker import Worker
from tests.harness.openbao import ROOT_TOKEN, OpenBao
from tests.terraform.stand_in import StandIn, refused

_numbers = count(1)


class Provider:
    """A provider that is configured."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection


@pytest.fixture
def provider(keeptrusts: StandIn, openbao: OpenBao) -> Iterator[Provider]:
    """A provider in front of the sandbox and OpenBao, in which Vault goes down between the question and the writing."""
    vault = VaultArguments(openbao.url, SecretStr(ROOT_TOKEN), None, None, None, "secret")
    worker = Worker()
    made = Provider(Connection(Arguments(keeptrusts.api_url, SecretStr(ADMIN_TOKEN), None, vault), worker))

    async def goes_down(_path: str, _secret: SecretStr, _entry: KeyEntry) -> None:
        raise VaultUnavailableError("Vault cannot be reached (ConnectError).")

    assert made.connection.store
    made.connection.store.keep = goes_down  # type: ignore[method-assign]  # the moment cannot be hit from outside
    yield made
    worker.run(made.connection.aclose())
    worker.stop()


def planned(keeptrusts: StandIn) -> dict[str, Any]:
    """What Terraform plans for a new key of a new team."""
    team = keeptrusts.do("POST", "/v1/teams", {"name": f"unlucky-{next(_numbers)}"})
    unknown = dict.fromkeys(("id", "vault_path", "prefix", "stored"), Unknown)
    unset = dict.fromkeys(
        ("expires_at", "rotate_when_changed", "rotation_grace_hours", "previous_id", "previous_ends_at")
    )
    return {"name": "unlucky-gw-key", "team_id": team["id"]} | unset | unknown


def test_a_key_that_nobody_can_read_is_revoked(provider: Provider, keeptrusts: StandIn) -> None:
    """Where Vault fails after the key was made, the key is revoked, the error says both, and there is nothing in the state."""
    plan, diags = planned(keeptrusts), Diagnostics()
    assert GatewayKey(provider).create(CreateContext(diags, "keeptrusts_gateway_key"), plan) is None
    assert [item.severity for item in diags.diagnostics] == ["error"]
    detail = str(diags.diagnostics[0].detail)
    assert "Vault cannot be reached" in detail
    assert "was revoked again" in detail
    assert [key["status"] for key in keeptrusts.of_team("tokens", plan["team_id"])] == ["revoked"]


def test_a_key_that_cannot_be_revoked_either_is_remembered(provider: Provider, keeptrusts: StandIn) -> None:
    """Where revoking fails too, the state holds the key's id, so that Terraform's next run takes it back."""
    plan, diags = planned(keeptrusts), Diagnostics()
    with keeptrusts.faulty(refused("DELETE", "/v1/tokens", 503)):
        state = GatewayKey(provider).create(CreateContext(diags, "keeptrusts_gateway_key"), plan)
    assert len(diags.diagnostics) == 1
    assert state
    assert (state["id"], state["stored"]) == (keeptrusts.active_keys(plan["team_id"])[0]["id"], False)
    assert GatewayKey(provider).delete(DeleteContext(Diagnostics(), "keeptrusts_gateway_key"), state) is None
    assert keeptrusts.active_keys(plan["team_id"]) == []


@pytest.mark.parametrize("error", [UpstreamTimeoutError, UpstreamContractError])
def test_a_key_whose_secret_is_lost_is_revoked(
    provider: Provider, keeptrusts: StandIn, error: type[KeeptrustsError]
) -> None:
    """Where Keeptrusts makes a key and its answer is lost, the key is revoked, and the error says so."""
    plan, diags, made = planned(keeptrusts), Diagnostics(), provider.connection.keeptrusts.create_token

    async def answer_is_lost(*args: Any, **options: Any) -> Any:
        await made(*args, **options)
        raise error("POST", "/v1/tokens", "nothing that helps")

    provider.connection.keeptrusts.create_token = answer_is_lost  # type: ignore[method-assign]  # as above
    assert GatewayKey(provider).create(CreateContext(diags, "keeptrusts_gateway_key"), plan) is None
    assert [item.severity for item in diags.diagnostics] == ["error"]
    assert "was revoked again" in str(diags.diagnostics[0].detail)
    assert [key["status"] for key in keeptrusts.of_team("tokens", plan["team_id"])] == ["revoked"]


def test_a_key_that_was_there_before_is_spared(provider: Provider, keeptrusts: StandIn) -> None:
    """Where nothing was made, a key of that name which somebody else made stays in force."""
    plan, diags = planned(keeptrusts), Diagnostics()
    body = {"name": plan["name"], "token_type": "gateway", "team_id": plan["team_id"]}
    there = keeptrusts.do("POST", "/v1/tokens", body)["id"]
    with keeptrusts.faulty(refused("POST", "/v1/tokens", 503)):
        assert GatewayKey(provider).create(CreateContext(diags, "keeptrusts_gateway_key"), plan) is None
    assert "answered 503" in str(diags.diagnostics[0].detail)
    assert [key["id"] for key in keeptrusts.active_keys(plan["team_id"])] == [there]


def test_keys_are_where_onboarding_puts_them() -> None:
    """Terraform and the service's onboarding keep keys below the same folder."""
    assert FOLDER == keys.FOLDER
