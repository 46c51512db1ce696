"""What the ledger asks Keeptrusts for: each page once, by one process, and never more than is needed."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from bff.sandbox.event_log import EventListing
from bff.sandbox.faults import Rule
from tests.conftest import Time
from tests.ledger.orchard import EVENTS, Orchard, Service, codes, spent, total

PAGE = 200


def busy(folder: Path, requests: int) -> Orchard:
    """So many requests of 0.01 USD today, one each second up to now."""
    orchard = Orchard(folder)
    for ago in range(requests):
        orchard.publish("0.01", at=orchard.time.now() - timedelta(seconds=ago))
    orchard.pay(str(Decimal("0.01") * requests))
    return orchard


async def test_a_follower_asks_keeptrusts_for_no_fact(tmp_path: Path) -> None:
    """Status and spend of a follower come from the database: it asks upstream who it is, and nothing else."""
    orchard = busy(tmp_path, 300)
    async with orchard.service() as leader, orchard.service() as follower:
        await leader.refreshed()
        card, report = await follower.card(), await follower.report()
        assert spent(card) == total(report) == Decimal(3)
    assert set(follower.upstream.paths) == {"/v1/whoami"}


async def test_a_restart_reads_no_day_again(tmp_path: Path) -> None:
    """After a restart on the same database only what is new is read, today and older days alike."""
    orchard = busy(tmp_path, 5 * PAGE)
    for day in range(1, 30):
        for _ in range(50):
            orchard.publish("0.01", at=orchard.time.now() - timedelta(days=day))
    async with orchard.service() as service:
        await service.refreshed(5)
        before = await service.report()
        first_pages = service.upstream.pages
    orchard.spend("1")
    async with orchard.service() as service:
        card, report = await service.refreshed(), await service.report()
        assert service.upstream.pages <= 3
    assert first_pages >= 5 + 29 * 50 // PAGE
    assert (spent(card), total(report)) == (Decimal(11), total(before) + 1)
    assert report["complete"] is True


async def test_answers_come_before_the_events_are_read(tmp_path: Path) -> None:
    """While today is still being read, key and team are shown, and the spend says how far it has been read."""
    orchard = busy(tmp_path, 30 * PAGE)

    def slow_page(_page: int) -> None:
        orchard.time.pass_(0.05)

    async with orchard.service(before_page=slow_page) as service:
        card = await service.card()
        assert (card["gatewayKey"]["state"], card["team"]["name"]) == ("active", "orchard")
        assert card["budget"]["complete"] is False
        (finding,) = card["findings"]
        assert finding["code"] == "spend-incomplete"
        assert "today is read back to 11:" in finding["message"]
        assert 0 < spent(card) < 60
        card = await service.refreshed(4)
    assert (spent(card), card["budget"]["complete"]) == (Decimal(60), True)
    assert "spend-incomplete" not in codes(card)


async def test_readiness_does_not_wait_for_events(tmp_path: Path) -> None:
    """The service is ready after its first answer, although most of today has not been read."""
    orchard = busy(tmp_path, 30 * PAGE)

    def slow_page(_page: int) -> None:
        orchard.time.pass_(0.05)

    async with orchard.service(before_page=slow_page) as service:
        await service.card()
        ready = await service.client.get("/readyz")
        share = (await service.client.get("/health")).json()["checks"]["ledger:read"][0]["observedValue"]
    assert (ready.status_code, 0 < share < 1) == (200, True)


async def test_position_cursors_and_a_page_that_fails_count_nothing_twice(tmp_path: Path) -> None:
    """Where pages are found by position, new events shift them and one fails: each event still counts once."""
    orchard = busy(tmp_path, 15 * PAGE)
    orchard.state.listing = EventListing(cursors="position")

    def before_page(page: int) -> None:
        orchard.spend("0.01")
        if page in {4, 12}:
            orchard.faults.put(Rule(kind="status", code=500, path=EVENTS, times=3))

    async with orchard.service(before_page=before_page) as service:
        card = await service.refreshed(6)
        published = len(orchard.state.decisions)
    assert service.upstream.pages > 15
    assert (spent(card), card["budget"]["complete"]) == (published * Decimal("0.01"), True)
    assert card["activity"]["requests"] == published


async def test_a_refusal_that_lasts_keeps_the_ordinary_pace(tmp_path: Path) -> None:
    """Where Keeptrusts refuses events for good, its lists are read once a refresh interval and not more often."""
    orchard = Orchard(tmp_path)
    orchard.faults.put(Rule(kind="denied", path=EVENTS))
    async with orchard.service() as service:
        assert await readings_within(service, orchard.time, minutes=10) <= 20


async def test_an_unknown_form_keeps_the_ordinary_pace(tmp_path: Path) -> None:
    """Where the list of wallets is of another form, the lists are read once a refresh interval and not more often."""
    orchard = Orchard(tmp_path)
    orchard.faults.put(Rule(kind="body", path="/v1/wallets", text='{"rows": []}'))
    async with orchard.service() as service:
        assert await readings_within(service, orchard.time, minutes=10) <= 20


async def readings_within(service: Service, time: Time, *, minutes: int) -> int:
    """How often teams are listed in so many minutes after the first reading, with a request every five seconds."""
    await service.card()
    before = service.upstream.paths.count("/v1/teams")
    for _ in range(minutes * 12):
        time.pass_(5)
        await service.card()
        await service.read_in_background()
    return service.upstream.paths.count("/v1/teams") - before
