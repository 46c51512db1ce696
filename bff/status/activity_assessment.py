"""What the policy did today with the claimed key's requests."""

from __future__ import annotations

from bff.keeptrusts.facts import Activity
from bff.status.claimed_key import ClaimedKey
from bff.status.organisation import Organisation
from bff.status.wire import ActivityStatus
from bff.values import BudgetWindow

_NONE_YET = Activity()


def assess_activity(claimed: ClaimedKey, organisation: Organisation, window: BudgetWindow) -> ActivityStatus | None:
    """Counts for all keys of the claimed name since the budget day began; None without a key or without any events read.

    Counts are lower bounds when events are missing, when they are of an earlier day, and when some of the team's requests
    name no key: those may be this key's.
    """
    reading = organisation.facts.activity
    if claimed.key is None or reading.value is None:
        return None
    today = window.contains(reading.value.since)
    counts = _NONE_YET
    for key in claimed.keys if today else ():
        counts = counts.plus(reading.value.by_key.get(key.id, _NONE_YET))
    return ActivityStatus(
        since=reading.value.since if today else window.start,
        requests=counts.requests,
        blocked=counts.blocked,
        redacted=counts.redacted,
        escalated=counts.escalated,
        last_request_at=counts.last_request_at,
        complete=today
        and reading.complete
        and reading.value.complete
        and claimed.team_id not in organisation.nameless_activity,
    )
