"""The service's own listeners: HTTPS with a certificate that can be replaced, and a port apart for operators."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from bff.cli.certificate import ListenerCertificate
from bff.tls import TlsFileError
from tests.e2e.harness.ports import LOOPBACK, free_port
from tests.harness.authority import Authority, Pair
from tests.harness.served import served

from .conftest import COMMAND, environment


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answers every request with its scheme."""
    del receive
    scheme = scope["scheme"].encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(scheme))]})
    await send({"type": "http.response.body", "body": scheme})


@dataclass
class Listener:
    """A listener with TLS, and what became of its changed certificates."""

    folder: Path
    port: int = 0
    reloads: list[str] = field(default_factory=list)
    certificate: ListenerCertificate = field(init=False)

    def put(self, pair: Pair) -> tuple[Path, Path]:
        """Replace both files, each at once, as a mounted secret is."""
        paths = self.folder / "tls.crt", self.folder / "tls.key"
        for path, content in zip(paths, (pair.certificate, pair.key), strict=True):
            fresh = path.with_suffix(".new")
            fresh.write_bytes(content)
            fresh.rename(path)
        return paths

    async def is_shown(self, authority: Authority) -> bool:
        """Whether a new connection gets a certificate of this authority."""
        try:
            _, writer = await asyncio.open_connection(LOOPBACK, self.port, ssl=authority.trusting())
        except ssl.SSLCertVerificationError:
            return False
        writer.close()
        await writer.wait_closed()
        return True


@asynccontextmanager
async def listening(folder: Path, pair: Pair) -> AsyncIterator[Listener]:
    """A server that shows `pair`."""
    made = Listener(folder)
    made.certificate = ListenerCertificate(*made.put(pair), reloaded=made.reloads.append)
    async with served(app, tls=made.certificate.context) as port:
        made.port = port
        yield made


async def test_requests_come_by_https(tmp_path: Path) -> None:
    """A client that trusts the authority is answered, and the application knows that the request came by HTTPS."""
    authority = Authority("First Root")
    async with (
        listening(tmp_path, authority.sign()) as listener,
        httpx.AsyncClient(verify=authority.trusting(), trust_env=False) as client,
    ):
        assert (await client.get(f"https://{LOOPBACK}:{listener.port}/")).text == "https"


async def test_plain_http_is_not_answered(tmp_path: Path) -> None:
    """A request in plain HTTP gets no answer: a token that was sent by mistake is at least not made use of."""
    async with (
        listening(tmp_path, Authority("First Root").sign()) as listener,
        httpx.AsyncClient(trust_env=False) as client,
    ):
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(f"http://{LOOPBACK}:{listener.port}/")


async def test_a_replaced_certificate_is_shown(tmp_path: Path) -> None:
    """New connections get the new certificate, and a connection that was open before goes on."""
    first, second = Authority("First Root"), Authority("Second Root")
    async with listening(tmp_path, first.sign()) as listener:
        reader, writer = await asyncio.open_connection(LOOPBACK, listener.port, ssl=first.trusting())
        listener.put(second.sign())
        assert await listener.is_shown(second)
        assert not await listener.is_shown(first)
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        assert (await reader.readuntil(b"https")).startswith(b"HTTP/1.1 200 OK\r\n")
        writer.close()
        await writer.wait_closed()
    assert listener.reloads == ["ok"]


async def test_a_replacement_that_cannot_be_used(tmp_path: Path) -> None:
    """A key of another certificate changes nothing, is logged and counted once, and the right one mends it."""
    first, second = Authority("First Root"), Authority("Second Root")
    async with listening(tmp_path, first.sign()) as listener:
        with capture_logs() as lines:
            _, key = listener.put(Pair(second.sign().certificate, second.sign().key))
            assert [await listener.is_shown(first) for _ in range(3)] == [True] * 3
        assert listener.reloads == ["failed"]
        assert [line["reason"] for line in lines if line["log_level"] == "warning"] == [
            f"BFF_TLS_KEY_FILE='{key}': is not the key of the certificate in BFF_TLS_CERT_FILE"
        ]
        listener.put(second.sign())
        assert await listener.is_shown(second)
    assert listener.reloads == ["failed", "ok"]


async def test_files_that_are_gone_change_nothing(tmp_path: Path) -> None:
    """While a file is missing the certificate that was read before is shown."""
    authority = Authority("First Root")
    async with listening(tmp_path, authority.sign()) as listener:
        (tmp_path / "tls.crt").unlink()
        assert await listener.is_shown(authority)
    assert listener.reloads == ["failed"]


def test_the_expiry_is_that_of_the_certificate_in_use(tmp_path: Path) -> None:
    """It follows a replacement without a connection, and not one that cannot be used."""
    authority, listener = Authority("First Root"), Listener(tmp_path)
    certificate = ListenerCertificate(
        *listener.put(authority.sign(until=timedelta(days=3))), reloaded=listener.reloads.append
    )
    now = datetime.now(UTC).timestamp()
    assert certificate.expires() - now == pytest.approx(3 * 86400, abs=60)
    good = authority.sign(until=timedelta(days=90))
    listener.put(Pair(good.certificate, authority.sign().key))
    assert certificate.expires() - now == pytest.approx(3 * 86400, abs=60)
    listener.put(good)
    assert certificate.expires() - now == pytest.approx(90 * 86400, abs=60)


def test_a_pair_that_cannot_be_used_at_first(tmp_path: Path) -> None:
    """Without a pair to begin with there is no listener: the error names the setting and the file."""
    authority = Authority("First Root")
    certificate, key = Listener(tmp_path).put(Pair(authority.sign().certificate, authority.sign().key))
    with pytest.raises(TlsFileError, match=f"^BFF_TLS_KEY_FILE='{key}': is not the key"):
        ListenerCertificate(certificate, key, reloaded=lambda _outcome: None)


@asynccontextmanager
async def serving(**settings: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """`serve` as a process, which is ended by SIGTERM and must then end well; neither Keeptrusts nor Backstage is there."""
    nowhere = f"http://{LOOPBACK}:{free_port()}"
    given = {
        "KEEPTRUSTS_API_URL": nowhere,
        "KEEPTRUSTS_API_TOKEN": "canary",
        "BACKSTAGE_URL": nowhere,
        "BACKSTAGE_TOKEN": "canary",
        "BFF_DRAIN_SECONDS": "0",
    }
    process = await asyncio.create_subprocess_exec(
        COMMAND, "serve", env=environment(**given | settings), stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    logged = b""
    try:
        async with asyncio.timeout(60):
            while b'"event":"serving"' not in logged:
                line = await process.stderr.readline()
                assert line, logged.decode()
                logged += line
        yield process
    finally:
        if process.returncode is None:
            os.kill(process.pid, signal.SIGTERM)
        _, rest = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0, (logged + rest).decode()


async def test_operators_have_a_port_of_their_own(tmp_path: Path) -> None:
    """With both settings people are answered by HTTPS alone, and operators by plain HTTP at the other port alone.

    Keeptrusts is not there: the service is ready all the same once it has tried.
    """
    authority = Authority("First Root")
    certificate, key = Listener(tmp_path).put(authority.sign())
    port, admin = free_port(), free_port()
    async with (
        serving(
            BFF_PORT=str(port), BFF_ADMIN_PORT=str(admin), BFF_TLS_CERT_FILE=str(certificate), BFF_TLS_KEY_FILE=str(key)
        ),
        httpx.AsyncClient(verify=authority.trusting(), trust_env=False) as client,
    ):
        public, operators = f"https://{LOOPBACK}:{port}", f"http://{LOOPBACK}:{admin}"
        assert (await client.get(f"{public}/v1/gateway")).status_code == 401
        assert (await client.get(f"{public}/metrics")).status_code == 404
        assert (await client.get(f"{operators}/v1/gateway")).status_code == 404
        metrics = (await client.get(f"{operators}/metrics")).text
        assert 'keeptrusts_bff_certificate_expiry_timestamp_seconds{certificate="listener"} 1' in metrics
        assert 'keeptrusts_bff_certificate_reloads_total{outcome="failed"} 0' in metrics
        async with asyncio.timeout(30):
            while (await client.get(f"{operators}/readyz")).status_code != httpx.codes.OK:
                await asyncio.sleep(0.1)


async def test_connections_beyond_the_setting_are_turned_away() -> None:
    """`BFF_MAX_CONNECTIONS` bounds those of people and not those of operators, who see how many were turned away."""
    port, admin = free_port(), free_port()
    async with (
        serving(BFF_PORT=str(port), BFF_ADMIN_PORT=str(admin), BFF_MAX_CONNECTIONS="1"),
        httpx.AsyncClient(trust_env=False) as one,
        httpx.AsyncClient(trust_env=False) as another,
        httpx.AsyncClient(trust_env=False) as operator,
    ):
        public = f"http://{LOOPBACK}:{port}/v1/gateway"
        assert (await one.get(public)).status_code == 401
        turned_away = await another.get(public)
        assert (turned_away.status_code, turned_away.headers["retry-after"]) == (503, "1")
        metrics = (await operator.get(f"http://{LOOPBACK}:{admin}/metrics")).text
        assert "keeptrusts_bff_open_connections_limit 1.0" in metrics
        assert 'keeptrusts_bff_connections_ended_total{reason="full"} 1.0' in metrics
