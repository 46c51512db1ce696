"""A thousand entities in one request, against a thousand requests of one."""

from __future__ import annotations

import json
import statistics
import tempfile
from pathlib import Path

from tests.bench.machine import ROUNDS, cpu_seconds, wrk
from tests.bench.services import PATH, bff_with_callers, sandbox

ENTITIES = 1_000
_SCRIPT = """
wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
wrk.body = [==[BODY]==]
"""


def run() -> None:
    """Ask both ways in turns, and print what an entity costs."""
    refs = [f"component:default/bench-{number}" for number in range(ENTITIES)]
    single, batch = [], []
    with (
        tempfile.TemporaryDirectory() as folder,
        sandbox() as sandbox_url,
        bff_with_callers(sandbox_url) as (url, pid, caller),
    ):
        script = Path(folder, "by-refs.lua")
        script.write_text(_SCRIPT.replace("BODY", json.dumps({"entityRefs": refs})))
        wrk(f"{url}/v1/governance/by-refs", headers=caller, script=script, seconds=1, connections=1)
        for _ in range(ROUNDS):
            before = cpu_seconds(pid)
            load = wrk(url + PATH, headers=caller)
            single.append((cpu_seconds(pid) - before) / load.requests * 1e6)
            before = cpu_seconds(pid)
            load = wrk(f"{url}/v1/governance/by-refs", headers=caller, script=script, connections=1)
            batch.append(((cpu_seconds(pid) - before) / (load.requests * ENTITIES) * 1e6, 1000 / load.rate))
    one, each = statistics.median(single), statistics.median(cost for cost, _ in batch)
    print(f"\nby-refs: {ENTITIES:,} entities a request, callers verified; {ROUNDS} rounds\n")
    print(f"{'one request':30} {statistics.median(ms for _, ms in batch):8.1f} ms")
    print(f"{'CPU an entity':30} {each:8.1f} µs, {each / one:.2f} of a single hit's {one:.1f} µs")
