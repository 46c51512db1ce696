"""`keeptrusts-bff coverage`: which spend entities claim, in a terminal or as a gate in CI."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_FLOOR, Decimal

import click
from rich.table import Table
from rich.text import Text

from bff.cli.bff_client import ask_at, understood
from bff.cli.exits import Exit, Failure
from bff.cli.tables import console, findings, money, printable
from bff.status.findings import Code
from bff.status.wire import Coverage

_MOST_ROWS = 20
"""Rows of one table: the largest are first, and `--json` has more."""

_TENTH = Decimal("0.1")


def coverage(*, url: str, as_json: bool, days: int, fail_under: float | None) -> None:
    """Print coverage, as tables or as the BFF's JSON; end with `Exit.FOUND` where it is below `fail_under` percent."""
    body = ask_at(url, "/v1/coverage", days=days)
    report = understood(body, Coverage)
    if as_json:
        click.echo(body)
    else:
        show(report)
    if fail_under is not None:
        judge(report, Decimal(str(fail_under)))


def judge(report: Coverage, least: Decimal) -> None:
    """End the command unless entities claim at least `least` percent of the spend. Where nothing was spent, they do.

    Raises `Failure` with `Exit.FOUND` where they claim less, and with `Exit.UNREACHABLE` where that cannot be said: spend
    could not be read, or what could not be read might be claimed.
    """
    share = percentage(report)
    if share is None and report.total is not None:
        return
    doubts = [finding.message for finding in report.findings if finding.code not in _BOUNDS_ALONE]
    if share is None or (share < least and doubts):
        raise Failure(f"the share cannot be said now: {' '.join(doubts)}", Exit.UNREACHABLE)
    if share < least:
        message = f"entities claim {_rounded(share)} % of the spend, less than {_rounded(least)} %"
        raise Failure(message, Exit.FOUND)


_BOUNDS_ALONE = frozenset({Code.SPEND_INCOMPLETE, Code.DATA_STALE})
"""Findings with which the share is that of what has been read."""


def percentage(report: Coverage) -> Decimal | None:
    """What entities claim, in percent of the total, exact; None where nothing was spent or spend could not be read."""
    if report.claimed is None or report.total is None or Decimal(report.total.amount) <= 0:
        return None
    return Decimal(report.claimed.amount) * 100 / Decimal(report.total.amount)


def show(report: Coverage) -> None:
    """Print `report` for a person: the share, then what to do about the rest."""
    out = console()
    span = "today" if report.days == 1 else f"last {report.days} days"
    bound = "" if report.complete else "at least "
    share = percentage(report)
    if report.total is None:
        out.print(Text.assemble(("Coverage", "bold"), f"  {span}: not known"))
    elif share is None:
        out.print(Text.assemble(("Coverage", "bold"), f"  {span}: nothing was spent"))
    else:
        out.print(Text.assemble(("Coverage", "bold"), f"  {span}: {_rounded(share)} % of {bound}{money(report.total)}"))
        out.print(f"  {bound}{money(report.claimed)} is claimed, {bound}{money(report.unclaimed)} is not")
    if report.findings:
        out.print(findings(report.findings))
    for title, columns, rows, left in _tables(report):
        if rows:
            out.print()
            out.print(_table(title, columns, rows))
            if (more := left + max(len(rows) - _MOST_ROWS, 0)) > 0:
                out.print(Text(f"and {more:,} more", style="dim"))


_Rows = list[tuple[str, ...]]


def _tables(report: Coverage) -> Iterable[tuple[str, tuple[str, ...], _Rows, int]]:
    left = report.truncated
    yield (
        "Keys that no entity claims",
        ("Key", "Team", "Spent", "Requests", "Likely owner"),
        [
            (
                printable(row.key or row.key_id or "(not named)"),
                printable(row.team or "-"),
                money(row.spent),
                f"{row.requests:,}",
                row.likely_owner or "-",
            )
            for row in report.unclaimed_keys
        ],
        left.unclaimed_keys,
    )
    yield (
        "Claims that mean no key",
        ("Entity", "Key", "Owner", "Why"),
        [
            (
                each.entity_ref,
                printable(each.key),
                each.owner or "-",
                "not there" if each.state == "not-found" else "not the owner's",
            )
            for each in report.unknown_keys
        ],
        left.unknown_keys,
    )
    yield (
        "Keys that several entities claim",
        ("Key", "Team", "Spent", "Entities"),
        [
            (
                printable(each.key),
                printable(each.team or "-"),
                money(each.spent),
                ", ".join(each.members) + (", …" if each.members_count > len(each.members) else ""),
            )
            for each in report.shared_keys
        ],
        left.shared_keys,
    )
    yield (
        "Consumers of the gateway without a key",
        ("Entity", "Owner"),
        [(each.entity_ref, each.owner or "-") for each in report.silent_consumers],
        left.silent_consumers,
    )
    yield (
        "Wallets of teams without a service",
        ("Team", "Available"),
        [(printable(each.team), money(each.available)) for each in report.idle_wallets],
        left.idle_wallets,
    )


_NUMERIC = frozenset({"Spent", "Requests", "Available"})


def _table(title: str, columns: Sequence[str], rows: _Rows) -> Table:
    table = Table(
        box=None, header_style="dim", padding=(0, 2, 0, 0), title=title, title_style="bold", title_justify="left"
    )
    for column in columns:
        table.add_column(column, justify="right" if column in _NUMERIC else "left")
    for row in rows[:_MOST_ROWS]:
        table.add_row(*row)
    return table


def _rounded(share: Decimal) -> str:
    # Down, so that 94.99 never reads as 95.
    return f"{share.quantize(_TENTH, ROUND_FLOOR):f}".removesuffix(".0")
