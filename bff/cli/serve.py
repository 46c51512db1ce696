"""`keeptrusts-bff serve`: the service in production."""

from __future__ import annotations

from bff.app import create_app
from bff.cli.exits import Exit, Failure
from bff.cli.server import Server, address, listen, run
from bff.settings import Settings, SettingsError
from bff.telemetry import logs

log = logs.logger("serve")


def serve() -> None:
    """Read the settings, take the port, serve until a signal."""
    try:
        settings = Settings.load()
        logs.configure(settings.bff_log_level)
        app = create_app(settings)
    except SettingsError as error:
        raise Failure(str(error), Exit.SETTINGS) from None
    listener = listen(settings.bff_host, settings.bff_port, setting="BFF_PORT")

    async def started() -> None:
        log.info("serving", address=address(listener), auth=settings.bff_auth, catalog=settings.bff_catalog)

    run([Server(app.asgi, listener)], started=started, drain=app.drain)
