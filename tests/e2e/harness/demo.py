"""`make backstage`: the demo inside a real Backstage, until Ctrl-C."""

from __future__ import annotations

import asyncio
import base64
import secrets
import signal
import tempfile
from pathlib import Path

from tests.e2e.harness.backstage import Backstage
from tests.e2e.harness.service import Service

WELCOME = """
AI Governance inside a real Backstage; a sandbox stands in for Keeptrusts.

  Backstage   {backstage}
  The guide's service, with its card   {backstage}/catalog/default/component/customer-support-bot
  Logs        {logs}

You are signed in as user:default/guest. Ctrl-C stops all of it.
"""


async def main() -> None:
    """Start Backstage, the service and the sandbox, and wait."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with tempfile.TemporaryDirectory() as folder:
        logs = Path(folder)
        token = secrets.token_urlsafe(24)
        actions = {"BFF_ACTIONS": "on", "BFF_STORE_KEY": base64.b64encode(secrets.token_bytes(32)).decode()}
        service = Service(token=token, log=logs / "service.log", traffic=True, settings=actions)
        backstage = Backstage(bff_url=service.url, token=token, log=logs / "backstage.log")
        service.serve_for(backstage.url)
        print("starting Backstage (some ten seconds) …", flush=True)
        async with backstage, service:
            await backstage.ingested("component:default/customer-support-bot")
            print(WELCOME.format(backstage=backstage.url, logs=logs), flush=True)
            await stop.wait()
    print("stopped")


if __name__ == "__main__":
    asyncio.run(main())
