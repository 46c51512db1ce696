"""Secrets in the database, encrypted with a key that the database does not have.

AES-256 in Galois/Counter Mode (NIST SP 800-38D) with a random nonce of 96 bits, which stands before the ciphertext. What a
secret is for is authenticated with it, so that one that is moved to another place cannot be opened there.
"""

from __future__ import annotations

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE_BYTES = 12
_FORM = "must be 32 random bytes in base64, as `openssl rand -base64 32` makes them, one key a line"


class SealError(Exception):
    """Bytes that none of the keys opens; the message quotes none of them."""


class Seal:
    """Encrypts with the first of `keys` (base64, one a line), and decrypts with each.

    Raises `ValueError`, whose message says the form expected, for what are no such keys.
    """

    def __init__(self, keys: str) -> None:
        read = [_key(line) for line in keys.split()]
        if not read:
            raise ValueError(_FORM)
        self._ciphers = [AESGCM(key) for key in read]

    def close(self, secret: bytes, *, purpose: str) -> bytes:
        """Encrypt `secret`."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._ciphers[0].encrypt(nonce, secret, purpose.encode())

    def open(self, sealed: bytes, *, purpose: str) -> bytes:
        """Give the secret that `close` has encrypted for the same `purpose`. Raises `SealError`."""
        nonce, ciphertext = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(nonce, ciphertext, purpose.encode())
            except (InvalidTag, ValueError):
                continue
        raise SealError("no key opens it")


def _key(line: str) -> bytes:
    try:
        key = base64.b64decode(line, validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(_FORM) from None
    return key
