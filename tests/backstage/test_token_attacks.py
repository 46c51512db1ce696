"""Forged, stolen, worn-out and malformed tokens: each a test of its own."""

from __future__ import annotations

import hmac
import time
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from bff.backstage.caller import IdentityUnavailableError, UnauthenticatedError
from bff.backstage.identity import LEEWAY, LONGEST_TOKEN, BackstageIdentity, TokenError, read_token
from tests.backstage.stub import Key, StubBackstage, segment

USER_KEYS = "/api/auth/.well-known/jwks.json"
PLUGIN_KEYS = "/api/scaffolder/.backstage/auth/v1/jwks.json"
USER = "vnd.backstage.user"


def identity(backstage: StubBackstage) -> BackstageIdentity:
    return BackstageIdentity(backstage.client(), now=backstage.clock, monotonic=backstage.clock)


async def refused(backstage: StubBackstage, token: str, message: str = "token not accepted") -> None:
    with pytest.raises(UnauthenticatedError) as caught:
        await identity(backstage).caller(f"Bearer {token}")
    assert str(caught.value) == message
    # Nothing of the token reaches a log by way of the cause.
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


async def test_the_unforged_token_is_accepted(backstage: StubBackstage) -> None:
    """What the attacks below change is acceptable unchanged: each of them fails for its own reason."""
    asked = identity(backstage)
    for token in (backstage.user_token(), backstage.plugin_token(), backstage.auth_key.sign(USER, backstage.claims())):
        assert (await asked.caller(f"Bearer {token}")).user is not None


async def test_alg_none(backstage: StubBackstage) -> None:
    """A token that says it needs no signature is refused, with and without one."""
    unsigned = f"{segment({'typ': USER, 'alg': 'none', 'kid': 'auth-1'})}.{segment(backstage.claims())}"
    await refused(backstage, f"{unsigned}.")
    await refused(backstage, f"{unsigned}.{backstage.user_token().split('.')[2]}")


@pytest.mark.parametrize("encoding", [serialization.Encoding.DER, serialization.Encoding.PEM])
async def test_hs256_with_the_public_key_as_secret(backstage: StubBackstage, encoding: serialization.Encoding) -> None:
    """The public key is no shared secret."""
    public_key = backstage.auth_key.private.public_key()
    public = public_key.public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
    signed = f"{segment({'typ': USER, 'alg': 'HS256', 'kid': 'auth-1'})}.{segment(backstage.claims())}"
    await refused(backstage, f"{signed}.{segment(hmac.digest(public, signed.encode(), 'sha256'))}")


async def test_es256_header_over_another_algorithm(backstage: StubBackstage) -> None:
    """A signature of another kind under an honest header is refused."""
    signed = f"{segment({'typ': USER, 'alg': 'ES256', 'kid': 'auth-1'})}.{segment(backstage.claims())}"
    await refused(backstage, f"{signed}.{segment(b'0' * 64)}")
    await refused(backstage, f"{signed}.AA")


ASYMMETRIC = ["RS256", "PS256", "ES384", "ES512", "EdDSA"]


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
async def test_the_keys_own_algorithm_is_accepted(backstage: StubBackstage, algorithm: str) -> None:
    """Where Backstage signs by another asymmetric algorithm, its tokens are as good, of users and of the scaffolder."""
    backstage.auth_key, backstage.scaffolder_key = Key("auth-1", algorithm), Key("scaffolder-1", algorithm)
    asked = identity(backstage)
    for token in (backstage.user_token(), backstage.plugin_token()):
        assert (await asked.caller(f"Bearer {token}")).user is not None


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
async def test_alg_none_for_any_key(backstage: StubBackstage, algorithm: str) -> None:
    """No key makes a token without a signature good."""
    backstage.auth_key = Key("auth-1", algorithm)
    for name in ("none", "None", "NONE", "nOnE"):
        unsigned = f"{segment({'typ': USER, 'alg': name, 'kid': 'auth-1'})}.{segment(backstage.claims())}"
        await refused(backstage, f"{unsigned}.")
        await refused(backstage, f"{unsigned}.AA")


@pytest.mark.parametrize("encoding", [serialization.Encoding.DER, serialization.Encoding.PEM])
@pytest.mark.parametrize("mac", ["HS256", "HS384", "HS512"])
async def test_a_mac_with_a_public_rsa_key(
    backstage: StubBackstage, mac: str, encoding: serialization.Encoding
) -> None:
    """A public RSA key, in whatever form it is written, is no shared secret."""
    backstage.auth_key = Key("auth-1", "RS256")
    public = backstage.auth_key.private.public_key().public_bytes(
        encoding, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    signed = f"{segment({'typ': USER, 'alg': mac, 'kid': 'auth-1'})}.{segment(backstage.claims())}"
    await refused(
        backstage, f"{signed}.{segment(hmac.digest(public, signed.encode(), mac.lower().replace('hs', 'sha')))}"
    )


@pytest.mark.parametrize(("own", "other"), [("RS512", "RS256"), ("RS256", "PS256"), ("PS256", "RS256")])
async def test_a_token_does_not_choose_among_a_keys_algorithms(backstage: StubBackstage, own: str, other: str) -> None:
    """A signature that the right RSA key made by another algorithm than its own is refused."""
    backstage.auth_key = Key("auth-1", own)
    await refused(backstage, backstage.auth_key.sign(USER, backstage.claims(), by=other))


@pytest.mark.parametrize(("own", "claimed"), [("ES256", "RS256"), ("RS256", "ES256"), ("ES384", "ES256")])
async def test_a_header_that_names_another_accepted_algorithm(backstage: StubBackstage, own: str, claimed: str) -> None:
    """A good signature under a header that names another of the accepted algorithms is refused."""
    backstage.auth_key = Key("auth-1", own)
    await refused(backstage, backstage.auth_key.sign(USER, backstage.claims(), alg=claimed))


async def test_a_weak_rsa_key(backstage: StubBackstage) -> None:
    """A key of 1024 bits, which can be factored, signs nothing."""
    backstage.auth_key = Key("auth-1", "RS256", bits=1024)
    await refused(backstage, backstage.user_token())


async def test_wrong_rsa_key(backstage: StubBackstage) -> None:
    """A stranger's RSA signature under a known key's id is refused."""
    backstage.auth_key = Key("auth-1", "RS256")
    await refused(backstage, Key("auth-1", "RS256").sign(USER, backstage.claims()))


async def test_wrong_key(backstage: StubBackstage) -> None:
    """A stranger's signature under a known key's id is refused."""
    await refused(backstage, Key("auth-1").sign(USER, backstage.claims()))


async def test_key_named_by_the_token(backstage: StubBackstage) -> None:
    """A key that the token brings along is not used, nor is an address at which it says one is."""
    own = Key("auth-1")
    await refused(backstage, own.sign(USER, backstage.claims(), jwk=own.public_jwk, jku="https://evil.test/jwks.json"))
    assert {str(request.url.host) for request in backstage.requests} == {"backstage.test"}


async def test_changed_payload(backstage: StubBackstage) -> None:
    """Another user's name under a good signature is refused."""
    header, _, signature = backstage.user_token().split(".")
    await refused(backstage, f"{header}.{segment(backstage.claims(sub='user:default/admin'))}.{signature}")


@pytest.mark.parametrize("aud", ["proxy", "catalog", ["backstage"], ["backstage", "other"], "", None])
async def test_wrong_audience(backstage: StubBackstage, aud: object) -> None:
    """A user token is for `backstage`, in exactly that form."""
    await refused(backstage, backstage.user_token(aud=aud))


@pytest.mark.parametrize("iss", ["https://evil.test/api/auth", "https://backstage.test/api/auth", "", None, 5])
async def test_wrong_issuer(backstage: StubBackstage, iss: object) -> None:
    """A user token of another Backstage is refused, though the key is the same."""
    await refused(backstage, backstage.user_token(iss=iss))


async def test_expired(backstage: StubBackstage) -> None:
    """An expired token is refused from its second on, and the caller learns that it has expired."""
    await refused(backstage, backstage.user_token(exp=int(backstage.clock.now)), "token expired")


async def test_expired_and_forged(backstage: StubBackstage) -> None:
    """Of a forged token nothing is said but that it is not accepted."""
    await refused(backstage, Key("auth-1").sign(USER, backstage.claims(exp=1)))


@pytest.mark.parametrize("claim", ["iat", "nbf"])
async def test_not_yet_valid(backstage: StubBackstage, claim: str) -> None:
    """A token from the future is refused; a clock that is a little ahead is forgiven."""
    await refused(backstage, backstage.user_token(**{claim: int(backstage.clock.now + LEEWAY) + 1}))
    nearly = backstage.user_token(**{claim: int(backstage.clock.now + LEEWAY)})
    assert (await identity(backstage).caller(f"Bearer {nearly}")).user is not None


@pytest.mark.parametrize("missing", ["exp", "iat", "sub", "aud", "iss"])
async def test_missing_claim(backstage: StubBackstage, missing: str) -> None:
    """No claim may be left out, the expiry least of all."""
    claims = backstage.claims()
    del claims[missing]
    await refused(backstage, backstage.auth_key.sign(USER, claims))


@pytest.mark.parametrize("exp", ["9999999999", True, None, -1, 1e300, [9999999999]])
async def test_expiry_that_is_no_time(backstage: StubBackstage, exp: object) -> None:
    """An expiry is a number of seconds that a clock can reach."""
    await refused(backstage, backstage.user_token(exp=exp))


async def test_limited_user_token_on_its_own(backstage: StubBackstage) -> None:
    """A limited token lies in cookies; it proves a person inside a plugin's token and nowhere else."""
    await refused(backstage, backstage.limited_token())


async def test_limited_user_token_made_up_as_a_user_token(backstage: StubBackstage) -> None:
    """The claims of a limited token are not enough for a user token."""
    now = int(backstage.clock.now)
    await refused(backstage, backstage.auth_key.sign(USER, {"sub": "user:default/dev", "iat": now, "exp": now + 60}))


async def test_plugin_token_without_a_person(backstage: StubBackstage) -> None:
    """A plugin that calls for no person is no caller."""
    await refused(backstage, backstage.plugin_token(obo=None))
    await refused(backstage, backstage.plugin_token(obo=""))


async def test_plugin_token_with_a_forged_person(backstage: StubBackstage) -> None:
    """The plugin's good signature does not vouch for the person: the proof is verified on its own."""
    now = int(backstage.clock.now)
    claims = {"sub": "user:default/admin", "iat": now, "exp": now + 60}
    forged = Key("auth-1").sign("vnd.backstage.limited-user", claims)
    await refused(backstage, backstage.plugin_token(obo=forged))
    signed_by_the_plugin = backstage.scaffolder_key.sign("vnd.backstage.limited-user", claims)
    await refused(backstage, backstage.plugin_token(obo=signed_by_the_plugin))


async def test_plugin_token_with_another_kind_of_person(backstage: StubBackstage) -> None:
    """A user token, or a plugin token, is no proof of a person inside a plugin's token."""
    await refused(backstage, backstage.plugin_token(obo=backstage.user_token()))
    await refused(backstage, backstage.plugin_token(obo=backstage.plugin_token()))


async def test_plugin_token_with_an_expired_person(backstage: StubBackstage) -> None:
    """The proof's own expiry counts."""
    proof = backstage.limited_token(exp=int(backstage.clock.now))
    await refused(backstage, backstage.plugin_token(obo=proof), "token expired")


async def test_plugin_token_for_another_plugin(backstage: StubBackstage) -> None:
    """A token that the scaffolder sent to the catalog is not for us."""
    await refused(backstage, backstage.plugin_token(aud="catalog"))


async def test_plugin_token_signed_by_the_users_key(backstage: StubBackstage) -> None:
    """The auth backend's key signs for no plugin."""
    claims = {"sub": "scaffolder", "aud": "proxy", "iat": 0, "exp": backstage.clock.now + 60}
    token = backstage.auth_key.sign("vnd.backstage.plugin", claims | {"obo": backstage.limited_token()})
    await refused(backstage, token)


async def test_user_token_signed_by_a_plugin(backstage: StubBackstage) -> None:
    """A plugin's key signs for no user."""
    await refused(backstage, backstage.scaffolder_key.sign(USER, backstage.claims()))


@pytest.mark.parametrize(
    "sub", ["catalog", "../auth", "scaffolder/../../auth", "scaffolder%2f..", "Scaffolder", "", "a" * 300]
)
async def test_plugin_that_is_not_allowed(backstage: StubBackstage, sub: str) -> None:
    """Another plugin's name, or a path in its place, is refused before anybody is asked for keys."""
    await refused(backstage, backstage.plugin_token(sub=sub))
    assert not backstage.requests


@pytest.mark.parametrize(
    "sub",
    [
        "user:default/../../admin",
        "../../etc",
        "user:../x/y",
        "dev",
        "group:default/admins",
        "component:default/x",
        "",
        "user:",
    ],
)
async def test_subject_that_is_no_user(backstage: StubBackstage, sub: str) -> None:
    """The person is a user's reference: no path, no group, no guess."""
    await refused(backstage, backstage.user_token(sub))
    await refused(backstage, backstage.plugin_token(obo=backstage.limited_token(sub)))


async def test_a_thousand_random_key_ids(backstage: StubBackstage) -> None:
    """Invented key ids make one read of the keys, however many come within 30 seconds."""
    asked, stranger = identity(backstage), Key("x")
    for number in range(1_000):
        stranger.kid = f"random-{number}"
        token = stranger.sign(USER, backstage.claims())
        with pytest.raises(UnauthenticatedError):
            await asked.caller(f"Bearer {token}")
    assert backstage.calls[USER_KEYS] == 1


async def test_a_megabyte(backstage: StubBackstage) -> None:
    """A token of a megabyte is refused before it is looked at."""
    began = time.perf_counter()
    await refused(backstage, "A" * 1_000_000)
    await refused(backstage, f"{'A' * 500_000}.{'A' * 500_000}.A")
    assert time.perf_counter() - began < 0.5
    assert not backstage.requests


async def test_a_header_of_many_levels(backstage: StubBackstage) -> None:
    """Nesting ends in a refusal and not in a recursion error."""
    for depth in (100, 700, 20_000):
        nested = segment(b'{"typ":' * depth)
        await refused(backstage, f"{nested}.AAAA.AAAA")


async def test_a_payload_of_many_levels(backstage: StubBackstage) -> None:
    """A plugin's payload, which is looked into before it is verified, may nest as it likes in vain."""
    header = segment({"typ": "vnd.backstage.plugin", "alg": "ES256", "kid": "scaffolder-1"})
    nested = segment(b'{"sub":' * 6_000)
    await refused(backstage, f"{header}.{nested}.AAAA")


@pytest.mark.parametrize("typ", ["JWT", "", "vnd.backstage.USER", "vnd.backstage.service", None, 5])
async def test_another_type(backstage: StubBackstage, typ: object) -> None:
    """What kind a token is decides what is asked of it: one without a kind is none."""
    await refused(backstage, backstage.auth_key.sign(typ, backstage.claims()))


@pytest.mark.parametrize("critical", [{"crit": ["exp"]}, {"crit": ["b64"], "b64": False}, {"crit": []}])
async def test_critical_extensions(backstage: StubBackstage, critical: dict[str, Any]) -> None:
    """Extensions that change what is verified are not understood, so the token is not accepted."""
    await refused(backstage, backstage.auth_key.sign(USER, backstage.claims(), **critical))


@pytest.mark.parametrize("blank", [" {}", "{} ", "\t{}", "{}\n", "{}, {}", "{}\x00", "{}=", "\u00a0{}", "{}\udce9"])
async def test_blanks_and_padding(backstage: StubBackstage, blank: str) -> None:
    """One token is written in one way."""
    await refused(backstage, blank.format(backstage.user_token(), "x"))


async def test_static_external_token(backstage: StubBackstage) -> None:
    """What is no JSON web token, as the service's own static token is none, is refused."""
    await refused(backstage, "static-external-token")


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Basic dXNlcjpwYXNz", "Bearer\ttoken", "token", "BearerX token"]
)
async def test_no_bearer_token(backstage: StubBackstage, header: str | None) -> None:
    """A request without credentials, or with those of another scheme, gets an error that says what is missing."""
    with pytest.raises(UnauthenticatedError, match=r"^no bearer token$"):
        await identity(backstage).caller(header)


async def test_redirected_keys(backstage: StubBackstage) -> None:
    """Keys from another address are not used."""
    backstage.reply = httpx.Response(302, headers={"location": "https://evil.test/jwks.json"})
    with pytest.raises(IdentityUnavailableError):
        await identity(backstage).caller(f"Bearer {backstage.user_token()}")
    assert {request.url.host for request in backstage.requests} == {"backstage.test"}


@given(
    st.text(max_size=300)
    | st.from_regex(r"[A-Za-z0-9_-]{1,60}\.[A-Za-z0-9_-]{1,60}\.[A-Za-z0-9_-]{1,60}", fullmatch=True)
)
def test_any_text_is_a_token_or_refused(text: str) -> None:
    """No text ends in anything but a `TokenError`; none of these is a token."""
    with pytest.raises(TokenError) as caught:
        read_token(text)
    assert not text or len(text) < 4 or text not in str(caught.value)


def test_the_longest_token(backstage: StubBackstage) -> None:
    """The limit is exact: one character more is refused before it is parsed."""
    token = backstage.user_token(fill="x" * 40_000)
    fitting = token + "A" * (LONGEST_TOKEN - len(token))
    assert read_token(fitting).kid == "auth-1"
    with pytest.raises(TokenError, match="longer than"):
        read_token(fitting + "A")
