"""What `/health` and the metrics say of the ledger and of its database, state by state."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bff.sandbox.faults import Rule
from tests.harness.postgres import PostgresServer
from tests.ledger.orchard import EVENTS, Orchard, Service

PAGE = 200


async def check(service: Service, name: str) -> tuple[str, str | None, Any]:
    """The status, the sentence and the value that `/health` has under a name."""
    found = (await service.client.get("/health")).json()["checks"][name][0]
    return found["status"], found.get("output"), found.get("observedValue")


def sample(service: Service, name: str, **labels: str) -> float | None:
    """The value of a metric as a scrape would read it."""
    metrics = service.app.service.metrics
    metrics.exposition()
    return metrics.registry.get_sample_value(f"keeptrusts_bff_{name}", labels)


async def test_a_ledger_that_is_whole_passes(tmp_path: Path) -> None:
    """With all events read, nothing is said, and the whole of today has been read."""
    orchard = Orchard(tmp_path)
    orchard.spend("1")
    async with orchard.service() as service:
        await service.refreshed(2)
        assert await check(service, "ledger:read") == ("pass", None, 1.0)
        assert await check(service, "database:state") == ("pass", None, "leading")
        assert sample(service, "ledger_read_ratio") == 1
        assert sample(service, "ledger_checksum_difference_usd") == 0


async def test_before_the_first_reading_it_says_so(tmp_path: Path) -> None:
    """Before anything was read, the ledger warns and its share is -1."""
    async with Orchard(tmp_path).service() as service:
        assert await check(service, "ledger:read") == ("warn", "no event has been read yet", None)
        assert sample(service, "ledger_read_ratio") == -1


async def test_catching_up_says_how_far_today_has_been_read(tmp_path: Path) -> None:
    """While today is still being read, the time that was reached and the share are named."""
    orchard = Orchard(tmp_path)
    for ago in range(30 * PAGE):
        orchard.publish("0.01", at=orchard.time.now() - timedelta(seconds=ago))

    def slow_page(_page: int) -> None:
        orchard.time.pass_(0.05)

    async with orchard.service(before_page=slow_page) as service:
        await service.card()
        status, output, share = await check(service, "ledger:read")
        ratio = sample(service, "ledger_read_ratio")
    assert (status, output) == ("warn", "today is read back to 11:30 UTC so far")
    assert ratio is not None
    assert share == round(ratio, 4)
    assert 0 < share < 0.1


@pytest.mark.long
async def test_older_days_under_way_say_how_far_they_go_back(tmp_path: Path) -> None:
    """While older days are being read, the oldest day that was reached is named; today's share is whole."""
    orchard = Orchard(tmp_path)
    for day in range(1, 60):
        for _ in range(250):
            orchard.publish("0.01", at=orchard.time.now() - timedelta(days=day))
    async with orchard.service() as service:
        await service.card()
        assert await check(service, "ledger:read") == ("pass", "older days are read back to 2026-01-30 so far", 1.0)
        await service.refreshed(3)
        assert await check(service, "ledger:read") == ("pass", None, 1.0)


async def test_wallets_that_have_paid_more_say_by_how_much(tmp_path: Path) -> None:
    """What the wallets have paid beyond the events is named in `/health` and in the metric."""
    orchard = Orchard(tmp_path)
    orchard.spend("1")
    async with orchard.service() as service:
        await service.refreshed()
        orchard.pay("50")
        await service.refreshed(3)
        said = "the wallets have paid 50 USD more than the events that were published add up to"
        assert await check(service, "ledger:read") == ("warn", said, 1.0)
        assert sample(service, "ledger_checksum_difference_usd") == 50


async def test_an_event_older_than_what_is_still_counted_is_said_to_be_missing(tmp_path: Path) -> None:
    """The event of a frozen day is not counted any more, and what it cost stays named as a difference."""
    orchard = Orchard(tmp_path)
    orchard.spend("1")
    async with orchard.service() as service:
        await service.refreshed()
        orchard.spend("7", at=orchard.time.now() - timedelta(days=5))
        await service.refreshed(8)
        status, output, _ = await check(service, "ledger:read")
    assert status == "warn"
    assert output == "the wallets have paid 7 USD more than the events that were published add up to"


async def test_an_event_that_cannot_be_read_is_named_and_counted(tmp_path: Path) -> None:
    """One event of another form is named with its id and field, counted in the metric, and the others still count."""
    orchard = Orchard(tmp_path)
    row = {
        "event_id": "evt_odd",
        "timestamp": "2026-03-11T11:59:00Z",
        "event_type": "decision",
        "token_id": orchard.key.id,
    }
    rows = [row | {"model": 7}, row | {"event_id": "evt_good", "event_cost_attribution": {"total_cost_usd": 2}}]
    orchard.faults.put(Rule(kind="body", path=EVENTS, text=json.dumps({"events": rows})))
    async with orchard.service() as service:
        card = await service.refreshed()
        status, output, _ = await check(service, "keeptrusts:snapshot-age")
        read = await check(service, "ledger:read")
        rejected = sample(service, "rejected_rows", list="spend")
    assert (status, output) == (
        "warn",
        "spend: 1 row was left out: events.model (evt_odd): Input should be a valid string",
    )
    assert (read[0], read[1]) == ("warn", "one event could not be read")
    assert rejected == 1
    assert (card["budget"]["spent"]["amount"], card["budget"]["complete"]) == ("2", False)


async def test_many_odd_events_hide_none(tmp_path: Path) -> None:
    """Among hundreds of odd events of other keys, the one of this key still makes its sum incomplete."""
    orchard = Orchard(tmp_path)
    row = {"timestamp": "2026-03-11T11:59:00Z", "event_type": "decision"}
    odd = [row | {"event_id": f"evt_{number}", "token_id": f"tok_{number}", "model": 7} for number in range(400)]
    odd[30] |= {"token_id": orchard.key.id}
    good = row | {"event_id": "evt_good", "token_id": orchard.key.id, "event_cost_attribution": {"total_cost_usd": 2}}
    orchard.faults.put(Rule(kind="body", path=EVENTS, text=json.dumps({"events": [*odd, good]})))
    async with orchard.service() as service:
        card = await service.refreshed(3)
    assert (card["budget"]["spent"]["amount"], card["budget"]["complete"]) == ("2", False)


async def test_an_odd_event_of_an_older_day_makes_that_day_incomplete(tmp_path: Path) -> None:
    """The report of a day before today is a lower bound where one of its events could not be read; other days are whole."""
    orchard = Orchard(tmp_path)
    row = {"event_type": "decision", "token_id": orchard.key.id}
    odd = row | {"event_id": "evt_odd", "timestamp": "2026-03-09T11:59:00Z", "model": 7}
    good = row | {
        "event_id": "evt_1",
        "timestamp": "2026-03-11T11:59:00Z",
        "event_cost_attribution": {"total_cost_usd": 2},
    }
    orchard.faults.put(Rule(kind="body", path=EVENTS, text=json.dumps({"events": [good, odd]})))
    async with orchard.service() as service:
        await service.refreshed()
        orchard.faults.clear()
        # What was read is past; older days are not read a second time.
        for _ in range(3):
            orchard.spend("1")
            await service.refreshed()
        report = await service.report(days=4)
    assert [day["complete"] for day in report["byDay"]] == [True, False, True, True]


async def test_an_event_without_an_id_is_counted_once(tmp_path: Path) -> None:
    """An odd event without an id is one event, wherever in a page it stands when it is read again."""
    orchard = Orchard(tmp_path)
    row = {"timestamp": "2026-03-11T12:00:30Z", "event_type": "decision", "token_id": orchard.key.id}
    odd, good = row | {"event_id": 7}, row | {"event_id": "evt_1"}
    async with orchard.service() as service:
        for events in ([odd, good], [good, odd]):
            orchard.faults.clear()
            orchard.faults.put(Rule(kind="body", path=EVENTS, text=json.dumps({"events": events})))
            await service.refreshed()
        assert sample(service, "rejected_rows", list="spend") == 1


async def test_an_event_that_can_be_read_after_all_is_forgotten(tmp_path: Path) -> None:
    """Once an odd event is given in the right form, it counts, and nothing is said of it any more."""
    orchard = Orchard(tmp_path)
    row = {
        "event_id": "evt_1",
        "timestamp": "2026-03-11T12:00:30Z",
        "event_type": "decision",
        "token_id": orchard.key.id,
    }
    priced = row | {"event_cost_attribution": {"total_cost_usd": 2}}
    good = priced | {"event_id": "evt_2"}
    async with orchard.service() as service:
        orchard.faults.put(Rule(kind="body", path=EVENTS, text=json.dumps({"events": [priced | {"model": 7}, good]})))
        await service.refreshed()
        before = sample(service, "rejected_rows", list="spend")
        orchard.faults.clear()
        orchard.faults.put(Rule(kind="body", path=EVENTS, text=json.dumps({"events": [priced, good]})))
        card = await service.refreshed(2)
        after = sample(service, "rejected_rows", list="spend")
    assert (before, after) == (1, 0)
    assert (card["budget"]["spent"]["amount"], card["budget"]["complete"]) == ("4", True)


async def test_events_that_are_refused_are_not_called_unread(tmp_path: Path) -> None:
    """Where the token may not read events, the ledger says so instead of waiting for a first reading."""
    orchard = Orchard(tmp_path)
    orchard.faults.put(Rule(kind="denied", path=EVENTS))
    async with orchard.service() as service:
        await service.card()
        status, output, _ = await check(service, "ledger:read")
    assert status == "warn"
    assert output is not None
    assert output.startswith("events cannot be read: ")
    assert "403" in output


async def test_a_folder_that_cannot_be_written_is_named_as_a_loss(tmp_path: Path) -> None:
    """With `BFF_DATA_DIR` below a file, answers go on from memory, and the database warns of the next restart."""
    orchard = Orchard(tmp_path)
    orchard.spend("1")
    (tmp_path / "file").touch()
    async with orchard.service(bff_data_dir=tmp_path / "file" / "data") as service:
        card = await service.refreshed()
        said = "kept in memory, since its folder cannot be written: a restart reads all events again"
        assert await check(service, "database:state") == ("warn", said, "leading")
    assert card["budget"]["spent"]["amount"] == "1"


async def test_a_database_that_is_stopped_is_named_until_it_is_back(
    tmp_path: Path, postgres_server: PostgresServer, postgres_url: str
) -> None:
    """While PostgreSQL is stopped, the last answer is given and the database warns; afterwards it passes by itself."""
    orchard = Orchard(tmp_path)
    orchard.spend("1")
    async with orchard.service(database_url=postgres_url) as service:
        await service.refreshed()
        postgres_server.stop()
        card = await service.refreshed()
        status, output, role = await check(service, "database:state")
        assert (status, role, card["budget"]["spent"]["amount"]) == ("warn", "alone", "1")
        assert output is not None
        assert postgres_url not in output
        postgres_server.start()
        await service.refreshed(2)
        assert await check(service, "database:state") == ("pass", None, "leading")
