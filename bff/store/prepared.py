"""Statements that run with thousands of rows at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import CursorResult, Dialect, Executable
from sqlalchemy.ext.asyncio import AsyncConnection


class Prepared:
    """A statement as text of one engine, made once: SQLAlchemy's own way looks at each value of each row again."""

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        """Use `Database.prepared`. The statement's values are parameters, as those of an insert are."""
        compiled = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
        self._text = str(compiled)
        self._constants = {name: value for name, value in compiled.params.items() if value is not None}
        self._names: Sequence[str] | None = getattr(compiled, "positiontup", None)

    async def run_once(self, connection: AsyncConnection, values: Mapping[str, Any]) -> CursorResult[Any]:
        """Run it with `values` by name, and give what it finds."""
        named = {**self._constants, **values}
        given = named if self._names is None else tuple([named[name] for name in self._names])
        return await connection.exec_driver_sql(self._text, given)

    async def run(self, connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> CursorResult[Any]:
        """Run it once for each of `rows`, by name; a row names every value that is not part of the statement."""
        names, constants = self._names, self._constants
        if names is None:
            return await connection.exec_driver_sql(self._text, [{**constants, **row} for row in rows])
        return await connection.exec_driver_sql(
            self._text, [tuple([row[name] if name in row else constants[name] for name in names]) for row in rows]
        )
