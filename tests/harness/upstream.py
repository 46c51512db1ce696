"""The sandbox's control plane with a load, in a process of its own on loopback, for drills that end or pause it.

Each start of one `Upstream` has the same organisation with the same events at the same port, since the profile's `run` and
`begins_at` are set once.
"""

from __future__ import annotations

import os
import re
import secrets
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from bff.sandbox import READ_TOKEN
from bff.sandbox.event_log import EventListing
from bff.sandbox.faults import Rule
from bff.sandbox.load import LoadProfile
from tests.e2e.harness.ports import LOOPBACK, free_port

STARTS_WITHIN = 60.0
"""Seconds; it takes one, and some five for a million events of history."""

_ROOT = Path(__file__).resolve().parents[2]


class UpstreamError(Exception):
    """The sandbox does not start; the message has what it printed."""


class Upstream:
    """One sandbox at a fixed port; `start` and the others may be called as often as a drill needs."""

    def __init__(self, profile: LoadProfile) -> None:
        fixed = {"run": secrets.token_hex(3), "begins_at": datetime.now(UTC)}
        given = {name: value for name, value in fixed.items() if getattr(profile, name) is None}
        self.profile = profile.model_copy(update=given)
        self.port = free_port()
        self.api_url = f"http://{LOOPBACK}:{self.port}"
        self.gateway_url = ""
        self.token = READ_TOKEN
        self._client = httpx.Client(base_url=self.api_url, trust_env=False, timeout=60)
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        """The process that runs. Raises `UpstreamError` when there is none."""
        if self._process is None or self._process.poll() is not None:
            raise UpstreamError("the sandbox does not run")
        return self._process.pid

    def start(self) -> None:
        """Start, and wait until it answers. Raises `UpstreamError`."""
        words = [sys.executable, "-m", "bff", "sandbox", "--port", str(self.port), "--gateway-port", "0"]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("BFF_", "KEEPTRUSTS_"))}
        self._process = subprocess.Popen(
            [*words, "--load", self.profile.to_text()],
            cwd=_ROOT,
            env=kept | {"PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        assert self._process.stdout
        ready, _, _ = select.select([self._process.stdout], [], [], STARTS_WITHIN)
        line = self._process.stdout.readline() if ready else ""
        found = re.search(r"gateway (http://\S+)", line)
        if found is None:
            self._errors.seek(0)
            raise UpstreamError(f"the sandbox printed {line!r}, {self._errors.read().decode()!r}")
        self.gateway_url = found[1]

    def kill(self) -> None:
        """End it as a crash does."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Let it hang: connections stay, and nothing answers."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def close(self) -> None:
        """End it, whatever state it is in, and close what belongs to it."""
        self._end(signal.SIGKILL)
        self._client.close()
        self._errors.close()

    def requests(self) -> dict[str, int]:
        """What the control plane has been asked since its start or `clear_requests`, by method and route."""
        counts: dict[str, int] = self._read("requests")["control-plane"]
        return counts

    def clear_requests(self) -> None:
        """Count from zero."""
        self._client.delete("/_sandbox/requests").raise_for_status()

    def list_events(self, listing: EventListing) -> None:
        """Have events listed in this way from now on."""
        self._client.put("/_sandbox/feed", json=listing.model_dump()).raise_for_status()

    def fail(self, *rules: Rule) -> None:
        """Have these faults from now on; none ends them."""
        body = [rule.model_dump(exclude_none=True) for rule in rules]
        self._client.put("/_sandbox/faults", json=body).raise_for_status()

    def truth(self, **query: str) -> dict[str, Any]:
        """The reply of `/_sandbox/truth` to `since`, `until`, `zone` and `listed_only`, each as text."""
        return self._read("truth", **query)

    def _read(self, name: str, **query: str) -> dict[str, Any]:
        reply = self._client.get(f"/_sandbox/{name}", params=query).raise_for_status()
        document: dict[str, Any] = reply.json()
        return document

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(number)
        self._process.wait()
        assert self._process.stdout
        self._process.stdout.close()
        self._process = None


@contextmanager
def upstream(profile: LoadProfile) -> Iterator[Upstream]:
    """A sandbox that runs at first, and does not at the end."""
    made = Upstream(profile)
    try:
        made.start()
        yield made
    finally:
        made.close()
