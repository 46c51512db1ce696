"""A service that asks nobody who they are listens on this machine alone, and answers to this machine's names alone.

A web page that somebody here looks at can have a name of its own point at this machine (DNS rebinding): to the browser the
service is then a part of that page, which may read every answer. Such a page's requests carry its own name.
"""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from bff.settings import is_loopback
from bff.web.problems import ProblemError, ProblemType, problem_response

REFUSED = ProblemError(
    ProblemType.FORBIDDEN,
    "Without authentication this service answers to the names of its own machine alone: ask 127.0.0.1 or localhost.",
)

_PROBES = frozenset({"/livez", "/readyz"})
"""Whoever asks these learns nothing, and balancers ask by names of their own."""


class LocalNames:
    """Lets requests through to `app` whose one `Host` names this machine, at any port; probes may use any name."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in _PROBES and not _local(scope):
            await problem_response(REFUSED, None)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _local(scope: Scope) -> bool:
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    return len(hosts) == 1 and _names_this_machine(hosts[0])


@lru_cache(maxsize=64)
def _names_this_machine(host: bytes) -> bool:
    try:
        name = urlsplit(f"//{host.decode('ascii')}").hostname or ""
    except ValueError:
        return False
    # Browsers and resolvers keep `localhost` and what is below it for this machine (RFC 6761).
    return is_loopback(name) or name.endswith(".localhost")
