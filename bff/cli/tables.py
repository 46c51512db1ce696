"""How values look in a terminal. State is always a word, never a colour alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bff.status.findings import Severity, State
from bff.status.wire import Amount, Finding, ModelSpend

STYLES = {
    State.OK: "bold green",
    State.WARNING: "bold yellow",
    State.ERROR: "bold red",
    State.UNCONFIGURED: "bold blue",
    State.UNKNOWN: "bold magenta",
}
BAR_CELLS = 24
_CENT = Decimal("0.01")


def console() -> Console:
    """A console that breaks no lines of its own accord when it is not a terminal."""
    made = Console(highlight=False)
    return made if made.is_terminal else Console(highlight=False, width=120)


_MARKS = {Severity.ERROR: "●", Severity.WARNING: "○", Severity.INFO: "·"}


def findings(found: Iterable[Finding]) -> Table:
    """Each finding with its hint; a mark at the left edge separates them in a narrow terminal."""
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column()
    for finding in found:
        table.add_row(
            f"  {_MARKS[finding.severity]}", Text.assemble((finding.code, "bold"), "  ", printable(finding.message))
        )
        if finding.hint:
            table.add_row("", Text(printable(finding.hint), style="dim"))
    return table


def spent(entity_ref: str, days: int, total: Amount | None, *, complete: bool) -> Text:
    """`component:default/bot  last 30 days: at least $1,234.50`."""
    bound = "" if complete else "at least "
    span = "today" if days == 1 else f"last {days} days"
    shown = "not shown" if total is None else f"{bound}{money(total)}"
    return Text.assemble((entity_ref, "bold"), f"  {span}: {shown}")


def models(by_model: Iterable[ModelSpend]) -> Table:
    """What was spent on each model."""
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("Model")
    table.add_column("Spent", justify="right")
    table.add_column("Requests", justify="right")
    for model in by_model:
        table.add_row(printable(model.model or "(not named)"), money(model.spent), f"{model.requests:,}")
    return table


def printable(text: str) -> str:
    """Text from outside without what could command a terminal."""
    return "".join(character if character.isprintable() else "�" for character in text)


def money(amount: Amount | None) -> str:
    """`$1,234.50`; amounts below a cent keep their digits, so that they never look like nothing."""
    if amount is None:
        return "-"
    value = Decimal(amount.amount)
    text = f"{abs(value):,.2f}" if not value or abs(value) >= _CENT else _two_digits(abs(value))
    sign = "-" if value < 0 else ""
    return f"{sign}${text}" if amount.currency == "USD" else f"{sign}{text} {amount.currency}"


def _two_digits(value: Decimal) -> str:
    places = 1 - value.adjusted()
    return f"{value:.{places}f}"


def clock(moment: datetime | None) -> str:
    """`2026-01-31 16:40 UTC`."""
    return "-" if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"


def bar(ratio: Decimal | None, *, mark: Decimal | None = None) -> Text:
    """A bar of a share, full from 100 % on; `mark` is where it would be at an even pace."""
    if ratio is None:
        return Text("")
    filled = max(0, min(BAR_CELLS, int(ratio * BAR_CELLS)))
    style = "red" if ratio >= 1 else "yellow" if ratio >= Decimal("0.8") else "green"
    text = Text("█" * filled, style=style) + Text("░" * (BAR_CELLS - filled), style="dim")
    if mark is not None:
        place = max(0, min(BAR_CELLS - 1, int(mark * BAR_CELLS)))
        text = text[:place] + Text("│", style="bold") + text[place + 1 :]
    return text
