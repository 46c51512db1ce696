"""`keeptrusts_gateway_key`.

Keeptrusts shows a key's secret once, when the key is made. Whatever a provider hands to Terraform lies in the state in clear
text, so the secret goes from Keeptrusts to Vault within `create`, and the state holds the id, the prefix and the path.

A rotation makes a successor of the same name and writes it as the next version at the same path. The old key stays in force
for the grace, so that services can read the new one; the first apply after the grace revokes it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import SecretStr
from tf.iface import (
    CreateContext,
    DeleteContext,
    ImportContext,
    PlanContext,
    ReadContext,
    UpdateContext,
    UpgradeContext,
)
from tf.schema import Attribute
from tf.types import Bool, Map, Number, String, Unknown
from tf.utils import Diagnostics

from bff.keeptrusts.errors import (
    KeeptrustsError,
    UpstreamContractError,
    UpstreamRejectedError,
    UpstreamUnavailableError,
)
from bff.vault.errors import VaultError
from terraform_provider_keeptrusts.diagnosis import Deed, RefusalError, diagnosed, explain
from terraform_provider_keeptrusts.key_entry import KeyEntry, is_segment, key_path
from terraform_provider_keeptrusts.moment import Moment, instant, written
from terraform_provider_keeptrusts.resource import KeeptrustsResource, State, identity
from terraform_provider_keeptrusts.unknown import is_unknown

if TYPE_CHECKING:
    from bff.keeptrusts.contract import TeamRecord, TokenRecord
    from terraform_provider_keeptrusts.key_store import KeyStore

_TAKEN = (
    "The team has a key of this name in force. Choose another name, revoke that key, or take it over with terraform import, "
    "for which Vault must hold it."
)
_ONE_AT_A_TIME = (
    "Keeptrusts refuses a second key of this name beside the one in force. Set rotation_grace_hours = 0: then the old key is "
    "revoked first, and services are refused until they have read the new one."
)

GRACE_HOURS = 24
"""How long the old key stays in force after a rotation where the configuration does not say."""

LONGEST_GRACE_HOURS = 24 * 366


class Marks(Map):
    """A map of texts, which may not be known yet."""

    def decode(self, value: Any) -> Any:
        """Give the map; null and unknown stay what they are."""
        return value if is_unknown(value) else super().decode(value)

    def encode(self, value: Any) -> Any:
        """Give what `decode` takes."""
        return value if is_unknown(value) else super().encode(value)


class GatewayKey(KeeptrustsResource):
    """A gateway key whose secret is in Vault and nowhere else."""

    name: ClassVar[str] = "gateway_key"
    description: ClassVar[str] = (
        "A gateway key of a team. The key goes to Vault when it is made; the state never holds it."
    )
    version: ClassVar[int] = 2
    attributes: ClassVar[list[Attribute]] = [
        identity("The key's id, which is not the key; another one after a rotation."),
        Attribute("name", String(), "The key's name.", required=True, requires_replace=True),
        Attribute("team_id", String(), "The team whose key it is.", required=True, requires_replace=True),
        Attribute(
            "expires_at", Moment(), "When it ends, RFC 3339; never if left out.", optional=True, requires_replace=True
        ),
        Attribute(
            "vault_path",
            String(),
            "Where the key is kept, below the KV mount; `ai/<team>/<name>` unless said otherwise.",
            optional=True,
            computed=True,
            requires_replace=True,
        ),
        Attribute(
            "rotate_when_changed",
            Marks(String()),
            "The key is rotated when a value of this map changes. Setting it for the first time, or removing it, does not rotate.",
            optional=True,
        ),
        Attribute(
            "rotation_grace_hours",
            Number(),
            f"How long the old key stays in force after a rotation, in hours; {GRACE_HOURS} unless said otherwise.",
            optional=True,
        ),
        Attribute("prefix", String(), "How the key begins, for people to tell keys apart.", computed=True),
        Attribute(
            "stored", Bool(), "Whether Vault holds the key; where it does not, a new key is made.", computed=True
        ),
        Attribute(
            "previous_id",
            String(),
            "The old key's id while it is in force after a rotation.",
            computed=True,
            default=None,
        ),
        Attribute(
            "previous_ends_at",
            Moment(),
            "When the old key's grace ends, RFC 3339. The first apply after it revokes the old key.",
            computed=True,
            default=None,
        ),
    ]

    def validate(self, diags: Diagnostics, type_name: str, config: dict[str, Any]) -> None:
        """Refuse a path that Vault cannot have, a time that is none and a grace that is too long."""
        super().validate(diags, type_name, config)
        path, expires_at = config.get("vault_path"), config.get("expires_at")
        grace = config.get("rotation_grace_hours")
        if grace is not None and not is_unknown(grace) and not 0 <= float(grace) <= LONGEST_GRACE_HOURS:
            diags.add_error(
                "The grace is not in order",
                f"{type_name}.rotation_grace_hours: it must be 0 to {LONGEST_GRACE_HOURS}, not {grace}.",
                path=["rotation_grace_hours"],
            )
        if isinstance(path, str) and not all(map(is_segment, path.split("/"))):
            diags.add_error(
                "The path is not in order",
                f"{type_name}.vault_path: it must be words of letters, digits, '.', '_' and '-' between slashes, not {path[:80]!r}.",
                path=["vault_path"],
            )
        if isinstance(expires_at, str) and instant(expires_at) is None:
            diags.add_error(
                "The time is not in order",
                f"{type_name}.expires_at: it must be RFC 3339, such as 2030-01-31T00:00:00Z, not {expires_at[:40]!r}.",
                path=["expires_at"],
            )

    def create(self, ctx: CreateContext, planned: State) -> State | None:
        """Make the key and keep it."""
        orphan: State = {}
        with diagnosed(ctx.diagnostics, Deed(f"make the gateway key {planned['name']!r}", "name", _TAKEN)):
            return self._ask(self._made(planned, orphan))
        # A key that could be neither kept nor revoked stays in the state, so that the next apply revokes it.
        return planned | orphan if orphan else None

    def read(self, ctx: ReadContext, current: State) -> State | None:
        """The key as it is now; None when it is revoked or gone."""
        with diagnosed(ctx.diagnostics, Deed(f"read the gateway key {current['id']}")):
            return self._ask(self._read(current))
        return current

    def plan(self, ctx: PlanContext, current: State | None, planned: State) -> State | None:
        """Plan another key where Vault has lost this one or a mark has changed, and the end of an old key whose grace is over."""
        if current is None:
            return planned
        if self._grace_is_over(current):
            planned |= {"previous_id": None, "previous_ends_at": None}
        if not current["stored"]:
            planned |= {"id": Unknown, "prefix": Unknown, "stored": True}
        elif "rotate_when_changed" in ctx.changed_fields and _rotates(current, planned):
            planned |= dict.fromkeys(("id", "prefix", "previous_id", "previous_ends_at"), Unknown)
        return planned

    def update(self, ctx: UpdateContext, current: State, planned: State) -> State | None:
        """Do what was planned; a time that is written otherwise is no change."""
        now = dict(current)
        with diagnosed(ctx.diagnostics, Deed(f"replace the gateway key {current['id']}", "name", _TAKEN)):
            self._ask(self._updated(current, planned, now))
        return now

    def upgrade(self, ctx: UpgradeContext, version: int, old: State) -> State | None:  # noqa: ARG002 - the framework's
        """Give a state that was written before there were rotations what it lacks."""
        return {attribute.name: None for attribute in self.attributes} | old

    def delete(self, ctx: DeleteContext, current: State) -> State | None:
        """Revoke it and take it out of Vault."""
        with diagnosed(ctx.diagnostics, Deed(f"revoke the gateway key {current['id']}")):
            self._ask(self._taken_back(current))
            return None
        return current

    def import_(self, ctx: ImportContext, id: str) -> State | None:  # noqa: A002 - the framework's name
        """Take over the key `ID`, or `ID,PATH` where Vault holds it elsewhere than usual."""
        with diagnosed(ctx.diagnostics, Deed(f"import the gateway key {id!r}")):
            key_id, _, path = id.partition(",")
            return self._ask(self._imported(key_id, path))
        return None

    async def _made(self, planned: State, orphan: State) -> State:
        """The state of a new key. `orphan` becomes its state if it could be neither kept nor revoked."""
        store, team = self._store(), await self._team(planned["team_id"])
        path = planned["vault_path"]
        if path is None or is_unknown(path):
            path = _usual_path(team, planned["name"])
        # Before anything is made: a Vault that is sealed or refuses us must cost nothing.
        await self._clear(path, team)
        await store.expect_free(path)
        key_id, secret, prefix = await self._new_key(planned, path)
        made = planned | {"id": key_id, "vault_path": path, "prefix": prefix}
        try:
            await store.keep(path, secret, await self._entry(key_id, team))
        except VaultError as error:
            raise RefusalError(await self._undone(made, error, orphan)) from None
        return made | {"stored": True}

    async def _new_key(self, planned: State, path: str) -> tuple[str, SecretStr, str | None]:
        """The id, the secret and the prefix of a key that Keeptrusts makes now; its place in Vault will be `path`."""
        before = await self._organisation.keys_in_force(planned["name"], team_id=planned["team_id"])
        try:
            key_id, secret, rest = await self._connection.change(
                lambda: self._keeptrusts.create_token(
                    planned["name"],
                    team_id=planned["team_id"],
                    expires_at=instant(planned["expires_at"]),
                )
            )
        except (UpstreamUnavailableError, UpstreamContractError) as error:
            lost = await self._lost(planned, path, spared={key.id for key in before})
            raise (RefusalError(f"{explain(error)} {lost}") if lost else error) from None
        prefix = rest.get("prefix")
        return key_id, secret, prefix if isinstance(prefix, str) else None

    async def _updated(self, current: State, planned: State, now: State) -> None:
        """Make the changes and keep `now` true at each step."""
        ended = current["previous_id"] is not None and planned["previous_id"] is None
        if ended:
            await self._end_previous(now)
        if not current["stored"]:
            now.update(await self._replaced(current, planned, now))
        elif _rotates(current, planned):
            await self._rotate(current, planned, now)
        else:
            now.update(planned)

    async def _rotate(self, current: State, planned: State, now: State) -> None:
        """Make the successor, write it to Vault, and let the old key live for the grace."""
        store, team, path = self._store(), await self._team(current["team_id"]), current["vault_path"]
        await store.expect_replaceable(path, key_id=current["id"])
        # At most two are in force: the key before the last one has had its time.
        await self._end_previous(now)
        grace = timedelta(hours=_grace_hours(planned))
        try:
            key_id, secret, prefix = await self._new_key(planned, path)
        except UpstreamRejectedError as error:
            if error.status != 409:
                raise
            if grace:
                raise RefusalError(_ONE_AT_A_TIME, argument="rotation_grace_hours") from None
            await self._revoked(current["id"])
            key_id, secret, prefix = await self._new_key(planned, path)
        try:
            await store.replace(path, secret, await self._entry(key_id, team), key_id=current["id"])
        except VaultError as error:
            if await self._held(path) != key_id:
                raise RefusalError(await self._successor_undone(key_id, now, error)) from None
        ends_at = written(self._connection.clock() + grace)
        now.update(planned, id=key_id, prefix=prefix, previous_id=current["id"], previous_ends_at=ends_at)
        if not grace:
            await self._end_previous(now)

    async def _end_previous(self, now: State) -> None:
        if now["previous_id"] is not None:
            await self._revoked(now["previous_id"])
            now.update(previous_id=None, previous_ends_at=None)

    async def _held(self, path: str) -> str | None:
        """The id of the key at `path`; None also where Vault cannot say."""
        try:
            return await self._store().key_id(path)
        except VaultError:
            return None

    async def _successor_undone(self, key_id: str, now: State, error: VaultError) -> str:
        """What to say of a successor that could not be kept, once it is revoked."""
        try:
            await self._revoked(key_id)
        except KeeptrustsError as second:
            now.update(previous_id=key_id, previous_ends_at=written(self._connection.clock()))
            return f"{error} The new key {key_id} could not be revoked either ({second}): the next terraform apply does it."
        return f"{error} The new key {key_id} was revoked again; the old one stays in force."

    def _grace_is_over(self, current: State) -> bool:
        ends_at = instant(current["previous_ends_at"])
        return ends_at is not None and ends_at <= self._connection.clock()

    async def _entry(self, key_id: str, team: TeamRecord) -> KeyEntry:
        organisation = await self._organisation.id()
        return KeyEntry(key_id, team.name, team.id, organisation, self._connection.arguments.gateway_url)

    async def _replaced(self, current: State, planned: State, orphan: State) -> State:
        # Nothing is revoked that could not be replaced: what still uses the lost key goes on until then.
        await self._clear(current["vault_path"], await self._team(current["team_id"]))
        await self._store().expect_own(current["vault_path"], key_id=current["id"])
        await self._gone(current)
        return await self._made(planned, orphan)

    async def _taken_back(self, current: State) -> None:
        # After the revocation Terraform does not ask again, so check first that the entry in Vault can be removed.
        await self._store().expect_removable(current["vault_path"], key_id=current["id"])
        await self._end_previous(current)
        await self._gone(current)

    async def _clear(self, path: str, team: TeamRecord) -> None:
        """Remove the entry of a key of this team that is no longer in force.

        Raises `RefusalError` for the entry of a key that Keeptrusts does not list, unless the entry says that it is this
        team's in this Keeptrusts: several organisations may share a Vault.
        """
        store = self._store()
        if (left := await store.key_id(path)) is None:
            return
        key = await self._organisation.key(left)
        if key is not None:
            if key.status == "revoked" and key.team_id == team.id:
                await store.remove(path, key_id=key.id)
            return
        entry, organisation = await store.entry(path), await self._organisation.id()
        whose = None if entry is None else (entry.notes.get("team_id"), entry.notes.get("organisation"))
        if organisation is None or whose != (team.id, organisation):
            raise RefusalError(
                f"Vault holds the key {left} at {path!r}, which this Keeptrusts does not list, and the entry does not say that it "
                "is this team's: it may be in force elsewhere. If it is this team's, remove it for good: "
                f"vault kv metadata delete -mount={store.mount} {path}",
                argument="vault_path",
            )
        await store.remove(path, key_id=left)

    async def _lost(self, planned: State, path: str, *, spared: set[str]) -> str | None:
        """What became of a key whose secret never reached us; None when none was made."""
        try:
            found = await self._organisation.keys_in_force(planned["name"], team_id=planned["team_id"])
            # One that Vault holds is another run's, which came before us.
            spared |= {await self._store().key_id(path) or ""} if found else set()
            lost = [key.id for key in found if key.id not in spared]
            for key_id in lost:
                await self._revoked(key_id)
        except (KeeptrustsError, VaultError) as second:
            return f"Whether a key {planned['name']!r} was made, and by whom, is not known ({second}): look in Keeptrusts, and revoke it."
        return (
            f"The key that was made, {', '.join(lost)}, was revoked again, so it is of no use to anyone."
            if lost
            else None
        )

    async def _undone(self, made: State, error: VaultError, orphan: State) -> str:
        """What to say of a key that could not be kept, once it is revoked."""
        try:
            await self._gone(made, deleted_too=False)
        except (KeeptrustsError, VaultError) as second:
            orphan.update(made, stored=False)
            return f"{error} The new key {made['id']} could not be taken back either ({second}): the next terraform apply does it."
        return f"{error} The new key {made['id']} was revoked again, so it is of no use to anyone."

    async def _read(self, current: State) -> State | None:
        previous = await self._in_force(current["previous_id"])
        current = current | ({} if previous else {"previous_id": None, "previous_ends_at": None})
        key = await self._in_force(current["id"])
        stored_id = await self._store().key_id(current["vault_path"])
        successor = await self._in_force(stored_id)
        if successor is not None and successor.id != current["id"] and _is_namesake(successor, current):
            # It was rotated elsewhere, by the service for instance, which revokes the old key itself.
            old = {"previous_id": key.id if key else None, "previous_ends_at": None}
            return current | old | {"id": successor.id, "prefix": successor.prefix, "stored": True}
        if key is None:
            # While the old key lives it must not be forgotten: it is to be revoked.
            return current | {"stored": False} if previous else None
        stored = stored_id == key.id
        expires_at = current["expires_at"] if key.expires_at is None else written(key.expires_at)
        read = {"name": key.name, "team_id": key.team_id or current["team_id"], "expires_at": expires_at}
        return current | read | {"stored": stored}

    async def _in_force(self, key_id: str | None) -> TokenRecord | None:
        key = None if key_id is None else await self._organisation.key(key_id)
        return None if key is None or key.status == "revoked" else key

    async def _gone(self, current: State, *, deleted_too: bool = True) -> None:
        await self._revoked(current["id"])
        await self._store().remove(current["vault_path"], key_id=current["id"], deleted_too=deleted_too)

    async def _revoked(self, key_id: str) -> None:
        try:
            await self._connection.change(lambda: self._keeptrusts.revoke_token(key_id))
        except UpstreamRejectedError as error:
            if error.status != 404:
                raise

    async def _imported(self, key_id: str, path: str) -> State:
        key = await self._organisation.key(key_id)
        if key is None or key.status == "revoked" or key.team_id is None:
            raise RefusalError(f"No gateway key in force has the id {key_id!r}.")
        path = path or _usual_path(await self._team(key.team_id), key.name)
        if await self._store().key_id(path) != key.id:
            raise RefusalError(
                f"Vault does not hold this key at {path!r}, and Keeptrusts shows a key only once. Give the path as "
                f"{key_id},PATH, or revoke the key and let Terraform make a new one."
            )
        return _imported_state(key, path)

    async def _team(self, team_id: str) -> TeamRecord:
        team = await self._organisation.team(team_id)
        if team is None:
            raise RefusalError(f"No team has the id {team_id!r}.", argument="team_id")
        return team

    def _store(self) -> KeyStore:
        store = self._connection.store
        if store is None:
            raise RefusalError(
                "A gateway key needs the provider's vault block, or VAULT_ADDR and VAULT_TOKEN in the environment: Terraform's "
                "state is no place for a key."
            )
        return store


def _usual_path(team: TeamRecord, name: str) -> str:
    try:
        return key_path(team.name, name)
    except ValueError as error:
        raise RefusalError(f"{error}.", argument="vault_path") from None


def _rotates(current: State, planned: State) -> bool:
    before, after = current["rotate_when_changed"], planned["rotate_when_changed"]
    return before is not None and after is not None and (is_unknown(after) or before != after)


def _is_namesake(key: TokenRecord, current: State) -> bool:
    return (key.name, key.team_id) == (current["name"], current["team_id"])


def _grace_hours(planned: State) -> float:
    # Terraform sends a number that no float holds exactly as text.
    grace: float | str | None = planned["rotation_grace_hours"]
    return GRACE_HOURS if grace is None else float(grace)


def _imported_state(key: TokenRecord, path: str) -> State:
    return {
        "id": key.id,
        "name": key.name,
        "team_id": key.team_id,
        "expires_at": None if key.expires_at is None else written(key.expires_at),
        "vault_path": path,
        "prefix": key.prefix,
        "rotate_when_changed": None,
        "rotation_grace_hours": None,
        "stored": True,
        "previous_id": None,
        "previous_ends_at": None,
    }
