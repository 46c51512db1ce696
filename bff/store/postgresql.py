"""PostgreSQL: its addresses as libpq reads them, connections with a deadline for every wait, and what its errors mean.

New connections log in as the address says now: its file may change while the service runs. Open ones stay as they are.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg import conninfo
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from psycopg.waiting import wait_async
from pydantic import SecretStr
from sqlalchemy import BigInteger, ColumnElement, Double, Table, cast, event, extract, func, literal, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bff.secret_files import Secret
from bff.store.database import CHECKOUT_WITHIN, CONNECTIONS, NO_TABLES, Database, DatabaseAddressError
from bff.telemetry.calls import CallObserver, Unobserved
from bff.telemetry.logs import logger

CONNECT_WITHIN = 3
"""Seconds for one address of a PostgreSQL server."""

SILENT_AFTER = 12.0
"""Seconds without an answer to a statement: more than PostgreSQL's own limit, so that only a silent server gets there."""

_STATEMENT_MS, _LOCK_MS, _IDLE_MS = 10_000, 5_000, 30_000
_MIGRATION_MS = 60_000
# Any number will do, as long as nothing else takes an advisory lock of the same one.
_MIGRATION_LOCK = 0x6B74_6266_6600_0001

log = logger("database")


class PostgresqlDatabase(Database):
    """A database on a PostgreSQL server, for processes of several machines."""

    _driver_error = psycopg.Error

    def __init__(
        self,
        address: Secret,
        ca_file: Path | None = None,
        *,
        observer: CallObserver | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Use `address` as libpq reads it; the rest is as for `Database.at`. Raises `DatabaseAddressError`."""
        connector = _Connector(address, ca_file, observer or Unobserved(), monotonic)
        within = _checkout_within(connector.place)
        super().__init__(
            "postgresql",
            _engine(connector, within),
            within=within,
            reading={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
            writing={"isolation_level": "READ COMMITTED"},
        )

    def now(self) -> ColumnElement[float]:
        """The server's clock."""
        return cast(extract("epoch", func.clock_timestamp()), Double)

    def upsert(self, table: Table) -> postgresql.Insert:
        """An insert with PostgreSQL's `ON CONFLICT`."""
        return postgresql.insert(table)

    @contextlib.asynccontextmanager
    async def _alone(self, connection: AsyncConnection) -> AsyncIterator[None]:
        """Hold an advisory lock until the transaction ends, with time enough for the change of a large table."""
        driver: _BoundedConnection = (await connection.get_raw_connection()).driver_connection  # type: ignore[assignment]
        driver.silent_after = 2 * _MIGRATION_MS / 1000
        try:
            limits = (func.set_config(name, str(_MIGRATION_MS), True) for name in ("lock_timeout", "statement_timeout"))
            await connection.execute(select(*limits))
            await connection.execute(select(func.pg_advisory_xact_lock(literal(_MIGRATION_LOCK, BigInteger))))
            yield
        finally:
            del driver.silent_after

    def _cause(self, error: BaseException | None) -> str | None:
        """The driver's error as one line."""
        return _cause(error) if isinstance(error, psycopg.Error) else None


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


def read_address(url: str) -> dict[str, Any]:
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


def _wants_authority(parameters: Mapping[str, Any]) -> bool:
    """Whether the server's certificate is verified while neither address nor environment names the authority.

    With `sslmode=require` an authority would turn verification on, and with `prefer` a certificate that it has not signed
    would mean a connection without TLS: both are left as they are.
    """
    mode = parameters.get("sslmode", os.environ.get("PGSSLMODE"))
    named = "sslrootcert" in parameters or os.environ.get("PGSSLROOTCERT")
    return mode in {"verify-ca", "verify-full"} and not named


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


# --- connections ----------------------------------------------------------------------------------------------------


def _checkout_within(parameters: Mapping[str, Any]) -> float:
    """Seconds in which every host of an address can be tried, each as long as the address says."""
    hosts = str(parameters.get("host", "")).count(",") + 1
    return max(CHECKOUT_WITHIN, hosts * float(parameters.get("connect_timeout", CONNECT_WITHIN)) + 1)


_DEFAULTS: Mapping[str, Any] = {"application_name": "keeptrusts-bff", "connect_timeout": CONNECT_WITHIN}
_OF_A_LOGIN = frozenset({"user", "password"})
_SYSTEM, _OPERATION = "database", "connect"
"""How connecting is named for the observer."""


class _Connector:
    """Connects to the place that the address named at the start, with the user and password that it names now.

    `place` has libpq's parameters but for these two. An address of another place is logged and not used before a restart:
    connections to two databases would mix what the two hold.
    """

    def __init__(
        self, address: Secret, ca_file: Path | None, observer: CallObserver, monotonic: Callable[[], float]
    ) -> None:
        self._address = address
        self._observer = observer
        self._monotonic = monotonic
        self._read = address.value()
        self.place, self._login = _split(self._read)
        self._authority: dict[str, Any] = {}
        if ca_file is not None and _wants_authority(self.place):
            self._authority = {"sslrootcert": str(ca_file)}

    async def connect(self) -> psycopg.AsyncConnection[Any]:
        """A new connection. A refused login is tried once more where the address names another one by then."""
        given = self._address.value()
        login = self._login_of(given)
        try:
            return await self._attempt(login)
        except psycopg.OperationalError as error:
            if not _refuses_login(error):
                raise
            renewed = self._address.another_than(given)
            if renewed is None or (again := self._login_of(renewed)) == login:
                self._observer.own_token_refused(_SYSTEM, _OPERATION)
                raise
        try:
            return await self._attempt(again)
        except psycopg.OperationalError as error:
            if _refuses_login(error):
                self._observer.own_token_refused(_SYSTEM, _OPERATION)
            raise

    def _login_of(self, address: SecretStr) -> Mapping[str, Any]:
        """User and password of `address`; those of before where it names another place."""
        if address.get_secret_value() != self._read.get_secret_value():
            self._read = address
            place, login = _split(address)
            if place == self.place:
                self._login = login
            else:
                log.warning(
                    "changed address differs in more than user and password: a restart is needed to use it",
                    setting=self._address.name,
                )
        return self._login

    async def _attempt(self, login: Mapping[str, Any]) -> psycopg.AsyncConnection[Any]:
        started, outcome = self._monotonic(), "unavailable"
        parameters = {**_DEFAULTS, **self.place, **self._authority, **login, "client_encoding": "utf8"}
        try:
            # Statements are not prepared, so that a pooler in between may change the server connection under us.
            connection = await _BoundedConnection.connect(**parameters, prepare_threshold=None)
            outcome = "ok"
        except psycopg.OperationalError as error:
            if _refuses_login(error):
                outcome = "denied"
            raise
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        else:
            return connection
        finally:
            self._observer.attempt(_SYSTEM, _OPERATION, outcome, self._monotonic() - started)


def _split(address: SecretStr) -> tuple[dict[str, Any], dict[str, Any]]:
    """The place and the login of an address. Raises `DatabaseAddressError`."""
    parameters = read_address(address.get_secret_value())
    login = {name: parameters.pop(name) for name in _OF_A_LOGIN & parameters.keys()}
    return parameters, login


def _engine(connector: _Connector, within: float) -> AsyncEngine:
    # The address never reaches SQLAlchemy, which therefore cannot show it.
    engine = create_async_engine(
        "postgresql+psycopg://",
        async_creator=connector.connect,
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
    """A connection with a deadline for every wait for the server.

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


# --- faults ----------------------------------------------------------------------------------------------------------

_OF_THE_SERVER = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError)
_OF_THIS_PROGRAM = (psycopg.errors.InFailedSqlTransaction, psycopg.errors.NoActiveSqlTransaction)
_OF_THE_ACCOUNT = (psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidSchemaName)

# What libpq says when it cannot connect names the host and the user; these sentences name neither.
_WHEN_CONNECTING = (
    ("password authentication failed", "PostgreSQL refuses the password"),
    ("no password supplied", "PostgreSQL wants a password"),
    ("not permitted to log in", "PostgreSQL does not let this user log in"),
    ("no pg_hba.conf entry", "PostgreSQL's pg_hba.conf does not let this user in from here"),
    ("too many clients", "PostgreSQL has no connection left"),
    ("remaining connection slots", "PostgreSQL has no connection left"),
    ("too many connections", "PostgreSQL has no connection left for this user or database"),
    ("starting up", "PostgreSQL is starting"),
    ("shutting down", "PostgreSQL is stopping"),
    ("recovery mode", "PostgreSQL is recovering"),
    ("session is read-only", "PostgreSQL takes no writes: it is a standby"),
    (
        "root certificate file",
        "nothing says which authority PostgreSQL's certificate is from: set BFF_CA_FILE, or sslrootcert",
    ),
    ("certificate verify failed", "PostgreSQL's certificate is not trusted, or has expired"),
    ("does not match host name", "PostgreSQL's certificate is for other names"),
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

_REFUSES_LOGIN = ("password authentication failed", "no password supplied", "not permitted to log in")


def _refuses_login(error: psycopg.OperationalError) -> bool:
    """Whether the server does not accept the user or the password. It says so without a code when one connects."""
    return any(words in str(error) for words in _REFUSES_LOGIN)


def _cause(error: psycopg.Error) -> str | None:
    if isinstance(error, psycopg.errors.UndefinedTable):
        return NO_TABLES
    if isinstance(error, _OF_THIS_PROGRAM) or not isinstance(error, _OF_THE_SERVER + _OF_THE_ACCOUNT):
        return None
    if isinstance(error, _SilentServerError):
        return "PostgreSQL does not answer"
    if error.diag.message_primary:
        return f"PostgreSQL: {error.diag.message_primary.splitlines()[0]}"
    said = str(error)
    return next((ours for theirs, ours in _WHEN_CONNECTING if theirs in said), "PostgreSQL cannot be connected to")
