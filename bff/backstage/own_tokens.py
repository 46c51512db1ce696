"""Tokens that this service signs as the Backstage plugin `keeptrusts`, each for one person.

Backstage takes a plugin's token where its key stands at the plugin's address (`backend.auth` and `discovery`; Backstage's own
`PluginTokenHandler`). Without a person such a token has every right of a plugin, so none is ever made without one.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr

from bff.backstage.identity import BY_ACTIONS, Kind

ALGORITHM = "ES256"
PLUGIN = BY_ACTIONS.audience
"""The plugin that this service is to Backstage: the one for which the tokens of its callers are."""

LASTS = 60.0
"""Seconds for which a token is good: it is made for one question."""

_COORDINATE_BYTES = 32
_FORM = "must be a private key in PEM on the curve P-256, as `openssl ecparam -name prime256v1 -genkey -noout` makes it"


class SigningKey:
    """A private key on P-256, and its public half as Backstage reads it. `repr` shows its id alone."""

    def __init__(self, private: ec.EllipticCurvePrivateKey) -> None:
        self._private = private
        numbers = private.public_key().public_numbers()
        public = {"crv": "P-256", "kty": "EC", "x": _base64url(_bytes(numbers.x)), "y": _base64url(_bytes(numbers.y))}
        # RFC 7638: the members that make the key, in this order, without white space.
        self.kid = _base64url(hashlib.sha256(json.dumps(public, separators=(",", ":")).encode()).digest())
        self.public_jwk: dict[str, Any] = {**public, "kid": self.kid, "alg": ALGORITHM, "use": "sig"}

    def __repr__(self) -> str:
        return f"<SigningKey {self.kid}>"

    @classmethod
    def make(cls) -> SigningKey:
        """A new key."""
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def read(cls, pem: str) -> SigningKey:
        """The key in a PEM text. Raises `ValueError`, whose message says the form expected and quotes nothing."""
        try:
            private = serialization.load_pem_private_key(pem.encode(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise ValueError(_FORM) from None
        if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1):
            raise ValueError(_FORM)  # noqa: TRY004 - as for any other text
        return cls(private)

    def pem(self) -> str:
        """The private key, which `read` reads: a secret."""
        form = serialization.PrivateFormat.PKCS8
        return self._private.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()

    def token(self, plugin: str, *, person: SecretStr, now: float, until: float) -> SecretStr:
        """A token with which `plugin` answers as it does to the person whom `person`, their limited token, proves.

        It is good for a minute from `now`, and never after `until`, when the person's own token ends.
        """
        claims = {
            "sub": PLUGIN,
            "aud": plugin,
            "iat": int(now),
            "exp": int(min(now + LASTS, until)),
            "obo": person.get_secret_value(),
        }
        headers = {"typ": Kind.PLUGIN.value, "kid": self.kid}
        return SecretStr(jwt.encode(claims, self._private, algorithm=ALGORITHM, headers=headers))


def _bytes(coordinate: int) -> bytes:
    return coordinate.to_bytes(_COORDINATE_BYTES, "big")


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
