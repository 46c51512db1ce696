"""TLS to PostgreSQL, with a real server whose certificate is a private authority's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from bff.app_connections import open_database
from bff.settings import Settings
from bff.store.database import Database, DatabaseUnavailableError
from tests.harness.authority import Authority
from tests.harness.postgres import PostgresServer, postgres_server

Opened = Callable[..., AbstractAsyncContextManager[Database]]


@pytest.fixture(scope="module")
def authority() -> Authority:
    """A private authority."""
    return Authority("Example Root")


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server of these tests alone."""
    with postgres_server() as made:
        yield made


@pytest.fixture
def opened(
    server: PostgresServer, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Opened]:
    """Opens a database of the server, whose certificate is one of the authority, as the service does."""
    for name in ("PGSSLMODE", "PGSSLROOTCERT"):
        monkeypatch.delenv(name, raising=False)
    # libpq looks for a file of authorities there.
    monkeypatch.setenv("HOME", str(tmp_path))
    pair = authority.sign()
    server.use_tls(pair.certificate, pair.key)
    with server.database() as url:

        @asynccontextmanager
        async def opened(options: str, ca_file: Path | None = None) -> AsyncIterator[Database]:
            database = open_database(Settings.load(database_url=f"{url}?{options}", bff_ca_file=ca_file))
            try:
                yield database
            finally:
                await database.close()

        yield opened


@pytest.fixture
def ca_file(authority: Authority, tmp_path: Path) -> Path:
    """The authority's certificate as a file."""
    path = tmp_path / "ca.pem"
    path.write_bytes(authority.pem)
    return path


@pytest.fixture
def other_ca_file(tmp_path: Path) -> Path:
    """The file of an authority that has signed nothing here."""
    path = tmp_path / "other-ca.pem"
    path.write_bytes(Authority("Second Root").pem)
    return path


async def encrypted(database: Database) -> bool:
    """Whether the database's connection is by TLS. Raises `DatabaseUnavailableError`."""
    async with database.read() as connection:
        row = await connection.exec_driver_sql("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        return bool(row.scalar_one())


async def fault(database: Database) -> str:
    """Why the database cannot be used."""
    with pytest.raises(DatabaseUnavailableError) as raised:
        await encrypted(database)
    return str(raised.value)


async def test_a_private_authority_is_trusted(opened: Opened, ca_file: Path) -> None:
    """With `sslmode=verify-full` and the file the database is used, by TLS."""
    async with opened("sslmode=verify-full", ca_file) as database:
        assert await encrypted(database)


async def test_without_an_authority(opened: Opened) -> None:
    """With `sslmode=verify-full` and no file it is said which setting is missing."""
    async with opened("sslmode=verify-full") as database:
        said = "nothing says which authority PostgreSQL's certificate is from: set BFF_CA_FILE, or sslrootcert"
        assert await fault(database) == said


async def test_another_authority(opened: Opened, other_ca_file: Path) -> None:
    """A certificate of an authority that is not in the file is called not trusted."""
    async with opened("sslmode=verify-full", other_ca_file) as database:
        assert await fault(database) == "PostgreSQL's certificate is not trusted, or has expired"


async def test_other_names(opened: Opened, server: PostgresServer, authority: Authority, ca_file: Path) -> None:
    """A certificate for other names is called that."""
    pair = authority.sign("db.internal")
    server.use_tls(pair.certificate, pair.key)
    async with opened("sslmode=verify-full", ca_file) as database:
        assert await fault(database) == "PostgreSQL's certificate is for other names"


async def test_the_address_goes_first(opened: Opened, ca_file: Path, other_ca_file: Path) -> None:
    """An authority that the address names is the one that counts."""
    async with opened(f"sslmode=verify-full&sslrootcert={ca_file}", other_ca_file) as database:
        assert await encrypted(database)


@pytest.mark.parametrize("mode", ["prefer", "require"])
async def test_modes_that_verify_nothing_stay(mode: str, opened: Opened, other_ca_file: Path) -> None:
    """The file turns no verification on: the connection is by TLS as it is without the file."""
    async with opened(f"sslmode={mode}", other_ca_file) as database:
        assert await encrypted(database)


async def test_the_authority_is_replaced(opened: Opened, server: PostgresServer, ca_file: Path) -> None:
    """A new authority and a server certificate of it are used at the next connection."""
    async with opened("sslmode=verify-full", ca_file) as database:
        assert await encrypted(database)
        successor = Authority("Second Root")
        ca_file.write_bytes(successor.pem)  # noqa: ASYNC240 - a small file
        pair = successor.sign()
        server.use_tls(pair.certificate, pair.key)
        server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'keeptrusts-bff'")
        assert await encrypted(database)
