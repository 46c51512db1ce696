"""The image, really built by buildah, and its command really run: by the image's own user, on a root that is read only.

Takes root and about a minute. The base is a Debian that debootstrap makes, given by the same build argument as the real one, so that no
image has to be pulled; it is kept in pytest's cache, and takes another minute the first time.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

import bff
from tests.deploy.conftest import program

pytestmark = [pytest.mark.image, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
CONTAINERFILE = ROOT / "deploy/container/Containerfile"
CERTIFICATES = Path("/etc/ssl/certs")
PATIENCE = 60.0
"""Seconds after which a command of the image will not end any more."""

READ_ONLY = """
set -e
mount=$1 setpriv=$2 chroot=$3 root=$4 user=$5; shift 5
$mount --bind "$root" "$root"
$mount -o remount,ro,bind "$root"
$mount -t tmpfs tmpfs "$root/tmp"
exec $setpriv --no-new-privs $chroot --userspec="$user" "$root" "$@"
"""
"""The security context of the chart, as far as a shell can bring it about."""


@dataclass(frozen=True)
class Image:
    """A built image: its files in a folder, and its configuration as OCI has it."""

    folder: Path
    config: dict[str, Any]

    def start(self, *words: str, **settings: str) -> subprocess.Popen[str]:
        """Start a program of the image by the image's user, in its environment and `settings`, on a root that is read only.

        It runs in a mount namespace of its own, which ends with it.
        """
        tools = [
            program(name, package)
            for name, package in (("mount", "mount"), ("setpriv", "util-linux"), ("chroot", "coreutils"))
        ]
        shell = [program("unshare", "util-linux"), "--mount", program("sh", "dash"), "-c", READ_ONLY, "image"]
        return subprocess.Popen(
            [*shell, *tools, str(self.folder), self.config["User"], *words],
            env=dict(item.split("=", 1) for item in self.config["Env"]) | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *words: str, **settings: str) -> tuple[int, str]:
        """Run a program of the image as `start` does; gives its exit code and what it printed."""
        with self.start(*words, **settings) as process:
            printed, _ = process.communicate(timeout=PATIENCE)
            return process.returncode, printed

    def command(self, *arguments: str) -> list[str]:
        """The words that a container engine starts: the entry point, with `arguments` or the image's own."""
        return [*self.config["Entrypoint"], *(arguments or self.config["Cmd"])]

    def files(self) -> Iterator[Path]:
        """Every file of the image, links included."""
        for folder, _, names in os.walk(self.folder):
            yield from (Path(folder, name) for name in names)


class Buildah:
    """Buildah with a store of its own, as root without user namespaces."""

    def __init__(self, store: Path) -> None:
        if os.geteuid() != 0:
            pytest.fail("the image is built in a chroot, which takes root: run these tests as root")
        self._command = [
            program("buildah", "buildah"),
            "--storage-driver=vfs",
            f"--root={store}/root",
            f"--runroot={store}/run",
        ]

    def __call__(self, *words: str | Path) -> str:
        """Run a command of buildah; gives what it prints, and fails the test with it."""
        done = subprocess.run([*self._command, *words], check=False, capture_output=True, text=True, cwd=ROOT)
        assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-8000:]
        return done.stdout.strip()

    def import_tar(self, archive: Path, name: str) -> None:
        """Make an image `name` of the files in `archive`."""
        container = self("from", "scratch")
        self("add", container, archive, "/")
        self("commit", "--rm", container, name)


@pytest.fixture(scope="session")
def debian(request: pytest.FixtureRequest) -> Path:
    """The files of a small Debian with a Python, as debootstrap lays them out, in an archive."""
    suite = platform.freedesktop_os_release()["VERSION_CODENAME"]
    cache = request.config.cache
    assert cache is not None
    archive = Path(cache.mkdir("debian")) / f"{suite}.tar"
    if not archive.exists():
        work = archive.with_suffix(f".{os.getpid()}")
        options = ["--variant=minbase", "--include=python3,python3-venv,ca-certificates"]
        subprocess.run([program("debootstrap", "debootstrap"), *options, suite, work], check=True, capture_output=True)
        unused = (
            "var/cache/apt/archives/*.deb",
            "var/lib/apt/lists/*",
            "usr/share/locale/*",
            "usr/share/man/*",
            "usr/share/zoneinfo/*",
        )
        left_out = [f"--exclude=./{path}" for path in unused]
        subprocess.run([program("tar", "tar"), "-C", work, *left_out, "-cf", f"{work}.tar", "."], check=True)
        Path(f"{work}.tar").rename(archive)
        shutil.rmtree(work)
    return archive


@pytest.fixture(scope="module")
def image(debian: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    """The image, built as the Containerfile says on another base."""
    store = tmp_path_factory.mktemp("image")
    buildah = Buildah(store)
    buildah.import_tar(debian, "localhost/python:debian")
    options = ["--isolation=chroot", "--build-arg=PYTHON=localhost/python:debian", "--build-arg=REVISION=0123abc"]
    if CERTIFICATES.exists():
        # Where packages come through a registry of one's own, this machine trusts its certificate.
        options.append(f"--volume={CERTIFICATES}:{CERTIFICATES}:ro")
    buildah("bud", *options, f"--file={CONTAINERFILE}", "--tag=localhost/keeptrusts-bff", ".")
    container = buildah("from", "localhost/keeptrusts-bff")
    described = json.loads(buildah("inspect", "--type=image", "localhost/keeptrusts-bff"))["OCIv1"]["config"]
    yield Image(Path(buildah("mount", container)), described)
    shutil.rmtree(store)


def test_it_says_what_it_is(image: Image) -> None:
    """The labels of the Open Container Initiative name project, version, revision and licence."""
    labels = {name.removeprefix("org.opencontainers.image."): text for name, text in image.config["Labels"].items()}
    assert labels["title"] == "keeptrusts-bff"
    assert labels["version"] == bff.__version__
    assert labels["revision"] == "0123abc"
    assert labels["licenses"] == "Apache-2.0"


def test_it_runs_as_a_user_without_rights(image: Image) -> None:
    """The user is a number other than 0, which owns nothing but the folder for data."""
    assert image.config["User"] == "10001:10001"
    owned = [path for path in image.folder.rglob("*") if path.lstat().st_uid == 10001]
    assert owned == [image.folder / "var/lib/keeptrusts-bff"]


def test_nothing_can_be_written_or_become_root(image: Image) -> None:
    """No file is writable for others, and none takes on its owner's rights."""
    for path in image.files():
        if not path.is_symlink():
            assert path.stat().st_mode & (stat.S_IWOTH | stat.S_ISUID | stat.S_ISGID) == 0, path


def test_it_has_no_shell_and_installs_nothing(image: Image) -> None:
    """Of programs there are the interpreter and the service's command; pip is there neither as a program nor as a package."""
    programs = {
        str(path.relative_to(image.folder))
        for path in image.files()
        if not path.is_symlink() and path.stat().st_mode & 0o111 and path.parent.name in {"bin", "sbin"}
    }
    interpreter = {name for name in programs if name.startswith("usr/") and "bin/python3." in name}
    assert programs - interpreter == {"opt/keeptrusts-bff/bin/keeptrusts-bff"}
    assert len(interpreter) == 1
    assert not list(image.folder.rglob("pip")) + list(image.folder.rglob("ensurepip"))


def test_scanners_find_its_packages(image: Image) -> None:
    """Each Debian package that a library is from has its entry and its copyright file."""
    packages = {path.name for path in (image.folder / "var/lib/dpkg/status.d").iterdir()}
    assert {"libc6", "libsqlite3-0", "zlib1g"} <= packages
    for package in packages:
        assert (
            (image.folder / "var/lib/dpkg/status.d" / package)
            .read_text(encoding="utf-8")
            .startswith(f"Package: {package}\n")
        )
        assert (image.folder / "usr/share/doc" / package / "copyright").exists(), package


def test_every_library_is_there(image: Image) -> None:
    """Each module in C that the service may load is loaded, with all libraries that it is linked to."""
    names = "ssl, sqlite3, ctypes, zoneinfo, _uuid, _lzma, bz2, psycopg, orjson, uvloop, httptools, pydantic_core, cryptography.x509, greenlet, yaml"
    code = f"import {names}; from opentelemetry.sdk import trace; print(psycopg.pq.__impl__, yaml.__with_libyaml__)"
    assert image.run("/opt/keeptrusts-bff/bin/python", "-c", code) == (0, "binary True\n")


def test_modules_are_compiled(image: Image) -> None:
    """What cannot be written at run time was compiled before: a start compiles nothing."""
    package = next((image.folder / "opt/keeptrusts-bff/lib").glob("python3.*/site-packages/bff"))
    for module in package.glob("**/*.py"):
        assert list((module.parent / "__pycache__").glob(f"{module.stem}.*.pyc")), module


def test_the_doctor_can_be_called(image: Image) -> None:
    """The command is found by the image's own path, and runs without a shell."""
    code, printed = image.run(*image.command("doctor", "--help"))
    assert code == 0
    assert printed.startswith("Usage: keeptrusts-bff doctor")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("migrate",), "The tables in /tmp/keeptrusts-bff.sqlite3 are up to date."),
        (("policy", "check", "/mounted/provisioning-policy.yaml"), "3000 USD a month"),
        (("lint", "/mounted/catalog-info.yaml"), "1 entity in 1 file: no fault"),
        (("openapi",), '"openapi": "3.1'),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_operators_commands_run(image: Image, words: tuple[str, ...], said: str) -> None:
    """What an operator runs in a pod works without a shell, on a read-only root, with files that are mounted."""
    mounted = image.folder / "mounted"
    mounted.mkdir(exist_ok=True)
    for path in ("catalog/backstage/provisioning-policy.yaml", "catalog/catalog-info.yaml"):
        shutil.copy(ROOT / path, mounted)
    code, printed = image.run(*image.command(*words), BFF_DATA_DIR="/tmp")
    assert code == 0, printed
    assert said in printed


def test_without_settings_it_says_which_is_missing(image: Image) -> None:
    """Started as it is, it ends with one line that names the first setting that is missing."""
    code, printed = image.run(*image.command())
    assert code == 3
    assert printed.count("\n") == 1
    assert "KEEPTRUSTS_API_URL is not set" in printed


def test_the_demo_answers_and_stops(image: Image) -> None:
    """The service answers from within the image, and ends by itself when it gets the image's stop signal."""
    assert image.config["StopSignal"] == "SIGTERM"
    with image.start(*image.command("demo", "--port=0", "--sandbox-port=0", "--gateway-port=0")) as process:
        try:
            printed: list[str] = []
            assert process.stdout is not None
            for line in process.stdout:
                printed.append(line)
                if line.split()[:1] == ["BFF"]:
                    break
            else:
                pytest.fail("".join(printed))
            reply = httpx.get(
                f"{printed[-1].split()[1]}/v1/entities/component/default/customer-support-bot/governance",
                trust_env=False,
                timeout=PATIENCE,
            )
            assert reply.status_code == 200, reply.text
            assert reply.json()["gatewayKey"]["state"] == "active"
            process.send_signal(signal.SIGTERM)
            rest, _ = process.communicate(timeout=PATIENCE)
            assert (process.returncode, rest.splitlines()[-1]) == (0, "stopped")
        finally:
            process.kill()
