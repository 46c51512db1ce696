"""The doctor tries Backstage step by step, as a request of a person goes, and changes nothing there."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from bff.cli.doctor_backstage import AUTHORIZE, CONFIGURATION, examine_backstage
from bff.cli.doctor_keeptrusts import Trial, Verdict
from bff.settings import Settings
from bff.values import EntityRef
from tests.backstage.stub import ISSUER, SERVICE_TOKEN, URL, Key, StubBackstage
from tests.harness.openbao import OpenBao
from tests.harness.served import served
from tests.harness.stub_backstage import BackstageOverHttp

BOT = EntityRef("component", "default", "customer-support-bot")


class Backstage(StubBackstage):
    """A Backstage that also names its issuer and has a permission backend.

    `decision` is its policy's word on an entity that is not there; None stands for no permission backend. The policy denies
    each user what is `denied`, and the catalog hides it from them where permissions are `enabled`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.clock.now = time.time()
        self.issuer: str = ISSUER
        self.decision: str | None = "ALLOW"
        self.denied: set[tuple[str, str]] = set()
        self.enabled = True
        self.asked: list[object] = []

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == CONFIGURATION:
            return httpx.Response(200, json={"issuer": self.issuer})
        if path == AUTHORIZE and self.decision is not None:
            self.asked.append(body := json.loads(request.content))
            user = self._bearers[request.headers["authorization"].removeprefix("Bearer ")]
            decisions = [
                {"id": item["id"], "result": self._decided(user, item["resourceRef"])} for item in body["items"]
            ]
            return httpx.Response(200, json={"items": decisions})
        if path == AUTHORIZE:
            return httpx.Response(404, json={})
        return await super()._answer(request)

    def _decided(self, user: str, ref: str) -> str | None:
        if ref not in self.documents:
            return self.decision
        return "DENY" if (user, ref) in self.denied else "ALLOW"

    def _seen(self, user: str, ref: str) -> dict[str, Any] | None:
        return None if self.enabled and (user, ref) in self.denied else super()._seen(user, ref)


@pytest.fixture
def stub() -> Backstage:
    """A Backstage with one group, one component, and a person who is of the group."""
    made = Backstage()
    made.add("group:default/platform-team")
    made.add(str(BOT), owner="group:default/platform-team", gateway_key="support-team-gw-key")
    made.join("group:default/platform-team")
    return made


@pytest.fixture
async def backstage(stub: Backstage) -> AsyncIterator[str]:
    """Its address."""
    async with served(BackstageOverHttp(stub)) as port:
        yield f"http://127.0.0.1:{port}"


async def examined(
    url: str, person: str | None = None, entity: EntityRef | None = None, **settings: object
) -> list[Trial]:
    """The trials of Backstage at `url`, whose own base URL is the stub's."""
    defaults = {"backstage_token": SERVICE_TOKEN, "backstage_public_url": URL}
    loaded = Settings.load(**defaults | {"backstage_url": url} | settings)
    token = None if person is None else SecretStr(person)
    return [trial async for trial in examine_backstage(loaded, person=token, entity=entity)]


async def test_backstage_in_order(backstage: str) -> None:
    """The keys of both who sign, the issuer, and the groups by this service's own token, are each a line."""
    trials = await examined(backstage, bff_platform_groups="group:default/platform-team")
    assert [(trial.verdict, trial.message) for trial in trials] == [
        (Verdict.OK, "1 key, by ES256"),
        (Verdict.OK, "1 key, by ES256"),
        (Verdict.OK, ISSUER),
        (Verdict.OK, "the token is accepted"),
        (Verdict.OK, "0 by annotation, of any origin, since BFF_GROUP_ORIGINS is not set; no team twice"),
    ]


async def test_a_token_that_backstage_does_not_accept(backstage: str) -> None:
    """It fails without showing the token; what needs none is read all the same."""
    trials = await examined(backstage, backstage_token="canary")
    assert [trial.verdict for trial in trials] == [Verdict.OK, Verdict.OK, Verdict.OK, Verdict.FAIL]
    assert "(401)" in trials[-1].message
    assert "canary" not in str(trials)


async def test_a_platform_group_that_is_not_there(backstage: str) -> None:
    """A slip in BFF_PLATFORM_GROUPS, which would keep everybody from provisioning, is named."""
    trials = await examined(backstage, bff_platform_groups="platform-team,platfrom-team")
    assert trials[3].verdict is Verdict.WARN
    assert trials[3].message.endswith(": group:default/platfrom-team")


async def test_another_issuer_is_named_with_its_setting(backstage: str) -> None:
    """Where Backstage's issuer is not the one that is expected, both are named, and the setting that mends it."""
    trial = (await examined(backstage, backstage_public_url="https://wrong.test"))[2]
    assert trial.verdict is Verdict.FAIL
    assert ISSUER in trial.message
    assert "https://wrong.test/api/auth" in trial.message
    assert f"set BACKSTAGE_PUBLIC_URL to '{URL}'" in trial.message


async def test_an_issuer_that_is_not_known_is_a_warning(backstage: str, stub: Backstage) -> None:
    """A reply without an issuer is no reason to fail: tokens say in the end whether it is right."""
    stub.issuer = 7  # type: ignore[assignment]  # as no Backstage has it
    assert (await examined(backstage))[2].verdict is Verdict.WARN


async def test_what_is_no_backstage(openbao: OpenBao) -> None:
    """Another server at Backstage's address fails, and what only templates need warns, as what only compares does."""
    trials = await examined(openbao.url)
    assert [trial.verdict for trial in trials] == [Verdict.FAIL, Verdict.WARN, Verdict.WARN, Verdict.FAIL]


async def test_a_person_in_order(backstage: str, stub: Backstage) -> None:
    """A person's token is tried to the end: who they are, the policy, their groups, and the entity as they see it."""
    platform = "group:default/platform-team"
    trials = await examined(backstage, stub.user_token(), BOT, bff_platform_groups=platform)
    found = {trial.subject: (trial.verdict, trial.message) for trial in trials[5:]}
    assert found == {
        "person of BFF_TOKEN": (Verdict.OK, "accepted as user:default/dev"),
        "permission mode": (
            Verdict.OK,
            "the policy lets this person read every entity; it applies where Backstage has permission.enabled",
        ),
        "permission.enabled": (
            Verdict.OK,
            "not seen: the policy denies this person none of the 3 entities that were tried",
        ),
        "groups of the person": (Verdict.OK, f"{platform}; may provision for every team"),
        f"catalog, {BOT}": (Verdict.OK, f"seen, with 1 annotations; owner {platform}"),
    }


async def test_the_policy_is_asked_about_an_entity_that_is_not_there(backstage: str, stub: Backstage) -> None:
    """A policy with conditions denies an entity that is not there, and one without allows it: that tells the mode."""
    stub.decision = "DENY"
    trials = await examined(backstage, stub.user_token())
    (mode,) = [trial for trial in trials if trial.subject == "permission mode"]
    assert mode.message.startswith("the policy decides by entity")
    asked = stub.asked[0]
    assert isinstance(asked, dict)
    assert asked["items"][0]["resourceRef"] not in stub.documents


async def applied(url: str, stub: Backstage) -> Trial:
    """What is said of `permission.enabled` by the token of a person whom the policy denies the bot."""
    stub.denied.add(("user:default/dev", str(BOT)))
    (trial,) = [each for each in await examined(url, stub.user_token()) if each.subject == "permission.enabled"]
    return trial


async def test_a_policy_that_is_not_applied_is_named(backstage: str, stub: Backstage) -> None:
    """Where the catalog shows a person what the policy denies them, permissions are off: the entity and the setting are named."""
    stub.enabled = False
    trial = await applied(backstage, stub)
    assert trial.verdict is Verdict.WARN
    assert trial.message.startswith(f"not on: the policy denies this person {BOT}, and the catalog shows it")
    assert trial.message.endswith("permission.enabled: true")


async def test_a_policy_that_is_applied_is_said_to_be(backstage: str, stub: Backstage) -> None:
    """Where the catalog hides what the policy denies, permissions are on, and the line counts what is hidden."""
    trial = await applied(backstage, stub)
    assert (trial.verdict, trial.message) == (Verdict.OK, "on: hidden from this person: 1 of 3 entities")


async def test_a_reply_without_decisions_is_a_warning(backstage: str, stub: Backstage) -> None:
    """A permission backend that decides neither way leaves the mode open, and nothing is concluded from it."""
    stub.decision = "PERHAPS"
    trials = {trial.subject: trial for trial in await examined(backstage, stub.user_token())}
    assert trials["permission mode"].verdict is Verdict.WARN
    assert "permission.enabled" not in trials


async def test_without_a_permission_backend_the_mode_is_not_known(backstage: str, stub: Backstage) -> None:
    """A Backstage without that plugin is a warning, and the other trials go on."""
    stub.decision = None
    trials = await examined(backstage, stub.user_token(), BOT)
    assert [trial.verdict for trial in trials[6:]] == [Verdict.WARN, Verdict.OK, Verdict.OK]


async def test_an_entity_that_the_person_may_not_see(backstage: str, stub: Backstage) -> None:
    """What is hidden from the person is a warning that does not say whether it exists."""
    stub.hidden.add(("user:default/dev", str(BOT)))
    trial = (await examined(backstage, stub.user_token(), BOT))[-1]
    assert (trial.verdict, trial.message) == (Verdict.WARN, "not in the catalog, or this person may not see it")


@pytest.mark.parametrize("token", ["canary", "expired", "plugin"])
async def test_a_person_who_is_not_accepted(backstage: str, stub: Backstage, token: str) -> None:
    """A token that does not hold fails at that step, which is the last, and is not shown."""
    made = {
        "canary": "canary",
        "expired": stub.user_token(exp=int(time.time()) - 10),
        "plugin": stub.limited_token(),
    }[token]
    trials = await examined(backstage, made)
    assert (trials[-1].subject, trials[-1].verdict) == ("person of BFF_TOKEN", Verdict.FAIL)
    assert made not in str(trials)


ORG = "url:https://git.example/acme/org/groups.yaml"
CLAIMS = "groups that claim a team"


def claiming(stub: Backstage, ref: str, team: str, origin: str) -> None:
    """A group that claims a team, registered there."""
    stub.add(ref, team=team)
    stub.register(ref, origin)


async def claims_of(url: str, **settings: object) -> list[tuple[Verdict, str]]:
    """What is said of groups that claim a team."""
    trials = await examined(url, **settings)  # type: ignore[arg-type]  # the rest are settings
    return [(trial.verdict, trial.message) for trial in trials if trial.subject == CLAIMS]


async def test_a_group_that_claims_a_team_from_elsewhere_is_named(backstage: str, stub: Backstage) -> None:
    """With BFF_GROUP_ORIGINS, a group of another origin is listed with its team and its origin; one of them is not."""
    claiming(stub, "group:default/finance", "finance-team", ORG)
    claiming(stub, "group:evil/mine", "finance-team", "url:https://git.example/evil/x.yaml")
    ((verdict, message),) = await claims_of(backstage, bff_group_origins="url:https://git.example/acme/")
    assert verdict is Verdict.WARN
    assert message.startswith("group:evil/mine claims 'finance-team' from 'url:https://git.example/evil/x.yaml': ")


async def test_a_team_that_is_claimed_twice_is_named(backstage: str, stub: Backstage) -> None:
    """Two groups that claim a team, by annotation or by being called like it, are listed with it."""
    claiming(stub, "group:default/a", "finance-team", ORG)
    claiming(stub, "group:default/b", "finance-team", ORG)
    stub.add("group:default/finance-team")
    (said,) = await claims_of(backstage)
    assert said == (
        Verdict.WARN,
        "the team 'finance-team' is claimed twice: by group:default/a, group:default/b, group:default/finance-team",
    )


async def test_claims_in_order(backstage: str, stub: Backstage) -> None:
    """Where each team is claimed once and from where it may be, one line counts the claims."""
    claiming(stub, "group:default/finance", "finance-team", ORG)
    said = await claims_of(backstage, bff_group_origins="url:https://git.example/acme/")
    assert said == [(Verdict.OK, "1 by annotation, of BFF_GROUP_ORIGINS; no team twice")]


async def test_keys_by_no_accepted_algorithm_fail(backstage: str, stub: Backstage) -> None:
    """A Backstage whose every key is of a kind that is not accepted refuses everybody: the line says which kinds are."""
    stub.auth_key = Key("auth-1", "RS256", bits=1024)
    trial = (await examined(backstage))[0]
    assert trial.verdict is Verdict.FAIL
    assert "ES384" in trial.message


async def test_backends_at_addresses_of_their_own(backstage: str) -> None:
    """Each backend is tried at its own address."""
    trials = await examined(
        "http://127.0.0.1:1",
        bff_platform_groups="platform-team",
        backstage_auth_url=backstage,
        backstage_catalog_url=backstage,
        backstage_scaffolder_url=backstage,
    )
    assert {trial.verdict for trial in trials} == {Verdict.OK}
