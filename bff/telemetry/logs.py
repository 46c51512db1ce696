"""Logs: JSON, one event a line, on standard error."""

from __future__ import annotations

import logging
import sys
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
    logging.basicConfig(
        level=max(LEVELS[level], logging.WARNING),
        format='{"level":"%(levelname)s","logger":"%(name)s","event":"%(message)s"}',
    )


def logger(name: str) -> FilteringBoundLogger:
    """The logger of one part of the service."""
    bound: FilteringBoundLogger = structlog.get_logger(part=name)
    return bound


def _serialise(event: EventDict, **_: Any) -> bytes:
    return orjson.dumps(event, default=str)


def _exception_without_values(exc_info: ExcInfo) -> str:
    """The kinds and places of an exception's chain, without messages: a message can quote what a stranger sent."""
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
