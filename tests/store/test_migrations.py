"""The tables are made once, by whichever process comes first, and releases of two ages use them side by side."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, func, select, text, update

from bff.store.database import FILE_NAME, Database, DatabaseUnavailableError, NewerDatabaseError
from bff.store.migrations import REVISIONS, VERSION_TABLE, due
from bff.store.migrations.scripts import Scripts
from bff.store.tables import FORM, metadata, store_form

from .conftest import Open, taken

COMMAND = Path(sys.executable).with_name("keeptrusts-bff")
WITHIN = 30.0


async def test_the_migrations_make_the_tables_of_the_code(database: Database) -> None:
    """After all migrations the database has exactly the tables, columns and indices that the code works with."""

    def differences(connection: Connection) -> list[object]:
        options = {"version_table": VERSION_TABLE, "compare_type": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))

    async with database.read() as connection:
        assert await connection.run_sync(differences) == []


def test_the_revisions_are_those_of_the_scripts() -> None:
    """The revisions that are known without reading the scripts are the scripts' own, in their order."""
    assert Scripts().revisions == REVISIONS


@pytest.mark.parametrize(
    ("revision", "done"),
    [(None, "tables made"), ("0001", "tables updated"), ("0002", None), ("of-a-newer-release", None)],
)
def test_what_is_due(revision: str | None, done: str | None) -> None:
    """Tables that are not there are made, older ones are updated, and current and newer ones are left alone."""
    assert due(revision, ("0001", "0002")) == done


async def test_it_is_said_what_a_migration_did(open_database: Open) -> None:
    """The first migration has made the tables, and the second one has done nothing."""
    database = open_database()
    assert (await database.migrate(), await database.migrate()) == ("tables made", None)


@pytest.mark.long
async def test_alembic_is_not_imported_for_tables_that_are_current(tmp_path: Path) -> None:
    """A process that finds its tables in SQLite imports neither Alembic nor PostgreSQL's driver."""
    made = Database.at(None, folder=tmp_path)
    await made.migrate()
    await made.close()
    assert packages_after_a_migration(tmp_path) & {"alembic", "psycopg"} == set()


@pytest.mark.long
def test_alembic_is_imported_to_make_the_tables(tmp_path: Path) -> None:
    """A process that finds no tables imports Alembic, so that the test above sees what it looks for."""
    assert "alembic" in packages_after_a_migration(tmp_path)


async def test_migrating_again_changes_nothing(database: Database) -> None:
    """A second migration keeps what is in the tables."""
    held = await taken(database)
    await database.migrate()
    async with database.write(held) as connection:
        assert (await connection.execute(select(store_form.c.oldest))).scalars().all() == [FORM]


async def test_without_tables_it_is_said_what_to_run(open_database: Open) -> None:
    """A database that was never migrated is not usable, and the error names the command."""
    with pytest.raises(DatabaseUnavailableError, match="keeptrusts-bff migrate"):
        await open_database().usable()


async def test_tables_of_a_newer_form_are_refused(database: Database) -> None:
    """Tables that only a newer release may use are neither used nor migrated, and the error says both forms."""
    async with database.write() as connection:
        await connection.execute(update(store_form).values(oldest=FORM + 1))
    for attempt in (database.usable, database.migrate):
        with pytest.raises(
            NewerDatabaseError, match=f"have form {FORM + 1}, and this release knows forms up to {FORM}"
        ):
            await attempt()


async def test_an_older_release_works_beside_a_newer_one(database: Database) -> None:
    """Tables to which a newer release has added something are left as they are, and used."""
    async with database.write() as connection:
        await connection.execute(text("ALTER TABLE leases ADD COLUMN later INTEGER"))
        await connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = 'of-a-newer-release'"))
    await database.migrate()
    await database.usable()
    assert (await taken(database)).fence == 1
    async with database.read() as connection:
        revision = (await connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}"))).scalar_one()
    assert revision == "of-a-newer-release"


@pytest.mark.long
async def test_the_command_refuses_tables_of_a_newer_form(tmp_path: Path) -> None:
    """`migrate` ends with one line and a code of its own where a newer release is needed."""
    database = Database.at(None, folder=tmp_path)
    await database.migrate()
    async with database.write() as connection:
        await connection.execute(update(store_form).values(oldest=FORM + 1))
    await database.close()
    process = migration(BFF_DATA_DIR=str(tmp_path))
    said, error = process.communicate(timeout=WITHIN)
    assert (process.returncode, said) == (1, "")
    assert error.startswith(f"keeptrusts-bff: the database's tables have form {FORM + 1}")
    assert error.count("\n") == 1


async def test_a_migration_that_fails_leaves_nothing(open_database: Open) -> None:
    """When one table cannot be made none is, so that the next attempt finds what the first one found."""
    database = open_database()
    async with database.write() as connection:
        await connection.execute(text("CREATE TABLE sums (day INTEGER)"))
    with pytest.raises(DatabaseUnavailableError, match=r"the tables cannot be made: .*sums.* already exists"):
        await database.migrate()
    async with database.write() as connection:
        await connection.execute(text("DROP TABLE sums"))
    await database.migrate()
    await database.usable()


@pytest.mark.long
async def test_two_processes_migrate_sqlite_at_once(tmp_path: Path) -> None:
    """Processes that find an empty folder make one file with one set of tables."""
    migrations = [migration(BFF_DATA_DIR=str(tmp_path)) for _ in range(3)]
    for process in migrations:
        assert process.communicate(timeout=WITHIN) == (f"The tables in {tmp_path / FILE_NAME} are up to date.\n", "")
    database = Database.at(None, folder=tmp_path)
    assert await forms(database) == 1


async def test_two_processes_migrate_postgresql_at_once(postgres_url: str) -> None:
    """Processes that wait for the same lock make one set of tables, one after the other."""
    with psycopg.connect(postgres_url) as blocker:
        blocker.execute("SELECT pg_advisory_xact_lock(%s)", (0x6B74_6266_6600_0001,))
        migrations = [migration(DATABASE_URL=postgres_url) for _ in range(2)]
        until = time.monotonic() + WITHIN
        waiting = 0
        while waiting < len(migrations) and time.monotonic() < until:
            found = blocker.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            [(waiting,)] = found.fetchall()
        assert waiting == len(migrations)
    for process in migrations:
        assert process.communicate(timeout=WITHIN) == ("The tables in PostgreSQL are up to date.\n", "")
    assert await forms(Database.at(postgres_url, folder=None)) == 1


MIGRATE = """
import asyncio, pathlib, sys
import bff.app
from bff.store.database import Database

async def migrate():
    database = Database.at(None, folder=pathlib.Path(sys.argv[1]))
    await database.migrate()
    await database.close()

asyncio.run(migrate())
print(*{name.partition(".")[0] for name in sys.modules})
"""


def packages_after_a_migration(folder: Path) -> set[str]:
    """What a process of its own has imported once it has the service and has migrated."""
    command = [sys.executable, "-c", MIGRATE, str(folder)]
    return set(subprocess.run(command, check=True, capture_output=True, text=True, timeout=WITHIN).stdout.split())


def migration(**settings: str) -> subprocess.Popen[str]:
    """A process that migrates."""
    pipe = subprocess.PIPE
    return subprocess.Popen([COMMAND, "migrate"], env=os.environ | settings, stdout=pipe, stderr=pipe, text=True)


async def forms(database: Database) -> int:
    """How often the tables have been made; closes the database."""
    try:
        async with database.read() as connection:
            return (await connection.execute(select(func.count()).select_from(store_form))).scalar_one()
    finally:
        await database.close()
