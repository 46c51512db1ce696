"""The database: its address, how it is opened, read and written, and what is said when that fails.

SQLite in a file of this machine, or PostgreSQL for several. Nothing here tells a caller which: both read and write in
transactions, and every fault of the outside world is a `DatabaseUnavailableError` of one line.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sqlite3
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import psycopg
from psycopg import conninfo
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from psycopg.waiting import wait_async
from sqlalchemy import (
    URL,
    AsyncAdaptedQueuePool,
    BigInteger,
    ColumnElement,
    Connection,
    Double,
    Executable,
    Table,
    cast,
    event,
    extract,
    func,
    inspect,
    literal,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bff.store.lease import Held, extension
from bff.store.prepared import Prepared
from bff.store.tables import FORM, store_form

if TYPE_CHECKING:  # it brings Alembic, which only a migration needs
    from bff.store.migrations import Scripts

FILE_NAME = "keeptrusts-bff.sqlite3"

CONNECTIONS = 5
CHECKOUT_WITHIN = 5.0
"""Seconds to get a connection that answers, from the pool or a new one; more where the address names several hosts."""

CONNECT_WITHIN = 3
"""Seconds for one address of a PostgreSQL server."""

SILENT_AFTER = 12.0
"""Seconds without an answer to a statement: more than PostgreSQL's own limit, so that only a silent server gets there."""

BUSY_WITHIN = 5.0
"""Seconds that SQLite waits for another process to end its transaction."""

_STATEMENT_MS, _LOCK_MS, _IDLE_MS = 10_000, 5_000, 30_000
_MIGRATION_MS = 60_000
# Any number will do, as long as nothing else takes an advisory lock of the same one.
_MIGRATION_LOCK = 0x6B74_6266_6600_0001

_POSTGRESQL, _SQLITE = "postgresql+psycopg://", "sqlite+aiosqlite"
# Options of reads and of writes. A read sees one state of the database from its first statement to its last. A write to
# SQLite locks at its beginning, since a lock that it asks for later can be refused without a wait.
_TRANSACTIONS: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "postgresql": (
        {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
        {"isolation_level": "READ COMMITTED"},
    ),
    "sqlite": ({}, {"sqlite_begin": "BEGIN IMMEDIATE"}),
}
_SQLITE_PRAGMAS = (
    "PRAGMA synchronous=NORMAL",
    "PRAGMA foreign_keys=OFF",
    "PRAGMA cache_size=-32768",
    "PRAGMA wal_autocheckpoint=4000",
)


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


# --- addresses -------------------------------------------------------------------------------------------------------

_FORM_EXPECTED = "must be an address such as postgresql://user:password@host:5432/name?sslmode=verify-full"
_ENCODE = "in a password must be percent-encoded (# is %23, / is %2F, ? is %3F, @ is %40)"

# libpq looks at these values only when it connects.
_CHOICES: Mapping[str, frozenset[str]] = {
    "sslmode": frozenset({"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}),
    "target_session_attrs": frozenset({"any", "read-write", "read-only", "primary", "standby", "prefer-standby"}),
    "gssencmode": frozenset({"disable", "prefer", "require"}),
    "channel_binding": frozenset({"disable", "prefer", "require"}),
    "sslnegotiation": frozenset({"postgres", "direct"}),
    "load_balance_hosts": frozenset({"disable", "random"}),
}
_WHOLE_NUMBERS = ("connect_timeout", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout")


def check_address(url: str) -> None:
    """Check a PostgreSQL address without connecting, as libpq reads it.

    Raises `DatabaseAddressError` for another scheme, unknown options, values that libpq would refuse later, and
    characters that libpq and others read differently.
    """
    _parameters(url)


def _parameters(url: str) -> dict[str, Any]:
    """The parameters of an address, named as libpq names them. Raises `DatabaseAddressError`."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in {"postgresql", "postgres"}:
        raise DatabaseAddressError(f"{_FORM_EXPECTED}; without one SQLite is used")
    if not url.isprintable() or " " in url:
        raise DatabaseAddressError(f"{_FORM_EXPECTED}, without blanks or control characters")
    if "#" in rest:
        raise DatabaseAddressError(f"a '#' {_ENCODE}")
    authority = re.split("[/?]", rest, maxsplit=1)[0]
    # libpq would take what follows the first '@', '/' or '?' for a host, a name or an option, and show it in errors.
    if authority.count("@") > 1 or ("@" in rest and "@" not in authority):
        raise DatabaseAddressError(f"a '/', '?' or '@' {_ENCODE}")
    try:
        parameters = conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        option = re.search(r'invalid URI query parameter: "([A-Za-z_]{1,40})"', str(error))
        wrong = f"the option {option[1]} is not one that PostgreSQL's clients know" if option else _FORM_EXPECTED
        raise DatabaseAddressError(wrong) from None
    _check_values(parameters)
    return parameters


def _check_values(parameters: Mapping[str, Any]) -> None:
    for option, choices in _CHOICES.items():
        if option in parameters and parameters[option] not in choices:
            raise DatabaseAddressError(f"the option {option} must be one of {', '.join(sorted(choices))}")
    for option in _WHOLE_NUMBERS:
        if option in parameters and not re.fullmatch("[0-9]{1,9}", str(parameters[option])):
            raise DatabaseAddressError(f"the option {option} must be a whole number")
    ports = str(parameters.get("port", "")).split(",")
    if any(port and not (re.fullmatch("[0-9]{1,5}", port) and 0 < int(port) < 65536) for port in ports):
        raise DatabaseAddressError("a port must be a number from 1 to 65535")


# --- the database ----------------------------------------------------------------------------------------------------

Kind = Literal["postgresql", "sqlite", "memory"]
Insert = postgresql.Insert | sqlite.Insert


class Database:
    """One database, with a few connections that are made when they are first needed."""

    kind: Kind

    @classmethod
    def at(cls, url: str | None, *, folder: Path | None, in_memory: bool = False) -> Database:
        """The PostgreSQL database of `url`; without one, SQLite in a file of `folder`, or in memory until `close`.

        Does not connect. Raises `DatabaseAddressError`, and `ValueError` when there is neither an address nor a folder.
        """
        if url is not None:
            parameters = _parameters(url)
            within = _checkout_within(parameters)
            return cls("postgresql", _postgresql_engine(parameters, within), within=within)
        if in_memory:
            # Of its own name and kept by one connection, so that it is there as long as this object, and for it alone.
            name = f"file:/{uuid.uuid4()}"
            keeper = sqlite3.connect(f"{name}?vfs=memdb", uri=True, check_same_thread=False)
            address = URL.create(_SQLITE, database=name, query={"vfs": "memdb", "uri": "true"})
            return cls("memory", _sqlite_engine(address), keeper=keeper)
        if folder is None:
            raise ValueError("a database needs an address, a folder, or to be in memory")
        file = folder.absolute() / FILE_NAME
        return cls("sqlite", _sqlite_engine(URL.create(_SQLITE, database=str(file))), file=file)

    def __init__(
        self,
        kind: Kind,
        engine: AsyncEngine,
        *,
        within: float = CHECKOUT_WITHIN,
        file: Path | None = None,
        keeper: sqlite3.Connection | None = None,
    ) -> None:
        """Use `Database.at`."""
        self.kind = kind
        self._engine = engine
        reading, writing = _TRANSACTIONS["postgresql" if kind == "postgresql" else "sqlite"]
        self._reading, self._writing = engine.execution_options(**reading), engine.execution_options(**writing)
        self._within = within
        self._file = file
        self._file_made = file is None
        self._keeper = keeper
        self._closed = False
        self._uses = 0
        self._unused = asyncio.Event()
        self._unused.set()

    def __repr__(self) -> str:
        return f"<Database {self.kind}>"

    # --- transactions ---

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection that sees one state of the database. Raises `DatabaseUnavailableError`, also from its body."""
        async with self._connected(self._reading) as connection:
            yield connection

    @contextlib.asynccontextmanager
    async def write(self, lease: Held | None = None) -> AsyncIterator[AsyncConnection]:
        """One transaction, committed at the end of the body, or undone when that raises.

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
            await self._make_file()
            connection = await _checked_out(engine, self._within)
            try:
                with _driver_errors():
                    async with connection.begin():
                        yield connection
            finally:
                await asyncio.shield(connection.close())
        finally:
            self._uses -= 1
            if not self._uses:
                self._unused.set()

    async def _make_file(self) -> None:
        if self._file is None or self._file_made:
            return
        try:
            await asyncio.to_thread(_make_private, self._file)
        except OSError as error:
            raise DatabaseUnavailableError(f"cannot write {self._file}: {error.strerror}") from None
        self._file_made = True

    # --- what differs between the engines ---

    def now(self) -> ColumnElement[float]:
        """The database's own clock, in seconds since 1970, as it is when the statement runs."""
        if self.kind == "postgresql":
            return cast(extract("epoch", func.clock_timestamp()), Double)
        return (func.julianday("now") - literal(2440587.5)) * literal(86400.0)

    def prepared(self, statement: Executable) -> Prepared:
        """`statement` as text of this engine, made once, for statements that run with thousands of rows."""
        return Prepared(statement, self._engine.dialect)

    def upsert(self, table: Table) -> Insert:
        """An insert of this engine's kind, with `on_conflict_do_update` and `on_conflict_do_nothing`."""
        return postgresql.insert(table) if self.kind == "postgresql" else sqlite.insert(table)

    # --- tables ---

    async def usable(self) -> None:
        """Raise `NewerDatabaseError` when this release may no longer use the tables.

        Raises `DatabaseUnavailableError` also when there are no tables yet.
        """
        async with self.read() as connection:
            oldest = (await connection.execute(select(store_form.c.oldest))).scalar_one()
        _refuse_newer(oldest)

    async def migrate(self) -> None:
        """Make the tables, or change them to this release's form, under a lock; nothing happens when they have it.

        Tables of a newer release that this one may still use stay as they are. Raises `NewerDatabaseError` when it may
        not, and `DatabaseUnavailableError`.
        """
        # Reading the scripts takes long enough to do it beside the event loop.
        scripts = await asyncio.to_thread(_read_scripts)
        async with self.read() as connection:
            if not await connection.run_sync(_is_due, scripts):
                return
        async with self.write() as connection, _patient(connection, self.kind):
            # Looked at again, since another process may have held the lock until now.
            if await connection.run_sync(_is_due, scripts):
                try:
                    await connection.run_sync(scripts.run)
                except DBAPIError as error:
                    # Here the tables are not ours yet: another program's of the same name are no fault of this one.
                    said = str(error.orig).splitlines()[0]
                    raise DatabaseUnavailableError(_cause(error.orig) or f"the tables cannot be made: {said}") from None

    async def close(self) -> None:
        """Close every connection, once the transactions under way have ended; waits a few seconds for them."""
        self._closed = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CHECKOUT_WITHIN):
                await self._unused.wait()
        await self._engine.dispose()
        if self._keeper is not None:
            self._keeper.close()


async def _checked_out(engine: AsyncEngine, within: float) -> AsyncConnection:
    """A connection that has just answered. Raises `DatabaseUnavailableError`."""
    try:
        with _driver_errors():
            async with asyncio.timeout(within):
                return await engine.connect()
    except PoolTimeoutError:
        raise DatabaseUnavailableError("all connections to the database are in use") from None
    except TimeoutError:
        raise DatabaseUnavailableError("the database does not answer") from None
    except OSError as error:
        raise DatabaseUnavailableError(f"the database cannot be connected to: {error.strerror}") from None


def _refuse_newer(oldest: int) -> None:
    if oldest > FORM:
        raise NewerDatabaseError(
            f"the database's tables have form {oldest}, and this release knows forms up to {FORM}: use a newer release"
        )


def _read_scripts() -> Scripts:
    from bff.store.migrations import Scripts  # noqa: PLC0415 - Alembic takes long to import, and only this needs it

    return Scripts()


def _is_due(connection: Connection, scripts: Scripts) -> bool:
    """Whether there is something to migrate. Raises `NewerDatabaseError`."""
    if inspect(connection).has_table(store_form.name):
        _refuse_newer(connection.execute(select(store_form.c.oldest)).scalar_one())
    return scripts.are_due(connection)


@contextlib.asynccontextmanager
async def _patient(connection: AsyncConnection, kind: Kind) -> AsyncIterator[None]:
    """Be the only one that migrates, with time enough for the change of a large table."""
    if kind != "postgresql":
        # The transaction of a write is the lock.
        yield
        return
    driver: _BoundedConnection = (await connection.get_raw_connection()).driver_connection  # type: ignore[assignment]
    driver.silent_after = 2 * _MIGRATION_MS / 1000
    try:
        limits = (func.set_config(name, str(_MIGRATION_MS), True) for name in ("lock_timeout", "statement_timeout"))
        await connection.execute(select(*limits))
        await connection.execute(select(func.pg_advisory_xact_lock(literal(_MIGRATION_LOCK, BigInteger))))
        yield
    finally:
        del driver.silent_after


# --- engines ---------------------------------------------------------------------------------------------------------


def _checkout_within(parameters: Mapping[str, Any]) -> float:
    """Seconds in which every host of an address can be tried, each as long as the address says."""
    hosts = str(parameters.get("host", "")).count(",") + 1
    return max(CHECKOUT_WITHIN, hosts * float(parameters.get("connect_timeout", CONNECT_WITHIN)) + 1)


def _postgresql_engine(parameters: dict[str, Any], within: float) -> AsyncEngine:
    kept: dict[str, Any] = {"application_name": "keeptrusts-bff", "connect_timeout": CONNECT_WITHIN}
    kept |= parameters | {"client_encoding": "utf8"}

    async def connect() -> psycopg.AsyncConnection[Any]:
        # Statements are not prepared, so that a pooler in between may change the server connection under us.
        return await _BoundedConnection.connect(**kept, prepare_threshold=None)

    # The address never reaches SQLAlchemy, which therefore cannot show it.
    engine = create_async_engine(
        _POSTGRESQL,
        async_creator=connect,
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_timeout=within,
        pool_pre_ping=True,
        hide_parameters=True,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def limit(connection: Any, _record: object) -> None:
        # Not in `options` of the connection, which poolers refuse and the address may use itself.
        with contextlib.closing(connection.cursor()) as cursor:
            cursor.execute(
                "SELECT set_config('statement_timeout', %s, false), set_config('lock_timeout', %s, false),"
                " set_config('idle_in_transaction_session_timeout', %s, false)",
                (str(_STATEMENT_MS), str(_LOCK_MS), str(_IDLE_MS)),
            )
        connection.commit()

    return engine


class _BoundedConnection(psycopg.AsyncConnection[Any]):
    """A connection on which no wait for the server is without an end.

    A server's own limits end nothing when the server is stopped or the network drops its packets. psycopg's way to end
    a cancelled statement, which asks that same server, takes as long again; here the connection is dropped.
    """

    silent_after = SILENT_AFTER

    async def wait(self, gen: PQGen[Any], interval: float = 0.1, timeout: float | None = None) -> Any:  # noqa: ASYNC109 - psycopg's signature
        """Wait for the server. Raises `psycopg.OperationalError` when it stays silent."""
        try:
            async with asyncio.timeout(self.silent_after if timeout is None else min(timeout, self.silent_after)):
                return await wait_async(gen, self.pgconn.socket, interval=interval)
        except TimeoutError:
            self.pgconn.finish()
            raise _SilentServerError from None
        except asyncio.CancelledError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.pgconn.finish()
            raise


class _SilentServerError(psycopg.OperationalError):
    """The server did not answer in time."""


def _sqlite_engine(address: URL) -> AsyncEngine:
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
            for pragma in _SQLITE_PRAGMAS:
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


# --- faults ----------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _driver_errors() -> Iterator[None]:
    """Raise `DatabaseUnavailableError` for errors of the driver, but for those that are faults of this program."""
    try:
        yield
    except (DBAPIError, psycopg.Error, sqlite3.Error) as error:
        cause = _cause(error.orig if isinstance(error, DBAPIError) else error)
        if cause is None:
            raise
        # Without the driver's own error, which can show the statement and where it was sent.
        raise DatabaseUnavailableError(cause) from None


def _cause(error: BaseException | None) -> str | None:
    """The driver's error as one line, or None for a fault of this program."""
    if isinstance(error, psycopg.Error):
        return _postgresql_cause(error)
    if isinstance(error, sqlite3.Error):
        return _sqlite_cause(error)
    return None


_NO_TABLES = "the database has no tables yet: run keeptrusts-bff migrate"

_OF_THE_SERVER = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError)
_OF_THIS_PROGRAM = (psycopg.errors.InFailedSqlTransaction, psycopg.errors.NoActiveSqlTransaction)
_OF_THE_ACCOUNT = (psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidSchemaName)

# What libpq says when it cannot connect names the host and the user; these sentences name neither.
_WHEN_CONNECTING = (
    ("password authentication failed", "PostgreSQL refuses the password"),
    ("no password supplied", "PostgreSQL wants a password"),
    ("no pg_hba.conf entry", "PostgreSQL's pg_hba.conf does not let this user in from here"),
    ("too many clients", "PostgreSQL has no connection left"),
    ("remaining connection slots", "PostgreSQL has no connection left"),
    ("too many connections", "PostgreSQL has no connection left for this user or database"),
    ("starting up", "PostgreSQL is starting"),
    ("shutting down", "PostgreSQL is stopping"),
    ("recovery mode", "PostgreSQL is recovering"),
    ("session is read-only", "PostgreSQL takes no writes: it is a standby"),
    ("certificate", "PostgreSQL's certificate is not accepted, or ours is not"),
    ("does not support SSL", "PostgreSQL does not support TLS, which the address asks for"),
    ("SSL", "the TLS connection to PostgreSQL fails"),
    ("could not translate host name", "the host of PostgreSQL is not known"),
    ("resolve host", "the host of PostgreSQL is not known"),
    ("Connection refused", "PostgreSQL does not listen there: connection refused"),
    ("No such file or directory", "PostgreSQL does not listen there: no such socket"),
    ("timeout", "PostgreSQL does not answer"),
    ("server closed the connection", "PostgreSQL closed the connection"),
    ("does not exist", "PostgreSQL has no such database or user"),
)


def _postgresql_cause(error: psycopg.Error) -> str | None:
    if isinstance(error, psycopg.errors.UndefinedTable):
        return _NO_TABLES
    if isinstance(error, _OF_THIS_PROGRAM) or not isinstance(error, _OF_THE_SERVER + _OF_THE_ACCOUNT):
        return None
    if isinstance(error, _SilentServerError):
        return "PostgreSQL does not answer"
    if error.diag.message_primary:
        return f"PostgreSQL: {error.diag.message_primary.splitlines()[0]}"
    said = str(error)
    return next((ours for theirs, ours in _WHEN_CONNECTING if theirs in said), "PostgreSQL cannot be connected to")


_SQLITE_FAULTS = {
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


def _sqlite_cause(error: sqlite3.Error) -> str | None:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        # The driver's own: only a lost connection is no fault of this program.
        return "SQLite: the connection is closed" if "no active connection" in str(error) else None
    if code == sqlite3.SQLITE_ERROR and "no such table" in str(error):
        return _NO_TABLES
    fault = _SQLITE_FAULTS.get(code & 0xFF)
    return fault and f"SQLite: {fault}"
