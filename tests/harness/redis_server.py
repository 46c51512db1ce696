"""A real redis-server (Debian's, or Valkey's) with nothing on disk, on a port of loopback, that can be killed, stopped and begun anew."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import redis

from tests.e2e.harness.ports import LOOPBACK, free_port

STARTS_WITHIN = 10.0
_PROGRAMS = ("redis-server", "valkey-server")


class RedisServerError(Exception):
    """There is no redis-server, or it does not start; the message says what to do."""


class RedisServer:
    """One server at a fixed port; `begin` and the others may be called as often as a drill needs."""

    def __init__(self, program: str) -> None:
        self.port = free_port()
        self.url = f"redis://{LOOPBACK}:{self.port}/0"
        self.client = redis.Redis(port=self.port, socket_timeout=5)
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Start, empty, and wait until it answers."""
        options = [
            "--port",
            str(self.port),
            "--bind",
            LOOPBACK,
            "--save",
            "",
            "--appendonly",
            "no",
            "--daemonize",
            "no",
        ]
        self._process = subprocess.Popen([self._program, *options], stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        until = time.monotonic() + STARTS_WITHIN
        while not self._answers():
            if time.monotonic() > until or self._process.poll() is not None:
                raise RedisServerError(f"{self._program} does not start on port {self.port}")
            time.sleep(0.02)

    def kill(self) -> None:
        """End it as a crash does."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def stop(self) -> None:
        """Let it hang: connections stay, and nothing answers."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def keys(self) -> dict[str, bytes]:
        """Every key, and everything that is in it, as bytes."""
        found: dict[str, bytes] = {}
        for key in self.client.keys("*"):
            kind = self.client.type(key)
            value = self.client.hgetall(key) if kind == b"hash" else self.client.get(key) if kind == b"string" else kind
            found[key.decode()] = repr(value).encode()
        return found

    def _signal(self, number: int) -> None:
        if self._process is not None and self._process.poll() is None:
            os.kill(self._process.pid, number)

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.ConnectionError:
            return False


def find() -> str:
    """The program to run. Raises `RedisServerError`."""
    for program in _PROGRAMS:
        path = shutil.which(program)
        if path is not None:
            return path
    raise RedisServerError("no redis-server: install Debian's `redis-server`, or Valkey's `valkey-server`")


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """A server that runs at first, and surely does not at the end."""
    server = RedisServer(find())
    server.begin()
    try:
        yield server
    finally:
        server.go_on()
        server.kill()
        server.client.close()
