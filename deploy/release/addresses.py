"""Say in the plugin's package where it comes from: npm wants that of a package with provenance.

`python -m deploy.release.addresses TARBALL URL` writes `repository`, `homepage` and `bugs` into the package.json of TARBALL, for a repository at
URL. The checkout does not know where it is published from; a release does.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import sys
import tarfile
from pathlib import Path
from typing import Any

MANIFEST = "package/package.json"
DIRECTORY = "plugin-frontend"
_REPOSITORY = re.compile(r"https://[a-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._-]+){2,}")


class AddressError(Exception):
    """The addresses cannot be written; the message says why."""


def addresses(url: str) -> dict[str, Any]:
    """The members of a package.json that say where it comes from. Raises `AddressError` unless `url` is that of a repository."""
    if not _REPOSITORY.fullmatch(url) or url.endswith(".git"):
        raise AddressError(f"the repository {url!r} must have the form https://host/owner/name")
    return {
        "repository": {"type": "git", "url": f"git+{url}.git", "directory": DIRECTORY},
        "homepage": f"{url}/tree/HEAD/{DIRECTORY}#readme",
        "bugs": {"url": f"{url}/issues"},
    }


def written(tarball: bytes, url: str) -> bytes:
    """The npm package `tarball` with the addresses in its package.json, and all else as it is. Raises `AddressError`."""
    made, found = io.BytesIO(), False
    try:
        with (
            tarfile.open(fileobj=io.BytesIO(tarball), mode="r:gz") as before,
            # The same input gives the same bytes.
            gzip.GzipFile(fileobj=made, mode="wb", mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as after,
        ):
            for member in before:
                file = before.extractfile(member)
                body = file.read() if file is not None else b""
                if member.name == MANIFEST:
                    found = True
                    body = json.dumps({**json.loads(body), **addresses(url)}, indent=2).encode() + b"\n"
                    member.size = len(body)
                after.addfile(member, io.BytesIO(body))
    except tarfile.TarError as error:
        raise AddressError(f"this is no npm package: {error}") from None
    if not found:
        raise AddressError(f"this is no npm package: it has no {MANIFEST}")
    return made.getvalue()


def main(arguments: list[str]) -> int:
    """Run the command, and return its exit code."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m deploy.release.addresses TARBALL URL\n")
        return 2
    tarball = Path(arguments[0])
    try:
        tarball.write_bytes(written(tarball.read_bytes(), arguments[1]))
    except (AddressError, OSError) as error:
        sys.stderr.write(f"{tarball}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
