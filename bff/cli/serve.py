"""`keeptrusts-bff serve`: the service in production."""

from __future__ import annotations

import contextlib
import os
import signal
import socket

from bff.app import create_app
from bff.cli.exits import Exit, Failure
from bff.cli.server import Server, address, listen, run
from bff.cli.workers import orphaned, supervise
from bff.settings import Settings, SettingsError
from bff.telemetry import logs

log = logs.logger("serve")


def serve(*, workers: int = 1) -> None:
    """Read the settings, take the port, serve until a signal; with several workers, each also has a port of its own."""
    try:
        settings = Settings.load()
        settings.require_for_serving()
    except SettingsError as error:
        raise Failure(str(error), Exit.SETTINGS) from None
    logs.configure(settings.bff_log_level)
    listener = listen(settings.bff_host, settings.bff_port, setting="BFF_PORT")
    if workers == 1:
        _serve(settings, listener)
        return
    # Metrics are each worker's own: monitoring finds each at the port after BFF_PORT that has its number.
    own = [
        listen(settings.bff_host, settings.bff_port + number, setting="BFF_PORT") for number in range(1, workers + 1)
    ]

    def work(number: int, lifeline: int) -> None:
        for other in own:
            if other is not own[number - 1]:
                other.close()
        with contextlib.suppress(SystemExit):
            _serve(settings, listener, own[number - 1], lifeline=lifeline)

    if not supervise(workers, work):
        raise Failure("the workers end as soon as they begin; their logs say why", Exit.FOUND)


def _serve(settings: Settings, listener: socket.socket, *more: socket.socket, lifeline: int | None = None) -> None:
    try:
        app = create_app(settings)
    except SettingsError as error:
        raise Failure(str(error), Exit.SETTINGS) from None

    async def started() -> None:
        log.info(
            "serving", address=address((more or (listener,))[0]), auth=settings.bff_auth, catalog=settings.bff_catalog
        )
        if lifeline is not None:
            await orphaned(lifeline)
            os.kill(os.getpid(), signal.SIGTERM)

    run([Server(app.asgi, listener, *more)], started=started, drain=app.drain)
