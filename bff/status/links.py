"""Where to look further: the console and the gateway.

Only configured addresses and ids that Keeptrusts made are used; nothing that an annotation says gets into an address.
"""

from __future__ import annotations

from urllib.parse import quote

from bff.status.rules import Rules
from bff.status.wire import Links

# A browser takes these for steps in the path, even when they are percent-encoded.
_STEPS = frozenset({"", ".", ".."})


def links_to(team_id: str | None, rules: Rules) -> Links:
    """Links to the team's page in the console, or to its front where there is no team to show."""
    console = rules.console_url
    if console is not None and team_id is not None and team_id not in _STEPS:
        console = f"{console.rstrip('/')}/settings/teams/{quote(team_id, safe='')}"
    return Links(console=console, gateway=rules.gateway_url)
