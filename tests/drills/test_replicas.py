"""Drills with several replicas as processes around one database: one reads Keeptrusts, and all answer whatever dies."""

from __future__ import annotations

import asyncio
import resource
import signal
import time
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from bff.sandbox import READ_TOKEN
from bff.sandbox.faults import Rule
from bff.sandbox.load import LoadProfile
from bff.store.database import FILE_NAME
from tests.drills.conftest import Figure
from tests.drills.stage import BOT
from tests.harness.fault_proxy import fault_proxy
from tests.harness.faults import HEALTHY, Slow
from tests.harness.fleet import Fleet, Replica, fleet
from tests.harness.postgres import PASSWORD, PostgresServer
from tests.harness.upstream import upstream

REFRESH = 3.0
LISTS = ("/v1/teams", "/v1/tokens", "/v1/configurations", "/v1/wallets")
EVENTS = "/v1/events"
WITHIN = 30.0
"""Seconds for what has no promise of its own."""

AT_ONCE = 2.0
"""Seconds in which an answer from memory is given, on a machine with other things to do."""


# --- one reads, all answer -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [pytest.param(2, marks=pytest.mark.extended), 4])
async def test_more_replicas_ask_no_more(postgres_url: str, count: int, figure: Figure) -> None:
    """Over several refreshes each list and the feed are read as often as by one replica, however many ask."""
    async with fleet(DATABASE_URL=postgres_url, BFF_REFRESH_SECONDS=f"{REFRESH:g}", BFF_BACKFILL_DAYS="0") as running:
        replicas = await asyncio.gather(*(running.begin() for _ in range(count)))
        await _until(lambda: running.asked["/v1/teams"] >= 2)
        async with _asked_all_the_while(running, replicas) as answers:
            running.asked.clear()
            began = time.monotonic()
            await _until(lambda: running.asked["/v1/teams"] >= 4)
            seconds = time.monotonic() - began
            counts = {path: running.asked[path] for path in (*LISTS, EVENTS)}
        # The calls of one reading are not all made at the same moment.
        assert set(counts.values()) <= {3, 4, 5}
        assert seconds > 2 * REFRESH
    figure(f"4 readings by {count} replicas in {seconds:.1f} s: {counts}, {answers.count} answers meanwhile")


@pytest.mark.parametrize("count", [2, 4])
async def test_all_replicas_answer_with_the_same_bytes(postgres_url: str, count: int) -> None:
    """Every replica shows the same bytes of a card and of a spend report, since all show what one has read."""
    async with fleet(DATABASE_URL=postgres_url, BFF_REFRESH_SECONDS=f"{REFRESH:g}", BFF_BACKFILL_DAYS="0") as running:
        replicas = await asyncio.gather(*(running.begin() for _ in range(count)))
        for path in (BOT, BOT.replace("/governance", "/spend?days=30")):
            bodies = await _until_same(running, replicas, path)
            assert b"customer-support-bot" in bodies.pop()


async def test_no_secret_is_in_the_database(postgres_url: str) -> None:
    """What replicas share has neither the token, nor its header, nor the database's own password."""
    async with fleet(DATABASE_URL=postgres_url, BFF_REFRESH_SECONDS="1") as running:
        await asyncio.gather(*(running.begin() for _ in range(2)))
        reads = running.asked["/v1/teams"]
        await _until(lambda: running.asked["/v1/teams"] > reads)
        stored = _everything_stored(postgres_url)
    assert b"support-team-gw-key" in stored
    for secret in (READ_TOKEN, "Bearer", PASSWORD):
        assert secret.encode() not in stored


@pytest.mark.parametrize("count", [pytest.param(2, marks=pytest.mark.extended), 4])
async def test_a_leader_that_dies_is_replaced_within_two_refreshes(
    postgres_url: str, count: int, figure: Figure
) -> None:
    """SIGKILL of the leader: another reads on within two intervals, only what is new, and all others answer meanwhile."""
    profile = LoadProfile(teams=5, keys=20, history=4_000, history_seconds=7_200, rate=20)
    cold = profile.history // 200
    with upstream(profile) as keeptrusts:
        given = {"DATABASE_URL": postgres_url, "BFF_REFRESH_SECONDS": f"{REFRESH:g}", "BFF_BACKFILL_DAYS": "0"}
        async with fleet(KEEPTRUSTS_API_URL=keeptrusts.api_url, **given) as running:
            replicas = await asyncio.gather(*(running.begin() for _ in range(count)))
            leader = await running.leader()
            await _until_health(running, replicas, status="pass")
            others = [replica for replica in replicas if replica is not leader]
            async with _asked_all_the_while(running, others) as answers:
                leader.signal(signal.SIGKILL)
                await leader.ended(within=WITHIN)
                keeptrusts.clear_requests()
                began = time.monotonic()
                while not keeptrusts.requests().get("GET /v1/teams"):
                    assert time.monotonic() - began < 2 * REFRESH, "no other replica reads"
                    await asyncio.sleep(0.05)
                seconds = time.monotonic() - began
                await running.leader(others)
                await _until_health(running, others, status="pass")
                # The snapshot of the leader before is well too: its successor has read on once it has asked for events.
                await _until(lambda: "GET /v1/events" in keeptrusts.requests())
            calls = keeptrusts.requests()
            pages, refreshes = calls["GET /v1/events"], calls["GET /v1/teams"]
    assert pages <= 2 * refreshes + 2 < cold
    figure(f"taken over after {seconds:.1f} s of {2 * REFRESH:g} allowed, {pages} pages of events, cold {cold}")
    figure(f"{answers.count} answers meanwhile, the slowest after {answers.slowest * 1000:.0f} ms")


async def test_a_replica_that_starts_while_keeptrusts_is_down_shows_what_the_others_know(postgres_url: str) -> None:
    """It is ready without a call of a list or of events; only whose token it has may be asked for."""
    async with fleet(DATABASE_URL=postgres_url, BFF_REFRESH_SECONDS="60", BFF_BACKFILL_DAYS="0") as running:
        first = await running.begin()
        await _until_health(running, [first], status="pass")
        running.faults.put(Rule(kind="status", code=503))
        running.asked.clear()
        second = await running.begin()
        await _until_same(running, [first, second])
        assert await running.role(second) == "following"
        assert set(running.asked) <= {"/v1/whoami"}


async def test_all_replicas_restarted_while_keeptrusts_is_down_show_what_the_database_knows(postgres_url: str) -> None:
    """Where no process is left that has read Keeptrusts, the next one shows the last snapshot, marked stale."""
    async with fleet(DATABASE_URL=postgres_url, BFF_REFRESH_SECONDS="1") as running:
        first = await running.begin()
        before = (await running.client.get(first.url + BOT)).json()
        running.faults.put(Rule(kind="status", code=503))
        first.signal(signal.SIGKILL)
        await first.ended(within=WITHIN)
        second = await running.begin()
        await running.until_roles([second], "leading")
        after = (await running.client.get(second.url + BOT)).json()
        assert after["freshness"]["stale"] is True
        assert after["gatewayKey"] == before["gatewayKey"]
        assert after["budget"]["spent"] == before["budget"]["spent"]
        running.faults.clear()
        await _until_fresh(running, [second])


async def test_no_cache_on_a_follower_wakes_the_leader(postgres_url: str, figure: Figure) -> None:
    """A caller who insists at a follower sees what has changed in Keeptrusts, read by the leader, who stays the leader."""
    async with fleet(DATABASE_URL=postgres_url, BFF_REFRESH_SECONDS="300") as running:
        replicas = [await running.begin() for _ in range(2)]
        leader = await running.leader()
        follower = next(replica for replica in replicas if replica is not leader)
        card = (await running.client.get(follower.url + BOT)).json()
        assert card["gatewayKey"]["state"] == "active"
        running.state.revoke_key(card["gatewayKey"]["id"])
        running.asked.clear()
        began = time.monotonic()
        while card["gatewayKey"]["state"] != "revoked":
            assert time.monotonic() - began < WITHIN, "the follower shows nothing new"
            card = (await running.client.get(follower.url + BOT, headers={"cache-control": "no-cache"})).json()
        seconds = time.monotonic() - began
        await running.until_roles([leader], "leading")
        await running.until_roles([follower], "following")
        assert running.asked["/v1/teams"] <= 2
        assert running.asked["/v1/whoami"] == 0
    figure(f"shown after {seconds:.1f} s")


# --- a leader that was held up ---------------------------------------------------------------------------------------


async def test_a_leader_that_slept_past_its_lease_writes_nothing(postgres_url: str) -> None:
    """SIGSTOP in the middle of a reading, and SIGCONT after another has taken over: not one row is written by the first."""
    async with fleet(BFF_REFRESH_SECONDS="1", BFF_BACKFILL_DAYS="0") as running:
        first = await running.begin(DATABASE_URL=f"{postgres_url}?application_name=first")
        second = await running.begin(DATABASE_URL=f"{postgres_url}?application_name=second")
        await running.until_roles([first], "leading")
        _audit(postgres_url)
        await _until(lambda: _written(postgres_url, "first") > 0)

        def pause(path: str) -> None:
            if path == EVENTS:
                first.signal(signal.SIGSTOP)
                running.on_request = lambda _path: None

        running.on_request = pause
        await _until(lambda: running.on_request is not pause)
        await running.leader([second])
        await _until(lambda: _written(postgres_url, "second") > 0)
        before = _written(postgres_url, "first")
        first.signal(signal.SIGCONT)
        await running.until_roles([first], "following")
        # Its connections have had time for whatever they were still to carry: it has taken a newer snapshot since.
        await _until_same(running, [first, second])
        written = _written(postgres_url, "second")
        await _until(lambda: _written(postgres_url, "second") > written)
        assert _written(postgres_url, "first") == before
        await running.until_roles([second], "leading")


# --- the database in trouble -----------------------------------------------------------------------------------------

Change = Callable[[PostgresServer, str], object]


def _fill_up(url: str, *tables: str) -> None:
    """Have every write to these tables, or to all, refused with the error of a full disk, as the server gives it."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " RAISE EXCEPTION 'could not extend file \"base/1/2\": No space left on device' USING ERRCODE = '53100';"
            " END $$"
        )
        for table in tables or _tables(connection):
            connection.execute(
                sql.SQL("CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON {} EXECUTE FUNCTION full_disk()").format(
                    sql.Identifier(table)
                )
            )


def _make_room(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP FUNCTION full_disk CASCADE")


@pytest.mark.parametrize(
    ("fault", "mend", "said"),
    [
        pytest.param(lambda server, _url: server.pause(), lambda server, _url: server.resume(), "answer", id="hangs"),
        pytest.param(lambda server, _url: server.stop(), lambda server, _url: server.start(), "refused", id="stopped"),
        pytest.param(lambda server, _url: server.kill(), lambda server, _url: server.start(), "refused", id="killed"),
        pytest.param(
            lambda _server, url: _fill_up(url),
            lambda _server, url: _make_room(url),
            "No space left on device",
            id="full",
        ),
    ],
)
async def test_a_database_that_fails_is_said_and_costs_no_answer(
    postgres_server: PostgresServer, postgres_url: str, fault: Change, mend: Change, said: str, figure: Figure
) -> None:
    """Replicas answer from memory at once, with the age of what they show; `/health` says why, and all mends itself."""
    async with fleet(DATABASE_URL=postgres_url, BFF_REFRESH_SECONDS="1") as running:
        replicas = await asyncio.gather(*(running.begin() for _ in range(2)))
        await running.until_roles(replicas, "leading", "following")
        async with _asked_all_the_while(running, replicas) as answers:
            leader = await running.leader()
            await asyncio.to_thread(fault, postgres_server, postgres_url)
            began = time.monotonic()
            # PostgreSQL may say first that it is about to stop.
            await _until_database_trouble(running, leader, said)
            noticed = time.monotonic() - began
            # Between two readings an answer is at most a second old here, and some more on a busy machine.
            await _until_old(running, replicas, seconds=4)
            await asyncio.to_thread(mend, postgres_server, postgres_url)
            began = time.monotonic()
            await running.until_roles(replicas, "leading", "following")
            await _until_fresh(running, replicas)
            await _until_health(running, replicas, status="pass")
            mended = time.monotonic() - began
    figure(f"said after {noticed:.1f} s, mended after {mended:.1f} s, slowest answer {answers.slowest * 1000:.0f} ms")


async def test_a_leader_that_cannot_publish_is_noticed_by_its_followers(postgres_url: str) -> None:
    """Where there is room for the lease and none for a snapshot, followers say that what they show is old."""
    async with fleet(DATABASE_URL=postgres_url, BFF_REFRESH_SECONDS="1") as running:
        replicas = await asyncio.gather(*(running.begin() for _ in range(2)))
        leader = await running.leader()
        follower = next(replica for replica in replicas if replica is not leader)
        async with _asked_all_the_while(running, replicas):
            _fill_up(postgres_url, "snapshots")
            output = await _until_database_trouble(running, follower)
            # On a busy machine the lease may expire: then the follower leads, and cannot publish either.
            assert "no process has published" in output or "No space left on device" in output
            await _until_old(running, replicas, seconds=4)
            _make_room(postgres_url)
            await _until_fresh(running, replicas)
            await _until_health(running, replicas, status="pass")


async def test_a_slow_database_makes_no_answer_slow(
    postgres_server: PostgresServer, postgres_url: str, figure: Figure
) -> None:
    """With 50 ms more an exchange facts stay fresh; with 2 s, longer than a lease, answers are old, at once, and then fresh again."""
    async with fault_proxy(postgres_server.port) as proxy:
        url = postgres_url.replace(f":{postgres_server.port}/", f":{proxy.port}/")
        async with fleet(DATABASE_URL=url, BFF_REFRESH_SECONDS="1") as running:
            replicas = await asyncio.gather(*(running.begin() for _ in range(2)))
            async with _asked_all_the_while(running, replicas) as answers:
                proxy.fault = Slow(0.05)
                reads = running.asked["/v1/teams"]
                await _until(lambda: running.asked["/v1/teams"] >= reads + 3)
                await running.until_roles(replicas, "leading", "following")
                await _until_fresh(running, replicas)
                proxy.fault = Slow(2)
                await _until_old(running, replicas, seconds=5)
                await _until_health(running, replicas, status="warn")
                proxy.fault = HEALTHY
                await running.until_roles(replicas, "leading", "following")
                await _until_fresh(running, replicas)
    figure(f"slowest of {answers.count} answers {answers.slowest * 1000:.0f} ms")


# --- one file for the processes of one machine -----------------------------------------------------------------------


async def test_processes_of_one_machine_share_a_file(tmp_path: Path, figure: Figure) -> None:
    """Without a server of databases one process leads, the other follows with the same bytes, and takes over."""
    async with fleet(BFF_DATA_DIR=str(tmp_path), BFF_REFRESH_SECONDS=f"{REFRESH:g}") as running:
        replicas = await asyncio.gather(*(running.begin() for _ in range(2)))
        await running.until_roles(replicas, "leading", "following")
        await _until_same(running, replicas)
        leader = await running.leader()
        follower = next(replica for replica in replicas if replica is not leader)
        async with _asked_all_the_while(running, [follower]):
            leader.signal(signal.SIGKILL)
            await leader.ended(within=WITHIN)
            began, reads = time.monotonic(), running.asked["/v1/teams"]
            await _until(lambda: running.asked["/v1/teams"] > reads, within=2 * REFRESH)
            seconds = time.monotonic() - began
            await running.until_roles([follower], "leading")
    figure(f"taken over after {seconds:.1f} s of {2 * REFRESH:g} allowed")


async def test_a_full_disk_under_the_file_costs_no_answer(tmp_path: Path) -> None:
    """The file cannot grow: answers go on from memory, `/health` says it, and all mends itself when there is room."""
    async with fleet(BFF_DATA_DIR=str(tmp_path), BFF_REFRESH_SECONDS="1") as running:
        replica = await running.begin()
        await running.until_roles([replica], "leading")
        size = _largest_file(tmp_path)
        _, hard = resource.prlimit(replica.process.pid, resource.RLIMIT_FSIZE)
        async with _asked_all_the_while(running, [replica]):
            resource.prlimit(replica.process.pid, resource.RLIMIT_FSIZE, (size, hard))
            assert "SQLite: the disk" in await _until_database_trouble(running, replica)
            await _until_old(running, [replica], seconds=4)
            resource.prlimit(replica.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
            await running.until_roles([replica], "leading")
            await _until_fresh(running, [replica])
            await _until_health(running, [replica], status="pass")


# --- what is asked and awaited ---------------------------------------------------------------------------------------


class _Answers:
    """How many answers were given, and the seconds of the slowest."""

    def __init__(self) -> None:
        self.count = 0
        self.slowest = 0.0


@asynccontextmanager
async def _asked_all_the_while(running: Fleet, replicas: list[Replica]) -> AsyncIterator[_Answers]:
    """Ask each of the replicas for a card again and again; at the end every answer was good and at once."""
    answers, stopping = _Answers(), asyncio.Event()

    async def ask(replica: Replica) -> None:
        while not stopping.is_set():
            began = time.perf_counter()
            reply = await running.client.get(replica.url + BOT)
            assert reply.status_code == 200, reply.text
            answers.slowest = max(answers.slowest, time.perf_counter() - began)
            answers.count += 1
            await asyncio.sleep(0.05)

    async with asyncio.TaskGroup() as group:
        for replica in replicas:
            group.create_task(ask(replica))
        try:
            yield answers
        finally:
            stopping.set()
    assert answers.count
    assert answers.slowest < AT_ONCE


async def _until(condition: Callable[[], bool], *, within: float = WITHIN) -> None:
    until = time.monotonic() + within
    while not condition():
        assert time.monotonic() < until, f"not within {within} s"
        await asyncio.sleep(0.02)


async def _until_same(running: Fleet, replicas: list[Replica], path: str = BOT) -> set[bytes]:
    """The one answer of all replicas, once they rest on the same reading; between two readings they differ."""
    until = time.monotonic() + WITHIN
    while True:
        replies = await asyncio.gather(*(running.client.get(replica.url + path) for replica in replicas))
        bodies = {reply.content for reply in replies}
        if len(bodies) == 1 and replies[0].status_code == 200:
            return bodies
        assert time.monotonic() < until, bodies
        await asyncio.sleep(0.05)


async def _until_fresh(running: Fleet, replicas: list[Replica]) -> None:
    """Wait until each replica shows facts that are not stale."""
    until = time.monotonic() + WITHIN
    for replica in replicas:
        while (card := (await running.client.get(replica.url + BOT)).json())["freshness"]["stale"]:
            assert time.monotonic() < until, card
            await asyncio.sleep(0.05)


async def _until_old(running: Fleet, replicas: list[Replica], *, seconds: float) -> None:
    """Wait until each replica says that what it shows is as old as that, and stale."""
    until = time.monotonic() + WITHIN + seconds
    for replica in replicas:
        while True:
            reply = await running.client.get(replica.url + BOT)
            if int(reply.headers["age"]) >= seconds and reply.json()["freshness"]["stale"]:
                break
            assert time.monotonic() < until, (reply.headers, reply.text, replica.log()[-2000:])
            await asyncio.sleep(0.1)


async def _health(running: Fleet, replica: Replica) -> dict[str, Any]:
    document: dict[str, Any] = (await running.client.get(f"{replica.url}/health")).json()
    return document


async def _until_health(running: Fleet, replicas: list[Replica], *, status: str) -> None:
    until = time.monotonic() + WITHIN
    for replica in replicas:
        while (health := await _health(running, replica))["status"] != status:
            assert time.monotonic() < until, health
            await asyncio.sleep(0.05)


async def _until_database_trouble(running: Fleet, replica: Replica, said: str = "") -> str:
    """What `/health` says of the database, once it says something with these words."""
    until = time.monotonic() + WITHIN
    while True:
        health = await _health(running, replica)
        check = health["checks"]["database:state"][0]
        if check["status"] == "warn" and said in check["output"]:
            assert health["status"] == "warn"
            output: str = check["output"]
            return output
        assert time.monotonic() < until, health
        await asyncio.sleep(0.05)


# --- what is in the database -----------------------------------------------------------------------------------------


def _tables(connection: psycopg.Connection[Any]) -> list[str]:
    return [name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]


def _everything_stored(url: str) -> bytes:
    """Every value of every row of every table; what is compressed is unpacked."""
    stored: list[bytes] = []
    with psycopg.connect(url) as connection:
        for table in _tables(connection):
            for row in connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))):
                for value in row:
                    stored.append(value if isinstance(value, bytes) else str(value).encode())
                    if isinstance(value, bytes) and table == "snapshots":
                        stored.append(zlib.decompress(value))
    return b"\n".join(stored)


def _largest_file(folder: Path) -> int:
    """Bytes of the largest file of the database in a folder."""
    return max(path.stat().st_size for path in folder.glob(f"{FILE_NAME}*"))


def _audit(url: str) -> None:
    """Have each write recorded with the name of the application that makes it."""
    with psycopg.connect(url, autocommit=True) as connection:
        # The watch has a lease of its own, which may outlast that of the readings.
        others = {"alembic_version", "leases", "sweeps", "alerts"}
        tables = [table for table in _tables(connection) if table not in others]
        connection.execute("CREATE TABLE audit (application text NOT NULL)")
        connection.execute(
            "CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " INSERT INTO audit VALUES (current_setting('application_name')); RETURN NULL; END $$"
        )
        for table in tables:
            connection.execute(
                sql.SQL("CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON {} EXECUTE FUNCTION audit()").format(
                    sql.Identifier(table)
                )
            )


def _written(url: str, application: str) -> int:
    """How often a replica has written since `_audit`."""
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT count(*) FROM audit WHERE application = %s", (application,)).fetchone()
    assert found is not None
    return int(found[0])
