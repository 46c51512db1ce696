"""SQLite: a file of this machine that its processes share, or memory that ends with the object."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from sqlalchemy import URL, AsyncAdaptedQueuePool, ColumnElement, Connection, Table, event, func, literal
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bff.store.database import (
    CHECKOUT_WITHIN,
    CONNECTIONS,
    FILE_NAME,
    NO_TABLES,
    Database,
    DatabaseUnavailableError,
    Kind,
)

BUSY_WITHIN = 5.0
"""Seconds that SQLite waits for another process to end its transaction."""

_SQLITE = "sqlite+aiosqlite"
_PRAGMAS = (
    "PRAGMA synchronous=NORMAL",
    "PRAGMA foreign_keys=OFF",
    "PRAGMA cache_size=-8192",
    "PRAGMA wal_autocheckpoint=4000",
)


class SqliteDatabase(Database):
    """A database in a file, or in memory until `close`."""

    _driver_error = sqlite3.Error

    def __init__(self, folder: Path | None) -> None:
        """Use the file of a folder, which is made with the first connection; None is in memory."""
        self._file = None if folder is None else folder.absolute() / FILE_NAME
        self._file_made = folder is None
        self._keeper: sqlite3.Connection | None = None
        if self._file is not None:
            kind: Kind = "sqlite"
            address = URL.create(_SQLITE, database=str(self._file))
        else:
            kind = "memory"
            # Of its own name and kept by one connection, so that it is there as long as this object, and for it alone.
            name = f"file:/{uuid.uuid4()}"
            self._keeper = sqlite3.connect(f"{name}?vfs=memdb", uri=True, check_same_thread=False)
            address = URL.create(_SQLITE, database=name, query={"vfs": "memdb", "uri": "true"})
        # A write locks at its beginning, since a lock that it asks for later can be refused without a wait.
        writing = {"sqlite_begin": "BEGIN IMMEDIATE"}
        super().__init__(kind, _engine(address), within=CHECKOUT_WITHIN, reading={}, writing=writing)

    def now(self) -> ColumnElement[float]:
        """The clock of this machine."""
        return (func.julianday("now") - literal(2440587.5)) * literal(86400.0)

    def upsert(self, table: Table) -> sqlite.Insert:
        """An insert with SQLite's `ON CONFLICT`."""
        return sqlite.insert(table)

    @contextlib.asynccontextmanager
    async def _alone(self, connection: AsyncConnection) -> AsyncIterator[None]:
        """Do nothing: the transaction of a write is the lock."""
        del connection
        yield

    def _cause(self, error: BaseException | None) -> str | None:
        """The driver's error as one line."""
        return _cause(error) if isinstance(error, sqlite3.Error) else None

    async def _prepare(self) -> None:
        """Make the file with rights of its owner alone, once."""
        if self._file is None or self._file_made:
            return
        try:
            await asyncio.to_thread(_make_private, self._file)
        except OSError as error:
            raise DatabaseUnavailableError(f"cannot write {self._file}: {error.strerror}") from None
        self._file_made = True

    async def close(self) -> None:
        """Close every connection; a database in memory is then gone."""
        await super().close()
        if self._keeper is not None:
            self._keeper.close()


def _engine(address: URL) -> AsyncEngine:
    engine = create_async_engine(
        address,
        # Transactions begin where we say so, and not where the driver sees a statement that changes something.
        connect_args={"timeout": BUSY_WITHIN, "isolation_level": None},
        poolclass=AsyncAdaptedQueuePool,
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_timeout=CHECKOUT_WITHIN,
        hide_parameters=True,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        with contextlib.closing(connection.cursor()) as cursor:
            for pragma in _PRAGMAS:
                cursor.execute(pragma)
            # The mode is the file's: where it is locked here, another process is setting it.
            with contextlib.suppress(sqlite3.OperationalError):
                cursor.execute("PRAGMA journal_mode=WAL")

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))

    return engine


def _make_private(file: Path) -> None:
    """Make an empty file that only its owner may read, and its folder, where they are not there. Raises `OSError`."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


_FAULTS = {
    sqlite3.SQLITE_PERM: "access is denied",
    sqlite3.SQLITE_BUSY: "the file is locked by another process",
    sqlite3.SQLITE_LOCKED: "the database is locked",
    sqlite3.SQLITE_NOMEM: "out of memory",
    sqlite3.SQLITE_READONLY: "the file is read-only",
    sqlite3.SQLITE_INTERRUPT: "the statement was interrupted",
    sqlite3.SQLITE_IOERR: "the disk fails, or is full",
    sqlite3.SQLITE_CORRUPT: "the file is damaged",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened",
    sqlite3.SQLITE_PROTOCOL: "the file is locked by another process",
    sqlite3.SQLITE_NOTADB: "the file is not a database",
}
"""What the primary result codes say that are faults of the file or of the machine."""


def _cause(error: sqlite3.Error) -> str | None:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        # The driver's own: only a lost connection is no fault of this program.
        return "SQLite: the connection is closed" if "no active connection" in str(error) else None
    if code == sqlite3.SQLITE_ERROR and "no such table" in str(error):
        return NO_TABLES
    fault = _FAULTS.get(code & 0xFF)
    return fault and f"SQLite: {fault}"
