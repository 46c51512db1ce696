"""The fingerprints of secrets: what `serve` logs is what `doctor` shows of the same file."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest

from bff.cli.doctor import _secrets
from bff.sandbox import ADMIN_TOKEN, READ_TOKEN
from bff.settings import Settings
from tests.harness.fleet import Replica, fleet

NAME = "KEEPTRUSTS_API_TOKEN"
READ_WITHIN = 30.0
"""Seconds for a changed file to be read: at the next call, a second later."""


def shown(environment: pytest.MonkeyPatch, file: Path) -> str:
    """What `doctor` says of the token's fingerprint, in its own process."""
    environment.setenv(f"{NAME}_FILE", str(file))
    (line,) = _secrets(Settings.load())
    assert str(file) in line.message
    return line.message.split()[1].rstrip(",")


def logged(replica: Replica, event: str) -> list[dict[str, object]]:
    """The lines of an event in the log so far."""
    lines = [json.loads(line) for line in replica.log().splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == event]


async def test_the_running_process_has_the_token_of_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """At the start and after the file has changed, `serve` logs the fingerprint that `doctor` shows, and never the token."""
    file = tmp_path / "token"
    file.write_text(READ_TOKEN, encoding="utf-8")
    async with fleet(BFF_REFRESH_SECONDS="1") as running:
        del running._settings[NAME]
        replica = await running.begin(**{f"{NAME}_FILE": str(file)})
        [serving] = logged(replica, "serving")
        first = shown(monkeypatch, file)
        assert serving["fingerprints"] == {NAME: first}
        file.write_text(ADMIN_TOKEN, encoding="utf-8")
        until = time.monotonic() + READ_WITHIN
        while not (changed := logged(replica, "changed secret is read")):
            assert time.monotonic() < until, replica.log()
            await asyncio.sleep(0.1)
        second = shown(monkeypatch, file)
        assert (changed[0]["setting"], changed[0]["fingerprint"]) == (f"{NAME}_FILE", second)
        assert first != second
        assert not any(token in replica.log() for token in (READ_TOKEN, ADMIN_TOKEN))
