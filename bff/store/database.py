"""The database: how it is opened, read and written, and which errors that raises.

SQLite in a file of this machine, or PostgreSQL for several. Callers need not know which: both read and write in
transactions, and every fault of the outside world is a `DatabaseUnavailableError` of one line.
"""

from __future__ import annotations

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import SecretStr
from sqlalchemy import (
    ColumnElement,
    Connection,
    CursorResult,
    Dialect,
    Executable,
    Table,
    column,
    inspect,
    select,
    table,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bff.secret_files import Secret
from bff.store.lease import Held, extension
from bff.store.migrations import VERSION_TABLE, Migrated, due
from bff.store.tables import FORM, store_form
from bff.telemetry.calls import CallObserver

if TYPE_CHECKING:  # they bring PostgreSQL's dialect and Alembic, which most processes do without
    from sqlalchemy.dialects import postgresql, sqlite

    from bff.store.migrations.scripts import Scripts

    Insert = postgresql.Insert | sqlite.Insert

FILE_NAME = "keeptrusts-bff.sqlite3"

CONNECTIONS = 5
CHECKOUT_WITHIN = 5.0
"""Seconds to get a connection that answers, from the pool or a new one; more where the address names several hosts."""

NO_TABLES = "the database has no tables yet: run keeptrusts-bff migrate"

Kind = Literal["postgresql", "sqlite", "memory"]


class StoreError(Exception):
    """The database cannot be used; the message is one line without address, password or SQL."""


class DatabaseAddressError(StoreError):
    """`DATABASE_URL` is malformed; the message shows no part of it but the names of options."""


class NewerDatabaseError(StoreError):
    """The tables are of a form that only a newer release knows."""


class DatabaseUnavailableError(StoreError):
    """The database cannot be reached, does not answer in time, or refuses; the message says why."""


class LeaseLostError(StoreError):
    """The lease in whose name something was to be written has expired or is another's; nothing was written."""


def check_address(url: str) -> None:
    """Check a PostgreSQL address without connecting, as libpq reads it.

    Raises `DatabaseAddressError` for another scheme, unknown options, values that libpq would refuse later, and
    characters that libpq and others read differently.
    """
    from bff.store.postgresql import read_address  # noqa: PLC0415 - it brings the driver, which SQLite does without

    read_address(url)


class Database(ABC):
    """One database, with a few connections that are made when they are first needed; `at` opens the right kind."""

    _driver_error: ClassVar[type[Exception]]

    @staticmethod
    def at(
        url: Secret | str | None,
        *,
        folder: Path | None,
        in_memory: bool = False,
        ca_file: Path | None = None,
        observer: CallObserver | None = None,
    ) -> Database:
        """The PostgreSQL database of `url`; without one, SQLite in a file of `folder`, or in memory until `close`.

        A `Secret` may change: new connections to PostgreSQL use the user and the password that it has then. `observer`
        gets their attempts as calls to the system `database`.

        `ca_file` is a PEM file of the authorities that may have signed a PostgreSQL server's certificate, where its
        address asks for that to be verified and names none. Does not connect. Raises `DatabaseAddressError`, and
        `ValueError` when there is neither an address nor a folder.
        """
        if url is not None:
            from bff.store.postgresql import PostgresqlDatabase  # noqa: PLC0415 - as in `check_address`

            address = Secret(SecretStr(url), name="DATABASE_URL", in_header=False) if isinstance(url, str) else url
            return PostgresqlDatabase(address, ca_file, observer=observer)
        from bff.store.sqlite import SqliteDatabase  # noqa: PLC0415 - it needs this file

        if folder is None and not in_memory:
            raise ValueError("a database needs an address, a folder, or to be in memory")
        return SqliteDatabase(None if in_memory else folder)

    def __init__(
        self,
        kind: Kind,
        engine: AsyncEngine,
        *,
        within: float,
        reading: Mapping[str, Any],
        writing: Mapping[str, Any],
    ) -> None:
        """Use `Database.at`.

        `within` is in seconds, for a connection that answers. `reading` and `writing` are SQLAlchemy's options of
        connections: a read sees one state of the database from its first statement to its last.
        """
        self.kind: Kind = kind
        self._engine = engine
        self._reading, self._writing = engine.execution_options(**reading), engine.execution_options(**writing)
        self._within = within
        self._closed = False
        self._uses = 0
        self._unused = asyncio.Event()
        self._unused.set()

    def __repr__(self) -> str:
        return f"<Database {self.kind}>"

    # --- transactions ---

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection that sees one state of the database. Raises `DatabaseUnavailableError`, also from its body."""
        async with self._connected(self._reading) as connection:
            yield connection

    @contextlib.asynccontextmanager
    async def write(self, lease: Held | None = None) -> AsyncIterator[AsyncConnection]:
        """Give a transaction that is committed at the end of the body, and rolled back when that raises.

        With a lease, the lease is checked and extended first. Raises `LeaseLostError` when it is no longer held, and
        `DatabaseUnavailableError`, also from its body.
        """
        async with self._connected(self._writing) as connection:
            if lease is not None and (await connection.execute(extension(lease, self.now()))).rowcount != 1:
                raise LeaseLostError(f"the lease {lease.name} has expired or is held by another process")
            yield connection

    @contextlib.asynccontextmanager
    async def _connected(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        if self._closed:
            raise DatabaseUnavailableError("the database is closed")
        self._uses += 1
        self._unused.clear()
        try:
            await self._prepare()
            connection = await self._checked_out(engine)
            try:
                with self._driver_errors():
                    async with connection.begin():
                        yield connection
            finally:
                await asyncio.shield(connection.close())
        finally:
            self._uses -= 1
            if not self._uses:
                self._unused.set()

    async def _checked_out(self, engine: AsyncEngine) -> AsyncConnection:
        """Return a connection that has just answered. Raises `DatabaseUnavailableError`."""
        try:
            with self._driver_errors():
                async with asyncio.timeout(self._within):
                    return await engine.connect()
        except PoolTimeoutError:
            raise DatabaseUnavailableError("all connections to the database are in use") from None
        except TimeoutError:
            raise DatabaseUnavailableError("the database does not answer") from None
        except OSError as error:
            raise DatabaseUnavailableError(f"the database cannot be connected to: {error.strerror}") from None

    @contextlib.contextmanager
    def _driver_errors(self) -> Iterator[None]:
        """Raise `DatabaseUnavailableError` for errors of the driver, but for those that are faults of this program."""
        try:
            yield
        except (DBAPIError, self._driver_error) as error:
            cause = self._cause(error.orig if isinstance(error, DBAPIError) else error)
            if cause is None:
                raise
            # Without the driver's own error, which can show the statement and where it was sent.
            raise DatabaseUnavailableError(cause) from None

    # --- what differs between the engines ---

    @abstractmethod
    def now(self) -> ColumnElement[float]:
        """The database's own clock, in seconds since 1970, as it is when the statement runs."""

    def prepared(self, statement: Executable) -> Prepared:
        """`statement` as text of this engine, made once, for statements that run with thousands of rows."""
        return Prepared(statement, self._engine.dialect)

    @abstractmethod
    def upsert(self, table: Table) -> Insert:
        """An insert of this engine's kind, with `on_conflict_do_update` and `on_conflict_do_nothing`."""

    async def _prepare(self) -> None:  # noqa: B027 - only a file needs it
        """Make what must be there before a connection. Raises `DatabaseUnavailableError`."""

    @abstractmethod
    def _alone(self, connection: AsyncConnection) -> contextlib.AbstractAsyncContextManager[None]:
        """Be the only process that migrates, with time enough for the change of a large table."""

    @abstractmethod
    def _cause(self, error: BaseException | None) -> str | None:
        """The driver's error as one line, or None for a fault of this program."""

    # --- tables ---

    async def usable(self) -> None:
        """Raise `NewerDatabaseError` when this release may no longer use the tables.

        Raises `DatabaseUnavailableError` also when there are no tables yet.
        """
        async with self.read() as connection:
            oldest = (await connection.execute(select(store_form.c.oldest))).scalar_one()
        _refuse_newer(oldest)

    async def migrate(self) -> Migrated | None:
        """Make the tables, or change them to this release's form, under a lock, and return which; None for neither.

        Tables of a newer release that this one may still use stay as they are. Raises `NewerDatabaseError` when it may
        not, and `DatabaseUnavailableError`.
        """
        async with self.read() as connection:
            if await connection.run_sync(_due) is None:
                return None
        # In a thread: importing Alembic and the scripts would block the event loop.
        scripts = await asyncio.to_thread(_read_scripts)
        async with self.write() as connection, self._alone(connection):
            # Check again: another process may have held the lock until now.
            todo = await connection.run_sync(_due)
            if todo is not None:
                try:
                    await connection.run_sync(scripts.run)
                except DBAPIError as error:
                    # A table of another program may have the same name: that is a fault of the database, not of this program.
                    said = str(error.orig).splitlines()[0]
                    raise DatabaseUnavailableError(
                        self._cause(error.orig) or f"the tables cannot be made: {said}"
                    ) from None
        return todo

    async def close(self) -> None:
        """Close every connection after the running transactions have ended; wait for them a few seconds at the most."""
        self._closed = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CHECKOUT_WITHIN):
                await self._unused.wait()
        await self._engine.dispose()


def _refuse_newer(oldest: int) -> None:
    if oldest > FORM:
        raise NewerDatabaseError(
            f"the database's tables have form {oldest}, and this release knows forms up to {FORM}: use a newer release"
        )


def _read_scripts() -> Scripts:
    from bff.store.migrations.scripts import Scripts  # noqa: PLC0415 - it brings Alembic, which only a change needs

    return Scripts()


def _due(connection: Connection) -> Migrated | None:
    """Return what a migration has to do with the tables. Raises `NewerDatabaseError`."""
    found = inspect(connection)
    if found.has_table(store_form.name):
        _refuse_newer(connection.execute(select(store_form.c.oldest)).scalar_one())
    revision: str | None = None
    if found.has_table(VERSION_TABLE):
        revision = connection.execute(
            select(column("version_num")).select_from(table(VERSION_TABLE))
        ).scalar_one_or_none()
    return due(revision)


class Prepared:
    """A statement that is compiled once: SQLAlchemy's own execution processes each value of each row again."""

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        """Use `Database.prepared`. The statement's values are parameters, as those of an insert are."""
        compiled = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
        self._text = str(compiled)
        self._constants = {name: value for name, value in compiled.params.items() if value is not None}
        self._names: Sequence[str] | None = getattr(compiled, "positiontup", None)

    async def run_once(self, connection: AsyncConnection, values: Mapping[str, Any]) -> CursorResult[Any]:
        """Run it with `values` by name, and return the result."""
        named = {**self._constants, **values}
        given = named if self._names is None else tuple([named[name] for name in self._names])
        return await connection.exec_driver_sql(self._text, given)

    async def run(self, connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> CursorResult[Any]:
        """Run it once for each of `rows`, by name; a row names every value that is not part of the statement."""
        names, constants = self._names, self._constants
        if names is None:
            return await connection.exec_driver_sql(self._text, [{**constants, **row} for row in rows])
        return await connection.exec_driver_sql(
            self._text, [tuple([row[name] if name in row else constants[name] for name in names]) for row in rows]
        )
