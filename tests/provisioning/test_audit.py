"""The audit trail is written whatever is left out of the log."""

from __future__ import annotations

import asyncio
import io
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog

from bff.backstage.caller import LOCAL
from bff.provisioning.acts import Acts, Asker
from bff.provisioning.audit import Audit
from bff.store.database import Database
from bff.telemetry import logs
from bff.telemetry.logs import AuditLogError, logger
from bff.telemetry.metrics import Metrics
from tests.conftest import NOON

from .conftest import Office


@pytest.fixture
def written() -> Iterator[io.BytesIO]:
    """What a log that tells errors alone writes."""
    output = io.BytesIO()
    logs.configure("error", final=False)
    structlog.configure(logger_factory=structlog.BytesLoggerFactory(output))
    yield output
    logs.configure("info", final=False)


ASKER = Asker(LOCAL, "request-1")


@pytest.fixture
async def acts() -> AsyncIterator[Acts]:
    """Records in memory."""
    database = Database.at(None, folder=None, in_memory=True)

    async def organisation() -> str:
        return "org"

    yield Acts(database, organisation, holder="a", clock=lambda: NOON)
    await database.close()


async def test_the_trail_is_no_matter_of_level(written: io.BytesIO, acts: Acts) -> None:
    """A service that logs errors only still writes a line for each act, in the form of the other lines."""
    logger("other").info("left out")
    async with Audit(Metrics(), acts, clock=lambda: NOON).act("team", "new-team", ASKER) as report:
        report.outcome = "created"
    [line] = written.getvalue().splitlines()
    record = json.loads(line)
    assert (record["part"], record["event"], record["level"]) == ("audit", "provisioning", "info")
    assert (record["outcome"], record["name"], record["request_id"]) == ("created", "new-team", "request-1")


async def test_the_trail_has_a_file_of_its_own(written: io.BytesIO, acts: Acts, tmp_path: Path) -> None:
    """With a file the lines are appended there, also after it was rotated, and not to the log."""
    file = tmp_path / "audit.log"
    audit = Audit(Metrics(), acts, clock=lambda: NOON, file=file)
    for name in ("first", "second"):
        async with audit.act("team", name, ASKER) as report:
            report.outcome = "created"
        if name == "first":
            file.rename(tmp_path / "audit.log.1")
    lines = [json.loads(path.read_text()) for path in (tmp_path / "audit.log.1", file)]
    assert [(line["name"], line["outcome"], line["time"]) for line in lines] == [
        ("first", "created", "2026-03-11T12:00:00Z"),
        ("second", "created", "2026-03-11T12:00:00Z"),
    ]
    assert written.getvalue() == b""


async def test_a_file_that_cannot_be_written_loses_no_line(written: io.BytesIO, acts: Acts, tmp_path: Path) -> None:
    """When the file can no longer be written, the line goes to the log, with the reason."""
    folder = tmp_path / "logs"
    folder.mkdir()
    audit = Audit(Metrics(), acts, clock=lambda: NOON, file=folder / "audit.log")
    (folder / "audit.log").unlink()
    folder.rmdir()
    audit.write(name="kept")
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["audit log not written", "provisioning"]
    assert lines[1]["name"] == "kept"


def test_a_file_that_cannot_be_written_is_an_error_at_the_start(acts: Acts, tmp_path: Path) -> None:
    """A file of a folder that is not there is refused by name when the service starts."""
    with pytest.raises(AuditLogError, match=r"nowhere/audit\.log: cannot be written"):
        Audit(Metrics(), acts, clock=lambda: NOON, file=tmp_path / "nowhere" / "audit.log")


async def test_acts_and_refusals_are_shown_from_the_command_line(office: Office, tmp_path: Path) -> None:
    """`audit` prints a team's acts and refusals with who and when, in a table and as JSON, and nothing of other teams."""
    team_id = await office.team_id()
    for amount, user in ((3000, "platform-engineer"), (1, "direct/support-engineer"), (9000, "platform-engineer")):
        office.running.time.pass_(1)
        await office.fund(team_id, amount, key=str(amount), user=user)
    environment = {**os.environ, "BFF_DATA_DIR": str(tmp_path / "state")}

    async def audit(*words: str) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("keeptrusts-bff")),
            "audit",
            *words,
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        return process.returncode or 0, output.decode()

    # The test's clock is in the past.
    (code, text), (_, lines), (_, none), (wrong, said) = await asyncio.gather(
        audit("--team", office.team.upper(), "--since", "9999d"),
        audit("--team", office.team, "--since", "9999d", "--json"),
        audit("--team", "another", "--since", "9999d"),
        audit("--since", "a month"),
    )
    assert code == 0, text
    assert all(word in text for word in ("via scaffolder", "wallet", "3000 USD", "refused"))
    found = [json.loads(line) for line in lines.splitlines()]
    assert [(act["operation"], act["state"]) for act in found] == [
        ("team", "done"),
        ("wallet", "done"),
        ("wallet", "refused"),
        ("wallet", "refused"),
    ]
    assert found[1]["amount"] == {"amount": "3000", "currency": "USD"}
    assert "funding.ownersMonthlyUsd" in found[3]["detail"]
    assert none.startswith("No act since")
    assert (wrong, "such as 30d or 12h" in said) == (2, True)
