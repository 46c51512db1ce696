"""`keeptrusts-bff serve`, the service in production, and `keeptrusts-bff migrate`, the tables alone."""

from __future__ import annotations

import asyncio
import socket
import ssl
from functools import partial
from pathlib import Path

import click

from bff.app import App, create_app
from bff.app_connections import open_database
from bff.cli.certificate import ListenerCertificate
from bff.cli.exits import Exit, Failure
from bff.cli.server import Server, address, listen, run
from bff.settings import Settings, SettingsError
from bff.store.database import FILE_NAME, Database, DatabaseAddressError, NewerDatabaseError, StoreError
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
    _make_tables_to_serve(settings)
    app = _app(settings)
    # The admin server goes last, so that probes are answered while the other drains.
    metrics = app.service.metrics
    most = settings.bff_max_connections
    servers = [
        Server(
            app.asgi,
            listener,
            tls=_tls(settings, metrics),
            most_connections=most,
            ended=metrics.connection_ended,
            short=app.short,
        )
    ]
    if admin is not None and app.admin is not None:
        servers.append(Server(app.admin, admin, ended=metrics.connection_ended))
    metrics.watch_connections(servers[0].connections, most)
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
    metrics.watch_certificate("listener", certificate.expires)
    return certificate.context


def migrate() -> None:
    """Make or update the tables and print one line.

    Ends with 3 for a wrong setting, 1 for tables of a newer release, 5 when the database cannot be used.
    """
    database, folder = lasting_database()
    try:
        asyncio.run(_make_tables(database))
    except NewerDatabaseError as error:
        raise Failure(str(error), Exit.FOUND) from None
    except StoreError as error:
        raise Failure(f"the database cannot be used: {error}", Exit.UNREACHABLE) from None
    click.echo(f"The tables in {'PostgreSQL' if folder is None else folder / FILE_NAME} are up to date.")


def lasting_database() -> tuple[Database, Path | None]:
    """Give the database of the settings for a command, and the folder of its file, None for PostgreSQL.

    Ends the command with 3 for a wrong setting.
    """
    try:
        settings = Settings.load()
        url = settings.database_url.get_secret_value() if settings.database_url else None
        folder = None if url else settings.data_folder
        # Not `open_database`: what is in memory would be gone with the command.
        return Database.at(url, folder=folder, ca_file=settings.bff_ca_file), folder
    except (SettingsError, DatabaseAddressError) as error:
        raise Failure(str(error), Exit.SETTINGS) from None


def _make_tables_to_serve(settings: Settings) -> None:
    """Make or update the tables. Tables of a newer release end the command; a database that is away does not."""
    try:
        if done := asyncio.run(_make_tables(open_database(settings))):
            log.info(done)
    except (SettingsError, NewerDatabaseError) as error:
        raise Failure(str(error), Exit.SETTINGS) from None
    except StoreError as error:
        log.warning("database cannot be used yet", reason=str(error))


async def _make_tables(database: Database) -> str | None:
    try:
        return await database.migrate()
    finally:
        await database.close()


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
        fingerprints=settings.fingerprints(),
    )
