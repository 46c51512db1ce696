"""What is handed out works by itself."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, as `make pack` builds it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(folder), str(CHECKOUT)]
    subprocess.run(command, check=True, capture_output=True)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command in an environment that was empty but for the wheel and what it needs."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=True)
    pip = [folder / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "--require-hashes", "-r", CHECKOUT / "requirements/runtime.txt"], check=True, capture_output=True
    )
    subprocess.run([*pip, "--no-deps", wheel], check=True, capture_output=True)
    return folder / "bin/keeptrusts-bff"


@pytest.fixture
def demo(command: Path, tmp_path: Path) -> Iterator[str]:
    """The address of a demo that runs far from the checkout."""
    ports = ("--port", "0", "--sandbox-port", "0", "--gateway-port", "0")
    with subprocess.Popen([command, "demo", *ports], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        address = next(line.split()[1] for line in process.stdout if line.strip().startswith("BFF"))
        yield address
        process.terminate()


def test_the_wheel_runs_the_demo(demo: str) -> None:
    """The wheel in an empty environment answers for the guide's service, without the checkout."""
    url = f"{demo}/v1/entities/component/default/customer-support-bot/governance"
    with urllib.request.urlopen(url, timeout=20) as reply:
        status = json.load(reply)
    assert status["team"]["name"] == "support-team"
    assert status["budget"]["daily"] == {"amount": "500", "currency": "USD"}


def test_the_wheel_holds_what_it_should(wheel: Path) -> None:
    """The wheel holds the package, its types' marker, the OpenAPI document, migrations and the demo's catalog; no tests and nothing of the plugin."""
    names = zipfile.ZipFile(wheel).namelist()
    for needed in (
        "bff/py.typed",
        "bff/web/openapi.json",
        "bff/store/migrations/versions/0001_first_tables.py",
        "bff/catalog/all.yaml",
        "bff/catalog/examples/customer-support-bot.yaml",
    ):
        assert needed in names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"bff", "keeptrusts_backstage"}
    assert not [
        name for name in names if "node_modules" in name or "__pycache__" in name or "test" in name.rsplit("/", 1)[-1]
    ]
