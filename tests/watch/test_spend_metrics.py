"""Amounts for Prometheus are those of the cards, of one snapshot, and only where somebody asked for them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bff.backstage.entities import CatalogUnavailableError
from bff.keeptrusts.facts import Cause, Reading, SpendToday
from bff.status.claims import DAILY_BUDGET, GATEWAY_KEY_NAME, Owner, Subject
from bff.status.leader import Role
from bff.telemetry.metrics import Metrics, SpendSeries
from bff.values import EntityRef
from bff.watch import spend_metrics
from bff.watch.spend_metrics import SpendMetrics, spend_series
from tests.conftest import Running, Start
from tests.status.conftest import MIDNIGHT, NOON, Scenario, usd

PREFIX = "keeptrusts_bff_"
AMOUNTS = ("spent_today_usd", "daily_budget_usd", "budget_used_ratio", "budget_exhaustion_seconds", "wallet_available")
Samples = dict[str, dict[tuple[str, ...], float]]


def samples(exposition: bytes, *by: str) -> Samples:
    """The values of all amounts in what a scrape reads, by metric and by the labels named."""
    found: Samples = {name: {} for name in AMOUNTS}
    for family in text_string_to_metric_families(exposition.decode()):
        name = family.name.removeprefix(PREFIX)
        if name in found:
            for each in family.samples:
                found[name][tuple(each.labels[label] for label in by)] = each.value
    return found


def series(
    scenario: Scenario | None = None, by: Literal["team", "entity"] = "entity", *subjects: Subject
) -> list[SpendSeries]:
    """The series of the subjects, else of the one of `scenario`."""
    scenario = scenario or Scenario()
    return spend_series(
        by, subjects or (scenario.subject,), scenario.organisation, now=scenario.now, rules=scenario.rules
    )


def claiming(name: str, key: str = "support-key", budget: str | None = None) -> Subject:
    """An entity of the support team."""
    annotations = {GATEWAY_KEY_NAME: key} | ({DAILY_BUDGET: budget} if budget is not None else {})
    return Subject(EntityRef("component", "default", name), annotations, Scenario().owner)


def test_an_entity_has_what_its_card_has() -> None:
    """Spend, budget, share, and what the wallet has left, with its team and its owner; a budget that lasts has no end."""
    (one,) = series()
    assert one == SpendSeries(
        team="support-team",
        entity="component:default/customer-support-bot",
        owner="group:default/support-team",
        spent=100.0,
        budget=500.0,
        used_ratio=0.2,
        exhaustion=None,
        wallet=(900.0, "USD"),
    )


def test_the_end_of_a_budget_is_in_seconds_from_the_snapshot() -> None:
    """Half the day has passed and 400 of 500 are spent: the rest lasts for three hours."""
    (one,) = series(Scenario().having_spent("400"))
    assert one.exhaustion == timedelta(hours=3).total_seconds()


@pytest.mark.parametrize(("budget", "ratio"), [("500", 1.2), ("0", None)])
def test_a_budget_that_is_used_up_ends_now(budget: str, ratio: float | None) -> None:
    """Also one of 0, of which no share can be said."""
    (one,) = series(Scenario().having_spent("600").annotated(budget=budget))
    assert (one.exhaustion, one.used_ratio) == (0.0, ratio)


def test_without_a_budget_there_is_spend_alone() -> None:
    """No series says 0 of a budget that is not declared, or cannot be read."""
    for budget in (None, "much"):
        (one,) = series(Scenario().annotated(budget=budget))
        assert (one.spent, one.budget, one.used_ratio, one.exhaustion) == (100.0, None, None, None)


def test_what_a_card_withholds_has_no_series() -> None:
    """A key of another team makes no series of its amounts, and neither does an owner that cannot be read."""
    assert series(Scenario().annotated(key="others-key")) == []
    assert series(Scenario().but(owner=Owner(EntityRef("group", "default", "support-team"), unreadable=True))) == []


def test_spend_that_is_not_known_has_no_series() -> None:
    """The wallet is known all the same."""
    (one,) = series(Scenario().but(spend=Reading(None, cause=Cause.DENIED)))
    assert (one.spent, one.budget, one.used_ratio, one.wallet) == (None, None, None, (900.0, "USD"))


def test_a_team_has_what_all_of_its_keys_have_spent() -> None:
    """Those that no entity claims too, and requests that name no key."""
    spend = SpendToday(MIDNIGHT.date(), by_key={"tok_1": usd(100)}, unattributed_by_team={"team_1": usd(7)})
    found = {each.team: each for each in series(Scenario().but(spend=Reading(spend, NOON)), "team")}
    assert found["support-team"].spent == 107.0
    assert found["support-team"].wallet == (900.0, "USD")
    assert (found["team-of-others"].spent, found["team-of-others"].budget) == (0.0, None)


def test_a_team_has_the_worst_of_its_budgets() -> None:
    """The largest share and the first end; what is declared for one key counts once, the smallest of several."""
    found = series(
        Scenario().having_spent("400"), "team", claiming("a", budget="500"), claiming("b", budget="1000"), claiming("c")
    )
    one = next(each for each in found if each.team == "support-team")
    assert (one.budget, one.used_ratio, one.exhaustion) == (500.0, 0.8, timedelta(hours=3).total_seconds())


def test_a_team_has_no_labels_of_an_entity() -> None:
    """An empty label is none to Prometheus."""
    assert {(each.entity, each.owner) for each in series(by="team")} == {("", "")}


def metrics_of(running: Running, by: Literal["team", "entity"]) -> SpendMetrics:
    """What a process that serves runs in the background."""
    service = running.app.service
    reports = service.coverage
    return SpendMetrics(
        by, reports._watched, service.cache, reports._reader, metrics=service.metrics, rules=reports._rules
    )


async def exposed(running: Running) -> bytes:
    """What a scrape reads."""
    return (await running.get("/metrics")).content


async def test_every_value_is_the_cards(running: Running) -> None:
    """For each entity of the example catalog: spend, budget, share and wallet of the card are those of the metrics."""
    await running.get("/v1/coverage?days=1")
    assert await metrics_of(running, "entity").renew()
    found = samples(await exposed(running), "entity")
    entities = [ref for ref in running.app.service.catalog.refs() if ref.kind == "component"]
    assert len(found["spent_today_usd"]) >= 5
    compared: Samples = {name: {} for name in AMOUNTS}
    for ref in entities:
        card = await running.status_of(ref.name)
        for name, value in of_card(card).items():
            compared[name][str(ref),] = value
    found["budget_used_ratio"] = {labels: round(value, 4) for labels, value in found["budget_used_ratio"].items()}
    assert found == compared
    assert all(found.values())


def of_card(card: dict[str, Any]) -> dict[str, float]:
    """What a card says, by metric."""
    found: dict[str, float] = {}
    if (budget := card["budget"]) is not None:
        found["spent_today_usd"] = float(budget["spent"]["amount"])
        if budget["daily"] is not None:
            found["daily_budget_usd"] = float(budget["daily"]["amount"])
            if budget["usedRatio"] is not None:
                found["budget_used_ratio"] = round(budget["usedRatio"], 4)
            spent, daily = Decimal(budget["spent"]["amount"]), Decimal(budget["daily"]["amount"])
            if budget["exhaustsAt"] is not None:
                left = datetime.fromisoformat(budget["exhaustsAt"]) - datetime.fromisoformat(
                    card["freshness"]["assessedAt"]
                )
                found["budget_exhaustion_seconds"] = left.total_seconds()
            elif 0 < spent >= daily:
                found["budget_exhaustion_seconds"] = 0.0
    if card["wallet"] is not None:
        found["wallet_available"] = float(card["wallet"]["available"]["amount"])
    return found


async def test_teams_are_those_of_the_organisation(running: Running) -> None:
    """With `team` no label names an entity, and what all teams have spent is what coverage has in all."""
    document = (await running.get("/v1/coverage?days=1")).json()
    assert await metrics_of(running, "team").renew()
    exposition = await exposed(running)
    found = samples(exposition, "team")
    assert b'entity="component' not in exposition
    total = sum(Decimal(str(value)) for value in found["spent_today_usd"].values())
    assert float(total) == pytest.approx(float(document["total"]["amount"]), rel=1e-12)


async def test_a_scrape_holds_no_amounts_unless_asked_for(running: Running) -> None:
    """Without the setting there is no series of them."""
    await running.get("/v1/coverage?days=1")
    exposition = await exposed(running)
    assert not any(f"{PREFIX}{name}".encode() in exposition for name in AMOUNTS)


async def test_a_process_that_does_not_lead_has_no_amounts(running: Running) -> None:
    """As soon as another process leads, without waiting for a newer snapshot."""
    await running.get("/v1/coverage?days=1")
    made = metrics_of(running, "team")
    assert await made.renew()
    assert samples(await exposed(running), "team")["spent_today_usd"]
    running.app.service.coverage._reader.role = Role.FOLLOWING
    assert not samples(await exposed(running), "team")["spent_today_usd"]


async def test_amounts_that_are_too_old_to_show_are_gone(start: Start) -> None:
    """A card is then 503, and a value that stands still would look like one that does not change."""
    async with start(bff_stale_limit_seconds=60, bff_refresh_seconds=30) as running:
        await running.get("/v1/coverage?days=1")
        assert await metrics_of(running, "team").renew()
        snapshot = running.app.service.cache._snapshot
        assert snapshot is not None
        running.app.service.cache._snapshot = replace(snapshot, stale=True)
        running.time.pass_(61)
        assert not samples(await exposed(running), "team")["spent_today_usd"]


async def test_series_are_bounded_and_those_left_out_are_counted(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first by name are shown, so that the same ones are shown each time."""
    monkeypatch.setattr(spend_metrics, "MOST_SERIES", 2)
    await running.get("/v1/coverage?days=1")
    assert await metrics_of(running, "entity").renew()
    exposition = await exposed(running)
    assert len({labels for name in AMOUNTS for labels in samples(exposition, "entity")[name]}) == 2
    (left,) = [line for line in exposition.decode().splitlines() if line.startswith(f"{PREFIX}spend_series_left_out ")]
    assert float(left.split()[1]) > 0


async def test_a_catalog_that_cannot_be_read_is_asked_again_later(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is shown meanwhile, and the loop goes on."""
    await running.get("/v1/coverage?days=1")

    async def failing() -> Any:
        raise CatalogUnavailableError("no catalog")

    monkeypatch.setattr(running.app.service.coverage._watched, "current", failing)
    assert not await metrics_of(running, "entity").renew()
    assert b"spent_today" not in await exposed(running)


def test_a_label_may_hold_any_text() -> None:
    """Names of teams are not ours: what is read back is the very name."""
    name = 'a "quoted" \\ back\nslash'
    text = Metrics().spend.render([SpendSeries(name, spent=1.5)], 0)
    assert samples(text, "team")["spent_today_usd"] == {(name,): 1.5}
