"""Debian's packages that tests use, installed where that is possible.

`python -m tests.harness.debian PROGRAM=PACKAGE …` installs the packages whose programs are missing, once and together.
A program that Debian keeps off the path is named by a pattern of its whole path.
What cannot be installed ends the run with one line: a test that is left out quietly protects nothing.
"""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence


def found(program: str) -> str | None:
    """Where a program is: on the path by its name, or anywhere by a pattern of its whole path."""
    if "/" in program:
        return next(iter(sorted(glob.glob(program))), None)  # noqa: PTH207 - the pattern is a whole path
    return shutil.which(program)


def missing(wanted: Sequence[str], which: Callable[[str], str | None] = found) -> list[str]:
    """The packages of those `PROGRAM=PACKAGE` whose program is not there."""
    pairs = (item.partition("=") for item in wanted)
    return [package for program, _, package in pairs if which(program) is None]


def install(packages: Sequence[str]) -> str | None:
    """Install `packages` with apt-get; gives what stands in the way, or None when they are installed."""
    apt_get = shutil.which("apt-get")
    if apt_get is None or os.geteuid() != 0:
        return "it takes root and apt-get"
    environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (("update",), ("install", "-y", "--no-install-recommends", *packages)):
        done = subprocess.run([apt_get, "-qq", *command], env=environ, check=False, stdout=sys.stderr)
        if done.returncode:
            return f"`apt-get {command[0]}` ended with {done.returncode}"
    return None


def main(wanted: Sequence[str]) -> int:
    packages = missing(wanted)
    obstacle = install(packages) if packages else None
    if obstacle:
        print(
            f"Debian's {', '.join(packages)} cannot be installed ({obstacle}): install it by hand and run this again",
            file=sys.stderr,
        )
    return 1 if obstacle else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
