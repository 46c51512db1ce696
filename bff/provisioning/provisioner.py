"""Every act of provisioning: who asks, whether they may, and then what is asked, one act on a team at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar
from weakref import WeakValueDictionary

from pydantic import TypeAdapter, ValidationError

from bff.backstage.caller import Caller
from bff.keeptrusts.client import KeeptrustsClient
from bff.keeptrusts.contract import ConfigurationRecord, TeamRecord
from bff.keeptrusts.errors import UpstreamRejectedError
from bff.keeptrusts.facts import Team
from bff.provisioning.audit import Act, Audit
from bff.provisioning.errors import ConflictError, InvalidRequestError, ProvisioningOffError
from bff.provisioning.funding import Funding, Wallets
from bff.provisioning.keys import Keys, StoredKey
from bff.provisioning.organisation import CurrentOrganisation, Teams
from bff.provisioning.requests import Allocation, Name, NewConfiguration, NewKey, NewTeam
from bff.provisioning.rights import Rights
from bff.provisioning.under_way import UnderWay

_DUPLICATE = 409
_PATH_NAME: TypeAdapter[str] = TypeAdapter(Name)


class _HasId(Protocol):
    @property
    def id(self) -> str: ...


Record = TypeVar("Record", bound=_HasId)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for an act, and in which request."""

    caller: Caller
    request_id: str


class Provisioner:
    """Provisions teams. `keys` is None where no Vault is configured: then no key is made, since it could not be kept.

    `changed` is told of everything that was made. Whoever calls the `provide_` methods and `fund` does so by way of
    `under_way`, so that nothing interrupts them. They raise `OnboardingError`, `CatalogError`, `VaultError` or
    `KeeptrustsError`.
    """

    def __init__(
        self,
        client: KeeptrustsClient,
        organisation: CurrentOrganisation,
        rights: Rights,
        audit: Audit,
        *,
        keys: Keys | None,
        clock: Callable[[], datetime],
        changed: Callable[[], None],
    ) -> None:
        self._client = client
        self._organisation = organisation
        self._rights = rights
        self._audit = audit
        self._keys = keys
        self._wallets = Wallets(client, organisation)
        self._clock = clock
        self._changed = changed
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self.under_way = UnderWay()

    async def provide_team(self, request: NewTeam, asker: Asker) -> tuple[TeamRecord, bool]:
        """The team of this name, and whether it was made just now."""
        with self._audit.act("team", request.name, asker.caller, asker.request_id) as act:
            async with self._alone(f"team {request.name}"):
                teams = await self._organisation.teams()
                existing = teams.named(request.name)
                await self._require(asker, teams, existing, otherwise=request.name)
                if existing is not None:
                    return self._found(act, existing, existing.name), False
                try:
                    made = await self._client.create_team(request.name, description=request.description)
                except UpstreamRejectedError as error:
                    # Somebody else, or another replica, was quicker: theirs is ours.
                    if error.status != _DUPLICATE:
                        raise
                    teams = await self._organisation.teams()
                    twin = teams.named(request.name)
                    if twin is None:
                        raise
                    await self._require(asker, teams, twin, otherwise=request.name)
                    return self._found(act, twin, twin.name), False
                return self._made(act, made, made.name), True

    async def provide_key(self, request: NewKey, asker: Asker) -> StoredKey:
        """The gateway key of this team and name, in Vault."""
        with self._audit.act("token", request.name, asker.caller, asker.request_id) as act:
            if self._keys is None:
                raise ProvisioningOffError(
                    "Gateway keys are not made here: no Vault is configured to keep them (VAULT_ADDR)."
                )
            team = await self._team(request.team_id, asker, act)
            _require_path_name(team)
            async with self._alone(f"key {request.name}"):
                stored = await self._keys.provide(request, team, by=_who(asker), now=self._clock())
            record = stored.record
            self._made(act, record, team.name) if stored.new else self._found(act, record, team.name)
            return stored

    async def provide_configuration(self, request: NewConfiguration, asker: Asker) -> tuple[ConfigurationRecord, bool]:
        """The policy configuration of this team and name, and whether it was made just now."""
        with self._audit.act("configuration", request.name, asker.caller, asker.request_id) as act:
            team = await self._team(request.team_id, asker, act)
            async with self._alone(f"configuration {team.id} {request.name}"):
                existing = await self._organisation.configuration(team.id, request.name)
                if existing is None:
                    try:
                        made = await self._client.create_configuration(
                            request.name, team_id=team.id, template_id=request.template_id
                        )
                    except UpstreamRejectedError as error:
                        existing = (
                            await self._organisation.configuration(team.id, request.name)
                            if error.status == _DUPLICATE
                            else None
                        )
                        if existing is None:
                            raise
                    else:
                        return self._made(act, made, team.name), True
                _require_same(existing, request)
                return self._found(act, existing, team.name), False

    async def fund(self, request: Allocation, asker: Asker, *, idempotency_key: str | None) -> Funding:
        """Money in the team's wallet, once for this idempotency key."""
        with self._audit.act("wallet", f"{request.amount} {request.currency}", asker.caller, asker.request_id) as act:
            team = await self._team(request.team_id, asker, act)
            async with self._alone(f"wallet {team.id}"):
                funding = await self._wallets.fund(request, team, idempotency_key=idempotency_key, now=self._clock())
            booking = funding.reply.transaction
            self._made(act, booking, team.name) if funding.new else self._found(act, booking, team.name)
            return funding

    async def _team(self, team_id: str, asker: Asker, act: Act) -> TeamRecord:
        teams = await self._organisation.teams()
        team = teams.of_id(team_id)
        # Whoever may provision no team learns nothing of which ids there are.
        await self._require(asker, teams, team, otherwise="")
        if team is None:
            raise InvalidRequestError(f"team_id: there is no team {team_id[:80]!r}.")
        act.team = team.name
        return team

    async def _require(self, asker: Asker, teams: Teams, team: TeamRecord | None, *, otherwise: str) -> None:
        """Raise unless the asker may provision `team` or, where there is none, the team to be made of that name."""
        if team is None:
            await self._rights.require(asker.caller, otherwise)
        else:
            await self._rights.require(asker.caller, _value(team), name_is_shared=teams.shares_its_name(team))

    @asynccontextmanager
    async def _alone(self, what: str) -> AsyncIterator[None]:
        """One at a time for the same thing, in this process; between processes Keeptrusts and Vault decide."""
        lock = self._locks.setdefault(what, asyncio.Lock())
        async with lock:
            yield

    def _made(self, act: Act, record: Record, team: str) -> Record:
        act.made, act.team, act.outcome = record.id, team, "created"
        self._changed()
        return record

    @staticmethod
    def _found(act: Act, record: Record, team: str) -> Record:
        act.made, act.team, act.outcome = record.id, team, "found"
        return record


def _value(team: TeamRecord) -> Team:
    return Team(team.id, team.name, team.slug)


def _who(asker: Asker) -> str:
    via = f" via {asker.caller.via}" if asker.caller.via else ""
    return f"{asker.caller.user}{via}"


def _require_path_name(team: TeamRecord) -> None:
    try:
        _PATH_NAME.validate_python(team.name)
    except ValidationError:
        raise InvalidRequestError(
            f"The team is called {team.name[:80]!r}, which cannot be a folder in Vault: letters, digits, '-', '_' and '.' in "
            "lower case are possible, 63 at most."
        ) from None


def _require_same(existing: ConfigurationRecord, request: NewConfiguration) -> None:
    if existing.template_id != request.template_id:
        raise ConflictError(
            f"The team has a configuration {request.name!r} already, made from {existing.template_id!r} and not from "
            f"{request.template_id!r}: change it in the console, or delete it and run this again."
        )
    if not existing.enabled:
        raise ConflictError(
            f"The team has a configuration {request.name!r} already, and it is disabled: enable it in the console."
        )
