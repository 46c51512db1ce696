"""Several workers against one, on all the cores that there are."""

from __future__ import annotations

import statistics

from tests.bench.machine import CORES, ROUNDS, wrk
from tests.bench.services import PATH, bff, sandbox

WORKERS = 4


def run() -> None:
    """Ask one worker and four in turns, and print how much more four answer."""
    rates: dict[int, list[float]] = {1: [], WORKERS: []}
    with (
        sandbox() as sandbox_url,
        bff(sandbox_url, "--workers", "1", cores=CORES) as (one, _),
        bff(sandbox_url, "--workers", str(WORKERS), cores=CORES) as (several, _),
    ):
        urls = {1: one + PATH, WORKERS: several + PATH}
        for url in urls.values():
            wrk(url, seconds=1, cores=CORES)
        for _ in range(ROUNDS):
            for workers, url in urls.items():
                rates[workers].append(wrk(url, cores=CORES).rate)
    ratios = [many / single for single, many in zip(rates[1], rates[WORKERS], strict=True)]
    print(f"\nWorkers: {len(CORES)} cores, which the service shares with wrk; {ROUNDS} rounds\n")
    print(
        f"{f'{WORKERS} workers / 1 worker':30} {statistics.median(ratios):8.2f} of {statistics.median(rates[1]):,.0f} requests/s"
    )
    if len(CORES) <= WORKERS:
        print(
            f"\nThe ratio says little of {WORKERS} workers: {len(CORES)} cores bound it, and wrk takes its share of them."
            f" It wants {WORKERS + 1} cores or more."
        )
