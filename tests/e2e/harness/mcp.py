"""Backstage's MCP server, asked by the official client in a process of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.harness.backstage import CHECKOUT, Backstage

SERVER = "/api/mcp-actions/v1/ai-governance"
"""The server with our tools alone, as catalog/backstage/app-config.keeptrusts-actions.yaml has it."""

_SCRIPT = Path(__file__).with_name("mcp_client.mjs")
_NODE = CHECKOUT / "toolchain/node_modules/.bin/node"
_SECONDS = 60.0


class McpError(Exception):
    """The client could not connect; the message is what it said."""


@dataclass(frozen=True, slots=True)
class Session:
    """What one connection found: the tools by name, and the results of the calls in their order."""

    server: Mapping[str, Any]
    instructions: str
    tools: Mapping[str, Mapping[str, Any]]
    results: Sequence[Mapping[str, Any]]


async def ask(
    backstage: Backstage, *calls: tuple[str, Mapping[str, Any]], token: str | None, server: str = SERVER
) -> Session:
    """Connect as the bearer of `token`, list the tools and make `calls`. Raises `McpError`."""
    process = await asyncio.create_subprocess_exec(
        _NODE,
        _SCRIPT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    asked = {
        "url": backstage.url + server,
        "token": token,
        "calls": [{"name": name, "arguments": given} for name, given in calls],
    }
    try:
        async with asyncio.timeout(_SECONDS):
            printed, trouble = await process.communicate(json.dumps(asked).encode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise McpError(trouble.decode(errors="replace"))
    found = json.loads(printed)
    return Session(
        found["server"],
        found.get("instructions") or "",
        {tool["name"]: tool for tool in found["tools"]},
        found["results"],
    )
