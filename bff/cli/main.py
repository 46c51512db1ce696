"""The command line: which commands there are."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from pathlib import Path

import click

import bff
from bff.cli.exits import Exit, Failure


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(bff.__version__, prog_name="keeptrusts-bff", message="%(prog)s %(version)s")
def main() -> None:
    """AI governance status inside Backstage.

    Settings come from the environment; docs/reference.md lists them.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A bar that a terminal's character set lacks is no reason to show nothing.
            stream.reconfigure(errors="replace")


@main.command()
def serve() -> None:
    """Run the service against real Keeptrusts and real Backstage."""
    from bff.cli.serve import serve as run  # noqa: PLC0415 - a command pays only for its own imports

    run()


@main.command()
@click.option("--port", default=8787, show_default=True, help="Port of the BFF; 0 takes a free one.")
@click.option("--sandbox-port", default=8080, show_default=True, help="Port of the sandbox's control plane.")
@click.option("--gateway-port", default=41002, show_default=True, help="Port of the sandbox's gateway.")
@click.option("--traffic/--no-traffic", default=True, help="Keep chat completions going, so that numbers move.")
def demo(*, port: int, sandbox_port: int, gateway_port: int, traffic: bool) -> None:
    """Try everything on this machine, without Backstage.

    Starts the sandbox, its gateway, and the BFF over the example catalog.
    """
    from bff.cli.demo import demo as run  # noqa: PLC0415

    run(port=port, sandbox_port=sandbox_port, gateway_port=gateway_port, traffic=traffic)


@main.command()
@click.option("--port", default=8080, show_default=True, help="Port of the control plane; 0 takes a free one.")
@click.option("--gateway-port", default=41002, show_default=True, help="Port of the gateway.")
@click.option("--traffic/--no-traffic", default=False, help="Keep chat completions going.")
@click.option("--empty", is_flag=True, help="Start without the example teams.")
@click.option(
    "--load",
    metavar="[NAME=VALUE,…]",
    is_flag=False,
    flag_value="",
    help="A large organisation with steady events instead of the example teams, as in "
    "teams=2000,keys=5000,rate=100,history=500000,late=0.01,order=oldest-first,cursors=position.",
)
def sandbox(*, port: int, gateway_port: int, traffic: bool, empty: bool, load: str | None) -> None:
    """Run the stand-in for Keeptrusts alone.

    `--load` without a value has 2,000 teams, 5,000 keys and 100 events a second. PUT /_sandbox/feed changes order and cursors
    while it runs; GET /_sandbox/truth gives what all events add up to.
    """
    from bff.cli.demo import sandbox as run  # noqa: PLC0415

    run(port=port, gateway_port=gateway_port, traffic=traffic, empty=empty, load=load)


url_option = click.option(
    "--url",
    envvar="BFF_URL",
    default="http://127.0.0.1:8787",
    show_default=True,
    help="Address of a running BFF (BFF_URL).",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the BFF's own JSON.")


@main.command()
@click.argument("entity_ref")
@url_option
@json_option
@click.option("--fail-on", type=click.Choice(["warning", "error"]), help="Exit with 1 when the state is this or worse.")
def status(*, entity_ref: str, url: str, as_json: bool, fail_on: str | None) -> None:
    """Show the AI governance status of ENTITY_REF.

    ENTITY_REF is the entity as Backstage refers to it, such as component:default/customer-support-bot, or its name alone
    for a component in the namespace default. BFF_TOKEN holds your Backstage token, where the BFF wants one.
    """
    from bff.cli.status import status as run  # noqa: PLC0415

    run(entity_ref, url=url, as_json=as_json, fail_on=fail_on)


@main.command()
@click.argument("entity_ref")
@url_option
@json_option
@click.option(
    "--days", type=click.IntRange(1, 90), default=30, show_default=True, help="How many days back, today included."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "focus"]),
    default="table",
    show_default=True,
    help="Rows of a file instead of tables: CSV, or the columns of FOCUS 1.2.",
)
def spend(*, entity_ref: str, url: str, as_json: bool, days: int, form: str) -> None:
    """Show what ENTITY_REF has spent by day and by model.

    ENTITY_REF is the entity as Backstage refers to it, such as component:default/customer-support-bot, or its name alone
    for a component in the namespace default. BFF_TOKEN holds your Backstage token, where the BFF wants one.
    """
    from bff.cli.spend import spend as run  # noqa: PLC0415

    run(entity_ref, url=url, as_json=as_json, days=days, form=form)


@main.command()
@click.argument("entity_ref")
@url_option
@json_option
@click.option(
    "--days", type=click.IntRange(1, 90), default=30, show_default=True, help="How many days back, today included."
)
def rollup(*, entity_ref: str, url: str, as_json: bool, days: int) -> None:
    """Show what the members of ENTITY_REF have spent, each key once, and their states.

    ENTITY_REF is a group, a system or a domain as Backstage refers to it, such as system:default/checkout, or the name alone
    of a group in the namespace default. BFF_TOKEN holds your Backstage token, where the BFF wants one.
    """
    from bff.cli.rollup import rollup as run  # noqa: PLC0415

    run(entity_ref, url=url, as_json=as_json, days=days)


@main.command("check")
@click.argument("entity_ref")
@url_option
@json_option
@click.option("--cost", metavar="USD", help="What is about to be spent, in US dollars.")
def check_budget(*, entity_ref: str, url: str, as_json: bool, cost: str | None) -> None:
    """Say whether ENTITY_REF may still spend on AI, for pipelines.

    Exits with 0 for yes, 1 for no, 5 where it cannot be known, 6 where there is no such entity for you. With --json it prints what
    Backstage's action check-ai-budget gives. ENTITY_REF and BFF_TOKEN are as for `status`.
    """
    from bff.cli.check import check as run  # noqa: PLC0415

    run(entity_ref, url=url, as_json=as_json, cost=cost)


@main.command()
@url_option
@json_option
@click.option(
    "--days", type=click.IntRange(1, 90), default=30, show_default=True, help="How many days back, today included."
)
@click.option(
    "--fail-under",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="Exit with 1 when entities claim a smaller share of the spend than this.",
)
def coverage(*, url: str, as_json: bool, days: int, fail_under: float | None) -> None:
    """Show which spend entities claim, and which keys stand in none.

    For members of the platform groups, whose Backstage token BFF_TOKEN holds, where the BFF wants one. With --fail-under
    it also exits with 5 when not all entities of the catalog could be read, so that the share cannot be said.
    """
    from bff.cli.coverage import coverage as run  # noqa: PLC0415

    run(url=url, as_json=as_json, days=days, fail_under=fail_under)


@main.command()
@click.argument("files", nargs=-1, required=True)
@click.option(
    "--closed", is_flag=True, help="The files are the whole catalog: a reference to anything else is a fault."
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list of faults.")
def lint(*, files: tuple[str, ...], closed: bool, as_json: bool) -> None:
    """Check the AI annotations of catalog FILES.

    FILES are files, folders (searched whole) and globs; also references and templates in them are checked. Exits with 1
    when something is wrong.
    """
    from bff.cli.lint import lint as run  # noqa: PLC0415

    run(files, closed=closed, as_json=as_json)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list of trials.")
@click.option("--entity", "entity_ref", metavar="ENTITY_REF", help="An entity that the person of BFF_TOKEN looks at.")
@click.option("--url", help="Address of a running BFF that is asked for the entity too.")
def doctor(*, as_json: bool, entity_ref: str | None, url: str | None) -> None:
    """Try every outside system, one line each.

    With the service's own settings: every call to Keeptrusts and every field that is assumed of it, then Backstage and
    Vault where they are named, and the fingerprints of secrets, which `serve` logs too. With a person's Backstage token in
    BFF_TOKEN: what happens to a request of that person. Changes nothing. Exits with 1 when something fails.
    """
    from bff.cli.doctor import doctor as run  # noqa: PLC0415

    run(as_json=as_json, entity_ref=entity_ref, url=url)


@main.command()
def migrate() -> None:
    """Make the database's tables, or bring them up to date.

    `serve` does it too as it starts. Run it before a rollout where the service's own user may not make tables. Nothing
    happens when the tables are up to date, or those of a newer release that this one can use.
    """
    from bff.cli.serve import migrate as run  # noqa: PLC0415

    run()


@main.group()
def policy() -> None:
    """Limits of what teams may provision for themselves."""


@policy.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def check(*, file: Path) -> None:
    """Check a provisioning policy FILE, and print its limits.

    Exits with 1, and one line with the number of the line at fault, when it has a mistake.
    """
    from bff.cli.provisioning import check as run  # noqa: PLC0415

    run(file)


@main.command()
@click.option("--team", help="The acts on this team alone, by its name.")
@click.option("--since", default="30d", show_default=True, help="How far back, in days or hours: 30d, 12h.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object a line.")
def audit(*, team: str | None, since: str, as_json: bool) -> None:
    """Show who provisioned what, and who was refused, from the service's database."""
    from bff.cli.provisioning import audit as run  # noqa: PLC0415

    run(team=team, since=since, as_json=as_json)


@main.command()
@click.option("--output", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="Write to this file.")
def openapi(*, output: Path | None) -> None:
    """Print the service's OpenAPI 3.1 document."""
    from bff.web.openapi import rendered  # noqa: PLC0415

    if output is None:
        click.echo(rendered(), nl=False)
        return
    try:
        output.write_text(rendered(), encoding="utf-8")
    except OSError as error:
        raise Failure(f"cannot write {output}: {error.strerror}", Exit.USAGE) from None
