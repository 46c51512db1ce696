"""`serve --workers`: several processes at one port, which monitoring sees as one instance with all its numbers."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import httpx
import pytest

from tests.harness.fleet import Fleet, Replica, fleet

BOT = "/v1/entities/component/default/customer-support-bot/governance"
WORKERS = 3
REQUESTS = 240


@pytest.fixture
async def several() -> AsyncIterator[tuple[Fleet, Replica]]:
    """A service of several workers, all of which answer."""
    async with fleet() as running:
        replica = await running.begin("--workers", str(WORKERS))
        await until(lambda: shows(replica, answering=WORKERS))
        yield running, replica


async def scraped(replica: Replica) -> str:
    """The metrics, by a connection of its own: whichever worker takes it."""
    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
        return (await client.get(f"{replica.url}/metrics")).text


async def shows(replica: Replica, *, answering: int) -> bool:
    """Whether that many workers are told to answer, the others to be mute, and the metrics are of those that answer."""
    text = await scraped(replica)
    counts = dict(re.findall(r'^keeptrusts_bff_workers\{state="(\w+)"\} (\d+)\.0$', text, re.MULTILINE))
    found = re.findall(r'^keeptrusts_bff_build_info\{worker="(\d)"', text, re.MULTILINE)
    return len(found) == answering and counts == {"answering": str(answering), "mute": str(WORKERS - answering)}


def answered(text: str, *workers: int) -> int:
    """How many status requests these workers have counted; all of them when none is named."""
    found = re.findall(
        r'^keeptrusts_bff_http_requests_total\{worker="(\d)",.*governance.*\} (\S+)$', text, re.MULTILINE
    )
    return round(sum(float(value) for worker, value in found if not workers or int(worker) in workers))


def workers_of(replica: Replica) -> list[int]:
    """The process ids of its workers."""
    return [
        int(process)
        for process in Path(f"/proc/{replica.process.pid}/task/{replica.process.pid}/children").read_text().split()
    ]


async def until(holds: Callable[[], Awaitable[bool]], *, within: float = 30) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(within):
        while not await holds():
            await asyncio.sleep(0.05)


async def asked(replica: Replica, times: int) -> None:
    """Ask for a status that often, each time over another connection."""

    async def ask() -> int:
        async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
            return (await client.get(f"{replica.url}{BOT}")).status_code

    for _ in range(times // 24):
        assert set(await asyncio.gather(*(ask() for _ in range(24)))) == {200}


async def test_any_scrape_shows_every_request(several: tuple[Fleet, Replica]) -> None:
    """Requests over many connections add up exactly, in each scrape, whichever worker it comes to."""
    _, replica = several
    await asked(replica, REQUESTS)
    assert {answered(await scraped(replica)) for _ in range(10)} == {REQUESTS}


async def test_a_worker_that_was_killed_heals(several: tuple[Fleet, Replica]) -> None:
    """After SIGKILL the others' counters stand, the gap is told while it lasts, and another fills it under the same number."""
    _, replica = several
    await asked(replica, REQUESTS)
    before = await scraped(replica)
    first, *others = workers_of(replica)
    # Who follows comes at once, and after each early end a little later: at last late enough to be missed.
    for _ in range(3):
        os.kill(first, signal.SIGKILL)
        first = await successor(replica, {first, *others})
    os.kill(first, signal.SIGKILL)
    await until(lambda: shows(replica, answering=WORKERS - 1))
    await until(lambda: shows(replica, answering=WORKERS))
    assert set(workers_of(replica)) > set(others)
    after = await scraped(replica)
    assert (answered(after, 1), answered(after, 2, 3)) == (0, answered(before, 2, 3))


async def successor(replica: Replica, known: set[int]) -> int:
    """The worker that is none of these, once there is one."""
    async with asyncio.timeout(30):
        while not (new := set(workers_of(replica)) - known):
            await asyncio.sleep(0.01)
    return new.pop()


async def test_a_worker_that_is_stopped_holds_no_scrape(several: tuple[Fleet, Replica]) -> None:
    """While a worker hangs (SIGSTOP) a scrape of another takes less than a second and says that one is mute."""
    _, replica = several
    stopped = min(workers_of(replica))
    os.kill(stopped, signal.SIGSTOP)
    try:
        # It cannot be asked itself, as it takes no connection.
        began = time.perf_counter()
        assert await shows(replica, answering=WORKERS - 1)
        seconds = time.perf_counter() - began
    finally:
        os.kill(stopped, signal.SIGCONT)
    assert seconds < 1
    await until(lambda: shows(replica, answering=WORKERS))


def names(folder: Path) -> list[str]:
    """What the folder holds."""
    return [path.name for path in folder.iterdir()]


def alive(processes: Sequence[int]) -> list[int]:
    """Those of the processes that there still are."""
    return [process for process in processes if Path(f"/proc/{process}").exists()]


async def test_nothing_is_left_behind(tmp_path: Path) -> None:
    """It makes no file in the temporary folder, needs none to be writable, and its workers end with it."""
    async with fleet() as running:
        replica = await running.begin("--workers", "2", TMPDIR=str(tmp_path), BFF_DRAIN_SECONDS="0")
        processes = workers_of(replica)
        assert names(tmp_path) == []
        replica.signal(signal.SIGTERM)
        await replica.ended(within=20)
        assert replica.process.returncode == 0
        assert names(tmp_path) == []
    assert alive(processes) == []


async def test_one_worker_has_no_number() -> None:
    """Where there is one process no series has the label, and it is the one that answers."""
    async with fleet() as running:
        text = await scraped(await running.begin())
    assert "worker=" not in text
    assert 'keeptrusts_bff_workers{state="answering"} 1.0' in text
    assert 'keeptrusts_bff_workers{state="mute"} 0.0' in text


async def test_no_other_port_is_taken(several: tuple[Fleet, Replica]) -> None:
    """Workers listen at the one port that the settings name."""
    _, replica = several
    assert ports(inodes(replica)) == {replica.port}


def ports(sockets: set[str]) -> set[int]:
    """The TCP ports at which these sockets listen."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {int(line[1].rpartition(":")[2], 16) for line in lines if line[3] == "0A" and line[9] in sockets}


def inodes(replica: Replica) -> set[str]:
    """The sockets that the replica's processes have open."""
    found: set[str] = set()
    for process in (replica.process.pid, *workers_of(replica)):
        for link in Path(f"/proc/{process}/fd").iterdir():
            found |= set(re.findall(r"socket:\[(\d+)\]", str(link.readlink())))
    return found
