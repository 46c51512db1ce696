"""A client of an address that answers as the test says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
import pytest
import respx
from pydantic import SecretStr

from bff.keeptrusts.client import KEEPTRUSTS, KeeptrustsClient
from bff.secret_files import Secret
from bff.upstream import Limits, Upstream

API = "https://keeptrusts-api.internal:8080"
TOKEN = "kt_ak_canary"
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


@dataclass
class Observed:
    """What a client reported to its observer, and how long it meant to wait."""

    attempts: list[tuple[str, str]] = field(default_factory=list)
    retries: int = 0
    breaker_states: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    seconds: float = 100.0

    def attempt(self, system: str, operation: str, outcome: str, seconds: float) -> None:
        """Remember the attempt."""
        assert system == "keeptrusts"
        assert seconds >= 0
        self.attempts.append((operation, outcome))

    def retried(self, system: str, operation: str) -> None:
        """Count the retry."""
        del system, operation
        self.retries += 1

    def breaker(self, system: str, state: str) -> None:
        """Remember the state."""
        del system
        self.breaker_states.append(state)

    def own_token_refused(self, system: str, operation: str) -> None:
        """Remember the refusal."""
        self.refused.append((system, operation))

    async def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        self.waits.append(seconds)
        self.seconds += seconds

    def monotonic(self) -> float:
        """Now, in seconds."""
        return self.seconds


@pytest.fixture
def observed() -> Observed:
    """What the client does beside answering."""
    return Observed()


@pytest.fixture
def upstream() -> Iterator[respx.MockRouter]:
    """The other side; a request that the test did not foresee fails it."""
    with respx.mock(base_url=API, assert_all_called=False) as router:
        yield router


def reply(content: bytes = b"", *, status: int = 200) -> httpx.Response:
    """A reply as the network gives it: not read yet."""
    return httpx.Response(status, stream=httpx.ByteStream(content))


def transport_to(
    base_url: str, observed: Observed, *, limits: Limits | None = None, via: httpx.AsyncBaseTransport | None = None
) -> Upstream:
    """A transport whose time passes at once and whose chance is a half."""
    return Upstream(
        base_url,
        KEEPTRUSTS,
        system="keeptrusts",
        token=Secret(SecretStr(TOKEN)),
        observer=observed,
        monotonic=observed.monotonic,
        random=lambda: 0.5,
        clock=lambda: NOW,
        sleep=observed.sleep,
        limits=limits,
        transport=via,
    )


@pytest.fixture
async def transport(upstream: respx.MockRouter, observed: Observed) -> AsyncIterator[Upstream]:
    """A transport to the other side."""
    del upstream
    made = transport_to(API, observed)
    yield made
    await made.aclose()


@pytest.fixture
def client(transport: Upstream) -> KeeptrustsClient:
    """A client of the other side."""
    return KeeptrustsClient(transport)
