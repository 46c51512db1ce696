"""A day in fast time: hundreds of entities go through all steps, and exactly what the rules say is sent, whatever fails meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from bff.app import App
from bff.sandbox.faults import Rule
from bff.store.tables import leases
from tests.conftest import Time
from tests.status.conftest import MIDNIGHT
from tests.watch.stage import OPERATOR, Stage, outcomes

pytestmark = pytest.mark.long

TEAMS = 50

Do = Callable[[Stage, str], None]


@dataclass(frozen=True)
class Story:
    """What happens to an entity: at so many hours after its first hour something is done, after which `sent` is expected."""

    acts: tuple[tuple[int, Do], ...]
    sent: tuple[str, ...]
    budget: str = "100"
    expires: timedelta | None = None
    """Counted from its first hour."""


def spends(cost: str) -> Do:
    return lambda stage, name: stage.spend(name, cost)


def _raise_budget(stage: Stage, name: str) -> None:
    stage.annotate(name, daily_budget="1000")


def _change_tier(stage: Stage, name: str) -> None:
    stage.annotate(name, policy_tier="tier-1-exploration")


def _revoke(stage: Stage, name: str) -> None:
    stage.state.revoke_key(stage.keys[name].id)


def _nothing(_stage: Stage, _name: str) -> None:
    pass


NEAR, OVER, WITHIN = (
    "most of its daily budget is spent",
    "its daily budget is spent",
    "its spend is within the daily budget again",
)
PACE = "its daily budget will run out before it resets"
STORIES = (
    Story(((0, spends("3")),), ()),
    Story(((0, spends("85")),), (NEAR,)),
    Story(((0, spends("85")), (4, spends("30"))), (NEAR, OVER)),
    Story(((0, spends("120")),), (OVER,)),
    Story(((0, spends("85")), (4, _raise_budget)), (NEAR, WITHIN)),
    # It would be gone before the day ends, and is not.
    Story(((0, spends("79")),), (PACE,)),
    Story(((0, _revoke),), ("its gateway key is revoked",)),
    Story(((0, _change_tier),), ("another policy tier is enforced than it declares",)),
    Story(((0, _nothing),), ("its gateway key expires soon",), expires=timedelta(days=14)),
    Story(((0, spends("85")), (5, spends("30"))), (NEAR, OVER), budget="90"),
)
FIRST_HOURS = tuple(range(3, 17))


@dataclass
class Day:
    """A day of a stage: `acts` by the hour before whose round they happen."""

    stage: Stage
    acts: dict[int, list[tuple[Do, str]]] = field(default_factory=dict)
    expected: Counter[str] = field(default_factory=Counter)

    def add(self, number: int) -> None:
        """One more entity, with the story of its number."""
        story = STORIES[number % len(STORIES)]
        name, first = f"bot-{number}", FIRST_HOURS[number // len(STORIES) % len(FIRST_HOURS)]
        expires = None if story.expires is None else story.expires + timedelta(hours=first)
        self.stage.add_bot(name, f"team-{number % TEAMS}", budget=story.budget, expires_in=expires)
        for hours, act in story.acts:
            self.acts.setdefault(first + hours, []).append((act, name))
        self.expected.update(story.sent)

    async def hour(self, app: App, hour: int) -> None:
        """What happens in an hour, and the round at its end."""
        for act, name in self.acts.get(hour, ()):
            act(self.stage, name)
        end = MIDNIGHT + timedelta(hours=hour + 1)
        await self.stage.round(app, seconds=(end - self.stage.time.now()).total_seconds())

    def sent(self) -> Counter[str]:
        """What was sent, by what was said."""
        return Counter(title.partition(": ")[2] for title in self.stage.backstage.kept)


def a_day(tmp_path: Path, *, entities: int) -> Day:
    """Fifty teams with as many entities each, at midnight."""
    stage = Stage(tmp_path, time=Time(MIDNIGHT))
    for team in range(TEAMS):
        stage.add_team(f"team-{team}")
    made = Day(stage)
    for number in range(entities):
        made.add(number)
    return made


async def test_exactly_what_the_rules_say_is_sent(tmp_path: Path) -> None:
    """Over a whole day each step of each of 250 entities is sent once, to its owner's member, and nothing else."""
    day = a_day(tmp_path, entities=250)
    async with day.stage.service(bff_data_dir=":memory:") as app:
        for hour in range(24):
            await day.hour(app, hour)
        assert outcomes(app) == {"sent": day.expected.total()}
    assert day.sent() == day.expected
    assert OPERATOR not in day.stage.backstage.inboxes


async def test_the_same_is_sent_whatever_fails(tmp_path: Path) -> None:
    """With 500 entities, Keeptrusts that flaps, Backstage down for an hour and a leader that is killed change nothing of what is sent."""
    day = a_day(tmp_path, entities=500)
    stage = day.stage
    flapping = ("/v1/events", "/v1/tokens", "/v1/wallets", "/v1/teams", "/v1/configurations")
    async with AsyncExitStack() as stack:
        app = await stack.enter_async_context(stage.service())
        follower = await stack.enter_async_context(stage.service())
        for hour in range(24):
            if hour % 3 == 1:
                stage.faults.put(Rule(kind="status", code=503, path=flapping[hour // 3 % len(flapping)]))
            stage.backstage.down = hour == 10
            if hour == 13:
                await killed(app)
                app, follower = follower, await stack.enter_async_context(stage.service())
            await day.hour(app, hour)
            if hour % 3 == 1:
                # The rounds after it find Keeptrusts, and then Backstage, well again.
                stage.faults.clear()
                await stage.round(app)
                stage.backstage.down = False
                await stage.round(app)
            assert await follower.watcher.turn() is False
    assert day.sent() == day.expected


async def killed(app: App) -> None:
    """Let a process hold its leases no more, without its doing, as when it is killed and their time passes."""
    async with app.watcher._database.write() as connection:
        await connection.execute(update(leases).values(until=0))
