"""Asks a running BFF for a developer's terminal; every failure is one line and an exit code."""

from __future__ import annotations

import os
import re
import ssl
from pathlib import Path
from typing import Any

import httpx

from bff.cli.exits import Exit, Failure
from bff.tls import CA_FILE, TlsFileError, TlsFiles, client_context, trouble
from bff.values import EntityRef, EntityRefError

TIMEOUT_SECONDS = 20.0
TOKEN_VARIABLE = "BFF_TOKEN"  # noqa: S105 - the name of the variable

_VISIBLE = re.compile(r"[!-~]+")


def ask(url: str, entity_ref: str, resource: str, **query: object) -> bytes:
    """The JSON of `resource` (`governance`, `spend`) of an entity. Raises `Failure`."""
    try:
        ref = EntityRef.parse(entity_ref, default_kind="component")
    except EntityRefError as error:
        raise Failure(str(error), Exit.USAGE) from None
    headers = _credentials()
    address = f"{_checked(url)}/v1/entities/{ref.kind}/{ref.namespace}/{ref.name}/{resource}"
    tls = _trusted()
    try:
        # The token goes to the address that was named and nowhere else: no proxies from the environment, no redirects.
        with httpx.Client(verify=tls, trust_env=False, follow_redirects=False, timeout=TIMEOUT_SECONDS) as client:
            response = client.get(address, headers=headers, params={name: str(value) for name, value in query.items()})
    except httpx.TimeoutException:
        raise Failure(f"the BFF at {url} gave no answer within {TIMEOUT_SECONDS:g} s", Exit.UNREACHABLE) from None
    except (httpx.HTTPError, ssl.SSLError) as error:
        if said := trouble(error):
            raise Failure(f"the BFF at {url} cannot be reached: {said}", Exit.UNREACHABLE) from None
        why = "no connection" if isinstance(error, httpx.ConnectError) else type(error).__name__
        raise Failure(
            f"no BFF answers at {url} ({why}): start one with `keeptrusts-bff demo`, or name yours with --url",
            Exit.UNREACHABLE,
        ) from None
    if response.is_success and _is_of(response, "application/json"):
        return response.content
    raise _failure(response, ref, url)


def _checked(url: str) -> str:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL()
    if parsed.scheme not in {"http", "https"} or not parsed.host or parsed.query or parsed.fragment or parsed.userinfo:
        # Not shown: it can hold a password.
        raise Failure("--url (or BFF_URL) must be an address such as http://127.0.0.1:8787", Exit.USAGE)
    return url.rstrip("/")


def _trusted() -> ssl.SSLContext:
    path = os.environ.get(CA_FILE)
    try:
        return client_context(TlsFiles(ca=Path(path) if path else None))
    except TlsFileError as error:
        raise Failure(str(error), Exit.SETTINGS) from None


def _credentials() -> dict[str, str]:
    token = os.environ.get(TOKEN_VARIABLE)
    if not token:
        return {}
    if not _VISIBLE.fullmatch(token):
        raise Failure(
            f"{TOKEN_VARIABLE} must be visible ASCII characters without spaces, as a header can carry them",
            Exit.SETTINGS,
        )
    return {"authorization": f"Bearer {token}"}


def _failure(response: httpx.Response, ref: EntityRef, url: str) -> Failure:
    problem = _problem(response)
    said = problem.get("detail") or problem.get("title") or f"it answered {response.status_code}"
    match response.status_code:
        case 401:
            return Failure(
                f"the BFF does not accept this caller: {said}; put your Backstage token into {TOKEN_VARIABLE}",
                Exit.DENIED,
            )
        case 403:
            return Failure(f"not permitted: {said}", Exit.DENIED)
        case 404 if problem:
            return Failure(f"{ref} is not in the catalog, or you may not see it", Exit.NOT_FOUND)
        case 404 | 200 | 301 | 302 | 303 | 307 | 308:
            return Failure(f"what answers at {url} is not a BFF: name yours with --url", Exit.UNREACHABLE)
        case 400 | 422:
            return Failure(str(said), Exit.USAGE)
        case _:
            return Failure(f"the BFF cannot answer now: {said}", Exit.UNREACHABLE)


def _problem(response: httpx.Response) -> dict[str, Any]:
    if _is_of(response, "application/problem+json"):
        document = response.json()
        return document if isinstance(document, dict) else {}
    return {}


def _is_of(response: httpx.Response, media_type: str) -> bool:
    sent: str = response.headers.get("content-type", "")
    return sent.partition(";")[0].strip().lower() == media_type
