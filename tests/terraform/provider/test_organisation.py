"""Lists are read once for all who ask, never used after a change, and never taken for whole when they are not."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from bff.keeptrusts.contract import TeamRecord
from bff.keeptrusts.errors import KeeptrustsError, UpstreamUnavailableError
from bff.keeptrusts.facts import RejectedRow
from bff.keeptrusts.replies import Pages
from terraform_provider_keeptrusts.organisation import KEPT_SECONDS, Organisation

TEAM = TeamRecord(id="team_1", name="search")
FAILURE = UpstreamUnavailableError("GET", "/v1/teams", "answered 503", status=503)


@dataclass
class Client:
    """Gives the same pages each time and counts."""

    pages: Pages[TeamRecord] = field(default_factory=lambda: Pages((TEAM,)))
    calls: int = 0

    async def teams(self) -> Pages[TeamRecord]:
        self.calls += 1
        await asyncio.sleep(0)
        return self.pages


@dataclass
class Clock:
    """Seconds that pass when a test says so."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


async def test_many_resources_read_a_list_once() -> None:
    """A hundred resources that are refreshed at the same time cost one reading."""
    client = Client()
    organisation = Organisation(client, monotonic=Clock())
    found = await asyncio.gather(*(organisation.team("team_1") for _ in range(100)))
    assert (found, client.calls) == ([TEAM] * 100, 1)


async def test_a_list_is_read_anew_after_a_change_and_after_a_while() -> None:
    """Neither our own change nor time is overlooked."""
    client, clock = Client(), Clock()
    organisation = Organisation(client, monotonic=clock)
    await organisation.teams()
    organisation.changed()
    await organisation.teams()
    assert client.calls == 2
    clock.now += KEPT_SECONDS + 0.1
    await organisation.teams()
    assert client.calls == 3


ODD = RejectedRow("data.1", "data.1.name", "must be text")


@pytest.mark.parametrize(
    "pages",
    [
        Pages((TEAM,), "next", FAILURE),
        Pages((TEAM,), "next"),
        Pages((TEAM,), rejected=(ODD,), rejected_count=1),
    ],
    ids=["failed", "endless", "with a row left out"],
)
async def test_what_half_a_list_lacks_is_not_gone(pages: Pages[TeamRecord]) -> None:
    """A list that is not whole, or of which a row could not be read, is an error: nothing is planned for what it lacks."""
    organisation = Organisation(Client(pages), monotonic=Clock())
    with pytest.raises(KeeptrustsError):
        await organisation.team("team_2")


async def test_an_error_is_not_kept() -> None:
    """After an error the list is asked for again."""
    client = Client(Pages((), "next", FAILURE))
    organisation = Organisation(client, monotonic=Clock())
    with pytest.raises(KeeptrustsError):
        await organisation.teams()
    client.pages = Pages((TEAM,))
    assert await organisation.team("team_1") == TEAM
