"""Faults: what is wrong with a catalog file, and where."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Code(StrEnum):
    """Every fault there is; scripts switch on these, so they never change."""

    UNREADABLE = "unreadable"
    """The file cannot be read: it is too large, not UTF-8, or not permitted."""
    YAML = "yaml"
    """Not YAML, or YAML that is not read: nested too deep, aliases of nothing."""
    KEY_TWICE = "key-twice"
    """A mapping has one key twice; Backstage refuses the whole file."""
    ENTITY_MALFORMED = "entity-malformed"
    """An entity without an apiVersion or a usable kind, name or namespace, with annotations that are no mapping, or with an
    expression in its metadata that nothing fills in."""
    ENTITY_TWICE = "entity-twice"
    """Two entities with one reference; Backstage keeps only one."""
    ANNOTATION_NOT_TEXT = "annotation-not-text"
    """An annotation that YAML makes a number, a truth value or nothing; Backstage refuses the entity."""
    ANNOTATION_UNKNOWN = "annotation-unknown"
    """An annotation of this project's prefix that nothing reads: a slip of the pen."""
    ANNOTATION_INVALID = "annotation-invalid"
    """An annotation that the service could not read, as in its finding of the same name."""
    REFERENCE_MALFORMED = "reference-malformed"
    """A relation to something that is no entity reference."""
    REFERENCE_DANGLING = "reference-dangling"
    """A relation to an entity that is not among the files (only with --closed)."""
    TARGET_MISSING = "target-missing"
    """A Location that names a file which is not there."""
    OWNER_MISSING = "owner-missing"
    """A Template without an owner."""
    STEP_ID_MISSING = "step-id-missing"
    """A step that nothing can refer to."""
    STEP_ID_TWICE = "step-id-twice"
    """Two steps with one id; the output of the first is lost."""
    STEP_UNKNOWN = "step-unknown"
    """An expression that names a step which is not there; it comes out empty."""
    STEP_EARLY = "step-early"
    """A step that uses the output of one that has not run yet."""
    PARAMETER_UNKNOWN = "parameter-unknown"
    """An expression that names a parameter which the form does not ask for; it comes out empty."""
    EXPRESSION_UNCLOSED = "expression-unclosed"
    """An expression that begins and does not end."""
    SECRET_IN_OUTPUT = "secret-in-output"  # noqa: S105 - a code's name
    """An output, which every reader of the task sees, that holds a secret or a step's whole reply."""
    API_DEFINITION = "api-definition"
    """An API of type openapi whose definition is not OpenAPI."""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is wrong: in which file, at which line (from 1), what, and how it should be."""

    file: str
    line: int
    code: Code
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.code}: {self.message}"
