"""The service logs in to a real OpenBao with the token of its service account, which a cluster reviews over HTTPS."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from bff.app_provisioning import open_vault
from bff.secret_files import Secret
from bff.settings import Settings, SettingsError
from bff.telemetry.metrics import Metrics
from bff.vault.errors import VaultDeniedError
from bff.vault.login import KubernetesRole, VaultLogin
from bff.vault.store import VaultStore
from bff.vault.wire import VaultWire
from tests.harness.openbao import MOUNT, OpenBao
from tests.harness.token_review import Cluster, running_cluster

POLICY = f"""
path "{MOUNT}/data/ai/*" {{ capabilities = ["create", "read"] }}
path "{MOUNT}/metadata/ai/*" {{ capabilities = ["create", "update"] }}
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Reviews tokens for all tests of this file."""
    with running_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the kubelet writes the token."""
    return tmp_path / "token"


def put(file: Path, token: str) -> None:
    """Write the token, as the kubelet does."""
    file.write_text(token)


def refusals(metrics: Metrics) -> float | None:
    """How often Vault refused the service."""
    return metrics.registry.get_sample_value("keeptrusts_bff_own_token_refused_total", {"system": "vault"})


@asynccontextmanager
async def store(
    openbao: OpenBao, file: Path, mount: str, role: str, metrics: Metrics
) -> AsyncIterator[tuple[VaultStore, VaultLogin]]:
    """A store that logs in with what the file holds."""
    wire = VaultWire(openbao.url, observer=metrics)
    token = Secret(SecretStr("read from the file"), name="VAULT_KUBERNETES_TOKEN", path=file, in_header=False)
    login = VaultLogin(wire, KubernetesRole(role, token, mount), mount=MOUNT)
    try:
        yield VaultStore(wire, login, mount=MOUNT), login
    finally:
        await wire.aclose()


async def test_a_service_account_is_enough(openbao: OpenBao, cluster: Cluster, file: Path) -> None:
    """With a role and the projected token a secret can be written: no secret of Vault's is given to the service."""
    mount, role = cluster.trusted_by(openbao, openbao.policy(POLICY))
    put(file, cluster.account_token())
    metrics = Metrics()
    async with store(openbao, file, mount, role, metrics) as (vault, _):
        await vault.write_new("ai/kubernetes/key", {"key": SecretStr("canary")}, metadata={})
    assert openbao.entry("ai/kubernetes/key") == {"key": "canary"}
    assert refusals(metrics) == 0


async def test_the_projected_token_is_read_again(openbao: OpenBao, cluster: Cluster, file: Path) -> None:
    """A login after the kubelet has replaced the token uses the new one, and nothing counts as refused."""
    mount, role = cluster.trusted_by(openbao, openbao.policy(POLICY))
    first, second = cluster.account_token(), cluster.account_token()
    put(file, first)
    metrics = Metrics()
    async with store(openbao, file, mount, role, metrics) as (vault, login):
        assert await vault.read("ai/none") is None
        cluster.revoked.add(first)
        put(file, second)
        token = await login.token()
        openbao.call("POST", "auth/token/revoke", {"token": token.get_secret_value()})
        assert await vault.read("ai/none") is None
    assert refusals(metrics) == 0


async def test_a_replaced_token_ends_no_lease(openbao: OpenBao, cluster: Cluster, file: Path) -> None:
    """The kubelet replaces the token every hour: what Vault gave for the one before stays in use."""
    mount, role = cluster.trusted_by(openbao, openbao.policy(POLICY))
    put(file, cluster.account_token())
    async with store(openbao, file, mount, role, Metrics()) as (_, login):
        taken = await login.token()
        put(file, cluster.account_token())
        assert await login.token() == taken


@pytest.mark.parametrize("fault", ["account", "audience", "ended", "role"])
async def test_what_vault_does_not_accept(openbao: OpenBao, cluster: Cluster, file: Path, fault: str) -> None:
    """Another account, another audience, a token that has ended and an unknown role are refusals that name the settings."""
    mount, role = cluster.trusted_by(openbao, openbao.policy(POLICY))
    token = {
        "account": lambda: cluster.account_token("another"),
        "audience": lambda: cluster.account_token(audience="https://kubernetes.default.svc"),
        "ended": lambda: cluster.account_token(seconds=-60),
        "role": cluster.account_token,
    }[fault]()
    put(file, token)
    metrics = Metrics()
    async with store(openbao, file, mount, "unknown" if fault == "role" else role, metrics) as (vault, _):
        with pytest.raises(VaultDeniedError, match="VAULT_KUBERNETES_ROLE") as raised:
            await vault.read("ai/none")
    assert token not in str(raised.value)
    assert refusals(metrics) == 1


async def test_the_settings_choose_it(
    openbao: OpenBao, cluster: Cluster, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`VAULT_KUBERNETES_ROLE` with the file of a token logs in, at the mount that is set."""
    mount, role = cluster.trusted_by(openbao, openbao.policy(POLICY))
    put(file, cluster.account_token() + "\n")
    for name, value in {
        "VAULT_ADDR": openbao.url,
        "VAULT_KUBERNETES_ROLE": role,
        "VAULT_KUBERNETES_TOKEN_FILE": str(file),
        "VAULT_KUBERNETES_MOUNT": mount,
    }.items():
        monkeypatch.setenv(name, value)
    settings = Settings.load()
    vault = open_vault(settings, observer=Metrics(), monotonic=lambda: 0.0)
    assert vault is not None
    assert await vault.store.read("ai/none") is None
    await vault.aclose()
    assert "VAULT_KUBERNETES_TOKEN" not in settings.fingerprints()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"vault_kubernetes_role": "bff"},
            "VAULT_KUBERNETES_ROLE and VAULT_KUBERNETES_TOKEN_FILE: there is none of them",
        ),
        (
            {"vault_kubernetes_role": "bff", "vault_kubernetes_token": SecretStr("a"), "vault_token": SecretStr("b")},
            "there are VAULT_TOKEN as well as VAULT_KUBERNETES_ROLE",
        ),
    ],
)
def test_one_way_in_is_chosen(given: dict[str, object], expected: str) -> None:
    """Half a way to log in, and two ways at once, are refused at the start."""
    with pytest.raises(SettingsError, match=expected):
        Settings.load(vault_addr="http://127.0.0.1:8200", **given)


async def test_a_token_that_may_not_renew_itself(openbao: OpenBao) -> None:
    """A given token without the default policy is used as it is: nothing is refused, logged as trouble, or tried again."""
    token = openbao.token(openbao.policy(POLICY), no_default_policy=True)
    metrics, now = Metrics(), 0.0
    wire = VaultWire(openbao.url, observer=metrics)
    login = VaultLogin(wire, Secret(SecretStr(token)), mount=MOUNT, monotonic=lambda: now)
    with capture_logs() as lines:
        assert (await login.token()).get_secret_value() == token
        assert await login._kept() == 60
        now = 86_400.0
        assert (await login.token()).get_secret_value() == token
    await wire.aclose()
    assert [(line["log_level"], line["event"]) for line in lines] == [
        ("info", "vault token may not renew itself: it is used until it ends")
    ]
    assert refusals(metrics) == 0


async def test_a_token_that_may_look_but_not_renew(openbao: OpenBao) -> None:
    """A token that may look itself up and not renew itself stays in use when its renewal is denied."""
    rules = POLICY + ' path "auth/token/lookup-self" { capabilities = ["read"] }'
    token = openbao.token(openbao.policy(rules), no_default_policy=True, ttl="1000s")
    metrics, now = Metrics(), 0.0
    wire = VaultWire(openbao.url, observer=metrics)
    login = VaultLogin(wire, Secret(SecretStr(token)), mount=MOUNT, monotonic=lambda: now)
    await login.token()
    now = 700.0
    assert (await login.token()).get_secret_value() == token
    await wire.aclose()
    assert refusals(metrics) == 0


async def test_a_token_that_has_ended(openbao: OpenBao) -> None:
    """A given token that is not accepted any more counts as refused when it would be renewed, also while no call is made."""
    token = openbao.token(openbao.policy(POLICY), "default", ttl="1000s")
    metrics, now = Metrics(), 0.0
    wire = VaultWire(openbao.url, observer=metrics)
    login = VaultLogin(wire, Secret(SecretStr(token)), mount=MOUNT, monotonic=lambda: now)
    await login.token()
    openbao.call("POST", "auth/token/revoke", {"token": token})
    now = 700.0
    assert await login._kept() == 60
    await wire.aclose()
    assert refusals(metrics) == 1
