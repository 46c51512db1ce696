"""How far the ledger has read, as values."""

from __future__ import annotations

import pytest

from bff.ledger.progress import Progress, Span

NOW = 1_000


@pytest.mark.parametrize(
    ("progress", "unread"),
    [
        (Progress(), None),
        (Progress(mark=900, read_at=950), 50),
        (Progress(mark=900, read_at=950, forward=Span(since=900)), 100),
        (Progress(forward=Span(since=200, newest_first=True, reached=700)), 500),
        (Progress(mark=200, read_at=210, forward=Span(since=200, newest_first=False, reached=700)), 300),
        (Progress(mark=900, read_at=1_200), 0),
    ],
    ids=["before the first", "at the end", "started", "newest first", "oldest first", "clock set back"],
)
def test_the_backlog_is_the_time_not_read(progress: Progress, unread: int | None) -> None:
    """The backlog is the time up to now of which events have not been read, whichever order the feed has."""
    assert progress.backlog(NOW) == unread
