"""The audit trail: one line for each act of provisioning. Who, what, for which team, how it ended; no secret."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, Protocol

from bff.backstage.caller import Caller
from bff.provisioning.errors import ForbiddenError, NotStoredError, OnboardingError
from bff.telemetry.logs import trail
from bff.telemetry.metrics import Outcome, Provisioned

log = trail("audit")

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


class OutcomeCounter(Protocol):
    """Counts acts by what they were and how they ended."""

    def provisioned(self, action: Provisioned, outcome: Outcome) -> None:
        """One act ended."""


@dataclass(slots=True)
class Act:
    """One act while it goes on; whoever does it fills in what it learns."""

    operation: Provisioned
    name: str
    team: str | None = None
    made: str | None = None
    """The id of what was made, or was there."""
    outcome: Ending = "failed"


class Audit:
    """Writes the trail and counts."""

    def __init__(self, counter: OutcomeCounter) -> None:
        self._counter = counter

    @contextmanager
    def act(self, operation: Provisioned, name: str, caller: Caller, request_id: str) -> Iterator[Act]:
        """Around one act: its line is written however it ends."""
        act = Act(operation, name)
        problem: str | None = None
        try:
            yield act
        except ForbiddenError:
            act.outcome = "forbidden"
            raise
        except NotStoredError as error:
            act.outcome, problem = ("orphaned" if error.orphan else "not-stored"), str(error)
            raise
        except OnboardingError as error:
            act.outcome, problem = "refused", str(error)
            raise
        except Exception as error:
            problem = type(error).__name__
            raise
        finally:
            self._counter.provisioned(operation, _COUNTED_AS[act.outcome])
            log.info(
                "provisioning",
                operation=operation,
                name=name,
                team=act.team,
                made=act.made,
                outcome=act.outcome,
                problem=problem,
                user=str(caller.user) if caller.user else None,
                via=caller.via,
                request_id=request_id,
            )
