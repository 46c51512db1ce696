"""Databases of every kind, each empty but for its tables; PostgreSQL is a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bff.store.database import Database
from bff.store.lease import Held, Leases

Open = Callable[[], Database]


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """The kinds of databases, one after the other."""
    name: str = request.param
    return name


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest) -> str | None:
    """The address of a database of PostgreSQL; None for another kind."""
    address: str | None = request.getfixturevalue("postgres_url") if kind == "postgresql" else None
    return address


@pytest.fixture
async def open_database(kind: str, url: str | None, tmp_path: Path) -> AsyncIterator[Open]:
    """Opens the same database again, as another process would; one in memory is another each time."""
    opened: list[Database] = []

    def open_one() -> Database:
        database = Database.at(url, folder=tmp_path / "state", in_memory=kind == "memory")
        opened.append(database)
        return database

    yield open_one
    for database in opened:
        await database.close()


@pytest.fixture
async def database(open_database: Open) -> Database:
    """A database with its tables."""
    opened = open_database()
    await opened.migrate()
    return opened


async def taken(database: Database, holder: str = "a", *, name: str = "reader", ttl: float = 60) -> Held:
    """A lease that must be free."""
    held = await Leases(database, holder=holder, ttl=ttl).acquire(name)
    assert held is not None
    return held
