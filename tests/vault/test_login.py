"""A token is kept alive while no call is made."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from bff.secret_files import Secret
from bff.vault.login import AppRole, VaultLogin
from bff.vault.wire import VaultWire
from tests.harness.openbao import MOUNT, OpenBao

DAY = 86_400.0


class Time:
    """Seconds that pass by sleeping, up to a moment at which the sleeper is cancelled."""

    def __init__(self, until: float) -> None:
        self.now = 0.0
        self.until = until
        self.sleeps = 0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        assert seconds >= 1
        self.sleeps += 1
        self.now += seconds
        if self.now > self.until:
            raise asyncio.CancelledError


async def kept(login: VaultLogin, time: Time) -> None:
    """Keep until the time is over."""
    with pytest.raises(asyncio.CancelledError):
        await login.keep(time.sleep)


def ttl(openbao: OpenBao, token: str) -> int:
    """Seconds that a token has left."""
    left: int = openbao.call("POST", "auth/token/lookup", {"token": token})["data"]["ttl"]
    return left


async def test_a_given_token_is_renewed_though_nobody_asks(openbao: OpenBao) -> None:
    """A token that is given to the service is renewed from the start, be anything provisioned or not."""
    token = openbao.token("default", period="1000s")
    renewals: list[str] = []

    class Observer:
        attempt = staticmethod(lambda _system, operation, outcome, _seconds: renewals.append(f"{operation} {outcome}"))
        retried = breaker = own_token_refused = staticmethod(lambda *_: None)

    time = Time(until=3000)
    wire = VaultWire(openbao.url, observer=Observer())
    await kept(VaultLogin(wire, Secret(SecretStr(token)), monotonic=time), time)
    await wire.aclose()
    assert renewals[0] == "token.lookup ok"
    assert renewals.count("token.renew ok") == 4
    assert ttl(openbao, token) > 990


async def test_a_role_logs_in_when_there_is_something_to_do(openbao: OpenBao) -> None:
    """An AppRole makes no token in Vault before it is needed."""
    role_id, secret_id = openbao.app_role(openbao.policy(f'path "{MOUNT}/data/*" {{ capabilities = ["read"] }}'))
    time = Time(until=DAY)
    wire = VaultWire(openbao.url)
    login = VaultLogin(wire, AppRole(role_id, Secret(SecretStr(secret_id))), monotonic=time)
    await kept(login, time)
    assert login._lease is None
    await wire.aclose()


@pytest.mark.parametrize("problem", ["down", "denied"])
async def test_trouble_is_told_at_intervals(openbao: OpenBao, problem: str) -> None:
    """While Vault cannot be reached or refuses the token that is logged now and then, not every second."""
    addresses: dict[str, Callable[[], str]] = {"down": lambda: "http://127.0.0.1:9", "denied": lambda: openbao.url}
    time = Time(until=600)
    wire = VaultWire(addresses[problem]())
    with capture_logs() as logs:
        await kept(VaultLogin(wire, Secret(SecretStr("canary-token")), monotonic=time), time)
    await wire.aclose()
    assert 5 <= len(logs) <= 11
    assert "canary" not in repr(logs)
