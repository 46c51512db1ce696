"""Reads and runs the scripts. Importing this imports Alembic."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from bff.store.migrations import VERSION_TABLE


class Scripts:
    """The scripts of this release; reading them takes some tenths of a second."""

    def __init__(self) -> None:
        """Read them all."""
        self._directory = ScriptDirectory(str(Path(__file__).parent))
        self.revisions = tuple(script.revision for script in self._directory.walk_revisions())[::-1]

    def run(self, connection: Connection) -> None:
        """Run what is due, in the transaction of `connection`."""

        def steps(current: Any, _context: MigrationContext) -> Iterable[Any]:
            # The step that `alembic upgrade` itself takes; Alembic has no public name for it.
            return self._directory._upgrade_revs("head", current)  # noqa: SLF001

        context = MigrationContext.configure(connection, opts={"fn": steps, "version_table": VERSION_TABLE})
        context.run_migrations(op=Operations(context))
