"""What Backstage's permission framework decides on a caller."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bff.backstage.caller import Caller
from bff.backstage.client import BackstageClient
from bff.backstage.entities import CatalogContractError, CatalogError
from bff.expiring import Expiring
from bff.single_flight import SingleFlight
from bff.telemetry.logs import logger

log = logger("permissions")

SPEND_READ = "keeptrusts.spend.read"
AUTHORIZE = "/api/permission/authorize"

REMEMBERED_FOR = 30.0
"""Seconds for which a decision is taken from memory."""

FAILURE_REMEMBERED_FOR = 5.0
"""Seconds until a question that got no decision is asked again."""

MOST_DECISIONS = 20_000


class SpendPermission:
    """Asks whether callers may see amounts (`keeptrusts.spend.read`), as `BFF_SPEND_PERMISSION=on` has it."""

    def __init__(self, backstage: BackstageClient, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._backstage = backstage
        self._monotonic = monotonic
        self._memory: Expiring[str, bool] = Expiring(MOST_DECISIONS, clock=monotonic)
        self._flight: SingleFlight[bool] = SingleFlight()

    def known(self, caller: Caller) -> bool | None:
        """What `allows` gives from memory, None where Backstage must be asked."""
        kept = self._memory.get(caller.key)
        return kept.value if kept is not None and self._monotonic() < kept.until else None

    async def allows(self, caller: Caller) -> bool:
        """Whether Backstage's answer is ALLOW: False also for a caller whom it does not know, and while it cannot be asked."""
        if (known := self.known(caller)) is not None:
            return known
        return await self._flight.do(caller.key, partial(self._ask, caller))

    async def _ask(self, caller: Caller) -> bool:
        allowed, lasts = False, REMEMBERED_FOR
        if caller.permission_token is not None:
            permission = {"type": "basic", "name": SPEND_READ, "attributes": {}}
            body = {"items": [{"id": "1", "permission": permission}]}
            try:
                allowed = await self._backstage.query_as(
                    _allows, AUTHORIZE, body, operation="authorize", token=caller.permission_token
                )
            except CatalogError as error:
                lasts = FAILURE_REMEMBERED_FOR
                log.warning(
                    "no decision on a permission: amounts are withheld", permission=SPEND_READ, problem=str(error)
                )
        self._memory.put(caller.key, allowed, until=self._monotonic() + lasts)
        return allowed


class _Decision(BaseModel):
    model_config = ConfigDict(extra="ignore")

    result: Literal["ALLOW", "DENY", "CONDITIONAL"]


class _Reply(BaseModel):
    model_config = ConfigDict(extra="ignore")

    items: list[_Decision] = Field(min_length=1, max_length=1)


def _allows(reply: Any) -> bool:
    try:
        return _Reply.model_validate(reply).items[0].result == "ALLOW"
    except ValidationError:
        raise CatalogContractError(f"Backstage POST {AUTHORIZE}: a reply that is no decision") from None
