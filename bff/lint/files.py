"""The files to check: which there are, and their text."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bff.backstage.descriptor_files import LARGEST_FILE, paths_of
from bff.lint.faults import Code, Fault


class NothingThereError(Exception):
    """A pattern names no YAML file; the message says which."""


@dataclass(frozen=True)
class File:
    """A file that could be read."""

    path: str
    text: str

    def allows(self, fault: Fault) -> bool:
        """Whether a comment at the fault's line says that it is meant to be: `# lint: allow annotation-invalid`."""
        line = self._lines[fault.line - 1] if fault.line <= len(self._lines) else ""
        return line.rstrip().endswith(f"# lint: allow {fault.code}")

    @cached_property
    def _lines(self) -> list[str]:
        return self.text.splitlines()


def find_files(patterns: Sequence[str]) -> tuple[list[File], list[Fault]]:
    """Every file that `patterns` (files, folders searched whole, globs) name, once, and what cannot be read.

    Raises `NothingThereError`.
    """
    paths: dict[str, None] = {}
    problems: list[str] = []
    for pattern in patterns:
        found = sorted(paths_of(pattern, problems))
        if not found and not problems:
            raise NothingThereError(f"{pattern}: no YAML file is there")
        paths |= dict.fromkeys(found)
    faults = [
        Fault(folder, 1, Code.UNREADABLE, why) for folder, _, why in (problem.rpartition(": ") for problem in problems)
    ]
    files: list[File] = []
    for path in paths:
        read = _read(path)
        if isinstance(read, File):
            files.append(read)
        else:
            faults.append(read)
    return files, faults


def _read(path: str) -> File | Fault:
    try:
        status = Path(path).stat()
        # A pipe would be waited for, and a device has no end.
        if not stat.S_ISREG(status.st_mode):
            return Fault(path, 1, Code.UNREADABLE, "not a file")
        if status.st_size > LARGEST_FILE:
            return Fault(path, 1, Code.UNREADABLE, f"larger than {LARGEST_FILE} bytes")
        content = Path(path).read_bytes()
    except OSError as error:
        return Fault(path, 1, Code.UNREADABLE, error.strerror or type(error).__name__)
    try:
        return File(path, content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return Fault(path, content[: error.start].count(b"\n") + 1, Code.UNREADABLE, "not UTF-8")
