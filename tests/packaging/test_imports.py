"""What the service imports: each package that it does not need costs memory and time at every start."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

CREATE = """
import sys
from bff.app import create_app
from bff.settings import Settings

create_app(Settings.load())
print(*{name.partition(".")[0] for name in sys.modules})
"""
SETTINGS = {
    "KEEPTRUSTS_API_URL": "http://127.0.0.1:1",
    "KEEPTRUSTS_API_TOKEN": "token",
    "BACKSTAGE_URL": "http://127.0.0.1:1",
    "BACKSTAGE_TOKEN": "token",
    "BFF_AUTH": "none",
    "BFF_CATALOG": "files",
    "BFF_CATALOG_FILES": "catalog/all.yaml",
    "BFF_DATA_DIR": ":memory:",
}
OPTIONAL = {"alembic", "cryptography", "psycopg", "jwt"}


@pytest.mark.parametrize(
    ("changed", "imported"),
    [
        ({}, set()),
        ({"BFF_AUTH": "backstage"}, {"cryptography", "jwt"}),
        ({"DATABASE_URL": "postgresql://bff@127.0.0.1:1/bff"}, {"psycopg"}),
    ],
)
def test_a_service_imports_what_its_settings_need(changed: dict[str, str], imported: set[str]) -> None:
    """Alembic, PostgreSQL's driver and cryptography are imported only by a service that needs them."""
    command = [sys.executable, "-c", CREATE]
    environment = os.environ | SETTINGS | changed
    ended = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=60)
    assert set(ended.stdout.split()) & OPTIONAL == imported
