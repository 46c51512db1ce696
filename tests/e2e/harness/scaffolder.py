"""Tasks of Backstage's scaffolder, run to their end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.e2e.harness.backstage import Backstage, BackstageError

_TASK_SECONDS = 60.0
_POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Task:
    """A task that has ended: its `status` (`completed`, `failed`, …), its `output` as the template defines it, its whole log."""

    id: str
    status: str
    output: Mapping[str, Any]
    log: str

    def text(self, title: str) -> str:
        """The content of one text of the output."""
        [content] = [text["content"] for text in self.output.get("text", []) if text["title"] == title]
        return str(content)


async def run_template(backstage: Backstage, template: str, values: Mapping[str, Any], *, token: str) -> Task:
    """Run a template, by reference, as the bearer of `token`, as the form in the browser does.

    Raises `BackstageError` when Backstage does not take the task, or the task does not end within a minute.
    """
    headers = {"authorization": f"Bearer {token}"}
    reply = await backstage.client.post(
        "/api/scaffolder/v2/tasks", json={"templateRef": template, "values": values}, headers=headers
    )
    if not reply.is_success:
        raise BackstageError(f"the scaffolder does not take {template}: {reply.status_code} {reply.text}")
    task_id = reply.json()["id"]
    try:
        async with asyncio.timeout(_TASK_SECONDS):
            while (status := await _status(backstage, task_id, headers)) in {"open", "processing"}:
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        raise BackstageError(f"the task {task_id} of {template} did not end within {_TASK_SECONDS:.0f} s") from None
    events = (await backstage.client.get(f"/api/scaffolder/v2/tasks/{task_id}/events", headers=headers)).json()
    output = next((event["body"].get("output") for event in events if event["type"] == "completion"), None)
    return Task(task_id, status, output or {}, "\n".join(event["body"].get("message", "") for event in events))


async def _status(backstage: Backstage, task_id: str, headers: Mapping[str, str]) -> str:
    reply = await backstage.client.get(f"/api/scaffolder/v2/tasks/{task_id}", headers=headers)
    reply.raise_for_status()
    status: str = reply.json()["status"]
    return status
