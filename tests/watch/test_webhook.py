"""The webhook: a CloudEvent, signed so that any library of Standard Webhooks accepts it, with one id for all attempts."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from bff.secret_files import Secret
from bff.settings import Settings, SettingsError
from bff.values import EntityRef
from bff.watch.alerts import Message
from bff.watch.webhook import (
    Webhook,
    WebhookRejectedError,
    WebhookUnavailableError,
    cloud_event,
    signature,
    signing_key,
)
from tests.watch.stage import Stage, outcomes

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
URL = "https://hooks.example.com/keeptrusts?tenant=1"
MESSAGE = Message(
    EntityRef("group", "default", "red"),
    EntityRef("component", "default", "bot"),
    "bot",
    "its daily budget is spent",
    "Today's spend of 115 USD is 115 %.",
    "The daily budget is spent.",
    "/catalog/default/component/bot/ai-spend",
    until=datetime(2026, 3, 11, tzinfo=UTC),
)


class Receiver:
    """Answers with `replies`, the last of which it repeats, and verifies each request as its documentation says."""

    def __init__(self, *replies: int | Exception) -> None:
        self.replies = list(replies)
        self.requests: list[httpx.Request] = []

    def webhook(self, secret: str = SECRET) -> Webhook:
        async def no_sleep(_seconds: float) -> None:
            pass

        return Webhook(
            URL,
            secret=Secret(SecretStr(secret)),
            clock=lambda: NOW,
            monotonic=lambda: 0.0,
            sleep=no_sleep,
            random=lambda: 0.5,
            transport=httpx.MockTransport(self._answer),
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return httpx.Response(reply, stream=httpx.ByteStream(b""))


def verified(request: httpx.Request, secret: str = SECRET) -> bool:
    """Whether the signature is that of the standard, computed here from its text."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.{request.content.decode()}"
    expected = base64.b64encode(hmac.digest(key, signed.encode(), hashlib.sha256)).decode()
    return f"v1,{expected}" in request.headers["webhook-signature"].split(" ")


def test_the_signature_is_that_of_the_standard() -> None:
    """The example of the standard's own libraries has the signature that they give for it."""
    key = signing_key(SecretStr("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
    body = b'{"test": 2432232314}'
    signed = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_a_request_is_signed() -> None:
    """The request carries id, timestamp and a signature over both and the body, and says that it is a CloudEvent."""
    receiver = Receiver(204)
    await receiver.webhook().send(b'{"a":1}', message_id="msg-1")
    (request,) = receiver.requests
    assert str(request.url) == URL
    assert request.headers["content-type"] == "application/cloudevents+json"
    assert (request.headers["webhook-id"], request.headers["webhook-timestamp"]) == ("msg-1", str(int(NOW.timestamp())))
    assert verified(request)
    assert not verified(request, "whsec_" + base64.b64encode(bytes(32)).decode())


async def test_a_repetition_has_the_same_id() -> None:
    """What fails for now is sent again with the same id and the same body."""
    receiver = Receiver(503, httpx.ConnectError("no"), 200)
    await receiver.webhook().send(b"{}", message_id="msg-1")
    assert [(each.headers["webhook-id"], each.content) for each in receiver.requests] == [("msg-1", b"{}")] * 3


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, WebhookRejectedError),
        (401, WebhookUnavailableError),
        (410, WebhookUnavailableError),
        (500, WebhookUnavailableError),
    ],
)
async def test_an_answer_that_is_no_success(status: int, error: type[Exception]) -> None:
    """A message that is not taken is given up, any other failure is for later; neither shows address or secret."""
    with pytest.raises(error) as raised:
        await Receiver(status).webhook().send(b"{}", message_id="msg-1")
    assert not {part for part in ("hooks.example.com", "tenant", SECRET) if part in str(raised.value)}


def test_the_event_is_a_cloud_event() -> None:
    """The event has every attribute that CloudEvents 1.0 requires, and the alert as its data."""
    event = json.loads(
        cloud_event(
            MESSAGE,
            message_id="msg-1",
            code="budget-exceeded",
            step=3,
            scope="budget|bot",
            organisation="org 1",
            at=NOW,
        )
    )
    assert {
        name: event[name] for name in ("specversion", "id", "source", "type", "subject", "time", "datacontenttype")
    } == {
        "specversion": "1.0",
        "id": "msg-1",
        "source": "urn:keeptrusts-bff:org%201",
        "type": "dev.keeptrusts.alert.raised",
        "subject": "component:default/bot",
        "time": "2026-03-10T12:00:00Z",
        "datacontenttype": "application/json",
    }
    assert event["data"] == {
        "code": "budget-exceeded",
        "entityRef": "component:default/bot",
        "recipient": "group:default/red",
        "title": "bot: its daily budget is spent",
        "text": "Today's spend of 115 USD is 115 %.",
        "link": "/catalog/default/component/bot/ai-spend",
        "severity": "high",
        "scope": "budget|bot",
        "until": "2026-03-11T00:00:00Z",
    }


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_short", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_%%%"])
def test_a_secret_of_another_form_is_refused(secret: str) -> None:
    """A secret that is not of the standard's form is refused, and not shown."""
    with pytest.raises(ValueError, match="must be whsec_ and then 24 to 64 random bytes in base64"):
        signing_key(SecretStr(secret))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"bff_notify_webhook_url": "http://hooks.example.com/x"}, "must be an https address"),
        ({"bff_notify_webhook_url": "https://user:pw@hooks.example.com"}, "must be an https address"),
        ({"bff_notify_webhook_url": URL}, "belong together"),
        ({"bff_notify_webhook_secret": SECRET}, "belong together"),
        ({"bff_notify_webhook_url": URL, "bff_notify_webhook_secret": "x"}, "must be whsec_"),
    ],
)
def test_wrong_settings_stop_the_start(settings: dict[str, str], message: str) -> None:
    """An address without TLS, one with a password, one half of the pair, and a malformed secret are refused."""
    with pytest.raises(SettingsError, match=message):
        Settings.load(**settings)


async def test_alerts_go_to_the_webhook_alone(tmp_path: Path) -> None:
    """Without Backstage's notifications each alert is one event, its end another, with ids of their own."""
    stage = Stage(tmp_path)
    stage.add_team("red")
    stage.add_bot("bot", "red")
    settings = {"bff_notify": "off", "bff_notify_webhook_url": URL, "bff_notify_webhook_secret": SECRET}
    async with stage.service(**settings) as app:
        stage.spend("bot", "115")
        await stage.round(app)
        stage.annotate("bot", daily_budget="1000")
        await stage.round(app)
        await stage.round(app)
        assert outcomes(app, "webhook") == {"sent": 2}
    events = [json.loads(request.content) for request in stage.hooks]
    assert [(event["type"], event["data"]["code"]) for event in events] == [
        ("dev.keeptrusts.alert.raised", "budget-exceeded"),
        ("dev.keeptrusts.alert.over", "budget-exceeded"),
    ]
    assert all(verified(request) for request in stage.hooks)
    assert len({event["id"] for event in events}) == 2
    assert stage.backstage.posts() == 0
