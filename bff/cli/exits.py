"""How a command ends: its exit codes, and failures as one line."""

from __future__ import annotations

from enum import IntEnum

import click


class Exit(IntEnum):
    """Exit codes, for scripts."""

    OK = 0
    FOUND = 1
    """Something is wrong with what was asked about: `status --fail-on`, `coverage --fail-under`, `doctor`, or `check` answers no."""
    USAGE = 2
    """The command's own words are wrong (click's code)."""
    SETTINGS = 3
    """A setting is missing or wrong."""
    PORT = 4
    """A port cannot be listened on."""
    UNREACHABLE = 5
    """The BFF or the database cannot be reached, or cannot answer now."""
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
