"""`keeptrusts-bff serve`: the service in production."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from functools import partial

from bff.app import App, create_app
from bff.cli.exits import Exit, Failure
from bff.cli.server import Server, address, listen, run
from bff.cli.siblings import Inboxes
from bff.cli.workers import orphaned, supervise
from bff.settings import Settings, SettingsError
from bff.telemetry import logs
from bff.web.local_names import LocalNames

log = logs.logger("serve")


def serve(*, workers: int = 1) -> None:
    """Read the settings, take the port, serve until a signal, in one process or in several that share the port."""
    try:
        settings = Settings.load()
        settings.require_for_serving()
    except SettingsError as error:
        raise Failure(str(error), Exit.SETTINGS) from None
    logs.configure(settings.bff_log_level)
    listener = listen(settings.bff_host, settings.bff_port, setting="BFF_PORT")
    if workers == 1:
        app = _app(settings)
        run([Server(app.asgi, listener)], started=partial(_say, settings, listener), drain=app.drain)
        return
    with contextlib.closing(Inboxes(workers)) as inboxes:
        _supervise(settings, listener, workers, inboxes)


def _supervise(settings: Settings, listener: socket.socket, workers: int, inboxes: Inboxes) -> None:
    def work(number: int, lifeline: int) -> None:
        app = _app(settings)
        sibling = inboxes.of(number, app.service.metrics)
        app.service.scrape = sibling.scrape

        async def started() -> None:
            await _say(settings, listener, worker=number)
            await asyncio.gather(sibling.answer(), _ended_with(lifeline))

        with contextlib.suppress(SystemExit):
            run([Server(app.asgi, listener)], started=started, drain=app.drain)

    if not supervise(workers, work):
        raise Failure("the workers end as soon as they begin; their logs say why", Exit.FOUND)


def _app(settings: Settings) -> App:
    try:
        app = create_app(settings)
    except SettingsError as error:
        raise Failure(str(error), Exit.SETTINGS) from None
    if settings.bff_auth == "none":
        app.asgi = LocalNames(app.asgi)
    return app


async def _say(settings: Settings, listener: socket.socket, **more: int) -> None:
    log.info("serving", address=address(listener), auth=settings.bff_auth, catalog=settings.bff_catalog, **more)


async def _ended_with(lifeline: int) -> None:
    """End this worker when its supervisor is no more."""
    await orphaned(lifeline)
    os.kill(os.getpid(), signal.SIGTERM)
