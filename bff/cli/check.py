"""`keeptrusts-bff check`: whether an entity may still spend, as an exit code for pipelines."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

import click
from rich.text import Text

from bff.actions.budget_check import BudgetCheck, Reason, check_budget
from bff.cli.bff_client import ask, understood
from bff.cli.exits import Exit, Failure
from bff.cli.tables import clock, console, money, printable
from bff.status.wire import GovernanceStatus


def check(entity_ref: str, *, url: str, as_json: bool, cost: str | None) -> None:
    """Print whether an entity may still spend, and end with 0 for yes, 1 for no and 5 where it cannot be known."""
    expected = None if cost is None else _amount(cost)
    status = understood(ask(url, entity_ref, "governance"), GovernanceStatus)
    answer = check_budget(status, cost=expected)
    if as_json:
        click.echo(answer.model_dump_json())
    else:
        show(answer)
    if not answer.allowed:
        raise click.exceptions.Exit(int(Exit.UNREACHABLE if answer.reason == Reason.UNKNOWN else Exit.FOUND))


def show(answer: BudgetCheck) -> None:
    """Print `answer` for a person: the answer first, then why and what to do, then what is left."""
    out = console()
    said = ("MAY SPEND", "bold green") if answer.allowed else ("MAY NOT SPEND", "bold red")
    out.print(Text.assemble(said, "  ", (answer.entity_ref, "bold"), f"  {answer.reason}"))
    out.print(Text(printable(answer.message)))
    if answer.advice:
        out.print(Text(printable(answer.advice), style="dim"))
    if answer.left is not None:
        whose = "today's budget" if answer.limit == "budget" else "the team's wallet"
        bound = "" if answer.complete is not False else "at most "
        out.print(f"Left: {bound}{money(answer.left)} of {whose}; the budget begins again {clock(answer.resets_at)}")


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise Failure(f"--cost {text[:20]!r} must be an amount of US dollars such as 12.50", Exit.USAGE)
    return amount
