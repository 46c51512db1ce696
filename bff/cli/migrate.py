"""`keeptrusts-bff migrate`: the database's tables."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from bff.cli.exits import Exit, Failure
from bff.settings import Settings, SettingsError
from bff.store.database import FILE_NAME, Database, NewerDatabaseError, StoreError


def migrate() -> None:
    """Make or update the tables and print one line.

    Ends with 3 for a wrong setting, 1 for tables of a newer release, 5 when the database cannot be used.
    """
    try:
        settings = Settings.load()
        url = settings.database_url.get_secret_value() if settings.database_url else None
        folder = None if url else settings.data_folder
    except SettingsError as error:
        raise Failure(str(error), Exit.SETTINGS) from None
    try:
        asyncio.run(_migrate(url, folder, settings.bff_ca_file))
    except NewerDatabaseError as error:
        raise Failure(str(error), Exit.FOUND) from None
    except StoreError as error:
        raise Failure(f"the database cannot be used: {error}", Exit.UNREACHABLE) from None
    click.echo(f"The tables in {'PostgreSQL' if folder is None else folder / FILE_NAME} are up to date.")


async def _migrate(url: str | None, folder: Path | None, ca_file: Path | None) -> None:
    database = Database.at(url, folder=folder, ca_file=ca_file)
    try:
        await database.migrate()
    finally:
        await database.close()
