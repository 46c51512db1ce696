"""Settings of actions that do not fit together end the start with one line that says what is missing."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from bff.backstage.own_tokens import SigningKey
from bff.settings import Settings, SettingsError, documented

SERVING = {
    "KEEPTRUSTS_API_URL": "https://keeptrusts-api.internal:8080",
    "KEEPTRUSTS_API_TOKEN": "kt_ak_canary",
    "BACKSTAGE_URL": "https://backstage.internal",
    "BACKSTAGE_TOKEN": "static-canary",
}
STORE_KEY = base64.b64encode(b"c" * 32).decode()
PEM = SigningKey.make().pem()


def load(monkeypatch: pytest.MonkeyPatch, **changes: str) -> Settings:
    """The settings of an environment with these alone."""
    for item in documented():
        monkeypatch.delenv(item.name, raising=False)
        monkeypatch.delenv(f"{item.name}_FILE", raising=False)
    for name, value in (SERVING | changes).items():
        monkeypatch.setenv(name, value)
    return Settings.load()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"BFF_ACTIONS": "on"}, "BFF_SIGNING_KEY_FILE or BFF_STORE_KEY_FILE"),
        ({"BFF_ACTIONS": "on", "BFF_AUTH": "none", "BFF_CATALOG": "files"}, "needs BFF_AUTH=backstage"),
        ({"BFF_ACTIONS": "on", "BFF_CATALOG": "files", "BFF_STORE_KEY": STORE_KEY}, "BFF_CATALOG=backstage"),
        ({"BFF_SIGNING_KEY": PEM, "BFF_STORE_KEY": STORE_KEY}, "set one of them"),
        ({"BFF_SIGNING_KEY": "canary"}, "BFF_SIGNING_KEY: must be a private key in PEM on the curve P-256"),
        ({"BFF_STORE_KEY": "canary"}, "BFF_STORE_KEY: must be 32 random bytes in base64"),
        ({"BFF_ACTIONS_CATALOG": "everybody"}, "BFF_ACTIONS_CATALOG='everybody'"),
        ({"BFF_SPEND_PERMISSION": "on", "BFF_AUTH": "none", "BFF_CATALOG": "files"}, "BFF_SPEND_PERMISSION=on needs"),
    ],
)
def test_what_does_not_fit_is_named(monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], said: str) -> None:
    """A setting that lacks another, or is of another form, is one line with its name, and shows no secret."""
    with pytest.raises(SettingsError) as caught:
        load(monkeypatch, **changes)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not any(secret in str(caught.value) for secret in ("canary", STORE_KEY, PEM.splitlines()[1]))


@pytest.mark.parametrize(
    "changes",
    [
        {"BFF_STORE_KEY": STORE_KEY},
        {"BFF_SIGNING_KEY": PEM},
        {"BFF_ACTIONS_CATALOG": "owners"},
    ],
)
def test_each_way_to_read_entities_is_enough(monkeypatch: pytest.MonkeyPatch, changes: dict[str, str]) -> None:
    """A signing key, a store key, or entities for owners alone: each lets actions be served."""
    assert load(monkeypatch, BFF_ACTIONS="on", **changes).bff_actions == "on"


def test_a_key_from_a_file_keeps_its_lines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A PEM file, as a Secret mounts it, is read whole."""
    file = tmp_path / "key.pem"
    file.write_text(PEM)
    secret = load(monkeypatch, BFF_ACTIONS="on", BFF_SIGNING_KEY_FILE=str(file)).secret("bff_signing_key")
    assert secret is not None
    assert SigningKey.read(secret.value().get_secret_value()).kid == SigningKey.read(PEM).kid
