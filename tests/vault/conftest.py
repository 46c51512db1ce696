"""One real OpenBao for all tests of Vault."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness.openbao import OpenBao, running_openbao


@pytest.fixture(scope="session")
def openbao() -> Iterator[OpenBao]:
    """A server in development mode; tests share it, so each takes paths, mounts and policies of its own."""
    with running_openbao() as server:
        yield server
