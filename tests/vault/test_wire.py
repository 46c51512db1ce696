"""What an attempt to call Vault ended with is reported as it was, wherever that is found out."""

from __future__ import annotations

import httpx
import pytest
from pydantic import SecretStr

from bff.secret_files import Secret
from bff.vault.errors import VaultContractError, VaultDeniedError, VaultError
from bff.vault.login import AppRole, VaultLogin
from bff.vault.store import VaultStore
from bff.vault.wire import VaultWire

TOKEN = Secret(SecretStr("canary-token"))
ROLE = AppRole("role", Secret(SecretStr("canary-secret")))


class Attempts:
    """Remembers attempts."""

    def __init__(self) -> None:
        self.attempts: list[tuple[str, str]] = []
        self.refused: list[str] = []

    def attempt(self, system: str, operation: str, outcome: str, seconds: float) -> None:
        """Remember it."""
        assert (system, seconds >= 0) == ("vault", True)
        self.attempts.append((operation, outcome))

    def retried(self, system: str, operation: str) -> None:
        """Nothing is tried twice."""
        raise AssertionError((system, operation))

    def breaker(self, system: str, state: str) -> None:
        """It stays closed."""
        assert (system, state) == ("vault", "closed")

    def own_token_refused(self, system: str, operation: str) -> None:
        """Remember it."""
        assert system == "vault"
        self.refused.append(operation)


@pytest.mark.parametrize(
    ("credentials", "status", "body", "ended", "error"),
    [
        (TOKEN, 200, "{}", ("kv.read", "contract"), VaultContractError),
        (TOKEN, 200, '{"data": {"data": []}}', ("kv.read", "contract"), VaultContractError),
        (ROLE, 200, "{}", ("approle.login", "contract"), VaultContractError),
        (ROLE, 400, '{"errors": ["invalid role"]}', ("approle.login", "denied"), VaultDeniedError),
    ],
)
async def test_a_reply_that_cannot_be_used_is_reported_as_such(
    credentials: Secret | AppRole, status: int, body: str, ended: tuple[str, str], error: type[VaultError]
) -> None:
    """A reply that is JSON and yet not what was asked for is no success in the metrics."""
    observer = Attempts()
    answer = httpx.MockTransport(lambda _: httpx.Response(status, stream=httpx.ByteStream(body.encode())))
    wire = VaultWire("http://vault.internal", observer=observer, transport=answer)
    with pytest.raises(error):
        await VaultStore(wire, VaultLogin(wire, credentials), mount="secret").read("ai/x")
    assert observer.attempts[-1] == ended
    await wire.aclose()
