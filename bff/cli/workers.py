"""Several workers on one machine: processes that share a listening socket, and one process that looks after them."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from bff.telemetry import logs

log = logs.logger("workers")

SOON = 5.0
"""Seconds within which a worker that ends has hardly begun."""

MOST_FALSE_STARTS = 5
"""Workers that may end so soon, one after the other, before all is given up: the next would fare no better."""

LONGEST_PAUSE = 5.0
_WATCHED = {signal.SIGCHLD, signal.SIGINT, signal.SIGTERM}


@dataclass(frozen=True, slots=True)
class Begun:
    """A worker's number and when it began."""

    number: int
    at: float


def supervise(count: int, work: Callable[[int, int], None]) -> bool:
    """Run `work(number, lifeline)` in `count` processes, each begun anew when it ends, until a signal; False when given up.

    SIGINT and SIGTERM are passed on as SIGTERM, each time they come. The lifeline is a file descriptor that becomes
    readable when this process is no more.
    """
    return _Supervisor(count, work).run()


async def orphaned(lifeline: int) -> None:
    """Return when the supervisor of this worker is no more."""
    gone = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(lifeline, gone.set)
    try:
        await gone.wait()
    finally:
        loop.remove_reader(lifeline)


class _Supervisor:
    def __init__(self, count: int, work: Callable[[int, int], None]) -> None:
        self._work = work
        self._workers: dict[int, Begun] = {}
        self._due = dict.fromkeys(range(1, count + 1), 0.0)
        self._false_starts = 0
        self._stopping = False
        self._lifeline, self._held = os.pipe()

    def run(self) -> bool:
        """Look after the workers to their end."""
        # Signals are taken one after the other, where nothing else happens: no handler, no race.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
        try:
            while self._workers or not self._stopping:
                self._begin_due()
                self._take(signal.sigtimedwait(_WATCHED, self._next_due()))
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            os.close(self._held)
            os.close(self._lifeline)
        return self._false_starts < MOST_FALSE_STARTS

    def _take(self, taken: signal.struct_siginfo | None) -> None:
        if taken is not None and taken.si_signo != signal.SIGCHLD:
            self._stop()
        # One SIGCHLD may stand for several that ended.
        while self._workers:
            process, status = os.waitpid(-1, os.WNOHANG)
            if not process:
                return
            self._ended(self._workers.pop(process), os.waitstatus_to_exitcode(status))

    def _stop(self) -> None:
        self._stopping = True
        self._due = {}
        for process in self._workers:
            os.kill(process, signal.SIGTERM)

    def _ended(self, worker: Begun, code: int) -> None:
        if self._stopping:
            return
        log.error("worker ended", worker=worker.number, code=code)
        early = time.monotonic() - worker.at < SOON
        self._false_starts = self._false_starts + 1 if early else 0
        if self._false_starts >= MOST_FALSE_STARTS:
            log.error("given up: workers end as soon as they begin")
            self._stop()
            return
        pause = min(0.1 * 2**self._false_starts, LONGEST_PAUSE) if early else 0.0
        self._due[worker.number] = time.monotonic() + pause

    def _next_due(self) -> float:
        # An hour stands for ever.
        return max(min(self._due.values(), default=time.monotonic() + 3600) - time.monotonic(), 0.0)

    def _begin_due(self) -> None:
        now = time.monotonic()
        for number in [number for number, at in self._due.items() if at <= now]:
            del self._due[number]
            process = os.fork()
            if not process:
                self._be_a_worker(number)
            self._workers[process] = Begun(number, now)

    def _be_a_worker(self, number: int) -> None:
        code = 1
        try:
            os.close(self._held)
            # Ctrl-C is for the supervisor, who passes it on: a worker that met it too would take it for the second.
            os.setpgid(0, 0)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _WATCHED)
            self._work(number, self._lifeline)
            code = 0
        except Exception:
            log.exception("worker failed", worker=number)
        finally:
            # Not exit: what the supervisor has registered to be done at its end is not the worker's to do.
            os._exit(code)
