"""A real Terraform with our provider from a mirror, in front of the sandbox and a real OpenBao."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from bff.sandbox import ADMIN_TOKEN
from terraform_provider_keeptrusts.mirror import cli_configuration, make_mirror
from tests.harness.openbao import ROOT_TOKEN, OpenBao, running_openbao
from tests.terraform.stand_in import StandIn, running_stand_in
from tests.terraform.workspace import Workspace, prepared

_numbers = count(1)
NewWorkspace = Callable[..., Workspace]


@pytest.fixture(scope="session")
def keeptrusts() -> Iterator[StandIn]:
    """The sandbox; tests share it, so each has teams of its own."""
    with running_stand_in() as stand_in:
        yield stand_in


@pytest.fixture(scope="session")
def openbao() -> Iterator[OpenBao]:
    """A server of these tests' own: some of them seal it."""
    with running_openbao() as server:
        yield server


@pytest.fixture(scope="session")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mirror with the provider."""
    folder = tmp_path_factory.mktemp("terraform") / "mirror"
    make_mirror(folder)
    return folder


@pytest.fixture(scope="session")
def initialised(tmp_path_factory: pytest.TempPathFactory, mirror: Path) -> Path:
    """A folder in which `terraform init` has run."""
    return prepared(tmp_path_factory.mktemp("terraform") / "initialised", mirror, cli_configuration(mirror))


@pytest.fixture(scope="session")
def new_workspace(
    initialised: Path, tmp_path_factory: pytest.TempPathFactory, keeptrusts: StandIn, openbao: OpenBao
) -> NewWorkspace:
    """Makes a folder for a team of its own, with the addresses and tokens in the environment."""

    def make(**variables: Any) -> Workspace:
        number = next(_numbers)
        folder = tmp_path_factory.mktemp("terraform") / "workspace"
        shutil.copytree(initialised, folder, symlinks=True)
        environment = {
            "KEEPTRUSTS_API_URL": keeptrusts.api_url,
            "KEEPTRUSTS_ADMIN_TOKEN": ADMIN_TOKEN,
            "KEEPTRUSTS_GATEWAY_URL": keeptrusts.gateway_url,
            "VAULT_ADDR": openbao.url,
            "VAULT_TOKEN": ROOT_TOKEN,
        }
        return Workspace(folder, environment, {"team_name": f"team-{number}"} | variables)

    return make


@pytest.fixture
def workspace(new_workspace: NewWorkspace) -> Workspace:
    """A folder for a team of its own."""
    return new_workspace()
