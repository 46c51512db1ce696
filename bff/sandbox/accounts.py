"""The sandbox's state: an organisation with its teams, keys, configurations, wallets and policy decisions, in memory.

Both surfaces work on one `State`. Its methods never wait, so each is one step for everything that runs in the same
event loop; every method raises `SandboxError` for what Keeptrusts would refuse.
"""

from __future__ import annotations

import re
import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Literal

from pydantic import BaseModel, ConfigDict

from bff.sandbox.errors import DuplicateError, InUseError, InvalidError, NotFoundError
from bff.sandbox.event_log import EventListing, EventLog
from bff.sandbox.faults import Surface
from bff.sandbox.records import Charge, Configuration, Cost, Decision, Key, Team, Verdict
from bff.sandbox.wallets import Wallets

MOST_TEAMS = 10_000
MOST_KEYS = 50_000
MOST_CONFIGURATIONS = 10_000
SMALLEST_MOVEMENT = Decimal("0.000001")
"""In USD. A wallet can hold less than this after spend; it counts as empty."""

MOST_DECISIONS = 60_000
"""Beyond this the oldest days of decisions are forgotten, unless a load is under way."""

_PREFIX_LENGTH = len("kt_gk_") + 4
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9 ._-]{0,98}[A-Za-z0-9])?", re.ASCII)


class KeyRules(BaseModel):
    """The body of `PUT /_sandbox/keys`: what a deployment may do differently with gateway keys.

    `names`: a team may have several living keys of one name (`shared`), or a second one is refused with 409 (`unique`).
    Keeptrusts' documentation says neither.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    names: Literal["shared", "unique"] = "shared"


@dataclass(slots=True)
class _Serials:
    """Numbers from 1, each handed out once. `itertools.count` is not used because a state can be copied."""

    last: int = 0

    def __call__(self) -> int:
        self.last += 1
        return self.last


class State:
    """Everything that the sandbox knows; `clock` gives the present as an aware time.

    `run`, six hexadecimal digits, goes into every id: two states with the same one make the same ids in the same order.
    """

    def __init__(self, clock: Callable[[], datetime], *, run: str | None = None) -> None:
        self.clock = clock
        self.started_at = clock()
        self.calls: dict[Surface, Counter[str]] = {"control-plane": Counter(), "gateway": Counter()}
        # Ids of two runs differ unless asked otherwise: a reader that remembers one would take new bookings for old ones.
        self._run = run or secrets.token_hex(3)
        self._serial = _Serials()
        self._teams: dict[str, Team] = {}
        self._team_names: set[str] = set()
        self._keys: dict[str, Key] = {}
        self._living_keys: Counter[tuple[str, str]] = Counter()
        self.key_rules = KeyRules()
        self._key_by_hash: dict[bytes, str] = {}
        self._configurations: dict[str, Configuration] = {}
        self.decisions = EventLog(self._run)
        self.listing = EventListing()
        self._load: Callable[[datetime], None] | None = None
        self.organization_id = f"org_{self._run}"
        self.organization_name = "Sandbox organisation (stand-in)"
        self.wallets = Wallets(clock, self._serial, run=self._run, organization_name=self.organization_name)

    def follow(self, load: Callable[[datetime], None]) -> None:
        """Have `load` bring events and wallets up to the present whenever they are read; then no event is forgotten."""
        self._load = load

    def advance(self) -> None:
        """Let happen what is due by now."""
        if self._load is not None:
            self._load(self.clock())

    @property
    def teams(self) -> Sequence[Team]:
        """In the order in which they were made."""
        return tuple(self._teams.values())

    @property
    def keys(self) -> Sequence[Key]:
        """In the order in which they were made, revoked ones too."""
        return tuple(self._keys.values())

    @property
    def configurations(self) -> Sequence[Configuration]:
        """In the order in which they were made."""
        return tuple(self._configurations.values())

    def team(self, team_id: str) -> Team:
        """The team with this id."""
        try:
            return self._teams[team_id]
        except KeyError:
            raise NotFoundError("no team has this id") from None

    def create_team(self, name: str, *, description: str | None = None, created_at: datetime | None = None) -> Team:
        """Make a team; its name must be new."""
        _check_name("team", name)
        if name in self._team_names:
            raise DuplicateError(f"a team named {name!r} exists")
        _check_room("teams", len(self._teams), MOST_TEAMS)
        serial = self._serial()
        team = Team(f"team_{self._run}{serial:06x}", serial, name, _slug(name), description, created_at or self.clock())
        self._teams[team.id] = team
        self._team_names.add(name)
        return team

    def change_team(self, team_id: str, *, name: str, description: str | None) -> Team:
        """Give a team this name, which no other may have, and this description."""
        _check_name("team", name)
        former = self.team(team_id).name
        if name != former and name in self._team_names:
            raise DuplicateError(f"a team named {name!r} exists")
        self._team_names ^= {former} ^ {name}
        changed = self._teams[team_id] = replace(
            self._teams[team_id], name=name, slug=_slug(name), description=description
        )
        if (account := self.wallets.of_team(team_id)) is not None:
            account.name = name
        return changed

    def delete_team(self, team_id: str) -> None:
        """Take a team away that has no key in force, no configuration and no money; its bookings stay in the books."""
        team = self.team(team_id)
        account = self.wallets.of_team(team_id)
        held = {
            "an active token": any(key.team_id == team_id and key.revoked_at is None for key in self._keys.values()),
            "a configuration": any(other.team_id == team_id for other in self._configurations.values()),
            "money in its wallet": account is not None and account.balance + account.reserved >= SMALLEST_MOVEMENT,
        }
        if held_by := [what for what, there in held.items() if there]:
            raise InUseError(f"the team still has {', '.join(held_by)}")
        del self._teams[team_id]
        self._team_names.remove(team.name)

    def create_key(
        self,
        name: str,
        team_id: str,
        *,
        description: str | None = None,
        expires_at: datetime | None = None,
        created_at: datetime | None = None,
    ) -> tuple[Key, str]:
        """Make a gateway key and return it with its secret, which is never seen again.

        A team may have several living keys of one name, as a rotation needs, unless `key_rules` has names `unique`.
        """
        _check_name("token", name)
        team = self.team(team_id)
        if self.key_rules.names == "unique" and self._living_keys[team_id, name]:
            raise DuplicateError(f"the team {team.name!r} has a token named {name!r}")
        _check_room("tokens", len(self._keys), MOST_KEYS)
        secret = f"kt_gk_{secrets.token_hex(24)}"
        serial = self._serial()
        key = Key(
            id=f"tok_{self._run}{serial:06x}",
            serial=serial,
            name=name,
            team_id=team_id,
            description=description,
            prefix=secret[:_PREFIX_LENGTH],
            created_at=created_at or self.clock(),
            expires_at=expires_at,
        )
        self._keys[key.id] = key
        self._living_keys[team_id, name] += 1
        self._key_by_hash[_hashed(secret)] = key.id
        return key, secret

    def key_behind(self, secret: str) -> Key | None:
        """The key whose secret this is, whatever its state."""
        key_id = self._key_by_hash.get(_hashed(secret))
        return None if key_id is None else self._keys[key_id]

    def key(self, key_id: str) -> Key:
        """The key with this id."""
        try:
            return self._keys[key_id]
        except KeyError:
            raise NotFoundError("no token has this id") from None

    def revoke_key(self, key_id: str, *, at: datetime | None = None) -> Key:
        """Revoke a key for good; a second time changes nothing."""
        key = self.key(key_id)
        if key.revoked_at is None:
            key = self._keys[key_id] = replace(key, revoked_at=at or self.clock())
            self._living_keys[key.team_id, key.name] -= 1
        return key

    def forget_key(self, key_id: str) -> None:
        """Know nothing of a key any more, as after a deletion behind everybody's back; its events stay."""
        self.revoke_key(key_id)
        del self._keys[key_id]
        self._key_by_hash = {hashed: other for hashed, other in self._key_by_hash.items() if other != key_id}

    def key_used(self, key_id: str, *, at: datetime) -> None:
        """Remember when a key was last used."""
        key = self.key(key_id)
        if key.last_used_at is None or key.last_used_at < at:
            self._keys[key_id] = replace(key, last_used_at=at)

    def create_configuration(
        self, name: str, team_id: str, template_id: str, *, enabled: bool = True, created_at: datetime | None = None
    ) -> Configuration:
        """Make a configuration from a template; its name must be new in the team."""
        _check_name("configuration", name)
        _check_name("template", template_id)
        team = self.team(team_id)
        if any(other.name == name and other.team_id == team_id for other in self._configurations.values()):
            raise DuplicateError(f"the team {team.name!r} has a configuration named {name!r}")
        _check_room("configurations", len(self._configurations), MOST_CONFIGURATIONS)
        serial = self._serial()
        made = Configuration(
            f"cfg_{self._run}{serial:06x}", serial, name, team_id, template_id, enabled, created_at or self.clock()
        )
        self._configurations[made.id] = made
        return made

    def delete_configuration(self, configuration_id: str) -> None:
        """Take a configuration away."""
        if self._configurations.pop(configuration_id, None) is None:
            raise NotFoundError("no configuration has this id")

    def decide(
        self, key: Key, verdict: Verdict, charge: Charge, *, at: datetime, cost: Cost, reason_code: str | None = None
    ) -> Decision:
        """Log what the policy did with a request."""
        serial = self._serial()
        decision = Decision(
            event_id=f"evt_{self._run}{serial:08x}",
            serial=serial,
            request_id=charge.request_id or "",
            timestamp=at,
            verdict=verdict,
            reason_code=reason_code,
            model=charge.model or "",
            provider=charge.provider or "",
            team_id=key.team_id,
            token_id=key.id,
            event_cost_attribution=cost,
        )
        self.decisions.add(decision)
        if self._load is None and len(self.decisions) > MOST_DECISIONS:
            self.decisions.drop_oldest(keep=MOST_DECISIONS * 9 // 10)
        return decision


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _hashed(secret: str) -> bytes:
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _check_name(kind: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidError(
            f"the name of a {kind} must be 1 to 100 letters, digits, spaces, '.', '_' or '-', "
            f"with a letter or digit at both ends, not {name[:60]!r}"
        )


def _check_room(kind: str, present: int, most: int) -> None:
    if present >= most:
        raise InvalidError(f"the sandbox holds at most {most} {kind}")
