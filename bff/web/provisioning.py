"""Provisioning at Keeptrusts' own paths, so that the guide's template runs through the Backstage proxy as it stands.

Bodies and replies are Keeptrusts', but for a gateway key: its reply says where in Vault the key is, and never what it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import orjson
from pydantic import AwareDatetime, BaseModel, Field
from starlette.responses import Response

from bff.keeptrusts import contract
from bff.keeptrusts.contract import (
    AllocationReply,
    ConfigurationRecord,
    TeamRecord,
    TokenRecord,
    TransactionRecord,
    WalletRecord,
)
from bff.provisioning.acts import Asker
from bff.provisioning.keys import StoredKey
from bff.provisioning.money import Movement
from bff.provisioning.organisation import Holdings
from bff.provisioning.provisioner import Provisioner
from bff.provisioning.requests import (
    Allocation,
    Disabling,
    NewConfiguration,
    NewKey,
    NewTeam,
    ProvisioningRequest,
    Reclaim,
    Revocation,
    Rotation,
)
from bff.web.answers import JSON, NO_STORE
from bff.web.problems import ProblemType
from bff.web.routes import Access, Call, Parameter, Query, Reply, route, route_with_body

_MADE_OR_FOUND = (200, 201)
"""201 when it was made, 200 when it was there."""

_PROBLEMS = (
    *Access.PROVISIONING.problems,
    ProblemType.RECORDS_UNAVAILABLE,
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
    "Names the act: asked for again with the same key it is not done again",
)


class ReclaimReply(BaseModel):
    """What `POST /v1/wallets/reclaim` answers: no transaction where there was nothing to reclaim."""

    transaction: TransactionRecord | None
    wallet: WalletRecord | None


class PreviousKey(BaseModel):
    """The key that a rotation replaces."""

    id: str
    revokes_at: AwareDatetime = Field(
        description="When it is revoked at the earliest: later where it was used within its grace before"
    )


class RotatedKey(TokenRecord):
    """What a rotation answers, beside where the key is in Vault."""

    previous: PreviousKey | None = Field(description="The key that this one replaces; null where none was living")


class RevokedKeys(BaseModel):
    """What a revocation answers."""

    name: str
    team_id: str
    revoked: list[str] = Field(description="The ids of the keys that were revoked just now")


class DisabledConfiguration(BaseModel):
    """What the disabling of a configuration answers."""

    name: str
    team_id: str
    disabled: str | None = Field(description="The configuration's id; null where there was none")


def _named(example: str) -> Parameter:
    return Parameter("name", "path", {"type": "string", "minLength": 1, "maxLength": 100}, example=example)


_KEY = _named("support-team-gw-key")
_CONFIRM: Query[str | None] = Query(
    "confirm",
    "query",
    {"type": "string", "maxLength": 100},
    "The team's name as a person has typed it once more; another one is refused",
    required=False,
    parse=str,
)


@route(
    "GET",
    contract.TEAMS + "/{name}",
    "What a team has in force, by name: the steps of a template work on it",
    access=Access.PROVISIONING,
    parameters=(_named("support-team"), _CONFIRM),
    replies=(Reply(Holdings),),
    problems=(*_PROBLEMS, ProblemType.INVALID),
    tag="provisioning",
)
async def show_team(call: Call) -> Response:
    """Answer with the names of the team's keys and configurations."""
    provisioner, asker = _asked(call)
    held = await provisioner.holdings(_name(call), asker, confirm=_CONFIRM.of(call.request))
    return _reply(held.model_dump(), new=False)


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
    provisioner, asker = _asked(call, body)
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
    provisioner, asker = _asked(call, body)
    stored = await provisioner.under_way.to_its_end(provisioner.provide_key(body, asker))
    return _reply(_described(stored), new=stored.new)


@route_with_body(
    "POST",
    contract.TOKENS + "/{name}/rotate",
    "Make a successor of a team's gateway key, in Vault at the same path; the old key lives on for the grace",
    body=Rotation,
    access=Access.PROVISIONING,
    parameters=(_KEY, replace(_IDEMPOTENCY_KEY, required=False)),
    replies=(Reply(RotatedKey, _IN_VAULT, statuses=_MADE_OR_FOUND),),
    problems=(*_PROBLEMS, *_OF_VAULT),
    tag="provisioning",
)
async def rotate_key(call: Call, body: Rotation) -> Response:
    """Answer as to the making of a key, with the key that it replaces as `previous`."""
    provisioner, asker = _asked(call, body)
    act = provisioner.rotate_key(_name(call), body, asker, idempotency_key=_idempotency_key(call))
    stored = await provisioner.under_way.to_its_end(act)
    old = stored.previous
    previous = None if old is None else {"id": old.id, "revokes_at": old.revokes_at}
    return _reply(_described(stored) | {"previous": previous}, new=stored.new)


@route_with_body(
    "POST",
    contract.TOKENS + "/{name}/revoke",
    "Revoke a team's gateway keys of a name, or the one of an id",
    body=Revocation,
    access=Access.PROVISIONING,
    parameters=(_KEY,),
    replies=(Reply(RevokedKeys),),
    problems=_PROBLEMS,
    tag="provisioning",
)
async def revoke_key(call: Call, body: Revocation) -> Response:
    """Answer with the ids of the keys that were revoked."""
    provisioner, asker = _asked(call, body)
    revoked = await provisioner.under_way.to_its_end(provisioner.revoke_key(_name(call), body, asker))
    return _reply({"name": _name(call), "team_id": body.team_id, "revoked": revoked}, new=False)


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
    provisioner, asker = _asked(call, body)
    configuration, new = await provisioner.under_way.to_its_end(provisioner.provide_configuration(body, asker))
    return _reply(configuration.model_dump(), new=new)


@route_with_body(
    "POST",
    contract.CONFIGURATIONS + "/{name}/disable",
    "Take a team's policy configuration out of force, once its keys are revoked",
    body=Disabling,
    access=Access.PROVISIONING,
    parameters=(_named("support-team-config"),),
    replies=(Reply(DisabledConfiguration),),
    problems=_PROBLEMS,
    tag="provisioning",
)
async def disable_configuration(call: Call, body: Disabling) -> Response:
    """Answer with the id of the configuration, if there was one."""
    provisioner, asker = _asked(call, body)
    found = await provisioner.under_way.to_its_end(provisioner.disable_configuration(_name(call), body, asker))
    disabled = None if found is None else found.id
    return _reply({"name": _name(call), "team_id": body.team_id, "disabled": disabled}, new=False)


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
    provisioner, asker = _asked(call, body)
    act = provisioner.fund(body, asker, idempotency_key=_idempotency_key(call))
    return _moved(await provisioner.under_way.to_its_end(act))


@route_with_body(
    "POST",
    contract.RECLAIM,
    "Move money from a team's wallet back to the organisation's, once for each Idempotency-Key",
    body=Reclaim,
    access=Access.PROVISIONING,
    parameters=(_IDEMPOTENCY_KEY,),
    replies=(Reply(ReclaimReply, statuses=_MADE_OR_FOUND),),
    problems=_PROBLEMS,
    tag="provisioning",
)
async def reclaim(call: Call, body: Reclaim) -> Response:
    """Answer with the booking, if there was anything to reclaim, and the wallet."""
    provisioner, asker = _asked(call, body)
    act = provisioner.reclaim(body, asker, idempotency_key=_idempotency_key(call))
    return _moved(await provisioner.under_way.to_its_end(act))


ROUTES = (
    show_team,
    create_team,
    create_key,
    rotate_key,
    revoke_key,
    create_configuration,
    disable_configuration,
    allocate,
    reclaim,
)


def _asked(call: Call, body: ProvisioningRequest | None = None) -> tuple[Provisioner, Asker]:
    provisioner = call.service.provisioner
    assert provisioner is not None  # noqa: S101 - `Access.PROVISIONING` lets no call through without one
    approver = None if body is None else body.approver
    return provisioner, Asker(call.caller, call.scope["request_id"], approver)


def _name(call: Call) -> str:
    name: str = call.request.path_params["name"]
    return name


def _idempotency_key(call: Call) -> str | None:
    return call.request.headers.get(_IDEMPOTENCY_KEY.name)


def _described(stored: StoredKey) -> dict[str, Any]:
    where = {"vault_mount": stored.vault_mount, "vault_path": stored.vault_path}
    # A description is a person's text and our tag, which this reply is not about.
    return stored.record.model_dump(exclude={"description"}) | where


def _moved(movement: Movement) -> Response:
    transaction, wallet = movement.transaction, movement.wallet
    document = {
        "transaction": None if transaction is None else transaction.model_dump(),
        "wallet": None if wallet is None else wallet.model_dump(),
    }
    return _reply(document, new=movement.new)


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
