"""Finds out who asks, from the Backstage token that the proxy forwards.

Three kinds of token, distinguished by the header's `typ` (backstage.io/docs/auth/service-to-service-auth and Backstage's own
`UserTokenHandler` and `PluginTokenHandler`):

- `vnd.backstage.user`: a signed-in person, issued by the auth backend for every Backstage plugin;
- `vnd.backstage.plugin`: one backend plugin that calls another, for a person where it carries `obo`;
- `vnd.backstage.limited-user`: a person, as proof inside a plugin's `obo`; never accepted on its own.

The algorithm is the signing key's own, one of `jwks.ALGORITHMS`. Reading comes before verifying: what `read_token` gives is
good for choosing a key and no more, since anybody may have written it.
"""

from __future__ import annotations

import base64
import binascii
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Annotated, TypeVar

import jwt
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from bff.backstage.caller import Caller, NoPersonError, Refusal, UnauthenticatedError
from bff.backstage.client import BackstageClient
from bff.backstage.jwks import ALGORITHMS, SigningKeys
from bff.expiring import Expiring
from bff.telemetry.logs import logger
from bff.values import EntityRef, EntityRefError
from bff.wording import quoted

log = logger("identity")

USER_KEYS = "/api/auth/.well-known/jwks.json"
PLUGIN_KEYS = {
    "scaffolder": "/api/scaffolder/.backstage/auth/v1/jwks.json",
    "mcp-actions": "/api/mcp-actions/.backstage/auth/v1/jwks.json",
}
"""The plugins that may call for a person, each with its keys' path: no path is ever made from a token."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """Which tokens are accepted at one address.

    `plugins` are those whose tokens for `audience` are accepted where they carry a person; with `users` so are people's own
    tokens. `said` is what a log line says that it wants.
    """

    audience: str
    plugins: tuple[str, ...]
    users: bool
    said: str


BY_PROXY = Accepted(
    "proxy", ("scaffolder",), users=True, said="a Backstage user token, or the scaffolder's token for a user"
)
"""What Backstage's proxy forwards."""

BY_ACTIONS = Accepted(
    "keeptrusts",
    ("mcp-actions", "scaffolder"),
    users=False,
    said="a token of Backstage's mcp-actions or scaffolder plugin for the plugin keeptrusts, on behalf of a user",
)
"""What Backstage's plugins send to the plugin that this service is to them."""

LEEWAY = 30.0
"""Seconds by which a token's beginning may lie ahead of our clock. Its end is exact, as it is for Backstage."""

REMEMBERED_FOR = 300.0
"""Seconds after which a token is verified again, so that a key which Backstage has dropped does not count for longer."""

MOST_REMEMBERED = 16 * 1024 * 1024
"""Bytes of verified tokens that are remembered: about eight thousand of the usual size."""

_SCHEME = b"bearer "
_OVERHEAD = 600
"""What a remembered token takes beside its text, which is there twice, roughly."""

LOGGED_EVERY = 60.0
"""Seconds in which a refusal of one reason makes one log line, however many there are."""

_A_PUBLISHED_KEY = "a signature by a key that Backstage publishes"


class Refusals:
    """Counts callers that are refused, by reason. Logs each reason once a minute with what would have been accepted.

    `count` is given the reason.
    """

    def __init__(
        self, *, count: Callable[[str], object] = lambda _: None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._count = count
        self._monotonic = monotonic
        self._logged: dict[Refusal, tuple[float, int]] = {}

    def record(self, reason: Refusal, problem: str, *, expected: str, given: object = None) -> None:
        """One caller is refused for `reason`; `problem` and `given` hold no part of a token that is not verified."""
        self._count(reason.value)
        at, left_out = self._logged.get(reason, (-LOGGED_EVERY, 0))
        now = self._monotonic()
        if now - at < LOGGED_EVERY:
            self._logged[reason] = (at, left_out + 1)
            return
        self._logged[reason] = (now, 0)
        shown = {} if given is None else {"given": quoted(str(given))}
        log.warning(
            "callers refused", reason=reason.value, problem=problem, expected=expected, since_last=left_out + 1, **shown
        )


class BackstageIdentity:
    """Verifies the tokens that are `accepted`, and nothing else.

    `backstage` reaches the auth backend, `plugins` the backends of plugins that are at another address. `issuer` is what
    user tokens name as their issuer, if the service reaches Backstage at another address than Backstage's own
    `backend.baseUrl`: that address followed by `/api/auth`.
    """

    def __init__(
        self,
        backstage: BackstageClient,
        *,
        plugins: Mapping[str, BackstageClient] | None = None,
        accepted: Accepted = BY_PROXY,
        issuer: str | None = None,
        refusals: Refusals | None = None,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        most_remembered: int = MOST_REMEMBERED,
    ) -> None:
        self._issuer = (issuer or f"{backstage.base_url}/api/auth").rstrip("/")
        self._refusals = refusals or Refusals(monotonic=monotonic)
        self._accepted = accepted
        self._now = now
        hosts = {plugin: (plugins or {}).get(plugin, backstage) for plugin in accepted.plugins}
        self._user_keys = SigningKeys(
            partial(backstage.get_as, path=USER_KEYS, operation="user-keys"), monotonic=monotonic
        )
        self._plugin_keys = {
            plugin: SigningKeys(
                partial(host.get_as, path=PLUGIN_KEYS[plugin], operation="plugin-keys"), monotonic=monotonic
            )
            for plugin, host in hosts.items()
        }
        # By the token itself: a digest would cost as much as all else that a remembered caller does.
        self._memory: Expiring[bytes, Caller] = Expiring(most_remembered, clock=now)

    def known(self, authorization: bytes) -> Caller | None:
        """The caller whose token is remembered, by the wall clock no longer than it lasts."""
        remembered = self._memory.get(authorization[len(_SCHEME) :])
        if remembered is None or self._now() >= remembered.until:
            return None
        # The first form is the usual one.
        if authorization.startswith(b"Bearer ") or authorization[: len(_SCHEME)].lower() == _SCHEME:
            return remembered.value
        return None

    async def caller(self, authorization: str | None) -> Caller:
        """The person behind an `Authorization` header value.

        Raises `UnauthenticatedError`, for a plugin's good token without a person `NoPersonError`, or
        `IdentityUnavailableError` when Backstage's keys cannot be had.
        """
        given = (authorization or "").encode(errors="surrogatepass")
        if given[: len(_SCHEME)].lower() != _SCHEME:
            self._refusals.record(Refusal.MISSING, "no bearer token", expected=self._accepted.said)
            raise UnauthenticatedError("no bearer token", Refusal.MISSING)
        if (known := self.known(given)) is not None:
            return known
        token = given[len(_SCHEME) :]
        try:
            caller, expires = await self._verify(read_token(token.decode(errors="surrogatepass")))
        except TokenError as error:
            expected = error.expected or self._accepted.said
            self._refusals.record(error.reason, str(error), expected=expected, given=error.given)
            if isinstance(error, _WithoutPersonError):
                raise NoPersonError(error.reason) from None
            # The caller is not shown which check failed: only a forger has use for it.
            message = "token expired" if isinstance(error, ExpiredError) else "token not accepted"
            raise UnauthenticatedError(message, error.reason) from None
        until = min(expires, self._now() + REMEMBERED_FOR)
        self._memory.put(token, caller, until=until, size=2 * len(token) + _OVERHEAD)
        return caller

    async def _verify(self, token: UnverifiedToken) -> tuple[Caller, float]:
        if token.kind is Kind.USER and self._accepted.users:
            return await self._user(token)
        if token.kind is Kind.PLUGIN:
            return await self._plugin(token)
        raise TokenError(f"a token of the kind {token.kind} on its own")

    async def _user(self, token: UnverifiedToken) -> tuple[Caller, float]:
        claims = await self._claims(token, self._user_keys, UserClaims)
        _check_audience(claims.aud, "backstage")
        if claims.iss != self._issuer:
            raise TokenError("another issuer", Refusal.ISSUER, expected=self._issuer, given=claims.iss or "none")
        user, secret = _person(claims), SecretStr(token.text)
        caller = Caller(
            key=str(user),
            user=user,
            token=secret,
            userinfo_token=secret,
            permission_token=secret,
            expires=claims.exp,
        )
        return caller, claims.exp

    async def _plugin(self, token: UnverifiedToken) -> tuple[Caller, float]:
        # Before any key is looked for, so that other plugins' tokens cannot make us ask for keys.
        plugin = token.subject()
        keys = self._plugin_keys.get(plugin)
        if keys is None:
            raise TokenError("a plugin that may not call")
        claims = await self._claims(token, keys, PluginClaims)
        _check_audience(claims.aud, self._accepted.audience)
        if claims.obo is None:
            raise _WithoutPersonError("a plugin that calls for no person")
        proof = read_token(claims.obo)
        if proof.kind is not Kind.LIMITED_USER:
            raise TokenError("a plugin whose person is not proven as it should be")
        person = await self._claims(proof, self._user_keys, LimitedUserClaims)
        user = _person(person)
        expires = min(claims.exp, person.exp)
        # With the audience: what one way of asking lets a person see is never remembered for another.
        key = f"{plugin}>{self._accepted.audience}>{user}"
        caller = Caller(key=key, user=user, via=plugin, userinfo_token=SecretStr(proof.text), expires=expires)
        return caller, expires

    async def _claims(self, token: UnverifiedToken, keys: SigningKeys, form: type[AnyClaims]) -> AnyClaims:
        key = await keys.key(token.kid)
        if key is None:
            raise TokenError("an unknown key", Refusal.KEY, expected=_A_PUBLISHED_KEY)
        claims = verified(token, key, form)
        self._check_times(claims)
        return claims

    def _check_times(self, claims: Claims) -> None:
        now = self._now()
        if now >= claims.exp:
            raise ExpiredError("expired", Refusal.EXPIRED, expected=f"exp after {now:.0f}", given=f"{claims.exp:.0f}")
        if max(claims.iat, claims.nbf) > now + LEEWAY:
            raise TokenError("not valid yet", Refusal.EXPIRED, expected=f"iat and nbf before {now + LEEWAY:.0f}")


def _person(claims: Claims) -> EntityRef:
    try:
        user = EntityRef.parse(claims.sub)
    except EntityRefError:
        raise TokenError("a subject that is no reference") from None
    if user.kind != "user":
        raise TokenError("no person")
    return user


def _check_audience(given: object, expected: str) -> None:
    if given != expected:
        raise TokenError("another audience", Refusal.AUDIENCE, expected=expected, given=given or "none")


LONGEST_TOKEN = 64 * 1024
"""Characters. User tokens reach 32 KB where Backstage is configured to keep a person's groups in them."""

_LONGEST_HEADER = 2_000
# Base64 decoders skip what they do not know, so that one token could be written in endless ways.
_FORM = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+", re.ASCII)


class TokenError(Exception):
    """A token is not acceptable. The message says what is wrong with it and repeats nothing of it.

    `expected` says what would have been accepted, where that is not the kinds of token that are. `given` is what a token
    whose signature is good says instead.
    """

    def __init__(
        self, message: str, reason: Refusal = Refusal.FORM, *, expected: str = "", given: object = None
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.expected = expected
        self.given = given


class ExpiredError(TokenError):
    """A token that was good once: its bearer needs a new one."""


class _WithoutPersonError(TokenError):
    """A plugin's own token that is good, and for no person."""


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
    algorithm: str

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

    iss: object = None
    aud: object = None


class LimitedUserClaims(Claims):
    """What a limited user token says: no issuer, no audience."""


class PluginClaims(Claims):
    """What a plugin token says; `obo` is the limited token of the person it calls for."""

    aud: object = None
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
    if header.alg not in ALGORITHMS:
        raise TokenError("an algorithm that is not accepted", expected=f"one of {', '.join(sorted(ALGORITHMS))}")
    return UnverifiedToken(text, header.typ, header.kid, header.alg)


def verified(token: UnverifiedToken, key: jwt.PyJWK, claims: type[AnyClaims]) -> AnyClaims:
    """What `token` says, once `key` has signed it; times, audience, issuer and subject are still to be judged.

    The algorithm is the key's own. Raises `TokenError` for another key's signature, another algorithm, or claims that
    are not `claims`.
    """
    algorithm = key.algorithm_name
    if token.algorithm != algorithm:
        raise TokenError("another algorithm than the key's", Refusal.KEY, expected=f"{algorithm}, as the key has it")
    try:
        payload: object = jwt.PyJWS().decode(token.text, key, algorithms=[algorithm])
    except jwt.PyJWTError:
        raise TokenError("a signature that does not verify", Refusal.KEY, expected=_A_PUBLISHED_KEY) from None
    if not isinstance(payload, bytes):
        raise TokenError("a payload that is not bytes")
    return _validated(claims, payload)


class _Header(BaseModel):
    """All that counts of a header: `jwk`, `jku`, `x5u` and their like, by which a token names its own key, do not."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    typ: Kind
    alg: Annotated[str, Field(max_length=20)]
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
