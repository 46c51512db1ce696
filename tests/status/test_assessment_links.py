"""Links come from the configuration and from ids, and an id stays one step of a path."""

from __future__ import annotations

from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.status.assessment import links_to
from bff.status.findings import Rules

RULES = Rules(ZoneInfo("UTC"), console_url="https://console.example/", gateway_url="https://gateway.example")


def test_a_team_has_its_page() -> None:
    """The console's path for teams."""
    assert links_to("team_1", RULES).console == "https://console.example/settings/teams/team_1"


@pytest.mark.parametrize("team", [None, "", ".", ".."])
def test_without_a_team_to_show_it_is_the_front_page(team: str | None) -> None:
    """An id that a browser would take for a step gives no path of its own."""
    assert links_to(team, RULES).console == "https://console.example/"


def test_without_configuration_there_are_no_links() -> None:
    """Nothing is made up."""
    links = links_to("team_1", Rules(ZoneInfo("UTC")))
    assert (links.console, links.gateway) == (None, None)


@given(st.text(min_size=1))
def test_no_id_leaves_its_place(team: str) -> None:
    """Whatever an id holds, the host, the query and the path before it stay."""
    address = urlsplit(links_to(team, RULES).console or "")
    assert (address.scheme, address.netloc, address.query, address.fragment) == ("https", "console.example", "", "")
    assert address.path == "/" or address.path.removeprefix("/settings/teams/").count("/") == 0
