"""How many entities have which finding, for metrics: it counts findings and names no entity."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping

from bff.status.findings import Code
from bff.values import EntityRef

FORGOTTEN_AFTER = 3600.0
"""Seconds after which an entity that nobody has asked about any more is not counted."""

MOST_ENTITIES = 20_000


class FindingCounts:
    """Counts findings over the entities that were assessed lately, each as it was assessed last.

    An entity is assessed when somebody asks about it, so this is of what is looked at and not of the whole catalog.
    """

    def __init__(
        self,
        *,
        monotonic: Callable[[], float],
        forgotten_after: float = FORGOTTEN_AFTER,
        most_entities: int = MOST_ENTITIES,
    ) -> None:
        self._monotonic = monotonic
        self._forgotten_after = forgotten_after
        self._most = most_entities
        # The entity that was assessed longest ago stands first.
        self._assessed: OrderedDict[EntityRef, tuple[float, frozenset[Code]]] = OrderedDict()
        self._counts: Counter[Code] = Counter()

    def record(self, ref: EntityRef, codes: Iterable[Code]) -> None:
        """`ref` was assessed just now, and has the findings `codes`."""
        found = frozenset(codes)
        _, before = self._assessed.pop(ref, (0.0, frozenset[Code]()))
        self._counts.subtract(before)
        self._counts.update(found)
        self._assessed[ref] = (self._monotonic(), found)
        if len(self._assessed) > self._most:
            self._forget_first()

    def entities(self) -> int:
        """The number of entities that are counted."""
        self._forget_old()
        return len(self._assessed)

    def findings(self) -> Mapping[str, int]:
        """For every finding there is, how many of the counted entities have it."""
        self._forget_old()
        return {code.value: self._counts[code] for code in Code}

    def _forget_old(self) -> None:
        oldest = self._monotonic() - self._forgotten_after
        while self._assessed and next(iter(self._assessed.values()))[0] < oldest:
            self._forget_first()

    def _forget_first(self) -> None:
        _, (_, codes) = self._assessed.popitem(last=False)
        self._counts.subtract(codes)
