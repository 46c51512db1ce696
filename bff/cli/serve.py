"""`keeptrusts-bff serve`: the service in production."""

from __future__ import annotations

import asyncio
import socket
import ssl
from functools import partial

from bff.app import App, create_app
from bff.app_connections import open_database
from bff.cli.certificate import ListenerCertificate
from bff.cli.exits import Exit, Failure
from bff.cli.server import Server, address, listen, run
from bff.settings import Settings, SettingsError
from bff.store.database import NewerDatabaseError, StoreError
from bff.telemetry import logs
from bff.telemetry.metrics import Metrics
from bff.tls import TlsFileError
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
    admin = None
    if settings.bff_admin_port is not None:
        admin = listen(settings.bff_host, settings.bff_admin_port, setting="BFF_ADMIN_PORT")
    _migrate(settings)
    app = _app(settings)
    # The admin server goes last, so that probes are answered while the other drains.
    servers = [Server(app.asgi, listener, tls=_tls(settings, app.service.metrics))]
    if admin is not None and app.admin is not None:
        servers.append(Server(app.admin, admin))
    run(servers, started=partial(_say, settings, listener, admin), drain=app.drain)


def _tls(settings: Settings, metrics: Metrics) -> ssl.SSLContext | None:
    """What the listener shows, None for plain HTTP."""
    if settings.bff_tls_cert_file is None or settings.bff_tls_key_file is None:
        return None
    try:
        certificate = ListenerCertificate(
            settings.bff_tls_cert_file, settings.bff_tls_key_file, reloaded=metrics.certificate_reloaded
        )
    except TlsFileError as error:
        raise Failure(str(error), Exit.SETTINGS) from None
    metrics.watch_certificate("listener", certificate.expires_at)
    return certificate.context


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
        app.admin = LocalNames(app.admin) if app.admin is not None else None
    return app


async def _say(settings: Settings, listener: socket.socket, admin: socket.socket | None) -> None:
    log.info(
        "serving",
        address=address(listener, scheme="https" if settings.bff_tls_cert_file else "http"),
        **({"admin": address(admin)} if admin is not None else {}),
        auth=settings.bff_auth,
        catalog=settings.bff_catalog,
    )
