"""Lay out the image's root: a Python, the service, the libraries that they load, and nothing else.

`python3 rootfs.py ENVIRONMENT TARGET` runs in the build stage, on a Debian. It copies the interpreter that made the virtual environment
ENVIRONMENT, its standard library without what installs or tests, ENVIRONMENT itself, and every shared library that any of them is
linked to, into TARGET. No shell, package manager or setuid program is among them. Modules are compiled here, since
the root is read only at run time.

The Debian packages that the libraries belong to leave their entry in `var/lib/dpkg/status.d` and their copyright file, where scanners of
images look for them.
"""

from __future__ import annotations

import compileall
import py_compile
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

USER = 10001
DATA = Path("var/lib/keeptrusts-bff")
LEFT_OUT = shutil.ignore_patterns(
    "__pycache__",
    "_test*",
    "_tkinter*",  # The slim base lacks its libraries.
    "ensurepip",
    "idlelib",
    "lib2to3",
    "pydoc_data",
    "site-packages",
    "dist-packages",
    "test",
    "tests",
    "tkinter",
    "turtledemo",
    "venv",
    "config-*",
)
LOADED_BY_NAME = ("libgcc_s.so.1",)
"""Libraries that no file is linked to: glibc opens this one when a thread ends."""


def main(environment: Path, target: Path) -> None:
    """Fill `target`, which must not exist yet."""
    target.mkdir(mode=0o755, parents=True)
    interpreter = Path(sys.executable).resolve()
    for source in (interpreter, *_standard_library(), environment):
        _copy(source, target)
    libraries = sorted(path for path in _libraries(_binaries(target)) if not path.is_relative_to(environment))
    for library in libraries:
        _copy(library, target)
    _let_libraries_be_found(libraries, target)
    _keep_programs({"keeptrusts-bff"}, target / environment.relative_to("/") / "bin")
    _compile(target)
    _describe_packages([interpreter, *(folder / "os.py" for folder in _standard_library()), *libraries], target)
    _write_accounts(target)


def _standard_library() -> set[Path]:
    paths = sysconfig.get_paths()
    return {Path(paths["stdlib"]).resolve(), Path(paths["platstdlib"]).resolve()}


def _binaries(target: Path) -> Iterator[Path]:
    """The programs and shared libraries below `target`, by the paths from which they were copied."""
    for path in target.rglob("*"):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as opened:
                if opened.read(4) == b"\x7fELF":
                    yield Path("/") / path.relative_to(target)


def _libraries(binaries: Iterable[Path]) -> set[Path]:
    """Every library that one of `binaries` loads, under the name that it is looked up by. Ends the build for a missing one."""
    done = subprocess.run(["ldd", *binaries], check=False, capture_output=True, text=True)  # noqa: S603, S607
    missing = re.findall(r"(\S+) => not found", done.stdout)
    if missing:
        sys.exit(f"a library is missing in the base image: {', '.join(sorted(set(missing)))}")
    found = {Path(path) for path in re.findall(r"(?:=> |^\t)(/\S+) \(0x", done.stdout, re.MULTILINE)}
    (system,) = {path.parent for path in found if path.name == "libc.so.6"}
    return found | {system / name for name in LOADED_BY_NAME}


def _copy(source: Path, target: Path) -> None:
    """Copy a file or folder to its own place below `target`. Links within a folder stay links."""
    place = target / source.relative_to("/")
    place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, place, symlinks=True, ignore=LEFT_OUT if source in _standard_library() else None)
    elif not place.exists():
        shutil.copy2(source, place)


def _let_libraries_be_found(libraries: Iterable[Path], target: Path) -> None:
    """Write the loader's cache: a Python that was built by hand has its library in a folder that is not looked into otherwise."""
    (target / "etc").mkdir(exist_ok=True)
    (target / "etc/ld.so.conf").write_text(
        "".join(f"{folder}\n" for folder in sorted({path.parent for path in libraries}))
    )
    subprocess.run(["/sbin/ldconfig", "-r", target], check=True)  # noqa: S603


def _keep_programs(kept: set[str], folder: Path) -> None:
    """Leave the environment's Python, which is a link to the interpreter itself, and the programs `kept`."""
    for path in folder.iterdir():
        if path.is_symlink():
            path.unlink()
            path.symlink_to(Path(sys.executable).resolve())
        elif path.name not in kept:
            path.unlink()


def _compile(target: Path) -> None:
    """Compile every module below `target`, under the names that they have at run time. Ends the build for one that does not compile."""
    done = compileall.compile_dir(
        target,
        maxlevels=20,
        stripdir=str(target),
        prependdir="/",
        quiet=1,
        workers=0,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    if not done:
        sys.exit("a module cannot be compiled, see above")


def _describe_packages(files: Iterable[Path], target: Path) -> None:
    """Leave the entry and the copyright file of each Debian package that one of `files` belongs to."""
    status = target / "var/lib/dpkg/status.d"
    status.mkdir(parents=True)
    owners: set[str] = set()
    for file in files:
        # A merged /usr: dpkg knows a library by one of its two names.
        for name in {str(file), str(file.resolve()), str(file.resolve()).removeprefix("/usr")}:
            done = subprocess.run(["dpkg-query", "-S", name], check=False, capture_output=True, text=True)  # noqa: S603, S607
            owners |= set(re.findall(r"^(\S+?)(?::\w+)?: /", done.stdout, re.MULTILINE))
    for package in sorted(owners):
        entry = subprocess.run(["dpkg-query", "-s", package], check=True, capture_output=True, text=True)  # noqa: S603, S607
        (status / package).write_text(entry.stdout, encoding="utf-8")
        doc = target / "usr/share/doc" / package
        doc.mkdir(parents=True)
        shutil.copy(Path("/usr/share/doc") / package / "copyright", doc)


def _write_accounts(target: Path) -> None:
    """One account of no rights, a folder for its data, one for what is temporary, and the order in which names are looked up."""
    etc = target / "etc"
    (etc / "passwd").write_text(f"bff:x:{USER}:{USER}::/{DATA}:/nonexistent\n", encoding="utf-8")
    (etc / "group").write_text(f"bff:x:{USER}:\n", encoding="utf-8")
    (etc / "nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files dns\n", encoding="utf-8")
    (target / DATA).mkdir(parents=True)
    shutil.chown(target / DATA, USER, USER)
    (target / "tmp").mkdir()
    (target / "tmp").chmod(0o1777)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
