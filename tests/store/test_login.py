"""The user and password of the database may change while the service runs, with a real server."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select, text
from structlog.testing import capture_logs

from bff.app_connections import open_database
from bff.settings import Settings
from bff.store.database import Database, DatabaseUnavailableError
from bff.store.tables import store_form
from bff.telemetry.calls import Unobserved
from bff.telemetry.recent_calls import RecentCalls
from tests.conftest import Start
from tests.harness.postgres import PASSWORD, PostgresServer

FIRST, SECOND = "canary-of-the-first-password", "canary-of-the-second-password"
ROLE = "rotated"


class Observed(Unobserved):
    """Counts attempts by how they ended, and refusals."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.refused = 0

    def attempt(self, system: str, operation: str, outcome: str, seconds: float) -> None:
        """Count it."""
        assert (system, operation) == ("database", "connect")
        assert seconds >= 0
        self.outcomes[outcome] += 1

    def own_token_refused(self, system: str, operation: str) -> None:
        """Count it."""
        assert (system, operation) == ("database", "connect")
        self.refused += 1


@pytest.fixture
async def url(postgres_url: str, postgres_server: PostgresServer) -> AsyncIterator[str]:
    """The address of a database with tables, as a role whose password is the first one."""
    made = Database.at(postgres_url, folder=None)
    await made.migrate()
    await made.close()
    postgres_server.run(f"CREATE ROLE {ROLE} LOGIN SUPERUSER PASSWORD '{FIRST}'")
    yield postgres_url.replace(f"bff:{PASSWORD}", f"{ROLE}:{FIRST}")
    postgres_server.run(f"DROP ROLE {ROLE}")


@pytest.fixture
def file(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the address, which `DATABASE_URL_FILE` names."""
    path = tmp_path / "database-url"
    path.write_text(url)
    monkeypatch.setenv("DATABASE_URL_FILE", str(path))
    return path


@pytest.fixture
def observer() -> Observed:
    """Nothing seen yet."""
    return Observed()


@pytest.fixture
async def database(file: Path, observer: Observed) -> AsyncIterator[Database]:
    """The database as the service opens it."""
    del file
    opened = open_database(Settings.load(), observer=observer)
    yield opened
    await opened.close()


def write(file: Path, address: str) -> None:
    """Put an address into the file."""
    file.write_text(address)


def change_password(server: PostgresServer) -> None:
    """Give the role the second password, and end its connections, so that new ones are made."""
    server.run(f"ALTER ROLE {ROLE} PASSWORD '{SECOND}'")
    end_connections(server)


def end_connections(server: PostgresServer) -> None:
    """End every connection of the service."""
    server.run("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'keeptrusts-bff'")


async def user(database: Database) -> str:
    """As whom a read is made."""
    async with database.read() as connection:
        return str((await connection.execute(text("SELECT current_user"))).scalar_one())


async def test_reads_go_on_while_the_password_changes(
    database: Database, file: Path, url: str, postgres_server: PostgresServer, observer: Observed
) -> None:
    """Under steady reads the password changes and connections are ended: a read fails once at most when the file has changed."""
    reads: Counter[int] = Counter()
    changed = asyncio.Event()
    changed.set()
    ending = False

    async def read_once() -> None:
        async with database.read() as connection:
            await connection.execute(select(store_form.c.oldest))

    async def read(reader: int) -> None:
        while not ending:
            try:
                await read_once()
            except DatabaseUnavailableError:
                # Its connection was ended under it, or a new one met the time between server and file.
                await changed.wait()
                await read_once()
            reads[reader] += 1

    async with asyncio.timeout(60), asyncio.TaskGroup() as readers:
        for reader in range(3):
            readers.create_task(read(reader))
        for password in (SECOND, FIRST, SECOND):
            changed.clear()
            await asyncio.to_thread(postgres_server.run, f"ALTER ROLE {ROLE} PASSWORD '{password}'")
            write(file, url.replace(FIRST, password))
            made = observer.outcomes["ok"]
            await asyncio.to_thread(end_connections, postgres_server)
            changed.set()
            before = reads.copy()
            while observer.outcomes["ok"] == made or min(reads[each] - before[each] for each in range(3)) < 5:
                await asyncio.sleep(0)
        ending = True


async def test_a_file_that_changes_after_the_refusal_is_read_again(
    url: str, file: Path, postgres_server: PostgresServer, observer: Observed
) -> None:
    """A login that is refused is tried once more with what the file has by then, and the call goes well."""
    secret = Settings.load().secret("database_url")
    assert secret is not None
    database = Database.at(secret, folder=None, observer=observer)
    await database.usable()
    change_password(postgres_server)
    value = secret.value

    def late() -> SecretStr:
        found = value()
        write(file, url.replace(FIRST, SECOND))
        return found

    # The file changes between the look at it and the server's refusal.
    secret.value = late  # type: ignore[method-assign]
    try:
        await database.usable()
    finally:
        await database.close()
    assert observer.outcomes == {"ok": 2, "denied": 1}
    assert observer.refused == 0


async def test_another_user_is_used(
    database: Database, file: Path, postgres_url: str, postgres_server: PostgresServer
) -> None:
    """The user that the file names now is that of new connections, so that a second role can replace the first."""
    assert await user(database) == ROLE
    write(file, postgres_url)
    end_connections(postgres_server)
    assert await user(database) == "bff"


async def test_a_refusal_is_reported_and_ends(
    database: Database, file: Path, url: str, postgres_server: PostgresServer, observer: Observed
) -> None:
    """While the file has a password that is refused, calls fail with the cause and no secret; the right one ends that."""
    await database.usable()
    with capture_logs() as logs:
        change_password(postgres_server)
        with pytest.raises(DatabaseUnavailableError) as caught:
            await database.usable()
        assert str(caught.value) == "PostgreSQL refuses the password"
        assert (observer.outcomes["denied"], observer.refused) == (1, 1)
        write(file, url.replace(FIRST, SECOND))
        await database.usable()
    assert "canary" not in repr(logs) + repr(vars(database))


async def test_a_role_that_may_not_log_in(
    database: Database, postgres_server: PostgresServer, observer: Observed
) -> None:
    """A role without the right to log in is a refusal too, said in its own words."""
    postgres_server.run(f"ALTER ROLE {ROLE} NOLOGIN")
    with pytest.raises(DatabaseUnavailableError, match="PostgreSQL does not let this user log in"):
        await database.usable()
    assert observer.refused == 1


@pytest.mark.parametrize("change", [("/test_", "/other_"), ("127.0.0.1", "127.0.0.2")])
async def test_another_place_needs_a_restart(
    database: Database, file: Path, url: str, postgres_server: PostgresServer, change: tuple[str, str]
) -> None:
    """An address of another place is not used and said to need a restart, once and without quoting it."""
    await database.usable()
    with capture_logs() as logs:
        write(file, url.replace(*change).replace(FIRST, SECOND))
        for _ in range(2):
            end_connections(postgres_server)
            assert await user(database) == ROLE
    (said,) = [line for line in logs if "restart" in line["event"]]
    assert (said["log_level"], said["setting"]) == ("warning", "DATABASE_URL")
    assert "canary" not in repr(logs)


async def test_a_file_without_an_address_is_not_used(
    database: Database, file: Path, postgres_server: PostgresServer
) -> None:
    """A changed file that holds no address leaves the one before in use; the warning names the file and quotes nothing."""
    await database.usable()
    with capture_logs() as logs:
        write(file, "mysql://canary:canary@host/name")
        end_connections(postgres_server)
        await database.usable()
    (said,) = [line for line in logs if "stays in use" in line["event"]]
    assert said["reason"].startswith(f"DATABASE_URL_FILE: {file} must be an address such as postgresql://")
    assert "canary" not in repr(logs)


async def test_a_refusal_is_trouble_for_health(file: Path, url: str, postgres_server: PostgresServer) -> None:
    """A refused login is trouble of the system `database` until a connection is made."""
    calls = RecentCalls(Unobserved(), monotonic=lambda: 0.0)
    database = open_database(Settings.load(), observer=calls)
    postgres_server.run(f"ALTER ROLE {ROLE} PASSWORD '{SECOND}'")
    try:
        with pytest.raises(DatabaseUnavailableError):
            await database.usable()
        assert calls.trouble("database") == {"connect": "own token refused"}
        write(file, url.replace(FIRST, SECOND))
        await database.usable()
        assert calls.trouble("database") == {}
    finally:
        await database.close()


@pytest.mark.usefixtures("file")
async def test_the_metrics_say_when_the_address_was_read(start: Start) -> None:
    """The service has a sample of when it read `DATABASE_URL`."""
    async with start() as running:
        text = (await running.client.get("/metrics")).text
    assert 'keeptrusts_bff_secret_read_timestamp_seconds{secret="DATABASE_URL"}' in text
