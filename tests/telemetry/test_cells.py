"""Series of plain integers read like those of the library that they stand in for."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from bff.telemetry.metrics import CounterCells, HistogramCells

BOUNDS = (0.001, 0.25, 1, 10)


def test_a_counter_reads_as_the_librarys() -> None:
    """Cells and the library's counter give the same text, for a series that has counted and for one that has not."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    cells = CounterCells("answers", "What for", ("route", "status"), registry=ours)
    counter = Counter("answers", "What for", ("route", "status"), registry=theirs)
    for status, times in (("200", 3), ("404", 0)):
        cells.cell("/livez", status).value += times
        counter.labels("/livez", status).inc(times)
    assert generate_latest(ours) == generate_latest(theirs)


def test_a_histogram_reads_as_the_librarys() -> None:
    """Durations below, at, between and above the bounds are in the buckets in which the library has them."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    cells = HistogramCells("seconds", "What for", "route", BOUNDS, registry=ours)
    histogram = Histogram("seconds", "What for", ("route",), buckets=BOUNDS, registry=theirs)
    for seconds in (0, 0.001, 0.0011, 0.25, 0.3, 1, 9.5, 10, 11):
        cells.cell("/livez").observe(seconds)
        histogram.labels("/livez").observe(seconds)
    assert generate_latest(ours) == generate_latest(theirs)


def test_a_cell_is_one_series() -> None:
    """The cell of some labels is the same each time, and another's labels give another."""
    cells = CounterCells("answers", "What for", ("status",), registry=CollectorRegistry())
    assert cells.cell("200") is cells.cell("200")
    assert cells.cell("200") is not cells.cell("404")
