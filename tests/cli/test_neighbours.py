"""The doctor also tries what stands beside Keeptrusts, and changes nothing there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bff.cli.neighbours import examine_neighbours
from bff.keeptrusts.examination import Trial, Verdict
from bff.settings import Settings
from tests.backstage.stub import SERVICE_TOKEN, StubBackstage
from tests.harness.openbao import MOUNT, OpenBao, running_openbao
from tests.harness.redis_server import RedisServer, redis_server
from tests.harness.served import served
from tests.harness.stub_backstage import BackstageOverHttp

LOCAL = {"bff_auth": "none", "bff_catalog": "files", "bff_catalog_files": "catalog/examples"}
NOWHERE = "127.0.0.1:1"


@pytest.fixture
def stub() -> StubBackstage:
    """A Backstage with one group."""
    made = StubBackstage()
    made.add("group:default/platform-team")
    return made


@pytest.fixture
async def backstage(stub: StubBackstage) -> AsyncIterator[str]:
    """Its address."""
    async with served(BackstageOverHttp(stub)) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def openbao() -> Iterator[OpenBao]:
    """A server in development mode."""
    with running_openbao() as server:
        yield server


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    """A running server."""
    with redis_server() as server:
        yield server


async def examined(**settings: object) -> list[tuple[str, Trial]]:
    """The trials of these settings alone."""
    return [each async for each in examine_neighbours(Settings.load(**settings), None)]


async def test_backstage_in_order(backstage: str) -> None:
    """The keys of both who sign, and the groups by this service's own token, are each a line."""
    trials = await examined(
        backstage_url=backstage, backstage_token=SERVICE_TOKEN, bff_platform_groups="group:default/platform-team"
    )
    assert [(system, trial.verdict, trial.message) for system, trial in trials] == [
        ("backstage", Verdict.OK, "1 key"),
        ("backstage", Verdict.OK, "1 key"),
        ("backstage", Verdict.OK, "the token is accepted"),
    ]


async def test_a_token_that_backstage_does_not_accept(backstage: str) -> None:
    """It fails without showing the token; the keys, which need none, are read all the same."""
    trials = await examined(backstage_url=backstage, backstage_token="canary")
    assert [trial.verdict for _, trial in trials] == [Verdict.OK, Verdict.OK, Verdict.FAIL]
    assert "(401)" in trials[-1][1].message
    assert "canary" not in str(trials)


async def test_a_platform_group_that_is_not_there(backstage: str) -> None:
    """A slip in BFF_PLATFORM_GROUPS, which would let nobody provision, is named."""
    trials = await examined(
        backstage_url=backstage, backstage_token=SERVICE_TOKEN, bff_platform_groups="platform-team,platfrom-team"
    )
    assert trials[-1][1].verdict is Verdict.WARN
    assert trials[-1][1].message.endswith(": group:default/platfrom-team")


async def test_what_is_no_backstage(openbao: OpenBao) -> None:
    """Another server at Backstage's address fails, and the scaffolder's keys, which only templates need, warn."""
    trials = await examined(backstage_url=openbao.url, backstage_token="any")
    assert [trial.verdict for _, trial in trials] == [Verdict.FAIL, Verdict.WARN, Verdict.FAIL]


async def test_catalog_files(tmp_path: Path) -> None:
    """Files are counted with what is in them; a pattern that names none is told, and fails where nothing else is there."""
    both = await examined(**LOCAL | {"bff_catalog_files": f"catalog/examples:{tmp_path}"})
    assert [trial.verdict for _, trial in both] == [Verdict.OK, Verdict.WARN]
    nothing = await examined(**LOCAL | {"bff_catalog_files": str(tmp_path)})
    assert [trial.verdict for _, trial in nothing] == [Verdict.FAIL, Verdict.WARN]
    assert str(tmp_path) in nothing[-1][1].message


async def test_vault_is_tried_without_writing(openbao: OpenBao) -> None:
    """A policy that lets keys be written is enough, and nothing is written."""
    rules = f'path "{MOUNT}/data/ai/*" {{ capabilities = ["create", "read"] }}'
    trials = await examined(vault_addr=openbao.url, vault_token=openbao.token(openbao.policy(rules)), **LOCAL)
    system, trial = trials[-1]
    assert (system, trial.verdict) == ("vault", Verdict.OK), trial
    assert openbao.entry("ai/keeptrusts-bff-doctor/probe") is None


async def test_a_vault_that_forbids(openbao: OpenBao) -> None:
    """A policy that only reads fails before anybody has been promised a key."""
    rules = f'path "{MOUNT}/data/ai/*" {{ capabilities = ["read"] }}'
    trials = await examined(vault_addr=openbao.url, vault_token=openbao.token(openbao.policy(rules)), **LOCAL)
    assert trials[-1][1].verdict is Verdict.FAIL
    assert "create" in trials[-1][1].message


async def test_redis(redis: RedisServer) -> None:
    """A Redis that answers is well, and is left without a trace; one that does not fails without its address."""
    assert (await examined(redis_url=redis.url, **LOCAL))[-1][1].verdict is Verdict.OK
    assert redis.client.dbsize() == 0
    system, trial = (await examined(redis_url=f"redis://:canary@{NOWHERE}", **LOCAL))[-1]
    assert (system, trial.verdict) == ("redis", Verdict.FAIL)
    assert "canary" not in trial.message


async def test_what_is_not_named_is_not_tried() -> None:
    """Without Backstage, Vault and Redis there is nothing to say of them."""
    assert {system for system, _ in await examined(**LOCAL)} == {"catalog"}
