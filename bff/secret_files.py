"""Secrets from files, which may change while the service runs: agents write a new one before the old one ends."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from pydantic import SecretStr

from bff.telemetry.logs import logger

LARGEST = 64 * 1024
"""Bytes of a file of a secret."""

_VISIBLE = re.compile(r"[!-~]+")

log = logger("secrets")

FileState = tuple[int, int, int] | None
"""Inode, time of change in ns, and size in bytes; None where there is no file."""


class SecretFileError(Exception):
    """A file cannot be used; the message names the setting and the file, and does not quote what it holds."""


def fingerprint(name: str, secret: SecretStr) -> str:
    """32 bits of a hash of a secret and its setting: the same in two processes that have the same secret."""
    # With the name, so that one token in two settings does not look like one secret.
    return sha256(f"{name}\0{secret.get_secret_value()}".encode()).hexdigest()[:8]


def fits_a_header(secret: SecretStr) -> bool:
    """Whether a header can carry it: visible ASCII characters, at least one."""
    return _VISIBLE.fullmatch(secret.get_secret_value()) is not None


def file_state(path: Path) -> FileState:
    """Differs between a changed file and the one that was read. Follows links, as Kubernetes mounts secrets behind them."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def read_secret(path: Path, setting: str, *, in_header: bool = False) -> SecretStr:
    """The secret in a file, without white space around it; one that fits `in_header`. Raises `SecretFileError`."""
    try:
        if path.is_dir():
            raise SecretFileError(f"{setting}: {path} is a folder: name the file in it")
        if path.stat().st_size > LARGEST:
            raise SecretFileError(f"{setting}: {path} is larger than {LARGEST} bytes, which no token is")
        text = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SecretFileError(f"{setting}: cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SecretFileError(f"{setting}: {path} is not a text file") from None
    if not text:
        raise SecretFileError(f"{setting}: {path} is empty")
    secret = SecretStr(text)
    if in_header and not fits_a_header(secret):
        raise SecretFileError(f"{setting}: {path} must hold visible ASCII characters without spaces")
    return secret


class Secret:
    """A secret of the settings, as it is now.

    `name` is its setting. With a `path` the file is read again when it has changed, and when the secret was refused; while
    the file cannot be used, what was read before stays in use. `in_header` is for secrets that headers carry: the
    constructor raises `ValueError` for one that none can, and such a file counts as one that cannot be used. So does one
    for which `check` raises `ValueError`, whose message says the form expected and quotes nothing. A `fingerprinted` one that
    has changed is logged with its fingerprint.
    """

    def __init__(
        self,
        value: SecretStr,
        *,
        name: str = "a secret",
        path: Path | None = None,
        in_header: bool = True,
        check: Callable[[SecretStr], object] | None = None,
        fingerprinted: bool = False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if in_header and not fits_a_header(value):
            # Found out at the call, the error would quote it.
            raise ValueError(f"{name} must be visible ASCII characters without spaces")
        self.name = name
        self._value = value
        self._path = path
        self._in_header = in_header
        self._check = check
        self._fingerprinted = fingerprinted
        self._clock = clock
        # None makes the first use read the file: it may have changed since the settings were read.
        self._state: FileState = None
        self.read_at = clock()

    def value(self) -> SecretStr:
        """The secret for the next call."""
        if self._path is not None and (state := file_state(self._path)) != self._state:
            self._state = state
            if state is not None:
                self._read(self._path)
        return self._value

    def another_than(self, refused: SecretStr) -> SecretStr | None:
        """The secret after `refused` was not accepted: the file is read again. None where it still holds that one."""
        if self._path is not None:
            self._state = file_state(self._path)
            self._read(self._path)
        return None if self._value.get_secret_value() == refused.get_secret_value() else self._value

    async def token(self) -> SecretStr:
        """As `value`, for `Upstream`."""
        return self.value()

    async def renewed(self, refused: SecretStr) -> SecretStr | None:
        """As `another_than`, for `Upstream`."""
        return self.another_than(refused)

    def _read(self, path: Path) -> None:
        setting = f"{self.name}_FILE"
        try:
            found = read_secret(path, setting, in_header=self._in_header)
            self._checked(found, path, setting)
        except SecretFileError as error:
            log.warning("secret cannot be read: the one read before stays in use", reason=str(error))
            return
        if found.get_secret_value() != self._value.get_secret_value():
            marks = {"fingerprint": fingerprint(self.name, found)} if self._fingerprinted else {}
            log.info("changed secret is read", setting=setting, **marks)
        self._value = found
        self.read_at = self._clock()

    def _checked(self, found: SecretStr, path: Path, setting: str) -> None:
        if self._check is None:
            return
        try:
            self._check(found)
        except ValueError as error:
            raise SecretFileError(f"{setting}: {path} {error}") from None
