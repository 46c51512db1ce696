"""Where the catalog files of the demo lie: in the installed package, or beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


class CatalogFolderError(FileNotFoundError):
    """Neither an installed package nor a checkout: the demo's catalog is not where it belongs."""


def catalog_folder(package: Path = _PACKAGE) -> Path:
    """The folder `catalog/`: `bff/catalog` in a wheel, else the one beside `bff/`; raises `CatalogFolderError`."""
    for folder in (package / "catalog", package.parent / "catalog"):
        if (folder / "all.yaml").is_file():
            return folder
    raise CatalogFolderError(f"no catalog/all.yaml in {package} or beside it; install the package anew")
