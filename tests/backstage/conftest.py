"""What the tests of Backstage's side share."""

from __future__ import annotations

import pytest

from tests.backstage.stub import StubBackstage


@pytest.fixture
def backstage() -> StubBackstage:
    """A Backstage backend that answers in this process."""
    return StubBackstage()
