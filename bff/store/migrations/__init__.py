"""Alembic's scripts, one a change of the tables, in `versions/`, and what runs them.

A script has `revision`, `down_revision` and `upgrade(op: Operations)`: the operations are passed and not taken from
Alembic's global ones, so that two databases can be migrated in one process. A change only adds, so that an older release
beside a newer one goes on; one that cannot raises `store_form.oldest` and `bff.store.tables.FORM`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

VERSION_TABLE = "store_revision"
"""Where Alembic keeps how far the scripts have run; of our own name, for a database that others use too."""


class Scripts:
    """The scripts of this release; reading them takes some tenths of a second."""

    def __init__(self) -> None:
        """Read them all."""
        self._directory = ScriptDirectory(str(Path(__file__).parent))
        self._known = {script.revision for script in self._directory.walk_revisions()}
        self._newest = set(self._directory.get_heads())

    def are_due(self, connection: Connection) -> bool:
        """Whether the tables are older than the scripts; those of a newer release are not."""
        current = set(self._context(connection).get_current_heads())
        return current != self._newest and current <= self._known

    def run(self, connection: Connection) -> None:
        """Run what is due, in the transaction of `connection`."""
        context = self._context(connection)
        context.run_migrations(op=Operations(context))

    def _context(self, connection: Connection) -> MigrationContext:
        def steps(current: Any, _context: MigrationContext) -> Iterable[Any]:
            # The step that `alembic upgrade` itself takes; Alembic has no public name for it.
            return self._directory._upgrade_revs("head", current)  # noqa: SLF001

        return MigrationContext.configure(connection, opts={"fn": steps, "version_table": VERSION_TABLE})
