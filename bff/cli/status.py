"""`keeptrusts-bff status`: one entity's card in a terminal."""

from __future__ import annotations

import click
from rich.table import Table
from rich.text import Text

from bff.cli.bff_client import ask, understood
from bff.cli.exits import Exit
from bff.cli.tables import STYLES, bar, clock, console, findings, money, printable
from bff.status.findings import State
from bff.status.wire import BudgetStatus, GatewayKeyStatus, GovernanceStatus, PreviousKeyStatus

FAILING = {"warning": {State.WARNING, State.ERROR, State.UNKNOWN}, "error": {State.ERROR, State.UNKNOWN}}


def status(entity_ref: str, *, url: str, as_json: bool, fail_on: str | None) -> None:
    """Print the status of an entity, as a table or as the BFF's JSON."""
    body = ask(url, entity_ref, "governance")
    answer = understood(body, GovernanceStatus)
    if as_json:
        click.echo(body)
    else:
        show(answer)
    if fail_on and answer.state in FAILING[fail_on]:
        raise click.exceptions.Exit(int(Exit.FOUND))


def show(answer: GovernanceStatus) -> None:
    """Print `answer` for a person: the state and what is wrong first, then money, then who and what."""
    out = console()
    out.print(Text.assemble((answer.state.upper(), STYLES[answer.state]), "  ", (answer.entity_ref, "bold")))
    if answer.findings:
        out.print(findings(answer.findings))
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="dim", no_wrap=True)
    rows.add_column()
    for label, value in _rows(answer):
        rows.add_row(label, value)
    out.print()
    out.print(rows)


def _rows(answer: GovernanceStatus) -> list[tuple[str, Text | str]]:
    rows: list[tuple[str, Text | str]] = []
    if answer.budget:
        rows += _budget_rows(answer.budget)
    if answer.wallet:
        wallet = answer.wallet
        rows.append(
            (
                "Wallet",
                f"{money(wallet.available)} available, {money(wallet.reserved)} reserved, of {money(wallet.allocated)} allocated ({wallet.state})",
            )
        )
    if answer.tightest_limit:
        rows.append(("Binds first", {"budget": "the daily budget", "wallet": "the wallet"}[answer.tightest_limit]))
    if answer.gateway_key:
        rows += _key_rows(answer.gateway_key)
    if answer.policy_tier:
        tier = answer.policy_tier
        rows.append(
            (
                "Policy tier",
                f"{printable(tier.declared or 'none')} declared, {printable(tier.enforced or 'none')} enforced",
            )
        )
    if answer.team:
        rows.append(("Team", printable(answer.team.name)))
    if answer.activity:
        activity = answer.activity
        bound = "" if activity.complete else "at least "
        acts = f"{activity.blocked:,} blocked, {activity.redacted:,} redacted, {activity.escalated:,} escalated"
        rows.append(("Today", f"{bound}{activity.requests:,} requests: {acts}"))
    for label, link in (("Console", answer.links.console), ("Gateway", answer.links.gateway)):
        if link:
            rows.append((label, link))
    stale = " (stale: Keeptrusts cannot be reached)" if answer.freshness.stale else ""
    rows.append(("Facts of", f"{clock(answer.freshness.observed_at)}{stale}"))
    return rows


def _key_rows(key: GatewayKeyStatus) -> list[tuple[str, Text | str]]:
    expiry = f", expires {clock(key.expires_at)}" if key.expires_at else ""
    prefix = f" {printable(key.prefix)}…" if key.prefix else ""
    several = f"; {key.count} keys of this name, this one is current" if key.count and key.count > 1 else ""
    rows: list[tuple[str, Text | str]] = [
        ("Gateway key", f"{printable(key.declared)} ({key.state}){prefix}{expiry}{several}")
    ]
    if key.previous:
        rows.append(("Previous key", _still_works(key.previous)))
    return rows


def _still_works(key: PreviousKeyStatus) -> str:
    name = f"{printable(key.prefix)}…" if key.prefix else printable(key.id)
    used = f"last used {clock(key.last_used_at)}" if key.last_used_at else "never used"
    end = f", revoked {clock(key.revokes_at)} at the earliest" if key.revokes_at else ""
    return f"{name} still works, {used}{end}"


def _budget_rows(budget: BudgetStatus) -> list[tuple[str, Text | str]]:
    bound = "" if budget.complete else "at least "
    whose = "" if budget.attribution == "key" else " (by the whole team)"
    if budget.daily is None:
        return [("Spent today", f"{bound}{money(budget.spent)}{whose}; no daily budget declared")]
    share = f" {budget.used_ratio:.0%}" if budget.used_ratio is not None else ""
    outlook = f"runs out {clock(budget.exhausts_at)}" if budget.exhausts_at else f"resets {clock(budget.resets_at)}"
    return [
        (
            "Spent today",
            Text.assemble(
                bar(budget.used_ratio, mark=budget.elapsed_ratio),
                f"{share}  {bound}{money(budget.spent)} of {money(budget.daily)}{whose}",
            ),
        ),
        ("", f"{budget.elapsed_ratio:.0%} of the day has passed (│); {outlook}"),
    ]
