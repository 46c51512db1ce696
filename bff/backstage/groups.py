"""Groups and who is in them, as the catalog has them now, read with the service's own token (`BACKSTAGE_TOKEN`)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol, TypeVar
from urllib.parse import unquote, urlencode

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bff.backstage.by_refs import ByRefs
from bff.backstage.caller import Caller
from bff.backstage.client import BackstageClient
from bff.backstage.entities import (
    CatalogContractError,
    CatalogDeniedError,
    CatalogUnavailableError,
    DescriptorError,
    Entity,
    ServiceDeniedError,
    read_entity,
)
from bff.expiring import Expiring
from bff.fair_places import FairPlaces
from bff.single_flight import SingleFlight
from bff.telemetry.logs import logger
from bff.upstream import TokenSource
from bff.values import EntityRef, EntityRefError

log = logger("catalog")

USER_INFO = "/api/auth/v1/userinfo"
QUERY = "/api/catalog/entities/by-query"

FRESH_FOR = 60.0
"""Seconds for which a group is taken from memory."""

ABSENT_FOR = 10.0
"""Seconds for which a group that is not there is not asked for again: short, since somebody may be about to add it."""

STALE_FOR = 600.0
"""Age in seconds up to which a group counts while Backstage cannot be reached."""

RETRY_AFTER = 5.0
"""Seconds for which a stale group is given, or the token called refused, without asking again."""

MEMBER_FOR = 30.0
"""Seconds for which a membership is taken from memory."""

MEMBER_STALE_FOR = 60.0
"""Age in seconds up to which a membership counts while Backstage cannot be reached: no right is kept for longer."""

CLAIMED_FOR = 300.0
"""Seconds for which the claims of a sign-in are taken from memory: they hold until the next."""

REFUSAL_LOGGED_EVERY = 60.0

MOST_GROUPS = 20_000
MOST_CALLERS = 20_000
_MOST_MEMBERSHIPS = 10_000
_MOST_PARENTS = 500
_CHILDREN_IN_A_CALL = 50
"""References in one address, which stays below the usual limit of 8 KB."""

_DEEPEST = 10
"""Levels of parent groups that are looked at."""

SERVICE = "service"
"""The reader in whose name the service's own token is used."""

_GROUP_FIELDS = ("kind", "metadata.name", "metadata.namespace", "metadata.annotations")
# A group's relations name everything that it owns. A user's name their groups.
_USER_FIELDS = ("kind", "metadata.name", "metadata.namespace", "relations")


Read_co = TypeVar("Read_co", covariant=True)


class Ask(Protocol[Read_co]):
    """A question to Backstage that waits for a token."""

    async def __call__(self, *, token: TokenSource) -> Read_co:
        """Ask it."""


class Groups:
    """Reads groups, and users that own things.

    A group may claim a Keeptrusts team when it comes from one of `origins` (see `comes_from`); without any, every group may.
    """

    def __init__(
        self,
        backstage: BackstageClient,
        *,
        token: TokenSource | None,
        origins: Collection[str] = (),
        monotonic: Callable[[], float] = time.monotonic,
        most_groups: int = MOST_GROUPS,
        places: FairPlaces | None = None,
    ) -> None:
        self._by_refs = ByRefs(backstage, operation="groups", fields=_GROUP_FIELDS, places=places)
        self._token = token
        self.origins = tuple(origins)
        self._monotonic = monotonic
        self._memory: Expiring[EntityRef, ReadGroup] = Expiring(most_groups, clock=monotonic)
        self._refused_until = -1.0
        self._refusal = ""
        self._logged_at = -REFUSAL_LOGGED_EVERY

    def known(self, ref: EntityRef, now: float) -> ReadGroup | None:
        """What `group` gives from memory at `now`, in monotonic seconds; None where Backstage must be asked."""
        kept = self._memory.get(ref)
        return kept.value if kept is not None and now < kept.value.due else None

    async def group(self, ref: EntityRef) -> Entity | None:
        """The group, None when there is none. Raises `CatalogError`, without a token `ServiceDeniedError`."""
        now = self._monotonic()
        if (known := self.known(ref, now)) is not None:
            return known.group
        try:
            read = await self.by_token(partial(self._by_refs.read, SERVICE, refs=[ref]))
        except CatalogUnavailableError:
            # Being refused, or answered nonsense, is news and never covered up by what was true before.
            kept = self._memory.get(ref)
            if kept is None or now >= kept.until:
                raise
            group, due = kept.value.group, self._monotonic() + RETRY_AFTER
            self._memory.put(ref, ReadGroup(group, due), until=kept.until)
            return group
        group = read[ref]
        if group is not None and self.origins and not comes_from(group.origin, self.origins):
            group = replace(group, may_claim_team=False)
        due = now + (FRESH_FOR if group else ABSENT_FOR)
        self._memory.put(ref, ReadGroup(group, due), until=now + STALE_FOR)
        return group

    async def by_token(self, ask: Ask[Read_co]) -> Read_co:
        """What `ask` gets with the service's own token.

        Raises `ServiceDeniedError` without one and, without asking again for some seconds, once one is refused.
        """
        if self._token is None:
            raise ServiceDeniedError(
                "BACKSTAGE_TOKEN is not set: without it the groups that own entities cannot be read"
            )
        if self._monotonic() < self._refused_until:
            # The token is refused for everything alike.
            raise ServiceDeniedError(self._refusal)
        try:
            return await ask(token=self._token)
        except CatalogDeniedError as error:
            now = self._monotonic()
            self._refused_until, self._refusal = now + RETRY_AFTER, str(error)
            if now - self._logged_at >= REFUSAL_LOGGED_EVERY:
                self._logged_at = now
                log.warning("Backstage refuses this service's own token", setting="BACKSTAGE_TOKEN", problem=str(error))
            raise ServiceDeniedError(str(error)) from None


class CurrentMemberships:
    """Reads which groups a person is in. `auth` reaches the auth backend.

    A person is in a group that the catalog's relations give them now (`memberOf`), and in a parent of such a group where
    two things meet: the relations lead there now, and Backstage's ownership claims of the sign-in name it. What the claims
    alone name does not count, so that leaving a group ends its rights without a new sign-in; what the relations alone lead
    to does not count either, since by default Backstage gives no member the rights of a parent group.
    """

    def __init__(
        self,
        backstage: BackstageClient,
        groups: Groups,
        *,
        auth: BackstageClient,
        monotonic: Callable[[], float] = time.monotonic,
        places: FairPlaces | None = None,
    ) -> None:
        self._backstage = backstage
        self._auth = auth
        self._groups = groups
        self._users = ByRefs(backstage, operation="memberships", fields=_USER_FIELDS, places=places)
        self._monotonic = monotonic
        self._memory: Expiring[str, _Memberships] = Expiring(MOST_CALLERS, clock=monotonic)
        self._claimed: Expiring[str, frozenset[EntityRef]] = Expiring(MOST_CALLERS, clock=monotonic)
        self._flight: SingleFlight[frozenset[EntityRef]] = SingleFlight()

    def known(self, caller: Caller, now: float) -> frozenset[EntityRef] | None:
        """What `of` gives from memory at `now`, in monotonic seconds; None where Backstage must be asked."""
        kept = self._memory.get(caller.key)
        return kept.value.groups if kept is not None and now < kept.value.due else None

    async def of(self, caller: Caller) -> frozenset[EntityRef]:
        """The caller and their groups; empty for a caller who is no person. Raises `CatalogError`."""
        if caller.user is None:
            return frozenset()
        now = self._monotonic()
        if (known := self.known(caller, now)) is not None:
            return known
        try:
            groups = await self._flight.do(caller.key, partial(self._read, caller, caller.user))
        except CatalogUnavailableError:
            kept = self._memory.get(caller.key)
            if kept is None or now >= kept.until:
                raise
            return kept.value.groups
        self._memory.put(caller.key, _Memberships(groups, now + MEMBER_FOR), until=now + MEMBER_STALE_FOR)
        return groups

    async def _read(self, caller: Caller, user: EntityRef) -> frozenset[EntityRef]:
        found = (await self._groups.by_token(partial(self._users.read, SERVICE, refs=[user])))[user]
        if found is None:
            return frozenset({user})
        groups = await self._that_count(ref for ref in found.member_of if ref.kind == "group")
        if groups:
            further = {ref for ref in await self._claims(caller, user) if ref.kind == "group"} - groups
            if further:
                groups |= further & await self._ancestors(groups, further)
        return groups | {user}

    async def _claims(self, caller: Caller, user: EntityRef) -> frozenset[EntityRef]:
        kept = self._claimed.get(caller.key)
        if kept is not None and self._monotonic() < kept.until:
            return kept.value
        if caller.userinfo_token is None:
            return frozenset()
        read = partial(_claimed, user)
        claimed = await self._auth.get_as(read, USER_INFO, operation="userinfo", token=caller.userinfo_token)
        self._claimed.put(caller.key, claimed, until=self._monotonic() + CLAIMED_FOR)
        return claimed

    async def _ancestors(self, groups: frozenset[EntityRef], wanted: Collection[EntityRef]) -> frozenset[EntityRef]:
        """The groups above `groups` by the catalog's relations, as far as it takes to know which of `wanted` are there."""
        level, above = groups, groups
        for _ in range(_DEEPEST):
            parents = await self._parents(sorted(level))
            level = await self._that_count(parents - above)
            above |= level
            if not level or above.issuperset(wanted):
                break
        return above

    async def _parents(self, children: Sequence[EntityRef]) -> frozenset[EntityRef]:
        found: frozenset[EntityRef] = frozenset()
        for first in range(0, len(children), _CHILDREN_IN_A_CALL):
            asked = [("limit", str(_MOST_PARENTS)), ("fields", "kind,metadata.name,metadata.namespace")]
            asked += [
                ("filter", f"kind=group,relations.parentof={child}")
                for child in children[first : first + _CHILDREN_IN_A_CALL]
            ]
            path = f"{QUERY}?{urlencode(asked)}"
            read = partial(self._backstage.get_as, _refs, path, operation="parent-groups")
            found |= await self._groups.by_token(read)
        return found

    async def _that_count(self, refs: Iterable[EntityRef]) -> frozenset[EntityRef]:
        """Those of `refs` that come from an origin from which a group may claim anything."""
        listed = list(refs)
        if not self._groups.origins:
            return frozenset(listed)
        groups = await asyncio.gather(*(self._groups.group(ref) for ref in listed))
        return frozenset(group.ref for group in groups if group is not None and group.may_claim_team)


def comes_from(origin: str | None, prefixes: Iterable[str]) -> bool:
    """Whether a `managed-by-origin-location` begins with one of `prefixes`, and the prefix ends where a part of it ends.

    So `url:https://git.example/acme` covers `url:https://git.example/acme/org` and not `url:https://git.example/acme-x`.
    An origin with a part `..`, which may lead out of the prefix, comes from nowhere that is known.
    """
    if origin is None or ".." in unquote(origin).replace("\\", "/").split("/"):
        return False
    return any(
        origin.startswith(prefix) and (origin == prefix or prefix[-1] in "/:" or origin[len(prefix)] in "/?#:")
        for prefix in prefixes
    )


@dataclass(frozen=True, slots=True)
class ReadGroup:
    """What was read of a group, None where there is none. It counts before `due`, in monotonic seconds."""

    group: Entity | None
    due: float


@dataclass(frozen=True, slots=True)
class _Memberships:
    groups: frozenset[EntityRef]
    due: float


class _Claims(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    sub: str
    ent: list[str] = Field(max_length=_MOST_MEMBERSHIPS)


class _UserInfo(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    claims: _Claims


class _Queried(BaseModel):
    model_config = ConfigDict(extra="ignore")

    items: list[dict[str, Any]]


def _claimed(user: EntityRef, reply: Any) -> frozenset[EntityRef]:
    try:
        claims = _UserInfo.model_validate(reply).claims
        subject = EntityRef.parse(claims.sub)
    except (ValidationError, EntityRefError):
        raise CatalogContractError(f"Backstage GET {USER_INFO}: a reply without the user's references") from None
    if subject != user:
        raise CatalogContractError(f"Backstage GET {USER_INFO}: the reply is about another user than {user}")
    return frozenset(_well_formed(claims.ent))


def _refs(reply: Any) -> frozenset[EntityRef]:
    try:
        return frozenset(read_entity(item).ref for item in _Queried.model_validate(reply).items)
    except (ValidationError, DescriptorError):
        raise CatalogContractError(f"Backstage GET {QUERY}: a reply that is no list of entities") from None


def _well_formed(texts: Iterable[str]) -> Iterator[EntityRef]:
    for text in texts:
        try:
            yield EntityRef.parse(text)
        except EntityRefError:
            # A name of an unknown form gives no right here, and takes none of the others away.
            continue
