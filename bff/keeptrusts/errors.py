"""What can go wrong when Keeptrusts is asked. No message ever holds a token or a key."""

from __future__ import annotations


class KeeptrustsError(Exception):
    """Base of all failures of a call; `method` and `path` name the call."""

    def __init__(self, method: str, path: str, message: str) -> None:
        super().__init__(f"{method} {path}: {message}")
        self.method = method
        self.path = path
        self.reason = message


class UpstreamUnavailableError(KeeptrustsError):
    """No connection, no answer before the deadline, 429, a 5xx reply, or the breaker is open.

    `status` is the reply's, None where there was none; `retry_after` is in seconds, where the reply said so.
    """

    def __init__(
        self, method: str, path: str, message: str, *, status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(method, path, message)
        self.status = status
        self.retry_after = retry_after


class UpstreamTimeoutError(UpstreamUnavailableError):
    """No answer before the deadline. What a call was to change may have been changed all the same."""


class UpstreamDeniedError(KeeptrustsError):
    """401 or 403: the token is not accepted or lacks a permission; `status` says which."""

    def __init__(self, method: str, path: str, message: str, *, status: int) -> None:
        super().__init__(method, path, message)
        self.status = status


class UpstreamRejectedError(KeeptrustsError):
    """Another 4xx reply: 404, 409, 422 and the like; `status` is the reply's, `code` Keeptrusts' own word if it gave one."""

    def __init__(self, method: str, path: str, message: str, *, status: int, code: str | None = None) -> None:
        super().__init__(method, path, message)
        self.status = status
        self.code = code


class UpstreamContractError(KeeptrustsError):
    """The reply is not what `contract.py` describes; `field` names the member at fault, as in `data.3.balance`."""

    def __init__(self, method: str, path: str, message: str, *, field: str | None = None) -> None:
        super().__init__(method, path, message)
        self.field = field
