"""Secrets are written once into a real OpenBao, and each way in which that can fail is distinguished."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import httpx
import orjson
import pytest
from pydantic import SecretStr

from bff.secret_files import Secret
from bff.vault.errors import (
    VaultConflictError,
    VaultContractError,
    VaultDeniedError,
    VaultError,
    VaultMountError,
    VaultSealedError,
    VaultUnavailableError,
)
from bff.vault.login import AppRole, VaultLogin
from bff.vault.store import VaultStore
from bff.vault.wire import LARGEST_REPLY, VaultWire
from tests.harness.openbao import MOUNT, ROOT_TOKEN, OpenBao, running_openbao

FIELDS = {"key": SecretStr("kt_gk_canary"), "id": "tok_1"}
POLICY = """
path "{mount}/data/ai/*" {{ capabilities = ["create", "read"] }}
path "{mount}/metadata/ai/*" {{ capabilities = ["create", "update", "read"] }}
"""

Store = Callable[..., VaultStore]


class Clock:
    """Seconds that pass when a test moves them."""

    now = 1000.0

    def __call__(self) -> float:
        """Now."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Time for the test to move."""
    return Clock()


@pytest.fixture
async def store(openbao: OpenBao, clock: Clock) -> AsyncIterator[Store]:
    """Stores with credentials, mounts and addresses of the test's own."""
    async with AsyncExitStack() as stack:

        def store(
            credentials: AppRole | str = ROOT_TOKEN,
            *,
            mount: str = MOUNT,
            url: str = openbao.url,
            **options: object,
        ) -> VaultStore:
            wire = VaultWire(url, **options)  # type: ignore[arg-type]
            stack.push_async_callback(wire.aclose)
            given = Secret(SecretStr(credentials)) if isinstance(credentials, str) else credentials
            return VaultStore(wire, VaultLogin(wire, given, monotonic=clock), mount=mount)

        yield store


async def test_a_secret_is_written_and_read(store: Store, openbao: OpenBao) -> None:
    """What is written is there, with what was noted on it."""
    vault = store()
    assert await vault.read("ai/written/key") is None
    await vault.require_writable("ai/written/key")
    await vault.write_new("ai/written/key", FIELDS, metadata={"team": "support-team"})
    assert await vault.read("ai/written/key") == {"key": "kt_gk_canary", "id": "tok_1"}
    assert openbao.custom_metadata("ai/written/key") == {"team": "support-team"}


async def test_nothing_is_overwritten(store: Store, openbao: OpenBao) -> None:
    """Where a secret stands another is refused, and the first one stays."""
    vault = store()
    await vault.write_new("ai/once/key", FIELDS, metadata={})
    with pytest.raises(VaultConflictError, match="secret/ai/once/key"):
        await vault.write_new("ai/once/key", {"key": SecretStr("another")}, metadata={})
    assert openbao.versions("ai/once/key") == 1


@pytest.mark.parametrize("segment", ["..", "a/../b", "a b", "ü", "a%2Fb", "a?b#c"])
async def test_a_path_is_below_its_mount(store: Store, openbao: OpenBao, segment: str) -> None:
    """Whatever a segment holds, what is written is found at the same path and nowhere else."""
    vault = store()
    try:
        await vault.write_new(f"ai/odd/{segment}", FIELDS, metadata={})
    except VaultError:
        return
    assert await vault.read(f"ai/odd/{segment}") is not None
    assert openbao.entry("odd") is None


async def test_a_policy_that_forbids_is_told_before(store: Store, openbao: OpenBao) -> None:
    """Whether a secret may be written is known before there is one."""
    vault = store(openbao.token(openbao.policy(f'path "{MOUNT}/data/ai/*" {{ capabilities = ["read"] }}')))
    with pytest.raises(VaultDeniedError, match="does not let this service create"):
        await vault.require_writable("ai/forbidden/key")


async def test_what_the_policy_needs_is_little(store: Store, openbao: OpenBao) -> None:
    """Creating and reading below `ai/` is enough."""
    vault = store(openbao.token(openbao.policy(POLICY.format(mount=MOUNT))))
    await vault.require_writable("ai/little/key")
    await vault.write_new("ai/little/key", FIELDS, metadata={"a": "b"})
    assert await vault.read("ai/little/key")


async def test_a_note_that_may_not_be_written_loses_nothing(store: Store, openbao: OpenBao) -> None:
    """When the policy allows no metadata the secret is written all the same."""
    vault = store(openbao.token(openbao.policy(f'path "{MOUNT}/data/ai/*" {{ capabilities = ["create"] }}')))
    await vault.write_new("ai/noteless/key", FIELDS, metadata={"a": "b"})
    assert openbao.entry("ai/noteless/key")


async def test_a_role_logs_in(store: Store, openbao: OpenBao) -> None:
    """An AppRole takes its own token."""
    role_id, secret_id = openbao.app_role(openbao.policy(POLICY.format(mount=MOUNT)))
    vault = store(AppRole(role_id, Secret(SecretStr(secret_id))))
    await vault.write_new("ai/role/key", FIELDS, metadata={})


async def test_a_role_logs_in_again_once(store: Store, openbao: OpenBao) -> None:
    """A token that was revoked is replaced, and the call is made."""
    role_id, secret_id = openbao.app_role(openbao.policy(POLICY.format(mount=MOUNT)))
    vault = store(AppRole(role_id, Secret(SecretStr(secret_id))))
    token = await vault._login.token()
    openbao.call("POST", "auth/token/revoke", {"token": token.get_secret_value()})
    await vault.write_new("ai/again/key", FIELDS, metadata={})
    assert (await vault._login.token()).get_secret_value() != token.get_secret_value()


async def test_what_the_policy_forbids_stays_forbidden(store: Store, openbao: OpenBao) -> None:
    """After one fresh login a refusal is a refusal."""
    role_id, secret_id = openbao.app_role(openbao.policy(POLICY.format(mount=MOUNT)))
    vault = store(AppRole(role_id, Secret(SecretStr(secret_id))))
    with pytest.raises(VaultDeniedError):
        await vault.read("other/key")


async def test_a_lease_is_renewed_in_time(store: Store, openbao: OpenBao, clock: Clock) -> None:
    """After two thirds of its lease a token is renewed; the token stays the same."""
    role_id, secret_id = openbao.app_role(
        openbao.policy(POLICY.format(mount=MOUNT)), token_ttl="3600s", token_max_ttl="7200s"
    )
    vault = store(AppRole(role_id, Secret(SecretStr(secret_id))))
    first = await vault._login.token()
    clock.now += 2500
    assert (await vault._login.token()).get_secret_value() == first.get_secret_value()
    assert vault._login._lease is not None
    assert vault._login._lease.renew_at is not None
    assert vault._login._lease.renew_at > clock.now + 2000


async def test_a_lease_at_its_end_is_replaced(store: Store, openbao: OpenBao, clock: Clock) -> None:
    """A lease that comes back small is at its end: a new token is taken."""
    role_id, secret_id = openbao.app_role(
        openbao.policy(POLICY.format(mount=MOUNT)), token_ttl="20s", token_max_ttl="20s"
    )
    vault = store(AppRole(role_id, Secret(SecretStr(secret_id))))
    first = await vault._login.token()
    clock.now += 14
    assert (await vault._login.token()).get_secret_value() != first.get_secret_value()


@pytest.mark.parametrize("credentials", ["no-such-token", AppRole("no", Secret(SecretStr("canary")))])
async def test_bad_credentials_are_denied(store: Store, openbao: OpenBao, credentials: str | AppRole) -> None:
    """Credentials that are not accepted are reported as that, without them."""
    if isinstance(credentials, AppRole):
        openbao.app_role()
    with pytest.raises(VaultDeniedError) as caught:
        await store(credentials).read("ai/x")
    assert "canary" not in str(caught.value)
    assert "no-such" not in str(caught.value)


async def test_no_mount_and_the_wrong_engine_are_told_apart(store: Store, openbao: OpenBao) -> None:
    """A mount that is not there and an engine of version 1 are two things."""
    with pytest.raises(VaultMountError):
        await store(mount="nowhere").read("ai/x")
    old = openbao.mount(version=1)
    openbao.call("PUT", f"{old}/data/ai/x", {"a": "b"})
    with pytest.raises(VaultContractError, match="version 2"):
        await store(mount=old).read("ai/x")


async def test_sealed_is_not_down() -> None:
    """A sealed Vault says so, and works again once it is unsealed."""
    with running_openbao() as server:
        wire = VaultWire(server.url)
        vault = VaultStore(wire, VaultLogin(wire, Secret(SecretStr(ROOT_TOKEN))), mount=MOUNT)
        await vault.read("ai/x")
        server.call("PUT", "sys/seal")
        with pytest.raises(VaultSealedError):
            await vault.read("ai/x")
        server.call("PUT", "sys/unseal", {"key": server.unseal_key})
        assert await vault.read("ai/x") is None
        await wire.aclose()


async def test_nobody_at_home(store: Store) -> None:
    """No connection is reported as that."""
    with pytest.raises(VaultUnavailableError, match="cannot be reached"):
        await store(url="http://127.0.0.1:9").read("ai/x")


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (httpx.Response(500, stream=httpx.ByteStream(b"<html>")), VaultUnavailableError),
        (httpx.Response(429, stream=httpx.ByteStream(b"")), VaultUnavailableError),
        (
            httpx.Response(302, headers={"location": "https://elsewhere.example"}, stream=httpx.ByteStream(b"")),
            VaultContractError,
        ),
        (httpx.Response(200, stream=httpx.ByteStream(b"<html>")), VaultContractError),
        (httpx.Response(200, stream=httpx.ByteStream(b"[]")), VaultContractError),
        (httpx.Response(200, stream=httpx.ByteStream(b"x" * (LARGEST_REPLY + 1))), VaultContractError),
    ],
)
async def test_what_is_no_vault(store: Store, reply: httpx.Response, error: type[VaultError]) -> None:
    """Something else that answers there is not taken for a Vault, and the token follows no redirect."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return reply

    with pytest.raises(error):
        await store(url="http://vault.internal", transport=httpx.MockTransport(answer)).read("ai/x")
    assert set(asked) == {"vault.internal"}


async def test_the_namespace_goes_with_every_call(store: Store) -> None:
    """Every call names the namespace, the token, and that it is a request to Vault."""
    seen: list[httpx.Headers] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers)
        return httpx.Response(200, stream=httpx.ByteStream(b'{"data":{"data":{}}}'))

    vault = store("t", url="http://vault.internal", namespace="ns1/", transport=httpx.MockTransport(answer))
    await vault.read("ai/x")
    for headers in seen:
        assert (headers["x-vault-namespace"], headers["x-vault-token"], headers["x-vault-request"]) == (
            "ns1/",
            "t",
            "true",
        )


async def test_an_engine_without_versions_takes_no_secret(store: Store, openbao: OpenBao) -> None:
    """An engine of version 1 would take a write and keep it where no reader looks: that is found out before."""
    old = openbao.mount(version=1)
    assert await store(mount=old).read("ai/new/key") is None
    with pytest.raises(VaultMountError, match="version 2"):
        await store(mount=old).require_writable("ai/new/key")


async def test_what_was_deleted_is_not_free(store: Store, openbao: OpenBao) -> None:
    """What was deleted is read as nothing, and for something new its place is taken, which says how to free it."""
    vault = store()
    await vault.write_new("ai/deleted/key", FIELDS, metadata={})
    openbao.call("DELETE", f"{MOUNT}/data/ai/deleted/key")
    assert await vault.read("ai/deleted/key") is None
    with pytest.raises(VaultConflictError, match="metadata delete"):
        await vault.require_writable("ai/deleted/key")


async def test_an_unknown_namespace_is_told(store: Store) -> None:
    """A namespace that is not there is not taken for an empty place."""
    with pytest.raises(VaultMountError, match="VAULT_NAMESPACE"):
        await store(namespace="nowhere").read("ai/x")


@pytest.mark.parametrize("errors", [5, "sealed", None, [{}], [None]])
async def test_odd_errors_are_errors_all_the_same(store: Store, errors: object) -> None:
    """Whatever stands where Vault's errors should, the status decides."""
    body = orjson.dumps({"errors": errors})
    transport = httpx.MockTransport(lambda _: httpx.Response(503, stream=httpx.ByteStream(body)))
    with pytest.raises(VaultUnavailableError):
        await store(url="http://vault.internal", transport=transport).read("ai/x")
