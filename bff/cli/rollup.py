"""`keeptrusts-bff rollup`: what the members of a group, a system or a domain have spent, in a terminal."""

from __future__ import annotations

import click
from rich.table import Table
from rich.text import Text

from bff.cli.bff_client import ask, understood
from bff.cli.tables import STYLES, console, findings, models, money, printable, spent
from bff.status.wire import PreviousPeriod, RollUp, RollUpMember

_KIND = "group"


def rollup(entity_ref: str, *, url: str, as_json: bool, days: int) -> None:
    """Print the roll-up of a group, a system or a domain, as tables or as the BFF's JSON."""
    body = ask(url, entity_ref, "rollup", default_kind=_KIND, days=days)
    answer = understood(body, RollUp)
    if as_json:
        click.echo(body)
    else:
        show(answer)


def show(answer: RollUp) -> None:
    """Print `answer` for a person: the total and what is missing of it first, then members and models."""
    out = console()
    out.print(spent(answer.entity_ref, answer.days, answer.total, complete=answer.complete))
    if answer.findings:
        out.print(findings(answer.findings))
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="dim", no_wrap=True)
    rows.add_column()
    for label, value in _rows(answer):
        rows.add_row(label, value)
    out.print()
    out.print(rows)
    for table in (_members(answer) if answer.members else None, models(answer.by_model) if answer.by_model else None):
        if table is not None:
            out.print()
            out.print(table)


def _rows(answer: RollUp) -> list[tuple[str, Text | str]]:
    states = [Text(f"{count} {state}", style=STYLES[state]) for state, count in answer.states.items() if count]
    rows: list[tuple[str, Text | str]] = [("Members", Text(", ").join(states) if states else "none")]
    if answer.previous is not None:
        rows.append(("Before", _previous(answer.previous)))
    if answer.unclaimed is not None:
        rows.append(("Claimed by no member", money(answer.unclaimed)))
    if answer.daily_budget is not None:
        rows.append(("Daily budgets", f"{money(answer.daily_budget)} in {answer.budgets}"))
    rows += [
        (f"Wallet of {printable(wallet.team)}", f"{money(wallet.available)} available ({wallet.state})")
        for wallet in answer.wallets or ()
    ]
    rows += [(f"Shared key {printable(key.key)}", printable(", ".join(key.members))) for key in answer.shared_keys]
    return rows


def _previous(previous: PreviousPeriod) -> str:
    bound = "" if previous.complete else "at least "
    change = previous.change
    sign = "" if change.amount.amount.startswith("-") else "+"
    share = f" ({change.ratio:+.0%})" if change.ratio is not None else ""
    return f"{bound}{money(previous.total)} from {previous.from_} to {previous.to}; {sign}{money(change.amount)}{share} since"


def _members(answer: RollUp) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("Member")
    table.add_column("State")
    table.add_column("Spent", justify="right")
    table.add_column("Key")
    table.add_column("")
    for member in answer.members:
        table.add_row(
            printable(member.entity_ref),
            Text(member.state, style=STYLES[member.state]),
            money(member.spent),
            printable(", ".join(member.keys)),
            Text(_notes(member), style="dim"),
        )
    return table


def _notes(member: RollUpMember) -> str:
    notes = ["shared"] if member.shared else []
    if member.withheld:
        notes.append("amounts withheld")
    elif not member.complete:
        notes.append("lower bound")
    if member.worst is not None:
        notes.append(member.worst.code)
    return ", ".join(notes)
