"""A circuit breaker with Hystrix's numbers: it stops calls that would fail, and asks with one call whether they still would.

Ours, since the libraries that exist are not maintained, count failures in a row instead of a rate, or know no asyncio.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum


class BreakerState(StrEnum):
    """What a breaker does with the next call."""

    CLOSED = "closed"
    """Lets it through."""
    OPEN = "open"
    """Refuses it."""
    HALF_OPEN = "half-open"
    """Lets one through as a probe, and refuses the others until its outcome is known."""


class BreakerOpenError(Exception):
    """A call was refused without being made; `retry_after` is in seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("the circuit breaker is open")
        self.retry_after = retry_after


class Breaker:
    """Opens when at least `errors` of at least `least` calls in the last `window` seconds failed; probes after `sleep` seconds.

    `failed` decides which exceptions are failures of the other side; any other outcome is a success, since it answered.
    `monotonic` gives seconds; `changed` is called with each new state.
    """

    def __init__(
        self,
        *,
        monotonic: Callable[[], float],
        failed: Callable[[BaseException], bool],
        window: float = 10.0,
        least: int = 20,
        errors: float = 0.5,
        sleep: float = 5.0,
        changed: Callable[[BreakerState], None] = lambda _state: None,
    ) -> None:
        self._monotonic = monotonic
        self._failed = failed
        self._window = window
        self._least = least
        self._errors = errors
        self._sleep = sleep
        self._changed = changed
        self._outcomes: deque[tuple[float, bool]] = deque()
        self._failures = 0
        self._opened_at: float | None = None
        self._probing = False
        changed(BreakerState.CLOSED)

    @property
    def state(self) -> BreakerState:
        """What the next call would meet."""
        if self._opened_at is None:
            return BreakerState.CLOSED
        if self._probing or self._monotonic() - self._opened_at >= self._sleep:
            return BreakerState.HALF_OPEN
        return BreakerState.OPEN

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Around one attempt. Raises `BreakerOpenError` instead of letting it through."""
        probe = self._admit()
        try:
            yield
        except BaseException as error:
            if self._failed(error):
                self._record(failure=True, probe=probe)
            elif isinstance(error, Exception):
                self._record(failure=False, probe=probe)
            elif probe:
                # Cancelled: nothing was learnt. The next call is the probe, or there would never be another.
                self._probing = False
            raise
        else:
            self._record(failure=False, probe=probe)

    def _admit(self) -> bool:
        if self._opened_at is None:
            return False
        waited = self._monotonic() - self._opened_at
        if self._probing or waited < self._sleep:
            raise BreakerOpenError(max(self._sleep - waited, 0.0))
        self._probing = True
        self._changed(BreakerState.HALF_OPEN)
        return True

    def _record(self, *, failure: bool, probe: bool) -> None:
        if probe:
            self._probing = False
            if failure:
                self._open()
            else:
                self._close()
        elif self._opened_at is None:
            self._count(failure=failure)
        # Else a call from before it opened: its outcome is no news.

    def _count(self, *, failure: bool) -> None:
        now = self._monotonic()
        self._outcomes.append((now, failure))
        self._failures += failure
        while self._outcomes[0][0] <= now - self._window:
            self._failures -= self._outcomes.popleft()[1]
        if len(self._outcomes) >= self._least and self._failures >= self._errors * len(self._outcomes):
            self._open()

    def _open(self) -> None:
        self._opened_at = self._monotonic()
        self._outcomes.clear()
        self._failures = 0
        self._changed(BreakerState.OPEN)

    def _close(self) -> None:
        self._opened_at = None
        self._changed(BreakerState.CLOSED)
