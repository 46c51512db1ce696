"""Reading and writing: transactions that are whole or not there, and connections that end with the database."""

from __future__ import annotations

import asyncio
import stat
import threading
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from bff.store.database import FILE_NAME, Database, DatabaseUnavailableError
from bff.store.tables import snapshots, wallet_marks

from .conftest import Open

MARK = {"ledger_id": 1, "wallet_id": "w", "usd": 0, "pico": 0}


async def dollars(database: Database) -> int | None:
    """What stands in the one row of a test; None where there is none."""
    async with database.read() as connection:
        return (await connection.execute(select(wallet_marks.c.usd))).scalar_one_or_none()


async def add_a_dollar(database: Database) -> None:
    """Read, and write what follows from it, in one transaction."""
    async with database.write() as connection:
        row = database.upsert(wallet_marks).values(MARK | {"usd": 1})
        more = {"usd": wallet_marks.c.usd + 1}
        await connection.execute(row.on_conflict_do_update(index_elements=["ledger_id", "wallet_id"], set_=more))


async def test_a_write_that_fails_leaves_nothing(database: Database) -> None:
    """What was written before the body raised is undone, and the error is the body's own."""

    async def write() -> None:
        async with database.write() as connection:
            await connection.execute(insert(wallet_marks).values(MARK))
            raise LookupError

    with pytest.raises(LookupError):
        await write()
    assert await dollars(database) is None


async def test_a_write_that_is_cancelled_leaves_nothing(database: Database) -> None:
    """A write whose task is cancelled is undone, and the next one works."""
    written = asyncio.Event()

    async def write() -> None:
        async with database.write() as connection:
            await connection.execute(insert(wallet_marks).values(MARK))
            written.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write())
    await written.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await add_a_dollar(database)
    assert await dollars(database) == 1


async def test_a_statement_that_is_cancelled_ends_soon(database: Database) -> None:
    """A statement under way when its task is cancelled does not hold the task, and the database works on."""
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT count(*) FROM n"

    async def read() -> None:
        async with database.read() as connection:
            await connection.execute(text(numbers))

    task = asyncio.create_task(read())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await task
    await add_a_dollar(database)
    assert await dollars(database) == 1


async def test_writes_at_once_are_one_after_the_other(database: Database) -> None:
    """Twenty tasks that change the same row lose nothing."""
    await asyncio.gather(*(add_a_dollar(database) for _ in range(20)))
    assert await dollars(database) == 20


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)
async def test_a_read_sees_one_state(open_database: Open, database: Database) -> None:
    """What another process commits in the middle of a read is not seen by the rest of it."""
    other = open_database()
    await add_a_dollar(database)
    async with database.read() as connection:
        before = (await connection.execute(select(wallet_marks.c.usd))).scalar_one()
        await add_a_dollar(other)
        after = (await connection.execute(select(wallet_marks.c.usd))).scalar_one()
    assert (before, after) == (1, 1)
    assert await dollars(database) == 2


async def test_databases_in_memory_are_apart() -> None:
    """Each object has a database in memory of its own."""
    first, second = (Database.at(None, folder=None, in_memory=True) for _ in range(2))
    try:
        await first.migrate()
        with pytest.raises(DatabaseUnavailableError, match="no tables"):
            await second.usable()
    finally:
        await first.close()
        await second.close()


async def test_the_clock_is_the_databases(database: Database) -> None:
    """The clock counts seconds since 1970, with fractions, and goes on within a transaction."""
    async with database.read() as connection:
        first = (await connection.execute(select(database.now()))).scalar_one()
        while (second := (await connection.execute(select(database.now()))).scalar_one()) == first:
            pass
    assert isinstance(first, float)
    assert 1_700_000_000 < first < second < first + 5


async def test_bytes_and_text_come_back_as_they_were(database: Database) -> None:
    """A body of any bytes, and text of any language, are the same after they were stored."""
    row = {"ledger_id": 1, "form": "Größe 日本 🚀", "version": 2**60, "made_at": 0.5, "body": bytes(range(256)) * 4096}
    async with database.write() as connection:
        await connection.execute(insert(snapshots).values(row))
    async with database.read() as connection:
        assert dict((await connection.execute(select(snapshots))).mappings().one()) == row


async def test_a_fault_of_this_program_is_shown_as_it_is(database: Database) -> None:
    """A row that is there already, and SQL that is wrong, are not called an unavailable database."""
    await add_a_dollar(database)
    with pytest.raises(IntegrityError):
        async with database.write() as connection:
            await connection.execute(insert(wallet_marks).values(MARK))
    with pytest.raises(DBAPIError):
        async with database.read() as connection:
            await connection.execute(text("SELECT no_such_column FROM wallet_marks"))


async def test_a_missing_table_is_said_so(open_database: Open) -> None:
    """A read of a table that was never made names the command that makes it."""
    with pytest.raises(DatabaseUnavailableError, match="run keeptrusts-bff migrate"):
        await dollars(open_database())


async def test_nothing_is_left_after_closing(open_database: Open) -> None:
    """A closed database has no connection and no thread, and says that it is closed."""
    before = set(threading.enumerate())
    database = open_database()
    await database.migrate()
    await asyncio.gather(*(add_a_dollar(database) for _ in range(5)))
    await database.close()
    # A thread that is to end may need a moment; those of asyncio itself stay.
    left = [thread for thread in set(threading.enumerate()) - before if not thread.name.startswith("asyncio_")]
    for thread in left:
        thread.join(5)
    assert not [thread for thread in left if thread.is_alive()]
    with pytest.raises(DatabaseUnavailableError, match="closed"):
        await dollars(database)


async def test_closing_waits_for_what_is_under_way(open_database: Open) -> None:
    """A write that was under way before the database is closed is committed."""
    database = open_database()
    await database.migrate()
    inside, closing = asyncio.Event(), asyncio.Event()

    async def write() -> int:
        async with database.write() as connection:
            inside.set()
            await closing.wait()
            await connection.execute(insert(wallet_marks).values(MARK))
            return (await connection.execute(select(func.count()).select_from(wallet_marks))).scalar_one()

    task = asyncio.create_task(write())
    await inside.wait()
    close = asyncio.create_task(database.close())
    closing.set()
    assert await task == 1
    await close


async def test_the_file_is_its_owners(tmp_path: Path) -> None:
    """The file and the folder that are made for it may be read by their owner alone."""
    database = Database.at(None, folder=tmp_path / "a" / "b")
    try:
        await database.migrate()
    finally:
        await database.close()
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "a" / "b" / FILE_NAME).stat().st_mode) == 0o600


async def test_a_folder_of_any_name_will_do(tmp_path: Path) -> None:
    """Characters that mean something in an address mean nothing in the name of a folder."""
    folder = tmp_path / "50% of a?b#c d:"
    database = Database.at(None, folder=folder)
    try:
        await database.migrate()
        await database.usable()
    finally:
        await database.close()
    assert (folder / FILE_NAME).exists()


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
async def test_sqlite_is_set_up_for_several_processes(database: Database) -> None:
    """Readers and a writer do not wait for each other, and a commit does not wait for the disk."""
    async with database.read() as connection:
        found = [
            (await connection.execute(text(f"PRAGMA {name}"))).scalar_one()
            for name in ("journal_mode", "synchronous", "busy_timeout", "cache_size", "wal_autocheckpoint")
        ]
    assert found == ["wal", 1, 5000, -8192, 4000]


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
async def test_postgresql_is_told_its_limits(database: Database) -> None:
    """The server ends statements, waits and transactions that last too long, and shows whose connections these are."""
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "application_name")
    async with database.read() as connection:
        found = [(await connection.execute(select(func.current_setting(name)))).scalar_one() for name in names]
    assert found == ["10s", "5s", "30s", "keeptrusts-bff"]
