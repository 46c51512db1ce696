"""Every measurement, one after the other: `make bench`, or `python -m tests.bench herd` for one of them.

BENCH_SECONDS and BENCH_ROUNDS say how long; see each part for what it measures.
"""

from __future__ import annotations

import sys

from tests.bench import by_refs, herd, hits
from tests.bench.machine import require

PARTS = {"hits": hits.run, "herd": herd.run, "by-refs": by_refs.run}


def main(names: list[str]) -> None:
    """Measure the parts that are named, or all."""
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        sys.exit(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    require("wrk", "nginx")
    for name in names or PARTS:
        PARTS[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
