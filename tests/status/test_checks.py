"""Health reads right at night, without knowing the code."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

from bff.breaker import BreakerState
from bff.status.checks import Checks
from bff.status.leader import OrganisationReader
from bff.status.organisation_cache import OrganisationCache
from bff.telemetry.calls import Unobserved
from bff.telemetry.health import Health
from bff.telemetry.recent_calls import RecentCalls


def test_an_open_breaker_is_not_taken_for_a_refusal() -> None:
    """What is not asked while a breaker is open reads as our own doing: `refused` would be looked for over there."""
    calls = RecentCalls(Unobserved(), monotonic=lambda: 0.0)
    calls.attempt("keeptrusts", "teams.list", "refused", 0.0)
    calls.attempt("keeptrusts", "tokens.list", "timeout", 5.0)
    nothing_read = cast(OrganisationCache, SimpleNamespace(snapshot=None))
    no_role = cast(OrganisationReader, SimpleNamespace(progress=None, trouble=None, database_trouble=None, role=None))
    checks = Checks(
        nothing_read,
        no_role,
        {"keeptrusts": lambda: BreakerState.OPEN},
        calls,
        clock=lambda: datetime(2026, 3, 11, tzinfo=UTC),
    )()
    assert checks["keeptrusts:breaker"].health is Health.WARN
    assert checks["keeptrusts:calls"].output == "teams.list: not asked, its breaker is open; tokens.list: timeout"
