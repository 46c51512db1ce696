"""Alembic's scripts, one a change of the tables, in `versions/`; `scripts` runs them.

`REVISIONS` lists them, so that a process whose tables are current needs neither Alembic nor the scripts.

A script has `revision`, `down_revision` and `upgrade(op: Operations)`: the operations are passed and not taken from
Alembic's global ones, so that two databases can be migrated in one process. A change only adds, so that an older release
beside a newer one goes on; one that cannot raises `store_form.oldest` and `bff.store.tables.FORM`.
"""

from __future__ import annotations

from typing import Literal

VERSION_TABLE = "store_revision"
"""Where Alembic keeps how far the scripts have run; of our own name, for a database that others use too."""

REVISIONS = ("0001", "0002", "0003", "0004")
"""The revision of every script, oldest first."""

Migrated = Literal["tables made", "tables updated"]
"""What a migration does, as logs say it."""


def due(revision: str | None, revisions: tuple[str, ...] = REVISIONS) -> Migrated | None:
    """What is to be done with tables of a revision, None for no tables, where the scripts are `revisions`.

    None when there is nothing to do: a revision that is not among them is a newer release's.
    """
    if revision is None:
        return "tables made"
    return "tables updated" if revision in revisions[:-1] else None
