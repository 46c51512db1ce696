"""A real PostgreSQL server (Debian's) in a temporary folder, on a port of loopback, that tests start, stop, kill and pause.

PostgreSQL refuses to run as root. Where the tests run as root it runs as the user `postgres`, which its package makes.
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from tests.e2e.harness.ports import LOOPBACK, free_port

STARTS_WITHIN = 30.0
PASSWORD = "canary-of-the-database"
_FOLDERS = "usr/lib/postgresql/*/bin"
_SETTINGS = {
    "listen_addresses": LOOPBACK,
    # Tests end their servers roughly and keep nothing of them.
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "60",
    "shared_buffers": "16MB",
    "log_min_messages": "fatal",
}


class PostgresError(Exception):
    """There is no PostgreSQL, or it does not start; the message says what to do."""


class PostgresServer:
    """One server at a fixed port; its methods may be called as often as a drill needs."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.port = free_port()
        self._programs = programs
        self._data = folder / "data"
        self._log = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self._names = itertools.count(1)
        password = folder / "password"
        password.write_text(PASSWORD)
        if os.geteuid() == 0:
            for path in (folder, password):
                shutil.chown(path, *_user())
        options = ("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--username=bff", f"--pwfile={password}")
        made = subprocess.run(
            [*_as_its_user(), programs / "initdb", *options, "--no-sync", "-D", self._data],
            capture_output=True,
            check=False,
            cwd=folder,
        )
        if made.returncode:
            raise PostgresError(f"initdb ended with {made.returncode}: {made.stderr.decode(errors='replace')}")

    def url(self, database: str = "postgres") -> str:
        """The address of a database as people write it."""
        return f"postgresql://bff:{PASSWORD}@{LOOPBACK}:{self.port}/{database}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        settings = _SETTINGS | {"port": str(self.port), "unix_socket_directories": str(self._data.parent)}
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*_as_its_user(), self._programs / "postgres", "-D", self._data, *words],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._data.parent,
            )
        until = time.monotonic() + STARTS_WITHIN
        while not self.answers():
            if time.monotonic() > until or self._process.poll() is not None:
                raise PostgresError(f"it does not start: {self._log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)

    def use_tls(self, certificate: bytes, key: bytes) -> None:
        """Take connections by TLS too, with this certificate and its key (PEM), from the next connection on."""
        for name, content in (("server.crt", certificate), ("server.key", key)):
            path = self._data / name
            path.write_bytes(content)
            path.chmod(0o600)
            if os.geteuid() == 0:
                shutil.chown(path, *_user())
        self.run("ALTER SYSTEM SET ssl = on")
        loaded = "SELECT pg_conf_load_time()"
        with psycopg.connect(self.url(), autocommit=True, connect_timeout=5) as connection:
            before = connection.execute(loaded).fetchone()
            connection.execute("SELECT pg_reload_conf()")
            until = time.monotonic() + STARTS_WITHIN
            while connection.execute(loaded).fetchone() == before:
                if time.monotonic() > until:
                    raise PostgresError(
                        f"it does not read its settings: {self._log.read_text(errors='replace')[-2000:]}"
                    )
                time.sleep(0.01)

    def stop(self) -> None:
        """End it as an administrator does who does not wait for its clients."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End it as a crash of the machine does, with every process of its own."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Let it hang: connections stay, and nothing answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    @property
    def runs(self) -> bool:
        """Whether it has been started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def answers(self) -> bool:
        """Whether it takes a connection now."""
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    @contextmanager
    def database(self) -> Iterator[str]:
        """The address of a database that is fresh and goes at the end."""
        name = f"test_{next(self._names)}"
        self.run(f"CREATE DATABASE {name}")
        try:
            yield self.url(name)
        finally:
            self.resume()
            if not self.runs:
                self.start()
            self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def run(self, statement: str) -> None:
        """Run one statement as the administrator."""
        with psycopg.connect(self.url(), autocommit=True, connect_timeout=5) as connection:
            connection.execute(statement.encode())

    def _end(self, number: int) -> None:
        if self._process is None:
            return
        processes = self._processes() if number == signal.SIGKILL else [self._process.pid]
        for pid in processes if self.runs else ():
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        self._process.wait(STARTS_WITHIN)
        # The next start is refused while a process of this one still has its memory.
        until = time.monotonic() + STARTS_WITHIN
        while any(_lives(pid) for pid in processes) and time.monotonic() < until:
            time.sleep(0.01)

    def _signal(self, number: int) -> None:
        for pid in self._processes() if self.runs else ():
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _processes(self) -> list[int]:
        """The server's own process first, then those that it has made: one a connection, and some more."""
        if self._process is None:
            return []
        pid = self._process.pid
        made = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
        return [pid, *map(int, made.split())]


def find(root: Path = Path("/")) -> Path:
    """The folder of the newest version's programs, which Debian does not put on the path. Raises `PostgresError`."""
    found = [folder for folder in root.glob(_FOLDERS) if (folder / "initdb").exists()]
    if not found:
        raise PostgresError("no PostgreSQL: install Debian's `postgresql`")
    return max(found, key=lambda folder: float(folder.parent.name))


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A server that runs at first, and surely does not at the end."""
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        server = PostgresServer(find(), folder)
        try:
            server.start()
            yield server
        finally:
            server.resume()
            server.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _lives(pid: int) -> bool:
    """Whether a process runs; one that has ended and that no parent waits for does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def _user() -> tuple[int, int]:
    try:
        entry = pwd.getpwnam("postgres")
    except KeyError:
        entry = pwd.getpwnam("nobody")
    return entry.pw_uid, entry.pw_gid


def _as_its_user() -> list[str]:
    """The words before a command that must not run as root."""
    if os.geteuid() != 0:
        return []
    uid, gid = _user()
    return ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--"]
