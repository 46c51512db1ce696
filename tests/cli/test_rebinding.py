"""What runs without authentication reads nothing to a web page that borrows this machine's address."""

from __future__ import annotations

import httpx
import pytest

from bff.cli import serve
from bff.settings import Settings
from bff.web.envelope import LocalNames

from .conftest import Process

PATH = "/v1/entities/component/default/customer-support-bot/governance"


def test_the_demo_answers_to_local_names_alone(demo: Process) -> None:
    """A name that was made to point at this machine is refused; localhost is not."""
    address = demo.address("BFF")
    port = address.rpartition(":")[2]
    assert httpx.get(address + PATH, headers={"host": f"attacker.example:{port}"}, trust_env=False).status_code == 403
    assert httpx.get(address + PATH, headers={"host": f"localhost:{port}"}, trust_env=False).status_code == 200


@pytest.mark.parametrize(("auth", "bounded"), [("none", True), ("backstage", False)])
def test_serve_does_so_where_it_asks_nobody_who_they_are(auth: str, bounded: bool) -> None:
    """With callers verified the service may be called whatever its operators call it."""
    settings = Settings.load(
        keeptrusts_api_url="http://127.0.0.1:1",
        keeptrusts_api_token="any",
        backstage_url="http://127.0.0.1:1",
        bff_auth=auth,
        bff_catalog="files",
        bff_catalog_files="catalog",
    )
    assert isinstance(serve._app(settings).asgi, LocalNames) is bounded
