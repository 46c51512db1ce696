"""Backstage's tokens: what they may look like, and what a verified one says. No I/O, no clock.

Three kinds, told apart by the header's `typ`, all signed with ES256 (backstage.io/docs/auth/service-to-service-auth and
Backstage's own `UserTokenHandler` and `PluginTokenHandler`):

- `vnd.backstage.user`: a signed-in person, issued by the auth backend for every Backstage plugin;
- `vnd.backstage.plugin`: one backend plugin that calls another, for a person where it carries `obo`;
- `vnd.backstage.limited-user`: a person, as proof inside a plugin's `obo`; never accepted on its own.

Reading comes before verifying: what `read_token` gives is a stranger's word, good for choosing a key and no more.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal, TypeVar

import jwt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

ALGORITHM = "ES256"
LONGEST_TOKEN = 64 * 1024
"""Characters. User tokens reach 32 KB where Backstage is told to keep a person's groups in them."""

_LONGEST_HEADER = 2_000
# Base64 decoders skip what they do not know, so that one token could be written in endless ways.
_FORM = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+", re.ASCII)


class TokenError(Exception):
    """A token is not acceptable. The message says what is wrong with its form and repeats nothing of it."""


class Kind(StrEnum):
    """What a token is, by its header's `typ`."""

    USER = "vnd.backstage.user"
    PLUGIN = "vnd.backstage.plugin"
    LIMITED_USER = "vnd.backstage.limited-user"


@dataclass(frozen=True, slots=True)
class UnverifiedToken:
    """A token whose form is in order: anybody may have written it."""

    text: str
    kind: Kind
    kid: str

    def subject(self) -> str:
        """The `sub` it claims, unverified. Raises `TokenError` when there is none."""
        return _validated(_Subject, _decoded(self.text.split(".")[1])).sub


Seconds = Annotated[float, Field(ge=0, lt=2**53)]
"""Since 1970, as `exp`, `iat` and `nbf` count."""


class Claims(BaseModel):
    """What every kind says. `extra` claims are Backstage's own affair."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    sub: str
    exp: Seconds
    iat: Seconds
    nbf: Seconds = 0


class UserClaims(Claims):
    """What a user token says."""

    iss: str
    aud: Literal["backstage"]


class LimitedUserClaims(Claims):
    """What a limited user token says: no issuer, no audience."""


class PluginClaims(Claims):
    """What a plugin token for the proxy backend says; `obo` is the limited token of the person it calls for."""

    aud: Literal["proxy"]
    obo: Annotated[str, Field(min_length=1)] | None = None


AnyClaims = TypeVar("AnyClaims", bound=Claims)


def read_token(text: str) -> UnverifiedToken:
    """Look at a token's form and header. Raises `TokenError` unless it can be one of Backstage's."""
    if len(text) > LONGEST_TOKEN:
        raise TokenError(f"longer than {LONGEST_TOKEN} characters")
    form = _FORM.fullmatch(text)
    if form is None:
        raise TokenError("not a signed JSON web token")
    encoded = form[1]
    if len(encoded) > _LONGEST_HEADER:
        raise TokenError("a header that is too long")
    header = _validated(_Header, _decoded(encoded))
    return UnverifiedToken(text, header.typ, header.kid)


def verified(token: UnverifiedToken, key: jwt.PyJWK, claims: type[AnyClaims]) -> AnyClaims:
    """What `token` says, once `key` has signed it; times, issuer and subject are still to be judged.

    Raises `TokenError` for another key's signature, another algorithm, or claims that are not `claims`.
    """
    try:
        payload: object = jwt.PyJWS().decode(token.text, key, algorithms=[ALGORITHM])
    except jwt.PyJWTError:
        raise TokenError("a signature that does not verify") from None
    if not isinstance(payload, bytes):
        raise TokenError("a payload that is not bytes")
    return _validated(claims, payload)


class _Header(BaseModel):
    """All that counts of a header: `jwk`, `jku`, `x5u` and their like, by which a token names its own key, do not."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    typ: Kind
    alg: Literal["ES256"]
    kid: Annotated[str, Field(min_length=1, max_length=200)]


class _Subject(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    sub: str


Model = TypeVar("Model", bound=BaseModel)


def _validated(model: type[Model], payload: bytes) -> Model:
    try:
        return model.model_validate_json(payload)
    except ValidationError:
        # The cause quotes the token.
        raise TokenError("a header or claims that are not Backstage's") from None


def _decoded(segment: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except binascii.Error:
        raise TokenError("not base64") from None
