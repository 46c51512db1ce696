"""Every measurement, one after the other: `make bench`, or `make bench PART=herd` for one of them, each below two minutes.

BENCH_SECONDS and BENCH_ROUNDS say how long; see each part for what it measures.
"""

from __future__ import annotations

import sys

from tests.bench import actions, by_refs, forecast, herd, hits, ledger, rollup, sizes, sweep
from tests.bench.machine import require

PARTS = {
    "hits": hits.run,
    "pairs": hits.run_pairs,
    "sizes": sizes.run,
    "connections": hits.run_connections,
    "peers": hits.run_peers,
    "herd": herd.run,
    "by-refs": by_refs.run,
    "ledger": ledger.run,
    "actions": actions.run,
    "forecast": forecast.run,
    "rollup": rollup.run,
    "sweep": sweep.run,
}


def main(names: list[str]) -> None:
    """Measure the parts that are named, or all."""
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        sys.exit(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    wanted = names or list(PARTS)
    if set(wanted) - {"sizes", "ledger", "forecast", "rollup", "sweep"}:
        require("wrk", *(["nginx"] if "peers" in wanted else []))
    for name in wanted:
        PARTS[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
