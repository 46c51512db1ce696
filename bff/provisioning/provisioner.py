"""Every act of provisioning: who asks, what they are to the team, and then what is asked, one act on a team at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from pydantic import TypeAdapter, ValidationError

from bff.keeptrusts.client import KeeptrustsClient
from bff.keeptrusts.contract import ConfigurationRecord, TeamRecord
from bff.keeptrusts.errors import (
    KeeptrustsError,
    UpstreamContractError,
    UpstreamDeniedError,
    UpstreamRejectedError,
    UpstreamUnavailableError,
)
from bff.keeptrusts.facts import Team
from bff.provisioning.acts import Act, Acts, Asker, Task, Turn
from bff.provisioning.audit import Audit, Report
from bff.provisioning.errors import ConflictError, InvalidRequestError, ProvisioningError, ProvisioningOffError
from bff.provisioning.keys import Keys, StoredKey
from bff.provisioning.money import Movement, Wallets
from bff.provisioning.organisation import CurrentOrganisation, Holdings, Teams
from bff.provisioning.policy import Standing
from bff.provisioning.policy_file import PolicySource
from bff.provisioning.requests import (
    Allocation,
    Disabling,
    Name,
    NewConfiguration,
    NewKey,
    NewTeam,
    Reclaim,
    Revocation,
    Rotation,
)
from bff.provisioning.rights import Rights
from bff.telemetry.logs import logger
from bff.vault.errors import VaultError

log = logger("provisioning")

ENDINGS_EVERY = 20.0
"""Seconds between two looks for old keys whose grace is over."""

_FORGET_EVERY = timedelta(days=1)
_DUPLICATE = 409
_PATH_NAME: TypeAdapter[str] = TypeAdapter(Name)
_TEAMS = "teams"


class _HasId(Protocol):
    @property
    def id(self) -> str: ...


Record = TypeVar("Record", bound=_HasId)
T = TypeVar("T")


class UnderWay:
    """Acts that are under way are ended, though the caller has gone: half of one would be money or a key lost."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    async def to_its_end(self, act: Coroutine[Any, Any, T]) -> T:
        """What `act` gives or raises. It goes on when the one who waits for it is cancelled."""
        task = asyncio.ensure_future(act)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    async def settled(self) -> None:
        """Wait until nothing is under way; each act is bounded by the deadlines of its calls."""
        while self._tasks:
            await asyncio.wait(tuple(self._tasks))

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            # Retrieve the exception so that asyncio does not log it; the audit trail has it.
            task.exception()


class Provisioner:
    """Provisions teams. `keys` is None where no Vault is configured: then no key is made, since it could not be kept.

    `changed` is called after everything that was changed. Callers of the other methods do so by way of `under_way`, so
    that nothing interrupts them. They raise `ProvisioningError`, `CatalogError`, `VaultError` or `KeeptrustsError`.
    """

    def __init__(
        self,
        client: KeeptrustsClient,
        organisation: CurrentOrganisation,
        rights: Rights,
        audit: Audit,
        acts: Acts,
        policy: PolicySource,
        *,
        keys: Keys | None,
        wallets: Wallets,
        clock: Callable[[], datetime],
        changed: Callable[[], None],
    ) -> None:
        self._client = client
        self._organisation = organisation
        self._rights = rights
        self._audit = audit
        self._acts = acts
        self._policy = policy
        self._keys = keys
        self._wallets = wallets
        self._clock = clock
        self._changed = changed
        self.under_way = UnderWay()

    # --- teams ---

    async def provide_team(self, request: NewTeam, asker: Asker) -> tuple[TeamRecord, bool]:
        """The team of this name, and whether it was made just now."""
        async with self._audit.act("team", request.name, asker) as report:
            report.team = request.name
            await self._standing_in(await self._organisation.teams(), asker, request.name)
            async with self._acts.turn(_TEAMS) as turn:
                teams = await self._organisation.teams()
                existing = await self._standing_in(teams, asker, request.name)
                act = await turn.find("team", "", request.name)
                if existing is not None:
                    if act is not None:
                        await turn.done(act, made=existing.id)
                    return self._found(report, existing, existing.name), False
                act = act or await turn.begin(
                    asker.act("team", request.name, request.name, self._clock(), team=request.name)
                )
                made = await self._made_team(turn, act, request, asker)
            return self._made(report, made, made.name), True

    async def holdings(self, name: str, asker: Asker, *, confirm: str | None = None) -> Holdings:
        """What the team of this name has in force, for those who may provision it; nothing is changed.

        `confirm` is the name as a person has typed it once more before a team's end. Raises `InvalidRequestError` where it
        is another one, and where there is no such team.
        """
        team = await self._standing_in(await self._organisation.teams(), asker, name)
        if team is None:
            raise InvalidRequestError(f"name: there is no team {name[:80]!r} in Keeptrusts.")
        if confirm is not None and confirm != team.name:
            raise InvalidRequestError(
                f"confirm: must be the team's name, {team.name!r}, and is {confirm[:80]!r}. Nothing was done."
            )
        return await self._organisation.holdings(team)

    async def _made_team(self, turn: Turn, act: Act, request: NewTeam, asker: Asker) -> TeamRecord:
        try:
            made = await self._client.create_team(request.name, description=act.tagged(request.description))
        except UpstreamRejectedError as error:
            await turn.failed(act, error.reason)
            twin = await self._twin(error, request, asker)
            if twin is None:
                raise
            return twin
        except UpstreamDeniedError as error:
            await turn.failed(act, error.reason)
            raise
        await turn.done(act, made=made.id)
        return made

    async def _twin(self, error: UpstreamRejectedError, request: NewTeam, asker: Asker) -> TeamRecord | None:
        """The team of this name that somebody else has made meanwhile."""
        if error.status != _DUPLICATE:
            return None
        return await self._standing_in(await self._organisation.teams(), asker, request.name)

    async def _standing_in(self, teams: Teams, asker: Asker, name: str) -> TeamRecord | None:
        """The team of a name, once the asker's standing to it, or to the name where there is none, is known."""
        existing = teams.named(name)
        await self._standing(asker, teams, existing, otherwise=name)
        return existing

    # --- keys ---

    async def provide_key(self, request: NewKey, asker: Asker) -> StoredKey:
        """The gateway key of this team and name, in Vault."""
        async with self._audit.act("token", request.name, asker) as report:
            keys = self._with_vault()
            task = await self._task(request.team_id, asker, report)
            _require_path_name(task.team)
            return self._stored(report, await keys.provide(request, task), task)

    async def rotate_key(self, name: str, request: Rotation, asker: Asker, *, idempotency_key: str | None) -> StoredKey:
        """A successor of the team's key of this name; the old one lives on for a while."""
        async with self._audit.act("rotation", name, asker) as report:
            keys = self._with_vault()
            task = await self._task(request.team_id, asker, report)
            _require_path_name(task.team)
            _require_key_name(name)
            return self._stored(report, await keys.rotate(name, request, task, idempotency_key=idempotency_key), task)

    async def revoke_key(self, name: str, request: Revocation, asker: Asker) -> list[str]:
        """Revoke the team's keys of this name; the ids of those that were revoked just now."""
        async with self._audit.act("revocation", name, asker) as report:
            keys = self._with_vault()
            task = await self._task(request.team_id, asker, report)
            revoked = await keys.revoke(name, request, task)
            report.made, report.outcome = ",".join(revoked) or None, "created" if revoked else "found"
            if revoked:
                self._changed()
            return revoked

    async def keep(self, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        """Revoke old keys whose grace is over, and forget old refusals, until cancelled."""
        forgotten: datetime | None = None
        while True:
            await sleep(ENDINGS_EVERY)
            try:
                await self.under_way.to_its_end(self.end_due())
                now = self._clock()
                if forgotten is None or now - forgotten >= _FORGET_EVERY:
                    await self._acts.forget_refusals(now)
                    forgotten = now
            except (ProvisioningError, VaultError, KeeptrustsError) as error:
                log.warning("old gateway keys could not be looked after", problem=str(error))

    async def end_due(self) -> None:
        """Revoke old keys whose grace is over and which were not used for as long."""
        if self._keys is not None:
            await self._keys.end_due(self._ended)

    def _ended(self, act: Act) -> None:
        self._audit.write(
            operation=act.operation,
            name=act.name,
            team=act.team,
            made=act.previous,
            outcome="created",
            user=act.person,
            via="end of grace",
            request_id=act.request_id,
        )
        self._changed()

    def _with_vault(self) -> Keys:
        if self._keys is None:
            raise ProvisioningOffError(
                "Gateway keys are not made here: no Vault is configured to keep them (VAULT_ADDR)."
            )
        return self._keys

    def _stored(self, report: Report, stored: StoredKey, task: Task) -> StoredKey:
        record, team = stored.record, task.team.name
        self._made(report, record, team) if stored.new else self._found(report, record, team)
        return stored

    # --- configurations ---

    async def provide_configuration(self, request: NewConfiguration, asker: Asker) -> tuple[ConfigurationRecord, bool]:
        """The policy configuration of this team and name, and whether it was made just now."""
        async with self._audit.act("configuration", request.name, asker) as report:
            if request.replaces == request.name:
                raise ConflictError("replaces: must be another configuration than the new one.")
            task = await self._task(request.team_id, asker, report)
            async with self._acts.turn(task.team.id) as turn:
                there = await self._organisation.configurations(task.team.id, request.name)
                existing = next((each for each in there if each.name == request.name), None)
                if existing is not None:
                    _require_same(existing, request)
                act = await turn.find("configuration", task.team.id, request.name)
                made = existing is None
                replaced = next((each for each in there if each.name == request.replaces), None)
                if existing is None or replaced is not None:
                    wider = self._check_tier(task, request, there)
                    act = act or await turn.begin(
                        task.act("configuration", request.name, request.name, self._clock(), wider=wider)
                    )
                if existing is None and act is not None:
                    existing, made = await self._made_configuration(turn, act, request)
                if replaced is not None:
                    # The new one is in force: at no time is the team without a policy.
                    await self._client.delete_configuration(replaced.id)
                    self._changed()
                if act is not None and existing is not None:
                    await turn.done(act, made=existing.id)
            assert existing is not None  # noqa: S101 - found, made, or an error was raised
            if made:
                return self._made(report, existing, task.team.name), True
            return self._found(report, existing, task.team.name), False

    def _check_tier(self, task: Task, request: NewConfiguration, there: list[ConfigurationRecord]) -> bool:
        enabled = [each.template_id for each in there if each.enabled and each.name != request.name]
        return task.policy.check_tier(task.standing, task.team.name, request.template_id, enabled=enabled)

    async def _made_configuration(
        self, turn: Turn, act: Act, request: NewConfiguration
    ) -> tuple[ConfigurationRecord, bool]:
        try:
            made = await self._client.create_configuration(
                request.name, team_id=act.team_id, template_id=request.template_id
            )
        except UpstreamRejectedError as error:
            there = await self._organisation.configurations(act.team_id, request.name)
            twin = next((each for each in there if each.name == request.name), None)
            if error.status != _DUPLICATE or twin is None:
                await turn.failed(act, error.reason)
                raise
            _require_same(twin, request)
            return twin, False
        except KeeptrustsError as error:
            if not isinstance(error, UpstreamUnavailableError | UpstreamContractError):
                await turn.failed(act, error.reason)
            raise
        return made, True

    async def disable_configuration(self, name: str, request: Disabling, asker: Asker) -> ConfigurationRecord | None:
        """Take the team's configuration of this name out of force; None where there is none."""
        async with self._audit.act("disabling", name, asker) as report:
            task = await self._task(request.team_id, asker, report)
            async with self._acts.turn(task.team.id) as turn:
                there = await self._organisation.configurations(task.team.id, name)
                found = next((each for each in there if each.name == name), None)
                act = await turn.find("disabling", task.team.id, name)
                if found is None:
                    if act is not None:
                        # It was interrupted once the configuration was gone.
                        await turn.done(act, made=act.made)
                    report.outcome = "found"
                    return None
                living = (await self._organisation.tokens(name)).living(task.team.id, self._clock())
                wider = task.policy.check_disabling(
                    task.standing,
                    task.team.name,
                    found.template_id,
                    living_keys=len(living),
                    others=[each.template_id for each in there if each.enabled and each.id != found.id],
                )
                act = act or await turn.begin(
                    task.act("disabling", name, name, self._clock(), wider=wider, made=found.id)
                )
                # A: Keeptrusts' documentation shows no other way to take a configuration out of force.
                await self._client.delete_configuration(found.id)
                await turn.done(act, made=found.id)
            return self._made(report, found, task.team.name)

    # --- money ---

    async def fund(self, request: Allocation, asker: Asker, *, idempotency_key: str | None) -> Movement:
        """Money in the team's wallet, once for this idempotency key."""
        async with self._audit.act("wallet", f"{request.amount} {request.currency}", asker) as report:
            task = await self._task(request.team_id, asker, report)
            movement = await self._wallets.fund(request, task, idempotency_key=idempotency_key)
            return self._moved(report, movement, task)

    async def reclaim(self, request: Reclaim, asker: Asker, *, idempotency_key: str | None) -> Movement:
        """Money back from the team's wallet, once for this idempotency key."""
        name = "all" if request.amount is None else f"{request.amount} {request.currency}"
        async with self._audit.act("reclaim", name, asker) as report:
            task = await self._task(request.team_id, asker, report)
            movement = await self._wallets.reclaim(request, task, idempotency_key=idempotency_key)
            return self._moved(report, movement, task)

    def _moved(self, report: Report, movement: Movement, task: Task) -> Movement:
        if movement.transaction is None:
            report.outcome = "found"
        elif movement.new:
            self._made(report, movement.transaction, task.team.name)
        else:
            self._found(report, movement.transaction, task.team.name)
        return movement

    # --- all of them ---

    async def _task(self, team_id: str, asker: Asker, report: Report) -> Task:
        teams = await self._organisation.teams()
        team = teams.of_id(team_id)
        if team is not None:
            report.team, report.team_id = team.name, team.id
        # A caller who may provision no team learns nothing of which ids there are.
        standing = await self._standing(asker, teams, team, otherwise="")
        if team is None:
            raise InvalidRequestError(f"team_id: there is no team {team_id[:80]!r}.")
        names = tuple(each.name for each in teams.records)
        return Task(asker, team, standing, await self._policy.current(), names)

    async def _standing(self, asker: Asker, teams: Teams, team: TeamRecord | None, *, otherwise: str) -> Standing:
        """What the asker is to `team` or, where there is none, to the team to be made of that name."""
        shared = team is not None and teams.shares_its_name(team)
        subject = otherwise if team is None else Team(team.id, team.name, team.slug)
        return await self._rights.standing(asker.caller, subject, name_is_shared=shared, approved_by=asker.approver)

    def _made(self, report: Report, record: Record, team: str) -> Record:
        report.made, report.team, report.outcome = record.id, team, "created"
        self._changed()
        return record

    @staticmethod
    def _found(report: Report, record: Record, team: str) -> Record:
        report.made, report.team, report.outcome = record.id, team, "found"
        return record


def _require_path_name(team: TeamRecord) -> None:
    try:
        _PATH_NAME.validate_python(team.name.lower())
    except ValidationError:
        raise InvalidRequestError(
            f"The team is called {team.name[:80]!r}, which cannot be a folder in Vault: letters, digits, '-', '_' and '.' are "
            "possible, 63 at most."
        ) from None


def _require_key_name(name: str) -> None:
    try:
        _PATH_NAME.validate_python(name)
    except ValidationError:
        raise InvalidRequestError(
            f"The key is called {name[:80]!r}, which cannot be a place in Vault: lower-case letters, digits, '-', '_' and '.' "
            "are possible, 63 at most."
        ) from None


def _require_same(existing: ConfigurationRecord, request: NewConfiguration) -> None:
    if existing.template_id != request.template_id:
        raise ConflictError(
            f"The team has a configuration {request.name!r} already, made from {existing.template_id!r} and not from "
            f"{request.template_id!r}: give the new one another name, with this one in `replaces`."
        )
    if not existing.enabled:
        raise ConflictError(
            f"The team has a configuration {request.name!r} already, and it is disabled: enable it in the console."
        )
