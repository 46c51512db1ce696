"""A real OpenBao server (the fork of Vault under the MPL) with everything in memory, on a free port of loopback."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import IO, Any

import httpx

LOOPBACK = "127.0.0.1"
STARTS_WITHIN = 20.0
"""Seconds; it takes less than one."""

MOUNT = "secret"
"""The KV v2 mount that a development server comes with."""

ROOT_TOKEN = "root-of-the-tests"
_UNSEAL_KEY = re.compile(r"Unseal Key:\s+(\S+)")


@dataclass
class OpenBao:
    """A running server. `admin` makes calls with the root token."""

    url: str
    unseal_key: str
    admin: httpx.Client
    _names: Iterator[int] = field(default_factory=lambda: count(1))

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The reply's JSON to a call below `/v1`, None where it has none. Raises `httpx.HTTPStatusError`."""
        reply = self.admin.request(method, f"/v1/{path}", json=body)
        reply.raise_for_status()
        return reply.json() if reply.content else None

    def entry(self, path: str, *, mount: str = MOUNT) -> dict[str, str] | None:
        """The fields at a path, None when there is nothing."""
        reply = self.admin.get(f"/v1/{mount}/data/{path}")
        if reply.status_code == 404:
            return None
        fields: dict[str, str] = reply.raise_for_status().json()["data"]["data"]
        return fields

    def versions(self, path: str, *, mount: str = MOUNT) -> int:
        """How often a path was written; 0 when there is nothing."""
        reply = self.admin.get(f"/v1/{mount}/metadata/{path}")
        return 0 if reply.status_code == 404 else len(reply.raise_for_status().json()["data"]["versions"])

    def custom_metadata(self, path: str, *, mount: str = MOUNT) -> dict[str, str]:
        """The custom metadata at a path."""
        found: dict[str, str] = self.call("GET", f"{mount}/metadata/{path}")["data"]["custom_metadata"]
        return found

    def policy(self, rules: str) -> str:
        """Make a policy; its name."""
        name = f"policy-{next(self._names)}"
        self.call("PUT", f"sys/policies/acl/{name}", {"policy": rules})
        return name

    def token(self, *policies: str, ttl: str = "1h", **options: Any) -> str:
        """Make a token that is no root token."""
        body = {"policies": list(policies), "ttl": ttl, "no_parent": True} | options
        made: str = self.call("POST", "auth/token/create", body)["auth"]["client_token"]
        return made

    def app_role(self, *policies: str, **options: Any) -> tuple[str, str]:
        """Make an AppRole; its role id and a secret id. `options` are the role's, such as `token_ttl`."""
        if "approle/" not in self.call("GET", "sys/auth")["data"]:
            self.call("POST", "sys/auth/approle", {"type": "approle"})
        role = f"auth/approle/role/role-{next(self._names)}"
        self.call("POST", role, {"token_policies": list(policies)} | options)
        secret = self.call("POST", f"{role}/secret-id", {})["data"]["secret_id"]
        return self.call("GET", f"{role}/role-id")["data"]["role_id"], secret

    def mount(self, *, version: int = 2) -> str:
        """Make a KV mount; its name."""
        name = f"kv-{next(self._names)}"
        self.call("POST", f"sys/mounts/{name}", {"type": "kv", "options": {"version": str(version)}})
        return name

    @contextmanager
    def sealed(self) -> Iterator[None]:
        """Sealed within the block."""
        self.call("PUT", "sys/seal")
        try:
            yield
        finally:
            self.call("PUT", "sys/unseal", {"key": self.unseal_key})


@contextmanager
def running_openbao() -> Iterator[OpenBao]:
    """A server for the length of the block. Raises `RuntimeError` with what it printed when it does not start."""
    port = _two_free_ports()
    url = f"http://{LOOPBACK}:{port}"
    command = [
        str(Path(sys.executable).with_name("bao")),
        "server",
        "-dev",
        "-dev-no-store-token",
        f"-dev-root-token-id={ROOT_TOKEN}",
        f"-dev-listen-address={LOOPBACK}:{port}",
    ]
    # What the environment says of another server must not reach this one.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("VAULT_", "BAO_"))}
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
        try:
            with httpx.Client(
                base_url=url, headers={"X-Vault-Token": ROOT_TOKEN}, trust_env=False, timeout=5.0
            ) as admin:
                yield OpenBao(url, _unseal_key(process, admin, output), admin)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _unseal_key(process: subprocess.Popen[bytes], admin: httpx.Client, output: IO[str]) -> str:
    """What the server prints once it is up; the KV mount is there a moment after it answers."""
    until = time.monotonic() + STARTS_WITHIN
    printed = ""
    while time.monotonic() < until and process.poll() is None:
        time.sleep(0.05)
        output.seek(0)
        printed = output.read()
        found = _UNSEAL_KEY.search(printed)
        if found is not None and _answers(admin):
            return found[1]
    raise RuntimeError(f"OpenBao does not start:\n{printed[-2000:]}")


def _answers(admin: httpx.Client) -> bool:
    try:
        return admin.get(f"/v1/{MOUNT}/config").status_code == 200
    except httpx.TransportError:
        return False


def _two_free_ports() -> int:
    """A free port whose neighbour is free too: the server takes both."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind((LOOPBACK, 0))
            port: int = first.getsockname()[1]
            try:
                second.bind((LOOPBACK, port + 1))
            except (OSError, OverflowError):
                continue
            return port
