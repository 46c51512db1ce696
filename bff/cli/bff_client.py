"""Asks a running BFF for a developer's terminal; every failure is one line and an exit code."""

from __future__ import annotations

import os
from typing import Any

import httpx

from bff.cli.exits import Exit, Failure
from bff.governance.entity_ref import EntityRef, EntityRefError

TIMEOUT_SECONDS = 20.0
TOKEN_VARIABLE = "BFF_TOKEN"  # noqa: S105 - the name of the variable


def ask(url: str, entity_ref: str, resource: str, **query: object) -> bytes:
    """The JSON of `resource` (`governance`, `spend`) of an entity. Raises `Failure`."""
    try:
        ref = EntityRef.parse(entity_ref, default_kind="component")
    except EntityRefError as error:
        raise Failure(str(error), Exit.USAGE) from None
    token = os.environ.get(TOKEN_VARIABLE)
    headers = {"authorization": f"Bearer {token}"} if token else {}
    address = f"{url.rstrip('/')}/v1/entities/{ref.kind}/{ref.namespace}/{ref.name}/{resource}"
    try:
        # The token goes to the address that was named and nowhere else: no proxies from the environment, no redirects.
        with httpx.Client(trust_env=False, follow_redirects=False, timeout=TIMEOUT_SECONDS) as client:
            response = client.get(address, headers=headers, params={name: str(value) for name, value in query.items()})
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Failure(
            f"no BFF answers at {url} ({type(error).__name__}): start one with `keeptrusts-bff demo`, or name yours with --url",
            Exit.UNREACHABLE,
        ) from None
    if response.is_success:
        return response.content
    raise _failure(response, ref)


def _failure(response: httpx.Response, ref: EntityRef) -> Failure:
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
        case 404:
            return Failure("what answers there is not a BFF: name yours with --url", Exit.UNREACHABLE)
        case 400 | 422:
            return Failure(str(said), Exit.USAGE)
        case _:
            return Failure(f"the BFF cannot answer now: {said}", Exit.UNREACHABLE)


def _problem(response: httpx.Response) -> dict[str, Any]:
    if response.headers.get("content-type", "").startswith("application/problem+json"):
        document = response.json()
        return document if isinstance(document, dict) else {}
    return {}
