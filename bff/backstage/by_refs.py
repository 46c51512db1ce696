"""Entities by their references, many in a call: `POST /api/catalog/entities/by-refs`.

Backstage's permission framework decides with the token that is sent: what its bearer may not read is null, exactly like
what does not exist.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from bff.backstage.client import BackstageClient
from bff.backstage.entities import (
    CatalogContractError,
    CatalogUnavailableError,
    DescriptorError,
    Entity,
    read_entity,
)
from bff.fair_places import FairPlaces
from bff.upstream import Token
from bff.values import EntityRef

PATH = "/api/catalog/entities/by-refs"

LARGEST_CALL = 100
"""References in one call: at most 20 KB of request, and few enough for Backstage to answer in one go."""

# Annotation names hold dots, which Backstage's field paths also use: so the whole mapping is asked for.
ENTITY_FIELDS = ("kind", "metadata.name", "metadata.namespace", "metadata.annotations", "spec.owner", "relations")

PLACE_WITHIN = 5.0
"""Seconds for which a call waits for its turn."""

Found = dict[EntityRef, Entity | None]


class ByRefs:
    """Reads entities as a reader may see them.

    What one reader asks for in the same turn of the event loop shares calls, and what is already being read for a
    reader is not asked for twice.

    `fields` are the paths asked for. Readers share `places` fairly.

    `keep` is given each reader's finds, and gives what is handed out: before the call counts as ended, so that the one who
    keeps them leaves no moment in which they are neither on their way nor kept.
    """

    def __init__(
        self,
        backstage: BackstageClient,
        *,
        operation: str,
        fields: Sequence[str] = ENTITY_FIELDS,
        places: FairPlaces | None = None,
        keep: Callable[[str, Found], Found] = lambda _, found: found,
    ) -> None:
        self._backstage = backstage
        self._operation = operation
        self._fields = tuple(fields)
        self._places = places
        self._keep = keep
        self._boarding: dict[str, _Call] = {}
        self._flights: dict[tuple[str, EntityRef], asyncio.Task[Found]] = {}

    async def read(self, reader: str, token: Token, refs: Iterable[EntityRef]) -> Found:
        """Each of `refs`: the entity, or None. `reader` tells apart whose `token` it is. Raises `CatalogError`.

        The calls go on when one who waits for them is cancelled: others may want them.
        """
        flights = {ref: self._flights.get((reader, ref)) or self._boarded(reader, token, ref) for ref in refs}
        await asyncio.gather(*(asyncio.shield(flight) for flight in set(flights.values())))
        return {ref: flight.result()[ref] for ref, flight in flights.items()}

    def _boarded(self, reader: str, token: Token, ref: EntityRef) -> asyncio.Task[Found]:
        call = self._boarding.get(reader)
        if call is None or len(call.refs) >= LARGEST_CALL:
            call = self._boarding[reader] = _Call(token)
            # A task takes its first step in the loop's next turn: until then others come on board.
            call.flight = asyncio.ensure_future(self._made(reader, call))
            call.flight.add_done_callback(lambda flight: self._landed(reader, call, flight))
        assert call.flight is not None  # noqa: S101 - set three lines above, for a call that was there before too
        call.refs.append(ref)
        self._flights[reader, ref] = call.flight
        return call.flight

    async def _made(self, reader: str, call: _Call) -> Found:
        if self._boarding.get(reader) is call:
            del self._boarding[reader]
        async with turn(self._places, reader, f"POST {PATH}"):
            body = {"entityRefs": [str(ref) for ref in call.refs], "fields": self._fields}
            read = partial(_found, call.refs)
            found = await self._backstage.query_as(read, PATH, body, operation=self._operation, token=call.token)
        return self._keep(reader, found)

    def _landed(self, reader: str, call: _Call, flight: asyncio.Task[Found]) -> None:
        for ref in call.refs:
            del self._flights[reader, ref]
        if not flight.cancelled():
            # Retrieve the exception so that asyncio does not log it where every waiter was cancelled.
            flight.exception()


@contextlib.asynccontextmanager
async def turn(places: FairPlaces | None, reader: str, what: str) -> AsyncIterator[None]:
    """Hold a place of `reader` while the body makes a call. Raises `CatalogUnavailableError` where none is free in time."""
    if places is None:
        yield
        return
    try:
        async with asyncio.timeout(PLACE_WITHIN):
            await places.take(reader)
    except TimeoutError:
        raise CatalogUnavailableError(f"Backstage {what}: no turn within {PLACE_WITHIN:g} s") from None
    try:
        yield
    finally:
        places.give_back(reader)


@dataclass(slots=True)
class _Call:
    token: Token
    refs: list[EntityRef] = field(default_factory=list)
    flight: asyncio.Task[Found] | None = None


class _Reply(BaseModel):
    model_config = ConfigDict(extra="ignore")

    items: list[dict[str, Any] | None]


def _found(refs: list[EntityRef], reply: Any) -> Found:
    try:
        items = _Reply.model_validate(reply).items
        entities = [None if item is None else read_entity(item) for item in items]
    except (ValidationError, DescriptorError):
        raise CatalogContractError(f"Backstage POST {PATH}: a reply that is no list of entities") from None
    if len(entities) != len(refs):
        raise CatalogContractError(f"Backstage POST {PATH}: {len(entities)} items for {len(refs)} references")
    for ref, entity in zip(refs, entities, strict=True):
        # An entity in another's place would be shown to somebody who may not see it.
        if entity is not None and entity.ref != ref:
            raise CatalogContractError(f"Backstage POST {PATH}: another entity in the place of {ref}")
    return dict(zip(refs, entities, strict=True))
