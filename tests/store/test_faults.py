"""What is said, and how soon, when the database cannot be used; it is used again when it can."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, insert, select

from bff.store import postgresql as postgresql_store
from bff.store import sqlite as sqlite_store
from bff.store.database import CONNECTIONS, FILE_NAME, Database, DatabaseUnavailableError
from bff.store.tables import snapshots, store_form
from tests.harness.postgres import PASSWORD, PostgresServer

from .conftest import taken

ANOTHER_USER = 65534
SILENCE = 7.0
"""Seconds within which a call to a silent server must end."""


async def fault(database: Database) -> str:
    """The one line of a read that must fail."""
    with pytest.raises(DatabaseUnavailableError) as caught:
        await database.usable()
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.fixture
async def postgresql(postgres_url: str) -> Any:
    """A database of the real server, with its tables."""
    database = Database.at(postgres_url, folder=None)
    await database.migrate()
    yield database
    await database.close()


async def test_a_silent_server_costs_seconds_and_not_the_loop(
    postgresql: Database, postgres_server: PostgresServer
) -> None:
    """A server that is stopped costs each call a few seconds, while the event loop goes on; then all is well again."""
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            longest = max(longest, time.monotonic() - before)

    watching = asyncio.create_task(watch())
    postgres_server.pause()
    started = time.monotonic()
    said = await asyncio.gather(*(fault(postgresql) for _ in range(8)))
    assert time.monotonic() - started < SILENCE
    postgres_server.resume()
    await asyncio.gather(*(postgresql.usable() for _ in range(2 * CONNECTIONS)))
    watching.cancel()
    assert set(said) <= {
        "the database does not answer",
        "PostgreSQL does not answer",
        "all connections to the database are in use",
    }
    assert longest < 2


async def test_a_server_that_falls_silent_within_a_statement_is_left(
    postgresql: Database, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A statement that gets no answer ends by itself, also where the connection was good a moment ago."""
    monkeypatch.setattr(postgresql_store._BoundedConnection, "silent_after", 0.5)

    async def read() -> None:
        async with postgresql.read() as connection:
            postgres_server.pause()
            await connection.execute(select(store_form.c.oldest))

    with pytest.raises(DatabaseUnavailableError, match="PostgreSQL does not answer"):
        await read()
    postgres_server.resume()
    await postgresql.usable()


async def test_a_server_that_is_stopped_and_started_again(
    postgresql: Database, postgres_server: PostgresServer
) -> None:
    """Connections of before the stop are replaced without an error that callers see."""
    await postgresql.usable()
    postgres_server.stop()
    assert await fault(postgresql) == "PostgreSQL does not listen there: connection refused"
    postgres_server.start()
    await postgresql.usable()


async def test_a_server_that_crashes_within_a_write(postgresql: Database, postgres_server: PostgresServer) -> None:
    """A write that a crash cuts off is an unavailable database, and leaves nothing."""
    held = await taken(postgresql)

    async def write() -> None:
        async with postgresql.write(held) as connection:
            await connection.execute(insert(snapshots).values(row(b"x")))
            postgres_server.kill()

    with pytest.raises(DatabaseUnavailableError, match="PostgreSQL"):
        await write()
    postgres_server.start()
    assert await bodies(postgresql) == []


async def test_a_connection_that_the_server_ends_is_replaced(
    postgresql: Database, postgres_server: PostgresServer
) -> None:
    """An administrator who ends our connections costs no call."""
    await postgresql.usable()
    postgres_server.run(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'keeptrusts-bff'"
    )
    await postgresql.usable()


async def test_a_wrong_password_shows_nowhere(
    postgres_url: str, postgres_server: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A refused password is said so in one line; neither the error, nor a log line, nor the object shows it."""
    caplog.set_level(logging.DEBUG)
    database = Database.at(postgres_url.replace(PASSWORD, f"{PASSWORD}-wrong"), folder=None)
    try:
        with pytest.raises(DatabaseUnavailableError) as caught:
            await database.usable()
        assert str(caught.value) == "PostgreSQL refuses the password"
        shown = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(database) + repr(vars(database))
        assert PASSWORD not in shown
        assert str(postgres_server.port) not in str(caught.value)
    finally:
        await database.close()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("/test_", "/no_such_"), "PostgreSQL has no such database or user"),
        (("127.0.0.1", "no-such-host.invalid"), "the host of PostgreSQL is not known"),
        (("127.0.0.1", "127.0.0.1:1,127.0.0.1"), "PostgreSQL does not listen there: connection refused"),
    ],
)
async def test_why_it_cannot_connect(postgres_url: str, change: tuple[str, str], said: str) -> None:
    """A database, host or port that is not there is each said in its own words."""
    url = postgres_url.replace(*change)
    if "," in url:
        url = url.rpartition(":")[0] + ":1/test"
    database = Database.at(url, folder=None)
    try:
        assert await fault(database) == said
    finally:
        await database.close()


async def test_tls_that_the_server_does_not_have(postgres_url: str) -> None:
    """An address that asks for TLS does not connect without it, and it is said why."""
    database = Database.at(f"{postgres_url}?sslmode=require", folder=None)
    try:
        assert await fault(database) == "PostgreSQL does not support TLS, which the address asks for"
    finally:
        await database.close()


async def test_an_account_that_may_not_read(postgres_url: str, postgresql: Database) -> None:
    """The error of a user without rights names the table that it may not read."""
    async with postgresql.write() as connection:
        await connection.exec_driver_sql(f"CREATE ROLE visitor LOGIN PASSWORD '{PASSWORD}'")
    visitor = Database.at(postgres_url.replace("//bff:", "//visitor:"), folder=None)
    try:
        assert await fault(visitor) == "PostgreSQL: permission denied for table store_form"
    finally:
        await visitor.close()
        async with postgresql.write() as connection:
            await connection.exec_driver_sql("DROP ROLE visitor")


async def test_a_second_host_is_tried(postgres_url: str) -> None:
    """Where the first of several hosts does not listen the next one is used."""
    database = Database.at(postgres_url.replace("@", "@127.0.0.1:1,"), folder=None)
    try:
        await database.migrate()
    finally:
        await database.close()


@pytest.mark.parametrize("kind", ["memory", "sqlite"], indirect=True)
async def test_a_full_disk_is_said_and_what_was_there_can_be_read(database: Database) -> None:
    """A write for which there is no room is undone and named; reading goes on, and so does writing once there is room."""
    async with database.write() as connection:
        await connection.execute(insert(snapshots).values(row(b"before")))
    limit = set_page_limit(database, 30)
    with pytest.raises(DatabaseUnavailableError, match="SQLite: the disk is full"):
        async with database.write() as connection:
            await connection.execute(insert(snapshots).values(row(b"x" * 1_000_000, "large")))
    assert await bodies(database) == [b"before"]
    limit["pages"] = 1_000_000
    async with database.write() as connection:
        await connection.execute(insert(snapshots).values(row(b"after", "small")))
    assert sorted(await bodies(database)) == [b"after", b"before"]


async def test_a_file_that_another_process_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that waits too long for another process says so, and readers do not wait at all."""
    monkeypatch.setattr(sqlite_store, "BUSY_WITHIN", 0.1)
    database = Database.at(None, folder=tmp_path)
    await database.migrate()
    with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseUnavailableError, match="locked by another process"):
            async with database.write():
                pass
        await database.usable()
    async with database.write():
        pass
    await database.close()


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    """A file of something else is neither read nor overwritten."""
    (tmp_path / FILE_NAME).write_bytes(b"something else " * 100)
    database = Database.at(None, folder=tmp_path)
    with pytest.raises(DatabaseUnavailableError, match="SQLite: the file is not a database"):
        await database.migrate()
    await database.close()
    assert (tmp_path / FILE_NAME).read_bytes().startswith(b"something else")


@pytest.fixture
def forbidden() -> Iterator[Path]:
    """A folder in which this user may not write, also where the tests run as root."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o555)
        root = os.geteuid() == 0
        if root:
            os.seteuid(ANOTHER_USER)
        yield folder
        if root:
            os.seteuid(0)
        folder.chmod(0o700)


async def test_a_folder_that_may_not_be_written(forbidden: Path) -> None:
    """A folder without the right to write is named with the reason."""
    database = Database.at(None, folder=forbidden / "state")
    with pytest.raises(DatabaseUnavailableError) as caught:
        await database.migrate()
    assert str(caught.value) == f"cannot write {forbidden / 'state' / FILE_NAME}: Permission denied"
    await database.close()


def row(body: bytes, form: str = "1") -> dict[str, object]:
    """A row with a body."""
    return {"ledger_id": 1, "form": form, "version": 1, "made_at": 0.0, "body": body}


async def bodies(database: Database) -> list[bytes]:
    """Every body in the table."""
    async with database.read() as connection:
        return list((await connection.execute(select(snapshots.c.body))).scalars().all())


def set_page_limit(database: Database, pages: int) -> dict[str, int]:
    """Let the database have no more than so many pages, as a full disk would; what is given can be changed."""
    limit = {"pages": pages}

    @event.listens_for(database._engine.sync_engine, "begin")
    def set_limit(connection: Any) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count={limit['pages']}")

    return limit
