"""`keeptrusts-bff serve`: the service in production."""

from __future__ import annotations

import asyncio
import socket
from functools import partial

from bff.app import App, create_app
from bff.app_connections import open_database
from bff.cli.exits import Exit, Failure
from bff.cli.server import Server, address, listen, run
from bff.settings import Settings, SettingsError
from bff.store.database import NewerDatabaseError, StoreError
from bff.telemetry import logs
from bff.web.envelope import LocalNames

log = logs.logger("serve")


def serve() -> None:
    """Read the settings, take the port, make the tables, and serve until a signal."""
    try:
        settings = Settings.load()
        settings.require_for_serving()
    except SettingsError as error:
        raise Failure(str(error), Exit.SETTINGS) from None
    logs.configure(settings.bff_log_level)
    listener = listen(settings.bff_host, settings.bff_port, setting="BFF_PORT")
    _migrate(settings)
    app = _app(settings)
    run([Server(app.asgi, listener)], started=partial(_say, settings, listener), drain=app.drain)


def _migrate(settings: Settings) -> None:
    """Make or update the tables. Tables of a newer release end the command; a database that is away does not."""

    async def migrate() -> None:
        database = open_database(settings)
        try:
            if done := await database.migrate():
                log.info(done)
        finally:
            await database.close()

    try:
        asyncio.run(migrate())
    except SettingsError as error:
        raise Failure(str(error), Exit.SETTINGS) from None
    except NewerDatabaseError as error:
        raise Failure(str(error), Exit.SETTINGS) from None
    except StoreError as error:
        log.warning("database cannot be used yet", reason=str(error))


def _app(settings: Settings) -> App:
    try:
        app = create_app(settings)
    except SettingsError as error:
        raise Failure(str(error), Exit.SETTINGS) from None
    if settings.bff_auth == "none":
        app.asgi = LocalNames(app.asgi)
    return app


async def _say(settings: Settings, listener: socket.socket) -> None:
    log.info("serving", address=address(listener), auth=settings.bff_auth, catalog=settings.bff_catalog)
