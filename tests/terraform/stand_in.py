"""The sandbox as a process of its own, as a user would start it for Terraform."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bff.sandbox import ADMIN_TOKEN

_ADDRESSES = re.compile(r"control plane (http://127\.0\.0\.1:\d+), gateway (http://127\.0\.0\.1:\d+)")


@dataclass
class StandIn:
    """A running sandbox without teams; `admin` asks its control plane as one who may do everything."""

    api_url: str
    gateway_url: str
    admin: httpx.Client

    def listed(self, what: str) -> list[dict[str, Any]]:
        """All records of a list such as `teams`."""
        records: list[dict[str, Any]] = self._read(f"/v1/{what}", limit=200)["data"]
        return records

    def team(self, name: str) -> dict[str, Any]:
        """The team with this name."""
        return next(team for team in self.listed("teams") if team["name"] == name)

    def of_team(self, what: str, team_id: str) -> list[dict[str, Any]]:
        """The records of a list that are this team's."""
        return [record for record in self.listed(what) if record["team_id"] == team_id]

    def active_keys(self, team_id: str) -> list[dict[str, Any]]:
        """The team's gateway keys that are in force."""
        return [key for key in self.of_team("tokens", team_id) if key["status"] == "active"]

    def bookings(self, team_id: str) -> list[tuple[str, float]]:
        """Kind and amount of what was booked on the team's wallet, oldest first."""
        wallet = self.of_team("wallets", team_id)[0]["id"]
        newest_first = self._read(f"/v1/wallets/{wallet}/transactions")["data"]
        return [(booking["type"], booking["amount"]) for booking in reversed(newest_first)]

    def do(self, method: str, path: str, body: Any = None) -> Any:
        """One call behind Terraform's back; the reply's JSON."""
        reply = self.admin.request(method, path, json=body)
        reply.raise_for_status()
        return reply.json() if reply.content else None

    def complete(self, key: str) -> httpx.Response:
        """A chat completion at the gateway with this key."""
        return httpx.post(
            f"{self.gateway_url}/v1/chat/completions",
            headers={"authorization": f"Bearer {key}"},
            json={"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello."}]},
            trust_env=False,
        )

    @contextmanager
    def faulty(self, *rules: dict[str, Any]) -> Iterator[None]:
        """Wrong in these ways within the block."""
        self.admin.put("/_sandbox/faults", json=list(rules)).raise_for_status()
        try:
            yield
        finally:
            self.admin.delete("/_sandbox/faults").raise_for_status()

    def requests(self) -> dict[str, int]:
        """How often each call of the control plane was made since `forget_requests`."""
        counted: dict[str, int] = self._read("/_sandbox/requests")["control-plane"]
        return counted

    def forget_requests(self) -> None:
        """Count from 0."""
        self.admin.delete("/_sandbox/requests").raise_for_status()

    def _read(self, path: str, **params: Any) -> Any:
        return self.admin.get(path, params=params).raise_for_status().json()


def broken(method: str, path: str, document: Any, *, code: int = 200) -> dict[str, Any]:
    """A fault: this JSON in place of the reply to calls whose path begins so."""
    return {"kind": "body", "method": method, "path": path, "code": code, "text": json.dumps(document)}


def refused(method: str, path: str, code: int, **more: Any) -> dict[str, Any]:
    """A fault: this status in place of the reply."""
    return {"kind": "status", "method": method, "path": path, "code": code, **more}


@contextmanager
def running_stand_in() -> Iterator[StandIn]:
    """An empty sandbox for the length of the block."""
    command = Path(sys.executable).with_name("keeptrusts-bff")
    words = [command, "sandbox", "--empty", "--port", "0", "--gateway-port", "0"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("BFF_", "KEEPTRUSTS_"))}
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout
            first = process.stdout.readline()
            addresses = _ADDRESSES.search(first)
            assert addresses, first
            with httpx.Client(
                base_url=addresses[1], headers={"authorization": f"Bearer {ADMIN_TOKEN}"}, trust_env=False, timeout=10
            ) as admin:
                yield StandIn(addresses[1], addresses[2], admin)
        finally:
            process.terminate()
