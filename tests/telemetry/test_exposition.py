"""Several workers' metrics as one text that Prometheus reads."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from bff.telemetry.exposition import merged
from bff.telemetry.metrics import Metrics


def worker(requests: int) -> bytes:
    """What a worker shows after so many requests."""
    metrics = Metrics()
    for _ in range(requests):
        metrics.request("/v1/{a}", "GET", 200, 0.003)
    return metrics.own_exposition()


def test_each_series_says_whose_it_is() -> None:
    """Every sample of every worker is there with its value, and the worker's number is its only new label."""
    parts = {1: worker(2), 3: worker(5)}
    expected = {
        (sample.name, frozenset({**sample.labels, "worker": str(number)}.items()), sample.value)
        for number, part in parts.items()
        for family in text_string_to_metric_families(part.decode())
        for sample in family.samples
    }
    found = [
        (sample.name, frozenset(sample.labels.items()), sample.value)
        for family in text_string_to_metric_families(merged(parts).decode())
        for sample in family.samples
    ]
    assert set(found) == expected
    assert len(found) == len(expected)


def test_each_family_stands_once() -> None:
    """The format allows a family's head once, with all its samples below it."""
    text = merged({1: worker(1), 2: worker(1)}).decode().splitlines()
    heads = [line.split()[2] for line in text if line.startswith("# TYPE")]
    assert len(heads) == len(set(heads))
    named = [
        family.name for family in text_string_to_metric_families("\n".join(text) + "\n") for _ in family.samples[:1]
    ]
    assert len(named) == len(set(named))


def test_what_one_worker_alone_has_seen_is_there() -> None:
    """A series that the other workers do not have is not lost, whichever of them comes first."""
    for parts in ({1: worker(0), 2: worker(4)}, {1: worker(4), 2: worker(0)}):
        number = next(number for number, part in parts.items() if b"/v1/{a}" in part)
        assert f'http_requests_total{{worker="{number}",method="GET"'.encode() in merged(parts)


def test_nobody_is_nothing() -> None:
    """Without workers there is no text."""
    assert merged({}) == b""
