"""Ctrl-C stops Terraform, and no change that is under way is lost to the state."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable

import pytest

from tests.harness.openbao import OpenBao
from tests.terraform.conftest import NewWorkspace
from tests.terraform.stand_in import StandIn
from tests.terraform.workspace import KEY, SECONDS

SLOW = {"kind": "delay", "method": "POST", "path": "/v1/tokens", "seconds": 2.0}
MADE = "POST /v1/tokens"


def to_terraform(process: subprocess.Popen[str]) -> None:
    """As `kill -INT`: Terraform alone gets the signal, and asks the provider to stop."""
    process.send_signal(signal.SIGINT)


def to_all(process: subprocess.Popen[str]) -> None:
    """As Ctrl-C in a terminal: Terraform and the provider get the signal."""
    os.killpg(process.pid, signal.SIGINT)


def until(true: Callable[[], bool]) -> None:
    """Wait for it; what never comes is a failure."""
    end = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("interrupt", [to_terraform, to_all])
def test_a_key_that_is_being_made_is_kept(
    new_workspace: NewWorkspace,
    keeptrusts: StandIn,
    openbao: OpenBao,
    interrupt: Callable[[subprocess.Popen[str]], None],
) -> None:
    """An interrupt while a key is made ends the apply after it: the key is in Vault and in the state, and no other is made."""
    workspace = new_workspace()
    keeptrusts.forget_requests()
    with keeptrusts.faulty(SLOW), workspace.started("apply", "-auto-approve", "-input=false", "-no-color") as process:
        until(lambda: bool(keeptrusts.requests().get(MADE)))
        interrupt(process)
        printed, _ = process.communicate(timeout=SECONDS)
    key = workspace.state.get(KEY)
    assert key, printed
    assert [found["id"] for found in keeptrusts.active_keys(key["team_id"])] == [key["id"]]
    assert (openbao.entry(key["vault_path"]) or {})["id"] == key["id"]
    assert workspace.plan().code in {0, 2}
