"""The Chromium of the end-to-end tests: found, or installed where that is possible.

`python -m tests.e2e.harness.chromium` prints its path, having installed it with apt-get if it was missing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

DEFAULT = Path("/usr/bin/chromium")

FLAGS = (
    "--no-sandbox",  # containers run it as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

_PACKAGES = ("chromium", "fonts-liberation")


class ChromiumError(Exception):
    """There is no Chromium; the message says how to get one."""


def find(environ: Mapping[str, str], default: Path = DEFAULT) -> Path:
    """The Chromium to use: `CHROMIUM_PATH`, else Debian's.

    Raises `ChromiumError` when it is not there.
    """
    named = environ.get("CHROMIUM_PATH")
    path = Path(named) if named else default
    if os.access(path, os.X_OK) and path.is_file():
        return path
    if named:
        raise ChromiumError(f"CHROMIUM_PATH={named} is no program that can be run")
    raise ChromiumError(
        f"no Chromium at {default}: install Debian's `chromium`, or say where one is with CHROMIUM_PATH"
    )


def install() -> None:
    """Install Debian's Chromium, with fonts, as root with apt-get.

    Raises `ChromiumError` where that cannot be done.
    """
    apt_get = shutil.which("apt-get")
    if apt_get is None or os.geteuid() != 0:
        raise ChromiumError(
            f"no Chromium at {DEFAULT}: install it (it takes root and apt-get), or say where one is with CHROMIUM_PATH"
        )
    environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (("update",), ("install", "-y", "--no-install-recommends", *_PACKAGES)):
        done = subprocess.run([apt_get, "-q", *command], env=environ, check=False, stdout=sys.stderr)
        if done.returncode:
            raise ChromiumError(
                f"`apt-get {' '.join(command)}` ended with {done.returncode}: install Chromium, or set CHROMIUM_PATH"
            )


def main() -> int:
    try:
        if not os.environ.get("CHROMIUM_PATH") and not DEFAULT.exists():
            install()
        print(find(os.environ))
    except ChromiumError as error:
        print(f"e2e-setup: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
