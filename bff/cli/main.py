"""The command line: which commands there are and what their exit codes mean."""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path

import click

import bff


class Exit(IntEnum):
    """Exit codes, for scripts."""

    OK = 0
    FOUND = 1
    """Something is wrong with what was asked about: `status --fail-on`, `doctor`."""
    USAGE = 2
    """The command's own words are wrong (click's code)."""
    SETTINGS = 3
    """A setting is missing or wrong."""
    PORT = 4
    """A port cannot be listened on."""
    UNREACHABLE = 5
    """The BFF cannot be reached, or cannot answer now."""
    NOT_FOUND = 6
    """No such entity, or not for this caller."""
    DENIED = 7
    """The BFF does not accept this caller."""


class Failure(click.ClickException):
    """Ends the command with one line on standard error and an exit code."""

    def __init__(self, message: str, code: Exit) -> None:
        super().__init__(message)
        self.code = code

    @property
    def exit_code(self) -> int:  # type: ignore[override]  # click's is a class attribute, and ours depends on the failure
        """What the process ends with."""
        return int(self.code)

    def show(self, file: object = None) -> None:  # noqa: ARG002 - click's signature
        """Print the one line."""
        click.echo(f"keeptrusts-bff: {self.message}", err=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(bff.__version__, prog_name="keeptrusts-bff", message="%(prog)s %(version)s")
def main() -> None:
    """AI governance status inside Backstage.

    Settings come from the environment; the README lists them.
    """


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
    """Try everything on this machine: the sandbox, its gateway, and the BFF over the example catalog."""
    from bff.cli.demo import demo as run  # noqa: PLC0415

    run(port=port, sandbox_port=sandbox_port, gateway_port=gateway_port, traffic=traffic)


@main.command()
@click.option("--port", default=8080, show_default=True, help="Port of the control plane; 0 takes a free one.")
@click.option("--gateway-port", default=41002, show_default=True, help="Port of the gateway.")
@click.option("--traffic/--no-traffic", default=False, help="Keep chat completions going.")
@click.option("--empty", is_flag=True, help="Start without the example teams.")
def sandbox(*, port: int, gateway_port: int, traffic: bool, empty: bool) -> None:
    """Run the stand-in for Keeptrusts alone."""
    from bff.cli.demo import sandbox as run  # noqa: PLC0415

    run(port=port, gateway_port=gateway_port, traffic=traffic, empty=empty)


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
    """Show the AI governance status of ENTITY_REF, such as component:default/customer-support-bot."""
    from bff.cli.status import status as run  # noqa: PLC0415

    run(entity_ref, url=url, as_json=as_json, fail_on=fail_on)


@main.command()
@click.argument("entity_ref")
@url_option
@json_option
@click.option(
    "--days", type=click.IntRange(1, 90), default=30, show_default=True, help="How many days back, today included."
)
def spend(*, entity_ref: str, url: str, as_json: bool, days: int) -> None:
    """Show what ENTITY_REF has spent by day and by model."""
    from bff.cli.spend import spend as run  # noqa: PLC0415

    run(entity_ref, url=url, as_json=as_json, days=days)


@main.command()
def doctor() -> None:
    """Try every outside system and every shape that is assumed of it; one line each."""
    from bff.cli.doctor import doctor as run  # noqa: PLC0415

    run()


@main.command()
@click.option("--output", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="Write to this file.")
def openapi(*, output: Path | None) -> None:
    """Print the service's OpenAPI 3.1 document."""
    from bff.web.openapi import rendered  # noqa: PLC0415

    if output:
        output.write_text(rendered(), encoding="utf-8")
    else:
        click.echo(rendered(), nl=False)
