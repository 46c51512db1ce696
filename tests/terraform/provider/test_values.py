"""Numbers, instants and arguments on their way between Terraform and the provider."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgpack.ext import ExtType
from tf.types import Unknown
from tf.utils import Diagnostics

from terraform_provider_keeptrusts.arguments import read_arguments
from terraform_provider_keeptrusts.dollars import Dollars, fault, rounded_down
from terraform_provider_keeptrusts.key_entry import is_segment, key_path
from terraform_provider_keeptrusts.moment import Moment

REFINED = ExtType(12, b"\x81\x01\xc2")
ENOUGH = {"KEEPTRUSTS_API_URL": "https://keeptrusts.internal", "KEEPTRUSTS_ADMIN_TOKEN": "kt_ak_canary"}


@given(st.decimals(min_value=0, max_value=1_000_000_000, places=6))
def test_an_amount_comes_back_as_it_was(amount: Decimal) -> None:
    """Every amount of up to six decimals survives the way to Terraform and back exactly."""
    dollars = Dollars()
    assert dollars.decode(dollars.encode(amount)) == amount
    assert fault(dollars.encode(amount)) is None


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (100, "100"),
        (0.5, "0.5"),
        ("0.1", "0.1"),
        ("2.99999999999999999999999999999999999999999999999999", "3"),
        ("1e3", "1000"),
    ],
)
def test_a_number_is_read_in_each_form(sent: Any, meant: str) -> None:
    """Integers, floats, text, and what 512 bits make of three times 0.1 are the amount that was meant."""
    assert Dollars().decode(sent) == Decimal(meant)


@pytest.mark.parametrize("unknown", [None, Unknown, REFINED])
def test_what_is_not_known_is_left_alone(unknown: Any) -> None:
    """Null and unknown, with a refinement or without, pass through and are no fault."""
    assert Dollars().encode(Dollars().decode(unknown)) is unknown
    assert fault(unknown) is None


@pytest.mark.parametrize("wrong", [-1, "-0.000001", "0.0000001", 1_000_000_001, "1e400", "NaN", "many", True])
def test_an_amount_that_cannot_be_is_refused(wrong: Any) -> None:
    """Negative, too fine, too large and no number are each refused with a message."""
    assert str(fault(wrong)).startswith("it must")


def test_what_cannot_be_moved_stays() -> None:
    """Spend is finer than movements: they are rounded down, also below zero."""
    assert rounded_down(Decimal("0.9999999")) == Decimal("0.999999")
    assert rounded_down(Decimal("-0.0000001")) < 0


def test_an_instant_written_otherwise_is_no_change() -> None:
    """The same instant in another zone is equal; another one, or none, is not."""
    same = Moment().semantically_equal
    assert same("2030-01-31T00:00:00Z", "2030-01-31T01:00:00+01:00")
    assert not same("2030-01-31T00:00:00Z", "2030-01-31T00:00:00+01:00")
    assert not same("2030-01-31T00:00:00Z", None)
    assert not same("2030-01-31T00:00:00Z", "2030-01-31T00:00:00")


@pytest.mark.parametrize("name", ["", "..", ".", "a/b", "-a", "a b", "a\n", "é", "a" * 101])
def test_a_name_that_is_no_path_is_refused(name: str) -> None:
    """Nothing but plain words stands between the slashes of a path."""
    assert not is_segment(name)
    with pytest.raises(ValueError, match="give vault_path"):
        key_path(name, "gw-key")


def test_the_configuration_goes_before_the_environment() -> None:
    """What stands in the provider block counts; what is left out comes from the environment."""
    diags = Diagnostics()
    found = read_arguments({"api_url": "https://other.internal/", "vault": None}, ENOUGH, diags)
    assert found
    assert (found.api_url, found.api_key.get_secret_value(), found.vault) == (
        "https://other.internal",
        "kt_ak_canary",
        None,
    )


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"api_url": Unknown}, "api_url"),
        ({"api_key": REFINED}, "api_key"),
        ({"api_key": "two words"}, "api_key"),
        ({"api_url": "https://user:hunter2@keeptrusts.internal"}, "api_url"),
        ({"api_url": "https://keeptrusts.internal:99999"}, "api_url"),
        ({"gateway_url": "gateway.internal"}, "gateway_url"),
        ({"vault": {"address": None}}, "vault.address"),
        ({"vault": Unknown}, "vault.address"),
        ({"vault": {"address": "https://vault.internal"}}, "vault.token"),
        ({"vault": {"address": "https://vault.internal", "role_id": "role"}}, "vault.secret_id"),
        ({"vault": {"address": "https://vault.internal", "token": "t", "namespace": "k\u00fcche"}}, "vault.namespace"),
        ({"vault": {"address": "https://vault.internal", "token": "t", "mount": "../sys"}}, "vault.mount"),
        ({"vault": {"address": "https://vault.internal", "token": "t", "mount": "/"}}, "vault.mount"),
    ],
)
def test_a_wrong_argument_is_named_without_its_value(config: dict[str, Any], named: str) -> None:
    """One error names the argument; a password or a token is not repeated."""
    diags = Diagnostics()
    assert read_arguments(config, ENOUGH, diags) is None
    assert [item.summary.split()[3] for item in diags.diagnostics] == [named]
    assert not [text for text in ("hunter2", "two words", "kt_ak_canary") if text in str(diags)]


def test_an_app_role_in_the_block_goes_before_a_token_in_the_environment() -> None:
    """A role that is named is logged in as, though VAULT_TOKEN is set for something else."""
    diags = Diagnostics()
    block = {"address": "https://vault.internal", "role_id": "role", "secret_id": "secret", "namespace": "ai/teams/"}
    found = read_arguments({"vault": block}, ENOUGH | {"VAULT_TOKEN": "of-somebody"}, diags)
    assert found
    assert found.vault
    assert (found.vault.token, found.vault.role_id, found.vault.namespace) == (None, "role", "ai/teams/")


def test_an_address_in_the_environment_alone_asks_for_no_vault() -> None:
    """Teams and wallets can be had where VAULT_ADDR is set and there is no login."""
    diags = Diagnostics()
    found = read_arguments({"vault": None}, ENOUGH | {"VAULT_ADDR": "https://vault.internal"}, diags)
    assert found
    assert found.vault is None
    assert not diags.diagnostics
