"""Rounds of the watch in a whole service: who is notified of what, and what a restart, an outage or another leader changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from bff.sandbox.faults import Rule
from bff.settings import Settings, SettingsError
from tests.watch.stage import OPERATOR, Stage, outcomes, value

MEMBER, STRANGER = "user:default/red", "user:default/blue"
NEAR, OVER = "bot: most of its daily budget is spent", "bot: its daily budget is spent"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Two teams; the bot is the red one's."""
    made = Stage(tmp_path)
    made.add_team("red")
    made.add_team("blue")
    made.add_bot("bot", "red")
    return made


async def test_the_owner_is_notified(stage: Stage) -> None:
    """As a bot passes 80 % its owner's member has one notification, which becomes that of 100 %; a stranger has none."""
    async with stage.service() as app:
        await stage.round(app)
        assert stage.backstage.inboxes == {}
        stage.spend("bot", "85")
        await stage.round(app)
        assert stage.backstage.titles(MEMBER) == [NEAR]
        stage.spend("bot", "30")
        await stage.round(app)
        await stage.round(app)
    (entry,) = stage.backstage.inboxes[MEMBER].values()
    assert (entry.payload["title"], entry.times) == (OVER, 2)
    assert entry.payload["severity"] == "high"
    assert entry.payload["link"] == "/catalog/default/component/bot/ai-spend"
    assert entry.payload["description"] == "Today's spend of 115 USD is 115 % of the daily budget of 100 USD."
    assert set(stage.backstage.inboxes) == {MEMBER}


async def test_a_restart_repeats_nothing(stage: Stage) -> None:
    """What one process has sent is not sent again by the one that is started after it."""
    stage.spend("bot", "85")
    for _ in range(3):
        async with stage.service() as app:
            await stage.round(app)
    assert stage.backstage.posts() == 1


async def test_another_process_takes_over(stage: Stage) -> None:
    """While one process watches the other does not, and when the first is gone it goes on from what was sent."""
    async with AsyncExitStack() as stack:
        second = await stack.enter_async_context(stage.service())
        async with stage.service() as first:
            stage.spend("bot", "85")
            assert await stage.round(first) is True
            assert await stage.round(second) is False
            assert second.watcher.sweep.latest == first.watcher.sweep.latest
        stage.spend("bot", "30")
        assert await stage.round(second) is True
    (entry,) = stage.backstage.inboxes[MEMBER].values()
    assert (entry.payload["title"], entry.times) == (OVER, 2)


async def test_metrics_outlive_a_change_of_the_watching_process(stage: Stage) -> None:
    """The last whole sweep is exported by a new process that could not sweep yet, and what is due only by the one that watches."""
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(stage.service())
        await stage.round(first)
        stage.backstage.silent = True
        stage.spend("bot", "85")
        await stage.round(first)
        assert value(first, "alerts_due", channel="backstage") == 1
        swept = first.watcher.sweep.latest
        assert swept is not None
        stage.backstage.down = True
        await first.watcher.aclose()
        second = await stack.enter_async_context(stage.service())
        assert await stage.round(second) is True
        assert await stage.round(first, seconds=1) is False
        assert value(first, "alerts_due", channel="backstage") == 0
        assert value(second, "alerts_due", channel="backstage") == 1
        known = (swept.at.timestamp(), len(swept.entities))
        assert (value(second, "sweep_timestamp_seconds"), value(second, "sweep_entities")) == known
        assert value(second, "sweeps_total", outcome="failed") == 1


async def test_a_process_that_is_killed_while_it_sends_loses_nothing(stage: Stage) -> None:
    """A message that was on its way when its process died is sent again, and is one entry of the inbox."""
    stage.spend("bot", "85")
    async with AsyncExitStack() as stack:
        app = await stack.enter_async_context(stage.service())
        stage.backstage.taken_then_lost = 2
        await stage.round(app)
        # No word of the outcome: as after a kill, `sending` stands in the store.
    async with stage.service() as app:
        await stage.round(app)
        await stage.round(app)
    assert stage.backstage.titles(MEMBER) == [NEAR]
    assert stage.backstage.posts() == 3


async def test_what_cannot_be_sent_is_sent_later(stage: Stage) -> None:
    """While Backstage is down nothing is lost: what still holds is sent, once, with the words of then."""
    async with stage.service() as app:
        await stage.round(app)
        stage.backstage.down = True
        stage.spend("bot", "85")
        for _ in range(12):
            await stage.round(app)
        stage.backstage.down = False
        stage.spend("bot", "5")
        await stage.round(app)
        await stage.round(app)
        (entry,) = stage.backstage.inboxes[MEMBER].values()
        assert (entry.payload["description"], entry.times) == (
            "Today's spend of 90 USD is 90 % of the daily budget of 100 USD.",
            1,
        )
        assert outcomes(app)["sent"] == 1


async def test_what_is_over_before_it_could_be_sent_is_dropped(stage: Stage) -> None:
    """An alert that could not be sent while its day lasted is dropped and counted."""
    async with stage.service() as app:
        await stage.round(app)
        stage.backstage.silent = True
        stage.spend("bot", "85")
        await stage.round(app)
        assert outcomes(app) == {"failed": 1}
        stage.pass_(timedelta(hours=12).total_seconds())
        stage.backstage.silent = False
        await stage.round(app)
        assert stage.backstage.inboxes == {}
        assert outcomes(app) == {"failed": 1, "dropped": 1}


async def test_keeptrusts_that_fails_sends_nothing(stage: Stage) -> None:
    """While Keeptrusts fails nothing is raised and nothing ends; afterwards each step is sent once."""
    async with stage.service() as app:
        stage.spend("bot", "85")
        await stage.round(app)
        stage.faults.put(Rule(kind="status", code=503))
        for _ in range(5):
            await stage.round(app)
        stage.faults.clear()
        await stage.round(app)
        await stage.round(app)
    assert [entry.times for entry in stage.backstage.inboxes[MEMBER].values()] == [1]


async def test_a_catalog_that_fails_ends_nothing(stage: Stage) -> None:
    """While the catalog cannot be read, what was sent of its entities is kept."""
    async with stage.service() as app:
        stage.spend("bot", "85")
        await stage.round(app)
        stage.backstage.reply = httpx.Response(503)
        await stage.round(app)
        stage.backstage.reply = None
        await stage.round(app)
    assert stage.backstage.posts() == 1


async def test_members_of_groups_below_see_no_amount(stage: Stage) -> None:
    """Members of a group below the owner's are notified too, without amounts, which are not theirs to see."""
    stage.backstage.add("group:default/red-juniors")
    stage.backstage.parents["group:default/red-juniors"] = ["group:default/red"]
    stage.backstage.join("group:default/red-juniors", user="user:default/junior")
    stage.spend("bot", "85")
    async with stage.service() as app:
        await stage.round(app)
    assert stage.backstage.titles("user:default/junior") == stage.backstage.titles(MEMBER) == [NEAR]
    (junior,) = stage.backstage.inboxes["user:default/junior"].values()
    assert junior.payload["description"] == "Most of the daily budget is spent."
    (member,) = stage.backstage.inboxes[MEMBER].values()
    assert "85 USD" in member.payload["description"]


async def test_an_owner_without_members_is_the_platform_groups(stage: Stage) -> None:
    """Where no one is in the owner's group the platform groups are notified."""
    del stage.backstage.documents[MEMBER]
    stage.spend("bot", "85")
    async with stage.service() as app:
        await stage.round(app)
    assert stage.backstage.titles(OPERATOR) == [NEAR]


async def test_an_entity_without_an_owner_is_the_platform_groups(stage: Stage) -> None:
    """An entity without an owner is sent to the platform groups alone."""
    stage.backstage.documents["component:default/bot"]["spec"] = {}
    async with stage.service() as app:
        await stage.round(app)
    assert {user: stage.backstage.titles(user) for user in stage.backstage.inboxes} == {
        OPERATOR: ["bot: it has no owner"]
    }


async def test_without_platform_groups_it_is_counted_as_refused(stage: Stage) -> None:
    """What is for the platform groups, and there are none, is counted and not tried again and again."""
    stage.backstage.documents["component:default/bot"]["spec"] = {}
    async with stage.service(bff_platform_groups="") as app:
        await stage.round(app)
        await stage.round(app)
        assert outcomes(app) == {"refused": 1}
    assert stage.backstage.inboxes == {}


async def test_refused_keeptrusts_token_is_for_the_platform_groups(stage: Stage) -> None:
    """That Keeptrusts refuses the service's own token is sent to the platform groups, and its end too."""
    async with stage.service() as app:
        await stage.round(app)
        stage.faults.put(Rule(kind="denied", path="/v1/wallets"))
        await stage.round(app)
        assert stage.backstage.titles(OPERATOR) == ["KEEPTRUSTS_API_TOKEN: the token is refused"]
        stage.faults.clear()
        await stage.round(app)
        assert stage.backstage.titles(OPERATOR) == ["KEEPTRUSTS_API_TOKEN: the token is accepted again"]


async def test_a_policy_mutes_a_code(stage: Stage, tmp_path: Path) -> None:
    """What the policy's file mutes is not sent, from the next round after the file has changed."""
    policy = tmp_path / "policy.yaml"
    policy.write_text("notifications: {mute: [budget-near]}\n")
    stage.spend("bot", "85")
    async with stage.service(bff_provisioning_policy=policy) as app:
        await stage.round(app)
        assert stage.backstage.inboxes == {}
        policy.write_text("notifications: {mute: []}\n")
        await stage.round(app)
    assert stage.backstage.titles(MEMBER) == [NEAR]


async def test_it_is_off_by_default(stage: Stage) -> None:
    """Unless it is switched on no notification is sent, and the catalog is swept all the same."""
    stage.spend("bot", "115")
    async with stage.service(bff_notify="off") as app:
        await stage.round(app)
        assert app.watcher.sweep.latest is not None
    assert stage.backstage.posts() == 0


async def test_no_call_to_keeptrusts_is_made_by_a_round(stage: Stage) -> None:
    """A round assesses from the snapshot: Keeptrusts is not asked for it."""
    async with stage.service() as app:
        await stage.round(app)
        before = app.service.cache.snapshot
        stage.pass_(1)
        app.watcher._due_at = 0
        await app.watcher.turn()
        assert app.service.cache.snapshot is before


@pytest.mark.parametrize(
    ("missing", "named"), [("backstage_url", "BACKSTAGE_URL is not set"), ("backstage_token", "BACKSTAGE_TOKEN")]
)
def test_notifications_need_backstage(missing: str, named: str) -> None:
    """A service that is to notify does not start without Backstage's address and a token of its own."""
    whole = {
        "keeptrusts_api_url": "https://keeptrusts.test",
        "keeptrusts_api_token": "token",
        "backstage_url": "https://backstage.test",
        "backstage_token": "token",
        "bff_auth": "none",
        "bff_catalog": "files",
        "bff_catalog_files": "catalog",
        "bff_notify": "on",
    }
    Settings.load(**whole).require_for_serving()
    with pytest.raises(SettingsError, match=named):
        Settings.load(**{name: value for name, value in whole.items() if name != missing}).require_for_serving()
