"""Workers ask each other for their metrics: who is silent, slow or gone costs the others nothing but a bounded wait."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from bff.cli import siblings
from bff.cli.siblings import PATIENCE, Inboxes, Sibling
from bff.telemetry.metrics import Metrics


@asynccontextmanager
async def answering(*workers: Sibling) -> AsyncIterator[None]:
    """These answer meanwhile."""
    tasks = [asyncio.ensure_future(worker.answer()) for worker in workers]
    await asyncio.sleep(0)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


Three = list[Sibling]


@pytest.fixture
def three() -> Iterator[Three]:
    """Three workers, the first of which is asked."""
    inboxes = Inboxes(3)
    yield [inboxes.of(number, Metrics()) for number in (1, 2, 3)]
    inboxes.close()


def of(text: bytes) -> set[int]:
    """The workers that the text is of."""
    return {number for number in range(1, 9) if f'worker="{number}"'.encode() in text}


def said(text: bytes) -> tuple[bool, ...]:
    """Whether it says how many answered, and how many did not."""
    return tuple(
        f'keeptrusts_bff_workers{{state="{state}"}} {count}.0'.encode() in text
        for state, count in (("answering", len(of(text))), ("mute", 3 - len(of(text))))
    )


def descriptors() -> int:
    """How many this process has open."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - fewer objects in between


async def test_all_answer(three: Three) -> None:
    """One is asked, all are shown, and none is said to be mute."""
    first, *others = three
    async with answering(*others):
        text = await first.scrape()
    assert of(text) == {1, 2, 3}
    assert said(text) == (True, True)


async def test_who_is_silent_is_told_and_not_waited_for(three: Three) -> None:
    """A worker that never looks into its inbox is counted as mute, after a wait that does not grow with their number."""
    first, *_ = three
    began = time.perf_counter()
    text = await first.scrape()
    assert PATIENCE <= time.perf_counter() - began < 2 * PATIENCE
    assert of(text) == {1}
    assert said(text) == (True, True)


async def test_who_was_silent_is_heard_again(three: Three) -> None:
    """What was asked meanwhile, be it more than an inbox holds, does no harm once it is looked into."""
    first, *others = three
    silent = await asyncio.gather(*(first.scrape() for _ in range(100)))
    assert {number for text in silent for number in of(text)} == {1}
    async with answering(*others), asyncio.timeout(20):
        while of(await first.scrape()) != {1, 2, 3}:
            await asyncio.sleep(0)


async def test_many_scrapes_at_once_are_whole(three: Three, monkeypatch: pytest.MonkeyPatch) -> None:
    """More questions at once than an inbox holds are answered nevertheless."""
    first, *others = three
    for worker in three:
        monkeypatch.setattr(worker._metrics, "own_exposition", lambda: b"# HELP a b\n# TYPE a counter\na 1\n")
    async with answering(*others):
        texts = await asyncio.gather(*(first.scrape() for _ in range(50)))
    assert [of(text) for text in texts] == [{1, 2, 3}] * 50


async def test_half_an_answer_is_none(three: Three) -> None:
    """A worker that ends while it answers is mute: its metrics are not shown in part."""
    first, second, _ = three
    asked = asyncio.create_task(first.scrape())
    await asyncio.sleep(0.01)
    for end in siblings._taken(second._inbox):
        with end:
            end.sendall(second._metrics.own_exposition()[:-10])
    assert of(await asked) == {1}


async def test_nothing_is_left_open(three: Three) -> None:
    """Whether all answer or none does, asking leaves no file descriptor behind."""
    first, *others = three
    before = descriptors()
    async with answering(*others):
        await first.scrape()
    await first.scrape()
    async with answering(*others):
        await first.scrape()
    assert descriptors() == before
