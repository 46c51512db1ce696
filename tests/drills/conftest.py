"""What every drill leaves behind: its figure, which is printed at the end of the run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bff.breaker import Breaker
from bff.status import leader, organisation_cache
from tests.conftest import FIGURE

Figure = Callable[[str], None]


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Figure:
    """Takes the figure that a drill came to, in one line."""

    def take(line: str) -> None:
        request.node.user_properties.append((FIGURE, f"{request.node.name}: {line}"))

    return take


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses that are seconds in production are tenths here, as all deadlines are."""
    monkeypatch.setattr(organisation_cache, "LEAST_SECONDS_BETWEEN_READS", 0.5)
    monkeypatch.setattr(leader, "LEAST_SECONDS_BETWEEN_LISTS", 0.5)
    monkeypatch.setitem(Breaker.__init__.__kwdefaults__, "sleep", 0.5)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A connection that a deadline cuts off while it is being made leaves its socket to the garbage collector, by asyncio's own doing."""
    for item in items:
        if "drills" in item.path.parts:
            item.add_marker(pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"))
