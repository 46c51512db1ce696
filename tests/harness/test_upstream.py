"""The sandbox with a load as a process: ended, paused and started again as drills need it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from bff.sandbox.event_log import EventListing
from bff.sandbox.faults import Rule
from bff.sandbox.load import LoadProfile
from tests.harness.upstream import Upstream, UpstreamError, upstream

PROFILE = LoadProfile(teams=3, keys=6, rate=0, history=500, history_seconds=600)


@pytest.fixture
def running() -> Iterator[Upstream]:
    """A small load without new events."""
    with upstream(PROFILE) as made:
        yield made


def ask(running: Upstream, *, timeout: float = 10) -> httpx.Response:
    """A page of events."""
    headers = {"authorization": f"Bearer {running.token}"}
    return httpx.get(f"{running.api_url}/v1/events?limit=3", headers=headers, timeout=timeout, trust_env=False)


def test_after_a_crash_it_is_the_same_organisation(running: Upstream) -> None:
    """Killed and started again, it lists the same events and counts the same sums."""
    page, truth = ask(running).json(), running.truth()
    running.kill()
    with pytest.raises(httpx.ConnectError):
        ask(running)
    running.start()
    again = ask(running).json()
    assert again["events"] == page["events"]
    assert running.truth() == truth
    assert truth["total"]["requests"] == 500


def test_it_can_hang(running: Upstream) -> None:
    """Paused it answers nothing, and resumed it goes on."""
    running.pause()
    with pytest.raises(httpx.ReadTimeout):
        ask(running, timeout=0.3)
    running.resume()
    assert ask(running).status_code == 200


def test_it_counts_what_it_is_asked(running: Upstream) -> None:
    """By method and route, from zero when asked to."""
    running.clear_requests()
    ask(running)
    ask(running)
    assert running.requests() == {"GET /v1/events": 2}


def test_it_can_list_otherwise(running: Upstream) -> None:
    """The order changes while it runs."""
    newest = ask(running).json()["events"][0]["timestamp"]
    running.list_events(EventListing(order="oldest-first"))
    assert ask(running).json()["events"][0]["timestamp"] < newest


def test_it_fails_as_asked(running: Upstream) -> None:
    """Faults are set for all requests, and ended by setting none."""
    running.fail(Rule(kind="status", code=503))
    assert ask(running).status_code == 503
    running.fail()
    assert ask(running).status_code == 200


def test_a_profile_that_does_not_start_is_named() -> None:
    """What the command says of it is in the error."""
    made = Upstream(PROFILE.model_copy(update={"rate": -1.0}))
    with pytest.raises(UpstreamError, match="rate"):
        made.start()
    made.close()
