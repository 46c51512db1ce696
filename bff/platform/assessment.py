"""The state of the platform, from what the gateway and the control plane report of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, Literal, TypeVar

from bff.status.wire import ControlPlaneHealth, Freshness, GatewayHealth, Links, PlatformStatus, Provider

T = TypeVar("T")

Overall = Literal["ok", "warning", "error", "unknown"]
_WEIGHT: dict[Overall, int] = {"ok": 0, "unknown": 1, "warning": 2, "error": 3}


@dataclass(frozen=True, slots=True)
class Asked(Generic[T]):
    """What a part of the platform answered; `value` is None when it could not be asked, and `problem` says why."""

    value: T | None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class GatewayReport:
    """The gateway's own account of itself; `providers` maps names to its word for their state."""

    status: Literal["healthy", "degraded", "unhealthy"]
    uptime: timedelta
    version: str | None = None
    providers: Mapping[str, str] = field(default_factory=dict)
    policies_loaded: int | None = None


def assess_platform(
    gateway: Asked[GatewayReport] | None,
    control_plane: Asked[bool],
    *,
    since: datetime | None,
    links: Links,
    now: datetime,
) -> PlatformStatus:
    """The state of the platform. `gateway` is None when no address of one is configured; `since` is when its process started."""
    gateway_health = _gateway_health(gateway, since)
    control_plane_health = _control_plane_health(control_plane)
    overall = max(
        _overall_of_gateway(gateway_health), _overall_of_control_plane(control_plane_health), key=_WEIGHT.__getitem__
    )
    return PlatformStatus(
        state=overall,
        gateway=gateway_health,
        control_plane=control_plane_health,
        links=links,
        freshness=Freshness(observed_at=now, assessed_at=now, stale=False),
    )


def _gateway_health(gateway: Asked[GatewayReport] | None, since: datetime | None) -> GatewayHealth:
    if gateway is None:
        return GatewayHealth(state="unconfigured", message="No address of a gateway is configured.")
    if gateway.value is None:
        return GatewayHealth(state="unreachable", message=gateway.problem)
    report = gateway.value
    return GatewayHealth(
        state=report.status,
        since=since,
        version=report.version,
        providers=tuple(Provider(name=name, state=report.providers[name]) for name in sorted(report.providers)),
        policies_loaded=report.policies_loaded,
    )


def _control_plane_health(control_plane: Asked[bool]) -> ControlPlaneHealth:
    if control_plane.value is None:
        return ControlPlaneHealth(state="unreachable", message=control_plane.problem)
    return ControlPlaneHealth(state="ready" if control_plane.value else "not-ready")


def _overall_of_gateway(gateway: GatewayHealth) -> Overall:
    match gateway.state:
        case "healthy":
            # Requests to a provider that cannot be reached fail, although the gateway calls itself healthy.
            return "ok" if all(provider.state == "reachable" for provider in gateway.providers) else "warning"
        case "degraded":
            return "warning"
        case "unconfigured":
            return "ok"
        case _:
            return "error"


def _overall_of_control_plane(control_plane: ControlPlaneHealth) -> Overall:
    # Requests go through the gateway: without the control plane only the facts here become old.
    return "ok" if control_plane.state == "ready" else "warning"
