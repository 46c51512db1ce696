"""Several workers' metrics as one text: each family once, and on each sample the number of the worker that it is of."""

from __future__ import annotations

from collections.abc import Mapping

LABEL = "worker"
_HELP = b"# HELP "


def merged(parts: Mapping[int, bytes]) -> bytes:
    """What workers (by their numbers) show of themselves in Prometheus' text format, together.

    Nothing is added up: a series stays one process' own, so that a worker that begins anew resets its own counters and
    nobody else's, and one that gives no answer leaves a gap where a sum would have fallen.
    """
    heads: dict[bytes, list[bytes]] = {}
    samples: dict[bytes, list[bytes]] = {}
    for number, part in sorted(parts.items()):
        label = f'{LABEL}="{number}"'.encode()
        family = b""
        for line in part.splitlines():
            if line.startswith(_HELP):
                family = line.split(b" ", 3)[2]
                # Of several heads the last counts: they are the same, since all workers run the same code.
                heads[family] = []
                samples.setdefault(family, [])
            if line.startswith(b"#"):
                heads[family].append(line)
            else:
                samples[family].append(_labelled(line, label))
    return b"".join(line + b"\n" for family, head in heads.items() for line in (*head, *samples[family]))


def _labelled(sample: bytes, label: bytes) -> bytes:
    name, brace, rest = sample.partition(b"{")
    if brace:
        return name + b"{" + label + b"," + rest
    name, _, value = sample.partition(b" ")
    return name + b"{" + label + b"} " + value
