"""Provisioning at Keeptrusts' own paths, so that the guide's template runs through the Backstage proxy as it stands.

Bodies and replies are Keeptrusts', but for a gateway key: its reply says where in Vault the key is, and never what it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson
from pydantic import BaseModel
from starlette.responses import Response

from bff.keeptrusts import contract
from bff.keeptrusts.contract import AllocationReply, ConfigurationRecord, TeamRecord, TokenRecord
from bff.provisioning.provisioner import Asker, Provisioner
from bff.provisioning.requests import Allocation, NewConfiguration, NewKey, NewTeam
from bff.web.answers import JSON, NO_STORE
from bff.web.problems import ProblemType
from bff.web.routes import Access, Call, Parameter, Reply, route_with_body

_MADE_OR_FOUND = (200, 201)
"""201 when it was made, 200 when it was there."""

_PROBLEMS = (
    *Access.PROVISIONING.problems,
    ProblemType.UPSTREAM_CONTRACT,
    ProblemType.UPSTREAM_DENIED,
    ProblemType.UPSTREAM_REJECTED,
    ProblemType.UPSTREAM_UNAVAILABLE,
)
_OF_VAULT = (
    ProblemType.NOT_STORED,
    ProblemType.VAULT_CONTRACT,
    ProblemType.VAULT_DENIED,
    ProblemType.VAULT_SEALED,
    ProblemType.VAULT_UNAVAILABLE,
)
_IN_VAULT = {
    "type": "object",
    "required": ["vault_mount", "vault_path"],
    "properties": {
        "vault_mount": {"type": "string", "examples": ["secret"]},
        "vault_path": {"type": "string", "examples": ["ai/support-team/support-team-gw-key"]},
    },
}
_IDEMPOTENCY_KEY = Parameter(
    "Idempotency-Key",
    "header",
    {"type": "string", "minLength": 1, "maxLength": 255},
    "Names the allocation: asked for again with the same key it is not made again",
)


@route_with_body(
    "POST",
    contract.TEAMS,
    "Make a team, or give the one of this name",
    body=NewTeam,
    access=Access.PROVISIONING,
    replies=(Reply(TeamRecord, statuses=_MADE_OR_FOUND),),
    problems=_PROBLEMS,
    tag="provisioning",
)
async def create_team(call: Call, body: NewTeam) -> Response:
    """Answer with the team."""
    provisioner, asker = _asked(call)
    team, new = await provisioner.under_way.to_its_end(provisioner.provide_team(body, asker))
    return _reply(team.model_dump(), new=new)


@route_with_body(
    "POST",
    contract.TOKENS,
    "Make a team's gateway key and put it into Vault; the reply says where, and never holds the key",
    body=NewKey,
    access=Access.PROVISIONING,
    replies=(Reply(TokenRecord, _IN_VAULT, statuses=_MADE_OR_FOUND),),
    problems=(*_PROBLEMS, *_OF_VAULT),
    tag="provisioning",
)
async def create_key(call: Call, body: NewKey) -> Response:
    """Answer with the key's id and prefix, and where in Vault it is."""
    provisioner, asker = _asked(call)
    stored = await provisioner.under_way.to_its_end(provisioner.provide_key(body, asker))
    where = {"vault_mount": stored.vault_mount, "vault_path": stored.vault_path}
    return _reply(stored.record.model_dump() | where, new=stored.new)


@route_with_body(
    "POST",
    contract.CONFIGURATIONS,
    "Make a team's policy configuration from a template, or give the one of this name",
    body=NewConfiguration,
    access=Access.PROVISIONING,
    replies=(Reply(ConfigurationRecord, statuses=_MADE_OR_FOUND),),
    problems=_PROBLEMS,
    tag="provisioning",
)
async def create_configuration(call: Call, body: NewConfiguration) -> Response:
    """Answer with the configuration."""
    provisioner, asker = _asked(call)
    configuration, new = await provisioner.under_way.to_its_end(provisioner.provide_configuration(body, asker))
    return _reply(configuration.model_dump(), new=new)


@route_with_body(
    "POST",
    contract.ALLOCATE,
    "Put money into a team's wallet, once for each Idempotency-Key",
    body=Allocation,
    access=Access.PROVISIONING,
    parameters=(_IDEMPOTENCY_KEY,),
    replies=(Reply(AllocationReply, statuses=_MADE_OR_FOUND),),
    problems=_PROBLEMS,
    tag="provisioning",
)
async def allocate(call: Call, body: Allocation) -> Response:
    """Answer with the booking and the wallet."""
    provisioner, asker = _asked(call)
    act = provisioner.fund(body, asker, idempotency_key=call.request.headers.get(_IDEMPOTENCY_KEY.name))
    funding = await provisioner.under_way.to_its_end(act)
    return _reply(funding.reply.model_dump(), new=funding.new)


ROUTES = (create_team, create_key, create_configuration, allocate)


def _asked(call: Call) -> tuple[Provisioner, Asker]:
    provisioner = call.service.provisioner
    assert provisioner is not None  # noqa: S101 - `Access.PROVISIONING` lets no call through without one
    return provisioner, Asker(call.caller, call.request.scope["request_id"])


def _reply(document: Mapping[str, Any], *, new: bool) -> Response:
    body = orjson.dumps(document, default=_exact)
    return Response(body, status_code=201 if new else 200, media_type=JSON, headers=NO_STORE)


def _exact(value: object) -> object:
    """Money as the number that it is, digit for digit, and models as their members."""
    if isinstance(value, Decimal):
        return orjson.Fragment(format(value, "f"))
    if isinstance(value, BaseModel):
        return value.model_dump()
    raise TypeError(type(value).__name__)
