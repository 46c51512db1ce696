"""`keeptrusts-bff policy check` and `keeptrusts-bff audit`: what teams may do, and what was done."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import orjson
from rich.markup import escape
from rich.table import Table

from bff.cli.exits import Exit, Failure
from bff.cli.serve import lasting_database
from bff.cli.tables import console, printable
from bff.provisioning.acts import Act, State, recorded
from bff.provisioning.policy import Limits
from bff.provisioning.policy_file import PolicyFileError, load_policy
from bff.store.database import Database, StoreError

_SPAN = re.compile(r"([1-9][0-9]{0,4})([dh])", re.ASCII)


def check(file: Path) -> None:
    """Print what a policy file says; ends with 1 and one line, with the line's number, when it has a mistake."""
    try:
        policy = load_policy(file)
    except PolicyFileError as error:
        raise Failure(str(error), Exit.FOUND) from None
    click.echo(f"{file}: no fault")
    for team, limits in (("every team", policy.limits), *sorted(policy.teams.items())):
        click.echo(f"  {team}: {_described(limits)}")
    if policy.muted:
        click.echo(f"  never alerted: {', '.join(sorted(policy.muted))}")
    click.echo(f"  for more, ask {policy.ask}")


def audit(*, team: str | None, since: str, as_json: bool) -> None:
    """Print the acts and refusals in the database, oldest first.

    Ends with 2 for a span of another form, 3 for a wrong setting and 5 when the database cannot be used.
    """
    span = _SPAN.fullmatch(since)
    if span is None:
        raise Failure(f"--since {since!r}: must be days or hours, such as 30d or 12h", Exit.USAGE)
    number = int(span[1])
    begin = datetime.now(UTC) - (timedelta(days=number) if span[2] == "d" else timedelta(hours=number))
    database, _ = lasting_database()
    try:
        acts = asyncio.run(_read(database, team, begin))
    except StoreError as error:
        raise Failure(f"the database cannot be used: {error}", Exit.UNREACHABLE) from None
    if as_json:
        for act in acts:
            click.echo(orjson.dumps(_document(act)))
    elif acts:
        console().print(_table(acts))
    else:
        click.echo(f"No act since {begin:%Y-%m-%d %H:%M} UTC{f' on the team {team}' if team else ''}.")


async def _read(database: Database, team: str | None, since: datetime) -> Sequence[Act]:
    try:
        return await recorded(database, team=team, since=since)
    finally:
        await database.close()


def _described(limits: Limits) -> str:
    life = "any" if limits.longest_key_life is None else f"{limits.longest_key_life.days} days of"
    tiers = ", ".join(limits.tiers) or "no tier"
    return f"{limits.monthly} a month; {tiers}; {limits.most_keys} living keys, {life} life"


def _document(act: Act) -> dict[str, object]:
    members = {
        "id": act.id,
        "at": act.started_at,
        "operation": act.operation,
        "team": act.team,
        "teamId": act.team_id,
        "name": act.name,
        "state": act.state.value,
        "person": act.person,
        "via": act.via,
        "approvedBy": act.approved_by,
        "requestId": act.request_id,
        "amount": None if act.amount is None else {"amount": act.amount.plain(), "currency": act.amount.currency},
        "made": act.made,
        "previous": act.previous,
        "dueAt": act.due_at,
        "detail": act.detail,
    }
    return {name: value for name, value in members.items() if value is not None and value != ""}


def _table(acts: Sequence[Act]) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("when (UTC)", "who", "what", "name", "state", "made", "detail"):
        table.add_column(title, overflow="fold")
    for act in acts:
        who = f"{act.person}{f' via {act.via}' if act.via else ''}"
        due = f" until {act.due_at:%Y-%m-%d %H:%M}" if act.state is State.PENDING and act.due_at else ""
        words = (who, act.operation, act.name, f"{act.state.value}{due}", act.made, act.detail)
        table.add_row(f"{act.started_at:%Y-%m-%d %H:%M:%S}", *(escape(printable(word)) for word in words))
    return table
