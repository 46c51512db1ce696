"""The README's tables that are made from the code; `make readme` writes them anew, and a test compares them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from bff import settings
from bff.telemetry import metrics
from bff.web.openapi import OPERATIONS
from bff.web.problems import URN, ProblemType

README = Path(__file__).parents[2] / "README.md"


def made() -> dict[str, str]:
    """The tables by the heading under which they stand."""
    return {
        "Settings": _table(
            ("setting", "default", "what"),
            (
                (
                    f"`{item.name}`" + (f" or `{item.name}_FILE`" if item.secret else ""),
                    f"`{item.default}`" if item.default else "",
                    item.description,
                )
                for item in settings.documented()
            ),
        ),
        "Routes": _table(("route", "what"), ((f"`{o.method.upper()} {o.path}`", o.summary) for o in OPERATIONS)),
        "Problems": _table(
            ("type", "status", "what"), ((f"`{URN}{kind.slug}`", str(kind.status), kind.title) for kind in ProblemType)
        ),
        "Metrics": _table(
            ("metric", "kind", "labels", "what"),
            (
                (f"`{item.name}`", item.kind, ", ".join(f"`{label}`" for label in item.labels), item.description)
                for item in metrics.documented()
            ),
        ),
    }


def section(text: str, heading: str) -> re.Match[str]:
    """What stands under a heading. Raises `ValueError` where there is none."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", text, re.MULTILINE | re.DOTALL)
    if found is None:
        raise ValueError(f"the README has no section {heading}")
    return found


def written(text: str) -> str:
    """The README with its tables made anew."""
    for heading, table in made().items():
        found = section(text, heading)
        renewed = re.sub(r"(^\|.*\n)+", lambda _match, table=table: table, found[1], count=1, flags=re.MULTILINE)  # type: ignore[misc]
        text = text[: found.start(1)] + renewed + text[found.end(1) :]
    return text


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return (
        "".join("| " + " | ".join(cells) + " |\n" for cells in lines)
        .replace("| --- ", "|---")
        .replace("|--- |", "|---|")
    )


if __name__ == "__main__":
    README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")
