"""Provisioning at Keeptrusts' own paths, so that the guide's template runs through the Backstage proxy as it stands.

Bodies and replies are Keeptrusts', but for a gateway key: its reply says where in Vault the key is, and never what it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from bff.provisioning.errors import ProvisioningOffError
from bff.provisioning.provisioner import Asker, Provisioner
from bff.provisioning.requests import Allocation, NewConfiguration, NewKey, NewTeam
from bff.web.bodies import read_body
from bff.web.callers import caller_of
from bff.web.service import Service

NO_STORE = {"cache-control": "no-store"}


async def create_team(request: Request) -> Response:
    """`POST /v1/teams`: 201 with the team that was made, 200 with the one that is there."""
    provisioner, asker = await _asked(request)
    body = await read_body(request, NewTeam)
    team, new = await provisioner.under_way.to_its_end(provisioner.provide_team(body, asker))
    return _reply(team.model_dump(), new=new)


async def create_key(request: Request) -> Response:
    """`POST /v1/tokens`: the key's id and prefix, and where in Vault it is."""
    provisioner, asker = await _asked(request)
    body = await read_body(request, NewKey)
    stored = await provisioner.under_way.to_its_end(provisioner.provide_key(body, asker))
    where = {"vault_mount": stored.vault_mount, "vault_path": stored.vault_path}
    return _reply(stored.record.model_dump() | where, new=stored.new)


async def create_configuration(request: Request) -> Response:
    """`POST /v1/configurations`: 201 with the configuration that was made, 200 with the one that is there."""
    provisioner, asker = await _asked(request)
    body = await read_body(request, NewConfiguration)
    configuration, new = await provisioner.under_way.to_its_end(provisioner.provide_configuration(body, asker))
    return _reply(configuration.model_dump(), new=new)


async def allocate(request: Request) -> Response:
    """`POST /v1/wallets/allocate` with an `Idempotency-Key`: the booking and the wallet."""
    provisioner, asker = await _asked(request)
    body = await read_body(request, Allocation)
    act = provisioner.fund(body, asker, idempotency_key=request.headers.get("idempotency-key"))
    funding = await provisioner.under_way.to_its_end(act)
    return _reply(funding.reply.model_dump(), new=funding.new)


async def _asked(request: Request) -> tuple[Provisioner, Asker]:
    service: Service = request.app.state.service
    caller = await caller_of(request.scope, service.identity)
    if service.provisioner is None:
        raise ProvisioningOffError("Provisioning is off: this service has no KEEPTRUSTS_ADMIN_TOKEN.")
    return service.provisioner, Asker(caller, request.scope["request_id"])


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
