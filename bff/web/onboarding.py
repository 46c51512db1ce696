"""Provisioning at Keeptrusts' own paths, so that the guide's template runs through the Backstage proxy as it stands.

Bodies and replies are Keeptrusts', but for a gateway key: its reply says where in Vault the key is, and never what it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from bff.provisioning.acts import Asker
from bff.provisioning.errors import ProvisioningOffError
from bff.provisioning.keys import StoredKey
from bff.provisioning.money import Movement
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
from bff.web.bodies import read_body
from bff.web.callers import caller_of
from bff.web.service import Service

NO_STORE = {"cache-control": "no-store"}
_IDEMPOTENCY_KEY = "idempotency-key"

Body = TypeVar("Body", bound=ProvisioningRequest)


async def create_team(request: Request) -> Response:
    """`POST /v1/teams`: 201 with the team that was made, 200 with the one that is there."""
    provisioner, asker, body = await _asked(request, NewTeam)
    team, new = await provisioner.under_way.to_its_end(provisioner.provide_team(body, asker))
    return _reply(team.model_dump(), new=new)


async def create_key(request: Request) -> Response:
    """`POST /v1/tokens`: the key's id and prefix, and where in Vault it is."""
    provisioner, asker, body = await _asked(request, NewKey)
    stored = await provisioner.under_way.to_its_end(provisioner.provide_key(body, asker))
    return _reply(_described(stored), new=stored.new)


async def rotate_key(request: Request) -> Response:
    """`POST /v1/tokens/{name}/rotate`: as the making of a key, and the key that it replaces as `previous`."""
    provisioner, asker, body = await _asked(request, Rotation)
    name, key = request.path_params["name"], request.headers.get(_IDEMPOTENCY_KEY)
    act = provisioner.rotate_key(name, body, asker, idempotency_key=key)
    stored = await provisioner.under_way.to_its_end(act)
    old = stored.previous
    previous = None if old is None else {"id": old.id, "revokes_at": old.revokes_at}
    return _reply(_described(stored) | {"previous": previous}, new=stored.new)


async def revoke_key(request: Request) -> Response:
    """`POST /v1/tokens/{name}/revoke`: the ids of the keys that were revoked."""
    provisioner, asker, body = await _asked(request, Revocation)
    name = request.path_params["name"]
    revoked = await provisioner.under_way.to_its_end(provisioner.revoke_key(name, body, asker))
    return _reply({"name": name, "team_id": body.team_id, "revoked": revoked}, new=False)


async def create_configuration(request: Request) -> Response:
    """`POST /v1/configurations`: 201 with the configuration that was made, 200 with the one that is there."""
    provisioner, asker, body = await _asked(request, NewConfiguration)
    configuration, new = await provisioner.under_way.to_its_end(provisioner.provide_configuration(body, asker))
    return _reply(configuration.model_dump(), new=new)


async def disable_configuration(request: Request) -> Response:
    """`POST /v1/configurations/{name}/disable`: the configuration that was taken out of force, if there was one."""
    provisioner, asker, body = await _asked(request, Disabling)
    name = request.path_params["name"]
    found = await provisioner.under_way.to_its_end(provisioner.disable_configuration(name, body, asker))
    disabled = None if found is None else found.id
    return _reply({"name": name, "team_id": body.team_id, "disabled": disabled}, new=False)


async def allocate(request: Request) -> Response:
    """`POST /v1/wallets/allocate` with an `Idempotency-Key`: the booking and the wallet."""
    provisioner, asker, body = await _asked(request, Allocation)
    act = provisioner.fund(body, asker, idempotency_key=request.headers.get(_IDEMPOTENCY_KEY))
    return _moved(await provisioner.under_way.to_its_end(act))


async def reclaim(request: Request) -> Response:
    """`POST /v1/wallets/reclaim` with an `Idempotency-Key`: the booking, if there was anything, and the wallet."""
    provisioner, asker, body = await _asked(request, Reclaim)
    act = provisioner.reclaim(body, asker, idempotency_key=request.headers.get(_IDEMPOTENCY_KEY))
    return _moved(await provisioner.under_way.to_its_end(act))


async def _asked(request: Request, form: type[Body]) -> tuple[Provisioner, Asker, Body]:
    service: Service = request.app.state.service
    caller = await caller_of(request.scope, service.identity)
    if service.provisioner is None:
        raise ProvisioningOffError("Provisioning is off: this service has no KEEPTRUSTS_ADMIN_TOKEN.")
    body = await read_body(request, form)
    return service.provisioner, Asker(caller, request.scope["request_id"], body.approver), body


def _described(stored: StoredKey) -> dict[str, Any]:
    where = {"vault_mount": stored.vault_mount, "vault_path": stored.vault_path}
    # A description can be anybody's text, and is nobody's question here.
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
    return Response(body, status_code=201 if new else 200, media_type="application/json", headers=NO_STORE)


def _exact(value: object) -> object:
    """Money as the number that it is, digit for digit; what else orjson does not know has no place in a reply."""
    if isinstance(value, Decimal):
        return orjson.Fragment(format(value, "f"))
    if isinstance(value, BaseModel):
        return value.model_dump()
    raise TypeError(type(value).__name__)
