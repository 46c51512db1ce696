"""The audit trail is written whatever is left out of the log."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest
import structlog

from bff.backstage.caller import LOCAL
from bff.provisioning.audit import Audit
from bff.telemetry import logs
from bff.telemetry.logs import logger
from bff.telemetry.metrics import Metrics


@pytest.fixture
def written() -> Iterator[io.BytesIO]:
    """What a log that tells errors alone writes."""
    output = io.BytesIO()
    logs.configure("error", final=False)
    structlog.configure(logger_factory=structlog.BytesLoggerFactory(output))
    yield output
    logs.configure("info", final=False)


def test_the_trail_is_no_matter_of_level(written: io.BytesIO) -> None:
    """A service that logs errors only still writes a line for each act, in the form of the other lines."""
    logger("other").info("left out")
    with Audit(Metrics()).act("team", "new-team", LOCAL, "request-1") as act:
        act.outcome = "created"
    [line] = written.getvalue().splitlines()
    told = json.loads(line)
    assert (told["part"], told["event"], told["level"]) == ("audit", "provisioning", "info")
    assert (told["outcome"], told["name"], told["request_id"]) == ("created", "new-team", "request-1")
