"""What a hostile annotation, address or header could try at the edge. Attacks on tokens are in tests/backstage."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bff.status import claims
from tests.conftest import API_URL, BOT, GATEWAY_URL, Start

HOSTILE = [
    "x\r\nx-injected: yes",
    "../../../v1/tokens",
    "..%2F..%2Fv1%2Ftokens",
    "https://evil.example/",
    "//evil.example",
    "@evil.example",
    "{{7*7}}",
    "${jndi:ldap://evil.example}",
    "<script>alert(1)</script>",
    "\u202etxt.exe",
    "\x00",
    "a" * 100_000,
]


def catalog(folder: Path, values: dict[str, str]) -> Path:
    """A catalog of one entity with these annotations."""
    entity = {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": {"name": "hostile", "annotations": values},
        "spec": {"type": "service", "lifecycle": "production", "owner": "support-team"},
    }
    (folder / "hostile.yaml").write_text(json.dumps(entity))
    return folder


CALLS = {"/v1/whoami", "/v1/teams", "/v1/tokens", "/v1/configurations", "/v1/wallets", "/v1/events"}
"""The paths of Keeptrusts that a reading asks for, whatever the catalog holds."""


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize(
    "annotation",
    [
        claims.GATEWAY_KEY_NAME,
        claims.POLICY_TIER,
        claims.DAILY_BUDGET,
        claims.API_URL,
        claims.GATEWAY_TYPE,
    ],
)
async def test_an_annotation_moves_nothing(start: Start, tmp_path: Path, annotation: str, value: str) -> None:
    """Whatever an annotation holds, no host, path or header changes: the same calls go upstream, the same links come out."""
    values = {claims.GATEWAY_KEY_NAME: "support-team-gw-key", annotation: value}
    async with start(catalog=catalog(tmp_path, values)) as running:
        reply = await running.get("/v1/entities/component/default/hostile/governance")
        assert reply.status_code == 200
        assert "x-injected" not in reply.headers
        status = reply.json()
        assert status["links"]["gateway"] == GATEWAY_URL
        assert status["links"]["console"].startswith("https://console.keeptrusts.internal")
        assert "evil" not in json.dumps(status["links"])
        assert set(running.upstream.paths) == CALLS
        # What is quoted of it is short, and nothing in it can command a terminal or a line-based log.
        assert len(reply.content) < 6_000
        for finding in status["findings"]:
            assert all(character.isprintable() for character in finding["message"])
    assert running.upstream.hosts == {API_URL.partition("//")[2]}


@pytest.mark.parametrize("host", ["evil.example", "evil.example/v1/teams?", "bff:1/livez", "bff#", ""])
async def test_a_host_header_moves_no_path(start: Start, host: str) -> None:
    """What is authorised is the path that the server was asked for, whatever the Host header says (CVE-2026-48710)."""
    async with start() as running:
        reply = await running.client.get(f"{BOT}/governance", headers={"host": host})
        assert (reply.status_code, reply.json()["entityRef"]) == (200, "component:default/customer-support-bot")
        missing = await running.client.get("/v1/entities/component/default/nobody/governance", headers={"host": host})
        assert missing.status_code == 404
