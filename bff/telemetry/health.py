"""Health of the outside systems, in the form of `application/health+json` (draft-inadarei-api-health-check-06)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Health(StrEnum):
    """How a part is: `warn` still answers."""

    PASS = "pass"  # noqa: S105 - the word for being well
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """One part's health. `observed` is a number in `unit`; `output` says in one sentence what is wrong and holds no secret."""

    health: Health
    component: str
    time: datetime
    observed: float | str | None = None
    unit: str | None = None
    output: str | None = None

    def document(self) -> dict[str, object]:
        """The JSON object; members without a value are left out."""
        members = {
            "status": self.health,
            "componentType": self.component,
            "observedValue": self.observed,
            "observedUnit": self.unit,
            "time": self.time.isoformat().replace("+00:00", "Z"),
            "output": self.output,
        }
        return {name: value for name, value in members.items() if value is not None}


def worst(checks: dict[str, HealthCheck]) -> Health:
    """The health of a whole: fail if any part fails, warn if any part warns."""
    found = {check.health for check in checks.values()}
    return Health.FAIL if Health.FAIL in found else Health.WARN if Health.WARN in found else Health.PASS
