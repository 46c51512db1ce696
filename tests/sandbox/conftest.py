"""A sandbox without a network: a clock that moves only when a test moves it, and a client for each surface."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from bff.sandbox import ADMIN_TOKEN, READ_TOKEN
from bff.sandbox.accounts import State
from bff.sandbox.control_plane import create_control_plane
from bff.sandbox.faults import Faults
from bff.sandbox.gateway import create_gateway


@dataclass
class Clock:
    now: datetime = field(default_factory=lambda: datetime(2026, 3, 10, 12, 0, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def state(clock: Clock) -> State:
    return State(clock)


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
async def admin(state: State, faults: Faults) -> AsyncIterator[httpx.AsyncClient]:
    """The control plane, as one who may do everything."""
    app = create_control_plane(state, read_token=READ_TOKEN, admin_token=ADMIN_TOKEN, faults=faults)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://control-plane",
        headers={"authorization": f"Bearer {ADMIN_TOKEN}"},
    ) as client:
        yield client


@pytest.fixture
async def gateway(state: State, faults: Faults) -> AsyncIterator[httpx.AsyncClient]:
    """The gateway, without a key."""
    app = create_gateway(state, faults=faults)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client:
        yield client
