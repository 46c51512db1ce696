"""One process reads Keeptrusts for all that share a database: leading, following, handing over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import select

from bff.keeptrusts.client import KEEPTRUSTS, KeeptrustsClient
from bff.keeptrusts.facts import Cause
from bff.sandbox import ADMIN_TOKEN, READ_TOKEN
from bff.sandbox.accounts import State
from bff.sandbox.control_plane import create_control_plane
from bff.sandbox.faults import Faults, Rule
from bff.sandbox.records import Charge, Cost
from bff.secret_files import Secret
from bff.status.leader import FactsUnreadableError, OrganisationReader, Role, Timing, identity_of
from bff.status.snapshot_store import ReadFacts
from bff.store.database import Database
from bff.store.tables import ledgers, organisations, snapshots
from bff.upstream import Upstream
from bff.values import Money

API_URL = "http://keeptrusts-api.internal:8080"
NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)
REFRESH = 2.0


@dataclass
class Office:
    """An organisation at Keeptrusts, and a folder where processes share a database."""

    folder: Path
    state: State
    faults: Faults
    asked: list[str]
    now: datetime = NOON
    elapsed: float = 0.0

    @asynccontextmanager
    async def process(
        self, name: str, *, token: str = READ_TOKEN, zone: str = "UTC", refresh: float = REFRESH
    ) -> AsyncIterator[OrganisationReader]:
        """A process of this name that uses the database."""
        upstream = Upstream(
            API_URL,
            KEEPTRUSTS,
            transport=_Counted(self),
            system="keeptrusts",
            token=Secret(SecretStr(token)),
            monotonic=lambda: self.elapsed,
            random=lambda: 0.5,
        )
        database = Database.at(None, folder=self.folder)
        reader = OrganisationReader(
            KeeptrustsClient(upstream),
            database,
            zone=ZoneInfo(zone),
            timing=Timing(timedelta(seconds=refresh), timedelta(hours=1), timedelta(days=400), timedelta(0)),
            identity=identity_of(API_URL, SecretStr(token)),
            holder=name,
            clock=lambda: self.now,
            monotonic=lambda: self.elapsed,
        )
        try:
            yield reader
        finally:
            await reader.aclose()
            await database.close()
            await upstream.aclose()

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)
        self.elapsed += seconds

    def spend(self, cost: str) -> None:
        """One request of the team's key."""
        key = self.state.keys[0]
        account = self.state.wallets.of_team(key.team_id)
        assert account is not None
        charge = Charge("req", key.id, "gpt-4o", "openai")
        booking = account.post("settle", -Decimal(cost), self.now, charge=charge)
        self.state.decide(key, "allow", charge, at=self.now, cost=Cost(Decimal(cost), booking.id))


class _Counted(httpx.AsyncBaseTransport):
    def __init__(self, office: Office) -> None:
        self._office = office
        plane = create_control_plane(office.state, read_token=READ_TOKEN, admin_token=ADMIN_TOKEN, faults=office.faults)
        self._inner = httpx.ASGITransport(plane)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._office.asked.append(request.url.path)
        return await self._inner.handle_async_request(request)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """One team with a key, a wallet and a first request."""
    made = Office(tmp_path, None, Faults(), [])  # type: ignore[arg-type]
    made.state = State(lambda: made.now)
    team = made.state.create_team("orchard")
    made.state.create_key("orchard-gw-key", team.id)
    made.state.wallets.allocate(team, Decimal(100))
    made.spend("1.5")
    return made


async def read(reader: OrganisationReader, office: Office, *, insist: bool = False) -> ReadFacts:
    """What a reading gives, which must be something."""
    found = await reader.read(office.now, insist=insist)
    assert found is not None
    return found


def spent(found: ReadFacts) -> Money:
    """What all keys have spent today."""
    assert found.facts.spend.value is not None
    return sum(found.facts.spend.value.by_key.values(), Money.zero())


async def test_the_first_process_leads_and_the_second_follows(office: Office) -> None:
    """The second process shows what the first has read, to the last byte of the facts, and asks for no list."""
    async with office.process("one") as one, office.process("two") as two:
        mine = await read(one, office)
        office.asked.clear()
        theirs = await read(two, office)
        assert (one.role, two.role) == (Role.LEADING, Role.FOLLOWING)
        assert (theirs.facts, theirs.assessed_at) == (mine.facts, mine.assessed_at)
        assert set(office.asked) <= {"/v1/whoami"}


async def test_a_follower_has_nothing_new_until_the_leader_reads_again(office: Office) -> None:
    """Between two readings a follower reads that nothing is newer; after the next it takes that."""
    async with office.process("one") as one, office.process("two") as two:
        await read(one, office)
        await read(two, office)
        assert await two.read(office.now) is None
        office.advance(REFRESH)
        office.spend("2")
        await read(one, office)
        assert spent(await read(two, office)) == Money(Decimal("3.5"))


@pytest.mark.long
async def test_a_caller_who_insists_at_a_follower_wakes_the_leader(office: Office) -> None:
    """The follower asks the leader to read, waits for it, and shows the result; the lease stays where it is."""
    async with office.process("one", refresh=60) as one, office.process("two", refresh=60) as two:
        await read(one, office)
        await read(two, office)
        office.advance(6)
        office.spend("2")
        resting = asyncio.ensure_future(one.rest(30))

        async def lead() -> None:
            await resting
            await one.read(office.now)

        leading = asyncio.ensure_future(lead())
        assert spent(await read(two, office, insist=True)) == Money(Decimal("3.5"))
        await leading
        assert (one.role, two.role) == (Role.LEADING, Role.FOLLOWING)


async def test_a_leader_that_ends_hands_over_at_once(office: Office) -> None:
    """A process that stops in order gives its lease back: the next reading of another leads, and reads only what is new."""
    async with office.process("two") as two:
        async with office.process("one") as one:
            await read(one, office)
            await read(two, office)
        office.asked.clear()
        office.spend("4")
        assert spent(await read(two, office)) == Money(Decimal("5.5"))
        assert two.role is Role.LEADING
        assert office.asked.count("/v1/events") == 1


async def test_keys_are_shown_while_events_cannot_be_read(office: Office) -> None:
    """The directory comes first: teams, keys and wallets are there, and of the spend it is said why it is not."""
    office.faults.put(Rule(kind="status", code=503, path="/v1/events"))
    async with office.process("one") as one:
        found = await read(one, office)
    assert found.facts.keys.value is not None
    assert found.facts.spend.value is None
    assert found.facts.spend.cause is Cause.UNAVAILABLE


async def test_spend_is_kept_with_its_age_while_events_fail(office: Office) -> None:
    """After a good reading the sums stay, with the moment at which they were read and why there are no newer ones."""
    async with office.process("one") as one:
        await read(one, office)
        office.faults.put(Rule(kind="status", code=503, path="/v1/events"))
        office.advance(30)
        found = await read(one, office)
        assert spent(found) == Money(Decimal("1.5"))
        assert (found.facts.spend.observed_at, found.facts.spend.cause) == (NOON, Cause.UNAVAILABLE)


async def test_denied_events_are_news(office: Office) -> None:
    """401 and 403 for events are not covered up by sums from before."""
    async with office.process("one") as one:
        await read(one, office)
        office.faults.put(Rule(kind="denied", path="/v1/events"))
        office.advance(30)
        found = await read(one, office)
        assert (found.facts.spend.value, found.facts.spend.cause) == (None, Cause.DENIED)


async def test_a_cold_process_shows_what_is_known_while_keeptrusts_is_down(office: Office) -> None:
    """The organisation is known by the token of an earlier start, so its snapshot is shown without Keeptrusts."""
    async with office.process("one") as one:
        mine = await read(one, office)
        office.faults.put(Rule(kind="status", code=503))
        async with office.process("two") as two:
            assert (await read(two, office)).facts == mine.facts


async def test_another_token_sees_nothing_of_what_is_stored(office: Office) -> None:
    """While Keeptrusts is down, a token that was never seen is no organisation's: none of the facts are shown."""
    async with office.process("one") as one:
        await read(one, office)
        office.faults.put(Rule(kind="status", code=503))
        async with office.process("two", token="another") as two:
            found = await read(two, office)
            assert (found.facts.teams.value, found.facts.teams.cause) == (None, Cause.UNAVAILABLE)


async def test_an_organisation_without_a_name_is_its_tokens(office: Office) -> None:
    """Where whoami is refused, each token has a ledger of its own: two organisations at one address never share."""
    office.faults.put(Rule(kind="denied", path="/v1/whoami"))
    async with office.process("one") as one, office.process("two", token=ADMIN_TOKEN) as two:
        await read(one, office)
        await read(two, office)
        assert (one.role, two.role) == (Role.LEADING, Role.LEADING)
    async with _database(office) as database, database.read() as connection:
        names = (await connection.execute(select(ledgers.c.organisation))).scalars().all()
        assert len(set(names)) == 2
        assert (await connection.execute(select(organisations))).all() == []


async def test_another_zone_has_sums_of_its_own(office: Office) -> None:
    """A zone that is changed later starts another ledger, and the one before is there when it is changed back."""
    for zone in ("UTC", "Europe/Berlin", "UTC"):
        async with office.process("one", zone=zone) as one:
            assert spent(await read(one, office)) == Money(Decimal("1.5"))
    async with _database(office) as database, database.read() as connection:
        zones = (await connection.execute(select(ledgers.c.zone))).scalars().all()
    assert sorted(zones) == ["Europe/Berlin", "UTC"]


async def test_a_damaged_snapshot_is_not_shown(office: Office) -> None:
    """A follower takes no bytes that are not a snapshot of its form, and goes on with what it has."""
    async with office.process("one") as one, office.process("two") as two:
        await read(one, office)
        await read(two, office)
        async with _database(office) as database, database.write() as connection:
            await connection.execute(snapshots.update().values(version=snapshots.c.version + 1, body=b"damaged"))
        assert await two.read(office.now) is None


async def test_a_database_that_cannot_be_used_is_named(office: Office, tmp_path: Path) -> None:
    """A folder that is a file: one sentence that says so, and Keeptrusts is not asked."""
    office.folder = tmp_path / "file"
    office.folder.write_text("")
    async with office.process("one") as one:
        with pytest.raises(FactsUnreadableError, match="database cannot be used"):
            await one.read(office.now)
        assert one.role is Role.ALONE
        assert one.database_trouble is not None
    assert office.asked == []


@asynccontextmanager
async def _database(office: Office) -> AsyncIterator[Database]:
    database = Database.at(None, folder=office.folder)
    try:
        yield database
    finally:
        await database.close()
