"""Logs: JSON, one event a line, on standard error."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from select import PIPE_BUF
from typing import TYPE_CHECKING, Any

import orjson
import structlog

if TYPE_CHECKING:
    from structlog.types import EventDict, ExcInfo, FilteringBoundLogger

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(level: str, *, final: bool = True) -> None:
    """Set the process' logs up; `level` is the least severe that is written. Library logs below a warning are left out.

    What is `final` is faster and cannot be changed afterwards.
    """
    structlog.configure(
        cache_logger_on_first_use=final,
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.processors.ExceptionRenderer(_exception_without_values),
            structlog.processors.JSONRenderer(serializer=_serialise),
        ],
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
    )
    logging.basicConfig(level=max(LEVELS[level], logging.WARNING), handlers=[LibraryLines()], force=True)


class LibraryLines(logging.Handler):
    """What libraries log, in the form of our lines. Of a stack trace only the kind of error is written: its text may quote anything."""

    def __init__(self, write: Callable[[bytes], object] | None = None) -> None:
        super().__init__()
        self._write = write or _write_line

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record as one line."""
        first, *rest = record.getMessage().splitlines() or [""]
        line = {
            "part": record.name,
            "event": first if not rest else f"{first} … {rest[-1].partition(':')[0]}",
            "level": record.levelname.lower(),
            "time": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = _exception_without_values(record.exc_info)
        self._write(orjson.dumps(line) + b"\n")


# Formatting numbers takes as long as all else of a line.
_THREE_DIGITS = tuple(b"%03d" % number for number in range(1_000))
_MILLISECONDS = tuple(b"%.2f" % (hundredths / 100) for hundredths in range(1_000))
"""Durations below ten milliseconds, by hundredths of one."""

_MOST_BEGINNINGS = 1_000
"""Beginnings of lines that are remembered: there are some hundred, unless clients invent methods."""


class AccessLog:
    """One line a request, in the form of the other lines.

    It is on the hot path, so a line is put together from bytes that were made before: a general logger costs as much as
    an answer, and making JSON a tenth of one.
    `write` takes a line; lines below `level` are left out. Without one, lines go to standard error, in batches.
    """

    def __init__(
        self,
        write: Callable[[bytes], object] | None = None,
        *,
        level: str = "info",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._write = write or Batches(_write_line)
        self._leaves_out = LEVELS[level] > logging.INFO
        self._leaves_out_quiet = LEVELS[level] > logging.DEBUG
        self._clock = clock
        self._second = -1
        self._ends: dict[bool, bytes] = {}
        self._beginnings: dict[tuple[str, str, int], bytes] = {}

    def request(
        self,
        method: str,
        route: str,
        status: int,
        seconds: float,
        request_id: bytes,
        trace_id: str | None = None,
        *,
        quiet: bool = False,
    ) -> None:
        """Log one answered request; a `quiet` one at debug level only.

        `request_id` and `trace_id` hold nothing that JSON escapes.
        """
        if self._leaves_out_quiet if quiet else self._leaves_out:
            return
        now = self._clock()
        second = int(now)
        if second != self._second:
            text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._second = second
            self._ends = {each: _end_of_a_second(text, quiet=each) for each in (False, True)}
        begin = self._beginnings.get((method, route, status)) or self._beginning(method, route, status)
        trace = b"" if trace_id is None else b'","trace_id":"%b' % trace_id.encode()
        hundredths = round(seconds * 1e5)
        ms = _MILLISECONDS[hundredths] if 0 <= hundredths < 1_000 else b"%.2f" % (seconds * 1000)
        micros = int((now - second) * 1e6)
        self._write(
            b"".join(
                (
                    begin,
                    ms,
                    b',"request_id":"',
                    request_id,
                    trace,
                    self._ends[quiet],
                    _THREE_DIGITS[micros // 1_000],
                    _THREE_DIGITS[micros % 1_000],
                    b'Z"}\n',
                )
            )
        )

    def _beginning(self, method: str, route: str, status: int) -> bytes:
        begin = orjson.dumps({"method": method, "route": route, "status": status})[:-1] + b',"ms":'
        if len(self._beginnings) < _MOST_BEGINNINGS:
            self._beginnings[method, route, status] = begin
        return begin


def _end_of_a_second(text: str, *, quiet: bool) -> bytes:
    level = "debug" if quiet else "info"
    return f'","event":"request","level":"{level}","time":"{text}.'.encode()


class Batches:
    """Hands lines on to `write` once a pass of the event loop: a system call a line costs as much as half an answer.

    A batch is never larger than a pipe takes in one piece, so that the lines of processes that share one stay whole.
    """

    def __init__(self, write: Callable[[bytes], object], *, most_bytes: int = PIPE_BUF) -> None:
        self._write = write
        self._most_bytes = most_bytes
        self._lines: list[bytes] = []
        self._bytes = 0
        self._flush_is_due = False

    def __call__(self, line: bytes) -> None:
        """Write a line soon; at once where no loop is running."""
        size = self._bytes + len(line)
        if size > self._most_bytes:
            self._flush()
            size = len(line)
        if not self._flush_is_due:
            try:
                asyncio.get_running_loop().call_soon(self.flush)
            except RuntimeError:
                self._write(line)
                return
            self._flush_is_due = True
        self._lines.append(line)
        self._bytes = size

    def flush(self) -> None:
        """Write what is there."""
        self._flush_is_due = False
        self._flush()

    def _flush(self) -> None:
        if self._lines:
            batch = b"".join(self._lines)
            self._lines, self._bytes = [], 0
            self._write(batch)


def _write_line(line: bytes) -> None:
    out = sys.stderr.buffer
    out.write(line)
    out.flush()


def logger(name: str) -> FilteringBoundLogger:
    """The logger of one part of the service."""
    bound: FilteringBoundLogger = structlog.get_logger(part=name)
    return bound


def trail(name: str) -> FilteringBoundLogger:
    """A logger of what must be on record: its lines are written whatever level of others is left out."""
    bound: FilteringBoundLogger = structlog.wrap_logger(
        None, wrapper_class=structlog.make_filtering_bound_logger(logging.INFO), part=name
    )
    return bound


class AuditLogError(Exception):
    """The file of the audit log cannot be written; the message is one line."""


class AuditLog:
    """What must be on record, a JSON line each, appended to `file`; without one, or when that fails, they go to the log.

    Raises `AuditLogError` when the file cannot be written.
    """

    def __init__(self, file: Path | None, *, clock: Callable[[], datetime]) -> None:
        self._file = file
        self._clock = clock
        self._trail = trail("audit")
        if file is not None:
            try:
                with file.open("ab"):
                    pass
            except OSError as error:
                raise AuditLogError(f"{file}: cannot be written: {error.strerror}") from None

    def write(self, event: str, **fields: Any) -> None:
        """Write one line."""
        if self._file is not None:
            line = {"event": event, **fields, "time": self._clock().isoformat().replace("+00:00", "Z")}
            try:
                # Opened for each line, so that it may be rotated at any time; one write, so that processes may share it.
                with self._file.open("ab", buffering=0) as file:
                    file.write(orjson.dumps(line) + b"\n")
            except OSError as error:
                logger("audit").error("audit log not written", file=str(self._file), problem=error.strerror)
            else:
                return
        self._trail.info(event, **fields)


def _serialise(event: EventDict, **_: Any) -> bytes:
    return orjson.dumps(event, default=str)


def _exception_without_values(exc_info: ExcInfo) -> str:
    """The kinds and places of an exception's chain, without messages: a message can quote what a caller sent."""
    lines: list[str] = []
    error: BaseException | None = exc_info[1]
    while error is not None:
        frames = []
        trace = error.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            frames.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}:{code.co_name}")
            trace = trace.tb_next
        lines.append(f"{type(error).__name__} at {' > '.join(frames[-8:])}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return " from ".join(lines)
