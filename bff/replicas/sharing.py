"""Puts the sharing of facts together. redis-py is an extra: it is imported only where an address is given."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bff.telemetry.calls import CallObserver
from bff.telemetry.traces import Traces

if TYPE_CHECKING:
    from bff.replicas.reader import Reader, Role, SharedFactsReader


class SharingError(Exception):
    """Facts cannot be shared as the setting asks; the message is one line that names it and does not show it."""


@dataclass(frozen=True, slots=True)
class Sharing:
    """A reader that shares, and what closes its connections."""

    reader: SharedFactsReader
    aclose: Callable[[], Awaitable[None]]


def sharing(
    reader: Reader,
    *,
    url: str,
    organisation: str,
    refresh: timedelta,
    keep: timedelta,
    observer: CallObserver,
    clock: Callable[[], datetime],
    monotonic: Callable[[], float],
    sleep: Callable[[float], Awaitable[None]],
    changed: Callable[[Role], None],
    traces: Traces,
) -> Sharing:
    """`reader` shared through the Redis at `url` with all replicas that read the same `organisation` (any text).

    Raises `SharingError` when redis-py is missing or cannot make anything of the address.
    """
    try:
        from bff.replicas.reader import SharedFactsReader  # noqa: PLC0415 - see above
        from bff.replicas.store import Store, redis_client  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if error.name != "redis":
            raise
        raise SharingError(
            "REDIS_URL is set, and redis-py is not installed: pip install 'keeptrusts-backstage[redis]'"
        ) from None
    try:
        client = redis_client(url)
    except ValueError:
        raise SharingError("REDIS_URL: must be an address such as redis://redis:6379/0") from None
    place = f"keeptrusts-bff:{hashlib.blake2b(organisation.encode(), digest_size=6).hexdigest()}"
    store = Store(
        client, place=place, replica=secrets.token_hex(6), observer=observer, monotonic=monotonic, traces=traces
    )
    shared = SharedFactsReader(
        reader,
        store,
        refresh=refresh,
        keep=keep,
        clock=clock,
        monotonic=monotonic,
        sleep=sleep,
        changed=changed,
    )
    return Sharing(shared, store.aclose)
