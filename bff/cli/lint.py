"""`keeptrusts-bff lint`: what is wrong with catalog files, a line each."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Sequence

import click

from bff.cli.exits import Exit, Failure
from bff.lint.apis import validates_definitions
from bff.lint.report import NothingThereError, Report
from bff.lint.report import lint as look

_MOST_NAMED = 5


def lint(patterns: Sequence[str], *, closed: bool, as_json: bool) -> None:
    """Print the faults of the files that `patterns` name; exits with 1 when there are any, with 2 when no file is there."""
    try:
        report = look(patterns, closed=closed)
    except NothingThereError as error:
        raise Failure(str(error), Exit.USAGE) from None
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(fault) for fault in report.faults], indent=2))
    else:
        for fault in report.faults:
            click.echo(str(fault))
        click.echo(_summary(report), err=True)
    if report.faults:
        sys.exit(Exit.FOUND)


def _summary(report: Report) -> str:
    looked_at = f"{_counted(report.entities, 'entity', 'entities')} in {_counted(report.files, 'file', 'files')}"
    found = _counted(len(report.faults), "fault", "faults") if report.faults else "no fault"
    without = (
        ""
        if validates_definitions()
        else "; API definitions only by their form: openapi-spec-validator is not installed"
    )
    return f"{looked_at}{_left_out(report.skeletons)}: {found}{without}"


def _left_out(skeletons: Sequence[str]) -> str:
    if not skeletons:
        return ""
    more = f" and {len(skeletons) - _MOST_NAMED} more" if len(skeletons) > _MOST_NAMED else ""
    named = ", ".join(skeletons[:_MOST_NAMED])
    return f", {_counted(len(skeletons), 'file', 'files')} of templates left out ({named}{more})"


def _counted(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"
