"""With `BFF_AUDIT_LOG` each read that shows amounts is on record: by whom, of what, in which request."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bff.settings import SettingsError
from tests.conftest import BOT, Start
from tests.web.test_numbers import MEMBER, OPERATOR, OWNER, REF, STRANGER, portal

STATUS, SPEND = f"{BOT}/governance", f"{BOT}/spend?days=7"


def lines(file: Path) -> list[dict[str, Any]]:
    """Every line of the log."""
    return [json.loads(line) for line in file.read_text().splitlines()]


def _fields(headers: dict[str, str]) -> dict[bytes, bytes]:
    return {name.encode(): value.encode() for name, value in headers.items()}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file of the log, which is not there yet."""
    return tmp_path / "audit.log"


@pytest.mark.parametrize(("path", "what"), [(STATUS, "status"), (SPEND, "spend")])
async def test_a_read_of_amounts_is_one_line(start: Start, file: Path, path: str, what: str) -> None:
    """A status or spend with amounts is a line with the reader, the entity and the request."""
    async with portal(start, bff_audit_log=file) as service:
        reply = await service.get(MEMBER, path, x_request_id="request-1")
    assert reply.status_code == 200
    assert lines(file) == [
        {
            "event": "read",
            "what": what,
            "entity": REF,
            "user": MEMBER,
            "via": None,
            "request_id": "request-1",
            "time": "2026-03-11T12:00:00Z",
        }
    ]


async def test_a_batch_is_one_line(start: Start, file: Path) -> None:
    """A batch is one line with the number of its references and of the entities whose amounts it shows."""
    async with portal(start, bff_audit_log=file) as service:
        await service.batch(MEMBER, [REF, OWNER, "component:default/no-such-entity", "not a reference"])
    (line,) = lines(file)
    assert (line["event"], line["what"], line["user"]) == ("read", "statuses", MEMBER)
    assert (line["refs"], line["shown"]) == (4, 1)


async def test_a_read_without_amounts_is_no_line(start: Start, file: Path) -> None:
    """Who sees no amounts leaves no line, and neither does who sees nothing."""
    async with portal(start, bff_audit_log=file) as service:
        for path in (STATUS, SPEND):
            assert (await service.get(STRANGER, path)).status_code == 200
        assert (await service.batch(STRANGER, [REF])).status_code == 200
        missing = STATUS.replace("customer-support-bot", "no-such-entity")
        assert (await service.get(OPERATOR, missing)).status_code == 404
    assert lines(file) == []


async def test_every_read_from_memory_is_a_line(start: Start, file: Path) -> None:
    """Reads that are answered from memory, and those that are answered with 304, are on record too."""
    async with portal(start, bff_audit_log=file) as service:
        first = await service.get(MEMBER)
        again = await service.get(MEMBER)
        unchanged = await service.get(MEMBER, if_none_match=first.headers["etag"])
    assert (again.status_code, unchanged.status_code) == (200, 304)
    assert [line["what"] for line in lines(file)] == ["status"] * 3


@pytest.mark.parametrize("conditional", [False, True])
async def test_a_read_of_the_short_way_is_the_same_line(start: Start, file: Path, conditional: bool) -> None:
    """What is answered before it is a request, whole or with 304, is on record before that, as all else is."""
    async with portal(start, bff_audit_log=file) as service:
        headers = service.bearer(MEMBER) | {"x-request-id": "request-1"}
        first = await service.running.client.get(STATUS, headers=headers)
        (line,) = lines(file)
        written: list[bytes] = []
        headers |= {"if-none-match": first.headers["etag"]} if conditional else {}

        def write(answer: bytes) -> None:
            assert lines(file) == [line, line]
            written.append(answer)

        assert service.running.app.short is not None
        assert service.running.app.short(STATUS.encode(), _fields(headers), b"", write, b"\r\n")
    assert written[0].startswith(b"HTTP/1.1 304 " if conditional else b"HTTP/1.1 200 ")
    assert lines(file) == [line, line]


async def test_a_read_without_amounts_of_the_short_way_is_no_line(start: Start, file: Path) -> None:
    """Who sees no amounts leaves no line on the short way either."""
    async with portal(start, bff_audit_log=file) as service:
        headers = service.bearer(STRANGER)
        await service.running.client.get(STATUS, headers=headers)
        written: list[bytes] = []
        assert service.running.app.short is not None
        assert service.running.app.short(STATUS.encode(), _fields(headers), b"", written.append, b"\r\n")
    assert len(written) == 1
    assert lines(file) == []


async def test_without_the_setting_nothing_is_recorded(start: Start) -> None:
    """Without `BFF_AUDIT_LOG` reads are not recorded."""
    async with portal(start) as service:
        await service.get(MEMBER)
        assert service.running.app.service.reads is None


async def test_a_file_that_cannot_be_written_stops_the_start(start: Start, tmp_path: Path) -> None:
    """A service that could not record reads does not start, and names the setting and the file."""
    with pytest.raises(SettingsError, match=r"BFF_AUDIT_LOG: .*nowhere/audit\.log: cannot be written: No such file"):
        async with portal(start, bff_audit_log=tmp_path / "nowhere" / "audit.log"):
            pass
