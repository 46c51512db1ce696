"""Instants as Terraform has them: text in the form of RFC 3339."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tf.types import String


class Moment(String):
    """A text that is an instant: `2030-01-31T00:00:00Z` and `2030-01-31T01:00:00+01:00` are no difference."""

    def semantically_equal(self, a_decoded: Any, b_decoded: Any) -> bool:
        """Whether both are the same instant, or the same text where one is none."""
        first, second = instant(a_decoded), instant(b_decoded)
        return first == second if first is not None and second is not None else bool(a_decoded == b_decoded)


def instant(text: Any) -> datetime | None:
    """Give the instant of an RFC 3339 time; None for anything else."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


def written(moment: datetime) -> str:
    """Write an instant as RFC 3339 in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
