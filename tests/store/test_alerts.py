"""What the watch keeps in the database, on every engine: what was sent, and what was swept."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bff.backstage.entities import Watched
from bff.store.database import Database, LeaseLostError
from bff.store.lease import Leases
from bff.values import EntityRef
from bff.watch.alert_store import AlertStore, Delivery
from bff.watch.alerts import Condition, Decision, Message, over_message
from bff.watch.sweep import SweepResult, SweepStore

from .conftest import taken

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
BOT, OWNER = EntityRef("component", "default", "bot"), EntityRef("group", "default", "red")
MESSAGE = Message(
    OWNER, BOT, "bot", "its daily budget is spent", "115 USD", "spent", "/catalog", until=NOW + timedelta(hours=12)
)
OVER = Condition("budget|bot", "budget", "budget-exceeded", 3, "2026-03-10", MESSAGE)


def store(database: Database, organisation: str = "org", *channels: str) -> AlertStore:
    return AlertStore(database, organisation, channels=channels or ("backstage",))


async def test_what_is_raised_is_loaded_again(database: Database) -> None:
    """A raised alert comes back with every field, due on the channels that are on, for its organisation alone."""
    held = await taken(database)
    await store(database).write(Decision(raised=(OVER,)), held, now=NOW)
    (row,) = (await store(database).load()).values()
    assert (row.sent.message, row.sent.since, row.deliveries) == (MESSAGE, NOW, {"backstage": Delivery.DUE})
    assert (row.sent.step, row.sent.peak, row.sent.reached, row.sent.window) == (3, 3, 0, "2026-03-10")
    assert await store(database, "another").load() == {}


async def test_what_left_stays_known_in_its_window(database: Database) -> None:
    """A higher step keeps what has left of the window, and another window begins with nothing."""
    held, alerts = await taken(database), store(database)
    await alerts.write(Decision(raised=(replace(OVER, step=2, code="budget-near"),)), held, now=NOW)
    (near,) = (await alerts.load()).values()
    await alerts.mark("backstage", [(near, Delivery.SENDING)], held)
    await alerts.mark("backstage", [(near, Delivery.SENT)], held)
    await alerts.write(Decision(raised=(OVER,)), held, now=NOW)
    (over,) = (await alerts.load()).values()
    assert (over.sent.reached, over.deliveries, over.message_id != near.message_id) == (
        2,
        {"backstage": Delivery.DUE},
        True,
    )
    await alerts.write(Decision(raised=(replace(OVER, window="2026-03-11"),)), held, now=NOW)
    (next_day,) = (await alerts.load()).values()
    assert next_day.sent.reached == 0


async def test_an_outcome_that_comes_late_changes_nothing(database: Database) -> None:
    """The outcome of a message that a newer one has replaced is not written to the newer one."""
    held, alerts = await taken(database), store(database)
    await alerts.write(Decision(raised=(replace(OVER, step=2),)), held, now=NOW)
    (near,) = (await alerts.load()).values()
    await alerts.write(Decision(raised=(OVER,)), held, now=NOW)
    await alerts.mark("backstage", [(near, Delivery.SENT)], held)
    (over,) = (await alerts.load()).values()
    assert (over.deliveries, over.sent.reached) == ({"backstage": Delivery.DUE}, 0)


async def test_the_end_of_an_alert(database: Database) -> None:
    """An alert that is over has step 0 and its own message, and may be forgotten."""
    held, alerts = await taken(database), store(database, "org", "backstage", "webhook")
    await alerts.write(Decision(raised=(OVER,)), held, now=NOW)
    (row,) = (await alerts.load()).values()
    await alerts.mark("webhook", [(row, Delivery.SENT)], held)
    (row,) = (await alerts.load()).values()
    await alerts.write(Decision(over=(row.sent,)), held, now=NOW)
    (over,) = (await alerts.load()).values()
    assert (over.sent.step, over.sent.peak, over.sent.message) == (0, 3, over_message(row.sent))
    assert set(over.deliveries.values()) == {Delivery.DUE}
    await alerts.write(Decision(forgotten=(over.sent,)), held, now=NOW)
    assert await alerts.load() == {}


@pytest.mark.long
async def test_a_storm_is_written_whole(database: Database) -> None:
    """What is summed up is written too, in as many transactions as it takes."""
    held, alerts = await taken(database), store(database)
    many = tuple(replace(OVER, scope=f"budget|{number}") for number in range(1_200))
    await alerts.write(Decision(summarised=many, summary=replace(OVER, scope="storm|x")), held, now=NOW)
    rows = await alerts.load()
    assert (len(rows), [scope for scope, row in rows.items() if row.to_send("backstage")]) == (1_201, ["storm|x"])


async def test_without_the_lease_nothing_is_written(database: Database) -> None:
    """A process whose lease is another's writes neither alerts nor outcomes."""
    held, alerts = await taken(database), store(database)
    await alerts.write(Decision(raised=(OVER,)), held, now=NOW)
    (row,) = (await alerts.load()).values()
    await Leases(database, holder="a", ttl=60).release(held)
    await taken(database, "b")
    for writing in (
        alerts.write(Decision(forgotten=(row.sent,)), held, now=NOW),
        alerts.mark("backstage", [(row, Delivery.SENT)], held),
    ):
        with pytest.raises(LeaseLostError):
            await writing
    assert list((await alerts.load()).values()) == [row]


async def test_a_sweep_is_loaded_again(database: Database) -> None:
    """A stored sweep comes back as it was, with a version that grows."""
    held, sweeps = await taken(database), SweepStore(database, "org")
    result = SweepResult(
        (Watched(BOT, {"keeptrusts.dev/gateway-key-name": "näme"}, OWNER),), NOW, complete=True, version=0
    )
    await sweeps.publish(result, held)
    stored = await sweeps.publish(result, held)
    assert (stored.version, await sweeps.version(), await sweeps.load()) == (2, 2, stored)
