"""`keeptrusts_team`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tf.iface import CreateContext, DeleteContext, ImportContext, ReadContext, UpdateContext
from tf.schema import Attribute
from tf.types import String

from bff.keeptrusts.errors import UpstreamRejectedError
from terraform_provider_keeptrusts.diagnosis import Deed, RefusalError, diagnosed
from terraform_provider_keeptrusts.resource import KeeptrustsResource, State, identity

if TYPE_CHECKING:
    from bff.keeptrusts.contract import TeamRecord

_NO_SUCH_CALL = frozenset({404, 405, 501})


class Team(KeeptrustsResource):
    """A team. Another name or description is given in place: keys, money and history stay with it."""

    name: ClassVar[str] = "team"
    description: ClassVar[str] = "A Keeptrusts team."
    attributes: ClassVar[list[Attribute]] = [
        identity("The team's id."),
        Attribute("name", String(), "The team's name, which no other team has.", required=True),
        Attribute("description", String(), "What the team is for.", optional=True),
    ]

    def create(self, ctx: CreateContext, planned: State) -> State | None:
        """Make the team."""
        name = planned["name"]
        taken = f"Choose another name, or take the team over: terraform import ADDRESS '{name}'."
        with diagnosed(ctx.diagnostics, Deed(f"make the team {name!r}", "name", taken)):
            team = self._change(lambda: self._keeptrusts.create_team(name, description=planned["description"]))
            return planned | {"id": team.id}
        return None

    def read(self, ctx: ReadContext, current: State) -> State | None:
        """The team as it is now; None when it is gone."""
        with diagnosed(ctx.diagnostics, Deed(f"read the team {current['id']}")):
            team = self._ask(self._organisation.team(current["id"]))
            if team is None:
                return None
            read = _state(team)
            # Keeptrusts stores an empty description as none: the two are no difference.
            empty = read["description"] is None and current["description"] == ""
            return read | {"description": ""} if empty else read
        return current

    def update(self, ctx: UpdateContext, current: State, planned: State) -> State | None:
        """Give it its new name and description."""
        with diagnosed(ctx.diagnostics, Deed(f"change the team {current['id']}", "name", "Choose another name.")):
            name, description = planned["name"], planned["description"]
            self._change(lambda: self._keeptrusts.change_team(current["id"], name=name, description=description))
            return planned
        return current

    def delete(self, ctx: DeleteContext, current: State) -> State | None:
        """Delete it; where Keeptrusts knows no such call, say that the empty team remains."""
        with diagnosed(
            ctx.diagnostics, Deed(f"delete the team {current['id']}", taken="Remove what it still has first.")
        ):
            if self._ask(self._remains(current["id"])):
                ctx.diagnostics.add_warning(
                    f"The team {current['name']!r} remains in Keeptrusts",
                    f"This Keeptrusts has no call that deletes a team. {current['id']} is out of Terraform's state; delete it "
                    "in the console or with kt team delete.",
                )
            return None
        return current

    def import_(self, ctx: ImportContext, id: str) -> State | None:  # noqa: A002 - the framework's name
        """Take over the team with this id or, if there is none, this name."""
        with diagnosed(ctx.diagnostics, Deed(f"import the team {id!r}")):
            return _state(self._ask(self._found(id)))
        return None

    async def _remains(self, team_id: str) -> bool:
        try:
            await self._connection.change(lambda: self._keeptrusts.delete_team(team_id))
        except UpstreamRejectedError as error:
            if error.status not in _NO_SUCH_CALL:
                raise
            # 404 is said of a team that is gone and of a call that there is not; the list tells them apart.
            return await self._organisation.team(team_id) is not None
        return False

    async def _found(self, wanted: str) -> TeamRecord:
        teams = await self._organisation.teams()
        found = next((team for team in teams if team.id == wanted), None)
        found = found or next((team for team in teams if team.name == wanted), None)
        if found is None:
            raise RefusalError(f"No team has the id or the name {wanted!r}.")
        return found


def _state(team: TeamRecord) -> State:
    return {"id": team.id, "name": team.name, "description": team.description or None}
