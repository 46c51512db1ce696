"""Settings are read once, and a wrong one ends the start with one line that names it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bff.settings import Settings, SettingsError, documented, is_loopback, secret_names, secret_source
from bff.values import EntityRef

SERVING = {
    "KEEPTRUSTS_API_URL": "https://keeptrusts-api.internal:8080/",
    "KEEPTRUSTS_API_TOKEN": "kt_ak_canary",
    "BACKSTAGE_URL": "https://backstage.internal",
    "BACKSTAGE_TOKEN": "static-canary",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """An environment without settings."""
    for item in documented():
        monkeypatch.delenv(item.name, raising=False)
        monkeypatch.delenv(f"{item.name}_FILE", raising=False)
    return monkeypatch


def load_error(**overrides: object) -> str:
    """The one line that ends the start."""
    with pytest.raises(SettingsError) as caught:
        Settings.load(**overrides)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_what_serving_needs_is_enough(environment: pytest.MonkeyPatch) -> None:
    """Four settings start the service against real systems."""
    for name, value in SERVING.items():
        environment.setenv(name, value)
    settings = Settings.load()
    settings.require_for_serving()
    assert settings.keeptrusts_api_url == "https://keeptrusts-api.internal:8080"
    assert settings.bff_host == "127.0.0.1"


@pytest.mark.parametrize("missing", sorted(SERVING))
def test_a_missing_setting_is_named(environment: pytest.MonkeyPatch, missing: str) -> None:
    """Serving without a setting that it needs names that setting."""
    for name, value in SERVING.items():
        if name != missing:
            environment.setenv(name, value)
    with pytest.raises(SettingsError, match=missing):
        Settings.load().require_for_serving()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KEEPTRUSTS_API_URL", "keeptrusts-api.internal:8080"),
        ("KEEPTRUSTS_API_URL", "ftp://keeptrusts-api.internal"),
        ("KEEPTRUSTS_API_URL", "https://keeptrusts-api.internal/?a=b"),
        ("KEEPTRUSTS_API_URL", "https://keeptrusts-api.internal:port"),
        ("BFF_PORT", "0"),
        ("BFF_PORT", "eighty"),
        ("BFF_REFRESH_SECONDS", "0"),
        ("BFF_REFRESH_SECONDS", "nan"),
        ("BFF_STALE_LIMIT_SECONDS", "-1"),
        ("BFF_TIMEZONE", "Mars/Olympus"),
        ("BFF_TIMEZONE", "../../etc/passwd"),
        ("BFF_AUTH", "basic"),
        ("BFF_CATALOG", "ldap"),
        ("BFF_OWNERSHIP", "maybe"),
        ("BFF_PLATFORM_GROUPS", "platform-team,!"),
        ("BFF_NUMBERS", "everybody"),
        ("BFF_GROUP_ORIGINS", "github.com/acme"),
        ("BFF_INSTANCE", "Staging"),
        ("BACKSTAGE_CATALOG_URL", "catalog.internal:7007"),
        ("BFF_DRAIN_SECONDS", "forever"),
        ("BFF_LOG_LEVEL", "loud"),
        ("BFF_HISTORY_DAYS", "7"),
        ("BFF_BACKFILL_DAYS", "401"),
        ("BFF_REMEDIES", "wallet-low"),
        ("BFF_REMEDIES", '["wallet-low"]'),
    ],
)
def test_a_wrong_value_is_refused_by_name(environment: pytest.MonkeyPatch, name: str, value: str) -> None:
    """A value of the wrong form stops the start with one line that names setting and value."""
    environment.setenv(name, value)
    message = load_error()
    assert message.startswith(name)
    assert repr(value) in message


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ('{"key-old": "renew-key"}', "'key-old' must be the code of a finding"),
        ('{"wallet-low": 3}', "the template of wallet-low must be a reference as text"),
        ('{"wallet-low": "no name"}', "the template of wallet-low: the name 'no name'"),
        ('{"wallet-low": "component:default/pay"}', "'component:default/pay', which must be of the kind template"),
    ],
)
def test_a_wrong_remedy_is_named(environment: pytest.MonkeyPatch, value: str, said: str) -> None:
    """The error of a template says which code or reference is wrong, and the form expected."""
    environment.setenv("BFF_REMEDIES", value)
    message = load_error()
    assert message.startswith("BFF_REMEDIES")
    assert said in message


def test_remedies_are_references_in_full(environment: pytest.MonkeyPatch) -> None:
    """A template may be given by its name alone, and an empty one stays empty."""
    environment.setenv("BFF_REMEDIES", '{"key-expiring": "renew-key", "wallet-low": ""}')
    assert Settings.load().remedies == {"key-expiring": "template:default/renew-key", "wallet-low": ""}


def test_an_unknown_setting_of_ours_is_refused(environment: pytest.MonkeyPatch) -> None:
    """A misspelt setting is no setting left at its default, but an error that says what was meant."""
    environment.setenv("BFF_REFERSH_SECONDS", "10")
    assert load_error() == "BFF_REFERSH_SECONDS is not a setting; did you mean BFF_REFRESH_SECONDS?"


def test_settings_of_the_command_line_are_not_ours(environment: pytest.MonkeyPatch) -> None:
    """`BFF_URL` and `BFF_TOKEN` belong to the commands that ask a running BFF."""
    environment.setenv("BFF_URL", "http://127.0.0.1:1")
    environment.setenv("BFF_TOKEN", "x")
    Settings.load()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "bff.internal", ""])
def test_no_authentication_only_on_loopback(environment: pytest.MonkeyPatch, host: str) -> None:
    """Without authentication nothing but loopback may be listened on, whatever the host is called."""
    environment.setenv("BFF_AUTH", "none")
    environment.setenv("BFF_CATALOG", "files")
    message = load_error(bff_host=host)
    assert "BFF_AUTH=none" in message


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_is_recognised(host: str) -> None:
    """Every loopback address counts as one."""
    assert is_loopback(host)


def test_callers_are_needed_to_read_backstage(environment: pytest.MonkeyPatch) -> None:
    """A service that does not verify its callers cannot read Backstage's catalog with their token."""
    environment.setenv("BFF_AUTH", "none")
    assert "BFF_CATALOG=backstage" in load_error()


def test_stale_is_older_than_fresh(environment: pytest.MonkeyPatch) -> None:
    """Facts may not be too old to show before they are due to be read again."""
    environment.setenv("BFF_STALE_LIMIT_SECONDS", "10")
    assert "BFF_STALE_LIMIT_SECONDS" in load_error()


def test_a_secret_may_lie_in_a_file(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`NAME_FILE` is read, without the line's end."""
    path = tmp_path / "token"
    path.write_text("kt_ak_from_file\n")
    environment.setenv("KEEPTRUSTS_API_TOKEN_FILE", str(path))
    token = Settings.load().keeptrusts_api_token
    assert token is not None
    assert token.get_secret_value() == "kt_ak_from_file"


@pytest.mark.parametrize("content", [None, "", " \n", "x" * 70_000])
def test_an_unusable_secret_file_is_named(environment: pytest.MonkeyPatch, tmp_path: Path, content: str | None) -> None:
    """A secret file that is missing, empty or far too large stops the start by its setting's name."""
    path = tmp_path / "token"
    if content is not None:
        path.write_text(content)
    environment.setenv("KEEPTRUSTS_API_TOKEN_FILE", str(path))
    assert load_error().startswith("KEEPTRUSTS_API_TOKEN_FILE")


def test_a_folder_is_no_secret_file(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A mounted folder, named in place of the file in it, is called a folder."""
    environment.setenv("KEEPTRUSTS_API_TOKEN_FILE", str(tmp_path))
    assert load_error() == f"KEEPTRUSTS_API_TOKEN_FILE: {tmp_path} is a folder: name the file in it"


def test_a_secret_is_given_once(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A secret given both ways is refused: which one is meant cannot be known."""
    path = tmp_path / "token"
    path.write_text("a")
    environment.setenv("KEEPTRUSTS_API_TOKEN_FILE", str(path))
    environment.setenv("KEEPTRUSTS_API_TOKEN", "b")
    assert "both" in load_error()


def test_secrets_show_nowhere(environment: pytest.MonkeyPatch) -> None:
    """Neither a printed settings object nor an error shows a secret."""
    for name, value in SERVING.items():
        environment.setenv(name, value)
    assert "canary" not in repr(Settings.load())
    environment.setenv("BFF_PORT", "x")
    assert "canary" not in load_error()
    environment.delenv("BFF_PORT")
    environment.setenv("KEEPTRUSTS_API_URL", "https://user:canary@keeptrusts-api.internal")
    assert "canary" not in load_error()


@pytest.mark.parametrize("name", ["KEEPTRUSTS_API_TOKEN", "KEEPTRUSTS_ADMIN_TOKEN", "BACKSTAGE_TOKEN"])
def test_a_token_that_no_header_can_carry_is_refused(environment: pytest.MonkeyPatch, name: str) -> None:
    """A token with a line's end in it is refused at the start, and not shown."""
    environment.setenv(name, "canary\r\nx-injected: yes")
    message = load_error()
    assert message.startswith(f"{name}: ")
    assert "canary" not in message


@pytest.mark.parametrize(
    "url",
    [
        "redis://:canary@db.internal/0",
        "postgresql://bff:canary#x@db.internal/bff",
        "postgresql://bff:canary@db.internal/bff?pool_size=10",
        "postgresql://bff:canary@db.internal:canary/bff",
    ],
)
def test_a_wrong_database_address_is_refused_and_not_shown(environment: pytest.MonkeyPatch, url: str) -> None:
    """A database address that cannot work stops the start with one line that names the setting and shows no part of it."""
    environment.setenv("DATABASE_URL", url)
    message = load_error()
    assert message.startswith("DATABASE_URL: ")
    assert "canary" not in message
    assert "db.internal" not in message


def test_a_database_address_may_lie_in_a_file(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`DATABASE_URL_FILE` is read and checked as the setting is, and its text is not printed."""
    path = tmp_path / "url"
    path.write_text("postgresql://bff:canary@db.internal/bff\n")
    environment.setenv("DATABASE_URL_FILE", str(path))
    assert "canary" not in repr(Settings.load())
    path.write_text("postgresql://bff:canary@db.internal/bff?decode_responses=True\n")
    assert "the option decode_responses" in load_error()


@pytest.mark.parametrize(
    ("data_dir", "state_home", "folder"),
    [
        ("/var/lib/bff", "/state", "/var/lib/bff"),
        ("", "/state", "/state/keeptrusts-bff"),
        ("", "relative", "/home/someone/.local/state/keeptrusts-bff"),
        ("", "", "/home/someone/.local/state/keeptrusts-bff"),
    ],
)
def test_the_data_folder_is_where_state_belongs(
    environment: pytest.MonkeyPatch, data_dir: str, state_home: str, folder: str
) -> None:
    """SQLite lies in `BFF_DATA_DIR`, else below the user's state folder; a relative `XDG_STATE_HOME` does not count."""
    environment.setenv("BFF_DATA_DIR", data_dir)
    environment.setenv("XDG_STATE_HOME", state_home)
    environment.setenv("HOME", "/home/someone")
    assert Settings.load().data_folder == Path(folder)


def test_every_secret_is_known_as_one() -> None:
    """What is called a token is held as a secret."""
    assert set(secret_names()) >= {
        item.name.lower() for item in documented() if "TOKEN" in item.name or "SECRET" in item.name
    }


def test_lists_are_read_item_by_item(environment: pytest.MonkeyPatch) -> None:
    """Catalog files are separated by colons, groups by commas; blanks around them do not count."""
    environment.setenv("BFF_CATALOG_FILES", "a.yaml: b/ :c/*.yaml")
    environment.setenv("BFF_PLATFORM_GROUPS", "platform-team, group:ops/admins")
    settings = Settings.load()
    assert settings.catalog_patterns == ("a.yaml", "b/", "c/*.yaml")
    assert settings.platform_groups == {
        EntityRef("group", "default", "platform-team"),
        EntityRef("group", "ops", "admins"),
    }


def test_where_groups_come_from_is_read_item_by_item(environment: pytest.MonkeyPatch) -> None:
    """Origins are separated by commas; each is the beginning of a location."""
    environment.setenv("BFF_GROUP_ORIGINS", "ldap:, url:https://git.example/acme/")
    assert Settings.load().group_origins == ("ldap:", "url:https://git.example/acme/")


def test_groups_in_files_have_no_origin(environment: pytest.MonkeyPatch) -> None:
    """With a catalog of files an origin could never be one of those that are named: the start says so."""
    environment.setenv("BFF_GROUP_ORIGINS", "ldap:")
    environment.setenv("BFF_CATALOG", "files")
    assert "BFF_GROUP_ORIGINS" in load_error()


def test_fingerprints_compare_tokens_without_showing_them(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One token has one fingerprint, wherever it comes from; another has another, and addresses with passwords have none."""
    for name, value in SERVING.items():
        environment.setenv(name, value)
    environment.setenv("DATABASE_URL", "postgresql://bff:canary@db.internal/bff")
    first = Settings.load().fingerprints()
    path = tmp_path / "token"
    path.write_text("kt_ak_canary\n", encoding="utf-8")
    environment.delenv("KEEPTRUSTS_API_TOKEN")
    environment.setenv("KEEPTRUSTS_API_TOKEN_FILE", str(path))
    environment.setenv("BACKSTAGE_TOKEN", "another-canary")
    second = Settings.load().fingerprints()
    assert first.keys() == second.keys() == {"KEEPTRUSTS_API_TOKEN", "BACKSTAGE_TOKEN"}
    assert first["KEEPTRUSTS_API_TOKEN"] == second["KEEPTRUSTS_API_TOKEN"]
    assert first["BACKSTAGE_TOKEN"] != second["BACKSTAGE_TOKEN"]
    assert "canary" not in str(first | second)


def test_a_secrets_file_is_named_with_its_time(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where a secret comes from is its file with the time of the last change, or the environment."""
    assert secret_source("BACKSTAGE_TOKEN") == "from the environment"
    path = tmp_path / "token"
    path.write_text("any", encoding="utf-8")
    os.utime(path, (0, 0))
    environment.setenv("BACKSTAGE_TOKEN_FILE", str(path))
    assert secret_source("BACKSTAGE_TOKEN") == f"from {path}, changed 1970-01-01 00:00 UTC"
