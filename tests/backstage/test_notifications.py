"""Backstage's notifications: what is sent, and which answer means what."""

from __future__ import annotations

import json

import httpx
import pytest
from pydantic import SecretStr

from bff.backstage.notifications import (
    Notification,
    NotificationRejectedError,
    Notifications,
    NotificationsDeniedError,
    NotificationsMissingError,
    NotificationsUnavailableError,
)
from bff.secret_files import Secret
from bff.values import EntityRef

TOKEN = "the-token-of-the-service"
TEAM, ANN = EntityRef("group", "default", "team"), EntityRef("user", "default", "ann")
NOTIFICATION = Notification("bot: title", "text", "/catalog", "high", "ai-governance", "budget|bot")


class Backend:
    """Answers with `replies`, the last of which it repeats."""

    def __init__(self, *replies: httpx.Response | Exception) -> None:
        self.replies = list(replies)
        self.requests: list[httpx.Request] = []

    def client(self) -> Notifications:
        async def no_sleep(_seconds: float) -> None:
            pass

        return Notifications(
            "https://backstage.test/",
            token=Secret(SecretStr(TOKEN)),
            sleep=no_sleep,
            random=lambda: 0.5,
            transport=httpx.MockTransport(self._answer),
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return httpx.Response(reply.status_code, stream=httpx.ByteStream(reply.content))


def error(status: int, message: str) -> httpx.Response:
    return httpx.Response(status, json={"error": {"name": "Error", "message": message}})


SENT = httpx.Response(200, json=[{"id": "1", "user": str(ANN)}])


async def test_a_notification_is_sent_whole() -> None:
    """Every field is sent, since Backstage keeps the old value of one that is left out; users who are left out are named."""
    backend = Backend(SENT)
    assert await backend.client().send(NOTIFICATION, {TEAM}, but={ANN}) == 1
    (request,) = backend.requests
    assert request.url.path == "/api/notifications/notifications"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert json.loads(request.content) == {
        "recipients": {"type": "entity", "entityRef": ["group:default/team"], "excludeEntityRef": ["user:default/ann"]},
        "payload": {
            "title": "bot: title",
            "description": "text",
            "link": "/catalog",
            "severity": "high",
            "topic": "ai-governance",
            "scope": "budget|bot",
        },
    }


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (error(400, "invalid"), NotificationRejectedError),
        (error(401, "no"), NotificationsDeniedError),
        (error(403, "restricted to plugin(s) 'catalog'"), NotificationsDeniedError),
        (httpx.Response(404), NotificationsMissingError),
        (httpx.Response(429), NotificationsUnavailableError),
        (httpx.Response(500), NotificationsUnavailableError),
        (httpx.ConnectError("no"), NotificationsUnavailableError),
        (httpx.Response(200, json={}), NotificationRejectedError),
    ],
)
async def test_each_answer_has_its_error(reply: httpx.Response | Exception, expected: type[Exception]) -> None:
    """Each answer that is not 200 is an error of its own kind, which does not show the token."""
    with pytest.raises(expected) as raised:
        await Backend(reply).client().send(NOTIFICATION, {TEAM})
    assert TOKEN not in str(raised.value)


@pytest.mark.parametrize("first", [httpx.Response(503), httpx.ConnectError("no")])
async def test_what_passes_is_tried_again(first: httpx.Response | Exception) -> None:
    """After a 503 or a lost connection the same notification is sent again at once, with the same scope."""
    backend = Backend(first, SENT)
    assert await backend.client().send(NOTIFICATION, {TEAM}) == 1
    assert backend.requests[0].content == backend.requests[1].content


async def test_a_refused_token_is_not_tried_again() -> None:
    """A refusal is final for this call."""
    backend = Backend(error(403, "restricted"))
    with pytest.raises(NotificationsDeniedError, match="restricted"):
        await backend.client().send(NOTIFICATION, {TEAM})
    assert len(backend.requests) == 1


async def test_the_probe_sends_to_no_recipient() -> None:
    """The probe is a notification to no recipient without a title, whose refusal shows that the token may send."""
    backend = Backend(error(400, "missing title"))
    await backend.client().may_send()
    body = json.loads(backend.requests[0].content)
    assert (body["recipients"]["entityRef"], body["payload"]) == ([], {"title": ""})


async def test_the_probe_fails_for_another_refusal() -> None:
    """A 400 for another reason does not show that the token may send."""
    with pytest.raises(NotificationRejectedError):
        await Backend(error(400, "invalid recipients")).client().may_send()
