"""Who asks: what a verified token gives, and how long it is believed."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from structlog.testing import capture_logs

from bff.backstage.caller import LOCAL, AnonymousIdentity, Refusal, UnauthenticatedError
from bff.backstage.client import BackstageClient
from bff.backstage.identity import LOGGED_EVERY, REMEMBERED_FOR, BackstageIdentity, Refusals
from bff.telemetry.metrics import Refused
from bff.values import EntityRef
from tests.backstage.stub import ISSUER, Key, StubBackstage

DEV = EntityRef("user", "default", "dev")
USER_KEYS = "/api/auth/.well-known/jwks.json"


def identity(backstage: StubBackstage, client: BackstageClient | None = None, **options: Any) -> BackstageIdentity:
    return BackstageIdentity(client or backstage.client(), now=backstage.clock, monotonic=backstage.clock, **options)


async def test_a_user_token_is_its_user(backstage: StubBackstage) -> None:
    """The caller is the token's person, with the token to forward."""
    token = backstage.user_token()
    caller = await identity(backstage).caller(f"Bearer {token}")
    assert (caller.user, caller.via) == (DEV, None)
    assert caller.token is not None
    assert caller.token.get_secret_value() == token


async def test_a_scaffolder_call_is_its_user(backstage: StubBackstage) -> None:
    """The caller is the person the scaffolder calls for, with nothing to read the catalog with."""
    proof = backstage.limited_token("user:default/other")
    caller = await identity(backstage).caller(f"Bearer {backstage.plugin_token(obo=proof)}")
    assert (caller.user, caller.via, caller.token) == (EntityRef("user", "default", "other"), "scaffolder", None)
    assert caller.userinfo_token is not None
    assert caller.userinfo_token.get_secret_value() == proof


async def test_callers_differ_in_memory_keys(backstage: StubBackstage) -> None:
    """Two persons, and one person by two ways, never share what is remembered; two tokens of one person do."""
    asked = identity(backstage)
    tokens = [backstage.user_token(), backstage.user_token("user:default/other"), backstage.plugin_token()]
    keys = {(await asked.caller(f"Bearer {token}")).key for token in tokens}
    again = await asked.caller(f"Bearer {backstage.user_token(exp=int(backstage.clock.now) + 99)}")
    assert len(keys) == 3
    assert again.key in keys


async def test_no_secret_shows(backstage: StubBackstage) -> None:
    """A caller in a log or a traceback shows neither token."""
    token = backstage.user_token()
    caller = await identity(backstage).caller(f"Bearer {token}")
    assert token not in repr(caller)
    assert token not in caller.key


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_scheme_is_case_insensitive(backstage: StubBackstage, scheme: str) -> None:
    """RFC 9110: the scheme's case does not matter."""
    assert (await identity(backstage).caller(f"{scheme} {backstage.user_token()}")).user == DEV


async def test_the_issuer_can_differ_from_the_address(backstage: StubBackstage) -> None:
    """Behind another name, the issuer is what the setting says and nothing else."""
    asked = identity(backstage, issuer="https://public.test/api/auth")
    assert (await asked.caller(f"Bearer {backstage.user_token(iss='https://public.test/api/auth')}")).user == DEV
    with pytest.raises(UnauthenticatedError):
        await asked.caller(f"Bearer {backstage.user_token()}")


async def test_a_verified_token_is_remembered(backstage: StubBackstage) -> None:
    """The second time, the same caller comes from memory: no key is looked for."""
    asked, token = identity(backstage), backstage.user_token()
    first = await asked.caller(f"Bearer {token}")
    assert await asked.caller(f"bearer {token}") is first


async def test_memory_ends_with_the_token(backstage: StubBackstage) -> None:
    """A remembered token is refused from the second at which it expires."""
    asked, token = identity(backstage), backstage.user_token(exp=int(backstage.clock.now) + 60)
    await asked.caller(f"Bearer {token}")
    backstage.clock.now += 59.9
    await asked.caller(f"Bearer {token}")
    backstage.clock.now += 0.1
    with pytest.raises(UnauthenticatedError, match=r"^token expired$"):
        await asked.caller(f"Bearer {token}")


async def test_memory_ends_with_the_proof_of_the_person(backstage: StubBackstage) -> None:
    """A scaffolder's token counts no longer than the proof that it carries."""
    proof = backstage.limited_token(exp=int(backstage.clock.now) + 60)
    asked, token = identity(backstage), backstage.plugin_token(obo=proof)
    await asked.caller(f"Bearer {token}")
    backstage.clock.now += 60
    with pytest.raises(UnauthenticatedError, match=r"^token expired$"):
        await asked.caller(f"Bearer {token}")


async def test_a_dropped_key_ends_remembered_tokens(backstage: StubBackstage) -> None:
    """Tokens of a key that Backstage no longer publishes are refused within minutes, though they have not expired."""
    asked, token = identity(backstage), backstage.user_token()
    await asked.caller(f"Bearer {token}")
    backstage.auth_key = Key("auth-2")
    backstage.clock.now += REMEMBERED_FOR
    await asked.caller(f"Bearer {backstage.user_token()}")
    with pytest.raises(UnauthenticatedError):
        await asked.caller(f"Bearer {token}")


async def test_memory_is_bounded(backstage: StubBackstage) -> None:
    """However many tokens there are, what is remembered of them stays within its bytes."""
    asked = identity(backstage, most_remembered=5_000)
    for number in range(20):
        await asked.caller(f"Bearer {backstage.user_token(f'user:default/u{number}')}")
    assert asked._memory.size <= 5_000
    assert len(asked._memory) >= 2


async def test_tokens_too_large_to_remember_are_accepted(backstage: StubBackstage) -> None:
    """A person with 32 KB of groups in the token is let in, memory or not."""
    asked, token = identity(backstage, most_remembered=5_000), backstage.user_token(ent=["g" * 24_000])
    assert (await asked.caller(f"Bearer {token}")).user == DEV
    assert len(token) > 32_000


async def test_without_authentication_everybody_is_local() -> None:
    """With BFF_AUTH=none the header does not matter."""
    assert await AnonymousIdentity().caller(None) is LOCAL
    assert await AnonymousIdentity().caller("Bearer nonsense") is LOCAL


def _refusable(backstage: StubBackstage) -> dict[Refusal, str | None]:
    """An `Authorization` header for each reason to refuse one."""
    return {
        Refusal.MISSING: None,
        Refusal.FORM: "Bearer static-external-token",
        Refusal.KEY: f"Bearer {Key('auth-1').sign('vnd.backstage.user', backstage.claims())}",
        Refusal.AUDIENCE: f"Bearer {backstage.user_token(aud='catalog')}",
        Refusal.ISSUER: f"Bearer {backstage.user_token(iss='https://portal.example/api/auth')}",
        Refusal.EXPIRED: f"Bearer {backstage.user_token(exp=int(backstage.clock.now))}",
    }


@pytest.mark.parametrize("reason", list(Refusal))
async def test_a_refusal_is_counted_by_its_reason(backstage: StubBackstage, reason: Refusal) -> None:
    """Each reason to refuse a caller counts as itself, and the error carries it."""
    counted: list[str] = []
    asked = identity(backstage, refusals=Refusals(count=counted.append, monotonic=backstage.clock))
    with pytest.raises(UnauthenticatedError) as caught:
        await asked.caller(_refusable(backstage)[reason])
    assert (counted, caught.value.reason) == ([reason.value], reason)


async def test_refusals_are_logged_once_a_minute_each(backstage: StubBackstage) -> None:
    """A thousand refusals of two reasons make two lines, and a minute later one line says how many there were."""
    asked = identity(backstage)
    headers = _refusable(backstage)

    async def refuse(reason: Refusal) -> None:
        with pytest.raises(UnauthenticatedError):
            await asked.caller(headers[reason])

    with capture_logs() as logs:
        for _ in range(500):
            await refuse(Refusal.MISSING)
            await refuse(Refusal.ISSUER)
        assert [(line["reason"], line["since_last"]) for line in logs] == [("missing", 1), ("issuer", 1)]
        backstage.clock.now += LOGGED_EVERY
        await refuse(Refusal.ISSUER)
    assert (logs[-1]["reason"], logs[-1]["since_last"]) == ("issuer", 500)


async def test_a_wrong_issuer_is_logged_beside_the_one_expected(backstage: StubBackstage) -> None:
    """With a wrong `BACKSTAGE_PUBLIC_URL` everybody is refused: one line shows both addresses."""
    with capture_logs() as logs, pytest.raises(UnauthenticatedError):
        await identity(backstage).caller(_refusable(backstage)[Refusal.ISSUER])
    assert (logs[0]["expected"], logs[0]["given"]) == (ISSUER, "'https://portal.example/api/auth'")


async def test_nothing_of_an_unverified_token_is_logged(backstage: StubBackstage) -> None:
    """What a stranger writes into a token reaches no log, whichever check it fails."""
    forged = Key("auth-1").sign("vnd.backstage.user", backstage.claims(iss="https://evil.test", sub="user:evil/evil"))
    with capture_logs() as logs:
        for token in (forged, "evil", f"evil.{forged}"):
            with pytest.raises(UnauthenticatedError):
                await identity(backstage).caller(f"Bearer {token}")
    assert len(logs) == 3
    assert "evil" not in str(logs)


async def test_the_scaffolder_at_another_address(backstage: StubBackstage) -> None:
    """Where the scaffolder is deployed apart, its keys are read there and the user's at the auth backend."""
    apart = StubBackstage()
    apart.scaffolder_key = backstage.scaffolder_key
    caller = await identity(backstage, plugins={"scaffolder": apart.client()}).caller(
        f"Bearer {backstage.plugin_token()}"
    )
    assert caller.user == DEV
    assert set(apart.calls) == {"/api/scaffolder/.backstage/auth/v1/jwks.json"}
    assert set(backstage.calls) == {USER_KEYS}


def test_each_reason_has_its_series() -> None:
    """The metric begins with a series for each reason that there is, and for no other."""
    assert set(get_args(Refused)) == {reason.value for reason in Refusal}
