"""A gateway key's entry in Vault: where it is and what it says besides the key, as the service's provisioning writes it."""

from __future__ import annotations

import re
from dataclasses import dataclass

FOLDER = "ai"
"""As `bff.provisioning.keys.FOLDER`, which a test holds it to: to import it would load the whole service."""

_SEGMENT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?", re.ASCII)


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """What is kept of a key besides its secret.

    `team` is the team's name. `team_id` and `organisation`, the ids that Keeptrusts gives, say whose key it is, also when
    Keeptrusts no longer lists it; `organisation` is None where Keeptrusts does not tell it.
    """

    key_id: str
    team: str
    team_id: str
    organisation: str | None
    gateway_url: str | None


def key_path(team: str, name: str) -> str:
    """Give the usual path of a key. Raises `ValueError` for names that cannot stand in one."""
    if not (is_segment(team) and is_segment(name)):
        raise ValueError(f"the names {team!r} and {name!r} do not make a path in Vault: give vault_path")
    return f"{FOLDER}/{team}/{name}"


def is_segment(text: str) -> bool:
    """Whether a text can stand between the slashes of a path."""
    return _SEGMENT.fullmatch(text) is not None
