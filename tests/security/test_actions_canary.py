"""No key and no token of an action ever leaves: every way to end an invocation, and then a search through everything that came out."""

from __future__ import annotations

import base64
import json
import os
import secrets
import sqlite3
from itertools import product
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from structlog.testing import capture_logs

from bff.actions.endpoints import KEYS, LIST
from bff.actions.governance_actions import ACTIONS
from bff.actions.own_key import NAME
from bff.backstage.own_tokens import SigningKey
from bff.sandbox.faults import Rule
from bff.store.database import FILE_NAME
from bff.store.sealing import Seal
from tests.actions.portal import Source, source
from tests.conftest import Start
from tests.telemetry.test_traces import Recorded
from tests.web.test_numbers import MEMBER, OPERATOR, REF, STRANGER

STORE_KEY = base64.b64encode(secrets.token_bytes(32)).decode()


async def everything(made: Source) -> list[bytes]:
    """Invoke every action in every way, for several people and for none, whole and broken, and give all replies."""
    replies: list[httpx.Response] = [await made.running.client.get(path) for path in (LIST, KEYS)]
    for user, via in product((MEMBER, OPERATOR, STRANGER, None), ("mcp-actions", "scaffolder")):
        for each, body in product(ACTIONS, ({"entityRef": REF}, {}, {"entityRef": made.token(user)})):
            reply = await made.call(each.name, body, token=made.token(user, via=via))
            replies.append(reply)
    for token in (made.token(aud="catalog"), made.stub.user_token(MEMBER), made.token(exp=1), "nonsense"):
        reply = await made.call(ACTIONS[0].name, {"entityRef": REF}, token=token)
        replies.append(reply)
    for trouble in (httpx.Response(500, text="down"), httpx.ReadTimeout("slow"), httpx.Response(200, text="<html>")):
        made.stub.reply = trouble
        made.pass_(61)
        reply = await made.call(ACTIONS[0].name, {"entityRef": REF})
        replies.append(reply)
        made.stub.reply = None
    made.stub.lost.add("/api/permission/authorize")
    made.pass_(61)
    replies.append(await made.call(ACTIONS[0].name, {"entityRef": REF}))
    made.stub.lost.clear()
    # Backstage may repeat what it was sent.
    made.stub.echoes = True
    made.stub.own_keys = []
    made.pass_(61)
    replies.append(await made.call(ACTIONS[0].name, {"entityRef": REF}))
    made.running.break_upstream(Rule(kind="status", code=503))
    made.pass_(7200)
    replies.append(await made.call(ACTIONS[0].name, {"entityRef": REF}))
    return [b"\n".join([*(name + b": " + value for name, value in each.headers.raw), each.content]) for each in replies]


def parts(token: str) -> list[bytes]:
    """What gives a token away: its whole, its payload and its signature."""
    return [part.encode() for part in (token, *token.split(".")[1:]) if len(part) > 20]


async def test_no_key_and_no_token_comes_out(start: Start, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Replies, logs, spans, metrics, settings and the database's file hold no signing key, no store key, and no part of any token."""
    recorded = Recorded()
    settings = {"bff_store_key": STORE_KEY, "bff_data_dir": tmp_path, "bff_spend_permission": "on"}
    async with source(start, traces=recorded.traces, bff_log_level="debug", **settings) as made:
        with capture_logs() as logs:
            came_out = await everything(made)
        tokens = {each.headers.get("authorization", "").removeprefix("Bearer ") for each in made.stub.requests}
        tokens |= set(made.given)
        came_out += [*made.running.lines, made.running.app.service.metrics.exposition()]
        came_out += [repr(made.running.app.settings).encode(), repr(made.running.app.service).encode()]
    came_out.append(json.dumps(logs, default=repr).encode())
    came_out.append("".join(capfd.readouterr()).encode())
    came_out += [span.to_json().encode() for span in recorded.spans()]
    stored = database(tmp_path)

    key = _stored_key(tmp_path)
    number = _number(key)
    held = [
        STORE_KEY.encode(),
        base64.b64decode(STORE_KEY),
        number,
        base64.b64encode(number),
        *key.pem().encode().splitlines()[1:-1],
    ]
    sent = [part for token in tokens for part in parts(token)]
    assert len(sent) > 100
    for secret in [*held, *sent]:
        assert secret not in stored, "a secret stands in the database in clear"
        for text in came_out:
            assert secret not in text, text[:300]
    # The search looks at what there is: the key's public half did come out, and spans and lines were made.
    assert key.public_jwk["x"].encode() in b"".join(came_out)
    assert recorded.spans()
    assert {"callers refused", "no decision on a permission: amounts are withheld"} <= {each["event"] for each in logs}
    assert made.running.lines


def database(folder: Path) -> bytes:
    """Every byte of the database, its journals included."""
    return b"".join(file.read_bytes() for file in folder.iterdir() if file.name.startswith(FILE_NAME))


def _stored_key(folder: Path) -> SigningKey:
    with sqlite3.connect(os.fspath(folder / FILE_NAME)) as connection:
        (sealed,) = connection.execute("select sealed from signing_keys").fetchone()
    connection.close()
    return SigningKey.read(Seal(STORE_KEY).open(sealed, purpose=NAME).decode())


def _number(key: SigningKey) -> bytes:
    private = serialization.load_pem_private_key(key.pem().encode(), None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    return private.private_numbers().private_value.to_bytes(32, "big")
