"""Faults on demand: what the sandbox does wrong, when a test or a demonstration asks it to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Surface = Literal["control-plane", "gateway"]

MOST_RULES = 100
LONGEST_DELAY = 60
LARGEST_BODY = 1_000_000

_BODILESS = frozenset({204, 205, 304})


class Rule(BaseModel):
    """One fault: the requests that it meets and what happens to them.

    `kind` is `status` (an error reply with `code` and, if given, `retry_after` seconds), `denied` (403), `delay`
    (`seconds`, then whatever follows), `body` (`text` with `content_type` and `code`) or `drop` (the connection breaks
    within the reply). A rule meets `times` requests (null: all) of this `method` (null: any) on this `surface`
    (null: both) whose path starts with `path`.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Literal["status", "denied", "delay", "body", "drop"]
    method: Annotated[str, Field(pattern=r"^[A-Z]{1,16}$")] | None = None
    path: Annotated[str, Field(pattern=r"^/", max_length=500)] = "/"
    surface: Surface | None = None
    times: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    code: Annotated[int, Field(ge=200, le=599)] | None = None
    retry_after: Annotated[int, Field(ge=0, le=86_400)] | None = None
    seconds: Annotated[float, Field(ge=0, le=LONGEST_DELAY)] | None = None
    text: Annotated[str, Field(max_length=LARGEST_BODY)] | None = None
    content_type: Annotated[str, Field(pattern=r"^[!-~ ]{1,100}$")] = "application/json"

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Rule:
        for kind, needed in (("status", "code"), ("delay", "seconds"), ("body", "text")):
            if self.kind == kind and getattr(self, needed) is None:
                raise ValueError(f"a fault of kind {kind} needs {needed}")
        if self.code in _BODILESS:
            raise ValueError(f"a fault has a body, which a reply with code {self.code} cannot have")
        return self


class Faults:
    """The rules in force, in their order; used up ones disappear."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []

    @property
    def rules(self) -> tuple[Rule, ...]:
        """What is still in force, `times` being what is left."""
        return tuple(self._rules)

    def put(self, *rules: Rule) -> None:
        """Replace all rules."""
        self._rules = [rule.model_copy() for rule in rules]

    def clear(self) -> None:
        """Remove all rules."""
        self._rules = []

    def meet(self, surface: Surface, method: str, path: str) -> Iterator[Rule]:
        """The rules that a request meets, each use counted: delays, then the first that ends the request."""
        for rule in tuple(self._rules):
            if (
                rule.method in {None, method}
                and rule.surface in {None, surface}
                and path.startswith(rule.path)
                and self._use(rule)
            ):
                yield rule
                if rule.kind != "delay":
                    return

    def _use(self, rule: Rule) -> bool:
        # A request that was waiting out a delay may find a rule replaced or used up by then.
        if not any(rule is other for other in self._rules):
            return False
        if rule.times is not None:
            rule.times -= 1
            if rule.times == 0:
                self._rules = [other for other in self._rules if other is not rule]
        return True
