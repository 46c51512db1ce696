"""The provider as Terraform sees it: its arguments, its resources, its connection."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tf.iface import DataSource, Provider, Resource
from tf.schema import Schema
from tf.utils import Diagnostics

from terraform_provider_keeptrusts import SOURCE
from terraform_provider_keeptrusts.arguments import provider_schema, read_arguments
from terraform_provider_keeptrusts.configuration import Configuration
from terraform_provider_keeptrusts.diagnosis import Deed, diagnosed
from terraform_provider_keeptrusts.gateway_key import GatewayKey
from terraform_provider_keeptrusts.mirror import REGISTRY
from terraform_provider_keeptrusts.team import Team
from terraform_provider_keeptrusts.team_lookup import TeamLookup
from terraform_provider_keeptrusts.wallet_funding import WalletFunding

if TYPE_CHECKING:
    from terraform_provider_keeptrusts.connection import Connection


class KeeptrustsProvider(Provider):
    """`keeptrusts/keeptrusts`, this project's own. `environment` is where arguments that are left out come from."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = os.environ if environment is None else environment
        self._connection: Connection | None = None

    @property
    def connection(self) -> Connection:
        """The way to Keeptrusts. Raises `RuntimeError` before the provider is configured, which Terraform does first."""
        if self._connection is None:
            raise RuntimeError("the provider was asked before it was configured")
        return self._connection

    def get_model_prefix(self) -> str:
        """What every type's name begins with."""
        return "keeptrusts_"

    def full_name(self) -> str:
        """The provider's address."""
        return f"{REGISTRY}/{SOURCE}"

    def get_provider_schema(self, diags: Diagnostics) -> Schema:
        """The provider block."""
        del diags
        return provider_schema()

    def validate_config(self, diags: Diagnostics, config: dict[str, Any]) -> None:
        """Nothing: what is left out may come from the environment of the run that configures."""

    def configure_provider(self, diags: Diagnostics, config: dict[str, Any]) -> None:
        """Read the arguments and find out whether Keeptrusts answers."""
        arguments = read_arguments(config, self._environment, diags)
        if arguments is None:
            return
        # Terraform starts a provider more often for its schema than for its deeds: what only these need is loaded here.
        from terraform_provider_keeptrusts.connection import Connection  # noqa: PLC0415
        from terraform_provider_keeptrusts.worker import Worker  # noqa: PLC0415

        connection = Connection(arguments, Worker())
        with diagnosed(diags, Deed("use Keeptrusts")):
            connection.run(connection.greet())
            self._connection = connection

    def get_data_sources(self) -> list[type[DataSource]]:
        """The data sources."""
        return [TeamLookup]

    def get_resources(self) -> list[type[Resource]]:
        """The resources."""
        return [Team, Configuration, GatewayKey, WalletFunding]
