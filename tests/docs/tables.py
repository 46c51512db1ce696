"""The tables of the documentation that are made from the code; `make reference` writes them, and a test compares them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path

from bff import settings
from bff.keeptrusts.contract import LARGEST_PAGE
from bff.ledger import checksum, feed, progress, sums
from bff.status import leader
from bff.telemetry import metrics
from bff.web.openapi import ROUTES
from bff.web.problems import URN, ProblemType

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference.md"
ARCHITECTURE = ROOT / "docs" / "architecture.md"


def made() -> dict[Path, dict[str, str]]:
    """The tables by page, and by the heading under which they stand."""
    return {
        REFERENCE: {
            "Settings": _settings(),
            "Routes": _table(
                ("route", "for", "what"),
                ((f"`{each.method} {each.path}`", each.access.words, each.summary) for each in ROUTES),
            ),
            "Problems": _table(
                ("type", "status", "what"),
                ((f"`{URN}{kind.slug}`", str(kind.status), kind.title) for kind in ProblemType),
            ),
            "Metrics": _metrics(),
        },
        ARCHITECTURE: {"The numbers": _table(("what", "value"), _numbers())},
    }


def section(text: str, heading: str) -> re.Match[str]:
    """What stands under a heading. Raises `ValueError` where there is none."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", text, re.MULTILINE | re.DOTALL)
    if found is None:
        raise ValueError(f"the page has no section {heading}")
    return found


def written(page: Path) -> str:
    """The text of a page with its tables as the code makes them now."""
    text = page.read_text(encoding="utf-8")
    for heading, table in made()[page].items():
        found = section(text, heading)
        renewed = re.sub(r"(^\|.*\n)+", lambda _match, table=table: table, found[1], count=1, flags=re.MULTILINE)  # type: ignore[misc]
        text = text[: found.start(1)] + renewed + text[found.end(1) :]
    return text


def _settings() -> str:
    return _table(
        ("setting", "default", "what"),
        (
            (
                f"`{item.name}`" + (f" or `{item.name}_FILE`" if item.secret else ""),
                f"`{item.default}`" if item.default else "",
                item.description,
            )
            for item in settings.documented()
        ),
    )


def _metrics() -> str:
    return _table(
        ("metric", "kind", "labels", "what"),
        (
            (f"`{item.name}`", item.kind, ", ".join(f"`{label}`" for label in item.labels), item.description)
            for item in metrics.documented()
        ),
    )


def _numbers() -> list[tuple[str, str]]:
    """What the ledger and the lease go by, with the value in the code."""
    depths = ", ".join(_span(depth) for depth in checksum.DEPTHS)
    first = ", ".join(_span(wait) for wait in checksum._FIRST_WAITS)
    longest = ", ".join(_span(wait) for wait in checksum._LONGEST_WAITS)
    kept = sums.KEPT // timedelta(microseconds=1)
    lease = f"three quarters of `BFF_REFRESH_SECONDS`, {leader.LEAST_LEASE:g} s to {leader.LONGEST_LEASE:g} s"
    return [
        ("events of one page, at the most", str(LARGEST_PAGE)),
        ("pages of one transaction", str(feed.PAGES_AT_ONCE)),
        ("overlap of two readings", _span(progress.OVERLAP)),
        ("how long an event is a row of its own", _span(kept)),
        ("depths to which the feed is read again", depths),
        ("rest of each depth after it has found something", first),
        ("longest rest of each depth; it doubles while nothing is found", longest),
        ("age at which a difference is looked for although it may be in flight", _span(checksum.LASTING)),
        ("checks after which a surplus is accepted", str(checksum._CHECKS_OF_SURPLUS)),
        ("pages of older days a second, in the mean", f"{feed.BACKFILL_PAGES_A_SECOND:g}"),
        ("events that could not be read and are remembered by name", str(progress.MOST_UNREAD)),
        ("least time between two readings of the lists", f"{leader.LEAST_SECONDS_BETWEEN_LISTS:g} s"),
        ("life of the lease", lease),
        ("how long a follower waits when a caller insists", f"{leader.FOLLOWER_WAITS:g} s"),
    ]


def _span(micros: int) -> str:
    seconds = micros // 1_000_000
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return (
        "".join("| " + " | ".join(cells) + " |\n" for cells in lines)
        .replace("| --- ", "|---")
        .replace("|--- |", "|---|")
    )


if __name__ == "__main__":
    for written_page in made():
        written_page.write_text(written(written_page), encoding="utf-8")
