"""Secrets in files are rotated while requests run, against real servers."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from bff.backstage.client import BackstageClient
from bff.backstage.entities import CatalogDeniedError
from bff.keeptrusts.client import KEEPTRUSTS, KeeptrustsClient
from bff.keeptrusts.errors import UpstreamDeniedError
from bff.secret_files import Secret
from bff.settings import Settings, SettingsError
from bff.tls import TlsFiles, client_context
from bff.upstream import Upstream
from bff.vault.errors import VaultDeniedError
from bff.vault.login import AppRole, VaultLogin
from bff.vault.store import VaultStore
from bff.vault.wire import VaultWire
from tests.harness.authority import Authority, tls_front
from tests.harness.openbao import MOUNT, OpenBao, running_openbao
from tests.harness.relay import LOOPBACK
from tests.harness.served import served

OLD, NEW = "canary-of-the-old-one", "canary-of-the-new-one"
CALLERS = 8

Ask = Callable[[], Awaitable[object]]


@dataclass
class Observed:
    """How attempts ended."""

    outcomes: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)

    def attempt(self, system: str, operation: str, outcome: str, seconds: float) -> None:
        """Count the attempt."""
        del system, operation, seconds
        self.outcomes[outcome] += 1

    def retried(self, system: str, operation: str) -> None:
        """A renewed token needs no wait, and takes nothing out of the budget for retries."""
        raise AssertionError((system, operation))

    def breaker(self, system: str, state: str) -> None:
        """It stays closed."""
        assert state == "closed", system

    def own_token_refused(self, system: str, operation: str) -> None:
        """Remember the refusal."""
        del operation
        self.refused.append(system)


class Door:
    """A server that lets one token in, and answers every request that has it with an empty list."""

    def __init__(self) -> None:
        self.token = OLD
        self.arrived = asyncio.Semaphore(0)
        self.open = asyncio.Event()
        self.open.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer when the door is open, by the token that counts then."""
        del receive
        given = Headers(scope=scope).get("authorization")
        self.arrived.release()
        await self.open.wait()
        status = 200 if given == f"Bearer {self.token}" else 401
        await send(
            {"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]}
        )
        await send({"type": "http.response.body", "body": b'{"data": []}'})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that holds the old token."""
    path = tmp_path / "token"
    path.write_text(f"{OLD}\n")
    return path


def replace(path: Path, content: str) -> None:
    """Put another file in the place of one, as Kubernetes and agents do."""
    other = path.with_suffix(".new")
    other.write_text(content)
    other.replace(path)


@pytest.fixture(params=["plain", "tls"])
async def address(request: pytest.FixtureRequest, door: Door, tmp_path: Path) -> AsyncIterator[tuple[str, TlsFiles]]:
    """Where the server is, and the files that its certificate is trusted with."""
    async with served(door) as port:
        if request.param == "plain":
            yield f"http://{LOOPBACK}:{port}", TlsFiles()
            return
        authority = Authority("Example Root")
        ca_file = tmp_path / "ca.pem"
        ca_file.write_bytes(authority.pem)
        async with tls_front(port, tmp_path, authority.sign()) as front:
            yield front.url, TlsFiles(ca_file)


@pytest.fixture
async def door() -> Door:
    """The server's application."""
    return Door()


@asynccontextmanager
async def keeptrusts(url: str, tls: TlsFiles, secret: Secret, observer: Observed) -> AsyncIterator[Ask]:
    """The client of Keeptrusts, which reads."""
    upstream = Upstream(url, KEEPTRUSTS, system="keeptrusts", token=secret, observer=observer, tls=client_context(tls))
    try:
        yield KeeptrustsClient(upstream).teams
    finally:
        await upstream.aclose()


@asynccontextmanager
async def keeptrusts_admin(url: str, tls: TlsFiles, secret: Secret, observer: Observed) -> AsyncIterator[Ask]:
    """The client of Keeptrusts, which changes something: a refused change was not made, so that it may be made again."""
    upstream = Upstream(
        url, KEEPTRUSTS, system="keeptrusts-admin", token=secret, observer=observer, tls=client_context(tls)
    )
    try:
        yield lambda: KeeptrustsClient(upstream).revoke_token("tok_1")
    finally:
        await upstream.aclose()


@asynccontextmanager
async def backstage(url: str, tls: TlsFiles, secret: Secret, observer: Observed) -> AsyncIterator[Ask]:
    """The client of Backstage with the service's own token."""
    client = BackstageClient(url, observer=observer, tls=client_context(tls))
    try:
        yield lambda: client.get("/api/x", operation="x", token=secret)
    finally:
        await client.aclose()


CLIENTS = {"keeptrusts": keeptrusts, "keeptrusts-admin": keeptrusts_admin, "backstage": backstage}


@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
async def test_a_token_is_rotated_while_requests_run(
    client: Any, address: tuple[str, TlsFiles], door: Door, file: Path
) -> None:
    """Calls in progress with a token that ends are made again once with its successor, and none fails."""
    observer = Observed()
    secret = Secret(SecretStr(OLD), name="A_TOKEN", path=file)
    async with client(*address, secret, observer) as ask:
        await ask()
        door.open.clear()
        await door.arrived.acquire()
        calls = [asyncio.create_task(ask()) for _ in range(CALLERS)]
        for _ in calls:
            await door.arrived.acquire()
        replace(file, NEW)
        door.token = NEW
        door.open.set()
        await asyncio.gather(*calls, *(ask() for _ in range(CALLERS)))
    assert observer.outcomes == {"ok": 1 + 2 * CALLERS, "denied": CALLERS}
    assert observer.refused == []


@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
async def test_a_new_token_is_used_before_the_old_one_is_refused(
    client: Any, address: tuple[str, TlsFiles], door: Door, file: Path
) -> None:
    """A file that has changed is read at the next call, so that no call is refused."""
    observer = Observed()
    async with client(*address, Secret(SecretStr(OLD), path=file), observer) as ask:
        await ask()
        replace(file, NEW)
        door.token = NEW
        await ask()
    assert observer.outcomes == {"ok": 2}


@pytest.mark.parametrize(
    ("client", "error"),
    [(keeptrusts, UpstreamDeniedError), (keeptrusts_admin, UpstreamDeniedError), (backstage, CatalogDeniedError)],
)
async def test_a_refused_token_without_a_successor_is_asked_once(
    client: Any, error: type[Exception], door: Door, file: Path
) -> None:
    """Where the file holds no other token the call is not made again, and the refusal of our own token is reported."""
    observer = Observed()
    door.token = NEW
    async with served(door) as port:
        secret = Secret(SecretStr(OLD), path=file)
        async with client(f"http://{LOOPBACK}:{port}", TlsFiles(), secret, observer) as ask:
            with pytest.raises(error):
                await ask()
    assert observer.outcomes == {"denied": 1}
    assert len(observer.refused) == 1


async def test_a_refused_caller_is_no_refusal_of_our_own(door: Door) -> None:
    """A caller's expired token is not counted as the service's."""
    observer = Observed()
    async with served(door) as port:
        client = BackstageClient(f"http://{LOOPBACK}:{port}", observer=observer)
        with pytest.raises(CatalogDeniedError):
            await client.get("/api/x", operation="x", token=SecretStr("canary-of-a-caller"))
        await client.aclose()
    assert observer.refused == []


# --- Vault -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def openbao() -> Any:
    """A server of this file's own."""
    with running_openbao() as server:
        yield server


@asynccontextmanager
async def vault_store(openbao: OpenBao, credentials: Secret | AppRole, observer: Observed) -> AsyncIterator[VaultStore]:
    """The client of Vault."""
    wire = VaultWire(openbao.url, observer=observer)
    try:
        yield VaultStore(wire, VaultLogin(wire, credentials), mount=MOUNT)
    finally:
        await wire.aclose()


def reading(openbao: OpenBao) -> str:
    """A policy that may read."""
    return openbao.policy(f'path "{MOUNT}/data/*" {{ capabilities = ["read"] }}')


async def test_a_vault_token_is_rotated(openbao: OpenBao, file: Path) -> None:
    """Calls go on without a restart when an agent has replaced the token and the old one is revoked."""
    policy, observer = reading(openbao), Observed()
    first, second = openbao.token(policy, "default"), openbao.token(policy, "default")
    replace(file, first)
    async with vault_store(openbao, Secret(SecretStr(first), path=file), observer) as vault:
        assert await vault.read("ai/x") is None
        replace(file, second)
        openbao.call("POST", "auth/token/revoke", {"token": first})
        assert await asyncio.gather(*(vault.read("ai/x") for _ in range(CALLERS))) == [None] * CALLERS
    assert observer.outcomes["denied"] == 0
    assert observer.refused == []


async def test_a_vault_token_that_ends_before_its_file_changes(openbao: OpenBao, file: Path) -> None:
    """A revoked token is trouble that is reported, and the next call after the file has changed goes well."""
    policy, observer = reading(openbao), Observed()
    first, second = openbao.token(policy, "default"), openbao.token(policy, "default")
    replace(file, first)
    async with vault_store(openbao, Secret(SecretStr(first), path=file), observer) as vault:
        await vault.read("ai/x")
        openbao.call("POST", "auth/token/revoke", {"token": first})
        with pytest.raises(VaultDeniedError):
            await vault.read("ai/x")
        assert observer.refused == ["vault"]
        replace(file, second)
        assert await vault.read("ai/x") is None


async def test_a_vault_secret_id_is_rotated(openbao: OpenBao, file: Path) -> None:
    """A role whose secret id was replaced logs in with the new one, when its token has been revoked."""
    role_id, first = openbao.app_role(reading(openbao))
    observer = Observed()
    name = next(
        role
        for role in openbao.call("LIST", "auth/approle/role")["data"]["keys"]
        if openbao.call("GET", f"auth/approle/role/{role}/role-id")["data"]["role_id"] == role_id
    )
    second = openbao.call("POST", f"auth/approle/role/{name}/secret-id", {})["data"]["secret_id"]
    replace(file, first)
    role = AppRole(role_id, Secret(SecretStr(first), path=file, in_header=False))
    async with vault_store(openbao, role, observer) as vault:
        assert await vault.read("ai/x") is None
        # Revokes the tokens that were made of it too.
        openbao.call("POST", f"auth/approle/role/{name}/secret-id/destroy", {"secret_id": first})
        replace(file, second)
        assert await asyncio.gather(*(vault.read("ai/x") for _ in range(CALLERS))) == [None] * CALLERS
    assert observer.refused == []


# --- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", ["", "two words", "x" * 70_000, None])
def test_a_file_that_cannot_be_used_keeps_what_was_read(file: Path, content: str | None) -> None:
    """While a file is empty, away or wrong, the secret that was read before stays in use, and the log does not quote it."""
    secret = Secret(SecretStr(OLD), name="A_TOKEN", path=file)
    assert secret.value().get_secret_value() == OLD
    with capture_logs() as logs:
        if content is None:
            file.unlink()
        else:
            replace(file, content)
        assert secret.value().get_secret_value() == OLD
        assert secret.value().get_secret_value() == OLD
    assert [line["reason"].startswith("A_TOKEN_FILE: ") for line in logs] == ([] if content is None else [True])
    assert not content or content not in repr(logs)
    replace(file, NEW)
    assert secret.value().get_secret_value() == NEW


def test_the_time_of_reading_is_that_of_the_last_good_one(file: Path) -> None:
    """A secret says when it was last read: at the start, and when its file has changed to one that can be used."""
    hours = iter(range(24))
    secret = Secret(SecretStr(OLD), path=file, clock=lambda: datetime(2026, 3, 10, next(hours), tzinfo=UTC))
    secret.value()
    assert secret.read_at.hour == 1
    replace(file, "two words")
    secret.value()
    assert secret.read_at.hour == 1
    replace(file, NEW)
    secret.value()
    assert secret.read_at.hour == 2


def test_settings_give_secrets_with_their_files(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret that came from a file follows it; one that was given as a variable stays as it is."""
    monkeypatch.setenv("KEEPTRUSTS_API_TOKEN_FILE", str(file))
    monkeypatch.setenv("BACKSTAGE_TOKEN", OLD)
    settings = Settings.load()
    api, backstage_token = settings.secret("keeptrusts_api_token"), settings.secret("backstage_token")
    assert api is not None
    assert backstage_token is not None
    assert settings.secret("vault_token") is None
    replace(file, NEW)
    assert (api.value().get_secret_value(), backstage_token.value().get_secret_value()) == (NEW, OLD)


def test_a_file_whose_secret_fits_no_header_is_refused_at_the_start(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token with a space in its file is a wrong setting, and not quoted."""
    replace(file, "two words")
    monkeypatch.setenv("VAULT_TOKEN_FILE", str(file))
    with pytest.raises(SettingsError, match="VAULT_TOKEN: must be visible ASCII") as caught:
        Settings.load()
    assert "two words" not in str(caught.value)
