"""One service that reads until today is whole, in a process of its own; prints what that took as JSON.

Run by `tests.bench.ledger`. Settings come from the environment, as the service's do.
"""

from __future__ import annotations

import asyncio
import json
import resource
import time

import uvloop

from bff.app import create_app
from bff.cli.server import spare_the_loop
from bff.settings import Settings
from bff.status.organisation_cache import FactsUnavailableError
from bff.telemetry import logs

WITHIN = 600.0
TICK = 0.005


async def main() -> None:
    """Read, and watch the event loop meanwhile."""
    logs.configure("warning")
    app = create_app(Settings.load(bff_auth="none", bff_catalog="files", bff_catalog_files="catalog"))
    spare_the_loop()
    waits: list[float] = []

    async def tick() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(TICK)
            waits.append(time.perf_counter() - began - TICK)

    ticking = asyncio.ensure_future(tick())
    began, processor, first_after = time.perf_counter(), time.process_time(), None
    async with app.lifespan():
        while time.perf_counter() - began < WITHIN:
            await asyncio.sleep(0.05)
            snapshot = app.service.cache.snapshot
            if snapshot is None or snapshot.facts.keys.value is None:
                continue
            first_after = first_after or time.perf_counter() - began
            spend = snapshot.facts.spend.value
            if spend is not None and spend.missing is None:
                break
        else:
            raise FactsUnavailableError("today was not read in time", retry_after=0)
        found = {
            "first_after": first_after,
            "whole_after": time.perf_counter() - began,
            "processor": time.process_time() - processor,
            "longest_wait": max(waits),
            "waits": sum(wait > 0.05 for wait in waits),
            "resident": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }
    ticking.cancel()
    print(json.dumps(found))


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
