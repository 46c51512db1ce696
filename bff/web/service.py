"""What the resources of one running service share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bff.backstage.caller import Identity
from bff.backstage.entities import Catalog
from bff.platform.health import PlatformStatuses
from bff.provisioning.provisioner import Provisioner
from bff.spend.reports import SpendReports
from bff.status.answers import Answers
from bff.status.organisation_cache import OrganisationCache, Served, Snapshot
from bff.telemetry.health import HealthCheck
from bff.telemetry.metrics import Metrics

_CACHE_STATUS = {
    "read": b"keeptrusts-bff; fwd=miss; stored; ttl=%d",
    "fresh": b"keeptrusts-bff; hit; ttl=%d",
    "revalidating": b"keeptrusts-bff; hit; ttl=%d; detail=stale-while-revalidate",
    "stale": b"keeptrusts-bff; hit; ttl=%d; detail=stale-if-error",
}


@dataclass(slots=True)
class Service:
    """The parts of one service. `provisioner` is None where provisioning is off. `draining` becomes true when it has been told to stop."""

    identity: Identity
    catalog: Catalog
    cache: OrganisationCache
    answers: Answers
    spend: SpendReports
    platform: PlatformStatuses
    metrics: Metrics
    provisioner: Provisioner | None
    checks: Callable[[], dict[str, HealthCheck]]
    draining: bool = False

    def cache_status(self, snapshot: Snapshot, served: Served) -> bytes:
        """How an answer came by its facts, as `Cache-Status` says it (RFC 9211)."""
        return _CACHE_STATUS[served] % int(self.cache.ttl(snapshot))
