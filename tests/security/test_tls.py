"""TLS to outside systems: a private authority, client certificates, a proxy, and files that change, against real servers."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import re
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from bff.app import create_app
from bff.app_connections import World
from bff.backstage.client import BackstageClient
from bff.backstage.entities import CatalogError
from bff.keeptrusts.client import KEEPTRUSTS
from bff.keeptrusts.errors import KeeptrustsError
from bff.sandbox import ADMIN_TOKEN, READ_TOKEN
from bff.sandbox.accounts import State
from bff.sandbox.control_plane import create_control_plane
from bff.sandbox.faults import Faults
from bff.sandbox.gateway import create_gateway
from bff.sandbox.scenario import catalog_folder, seed_scenario
from bff.secret_files import Secret
from bff.settings import Settings, SettingsError
from bff.telemetry import logs
from bff.telemetry.logs import AccessLog
from bff.telemetry.otlp import traces_from
from bff.tls import TlsFiles, client_context
from bff.upstream import Call, Upstream
from bff.vault.errors import VaultError
from bff.vault.wire import VaultWire
from bff.watch.webhook import Webhook, WebhookError
from tests.backstage.stub import SERVICE_TOKEN, StubBackstage
from tests.cli.conftest import BOT, COMMAND, environment
from tests.harness.authority import Authority, Pair, TlsFront, key_pem, tls_front
from tests.harness.openbao import ROOT_TOKEN, OpenBao
from tests.harness.relay import LOOPBACK, accepting, join
from tests.harness.served import served
from tests.harness.stub_backstage import BackstageOverHttp

NOT_TRUSTED = "certificate not trusted: issuer CN=Example Root"
PASSWORD = "canary-of-the-proxy"
LOCAL = {
    "keeptrusts_api_token": READ_TOKEN,
    "bff_auth": "none",
    "bff_catalog": "files",
    "bff_catalog_files": str(catalog_folder()),
}
GOVERNANCE = "/v1/entities/component/default/customer-support-bot/governance"


@pytest.fixture(autouse=True)
def _public_authorities_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this machine trusts beside the public authorities does not count."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def authority() -> Authority:
    """A private authority that nothing trusts by itself."""
    return Authority("Example Root")


@pytest.fixture
def ca_file(authority: Authority, tmp_path: Path) -> Path:
    """Its certificate as a file."""
    path = tmp_path / "ca.pem"
    path.write_bytes(authority.pem)
    return path


async def empty_object(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer every request with `{}`."""
    del scope, receive
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": b"{}"})


@pytest.fixture
async def front(authority: Authority, tmp_path: Path) -> AsyncIterator[TlsFront]:
    """A TLS server of that authority that answers every request with `{}`."""
    async with served(empty_object) as port, tls_front(port, tmp_path, authority.sign()) as made:
        yield made


# --- the clients -----------------------------------------------------------------------------------------------------

Ask = Callable[[], Awaitable[object]]
"""Makes one call of a client. Raises the client's own error."""


@asynccontextmanager
async def keeptrusts(url: str, tls: ssl.SSLContext, proxy: str | Secret | None = None) -> AsyncIterator[Ask]:
    """The client of Keeptrusts, without waits between its attempts."""
    upstream = Upstream(
        url,
        KEEPTRUSTS,
        system="keeptrusts",
        token=Secret(SecretStr("canary-of-a-token")),
        random=lambda: 0.0,
        tls=tls,
        proxy=Secret(SecretStr(proxy), in_header=False) if isinstance(proxy, str) else proxy,
    )
    try:
        yield lambda: upstream.change(Call("teams", "GET", "/v1/teams"), lambda reply: reply)
    finally:
        await upstream.aclose()


@asynccontextmanager
async def backstage(url: str, tls: ssl.SSLContext) -> AsyncIterator[Ask]:
    """The client of Backstage."""
    client = BackstageClient(url, tls=tls, random=lambda: 0.0)
    try:
        yield lambda: client.get("/api/x", operation="x")
    finally:
        await client.aclose()


@asynccontextmanager
async def vault(url: str, tls: ssl.SSLContext) -> AsyncIterator[Ask]:
    """The client of Vault."""
    wire = VaultWire(url, tls=tls)
    try:
        yield lambda: wire.call("read", "GET", "/v1/x")
    finally:
        await wire.aclose()


@asynccontextmanager
async def webhook(url: str, tls: ssl.SSLContext) -> AsyncIterator[Ask]:
    """The client of the webhook."""
    client = Webhook(
        f"{url}/hook",
        secret=Secret(SecretStr("whsec_" + "AAAA" * 8)),
        clock=lambda: datetime.now(UTC),
        monotonic=time.monotonic,
        sleep=asyncio.sleep,
        random=lambda: 0.0,
        tls=tls,
    )
    try:
        yield lambda: client.send(b"{}", message_id="1")
    finally:
        await client.aclose()


CLIENTS = {"keeptrusts": keeptrusts, "backstage": backstage, "vault": vault, "webhook": webhook}
ERRORS = (KeeptrustsError, CatalogError, VaultError, WebhookError)


async def failure(ask: Ask) -> str:
    """What the error of a call says."""
    with pytest.raises(ERRORS) as raised:
        await ask()
    return str(raised.value)


async def failures(ask: Ask, calls: int) -> int:
    """How many of several calls, one after the other, fail."""
    failed = 0
    for _ in range(calls):
        try:
            await ask()
        except ERRORS:
            failed += 1
    return failed


@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
async def test_an_unknown_authority_is_named(client: Any, front: TlsFront) -> None:
    """Without its file, a server of a private authority is refused, and the error names the authority."""
    async with client(front.url, client_context()) as ask:
        assert NOT_TRUSTED in await failure(ask)


@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
async def test_a_private_authority_is_trusted(client: Any, front: TlsFront, ca_file: Path) -> None:
    """With its file, a server of a private authority is called."""
    async with client(front.url, client_context(TlsFiles(ca_file))) as ask:
        assert await failures(ask, 1) == 0


def test_public_authorities_stay(ca_file: Path) -> None:
    """The file adds an authority to the public ones."""
    context = client_context(TlsFiles(ca_file))._current()  # type: ignore[attr-defined]
    public = httpx.create_ssl_context()
    assert context.cert_store_stats()["x509_ca"] == public.cert_store_stats()["x509_ca"] + 1


@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
@pytest.mark.parametrize(
    ("names", "until", "said"),
    [
        (("db.internal", "10.0.0.9"), timedelta(days=1), "certificate is for other names: db.internal, 10.0.0.9"),
        ((), timedelta(days=-2), "certificate has expired on "),
    ],
)
async def test_a_refused_certificate_is_explained(
    client: Any,
    front: TlsFront,
    authority: Authority,
    ca_file: Path,
    names: tuple[str, ...],
    until: timedelta,
    said: str,
) -> None:
    """A certificate for other names, or one that has expired, is called that."""
    front.show(authority.sign(*names, until=until))
    async with client(front.url, client_context(TlsFiles(ca_file))) as ask:
        assert said in await failure(ask)


@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
async def test_a_server_without_tls(client: Any) -> None:
    """A server that does not speak TLS at an https address is called that."""
    async with served(empty_object) as port, client(f"https://{LOOPBACK}:{port}", client_context()) as ask:
        assert "what answers there does not speak TLS" in await failure(ask)


async def test_a_name_of_a_stranger_is_fit_for_a_line(front: TlsFront) -> None:
    """The issuer of a certificate is shown without control characters, and shortened."""
    front.show(Authority("a\nb" + "x" * 60).sign())
    async with keeptrusts(front.url, client_context()) as ask:
        said = await failure(ask)
    assert "CN=a?bxxx" in said
    assert said.isprintable()


async def test_the_environment_names_authorities(
    front: TlsFront, ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`SSL_CERT_FILE` takes the place of the public authorities, as it does for other programs."""
    monkeypatch.setenv("SSL_CERT_FILE", str(ca_file))
    async with keeptrusts(front.url, client_context()) as ask:
        assert await failures(ask, 1) == 0


@pytest.mark.parametrize(
    ("content", "said"), [(b"", "holds no certificate that can be read"), (None, "No such file or directory")]
)
async def test_an_unusable_file_of_the_environment(
    content: bytes | None, said: str, front: TlsFront, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An `SSL_CERT_FILE` that cannot be used is named in the error of a call."""
    path = tmp_path / "authorities.pem"
    if content is not None:
        replace(path, content)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    async with keeptrusts(front.url, client_context()) as ask:
        assert f"SSL_CERT_FILE='{path}': {said}" in await failure(ask)


# --- files that change ------------------------------------------------------------------------------------------------


def replace(path: Path, content: bytes) -> None:
    """Put another file in the place of one, as Kubernetes and rotation scripts do."""
    other = path.with_suffix(".new")
    other.write_bytes(content)
    other.replace(path)


@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
async def test_authority_and_certificate_are_replaced(client: Any, front: TlsFront, ca_file: Path) -> None:
    """A new authority and a server certificate of it, with the service running, cost at most one call."""
    async with client(front.url, client_context(TlsFiles(ca_file))) as ask:
        assert await failures(ask, 1) == 0
        successor = Authority("Second Root")
        replace(ca_file, successor.pem)
        front.show(successor.sign())
        assert await failures(ask, 5) <= 1


async def test_an_authority_that_is_gone_is_not_trusted(front: TlsFront, ca_file: Path) -> None:
    """A certificate of an authority that is no longer in the file is refused at the next connection."""
    async with keeptrusts(front.url, client_context(TlsFiles(ca_file))) as ask:
        assert await failures(ask, 1) == 0
        replace(ca_file, Authority("Second Root").pem)
        front.cut()
        await failures(ask, 1)  # it may meet the connection that was cut
        assert NOT_TRUSTED in await failure(ask)


async def test_a_file_that_is_gone_before_the_first_call(front: TlsFront, ca_file: Path) -> None:
    """A file that was there at the start, and is gone at the first call, is named in the call's error."""
    context = client_context(TlsFiles(ca_file))
    await asyncio.to_thread(ca_file.unlink)
    async with keeptrusts(front.url, context) as ask:
        assert f"BFF_CA_FILE='{ca_file}': cannot be read: No such file or directory" in await failure(ask)


async def test_a_file_that_becomes_unusable_changes_nothing(front: TlsFront, ca_file: Path) -> None:
    """A file that is replaced by something unusable is logged, and what was read before stays in use."""
    logs.configure("info", final=False)
    async with keeptrusts(front.url, client_context(TlsFiles(ca_file))) as ask:
        assert await failures(ask, 1) == 0
        replace(ca_file, b"<html>")
        front.cut()
        with capture_logs() as lines:
            assert await failures(ask, 5) <= 1
    assert [line["reason"] for line in lines if "cannot be used" in line["event"]] == [
        f"BFF_CA_FILE='{ca_file}': holds no certificate; it must be a PEM file of certificates"
    ]


# --- client certificates ----------------------------------------------------------------------------------------------


@pytest.fixture
def own(tmp_path: Path) -> tuple[Path, Path]:
    """The files of a client certificate and its key, empty so far."""
    return tmp_path / "own.pem", tmp_path / "own-key.pem"


def write(own: tuple[Path, Path], pair: Pair) -> None:
    """Put a certificate and its key into the files."""
    for path, content in zip(own, (pair.certificate, pair.key), strict=True):
        replace(path, content)


async def test_a_client_certificate_is_shown(front: TlsFront, ca_file: Path, own: tuple[Path, Path]) -> None:
    """A server that lets in only clients with a certificate is called when there is one."""
    clients = Authority("Client Root")
    front.require(clients)
    write(own, clients.sign("keeptrusts-bff"))
    async with keeptrusts(front.url, client_context(TlsFiles(ca_file, *own))) as ask:
        assert await failures(ask, 1) == 0
    assert front.clients == ["Client Root"]


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["TLS 1.2", "TLS 1.3"])
def strict(request: pytest.FixtureRequest, authority: Authority, tmp_path: Path) -> Iterator[str]:
    """The address of a server that lets in only clients of an authority that no client here has, and says so.

    It closes as web servers do: it reads what still comes, so that its last words reach the client.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = context.maximum_version = request.param
    context.load_cert_chain(*authority.sign().write(tmp_path, "strict"))
    context.load_verify_locations(cadata=Authority("Client Root").pem.decode())
    context.verify_mode = ssl.CERT_REQUIRED

    def serve() -> None:
        with contextlib.suppress(OSError):  # the listener is shut down at the end
            while True:
                connection = listener.accept()[0]
                connection.settimeout(5)
                tls = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
                with contextlib.suppress(ssl.SSLError):
                    tls.do_handshake()
                with socket.socket(fileno=tls.detach()) as raw, contextlib.suppress(OSError):
                    raw.shutdown(socket.SHUT_WR)
                    while raw.recv(4096):
                        pass

    with socket.create_server((LOOPBACK, 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"https://{LOOPBACK}:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


# Not the webhook, which posts a body: with TLS 1.3 writing it fails before the server's alert is read, which leaves "no connection".
@pytest.mark.parametrize("client", [keeptrusts, backstage, vault])
async def test_without_a_client_certificate(client: Any, strict: str, ca_file: Path) -> None:
    """A server that lets in only clients with a certificate is called that."""
    async with client(strict, client_context(TlsFiles(ca_file))) as ask:
        assert re.search("(asks|may ask) for a client certificate", await failure(ask))


async def test_a_client_certificate_that_is_not_trusted(strict: str, ca_file: Path, own: tuple[Path, Path]) -> None:
    """It is said when the server does not trust the authority of the client certificate."""
    write(own, Authority("Second Root").sign("keeptrusts-bff"))
    async with keeptrusts(strict, client_context(TlsFiles(ca_file, *own))) as ask:
        assert "the server does not trust the client certificate" in await failure(ask)


async def test_a_server_that_hangs_up(front: TlsFront, ca_file: Path) -> None:
    """A server that ends the connection without a word, for want of a certificate, is an error of the client's own kind."""
    front.require(Authority("Client Root"))
    async with keeptrusts(front.url, client_context(TlsFiles(ca_file))) as ask:
        assert await failures(ask, 2) == 2
    assert front.clients == []


async def test_a_client_certificate_is_replaced(front: TlsFront, ca_file: Path, own: tuple[Path, Path]) -> None:
    """A client certificate that is replaced, with the service running, costs at most one call."""
    first, second = Authority("First Clients"), Authority("Second Clients")
    front.require(first, second)
    write(own, first.sign("keeptrusts-bff"))
    async with keeptrusts(front.url, client_context(TlsFiles(ca_file, *own))) as ask:
        assert await failures(ask, 1) == 0
        write(own, second.sign("keeptrusts-bff"))
        front.cut()
        assert await failures(ask, 5) <= 1
    assert (front.clients[0], front.clients[-1]) == ("First Clients", "Second Clients")


# --- a proxy ----------------------------------------------------------------------------------------------------------


@dataclass
class Proxy:
    """An HTTP proxy that wants a password. `targets` are what it has connected; `open` counts those that are open."""

    targets: list[str] = field(default_factory=list)
    port: int = 0
    open: int = 0
    unused: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        """Its address with the password."""
        return f"http://bff:{PASSWORD}@{LOOPBACK}:{self.port}"


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    """A running proxy."""
    async with running_proxy() as made:
        yield made


@asynccontextmanager
async def running_proxy() -> AsyncIterator[Proxy]:
    """Run a proxy for the length of the block."""
    wanted = b"Basic " + base64.b64encode(f"bff:{PASSWORD}".encode())
    made = Proxy()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(b" ", 2)
        assert method == b"CONNECT"
        if wanted not in head:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
            await writer.drain()
            return
        made.targets.append(target.decode())
        made.open += 1
        made.unused.clear()
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        try:
            await join((reader, writer), int(target.rpartition(b":")[2]))
        finally:
            made.open -= 1
            if not made.open:
                made.unused.set()

    async with accepting(carry) as made.port:
        yield made


async def test_keeptrusts_is_reached_by_the_proxy(front: TlsFront, proxy: Proxy, ca_file: Path) -> None:
    """With a proxy the connection to Keeptrusts goes through it, and TLS is with Keeptrusts itself."""
    async with keeptrusts(front.url, client_context(TlsFiles(ca_file)), proxy.url) as ask:
        assert await failures(ask, 1) == 0
    assert proxy.targets == [f"{LOOPBACK}:{front.port}"]


async def test_a_proxy_that_refuses(front: TlsFront, proxy: Proxy, ca_file: Path) -> None:
    """A proxy that does not accept the password is named with its status, and the password is not shown."""
    wrong = proxy.url.replace(PASSWORD, f"{PASSWORD}-wrong")
    async with keeptrusts(front.url, client_context(TlsFiles(ca_file)), wrong) as ask:
        said = await failure(ask)
    assert said.endswith("the proxy answered 407")
    assert proxy.targets == []


@pytest.fixture
def proxy_file(proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the proxy's address, which `KEEPTRUSTS_PROXY_URL_FILE` names."""
    path = tmp_path / "proxy-url"
    path.write_text(proxy.url)
    monkeypatch.setenv("KEEPTRUSTS_PROXY_URL_FILE", str(path))
    return path


async def test_the_next_call_goes_by_the_proxy_of_the_file(
    front: TlsFront, proxy: Proxy, ca_file: Path, proxy_file: Path
) -> None:
    """When the file names another proxy, calls go by that one, and the connections to the one before are closed."""
    by_file = Settings.load().secret("keeptrusts_proxy_url")
    async with running_proxy() as other, keeptrusts(front.url, client_context(TlsFiles(ca_file)), by_file) as ask:
        assert await failures(ask, 2) == 0
        assert (len(proxy.targets), len(other.targets), proxy.open) == (1, 0, 1)
        await asyncio.to_thread(proxy_file.write_text, other.url)
        assert await failures(ask, 2) == 0
        assert (len(proxy.targets), len(other.targets)) == (1, 1)
        async with asyncio.timeout(10):
            await proxy.unused.wait()


async def test_a_file_without_a_proxy_is_not_used(
    front: TlsFront, proxy: Proxy, ca_file: Path, proxy_file: Path
) -> None:
    """A changed file that holds no address of a proxy leaves the one before in use."""
    by_file = Settings.load().secret("keeptrusts_proxy_url")
    async with keeptrusts(front.url, client_context(TlsFiles(ca_file)), by_file) as ask:
        await asyncio.to_thread(proxy_file.write_text, f"socks5://bff:{PASSWORD}@proxy:1080")
        with capture_logs() as logs:
            assert await failures(ask, 2) == 0
    (said,) = [line for line in logs if "stays in use" in line["event"]]
    assert said["reason"].startswith(f"KEEPTRUSTS_PROXY_URL_FILE: {proxy_file} must be an address such as http://")
    assert PASSWORD not in repr(logs)
    assert len(proxy.targets) == 1


async def test_certificates_are_explained_behind_a_proxy(front: TlsFront, proxy: Proxy) -> None:
    """Behind a proxy a refused certificate is explained as it is without one."""
    async with keeptrusts(front.url, client_context(), proxy.url) as ask:
        assert NOT_TRUSTED in await failure(ask)


# --- settings ---------------------------------------------------------------------------------------------------------


def refused(**settings: object) -> str:
    """What is said of settings that are refused."""
    with pytest.raises(SettingsError) as raised:
        Settings.load(**settings)
    return str(raised.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"", "is empty"),
        (b"<html>", "holds no certificate; it must be a PEM file of certificates"),
        (b"\x30\x82\x01", "holds no certificate; it must be a PEM file of certificates"),
        (
            b"-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----\n",
            "holds a certificate that cannot be read; it must be a PEM file",
        ),
        (Authority("x").sign().key, "holds a private key; it must hold certificates alone"),
    ],
    ids=["missing", "empty", "no PEM", "DER", "broken", "key"],
)
def test_an_unusable_authority_is_refused_at_the_start(tmp_path: Path, content: bytes | None, said: str) -> None:
    """A file of authorities that cannot be used is one line that names the setting and the file."""
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    assert refused(bff_ca_file=path) == f"BFF_CA_FILE='{path}': {said}"


def test_comments_beside_certificates(authority: Authority, tmp_path: Path) -> None:
    """A bundle of certificates with comments in any language is used whole."""
    path = tmp_path / "ca.pem"
    path.write_bytes("# Zürich\n".encode() + authority.pem + b"# another\n" + Authority("Second Root").pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    TlsFiles(path).load(context)
    assert context.cert_store_stats()["x509_ca"] == 2


def test_a_key_of_another_certificate(authority: Authority, own: tuple[Path, Path]) -> None:
    """A key that does not fit its certificate is one line that names both settings and the key's file."""
    write(own, Pair(authority.sign().certificate, authority.sign().key))
    said = refused(keeptrusts_client_cert_file=own[0], keeptrusts_client_key_file=own[1])
    assert (
        said
        == f"KEEPTRUSTS_CLIENT_KEY_FILE='{own[1]}': is not the key of the certificate in KEEPTRUSTS_CLIENT_CERT_FILE"
    )


def test_a_key_with_a_passphrase(authority: Authority, own: tuple[Path, Path]) -> None:
    """A key with a passphrase is refused, and nothing is asked for at a terminal."""
    write(own, Pair(authority.sign().certificate, key_pem(ec.generate_private_key(ec.SECP256R1()), b"canary")))
    said = refused(keeptrusts_client_cert_file=own[0], keeptrusts_client_key_file=own[1])
    assert said == f"KEEPTRUSTS_CLIENT_KEY_FILE='{own[1]}': is a key with a passphrase; it must be one without"


@pytest.mark.parametrize("given", ["keeptrusts_client_cert_file", "keeptrusts_client_key_file"])
def test_certificate_and_key_belong_together(given: str, own: tuple[Path, Path]) -> None:
    """A client certificate without its key, or a key alone, is refused."""
    said = refused(**{given: own[0]})
    assert said == "KEEPTRUSTS_CLIENT_CERT_FILE and KEEPTRUSTS_CLIENT_KEY_FILE belong together: set both or neither"


@pytest.mark.parametrize(
    "address",
    [
        f"socks5://bff:{PASSWORD}@proxy:1080",
        f"bff:{PASSWORD}@proxy:3128",
        f"http://bff:{PASSWORD}@proxy:3128/path",
        f"http://bff:{PASSWORD}@proxy:port",
        f"http://bff:{PASSWORD} @proxy:3128",
    ],
)
def test_an_address_of_a_proxy_is_checked(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """An address that is not one of an HTTP proxy is refused without being shown."""
    monkeypatch.setenv("KEEPTRUSTS_PROXY_URL", address)
    form = "must be an address such as http://user:password@proxy.internal:3128, without a path"
    assert refused() == f"KEEPTRUSTS_PROXY_URL: {form}"


# --- the service and its command --------------------------------------------------------------------------------------


@dataclass
class Company:
    """Every outside system behind a TLS server of the same private authority."""

    control_plane: TlsFront
    gateway: TlsFront
    backstage: TlsFront
    vault: TlsFront

    def settings(self) -> dict[str, str]:
        """Settings of a service that uses them all, but for the authority."""
        return {
            "KEEPTRUSTS_API_URL": self.control_plane.url,
            "KEEPTRUSTS_API_TOKEN": READ_TOKEN,
            "KEEPTRUSTS_ADMIN_TOKEN": ADMIN_TOKEN,
            "KEEPTRUSTS_GATEWAY_URL": self.gateway.url,
            "BACKSTAGE_URL": self.backstage.url,
            "BACKSTAGE_TOKEN": SERVICE_TOKEN,
            "VAULT_ADDR": self.vault.url,
            "VAULT_TOKEN": ROOT_TOKEN,
        }


@pytest.fixture
async def company(authority: Authority, openbao: OpenBao, tmp_path: Path) -> AsyncIterator[Company]:
    """A company with the example organisation."""
    state, faults = State(lambda: datetime.now(UTC)), Faults()
    seed_scenario(state, now=datetime.now(UTC), timezone=ZoneInfo("UTC"))
    plane = create_control_plane(state, read_token=READ_TOKEN, admin_token=ADMIN_TOKEN, faults=faults)
    stub = StubBackstage()
    stub.add("group:default/platform-team")
    async with AsyncExitStack() as stack:
        ports = [
            await stack.enter_async_context(served(app))
            for app in (plane, create_gateway(state, faults=faults), BackstageOverHttp(stub))
        ]
        ports.append(int(openbao.url.rpartition(":")[2]))
        fronts = [await stack.enter_async_context(tls_front(port, tmp_path, authority.sign())) for port in ports]
        yield Company(*fronts)


async def command(*words: str, **settings: str) -> tuple[int, str, str]:
    """Run the command to its end; its exit code, what it printed, and its errors."""
    process = await asyncio.create_subprocess_exec(
        COMMAND, *words, env=environment(**settings), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    printed, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, printed.decode(), errors.decode()


async def test_doctor_names_the_authority(company: Company) -> None:
    """Without the file, `doctor` says of each system that its certificate is not trusted, and by whom it was issued."""
    code, printed, _ = await command("doctor", **company.settings())
    assert code == 1
    for system in ("control plane", "gateway", "provisioning", "backstage", "vault"):
        assert re.search(rf"^fail +{system} .*{NOT_TRUSTED}", printed, re.MULTILINE | re.IGNORECASE), system


async def test_doctor_with_the_authority(company: Company, proxy: Proxy, ca_file: Path, tmp_path: Path) -> None:
    """With the file, `doctor` finds every system in order, Keeptrusts by its proxy and the others without."""
    settings = company.settings() | {"BFF_CA_FILE": str(ca_file), "BFF_DATA_DIR": str(tmp_path)}
    settings["KEEPTRUSTS_PROXY_URL"] = proxy.url
    await command("migrate", **settings)
    code, printed, errors = await command("doctor", **settings)
    assert (code, errors) == (0, ""), printed
    for system in ("control plane", "gateway", "provisioning", "backstage", "vault"):
        assert re.search(rf"^ok +{system} ", printed, re.MULTILINE), system
    assert set(proxy.targets) == {f"{LOOPBACK}:{front.port}" for front in (company.control_plane, company.gateway)}


@asynccontextmanager
async def service(**settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the whole service, in this process, over the network."""
    logs.configure("info", final=False)
    app = create_app(Settings.load(**LOCAL | settings), World(access=AccessLog(lambda _line: None)))
    async with (
        app.lifespan(),
        httpx.AsyncClient(transport=httpx.ASGITransport(app.asgi), base_url="http://bff") as client,
    ):
        yield client


async def test_the_service_says_what_is_wrong(company: Company) -> None:
    """Without the file, the service says of both parts of Keeptrusts that their certificate is not trusted."""
    async with service(
        keeptrusts_api_url=company.control_plane.url, keeptrusts_gateway_url=company.gateway.url
    ) as client:
        document = (await client.get("/v1/gateway")).json()
        entity, health = await client.get(GOVERNANCE), await client.get("/health")
    assert [document[part]["message"] for part in ("gateway", "controlPlane")] == [NOT_TRUSTED, NOT_TRUSTED]
    assert (entity.status_code, health.status_code) == (503, 503)
    assert NOT_TRUSTED in health.text


async def test_the_service_with_everything_private(
    company: Company, ca_file: Path, own: tuple[Path, Path], proxy: Proxy
) -> None:
    """Authority, client certificate and proxy together: entities and the gateway are answered for."""
    clients = Authority("Client Root")
    write(own, clients.sign("keeptrusts-bff"))
    company.control_plane.require(clients)
    company.gateway.require(clients)
    async with service(
        keeptrusts_api_url=company.control_plane.url,
        keeptrusts_gateway_url=company.gateway.url,
        keeptrusts_client_cert_file=own[0],
        keeptrusts_client_key_file=own[1],
        keeptrusts_proxy_url=proxy.url,
        bff_ca_file=ca_file,
    ) as client:
        assert (await client.get(GOVERNANCE)).status_code == 200
        assert (await client.get("/v1/gateway")).json()["gateway"]["state"] == "healthy"
    assert set(proxy.targets) == {f"{LOOPBACK}:{front.port}" for front in (company.control_plane, company.gateway)}


@pytest.mark.parametrize("words", [("status", BOT), ("spend", BOT)], ids=["status", "spend"])
async def test_the_command_line(
    words: tuple[str, str], company: Company, authority: Authority, ca_file: Path, tmp_path: Path
) -> None:
    """`status` and `spend` name the authority that they do not trust, and work with its file."""
    logs.configure("info", final=False)
    settings = Settings.load(**LOCAL, keeptrusts_api_url=company.control_plane.url, bff_ca_file=ca_file)
    app = create_app(settings, World(access=AccessLog(lambda _line: None)))
    async with app.lifespan(), served(app.asgi) as port, tls_front(port, tmp_path, authority.sign()) as front:
        code, printed, errors = await command(*words, BFF_URL=front.url)
        assert (code, printed) == (5, "")
        assert errors == f"keeptrusts-bff: the BFF at {front.url} cannot be reached: {NOT_TRUSTED}\n"
        code, printed, errors = await command(*words, BFF_URL=front.url, BFF_CA_FILE=str(ca_file))
        assert (code, errors) == (0, "")
        assert "customer-support-bot" in printed


@pytest.mark.parametrize("words", [("serve",), ("doctor",), ("migrate",), ("status", BOT)], ids=lambda words: words[0])
async def test_a_command_ends_with_one_line(words: tuple[str, ...], tmp_path: Path) -> None:
    """With a file of authorities that is not there every command ends with 3 and one line."""
    path = tmp_path / "nowhere.pem"
    code, printed, errors = await command(*words, BFF_CA_FILE=str(path))
    assert (code, printed) == (3, "")
    assert errors == f"keeptrusts-bff: BFF_CA_FILE='{path}': cannot be read: No such file or directory\n"


# --- traces -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trusted", [True, False], ids=["with the file", "without"])
async def test_traces_go_to_a_private_collector(
    trusted: bool, front: TlsFront, ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spans reach a collector of a private authority with its file, and without it do not."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", front.url)
    tls = client_context(TlsFiles(ca_file if trusted else None))
    traces = traces_from({"OTEL_EXPORTER_OTLP_ENDPOINT": front.url}, tls=tls)
    with traces.doing("read facts"):
        pass
    await traces.aclose()
    assert len(front.clients) == (1 if trusted else 0)


async def test_opentelemetrys_own_file_goes_first(
    front: TlsFront, ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of authorities in OpenTelemetry's own variable is the one that counts for the collector."""
    given = {"OTEL_EXPORTER_OTLP_ENDPOINT": front.url, "OTEL_EXPORTER_OTLP_CERTIFICATE": str(ca_file)}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    traces = traces_from(given, tls=client_context())
    with traces.doing("read facts"):
        pass
    await traces.aclose()
    assert len(front.clients) == 1
