"""`keeptrusts-bff spend`: what an entity has spent, in a terminal."""

from __future__ import annotations

from decimal import Decimal

import click
from rich.table import Table
from rich.text import Text

from bff.cli.bff_client import ask, understood
from bff.cli.exits import Exit, Failure
from bff.cli.tables import BAR_CELLS, console, findings, models, money, printable, spent
from bff.status.wire import MonthToDate, SpendReport, UnusualDay
from bff.wording import percent


def spend(entity_ref: str, *, url: str, as_json: bool, days: int, form: str = "table") -> None:
    """Print the spend of an entity, as tables, as the BFF's JSON, or as the rows of a file (`csv`, `focus`)."""
    if form != "table":
        if as_json:
            raise Failure("--json and --format exclude each other", Exit.USAGE)
        # As it came: a line ends as RFC 4180 says, on every system.
        click.echo(ask(url, entity_ref, "spend", media_type="text/csv", days=days, format=form), nl=False)
        return
    body = ask(url, entity_ref, "spend", days=days)
    report = understood(body, SpendReport)
    if as_json:
        click.echo(body)
    else:
        show(report)


def show(report: SpendReport) -> None:
    """Print `report` for a person."""
    out = console()
    out.print(spent(report.entity_ref, report.days, report.total, complete=report.complete))
    if report.findings:
        out.print(findings(report.findings))
    if report.month is not None:
        out.print(_month(report.month))
    for table in (_days(report) if report.by_day else None, models(report.by_model) if report.by_model else None):
        if table is not None:
            out.print()
            out.print(table)


def _month(month: MonthToDate) -> Text:
    """`2026-11: $812.40 of $1,000.00 (81 %), +12 % on the month before; likely end $1,004.20 ($960.10 to $1,050.00)`."""
    bound = "" if month.complete else "at least "
    text = Text.assemble((f"{month.month}: ", "bold"), f"{bound}{money(month.spent)}")
    if month.budget is not None:
        used = f" ({percent(month.used_ratio)})" if month.used_ratio is not None else ""
        text.append(f" of {money(month.budget)}{used}")
    if month.change is not None and month.previous is not None:
        grown = f"{month.change.ratio:+.0%}" if month.change.ratio is not None else f"{money(month.change.amount)} more"
        text.append(f", {grown} on {month.previous.month} up to the same day")
    forecast = month.forecast
    if forecast is not None:
        text.append(f"; likely end {money(forecast.likely)} ({money(forecast.low)} to {money(forecast.high)})")
    elif month.forecast_missing is not None:
        text.append(f"; {_NO_FORECAST[month.forecast_missing]}", "dim")
    return text


_NO_FORECAST = {
    "too-few-days": "no forecast: fewer than 7 whole days of spend",
    "incomplete": "no forecast: days could not be read whole",
}


def _days(report: SpendReport) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column(f"Day ({report.timezone})", no_wrap=True)
    table.add_column("Spent", justify="right")
    table.add_column("")
    days = report.by_day or ()
    unusual = {day.date: day for day in report.unusual_days or ()}
    largest = max((Decimal(day.spent.amount) for day in days), default=Decimal(0))
    for day in days:
        share = Decimal(day.spent.amount) / largest if largest > 0 else Decimal(0)
        notes = ("  so far" if day.partial else "") + ("" if day.complete else "  lower bound")
        notes += _unusual(unusual[day.date]) if day.date in unusual else ""
        table.add_row(
            day.date.isoformat(),
            money(day.spent),
            Text("█" * max(0, int(share * BAR_CELLS)), style="green") + Text(notes, style="dim"),
        )
    return table


def _unusual(day: UnusualDay) -> str:
    model = f" ({printable(day.model)})" if day.model is not None else ""
    return f"  unusual: {money(day.usual)} is usual{model}"
