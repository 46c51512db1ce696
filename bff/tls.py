"""TLS to outside systems: which authorities are trusted, the certificate of this service, and what a refusal means.

The files are looked at when a connection is made, and read again when they have changed: a certificate can be replaced
while the service runs. Connections that are open stay as they are.
"""

from __future__ import annotations

import os
import re
import ssl
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import certifi

from bff.secret_files import FileState, file_state
from bff.telemetry import logs

if TYPE_CHECKING:  # it is imported where a certificate is refused, which in most processes never happens
    from cryptography import x509

CA_FILE = "BFF_CA_FILE"
CERTIFICATE_FILE = "KEEPTRUSTS_CLIENT_CERT_FILE"
KEY_FILE = "KEEPTRUSTS_CLIENT_KEY_FILE"

_OF_THE_ENVIRONMENT = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""What OpenSSL itself reads in place of the public authorities; the first one that is set counts."""

_LARGEST_FILE = 4 * 1024 * 1024
_CERTIFICATE = re.compile(
    rb"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----.+?-----END (?:TRUSTED |X509 )?CERTIFICATE-----", re.DOTALL
)
_PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")

log = logs.logger("tls")


class TlsFileError(Exception):
    """A file cannot be used; the message is one line that names the setting and the file."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """The PEM files of TLS connections.

    `ca` has certificates that are trusted beside the public ones; `certificate` and `key`, both or neither, are what this
    service shows to a server that asks for a client certificate.
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def check(self) -> None:
        """Read the files. Raises `TlsFileError`."""
        self.load(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))

    def load(self, context: ssl.SSLContext) -> None:
        """Add what the files hold to a context. Raises `TlsFileError`."""
        if self.ca is not None:
            _load_authorities(context, self.ca)
        if self.certificate is not None and self.key is not None:
            load_own_certificate(context, self.certificate, self.key, (CERTIFICATE_FILE, KEY_FILE))

    def state(self) -> tuple[FileState, ...]:
        """The state of each file; another value means that they must be read again."""
        return tuple(file_state(path) for path in (self.ca, self.certificate, self.key) if path is not None)


def client_context(files: TlsFiles | None = None) -> ssl.SSLContext:
    """A context for any number of clients, which follows its files. Raises `TlsFileError`.

    It is built at the first connection, since the public authorities take tens of milliseconds to read. It trusts those,
    or those of `SSL_CERT_FILE` or `SSL_CERT_DIR` instead, and beside them the ones of `files`.
    """
    return _FollowingContext(files or TlsFiles())


class _FollowingContext(ssl.SSLContext):
    """Makes each connection by a context that was built from the files as they are now.

    Certificates cannot be taken out of an `ssl.SSLContext`, so that a change makes a new one. Thread-safe; anyio calls
    `wrap_bio` of a subclass in a thread, where reading files blocks nothing.
    """

    def __new__(cls, _files: TlsFiles) -> Self:
        return super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)

    def __init__(self, files: TlsFiles) -> None:
        self._files = files
        self._protocols: list[str] = []
        self._lock = threading.Lock()
        files.check()
        self._state = files.state()
        self._built: ssl.SSLContext | None = None

    def set_alpn_protocols(self, alpn_protocols: Sequence[str]) -> None:  # type: ignore[override]  # typeshed: Iterable
        """As `ssl.SSLContext` has it."""
        self._protocols = list(alpn_protocols)

    def wrap_bio(self, *arguments: Any, **named: Any) -> ssl.SSLObject:
        """As `ssl.SSLContext` has it."""
        return self._current().wrap_bio(*arguments, **named)

    def wrap_socket(self, *arguments: Any, **named: Any) -> ssl.SSLSocket:
        """As `ssl.SSLContext` has it."""
        return self._current().wrap_socket(*arguments, **named)

    def _current(self) -> ssl.SSLContext:
        with self._lock:
            # Taken before the files are read: a change meanwhile is another state at the next connection.
            state = self._files.state()
            if self._built is None:
                self._state, self._built = state, self._first()
            elif state != self._state:
                self._state, self._built = state, self._changed(self._built)
            if self._protocols:
                self._built.set_alpn_protocols(self._protocols)
            return self._built

    def _first(self) -> ssl.SSLContext:
        try:
            return _build(self._files)
        except TlsFileError as error:
            # What a connection may raise.
            raise ssl.SSLError(ssl.SSLErrorNumber.SSL_ERROR_SSL, str(error)) from None

    def _changed(self, before: ssl.SSLContext) -> ssl.SSLContext:
        try:
            built = _build(self._files)
        except TlsFileError as error:
            log.warning("changed TLS files cannot be used: those read before stay in use", reason=str(error))
            return before
        log.info("changed TLS files are read")
        return built


def _build(files: TlsFiles) -> ssl.SSLContext:
    try:
        context = _of_the_environment()
    except OSError as error:
        named = next(
            (f"{name}='{os.environ[name]}'" for name in _OF_THE_ENVIRONMENT if os.environ.get(name)), "certifi"
        )
        said = "holds no certificate that can be read" if isinstance(error, ssl.SSLError) else error.strerror
        raise TlsFileError(f"{named}: {said}") from None
    context.sslobject_class = _ExplainedObject
    context.sslsocket_class = _ExplainedSocket
    files.load(context)
    return context


def _of_the_environment() -> ssl.SSLContext:
    """A context that trusts the public authorities, or those that the environment names in their place."""
    if file := os.environ.get("SSL_CERT_FILE"):
        return ssl.create_default_context(cafile=file)
    if folder := os.environ.get("SSL_CERT_DIR"):
        return ssl.create_default_context(capath=folder)
    return ssl.create_default_context(cafile=certifi.where())


# --- files -----------------------------------------------------------------------------------------------------------


def _load_authorities(context: ssl.SSLContext, path: Path) -> None:
    content = _read(CA_FILE, path)
    if _PRIVATE_KEY.search(content):
        raise _error(CA_FILE, path, "holds a private key; it must hold certificates alone")
    found = [block.decode("latin-1") for block in _CERTIFICATE.findall(content)]
    if not found:
        raise _error(CA_FILE, path, "holds no certificate; it must be a PEM file of certificates")
    try:
        context.load_verify_locations(cadata="\n".join(found))
    except (ssl.SSLError, ValueError):
        raise _error(CA_FILE, path, "holds a certificate that cannot be read; it must be a PEM file") from None


def load_own_certificate(context: ssl.SSLContext, certificate: Path, key: Path, settings: tuple[str, str]) -> None:
    """Load what this service shows of itself; `settings` name the two files. Raises `TlsFileError`."""
    of_certificate, of_key = settings
    if not _CERTIFICATE.search(_read(of_certificate, certificate)):
        raise _error(of_certificate, certificate, "holds no certificate; it must be a PEM file")
    if not _PRIVATE_KEY.search(_read(of_key, key)):
        raise _error(of_key, key, "holds no private key; it must be a PEM file")
    try:
        context.load_cert_chain(certificate, key, password=_refuse_passphrase)
    except _PassphraseWantedError:
        raise _error(of_key, key, "is a key with a passphrase; it must be one without") from None
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise _error(of_key, key, f"is not the key of the certificate in {of_certificate}") from None
        both = f"{of_certificate}='{certificate}' and {of_key}='{key}'"
        raise TlsFileError(f"{both}: certificate or key cannot be read; they must be PEM files") from None
    except OSError as error:
        raise _error(of_certificate, certificate, f"cannot be read: {error.strerror}") from None


def expiry(path: Path) -> float | None:
    """When the first certificate of a PEM file expires, in seconds since 1970; None where the file holds none that can be read."""
    from cryptography import x509  # noqa: PLC0415 - see above

    try:
        found = _CERTIFICATE.search(_read(CERTIFICATE_FILE, path))
        return x509.load_pem_x509_certificate(found[0]).not_valid_after_utc.timestamp() if found else None
    except (TlsFileError, ValueError):
        return None


class _PassphraseWantedError(Exception):
    """A key has a passphrase; OpenSSL would ask for it at the terminal."""


def _refuse_passphrase() -> str:
    raise _PassphraseWantedError


def _read(setting: str, path: Path) -> bytes:
    try:
        if path.is_dir():
            raise _error(setting, path, "is a folder; name the file in it")
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise _error(setting, path, f"cannot be read: {error.strerror}") from None
    if not content.strip():
        raise _error(setting, path, "is empty")
    if len(content) > _LARGEST_FILE:
        raise _error(setting, path, f"is larger than {_LARGEST_FILE} bytes")
    return content


def _error(setting: str, path: Path, message: str) -> TlsFileError:
    return TlsFileError(f"{setting}='{path}': {message}")


# --- refusals --------------------------------------------------------------------------------------------------------

# OpenSSL's X509_V_ERR_…
_NOT_YET_VALID, _EXPIRED = 9, 10
_OTHER_NAMES = frozenset({62, 64})
_NOT_TRUSTED = frozenset({2, 18, 19, 20, 21})

_LONGEST_NAME = 100
_MOST_NAMES = 5

_ALERTS = {
    "CERTIFICATE_REQUIRED": "the server asks for a client certificate",
    "HANDSHAKE_FAILURE": "the server refuses the TLS handshake; it may ask for a client certificate",
    "UNKNOWN_CA": "the server does not trust the client certificate",
    "BAD_CERTIFICATE": "the server does not accept the client certificate",
    "CERTIFICATE_EXPIRED": "the server says that the client certificate has expired",
    "WRONG_VERSION_NUMBER": "what answers there does not speak TLS",
    "HTTP_REQUEST": "what answers there does not speak TLS",
}
"""By parts of OpenSSL's reasons."""


class CertificateRefusedError(ssl.SSLCertVerificationError):
    """A server's certificate is refused; `strerror` says why, with what the certificate itself says."""


def tls_trouble(error: BaseException) -> str | None:
    """What is wrong with TLS when `error` ended a call, without secrets; None for anything else."""
    cause = _tls_error(error)
    if cause is None:
        return None
    if isinstance(cause, CertificateRefusedError):
        return cause.strerror
    # Only errors of OpenSSL itself have a reason.
    reason: str = getattr(cause, "reason", None) or ""
    known = next((words for part, words in _ALERTS.items() if part in reason), None)
    return known or f"TLS fails: {reason.replace('_', ' ').lower() or cause.strerror}"


def _tls_error(error: BaseException | None) -> ssl.SSLError | None:
    """The error of TLS that led to `error`, which httpcore keeps as its argument, and others as its cause."""
    for _ in range(8):
        if error is None or isinstance(error, ssl.SSLError):
            return error
        inner = error.args[0] if error.args else None
        error = inner if isinstance(inner, BaseException) else error.__cause__ or error.__context__
    return None


class _ExplainedObject(ssl.SSLObject):
    def do_handshake(self) -> None:
        """As `ssl.SSLObject` has it. Raises `CertificateRefusedError`."""
        try:
            super().do_handshake()
        except ssl.SSLCertVerificationError as error:
            raise _explained(error, self) from None


class _ExplainedSocket(ssl.SSLSocket):
    def do_handshake(self, block: bool = False) -> None:
        """As `ssl.SSLSocket` has it. Raises `CertificateRefusedError`."""
        try:
            super().do_handshake(block)
        except ssl.SSLCertVerificationError as error:
            raise _explained(error, self) from None


def _explained(error: ssl.SSLCertVerificationError, connection: Any) -> CertificateRefusedError:
    refused = CertificateRefusedError(error.errno, _refusal(error, _shown(connection)))
    refused.verify_code, refused.verify_message = error.verify_code, error.verify_message
    return refused


def _shown(connection: Any) -> list[x509.Certificate]:
    """The certificates that a server has shown, its own first; none where they cannot be read."""
    from cryptography import x509  # noqa: PLC0415 - see above

    # Public from Python 3.13 on; before, the same method of the object below.
    unverified: Callable[[], Sequence[Any]] | None = getattr(
        connection,
        "get_unverified_chain",
        getattr(connection._sslobj, "get_unverified_chain", None),  # noqa: SLF001
    )
    try:
        chain = unverified() if unverified else ()
        return [x509.load_der_x509_certificate(_der(one)) for one in chain or ()]
    except (ValueError, ssl.SSLError):
        return []


def _der(certificate: Any) -> bytes:
    encoded: bytes = certificate if isinstance(certificate, bytes) else certificate.public_bytes(ssl._ssl.ENCODING_DER)  # type: ignore[attr-defined]  # noqa: SLF001
    return encoded


def _refusal(error: ssl.SSLCertVerificationError, chain: Sequence[x509.Certificate]) -> str:
    code = error.verify_code
    if code in _NOT_TRUSTED:
        # The last one shown is the one whose issuer is not known.
        return "certificate not trusted" + (f": issuer {_name(chain[-1].issuer)}" if chain else "")
    if code in _OTHER_NAMES:
        return "certificate is for other names" + (f": {_names(chain[0])}" if chain else "")
    if code == _EXPIRED:
        first = min((one.not_valid_after_utc for one in chain), default=None)
        return "certificate has expired" + (f" on {first:%Y-%m-%d %H:%M} UTC" if first else "")
    if code == _NOT_YET_VALID:
        last = max((one.not_valid_before_utc for one in chain), default=None)
        return "certificate is not valid yet" + (f": from {last:%Y-%m-%d %H:%M} UTC" if last else "")
    return f"certificate not accepted: {error.verify_message}"


def _names(certificate: x509.Certificate) -> str:
    from cryptography import x509  # noqa: PLC0415 - see above

    try:
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return _name(certificate.subject)
    names = [str(item.value) for item in alternative if isinstance(item, x509.DNSName | x509.IPAddress)]
    return ", ".join(_printable(name) for name in names[:_MOST_NAMES]) + (", …" if len(names) > _MOST_NAMES else "")


def _name(name: x509.Name) -> str:
    return _printable(name.rfc4514_string())


def _printable(text: str) -> str:
    """A name in a certificate that is not trusted, fit for a line."""
    shown = "".join(character if character.isprintable() else "?" for character in text)
    return shown if len(shown) <= _LONGEST_NAME else f"{shown[:_LONGEST_NAME]}…"
