"""An entity in order, and what it takes to bring one thing in it out of order, as the watch assesses it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from bff.backstage.entities import Watched
from bff.values import EntityRef
from bff.watch.alerts import Assessed, Condition, Conditions, Decision, Paced, Sent, conditions, current_parts, decide
from tests.status.conftest import NOON, Scenario

UTC_ZONE = ZoneInfo("UTC")
BOT = EntityRef("component", "default", "bot")
OWNER = EntityRef("group", "default", "support-team")


def assessed(scenario: Scenario, ref: EntityRef = BOT, **annotations: str) -> Assessed:
    """An entity as `scenario` has it."""
    entity = Watched(ref, {**scenario.annotations, **annotations}, scenario.owner.ref)
    return Assessed(entity, scenario.owner, scenario.assess())


@dataclass
class Inbox:
    """Makes rounds as the watcher does, where everything that is raised also arrives.

    `sent` collects (code, step) of what was sent, step 0 for what is over.
    """

    rows: dict[str, Sent] = field(default_factory=dict)
    paced: Paced = frozenset()
    delivers: bool = True

    def round(self, *scenarios: Scenario, now: datetime | None = None, **options: object) -> list[tuple[str, int]]:
        """One round; what was sent in it."""
        each = [
            assessed(scenario, EntityRef("component", "default", f"bot-{n}")) for n, scenario in enumerate(scenarios)
        ]
        first = scenarios[0] if scenarios else Scenario()
        stale = bool(options.pop("stale", False))
        found = conditions(
            each,
            current=current_parts(first.facts, stale=stale, now=now or first.now, zone=UTC_ZONE),
            now=now or first.now,
            zone=UTC_ZONE,
            paced_before=self.paced,
            **options,  # type: ignore[arg-type]
        )
        self.paced = found.paced
        return self.take(found, now or first.now)

    def take(self, found: Conditions, now: datetime, *, whole: bool = True) -> list[tuple[str, int]]:
        """Decide about `found`, and write it down."""
        decision = decide(found, self.rows, now=now, zone=UTC_ZONE, whole=whole)
        return self.apply(decision, now)

    def apply(self, decision: Decision, now: datetime) -> list[tuple[str, int]]:
        """Write down what was decided, as the store does."""
        for row in decision.forgotten:
            del self.rows[row.scope]
        raised = [*decision.raised, *([decision.summary] if decision.summary else [])]
        for condition in raised:
            self._raise(condition, now, sent=self.delivers)
        for condition in decision.summarised:
            self._raise(condition, now, sent=False)
        for row in (*decision.over, *decision.over_unsaid):
            self.rows[row.scope] = Sent(row.scope, row.code, 0, row.reached, row.window, row.message, row.reached, now)
        return [(each.code, each.step) for each in raised] + [(row.code, 0) for row in decision.over]

    def _raise(self, condition: Condition, now: datetime, *, sent: bool) -> None:
        before = self.rows.get(condition.scope)
        reached = before.reached if before is not None and before.window == condition.window else 0
        self.rows[condition.scope] = Sent(
            condition.scope,
            condition.code,
            condition.step,
            condition.step,
            condition.window,
            condition.message,
            condition.step if sent else reached,
            now,
        )


__all__ = ["BOT", "NOON", "OWNER", "Inbox", "Scenario", "assessed"]
