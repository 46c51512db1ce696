"""Backstage's notifications: how one is sent, and whether the service's own token may send any.

`POST /api/notifications/notifications` with a static token whose access covers the plugin `notifications`. A notification of
the same sender, user and scope replaces the one before and is unread again, so that a call may be made a second time.
"""

from __future__ import annotations

import asyncio
import random as chance
import ssl
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from bff.breaker import BreakerState
from bff.telemetry.calls import CallObserver
from bff.telemetry.traces import Traces
from bff.upstream import Backoff, Call, Dialect, HttpTransport, Limits, Outcome, Reply, TokenSource, Upstream
from bff.values import EntityRef
from bff.wording import quoted

PATH = "/api/notifications/notifications"
SYSTEM = "backstage-notifications"

DEADLINE = 30.0
"""Seconds for a call: Backstage stores one row a user, and takes some seconds for hundreds of them."""

_PASSING = frozenset({502, 503, 504})
_MISSING_TITLE = "missing title"


class NotificationError(Exception):
    """Base of what can go wrong; no message holds a token."""


class NotificationsUnavailableError(NotificationError):
    """No answer in time, a 429 or a 5xx: worth another attempt later."""


class NotificationsDeniedError(NotificationError):
    """Backstage does not accept the token, or does not let it send notifications."""


class NotificationsMissingError(NotificationError):
    """There is no notifications backend at this address."""


class NotificationRejectedError(NotificationError):
    """Backstage does not take this notification, and will not take it later."""


@dataclass(frozen=True, slots=True)
class Notification:
    """One notification. `title` and `scope` have at most 255 characters; `description` is plain text in one line."""

    title: str
    description: str
    link: str
    severity: Literal["critical", "high", "normal", "low"]
    topic: str
    scope: str


class _Dialect(Dialect):
    # As for the rest of Backstage: Node closes a connection that was idle for 5 seconds.
    keep_alive = 4.0
    compressed = True
    # The scope makes a second call the same as the first.
    backoff = Backoff(attempts=2, base=0.2)

    def explains(self, status: int) -> bool:
        return status in {400, 403}

    def judge(self, call: Call, reply: Reply) -> NotificationError | None:
        status = reply.status
        if status == 200:
            return None
        where, said = f"Backstage {call.method} {call.path}", _said(reply.body)
        if status in {401, 403}:
            return NotificationsDeniedError(f"{where}: the token is not accepted ({status}){said}")
        if status == 404:
            return NotificationsMissingError(f"{where}: answered 404: is the notifications backend installed?")
        if status in _PASSING:
            return _PassingError(f"{where}: answered {status}")
        if status == 429 or status >= 500:
            return NotificationsUnavailableError(f"{where}: answered {status}")
        return NotificationRejectedError(f"{where}: answered {status}{said}")

    def error(self, call: Call, outcome: Outcome, reason: str, retry_after: float | None = None) -> NotificationError:
        del retry_after
        text = f"Backstage {call.method} {call.path}: {reason}"
        if outcome == "contract":
            return NotificationRejectedError(text)
        return _PassingError(text) if outcome == "unavailable" else NotificationsUnavailableError(text)

    def outcome(self, error: Exception) -> Outcome | None:
        match error:
            case NotificationsDeniedError():
                return "denied"
            case NotificationRejectedError() | NotificationsMissingError():
                return "rejected"
            case NotificationsUnavailableError():
                return "unavailable"
        return None

    def again(self, error: Exception) -> float | None:
        return 0.0 if isinstance(error, _PassingError) else None


class _PassingError(NotificationsUnavailableError):
    """Worth a second attempt at once."""


class Notifications:
    """Sends notifications by the Backstage backend at `base_url`, with `token`. The other arguments are as for `Upstream`."""

    def __init__(
        self,
        base_url: str,
        *,
        token: TokenSource,
        observer: CallObserver | None = None,
        deadline: float = DEADLINE,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        random: Callable[[], float] = chance.random,
        transport: HttpTransport | None = None,
        traces: Traces | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._upstream = Upstream(
            base_url.rstrip("/"),
            _Dialect(),
            system=SYSTEM,
            token=token,
            limits=Limits(deadline, deadline),
            observer=observer,
            traces=traces,
            monotonic=monotonic,
            random=random,
            sleep=sleep,
            transport=transport,
            tls=tls,
        )

    async def send(
        self, notification: Notification, to: Collection[EntityRef], *, but: Collection[EntityRef] = ()
    ) -> int:
        """Send to users, and to the members of groups with those of the groups below them; return how many it reached.

        `but` are users who are left out. Raises `NotificationError`.
        """
        recipients: dict[str, object] = {"type": "entity", "entityRef": [str(ref) for ref in sorted(to)]}
        if but:
            recipients["excludeEntityRef"] = [str(ref) for ref in sorted(but)]
        payload = {
            "title": notification.title,
            "description": notification.description,
            "link": notification.link,
            "severity": notification.severity,
            "topic": notification.topic,
            "scope": notification.scope,
        }
        body = orjson.dumps({"recipients": recipients, "payload": payload})
        return await self._upstream.ask(Call("notify", "POST", PATH), _reached, body=body)

    async def may_send(self) -> None:
        """Find out whether a notification could be sent, and send none. Raises `NotificationError` where it could not."""
        nothing = orjson.dumps({"recipients": {"type": "entity", "entityRef": []}, "payload": {"title": ""}})
        try:
            await self._upstream.ask(Call("notify-probe", "POST", PATH), _reached, body=nothing)
        except NotificationRejectedError as error:
            # What is wrong with it is looked at after the token.
            if _MISSING_TITLE not in str(error).lower():
                raise

    @property
    def breaker_state(self) -> BreakerState:
        """What the next call would meet, for `/health`."""
        return self._upstream.breaker_state

    async def aclose(self) -> None:
        """End the calls that are being made, and close all connections."""
        await self._upstream.aclose()


def _reached(reply: Reply) -> int:
    try:
        answer: Any = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        answer = None
    if not isinstance(answer, list):
        raise NotificationRejectedError(f"Backstage POST {PATH}: a reply that is no list of notifications")
    return len({item.get("user") for item in answer if isinstance(item, dict)})


def _said(body: bytes) -> str:
    match _json(body):
        case {"error": {"message": str(message)}}:
            return f": {quoted(message, 200)}"
    return ""


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
