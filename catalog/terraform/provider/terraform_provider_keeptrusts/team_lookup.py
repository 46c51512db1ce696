"""The data source `keeptrusts_team`."""

from __future__ import annotations

from typing import Any

from tf.iface import DataSource, ReadDataContext
from tf.schema import Attribute, Schema
from tf.types import String
from tf.utils import Diagnostics

from terraform_provider_keeptrusts.diagnosis import Deed, RefusalError, diagnosed
from terraform_provider_keeptrusts.resource import Connected
from terraform_provider_keeptrusts.unknown import is_unknown


class TeamLookup(DataSource):
    """A team that is there already, by its name or its id."""

    def __init__(self, provider: Connected) -> None:
        self._provider = provider

    @classmethod
    def get_name(cls) -> str:
        """`team` for `keeptrusts_team`."""
        return "team"

    @classmethod
    def get_schema(cls) -> Schema:
        """One of the first two is given, the rest is found."""
        return Schema(
            version=1,
            attributes=[
                Attribute("id", String(), "The team's id.", optional=True, computed=True),
                Attribute("name", String(), "The team's name.", optional=True, computed=True),
                Attribute("description", String(), "What the team is for.", computed=True),
            ],
            description="A Keeptrusts team that is there already.",
        )

    def validate(self, diags: Diagnostics, type_name: str, config: dict[str, Any]) -> None:
        """Exactly one of `id` and `name` is needed."""
        super().validate(diags, type_name, config)
        given = [name for name in ("id", "name") if config.get(name) is not None]
        if len(given) != 1 and not any(map(is_unknown, config.values())):
            diags.add_error("Which team?", f"{type_name} needs either name or id, and not both.", path=["name"])

    def read(self, ctx: ReadDataContext, config: dict[str, Any]) -> dict[str, Any] | None:
        """Find the team."""
        by = "name" if config.get("name") is not None else "id"
        with diagnosed(ctx.diagnostics, Deed(f"find the team with the {by} {config[by]!r}")):
            connection = self._provider.connection
            teams = connection.run(connection.organisation.teams())
            team = next((team for team in teams if getattr(team, by) == config[by]), None)
            if team is None:
                raise RefusalError(
                    f"No team has this {by}; there are {len(teams)} teams that api_key may see.", argument=by
                )
            return {"id": team.id, "name": team.name, "description": team.description}
        return None
