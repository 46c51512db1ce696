"""Checks of Templates: what the scaffolder finds out only while it runs, or never."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from bff.backstage.yaml_documents import Node
from bff.lint.descriptors import Descriptor
from bff.lint.expressions import ExpressionError, Variable, variables
from bff.lint.faults import Code, Fault

_SECRET_WORDS = frozenset({"apikey", "credential", "credentials", "password", "passwd", "secret", "token"})
# What a key opens: other keys (issueKey, projectKey, publicKey) only name something.
_SECRET_KEYS = frozenset(
    {
        "access",
        "account",
        "admin",
        "api",
        "auth",
        "client",
        "deploy",
        "encryption",
        "gateway",
        "kt",
        "license",
        "master",
    }
    | {"private", "secret", "service", "session", "shared", "signing", "ssh", "storage", "subscription", "virtual"}
)
# Steps that work with such names: what they call a key is the name of a ticket or a project.
_NAMING_STEPS = frozenset(
    {"confluence", "issue", "jira", "linear", "project", "sonar", "sonarqube", "ticket", "youtrack"}
)
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+")
_WHOLE = frozenset({"body", "headers"})


def template_faults(descriptor: Descriptor) -> Iterator[Fault]:
    """What is wrong with a Template's owner, steps, expressions and outputs."""
    if descriptor.ref.kind != "template":
        return
    spec = descriptor.node.at("spec")
    if spec is None:
        return
    owner = spec.at("owner")
    if owner is None or owner.value is None:
        line = owner.line if owner else descriptor.node.line
        yield descriptor.fault(line, Code.OWNER_MISSING, "a Template needs spec.owner, the group that answers for it")
    yield from _Check(descriptor, spec).faults()


def fetched_folders(descriptor: Descriptor) -> Iterator[Path]:
    """The absolute paths below a Template's own folder that its steps fetch: its skeletons."""
    home = Path(os.path.abspath(descriptor.file)).parent  # noqa: PTH100 - links stay as they are
    steps = descriptor.node.at("spec", "steps") if descriptor.ref.kind == "template" else None
    for step in steps.items if steps else ():
        action, url = step.at("action"), step.at("input", "url")
        if action is None or url is None or not (action.text or "").startswith("fetch:"):
            continue
        if (target := url.text) and "://" not in target and "${{" not in target:
            folder = Path(os.path.abspath(home / target))  # noqa: PTH100
            if home in folder.parents:
                yield folder


class _Check:
    def __init__(self, descriptor: Descriptor, spec: Node) -> None:
        self._fault = descriptor.fault
        self._parameters = _asked_for(spec.at("parameters"))
        self._output = spec.at("output")
        steps = spec.at("steps")
        self._steps = steps.items if steps else ()
        self._ids = [node.text if (node := step.at("id")) else None for step in self._steps]
        self._naming = {
            name
            for step, name in zip(self._steps, self._ids, strict=True)
            if name and not _NAMING_STEPS.isdisjoint(_subject(step))
        }

    def faults(self) -> Iterator[Fault]:
        known = {step for step in self._ids if step}
        ran: set[str] = set()
        for step, name in zip(self._steps, self._ids, strict=True):
            if not name:
                yield self._fault(step, Code.STEP_ID_MISSING, "a step needs an id, as text, for others to refer to it")
            elif name in ran:
                at = step.at("id") or step
                yield self._fault(at, Code.STEP_ID_TWICE, f"another step has the id {name} already")
            yield from self._in_expressions(step, known, ran)
            if name:
                ran.add(name)
        if self._output is not None:
            yield from self._in_expressions(self._output, known, known)
            yield from self._secrets(self._output)

    def _in_expressions(self, below: Node, known: Collection[str], ran: Collection[str]) -> Iterator[Fault]:
        for node in below.scalars():
            try:
                named = variables(node.text or "")
            except ExpressionError as error:
                yield self._fault(node.line_of(error.opening), Code.EXPRESSION_UNCLOSED, str(error))
                continue
            for variable in named:
                yield from self._about(node.line_of(variable.written), variable, known, ran)

    def _about(self, line: int, variable: Variable, known: Collection[str], ran: Collection[str]) -> Iterator[Fault]:
        match variable.path:
            case ("steps", str(name), *_) if name not in known:
                yield self._fault(line, Code.STEP_UNKNOWN, f"no step has the id {name}{_brackets(name, known)}")
            case ("steps", str(name), *_) if name not in ran:
                yield self._fault(line, Code.STEP_EARLY, f"the step {name} has not run yet when this is needed")
            case ("parameters", str(name), *_) if self._parameters is not None and name not in self._parameters:
                yield self._fault(line, Code.PARAMETER_UNKNOWN, f"the form does not ask for a parameter {name}")
            case _:
                pass

    def _secrets(self, output: Node) -> Iterator[Fault]:
        for node in output.scalars():
            try:
                named = variables(node.text or "")
            except ExpressionError:
                continue  # A fault already.
            for variable in named:
                if why := _secret(variable.path, self._naming):
                    message = f"{variable.written} {why}, and everyone who may read the task sees its outputs"
                    yield self._fault(node.line_of(variable.written), Code.SECRET_IN_OUTPUT, message)


def _asked_for(form: Node | None) -> set[str] | None:
    """The parameters that a form, of one page or several, asks for; None when a part of it stands in another file."""
    names: set[str] = set()
    waiting = list((form.items or (form,)) if form else ())
    seen: set[int] = set()
    while waiting:
        page = waiting.pop()
        if id(page) in seen:
            continue
        seen.add(id(page))
        members = page.members
        if any(name.startswith("$") for name in members):
            return None
        names |= properties.members.keys() if (properties := members.get("properties")) else set()
        # Questions that depend on answers: they are parameters as well.
        for name in ("allOf", "anyOf", "oneOf"):
            waiting.extend(members[name].items if name in members else ())
        waiting.extend(members[name] for name in ("if", "then", "else") if name in members)
        for name in ("dependencies", "dependentSchemas"):
            waiting.extend(members[name].members.values() if name in members else ())
    return names


def _brackets(name: str, known: Collection[str]) -> str:
    meant = next((step for step in known if step.startswith(f"{name}-")), None)
    return f"; an id with a dash needs brackets: steps['{meant}']" if meant else ""


def _words(name: str) -> list[str]:
    """The words of a name in lower case, however it joins them: `apiKey`, `api_key`, `API-KEY`."""
    return [word.lower() for word in _WORD.findall(name)]


def _subject(step: Node) -> set[str]:
    """The words that say what a step works with: of its id, its action and the path that it requests."""
    named = (step.at("id"), step.at("action"), step.at("input", "path"))
    return {word for node in named if node for word in _words(node.text or "")}


def _secret(path: tuple[str | None, ...], naming: Collection[str]) -> str | None:
    """Why a variable must not stand in an output; `naming` holds the ids of steps whose keys are names."""
    if path[0] == "secrets" or path[:2] == ("environment", "secrets"):
        return "is a secret"
    if path[0] not in {"steps", "parameters"}:
        return None
    if path[0] == "steps" and (len(path) <= 3 or (len(path) == 4 and path[3] in _WHOLE)):
        return "is a step's whole reply" if None not in path else None
    last = path[-1] or ""
    words = _words(last)
    if len(path) < 2 or not words:
        return None
    *before, word = words
    if word == "key":
        return f"is called {last}" if _opens(before, path[1], naming) else None
    return f"is called {last}" if word in _SECRET_WORDS else None


def _opens(before: list[str], of: str | None, naming: Collection[str]) -> bool:
    """Whether a key opens something: by the words before it or, without any, by the step that it is of."""
    return not _SECRET_KEYS.isdisjoint(before) if before else of not in naming
