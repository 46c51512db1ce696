"""Every line of the log is one JSON object, and none of them quotes what an error was about."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest
from structlog.types import ExcInfo

from bff.telemetry.logs import AccessLog, Batches, LibraryLines


def emitted(record: logging.LogRecord) -> dict[str, str]:
    """The one line that a record becomes."""
    lines: list[bytes] = []
    LibraryLines(lines.append).emit(record)
    assert len(lines) == 1
    assert lines[0].count(b"\n") == 1
    line: dict[str, str] = json.loads(lines[0])
    return line


def record(message: str, *args: object, exc_info: ExcInfo | None = None) -> logging.LogRecord:
    """A library's record."""
    return logging.LogRecord("uvicorn.error", logging.ERROR, "f", 1, message, args, exc_info)


def test_a_librarys_line_is_json() -> None:
    """What a library logs has the members of our own lines."""
    line = emitted(record('port "%s" is taken', 8787))
    assert (line["part"], line["level"], line["event"]) == ("uvicorn.error", "error", 'port "8787" is taken')


def test_a_stack_trace_in_a_message_is_one_line_without_values() -> None:
    """A message of many lines becomes one, with the kind of its last line and not its text."""
    line = emitted(record('Traceback (most recent call last):\n  File "x"\nValueError: canary-secret'))
    assert line["event"] == "Traceback (most recent call last): … ValueError"


def test_an_exception_is_told_by_kind_and_place() -> None:
    """An exception's kind and place are logged, its message is not."""
    try:
        raise RuntimeError("canary-secret")  # noqa: TRY301 - it has to be raised to have a place
    except RuntimeError as error:
        line = emitted(record("it broke", exc_info=(type(error), error, error.__traceback__)))
    assert line["exception"].startswith("RuntimeError at test_logs.py:")
    assert "canary" not in json.dumps(line)


@pytest.mark.parametrize(
    ("level", "quiet", "lines"), [("info", False, 1), ("info", True, 0), ("debug", True, 1), ("warning", False, 0)]
)
def test_requests_are_told_at_their_level(level: str, quiet: bool, lines: int) -> None:
    """A request is an info line, a probe a debug line."""
    written: list[bytes] = []
    AccessLog(written.append, level=level, clock=lambda: 1773144000.25).request(
        quiet=quiet, method="GET", route="/livez", status=200, seconds=0.00123, request_id=b"r-1"
    )
    assert len(written) == lines
    if written:
        assert json.loads(written[0])["time"] == "2026-03-10T12:00:00.250000Z"


async def test_lines_of_one_pass_are_written_at_once() -> None:
    """What many requests log in one pass of the loop is one write; the next pass has its own."""
    written: list[bytes] = []
    write = Batches(written.append)
    for line in (b"a\n", b"b\n"):
        write(line)
    assert written == []
    await asyncio.sleep(0)
    write(b"c\n")
    await asyncio.sleep(0)
    assert written == [b"a\nb\n", b"c\n"]


async def test_no_batch_is_larger_than_a_pipe_takes_in_one_piece() -> None:
    """Lines stay whole and in their order, and one that is too large goes alone."""
    written: list[bytes] = []
    write = Batches(written.append, most_bytes=10)
    lines = [b"1234\n", b"12345\n", b"12\n", b"x" * 20 + b"\n", b"12\n"]
    for line in lines:
        write(line)
    await asyncio.sleep(0)
    assert b"".join(written) == b"".join(lines)
    assert [len(batch) for batch in written] == [5, 9, 21, 3]


def test_without_a_loop_nothing_waits() -> None:
    """A line that is logged before or after the loop is written at once."""
    written: list[bytes] = []
    Batches(written.append)(b"a\n")
    assert written == [b"a\n"]
