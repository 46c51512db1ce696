"""How Keeptrusts' two surfaces say they are; asked without a token, and trouble is the answer."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from bff.keeptrusts import contract
from bff.keeptrusts.contract import GatewayHealthReply
from bff.keeptrusts.errors import KeeptrustsError, UpstreamUnavailableError
from bff.keeptrusts.replies import read_reply
from bff.platform.assessment import Asked, GatewayReport
from bff.upstream import Call, Upstream

NOT_READY = 503


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
