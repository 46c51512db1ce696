"""A private certificate authority for tests, and a TLS server in front of a port of loopback."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.harness.relay import LOOPBACK, join

_DAY = timedelta(days=1)
_PASSES = 5
"""Of the event loop, from a connection in the kernel to one that the server knows."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, in PEM."""

    certificate: bytes
    key: bytes

    def write(self, folder: Path, name: str) -> tuple[Path, Path]:
        """Write both into a folder, in place of earlier ones; their paths."""
        paths = folder / f"{name}.pem", folder / f"{name}-key.pem"
        for path, content in zip(paths, (self.certificate, self.key), strict=True):
            path.write_bytes(content)
        return paths


class Authority:
    """Signs certificates with a root of its own, called `name`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._key = ec.generate_private_key(ec.SECP256R1())
        root = _builder(name, name, self._key, until=10 * _DAY)
        root = root.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        root = root.add_extension(
            x509.KeyUsage(
                digital_signature=False,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=True,
                crl_sign=True,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        self._identifier = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        self._root = root.add_extension(self._identifier, critical=False).sign(self._key, hashes.SHA256())

    @property
    def pem(self) -> bytes:
        """The root's certificate."""
        return self._root.public_bytes(serialization.Encoding.PEM)

    def sign(self, *names: str, until: timedelta = _DAY) -> Pair:
        """A certificate for hosts or IP addresses (loopback's, unless others are named) that is valid `until` from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder("leaf", self.name, key, until=until)
        builder = builder.add_extension(
            x509.SubjectAlternativeName([_general(name) for name in names or (LOOPBACK,)]), critical=False
        )
        issuer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(self._identifier)
        certificate = builder.add_extension(issuer, critical=False).sign(self._key, hashes.SHA256())
        return Pair(certificate.public_bytes(serialization.Encoding.PEM), key_pem(key))

    def trusting(self) -> ssl.SSLContext:
        """A context for clients that trusts this authority alone."""
        return ssl.create_default_context(cadata=self.pem.decode())


class TlsFront:
    """A TLS server whose connections go on to a port without TLS.

    `clients` has, for each connection that was let in, the common name of the authority of the client's certificate, or
    None for a client without one.
    """

    def __init__(self, target: int, folder: Path, pair: Pair) -> None:
        self.port = 0
        self.clients: list[str | None] = []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._target = target
        self._folder = folder
        self._open: dict[asyncio.Task[Any] | None, asyncio.StreamWriter] = {}
        self.show(pair)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"https://{LOOPBACK}:{self.port}"

    def show(self, pair: Pair) -> None:
        """Show this certificate from now on, and break the connections that were made by another."""
        self.context.load_cert_chain(*pair.write(self._folder, f"front-{id(self)}"))
        self.cut()

    def require(self, *authorities: Authority) -> None:
        """Let in only clients with a certificate of one of these authorities."""
        for authority in authorities:
            self.context.load_verify_locations(cadata=authority.pem.decode())
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.cut()

    def cut(self) -> None:
        """Break every connection that is open."""
        for writer in self._open.values():
            writer.transport.abort()

    async def end(self) -> None:
        """Break every connection, and wait until its other side is closed too."""
        self.cut()
        await asyncio.gather(*(task for task in self._open if task is not None))

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        shown = dict(field[0] for field in (writer.get_extra_info("peercert") or {}).get("issuer", ()))
        self.clients.append(shown.get("commonName"))
        self._open[asyncio.current_task()] = writer
        try:
            with suppress(OSError):
                await join((reader, writer), self._target)
        finally:
            del self._open[asyncio.current_task()]
            writer.close()


@asynccontextmanager
async def tls_front(target: int, folder: Path, pair: Pair) -> AsyncIterator[TlsFront]:
    """A front that runs meanwhile; `folder` is for its files."""
    front = TlsFront(target, folder, pair)
    server = await asyncio.start_server(front.carry, LOOPBACK, 0, ssl=front.context)
    front.port = server.sockets[0].getsockname()[1]
    try:
        yield front
    finally:
        # A client that has connected is let in before the door closes: asyncio would leave its socket open.
        for _ in range(_PASSES):
            await asyncio.sleep(0)
        server.close()
        await front.end()
        await server.wait_closed()


def key_pem(key: ec.EllipticCurvePrivateKey, passphrase: bytes | None = None) -> bytes:
    """A private key in PEM."""
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase is not None:
        encryption = serialization.BestAvailableEncryption(passphrase)
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


def _builder(
    subject: str, issuer: str, key: ec.EllipticCurvePrivateKey, *, until: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_named(subject))
        .issuer_name(_named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 30 * _DAY)
        .not_valid_after(now + until)
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
