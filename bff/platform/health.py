"""Health of Keeptrusts itself, asked at the configured addresses and remembered for a while.

The two surfaces are asked without a token. Trouble is part of the answer and never an exception.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from bff.keeptrusts import contract
from bff.keeptrusts.contract import GatewayHealthReply
from bff.keeptrusts.errors import KeeptrustsError, UpstreamUnavailableError
from bff.keeptrusts.replies import read_reply
from bff.platform.assessment import Asked, GatewayReport, assess_platform
from bff.single_flight import SingleFlight
from bff.status.answers import Answer, serialised
from bff.status.organisation_cache import LEAST_SECONDS_BETWEEN_READS
from bff.status.wire import Links
from bff.upstream import Call, Upstream

NOT_READY = 503

SAME_START = timedelta(seconds=5)
"""Two computed start times closer than this are of one process: uptime is rounded, and replies take time."""


@dataclass(frozen=True, slots=True)
class Observed:
    """An answer about the platform, and the monotonic second at which it was made."""

    answer: Answer
    at: float


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer, its age and for how long it is fresh, both in seconds, and whether it was `asked` for just now."""

    answer: Answer
    age: float
    ttl: float
    asked: bool


class PlatformStatuses:
    """The health of Keeptrusts: gateway and control plane are asked together, once for all callers in a `refresh`."""

    def __init__(
        self,
        gateway: GatewayClient | None,
        control_plane: ControlPlaneProbe,
        *,
        links: Links,
        refresh: timedelta,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._gateway = gateway
        self._control_plane = control_plane
        self._links = links
        self._refresh = refresh.total_seconds()
        self._clock = clock
        self._monotonic = monotonic
        self._flight: SingleFlight[Observed] = SingleFlight()
        self._latest: Observed | None = None
        self._since: datetime | None = None

    async def current(self, *, insist: bool = False) -> Shown:
        """Return the answer. With `insist` it is asked for again though the last one is younger than a refresh."""
        latest, longest = self._latest, LEAST_SECONDS_BETWEEN_READS if insist else self._refresh
        asked = latest is None or self._monotonic() - latest.at >= longest
        if latest is None or asked:
            latest = await self._flight.do("platform", self._ask)
        age = self._monotonic() - latest.at
        return Shown(latest.answer, age=age, ttl=max(self._refresh - age, 0.0), asked=asked)

    async def _ask(self) -> Observed:
        gateway, control_plane = await asyncio.gather(self._ask_gateway(), self._control_plane.ready())
        now = self._clock()
        status = assess_platform(gateway, control_plane, since=self._started(gateway, now), links=self._links, now=now)
        self._latest = Observed(serialised(status.model_dump_json().encode()), self._monotonic())
        return self._latest

    async def _ask_gateway(self) -> Asked[GatewayReport] | None:
        return None if self._gateway is None else await self._gateway.health()

    def _started(self, gateway: Asked[GatewayReport] | None, now: datetime) -> datetime | None:
        if gateway is None or gateway.value is None:
            return None
        since = (now - gateway.value.uptime).replace(microsecond=0)
        if self._since is None or abs(self._since - since) > SAME_START:
            self._since = since
        return self._since


class GatewayClient:
    """Asks the gateway for its own account of itself."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    async def health(self) -> Asked[GatewayReport]:
        """`GET /health` of the gateway."""
        call = Call("health", "GET", contract.GATEWAY_HEALTH)
        try:
            reply = await self._upstream.ask(call, partial(read_reply, call, GatewayHealthReply))
        except KeeptrustsError as error:
            return Asked(None, error.reason)
        return Asked(
            GatewayReport(
                status=reply.status,
                uptime=timedelta(seconds=reply.uptime_seconds),
                version=reply.version,
                providers=reply.providers,
                policies_loaded=reply.policies_loaded,
            )
        )


class ControlPlaneProbe:
    """Asks the control plane whether it is ready, over connections of its own: list calls must not wait for a probe."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    async def ready(self) -> Asked[bool]:
        """`GET /readyz` of the control plane: a 2xx is yes, 503 is no, and anything else could not be asked."""
        try:
            await self._upstream.ask(Call("readyz", "GET", contract.READYZ), lambda _reply: None)
        except UpstreamUnavailableError as error:
            return Asked(value=False) if error.status == NOT_READY else Asked(None, error.reason)
        except KeeptrustsError as error:
            return Asked(None, error.reason)
        return Asked(value=True)
