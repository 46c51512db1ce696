"""A team's gateway key and its life: made once, put into Vault, rotated, revoked, and never shown.

A key is made in steps: the act is recorded, Keeptrusts makes the key, its id is recorded, Vault takes it, the end is
recorded. A process may end after each of them. The next one that is asked finds the act, and knows what came of it by the
act's tag in the key's description: a key that is in Vault is kept, one whose secret is lost is revoked, and one without
the tag is left alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from pydantic import SecretStr, ValidationError

from bff.breaker import BreakerOpenError
from bff.keeptrusts.client import KeeptrustsClient
from bff.keeptrusts.contract import TeamRecord, TokenRecord
from bff.keeptrusts.errors import (
    KeeptrustsError,
    UpstreamContractError,
    UpstreamRejectedError,
    UpstreamUnavailableError,
)
from bff.provisioning.acts import Act, Acts, State, Task, Turn
from bff.provisioning.errors import (
    BusyError,
    ConflictError,
    InvalidRequestError,
    NotStoredError,
    ProvisioningError,
    RecordsUnavailableError,
)
from bff.provisioning.organisation import CurrentOrganisation, Tokens, is_living
from bff.provisioning.policy import named_after
from bff.provisioning.requests import NewKey, Revocation, Rotation
from bff.telemetry.logs import logger
from bff.vault.errors import VaultConflictError, VaultError, VaultUnavailableError
from bff.vault.store import TOKEN_ID, Entry, VaultStore

log = logger("provisioning")

FOLDER = "ai"

SETTLED = timedelta(seconds=15)
"""After the last step of an act that was interrupted: a call that was under way then has arrived, or never will."""

_DUPLICATE = 409
_LONGEST_KEY = 255


@dataclass(frozen=True, slots=True)
class Previous:
    """The key that a rotation replaces, and when it is revoked at the earliest."""

    id: str
    revokes_at: datetime


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A gateway key and where its secret is; never the secret. `previous` is the one that it replaces."""

    record: TokenRecord
    vault_mount: str
    vault_path: str
    new: bool
    previous: Previous | None = None


@dataclass(frozen=True, slots=True)
class _Making:
    """What one key is made with. `superseded` are ids of keys that earlier attempts made, revoked by now."""

    task: Task
    name: str
    path: str
    entry: Entry | None
    description: str | None
    expires_at: datetime | None
    superseded: frozenset[str] = frozenset()


class Keys:
    """Provisions gateway keys. `gateway_url` is written beside the key, so that a service finds both in one place.

    Methods must not be interrupted: `Provisioner` sees to it. They raise `ProvisioningError`, `VaultError` and
    `KeeptrustsError`.
    """

    def __init__(
        self,
        client: KeeptrustsClient,
        organisation: CurrentOrganisation,
        store: VaultStore,
        acts: Acts,
        *,
        gateway_url: str | None,
        clock: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._client = client
        self._organisation = organisation
        self._store = store
        self._acts = acts
        self._gateway_url = gateway_url
        self._clock = clock
        self._sleep = sleep

    # --- making ---

    async def provide(self, request: NewKey, task: Task) -> StoredKey:
        """The key of this team and name, made if there is none."""
        team, name, path = task.team, request.name, key_path(task.team, request.name)
        async with self._acts.turn(team.id) as turn:
            entry, tokens = await self._store.entry(path), await self._organisation.tokens(name)
            act, superseded = await turn.find("token", team.id, name), frozenset[str]()
            if act is not None:
                act, tokens, superseded = await self._recovered(turn, act, tokens, entry)
            own = self._own(tokens, name, task)
            held = _held(own, entry)
            if held is not None:
                _require_usable(held, request, self._clock())
                return self._stored(held, path, new=False)
            if own:
                raise ConflictError(
                    f"The gateway key {name!r} ({own[0].id}) is there, but Vault holds "
                    f"{_described(entry)} at {self._store.mount}/{path}: revoke it in Keeptrusts and run this again, or rotate "
                    "the key, which puts a successor there."
                )
            await self._require_replaceable(turn, entry, tokens, team, path)
            now = self._clock()
            expires_at = self._expiry(request.expires_at, task, now, before=None)
            wider = task.policy.check_key(
                task.standing,
                team.name,
                name,
                teams=task.team_names,
                living=len(tokens.living(team.id, now)),
                expires_at=expires_at,
                now=now,
            )
            await self._store.require_room(path, entry)
            act = act or await turn.begin(task.act("token", name, name, now, wider=wider))
            making = _Making(task, name, path, entry, request.description, expires_at, superseded)
            return await self._make(turn, act, making)

    async def _make(self, turn: Turn, act: Act, making: _Making) -> StoredKey:
        try:
            act, record = await self._made(turn, act, making)
        except UpstreamRejectedError as error:
            if error.status != _DUPLICATE:
                raise
            raise ConflictError(
                f"Keeptrusts has a gateway key {making.name!r} by now, which somebody else made: revoke it there and run this "
                "again, or choose another name."
            ) from None
        await turn.done(act, made=record.id)
        return self._stored(record, making.path, new=True)

    async def _made(self, turn: Turn, act: Act, making: _Making) -> tuple[Act, TokenRecord]:
        """The key, made and in Vault; the end of its act is left to the caller."""
        team = making.task.team
        try:
            token_id, secret, rest = await self._client.create_token(
                making.name,
                team_id=team.id,
                description=act.tagged(making.description),
                expires_at=making.expires_at,
            )
        except (UpstreamUnavailableError, UpstreamContractError) as error:
            raise await self._after_a_lost_answer(turn, act, making, error) from None
        except KeeptrustsError as error:
            # Denied or refused: nothing was made.
            await turn.failed(act, error.reason)
            raise
        try:
            act = await turn.change(act, made=token_id)
        except (BusyError, RecordsUnavailableError) as error:
            # Another process may have this act by now, and would not know of the key.
            raise await self._withdrawn(None, act, token_id, str(error), left=None) from None
        await self._put(turn, act, making, token_id, secret)
        return act, _shown(rest, token_id, secret, making)

    async def _put(self, turn: Turn, act: Act, making: _Making, token_id: str, secret: SecretStr) -> None:
        """Put the key into Vault, or revoke it."""
        team, path = making.task.team, making.path
        fields: dict[str, SecretStr | str] = {
            "key": secret,
            "gateway_url": self._gateway_url or "",
            "id": token_id,
            "team": team.name,
        }
        notes = {
            "organisation": turn.organisation,
            "team": team.name,
            "team_id": team.id,
            TOKEN_ID: token_id,
            "act": act.id,
            "made_by": making.task.asker.name,
            "made_at": self._clock().isoformat(),
        }
        try:
            try:
                await self._store.write(path, fields, over=making.entry, notes=notes)
            except VaultConflictError:
                # An earlier attempt, paused until now, may have put its key there after it was revoked.
                other = await self._store.entry(path)
                if other is None or other.token_id not in making.superseded:
                    raise
                await self._store.write(path, fields, over=other, notes=notes)
        except VaultError as error:
            unsure = isinstance(error, VaultUnavailableError)
            if not unsure or await self._held_id(path) != token_id:
                left = f"{self._store.mount}/{path}" if unsure else None
                raise await self._withdrawn(turn, act, token_id, str(error), left=left) from None

    async def _recovered(
        self, turn: Turn, act: Act, tokens: Tokens, entry: Entry | None
    ) -> tuple[Act | None, Tokens, frozenset[str]]:
        """An act that was interrupted, with what it made found and, where its secret is lost, revoked.

        Gives the act to go on with, None where the key is in Vault; the keys as they are then; and the ids of those that
        were revoked.
        """
        ours = _made_by(act, tokens)
        quiet = SETTLED - (self._clock() - (act.changed_at or act.started_at))
        if not ours and quiet > timedelta(0):
            await self._sleep(quiet.total_seconds())
            tokens = await self._organisation.tokens(act.name)
            ours = _made_by(act, tokens)
        held = _held(ours, entry)
        lost = [token for token in ours if token is not held]
        for token in lost:
            await self._client.revoke_token(token.id)
            log.warning("gateway key revoked whose secret was lost", token_id=token.id, act=act.id)
        if lost:
            tokens = Tokens(tuple(token for token in tokens.records if token not in lost))
        if held is not None and act.operation == "token":
            await turn.done(act, made=held.id)
            return None, tokens, frozenset()
        revoked = frozenset(token.id for token in lost) | ({act.made} if act.made and held is None else set())
        return act, tokens, revoked

    async def _after_a_lost_answer(
        self, turn: Turn, act: Act, making: _Making, error: UpstreamUnavailableError | UpstreamContractError
    ) -> Exception:
        """Revoke the key that may have been made though `error` came instead of its secret; what to raise."""
        if isinstance(error.__cause__, BreakerOpenError):
            await turn.failed(act, error.reason)
            return error
        try:
            tokens = await self._organisation.tokens(making.name)
        except KeeptrustsError as unread:
            log.critical("gateway key possibly orphaned", name=making.name, team_id=act.team_id, problem=unread.reason)
            return NotStoredError(
                f"Keeptrusts' answer is lost ({error.reason}), and whether it made the key {making.name!r} cannot be found "
                "out now: run this again, which looks for it first."
            )
        ours = _made_by(act, tokens)
        if not ours:
            # It may still arrive: the act stays pending, and the next attempt looks again.
            return error
        return await self._withdrawn(turn, act, ours[0].id, f"Keeptrusts' answer is lost: {error.reason}", left=None)

    async def _withdrawn(
        self, turn: Turn | None, act: Act, token_id: str, why: str, *, left: str | None
    ) -> NotStoredError:
        """Revoke a key of our own whose secret is lost; what to raise.

        `left` is the place in Vault where it may be all the same, if that cannot be found out.
        """
        try:
            await self._client.revoke_token(token_id)
        except KeeptrustsError as error:
            log.critical("orphaned gateway key", token_id=token_id, problem=error.reason)
            return NotStoredError(
                f"The key was made, could not be stored ({why}) and could not be revoked: revoke {token_id} by hand, or run "
                "this again, which revokes it first.",
                orphan=token_id,
            )
        if turn is not None:
            try:
                await turn.failed(act, why)
            except ProvisioningError as error:
                log.warning("end of an act not recorded", act=act.id, problem=str(error))
        end = (
            "nothing is left behind."
            if left is None
            else f"look whether Vault took it at {left} without saying so, and remove it there: it opens nothing."
        )
        return NotStoredError(f"The key was made, could not be stored ({why}) and was revoked again: {end}")

    # --- rotation ---

    async def rotate(self, name: str, request: Rotation, task: Task, *, idempotency_key: str | None) -> StoredKey:
        """A successor of the team's key of this name, in Vault at the same path; the old key lives on for the grace.

        With the same `idempotency_key` it is the same rotation. Without one, a rotation whose old key still lives is that
        one.
        """
        team, path = task.team, key_path(task.team, name)
        once = f"rotation {name}" if idempotency_key is None else hashed(team, name, idempotency_key)
        async with self._acts.turn(team.id) as turn:
            entry, tokens = await self._store.entry(path), await self._organisation.tokens(name)
            act, superseded = await turn.find("rotation", team.id, once), frozenset[str]()
            if act is not None and act.state is State.DONE:
                return self._rotated_before(act, tokens, path)
            if act is None and idempotency_key is None:
                running = await self._running(turn, name, task, tokens, entry)
                if running is not None:
                    return running
            if act is not None:
                act, tokens, superseded = await self._recovered(turn, act, tokens, entry)
                held = _held(_made_by(act, tokens), entry) if act is not None else None
                if act is not None and held is not None:
                    return await self._rotated(turn, act, held, path, lasting=idempotency_key is not None, new=False)
            own = [token for token in self._own(tokens, name, task) if token.id not in superseded]
            old = tokens.of_id(act.previous) if act is not None else _current(own, entry)
            if old is None and entry is None:
                raise ConflictError(f"The team has no gateway key {name!r} to rotate: make one (POST /v1/tokens).")
            if not _held(own, entry):
                await self._require_replaceable(turn, entry, tokens, team, path, superseded)
            now = self._clock()
            expires_at = self._expiry(request.expires_at, task, now, before=old)
            wider = task.policy.check_key_life(task.standing, team.name, expires_at, now)
            await self._store.require_room(path, entry)
            if act is None:
                previous = old.id if old is not None and is_living(old, now) else ""
                grace = timedelta(hours=request.grace_hours)
                act = await turn.begin(
                    task.act("rotation", name, once, now, wider=wider, previous=previous, grace=grace)
                )
            text = f"Successor of {act.previous}" if act.previous else None
            making = _Making(task, name, path, entry, text, expires_at, superseded)
            act, record = await self._successor(turn, act, making)
            return await self._rotated(turn, act, record, path, lasting=idempotency_key is not None, new=True)

    async def _successor(self, turn: Turn, act: Act, making: _Making) -> tuple[Act, TokenRecord]:
        """The new key. Whether Keeptrusts takes a second one of a name beside a living one shows when it is asked."""
        try:
            return await self._made(turn, act, making)
        except UpstreamRejectedError as error:
            if error.status != _DUPLICATE or not act.previous:
                raise
        if act.grace:
            raise ConflictError(
                f"Keeptrusts does not take a second gateway key {making.name!r} beside the living one, so that the old key "
                "cannot live on beside its successor. With grace_hours 0 the old key is revoked first: requests with it fail "
                "from then until your workloads read the new one."
            )
        await self._client.revoke_token(act.previous)
        # The refusal has ended the act: what follows is one of its own.
        again = making.task.act("rotation", act.name, act.once, self._clock(), wider=act.wider)
        return await self._made(turn, await turn.begin(again), making)

    async def _rotated(
        self, turn: Turn, act: Act, record: TokenRecord, path: str, *, lasting: bool, new: bool
    ) -> StoredKey:
        """Record the end of a rotation together with the revocation that is to follow."""
        if not act.previous:
            await turn.done(act, made=record.id, lasting=lasting)
            return self._stored(record, path, new=new)
        grace = act.grace or timedelta(0)
        now = self._clock()
        ending = act.following("revocation", once=act.previous, started_at=now, due_at=now + grace)
        known = await turn.find("revocation", act.team_id, act.previous)
        endings = [ending] if known is None else []
        await turn.done(act, *endings, made=record.id, lasting=lasting, due_at=now + grace)
        if not grace:
            await self._end(turn, known or ending)
        return self._stored(record, path, new=new, previous=Previous(act.previous, now + grace))

    async def _running(
        self, turn: Turn, name: str, task: Task, tokens: Tokens, entry: Entry | None
    ) -> StoredKey | None:
        """The rotation of a key whose old key still lives."""
        current = _held(tokens.not_revoked(name), entry)
        if current is None or current.team_id != task.team.id:
            return None
        for ending in await turn.pending("revocation", task.team.id):
            if ending.name == name and ending.due_at is not None:
                previous = Previous(ending.previous, ending.due_at)
                return self._stored(current, key_path(task.team, name), new=False, previous=previous)
        return None

    def _rotated_before(self, act: Act, tokens: Tokens, path: str) -> StoredKey:
        record = tokens.of_id(act.made)
        if record is None:
            raise ConflictError(
                f"The rotation of this Idempotency-Key made the key {act.made}, which Keeptrusts no longer lists: use another "
                "Idempotency-Key for another rotation."
            )
        previous = Previous(act.previous, act.due_at) if act.previous and act.due_at else None
        return self._stored(record, path, new=False, previous=previous)

    # --- the end of keys ---

    async def revoke(self, name: str, request: Revocation, task: Task) -> list[str]:
        """Revoke the team's living keys of a name, or the one of an id; the ids of those that were."""
        team = task.team
        async with self._acts.turn(team.id) as turn:
            tokens = await self._organisation.tokens(name)
            wanted = [
                token
                for token in tokens.not_revoked(name)
                if token.team_id == team.id and request.id in {None, token.id}
            ]
            once, ids = f"revoke {name} {request.id or ''}", [token.id for token in wanted]
            act = await turn.find("revocation", team.id, once)
            if act is None and wanted:
                # With the ids from the start: of an act that is interrupted, what is revoked by then is no longer to be seen.
                act = await turn.begin(task.act("revocation", name, once, self._clock(), made=",".join(ids)))
            for token_id in ids:
                await self._client.revoke_token(token_id)
            if act is not None:
                known = filter(None, act.made.split(","))
                await turn.done(act, made=",".join(dict.fromkeys((*known, *ids))))
        return ids

    async def end_due(self, ended: Callable[[Act], None]) -> None:
        """Revoke every old key whose grace is over and which was not used for as long; `ended` gets each act.

        Any process may do it: the team's lease and the act decide which does.
        """
        for due in await self._acts.due(self._clock()):
            async with self._acts.turn(due.team_id) as turn:
                act = await turn.find("revocation", due.team_id, due.once)
                if act is not None and act.state is State.PENDING and await self._end(turn, act):
                    ended(act)

    async def _end(self, turn: Turn, act: Act) -> bool:
        """Revoke an old key, unless it was used within its grace; whether it was revoked."""
        tokens, now = await self._organisation.tokens(act.name), self._clock()
        old = tokens.of_id(act.previous)
        if old is None or old.status == "revoked":
            await turn.done(act, made=act.previous)
            return False
        if act.grace and old.last_used_at is not None and now < old.last_used_at + act.grace:
            await turn.change(act, due_at=old.last_used_at + act.grace)
            log.info("old gateway key is still in use", token_id=old.id, name=act.name)
            return False
        await self._client.revoke_token(old.id)
        await turn.done(act, made=old.id)
        return True

    # --- what is there ---

    def _own(self, tokens: Tokens, name: str, task: Task) -> list[TokenRecord]:
        """The team's keys of a name that are not revoked, newest first. Raises `ConflictError` for another team's."""
        found = tokens.not_revoked(name)
        own = [token for token in found if token.team_id == task.team.id]
        if len(own) < len(found) and named_after(name, task.team_names) != task.team.name.lower():
            raise ConflictError(f"There is a gateway key {name!r} already, and it is another team's.")
        return sorted(own, key=lambda token: (token.created_at is not None, token.created_at), reverse=True)

    async def _require_replaceable(
        self,
        turn: Turn,
        entry: Entry | None,
        tokens: Tokens,
        team: TeamRecord,
        path: str,
        superseded: frozenset[str] = frozenset(),
    ) -> None:
        """Raise `ConflictError` unless what is in Vault is provably a dead key of this team."""
        if entry is None or entry.deleted or entry.token_id in superseded:
            return
        place, token_id = f"{self._store.mount}/{path}", entry.token_id
        listed = tokens.of_id(token_id) if token_id is not None else None
        if listed is not None:
            if listed.team_id == team.id and not is_living(listed, self._clock()):
                return
            raise ConflictError(
                f"Vault holds {_described(entry)} at {place}, which is a living key: choose another name, or rotate that key."
            )
        # Two organisations may share a Vault: a key that is not listed here may be the other one's.
        noted = (entry.notes.get("organisation"), entry.notes.get("team_id")) == (turn.organisation, team.id)
        if noted or (token_id is not None and await turn.made_by_us(team.id, token_id)):
            return
        raise ConflictError(
            f"Vault holds {_described(entry)} at {place}, which Keeptrusts does not list. Whether it was this team's cannot be "
            f"known: if it was, clear the place ({self._store.clearing(path)}) and run this again, or choose another name."
        )

    def _expiry(
        self, asked: datetime | None, task: Task, now: datetime, *, before: TokenRecord | None
    ) -> datetime | None:
        """When a key is to expire: as asked, else after as long a life as its predecessor's, or as the policy lets it."""
        if asked is not None:
            if asked <= now:
                raise InvalidRequestError(
                    f"expires_at: {asked.isoformat()} has passed: a key that never worked would be made."
                )
            return asked
        longest = task.policy.of_team(task.team.name).longest_key_life
        lives = [] if longest is None else [longest]
        if before is not None and before.expires_at is not None and before.created_at is not None:
            lives.append(before.expires_at - before.created_at)
        return now + min(lives) if lives else None

    async def _held_id(self, path: str) -> str | None:
        """The id of the key in Vault; None when there is none, or when Vault cannot be asked."""
        try:
            entry = await self._store.entry(path)
        except VaultError:
            return None
        return None if entry is None else entry.token_id

    def _stored(self, record: TokenRecord, path: str, *, new: bool, previous: Previous | None = None) -> StoredKey:
        return StoredKey(record, self._store.mount, path, new, previous)


def key_path(team: TeamRecord, name: str) -> str:
    """Where a key belongs in Vault: a team has one place there, whatever the case of its name."""
    return f"{FOLDER}/{team.name.lower()}/{name}"


def hashed(team: TeamRecord, *parts: str) -> str:
    """What stands for an idempotency key of a team in the records. Raises `InvalidRequestError` for one that is none."""
    key = parts[-1]
    if not key or len(key) > _LONGEST_KEY or not key.isprintable():
        raise InvalidRequestError("Idempotency-Key: must be 1 to 255 printable characters, such as the id of the task.")
    return sha256("\n".join((team.id, *parts)).encode()).hexdigest()[:32]


def _made_by(act: Act, tokens: Tokens) -> list[TokenRecord]:
    """The living keys that an act has made, by the tag in their description, or by the id that was recorded."""
    return [
        token
        for token in tokens.not_revoked(act.name)
        if token.team_id == act.team_id and (act.marks(token.description) or token.id == act.made)
    ]


def _held(own: Sequence[TokenRecord], entry: Entry | None) -> TokenRecord | None:
    """The one of these keys that is in Vault."""
    return next((token for token in own if entry is not None and token.id == entry.token_id), None)


def _current(own: Sequence[TokenRecord], entry: Entry | None) -> TokenRecord | None:
    """The key that services use: the one in Vault, else the newest."""
    return _held(own, entry) or next(iter(own), None)


def _described(entry: Entry | None) -> str:
    if entry is None:
        return "nothing"
    return f"the key {entry.token_id!r}" if entry.token_id else "a secret without notes"


def _require_usable(key: TokenRecord, request: NewKey, now: datetime) -> None:
    if key.expires_at is not None and key.expires_at <= now:
        raise ConflictError(
            f"The gateway key {key.name!r} ({key.id}) expired at {key.expires_at.isoformat()}: rotate it, or choose another "
            "name."
        )
    if request.expires_at is not None and key.expires_at != request.expires_at:
        held = key.expires_at.isoformat() if key.expires_at else "never"
        raise ConflictError(
            f"expires_at: the gateway key {key.name!r} ({key.id}) is there already and expires {held}, not "
            f"{request.expires_at.isoformat()}."
        )


def _shown(rest: Mapping[str, Any], token_id: str, secret: SecretStr, making: _Making) -> TokenRecord:
    """What is said of a new key: our own words, and of Keeptrusts' only what is well formed and holds no secret."""
    ours = {"id": token_id, "name": making.name, "team_id": making.task.team.id, "status": "active"}
    prefix = rest.get("prefix")
    # What is called a prefix could be most of the key, or all of it.
    short = isinstance(prefix, str) and len(prefix) <= len(secret.get_secret_value()) // 2
    theirs = {"prefix": prefix if short else None} | {name: rest.get(name) for name in ("created_at", "expires_at")}
    try:
        return TokenRecord.model_validate(ours | theirs)
    except ValidationError:
        # The key is made and stored: an odd date is no reason to say otherwise, and the next list shows it.
        return TokenRecord.model_validate(ours)
