"""A budget for retries, so that an outage is not made worse by those who suffer from it (as Envoy and Finagle do)."""

from __future__ import annotations

SHARE = 0.2
"""Retries per call: at most a fifth of the calls may be made again."""

RESERVE = 3.0
"""Retries that are free, so that a quiet service may retry at all."""

MOST_SAVED = 10.0
"""What a quiet time may save up, in retries."""


class RetryBudget:
    """A token bucket: every call pays in a share, every retry takes one out.

    However the calls fail, their attempts are at most `calls * (1 + share) + reserve`.
    """

    def __init__(self, *, share: float = SHARE, reserve: float = RESERVE, most_saved: float = MOST_SAVED) -> None:
        self._share = share
        self._most = most_saved
        self._tokens = reserve

    def called(self) -> None:
        """A call is made for the first time."""
        self._tokens = min(self._tokens + self._share, self._most)

    def take(self) -> bool:
        """Whether a call may be made again; if so, it is paid for."""
        # Shares are sums of fractions: what is one but for rounding counts as one.
        if self._tokens < 1 - 1e-9:
            return False
        self._tokens -= 1
        return True
