"""What the provider's arguments lead to: Keeptrusts and Vault, asked from Terraform's threads in one loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

from bff.keeptrusts.client import KEEPTRUSTS, KeeptrustsClient
from bff.keeptrusts.errors import UpstreamContractError, UpstreamRejectedError, UpstreamUnavailableError
from bff.secret_files import Secret
from bff.upstream import Limits, Upstream
from terraform_provider_keeptrusts.arguments import Arguments
from terraform_provider_keeptrusts.key_store import KeyStore
from terraform_provider_keeptrusts.organisation import Organisation
from terraform_provider_keeptrusts.worker import Worker

LIMITS = Limits(deadline=60.0, attempt=20.0, connect=5.0)
"""Longer than in the service, where a page waits: a slow answer is better than a failed apply."""

LONGEST_WAIT = 60.0
"""Seconds in all that a change waits where Keeptrusts asks for fewer calls."""

T = TypeVar("T")


def _now() -> datetime:
    return datetime.now(UTC)


class Connection:
    """One provider block's way to Keeptrusts. `sleep` is asked to wait in seconds, `clock` for the present."""

    def __init__(
        self,
        arguments: Arguments,
        worker: Worker,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self.arguments = arguments
        self.clock = clock
        self._worker = worker
        self._sleep = sleep
        token = Secret(arguments.api_key, name="the token for keeptrusts")
        self.keeptrusts = KeeptrustsClient(
            Upstream(arguments.api_url, KEEPTRUSTS, system="keeptrusts", token=token, limits=LIMITS)
        )
        self.organisation = Organisation(self.keeptrusts, monotonic=time.monotonic)
        self.store = None if arguments.vault is None else KeyStore(arguments.vault)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What `work` returns or raises."""
        return self._worker.run(work)

    async def change(self, act: Callable[[], Awaitable[T]]) -> T:
        """Make one change, again where Keeptrusts said 429 and when: that it said instead of doing it."""
        waited = 0.0
        while True:
            try:
                return await act()
            except UpstreamUnavailableError as error:
                wait = error.retry_after
                if error.status != 429 or wait is None or waited + wait > LONGEST_WAIT:
                    raise
            finally:
                self.organisation.changed()
            await self._sleep(wait)
            waited += max(wait, 1.0)

    async def greet(self) -> None:
        """Find out whether Keeptrusts answers and accepts the token: one diagnostic is better than one a resource.

        Raises `KeeptrustsError`. What it says of us does not matter here.
        """
        try:
            await self.keeptrusts.whoami()
        except (UpstreamContractError, UpstreamRejectedError):
            return

    async def aclose(self) -> None:
        """Close all connections."""
        await self.keeptrusts.aclose()
        if self.store is not None:
            await self.store.aclose()
