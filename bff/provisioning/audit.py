"""The audit trail: one line for each act of provisioning. Who, what, for which team, how it ended; no secret."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from bff.provisioning.acts import Acts, Asker
from bff.provisioning.errors import (
    ForbiddenError,
    NotStoredError,
    ProvisioningError,
    RecordsUnavailableError,
    RuleError,
)
from bff.telemetry.logs import AuditLog, logger
from bff.telemetry.metrics import Metrics, Outcome, Provisioned
from bff.values import Money

log = logger("provisioning")

Ending = Literal["created", "found", "forbidden", "refused", "not-stored", "orphaned", "failed"]
"""How an act ended; `not-stored`: the key was revoked again; `orphaned`: it could not be, and somebody has to."""

_COUNTED_AS: dict[Ending, Outcome] = {
    "created": "created",
    "found": "found",
    "forbidden": "refused",
    "refused": "refused",
    "not-stored": "failed",
    "orphaned": "failed",
    "failed": "failed",
}


@dataclass(slots=True)
class Report:
    """What is known of one act while it goes on, for its line."""

    team: str | None = None
    team_id: str = ""
    made: str | None = None
    """The id of what was made, or was there."""
    amount: Money | None = None
    outcome: Ending = "failed"


class Audit:
    """Writes the trail, counts, and records refusals. `file` is where lines go instead of the log.

    Raises `AuditLogError` when the file cannot be written.
    """

    def __init__(
        self, counter: Metrics, acts: Acts, *, clock: Callable[[], datetime], file: Path | None = None
    ) -> None:
        self._counter = counter
        self._acts = acts
        self._clock = clock
        self._log = AuditLog(file, clock=clock)

    @asynccontextmanager
    async def act(self, operation: Provisioned, name: str, asker: Asker) -> AsyncIterator[Report]:
        """Around one act: its line is written however it ends."""
        report = Report()
        problem: str | None = None
        rule: str | None = None
        try:
            yield report
        except ForbiddenError as error:
            report.outcome, problem = "forbidden", str(error)
            rule = error.rule if isinstance(error, RuleError) else None
            await self._record(operation, name, asker, report, problem)
            raise
        except NotStoredError as error:
            report.outcome, problem = ("orphaned" if error.orphan else "not-stored"), str(error)
            raise
        except ProvisioningError as error:
            report.outcome, problem = "refused", str(error)
            raise
        except Exception as error:
            problem = type(error).__name__
            raise
        finally:
            self._counter.provisioned(operation, _COUNTED_AS[report.outcome])
            self.write(
                operation=operation,
                name=name,
                team=report.team,
                made=report.made,
                amount=None if report.amount is None else str(report.amount),
                outcome=report.outcome,
                rule=rule,
                problem=problem,
                user=str(asker.caller.user) if asker.caller.user else None,
                via=asker.caller.via,
                approved_by=str(asker.approver) if asker.approver else None,
                request_id=asker.request_id,
            )

    def write(self, **fields: Any) -> None:
        """Write one line. What cannot be written to the file goes to the log."""
        self._log.write("provisioning", **fields)

    async def _record(self, operation: Provisioned, name: str, asker: Asker, report: Report, problem: str) -> None:
        team = {"team": report.team or "", "team_id": report.team_id, "amount": report.amount}
        act = asker.act(operation, name, "", self._clock(), **team)
        try:
            await self._acts.refused(act, problem)
        except Exception as error:  # noqa: BLE001 - the refusal itself is what the caller must get
            kind = str(error) if isinstance(error, RecordsUnavailableError) else type(error).__name__
            log.warning("refusal not recorded", problem=kind)
