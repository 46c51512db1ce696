"""`keeptrusts_configuration`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tf.iface import CreateContext, DeleteContext, ImportContext, PlanContext, ReadContext, UpdateContext
from tf.schema import Attribute
from tf.types import Bool, String, Unknown

from bff.keeptrusts.errors import KeeptrustsError, UpstreamRejectedError
from terraform_provider_keeptrusts.diagnosis import Deed, RefusalError, diagnosed, explain
from terraform_provider_keeptrusts.resource import KeeptrustsResource, State, identity

if TYPE_CHECKING:
    from bff.keeptrusts.contract import ConfigurationRecord

_TAKEN = "Choose another name, or take the configuration over: terraform import ADDRESS ID."


class Configuration(KeeptrustsResource):
    """A team's policy configuration. Keeptrusts has no call that changes one: another tier is a new one in its place."""

    name: ClassVar[str] = "configuration"
    description: ClassVar[str] = "A policy configuration of a team, made from a template, whose id is the policy tier."
    attributes: ClassVar[list[Attribute]] = [
        identity("The configuration's id; another one when tier or name changes."),
        Attribute("name", String(), "The configuration's name.", required=True),
        Attribute("team_id", String(), "The team that it is for.", required=True, requires_replace=True),
        Attribute("template_id", String(), "The template, such as `tier-2-internal`.", required=True),
        Attribute(
            "enabled", Bool(), "Whether it is enforced; one that was disabled is put in force again.", computed=True
        ),
    ]

    def create(self, ctx: CreateContext, planned: State) -> State | None:
        """Make the configuration."""
        with diagnosed(ctx.diagnostics, Deed(f"make the configuration {planned['name']!r}", "name", _TAKEN)):
            return _state(self._ask(self._made(planned)), team_id=planned["team_id"])
        return None

    def read(self, ctx: ReadContext, current: State) -> State | None:
        """The configuration as it is now; None when it is gone."""
        with diagnosed(ctx.diagnostics, Deed(f"read the configuration {current['id']}")):
            found = self._ask(self._organisation.configuration(current["id"]))
            return None if found is None else _state(found, team_id=current["team_id"])
        return current

    def plan(self, ctx: PlanContext, current: State | None, planned: State) -> State | None:
        """Any change, a disabled configuration included, makes a new one, whose id is not known before."""
        if current is not None and (ctx.changed_fields or not current["enabled"]):
            planned |= {"id": Unknown, "enabled": Unknown}
        return planned

    def update(self, ctx: UpdateContext, current: State, planned: State) -> State | None:
        """Put a new configuration in the old one's place."""
        now = dict(current)
        with diagnosed(ctx.diagnostics, Deed(f"change the configuration {current['id']}", "template_id", _TAKEN)):
            self._ask(self._replace(now, planned))
        return now

    def delete(self, ctx: DeleteContext, current: State) -> State | None:
        """Delete it."""
        with diagnosed(ctx.diagnostics, Deed(f"delete the configuration {current['id']}")):
            self._ask(self._gone(current["id"]))
            return None
        return current

    def import_(self, ctx: ImportContext, id: str) -> State | None:  # noqa: A002 - the framework's name
        """Take over the configuration `ID`, or `ID,TEAM_ID` where Keeptrusts does not say whose it is."""
        with diagnosed(ctx.diagnostics, Deed(f"import the configuration {id!r}")):
            configuration_id, _, team_id = id.partition(",")
            found = self._ask(self._organisation.configuration(configuration_id))
            if found is None:
                raise RefusalError(f"No configuration has the id {configuration_id!r}.")
            _require_team(found, team_id)
            return _state(found, team_id=team_id)
        return None

    async def _replace(self, now: State, planned: State) -> None:
        """Make the change and keep `now` true at each step."""
        old = now["id"]
        if planned["name"] != now["name"]:
            # With two names there can be both for a moment, and the team is never without a policy.
            now.update(_state(await self._made(planned), team_id=planned["team_id"]))
            await self._gone(old)
            return
        await self._gone(old)
        try:
            made = await self._made(planned)
        except KeeptrustsError as error:
            now["id"] = await self._restored(now, error)
            raise
        now.update(_state(made, team_id=planned["team_id"]))

    async def _restored(self, before: State, error: KeeptrustsError) -> str:
        """Make the old configuration again and return its id, so that the team is not left without a policy."""
        try:
            return (await self._made(before)).id
        except KeeptrustsError as second:
            raise RefusalError(
                f"{explain(error)} The old configuration could not be put back either ({second}): "
                "the team has none until the next terraform apply."
            ) from None

    async def _made(self, wanted: State) -> ConfigurationRecord:
        name, team_id, template_id = wanted["name"], wanted["team_id"], wanted["template_id"]
        return await self._connection.change(
            lambda: self._keeptrusts.create_configuration(name, team_id=team_id, template_id=template_id)
        )

    async def _gone(self, configuration_id: str) -> None:
        try:
            await self._connection.change(lambda: self._keeptrusts.delete_configuration(configuration_id))
        except UpstreamRejectedError as error:
            if error.status != 404:
                raise


def _require_team(found: ConfigurationRecord, given: str) -> None:
    """Refuse what would be planned to be replaced: the policy of the whole organisation might be lost by it."""
    if not found.team_id and not given:
        raise RefusalError(
            f"Keeptrusts does not say which team the configuration {found.id!r} is for. If it is a team's, give the team's id as "
            f"{found.id},TEAM_ID."
        )
    if found.team_id and given and found.team_id != given:
        raise RefusalError(f"The configuration {found.id!r} is for the team {found.team_id!r}, not {given!r}.")


def _state(found: ConfigurationRecord, *, team_id: str | None) -> State:
    return {
        "id": found.id,
        "name": found.name,
        # Keeptrusts need not say whose it is; then it is whose it was.
        "team_id": found.team_id or team_id,
        "template_id": found.template_id,
        "enabled": found.enabled,
    }
