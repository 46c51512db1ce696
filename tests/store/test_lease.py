"""One holder at a time: by the database's clock, and by a number that every write checks."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, update

from bff.store.database import Database, DatabaseUnavailableError, LeaseLostError
from bff.store.lease import Held, Leases
from bff.store.tables import leases, wallet_marks

from .conftest import Open, taken

WITHIN = 20.0
MARK = {"ledger_id": 1, "wallet_id": "w", "usd": 1, "pico": 0}


async def mark(database: Database, lease: Held) -> None:
    """Write one row in the name of a lease."""
    async with database.write(lease) as connection:
        await connection.execute(insert(wallet_marks).values(MARK))


async def marks(database: Database) -> int:
    """How many rows have been written."""
    async with database.read() as connection:
        return (await connection.execute(select(func.count()).select_from(wallet_marks))).scalar_one()


async def expire(database: Database) -> None:
    """Let every lease be over since a second."""
    async with database.write() as connection:
        await connection.execute(update(leases).values(until=database.now() - 1))


async def remaining(database: Database) -> float:
    """Seconds until the lease is over, by the database's clock."""
    async with database.read() as connection:
        return (await connection.execute(select(leases.c.until - database.now()))).scalar_one()


async def test_a_lease_has_one_holder(database: Database) -> None:
    """While one holds a lease no other gets it, and its holder gets the same again."""
    held = await taken(database)
    assert await Leases(database, holder="b", ttl=60).acquire("reader") is None
    assert await taken(database) == held


async def test_leases_of_other_names_are_free(database: Database) -> None:
    """A lease says nothing of one with another name."""
    await taken(database, "a", name="reader")
    assert (await taken(database, "b", name="watch")).holder == "b"


async def test_the_fence_grows_with_each_change_of_hands(database: Database) -> None:
    """Each taking of an expired lease has a number larger by one, also for the holder that lost it."""
    fences = []
    for holder in ("a", "b", "b", "a"):
        fences.append((await taken(database, holder)).fence)
        await expire(database)
    assert fences == [1, 2, 3, 4]


async def test_a_lease_that_is_given_back_is_free_at_once(database: Database) -> None:
    """After its holder has released it another takes the lease without waiting, with a larger fence."""
    held = await taken(database)
    await Leases(database, holder="a", ttl=60).release(held)
    assert (await taken(database, "b")).fence == held.fence + 1


async def test_giving_back_what_another_holds_changes_nothing(database: Database) -> None:
    """A holder that lost its lease cannot end that of its successor."""
    old = await taken(database)
    await expire(database)
    new = await taken(database, "b")
    await Leases(database, holder="a", ttl=60).release(old)
    assert await Leases(database, holder="b", ttl=60).renew(new)


async def test_renewing_counts_from_now(database: Database) -> None:
    """A renewal extends a lease by its time to live, as the database's clock says."""
    held = await taken(database, ttl=30)
    assert await Leases(database, holder="a", ttl=30).renew(Held("reader", "a", held.fence, 600))
    assert 570 < await remaining(database) <= 600


async def test_an_expired_lease_is_not_renewed(database: Database) -> None:
    """Once a lease is over its holder must acquire it again, even if no other did."""
    held = await taken(database)
    await expire(database)
    assert not await Leases(database, holder="a", ttl=60).renew(held)


async def test_a_write_in_the_name_of_a_lease_extends_it(database: Database) -> None:
    """A holder that writes needs no renewals besides."""
    held = await taken(database, ttl=30)
    await mark(database, Held("reader", "a", held.fence, 600))
    assert 570 < await remaining(database) <= 600
    assert await marks(database) == 1


@pytest.mark.parametrize("change", [{"fence": 0}, {"holder": "b"}, {"name": "watch"}])
async def test_another_lease_than_the_one_held_writes_nothing(database: Database, change: dict[str, object]) -> None:
    """Name, holder and fence must all be those of the lease as it is now."""
    held = await taken(database)
    wrong = {"name": held.name, "holder": held.holder, "fence": held.fence, "ttl": held.ttl} | change
    with pytest.raises(LeaseLostError, match=str(wrong["name"])):
        await mark(database, Held(**wrong))  # type: ignore[arg-type]
    assert await marks(database) == 0


async def test_a_writer_with_an_old_fence_writes_nothing(database: Database) -> None:
    """A holder that lost its lease to another, and whose lease that was before, is refused."""
    old = await taken(database)
    await expire(database)
    await taken(database, "b")
    with pytest.raises(LeaseLostError):
        await mark(database, old)
    assert await marks(database) == 0


async def test_an_expired_lease_writes_nothing(database: Database) -> None:
    """A lease that is over is refused even where no other has taken it since."""
    held = await taken(database)
    await expire(database)
    with pytest.raises(LeaseLostError):
        await mark(database, held)
    assert await marks(database) == 0


async def test_wishes_are_counted(database: Database) -> None:
    """Each wish makes the count larger by one, before there is a holder and after, and takes no lease."""
    wishes = Leases(database, holder="b", ttl=60)
    assert await wishes.wanted("reader") == 0
    await wishes.want("reader")
    assert await wishes.wanted("reader") == 1
    await taken(database)
    await wishes.want("reader")
    assert await wishes.wanted("reader") == 2


HOLDER = """
import asyncio, sys
from pathlib import Path
from sqlalchemy import insert
from bff.store.database import Database, StoreError
from bff.store.lease import Leases
from bff.store.tables import wallet_marks

async def main(url, folder, ttl):
    database = Database.at(url or None, folder=Path(folder))
    held = await Leases(database, holder="child", ttl=float(ttl)).acquire("reader")
    print("held", held.fence, flush=True)
    sys.stdin.readline()
    try:
        async with database.write(held) as connection:
            await connection.execute(insert(wallet_marks).values(ledger_id=1, wallet_id="child", usd=1, pico=0))
            print("written", flush=True)
            sys.stdin.readline()
    except StoreError as error:
        print(type(error).__name__, flush=True)
    await database.close()

asyncio.run(main(*sys.argv[1:]))
"""
"""A process that takes the lease, waits for a line, writes in its name, and waits for another before the transaction ends."""

Child = Callable[[float], "subprocess.Popen[str]"]


@pytest.fixture
def child(url: str | None, tmp_path: Path) -> Iterator[Child]:
    """Starts a process that holds the lease for so many seconds."""
    started: list[subprocess.Popen[str]] = []

    def start(ttl: float) -> subprocess.Popen[str]:
        words = [sys.executable, "-c", HOLDER, url or "", str(tmp_path / "state"), str(ttl)]
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert said(process) == "held 1"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def said(process: subprocess.Popen[str]) -> str:
    """The next line of a process."""
    assert process.stdout
    return process.stdout.readline().strip()


def tell(process: subprocess.Popen[str]) -> None:
    """Let a process go on to its next step."""
    assert process.stdin
    process.stdin.write("\n")
    process.stdin.flush()


async def successor(database: Database) -> Held:
    """The lease, as soon as it can be had."""
    candidate = Leases(database, holder="successor", ttl=60)
    until = time.monotonic() + WITHIN
    while time.monotonic() < until:
        held = await candidate.acquire("reader")
        if held is not None:
            return held
    raise AssertionError("the lease does not become free")


@pytest.mark.long
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)
async def test_a_process_that_was_paused_past_its_lease_writes_nothing(database: Database, child: Child) -> None:
    """A holder that is stopped, loses its lease and goes on finds that out at its first write."""
    process = child(1)
    process.send_signal(signal.SIGSTOP)
    assert (await successor(database)).fence == 2
    process.send_signal(signal.SIGCONT)
    tell(process)
    assert said(process) == "LeaseLostError"
    assert await marks(database) == 0


@pytest.mark.long
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)
async def test_a_process_that_dies_in_the_middle_of_a_write_leaves_nothing(database: Database, child: Child) -> None:
    """What a killed holder had not committed is not there, and its lease is free when it is over."""
    process = child(1)
    tell(process)
    assert said(process) == "written"
    process.kill()
    process.wait()
    assert (await successor(database)).fence == 2
    assert await marks(database) == 0


@pytest.mark.long
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)
async def test_no_other_takes_the_lease_in_the_middle_of_a_write(database: Database, child: Child) -> None:
    """While a holder is stopped within a write its lease cannot change hands, so that what it commits is no one else's."""
    process = child(0.1)
    tell(process)
    assert said(process) == "written"
    process.send_signal(signal.SIGSTOP)
    with pytest.raises(DatabaseUnavailableError, match=r"lock"):
        await successor(database)
    process.send_signal(signal.SIGCONT)
    tell(process)
    assert process.wait(WITHIN) == 0
    assert (await successor(database)).fence == 2
    assert await marks(database) == 1


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)
async def test_of_many_candidates_one_gets_the_lease(open_database: Open) -> None:
    """Of processes that ask for a free lease at once, one gets it."""
    databases = [open_database() for _ in range(4)]
    await databases[0].migrate()
    candidates = [Leases(one, holder=str(number), ttl=60) for number, one in enumerate(databases)]
    got = await asyncio.gather(*(candidate.acquire("reader") for candidate in candidates))
    assert [held.fence for held in got if held] == [1]
