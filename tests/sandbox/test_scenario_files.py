"""Finding the demo's catalog."""

from __future__ import annotations

from pathlib import Path

import pytest

from bff.sandbox.scenario import CatalogFolderError, catalog_folder


def make(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "all.yaml").touch()
    return folder


def test_a_checkout_has_it_beside_the_package() -> None:
    """In this very checkout the folder is found."""
    assert (catalog_folder() / "examples").is_dir()


def test_a_wheel_has_it_in_the_package(tmp_path: Path) -> None:
    """An installed package uses its own files, even if a folder of that name lies beside it."""
    make(tmp_path / "catalog")
    inside = make(tmp_path / "bff" / "catalog")
    assert catalog_folder(tmp_path / "bff") == inside


def test_a_folder_that_is_missing_is_said(tmp_path: Path) -> None:
    """The error names what was looked for and what to do."""
    with pytest.raises(CatalogFolderError, match=r"no catalog/all.yaml in .*install the package again"):
        catalog_folder(tmp_path / "bff")
