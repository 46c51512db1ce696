"""The policy as a YAML file: read with line numbers in its errors, and read again when it changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from bff.backstage.yaml_documents import Node, YamlError, read_documents
from bff.provisioning.policy import ASK, MONTHLY, MOST_KEYS, Limits, Policy
from bff.status.claims import EXAMPLES
from bff.status.findings import ALERTED
from bff.telemetry.logs import logger
from bff.values import Money
from bff.wording import listed, quoted

log = logger("provisioning")

LARGEST_FILE = 256 * 1024
"""Bytes."""

_MOST_USD = 1_000_000_000
_MESSAGES = {
    "extra_forbidden": "is not a member of a policy",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
}


class PolicyFileError(Exception):
    """A policy file cannot be used; the message is one line with the number of the line at fault, where there is one."""


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must be a number")  # noqa: TRY004 - pydantic reports ValueError as a validation error
    return Decimal(str(value))


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, strict=True)


class _Funding(_Section):
    owners_monthly_usd: Annotated[Decimal, BeforeValidator(_number), Field(ge=0, le=_MOST_USD)] = MONTHLY.amount


class _Tiers(_Section):
    allowed: list[Annotated[str, Field(min_length=1, max_length=63)]] = list(EXAMPLES)


class _Keys(_Section):
    most_living: int = Field(default=MOST_KEYS, ge=0, le=100_000)
    longest_life_days: int | None = Field(default=None, ge=1, le=36_500)


class _Team(_Section):
    funding: _Funding = _Funding()
    tiers: _Tiers = _Tiers()
    keys: _Keys = _Keys()

    def limits(self, general: Limits) -> Limits:
        """The limits that are written here; what is not written is as in `general`."""
        written: dict[str, Any] = {}
        if "owners_monthly_usd" in self.funding.model_fields_set:
            written["monthly"] = Money(self.funding.owners_monthly_usd)
        if "allowed" in self.tiers.model_fields_set:
            written["tiers"] = tuple(self.tiers.allowed)
        if "most_living" in self.keys.model_fields_set:
            written["most_keys"] = self.keys.most_living
        if "longest_life_days" in self.keys.model_fields_set:
            days = self.keys.longest_life_days
            written["longest_key_life"] = None if days is None else timedelta(days=days)
        return replace(general, **written)


def _alerted(code: str) -> str:
    if code not in ALERTED:
        raise ValueError(f"{quoted(code)} is never alerted: write one of {listed(sorted(ALERTED))}")
    return code


class _Notifications(_Section):
    mute: list[Annotated[str, AfterValidator(_alerted)]] = []


class _File(_Team):
    notifications: _Notifications = _Notifications()
    ask: Annotated[str, Field(min_length=1, max_length=200)] = ASK
    teams: dict[Annotated[str, Field(min_length=1, max_length=100)], _Team] = {}


def read_policy(text: str) -> Policy:
    """The policy that a YAML text describes; what it does not name has its default. Raises `PolicyFileError`."""
    root = _root(text)
    if root is None:
        return Policy()
    try:
        written = _File.model_validate(root.data())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(step) for step in first["loc"]) or "the file"
        message = _MESSAGES.get(first["type"], first["msg"].removeprefix("Value error, "))
        raise PolicyFileError(f"line {_line_of(root, first['loc'])}: {quoted(place)}: {message}") from None
    limits = written.limits(Limits())
    teams = {name.lower(): team.limits(limits) for name, team in written.teams.items()}
    if len(teams) < len(written.teams):
        line = _line_of(root, ("teams",))
        raise PolicyFileError(f"line {line}: 'teams': two names differ in upper and lower case alone: keep one of them")
    return Policy(limits, teams, written.ask, frozenset(written.notifications.mute))


def load_policy(path: Path) -> Policy:
    """The policy of a file. Raises `PolicyFileError`, whose message starts with the file's name."""
    return _parsed(path, _content(path))


class PolicySource:
    """Gives the policy as its file has it now, the defaults without a file.

    Raises `PolicyFileError` when it is made for a file that cannot be used. A file that becomes bad later changes nothing:
    the policy that was read last stays, the fault is logged, and `rejected` is called once for each bad content.
    """

    def __init__(self, path: Path | None, *, rejected: Callable[[], None]) -> None:
        self._path = path
        self._rejected = rejected
        self._content = _content(path) if path is not None else b""
        self._policy = _parsed(path, self._content) if path is not None else Policy()
        self._fault = ""

    async def current(self) -> Policy:
        """The policy; the file is read for each call, since a mounted file changes without notice."""
        if self._path is None:
            return self._policy
        try:
            content = await asyncio.to_thread(_content, self._path)
            if content != self._content:
                self._content = content
                self._policy = _parsed(self._path, content)
                log.info("provisioning policy read", file=str(self._path))
        except PolicyFileError as error:
            if self._fault != str(error):
                self._fault = str(error)
                log.error("provisioning policy not used, the one before stays", problem=str(error))  # noqa: TRY400 - one line
                self._rejected()
        else:
            self._fault = ""
        return self._policy


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise PolicyFileError(f"{path}: cannot be read: {error.strerror}") from None
    if len(content) > LARGEST_FILE:
        raise PolicyFileError(f"{path}: is larger than {LARGEST_FILE} bytes")
    return content


def _parsed(path: Path, content: bytes) -> Policy:
    try:
        return read_policy(content.decode())
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise PolicyFileError(f"{path}: line {line}: not UTF-8") from None
    except PolicyFileError as error:
        raise PolicyFileError(f"{path}: {error}") from None


def _root(text: str) -> Node | None:
    """The value of the one document in `text`; None where there is nothing but comments."""
    try:
        documents = list(read_documents(text))
    except YamlError as error:
        raise PolicyFileError(str(error)) from None
    if len(documents) > 1:
        raise PolicyFileError(f"line {documents[1].line}: a second document: a policy is one")
    if not documents or documents[0].root.value is None:
        return None
    if documents[0].twice:
        twice = documents[0].twice[0]
        raise PolicyFileError(f"line {twice.line}: {quoted(twice.key)} is there twice")
    return documents[0].root


def _line_of(root: Node, place: tuple[int | str, ...]) -> int:
    """The line of the innermost value on the way to `place`."""
    node = root
    for step in place:
        found = node.items[step] if isinstance(step, int) and step < len(node.items) else node.members.get(str(step))
        if found is None:
            break
        node = found
    return node.line
