"""Asks a running BFF for a developer's terminal; every failure is one line and an exit code."""

from __future__ import annotations

import asyncio
import os
import ssl
from pathlib import Path
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, SecretStr, ValidationError

from bff.cli.exits import Exit, Failure
from bff.secret_files import fits_a_header
from bff.settings import base_url
from bff.tls import CA_FILE, TlsFileError, TlsFiles, client_context
from bff.upstream import NO_CONNECTION, Call, Dialect, Limits, Outcome, Reply, Upstream
from bff.values import EntityRef, EntityRefError

Model = TypeVar("Model", bound=BaseModel)

TIMEOUT_SECONDS = 20.0
TOKEN_VARIABLE = "BFF_TOKEN"  # noqa: S105 - the name of the variable


class Bff(Dialect):
    """How a BFF is called: every reply is one to read, and trouble is a `Failure`. `url` is what errors name."""

    def __init__(self, url: str) -> None:
        self._url = url

    def explains(self, status: int) -> bool:
        """Each error is a problem document."""
        del status
        return True

    def judge(self, call: Call, reply: Reply) -> None:
        """What a status means depends on what was asked."""

    def error(self, call: Call, outcome: Outcome, reason: str, retry_after: float | None = None) -> Failure:
        """One line. A reason that TLS gives is the whole of it."""
        del call, retry_after
        if outcome == "timeout":
            return Failure(f"the BFF at {self._url} gave {reason}", Exit.UNREACHABLE)
        if outcome == "contract" or not reason.startswith(NO_CONNECTION):
            return Failure(f"the BFF at {self._url} cannot be reached: {reason}", Exit.UNREACHABLE)
        return Failure(
            f"no BFF answers at {self._url} ({reason}): start one with `keeptrusts-bff demo`, or name yours with --url",
            Exit.UNREACHABLE,
        )

    def outcome(self, error: Exception) -> Outcome | None:
        """Nothing counts them."""
        return "unavailable" if isinstance(error, Failure) else None


def open_bff(url: str, *, seconds: float = TIMEOUT_SECONDS, tls: ssl.SSLContext | None = None) -> Upstream:
    """A client of the BFF at `url`, whose calls raise `Failure` where there is no reply within `seconds`."""
    return Upstream(url, Bff(url), system="bff", limits=Limits(seconds, seconds, seconds), tls=tls)


def ask(
    url: str,
    entity_ref: str,
    resource: str,
    *,
    default_kind: str = "component",
    media_type: str = "application/json",
    **query: object,
) -> bytes:
    """What `resource` (`governance`, `spend`, `rollup`) of an entity is in `media_type`. Raises `Failure`.

    `default_kind` is the kind of a reference that names none.
    """
    try:
        ref = EntityRef.parse(entity_ref, default_kind=default_kind)
    except EntityRefError as error:
        raise Failure(str(error), Exit.USAGE) from None
    path = f"/v1/entities/{ref.kind}/{ref.namespace}/{ref.name}/{resource}"
    return ask_at(url, path, ref=ref, media_type=media_type, **query)


def ask_at(
    url: str, path: str, *, ref: EntityRef | None = None, media_type: str = "application/json", **query: object
) -> bytes:
    """What is at `path` in `media_type`; `ref` is the entity that it is about. Raises `Failure`."""
    token = _token()
    call = Call(path.rpartition("/")[2], "GET", path)
    params = {name: str(value) for name, value in query.items()}
    reply = asyncio.run(_reply(open_bff(_checked(url), tls=_trusted()), call, params, token))
    if reply.is_success and _is_of(reply, media_type):
        return reply.body
    raise _failure(reply, url, ref)


def understood(body: bytes, model: type[Model]) -> Model:
    """`body` as a `model` of the wire. Raises `Failure` where it has another form."""
    try:
        return model.model_validate_json(body)
    except ValidationError:
        raise Failure("the BFF's answer is of another version than this command", Exit.UNREACHABLE) from None


async def _reply(bff: Upstream, call: Call, params: dict[str, str], token: SecretStr | None) -> Reply:
    try:
        return await bff.ask(call, lambda reply: reply, params=params, token=token)
    finally:
        await bff.aclose()


def _checked(url: str) -> str:
    try:
        return base_url(url)
    except ValueError:
        # Not shown: it can hold a password.
        raise Failure("--url (or BFF_URL) must be an address such as http://127.0.0.1:8787", Exit.USAGE) from None


def _trusted() -> ssl.SSLContext:
    path = os.environ.get(CA_FILE)
    try:
        return client_context(TlsFiles(ca=Path(path) if path else None))
    except TlsFileError as error:
        raise Failure(str(error), Exit.SETTINGS) from None


def _token() -> SecretStr | None:
    text = os.environ.get(TOKEN_VARIABLE)
    if not text:
        return None
    token = SecretStr(text)
    if not fits_a_header(token):
        raise Failure(
            f"{TOKEN_VARIABLE} must be visible ASCII characters without spaces, as a header can carry them",
            Exit.SETTINGS,
        )
    return token


def _failure(reply: Reply, url: str, ref: EntityRef | None) -> Failure:
    problem = _problem(reply)
    said = problem.get("detail") or problem.get("title") or f"it answered {reply.status}"
    match reply.status:
        case 401:
            return Failure(
                f"the BFF does not accept this caller: {said}; put your Backstage token into {TOKEN_VARIABLE}",
                Exit.DENIED,
            )
        case 403:
            return Failure(f"not permitted: {said}", Exit.DENIED)
        case 404 if problem and ref is not None:
            seen = str(problem.get("type")).endswith(":no-spend")
            why = f"{ref}: {said}" if seen else f"{ref} is not in the catalog, or you may not see it"
            return Failure(why, Exit.NOT_FOUND)
        case 404 | 200 | 301 | 302 | 303 | 307 | 308:
            what = "is not a BFF" if not problem else "is a BFF of an older version"
            return Failure(f"what answers at {url} {what}: name yours with --url", Exit.UNREACHABLE)
        case 400 | 422:
            return Failure(str(said), Exit.USAGE)
        case _:
            return Failure(f"the BFF cannot answer now: {said}", Exit.UNREACHABLE)


def _problem(reply: Reply) -> dict[str, Any]:
    if _is_of(reply, "application/problem+json"):
        document = orjson.loads(reply.body)
        return document if isinstance(document, dict) else {}
    return {}


def _is_of(reply: Reply, media_type: str) -> bool:
    sent: str = reply.headers.get("content-type", "")
    return sent.partition(";")[0].strip().lower() == media_type
