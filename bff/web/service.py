"""What the resources of one running service share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bff.backstage.caller import Caller, Identity
from bff.backstage.entities import Catalog
from bff.platform.health import PlatformStatuses
from bff.provisioning.provisioner import Provisioner
from bff.spend.reports import SpendReports
from bff.status.answers import Answers
from bff.status.numbers import NumbersAccess
from bff.status.organisation_cache import Epoch, Observatory, Served
from bff.telemetry.health import HealthCheck
from bff.telemetry.metrics import Metrics
from bff.web.problems import ProblemError, ProblemType

_CACHE_STATUS = {
    "read": b"keeptrusts-bff; fwd=miss; stored; ttl=%d",
    "fresh": b"keeptrusts-bff; hit; ttl=%d",
    "revalidating": b"keeptrusts-bff; hit; ttl=%d; detail=stale-while-revalidate",
    "stale": b"keeptrusts-bff; hit; ttl=%d; detail=stale-if-error",
}


MOST_BATCHES_EACH = 2
"""Batches of one caller that are answered at once."""


class Batches:
    """Counts the batches of each caller that are being answered, so that one caller cannot take all the work there is."""

    def __init__(self) -> None:
        self._under_way: Counter[str] = Counter()

    @contextmanager
    def one(self, caller: Caller) -> Iterator[None]:
        """Answer one batch of `caller`. Raises `ProblemError` 429 where there are too many already."""
        if self._under_way[caller.key] >= MOST_BATCHES_EACH:
            detail = f"{MOST_BATCHES_EACH} batches of this caller are being answered: wait for one of them."
            raise ProblemError(ProblemType.TOO_MANY_REQUESTS, detail, {"retry-after": "1"})
        self._under_way[caller.key] += 1
        try:
            yield
        finally:
            self._under_way[caller.key] -= 1
            if not self._under_way[caller.key]:
                del self._under_way[caller.key]


@dataclass(slots=True)
class Service:
    """The parts of one service. `provisioner` is None where provisioning is off. `draining` becomes true when the service is asked to stop."""

    identity: Identity
    catalog: Catalog
    numbers: NumbersAccess
    observatory: Observatory
    answers: Answers
    spend: SpendReports
    platform: PlatformStatuses
    metrics: Metrics
    provisioner: Provisioner | None
    checks: Callable[[], dict[str, HealthCheck]]
    draining: bool = False
    batches: Batches = field(default_factory=Batches)

    def cache_status(self, epoch: Epoch, served: Served) -> bytes:
        """How an answer came by its facts, as `Cache-Status` says it (RFC 9211)."""
        return _CACHE_STATUS[served] % int(self.observatory.ttl(epoch))
