"""Alerts by webhook: CloudEvents 1.0 as JSON, signed as Standard Webhooks has it.

`webhook-id` is the message's own and the same at each attempt, so that a receiver can tell a repetition. The signature is an
HMAC-SHA256 over `id.timestamp.body` by the shared secret (standardwebhooks.com).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ssl
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

import orjson
from pydantic import SecretStr

from bff.breaker import BreakerState
from bff.secret_files import Secret
from bff.telemetry.calls import CallObserver
from bff.telemetry.traces import Traces
from bff.upstream import Backoff, Call, Dialect, HttpTransport, Limits, Outcome, Reply, Upstream
from bff.watch.alerts import Message
from bff.wording import rfc3339

SYSTEM = "webhook"
PREFIX = "whsec_"

RAISED = "dev.keeptrusts.alert.raised"
OVER = "dev.keeptrusts.alert.over"

_LEAST_BYTES, _MOST_BYTES = 24, 64
_PASSING = frozenset({408, 429})
_NEVER = frozenset({400, 413, 415, 422})
"""What is wrong with a message itself, and so with every attempt."""


class WebhookError(Exception):
    """Base of what can go wrong; no message holds the address or the secret."""


class WebhookUnavailableError(WebhookError):
    """No answer, or one that says no for now: worth another attempt later."""


class WebhookRejectedError(WebhookError):
    """The receiver does not take this message, and will not take it later."""


def signing_key(secret: SecretStr) -> bytes:
    """The key that a secret of the form `whsec_` and base64 stands for. Raises `ValueError` for another form."""
    text = secret.get_secret_value()
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not text.startswith(PREFIX) or not _LEAST_BYTES <= len(key) <= _MOST_BYTES:
        raise ValueError(
            f"must be {PREFIX} and then {_LEAST_BYTES} to {_MOST_BYTES} random bytes in base64, as Standard Webhooks has it"
        )
    return key


def signature(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`."""
    digest = hmac.new(key, b".".join((message_id.encode(), str(timestamp).encode(), body)), hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def cloud_event(
    message: Message, *, message_id: str, code: str, step: int, scope: str, organisation: str, at: datetime
) -> bytes:
    """The alert as a CloudEvent in JSON. `at` is when it was raised."""
    data: dict[str, Any] = {
        "code": code,
        "entityRef": None if message.entity is None else str(message.entity),
        "recipient": None if message.recipient is None else str(message.recipient),
        "title": message.title,
        "text": message.text,
        "link": message.link,
        "severity": "high" if message.bad else "normal",
        "scope": scope,
        "until": None if message.until is None else rfc3339(message.until),
    }
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": message_id,
            "source": f"urn:keeptrusts-bff:{quote(organisation, safe='')}",
            "type": RAISED if step else OVER,
            "subject": data["entityRef"] or message.name,
            "time": rfc3339(at),
            "datacontenttype": "application/json",
            "data": data,
        }
    )


class _Dialect(Dialect):
    connections = 4
    largest_reply = 64 * 1024
    backoff = Backoff(attempts=3, base=0.5)

    def judge(self, call: Call, reply: Reply) -> WebhookError | None:
        if reply.is_success:
            return None
        text = f"webhook {call.method}: answered {reply.status}"
        if reply.status in _NEVER:
            return WebhookRejectedError(text)
        return _PassingError(text) if reply.status in _PASSING or reply.status >= 500 else WebhookUnavailableError(text)

    def error(self, call: Call, outcome: Outcome, reason: str, retry_after: float | None = None) -> WebhookError:
        del retry_after
        text = f"webhook {call.method}: {reason}"
        return _PassingError(text) if outcome == "unavailable" else WebhookUnavailableError(text)

    def outcome(self, error: Exception) -> Outcome | None:
        match error:
            case WebhookRejectedError():
                return "rejected"
            case WebhookUnavailableError():
                return "unavailable"
        return None

    def again(self, error: Exception) -> float | None:
        return 0.0 if isinstance(error, _PassingError) else None


class _PassingError(WebhookUnavailableError):
    """Worth another attempt at once."""


class Webhook:
    """Posts CloudEvents to `url`, signed by `secret`. The other arguments are as for `Upstream`.

    `clock` gives aware wall-clock time, for the timestamps that are signed.
    """

    def __init__(
        self,
        url: str,
        *,
        secret: Secret,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]],
        random: Callable[[], float],
        observer: CallObserver | None = None,
        traces: Traces | None = None,
        limits: Limits | None = None,
        transport: HttpTransport | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        parts = urlsplit(url)
        self._path = parts.path + (f"?{parts.query}" if parts.query else "")
        self._secret = secret
        self._clock = clock
        self._upstream = Upstream(
            f"{parts.scheme}://{parts.netloc}",
            _Dialect(),
            system=SYSTEM,
            limits=limits or Limits(),
            observer=observer,
            traces=traces,
            monotonic=monotonic,
            random=random,
            sleep=sleep,
            transport=transport,
            tls=tls,
        )

    async def send(self, event: bytes, *, message_id: str) -> None:
        """Post one event; a repetition is recognised by its id. Raises `WebhookError`."""
        timestamp = int(self._clock().timestamp())
        headers = {
            "content-type": "application/cloudevents+json",
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(signing_key(self._secret.value()), message_id, timestamp, event),
        }
        await self._upstream.ask(Call("post", "POST", self._path), lambda _reply: None, body=event, headers=headers)

    @property
    def breaker_state(self) -> BreakerState:
        """What the next call would meet, for `/health`."""
        return self._upstream.breaker_state

    async def aclose(self) -> None:
        """End the calls that are being made, and close all connections."""
        await self._upstream.aclose()
