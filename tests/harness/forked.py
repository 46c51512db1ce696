"""The service as processes that are forked from one that has imported it, which costs less than starting the command.

Their calls of Keeptrusts and Vault may take long, so that a test can hold one for as long as it needs.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from bff.app import create_app
from bff.app_connections import World
from bff.cli import serve as command
from bff.upstream import Limits
from bff.vault.wire import VaultWire

CALLS_MAY_TAKE = 60.0
"""Seconds."""

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__])

_BETWEEN_LOOKS = 0.02
"""Seconds between two looks whether a process has ended."""


class ForkedService:
    """One service with these variables and no others, whose output goes to `log`; its members are those of asyncio's `Process`."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self._process = _CONTEXT.Process(target=_serve, args=(dict(environment), str(log)), daemon=True)
        self._process.start()

    @property
    def returncode(self) -> int | None:
        """None while it runs; the number of the signal that ended it, below zero."""
        return self._process.exitcode

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    def kill(self) -> None:
        """End it by SIGKILL."""
        self._process.kill()

    async def wait(self) -> int:
        """Wait for its end."""
        while (code := self.returncode) is None:
            await asyncio.sleep(_BETWEEN_LOOKS)
        return code


def _serve(environment: dict[str, str], log: str) -> None:
    """Serve, in a process of its own."""
    os.environ.clear()
    os.environ.update(environment)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    limits = Limits(deadline=CALLS_MAY_TAKE, attempt=CALLS_MAY_TAKE)
    command.create_app = partial(create_app, world=World(limits=limits))  # type: ignore[assignment]  # in this process alone
    VaultWire.__init__.__kwdefaults__["deadline"] = CALLS_MAY_TAKE
    command.serve()
