"""The certificate of the service's own listener, which can be replaced while it serves."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from bff.secret_files import file_state
from bff.telemetry import logs
from bff.tls import TlsFileError, expiry, load_own_certificate

CERTIFICATE_FILE = "BFF_TLS_CERT_FILE"
KEY_FILE = "BFF_TLS_KEY_FILE"

log = logs.logger("tls")


class ListenerCertificate:
    """A certificate and its key, in PEM files that are looked at with each handshake and read again when they have changed.

    Open connections stay as they are. Where changed files cannot be used, those read before stay in use, and `reloaded`
    is called with `failed`, else with `ok`. Raises `TlsFileError` where the first ones cannot be used.
    """

    def __init__(self, certificate: Path, key: Path, *, reloaded: Callable[[Literal["ok", "failed"]], None]) -> None:
        self._certificate = certificate
        self._key = key
        self._reloaded = reloaded
        self._state = self._files()
        self._current = self._read()
        self._expires = expiry(certificate)
        self.context = self._read()
        """For the listener: each handshake goes on with the context of the files as they are at that time."""

        # A certificate cannot be taken out of a context, and a failed replacement must not spoil the one in use. OpenSSL
        # calls this for clients that name no host too.
        self.context.sni_callback = self._choose

    def expires(self) -> float | None:
        """When the certificate in use expires, in seconds since 1970."""
        self._follow()
        return self._expires

    def _choose(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        self._follow()
        connection.context = self._current

    def _follow(self) -> None:
        # Taken before the files are read: a change meanwhile is another state at the next handshake.
        state = self._files()
        if state == self._state:
            return
        self._state = state
        try:
            self._current = self._read()
        except TlsFileError as error:
            log.warning("the changed certificate cannot be used: the one before stays in use", reason=str(error))
            self._reloaded("failed")
            return
        self._expires = expiry(self._certificate)
        log.info("the changed certificate is read")
        self._reloaded("ok")

    def _read(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["http/1.1"])
        load_own_certificate(context, self._certificate, self._key, (CERTIFICATE_FILE, KEY_FILE))
        return context

    def _files(self) -> tuple[tuple[int, int, int] | None, ...]:
        return file_state(self._certificate), file_state(self._key)
