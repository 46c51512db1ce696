"""The rule of alerts: each step once a window, upwards only, its end once, and nothing from facts that are not whole."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bff.keeptrusts.facts import Cause, Reading, SpendToday
from bff.status.claims import MONTHLY_BUDGET, NOTIFY, Owner
from bff.status.findings import ALERTED, Code
from bff.watch import alerts
from bff.watch.alerts import Conditions, Message, conditions, current_parts, service_conditions
from tests.status.conftest import KEY, MIDNIGHT, NOON, OTHERS_KEY, Scenario, usd, wallet
from tests.watch.conftest import BOT, OWNER, UTC_ZONE, Inbox, assessed

LATER = NOON + timedelta(minutes=5)
NEXT_DAY = MIDNIGHT + timedelta(days=1, hours=12)


def spent(amount: str, **changes: object) -> Scenario:
    return Scenario().having_spent(amount, **changes)


def on(now: datetime, amount: str) -> Scenario:
    """The same entity at another moment, with the facts of that moment."""
    day = SpendToday(now.date(), by_key={"tok_1": usd(amount)})
    readings = {
        part: replace(getattr(Scenario(), part), observed_at=now)
        for part in ("teams", "keys", "configurations", "wallets")
    }
    return Scenario(now=now, spend=Reading(day, now), **readings)  # type: ignore[arg-type]


def message_of(scenario: Scenario) -> Message:
    """The message of the one thing that is the case."""
    found = conditions(
        [assessed(scenario)],
        current=current_parts(scenario.facts, stale=False, now=scenario.now, zone=UTC_ZONE),
        now=scenario.now,
        zone=UTC_ZONE,
    )
    (condition,) = found.holding.values()
    return condition.message


# --- steps ---


def test_an_entity_in_order_is_no_news() -> None:
    """Nothing is sent about an entity in order."""
    assert Inbox().round(Scenario()) == []


def test_each_step_is_sent_once() -> None:
    """Each step of a budget is sent as it is reached, and not again in the rounds after."""
    inbox = Inbox()
    amounts = ["100", "410", "420", "499", "500", "900"]
    assert [inbox.round(spent(amount)) for amount in amounts] == [
        [],
        [("budget-near", 2)],
        [],
        [],
        [("budget-exceeded", 3)],
        [],
    ]


def test_a_higher_step_replaces_the_lower_one() -> None:
    """Both steps of a budget have one scope, by which the second message takes the place of the first."""
    near = conditions([assessed(spent("410"))], current={"teams", "keys", "spend"}, now=NOON, zone=UTC_ZONE)
    over = conditions([assessed(spent("510"))], current={"teams", "keys", "spend"}, now=NOON, zone=UTC_ZONE)
    assert set(near.holding) == set(over.holding) == {f"budget|{BOT}"}


def test_a_lower_step_is_not_sent_after_a_higher_one() -> None:
    """Where a budget is raised so that the spend is near it again, nothing is sent."""
    inbox = Inbox()
    inbox.round(spent("510"))
    assert inbox.round(spent("510").annotated(budget="600")) == []


def test_the_pace_counts_once_it_has_held_twice() -> None:
    """That a budget will run out is sent where two assessments after each other say so."""
    inbox, fast = Inbox(), on(MIDNIGHT + timedelta(hours=6), "300")
    assert Code.BUDGET_PACE in fast.codes()
    assert [inbox.round(fast), inbox.round(fast), inbox.round(fast)] == [[], [("budget-pace", 1)], []]


def test_a_pace_that_does_not_hold_is_not_sent() -> None:
    """A pace that the next assessment no longer sees is not sent, and has to hold twice again."""
    inbox, fast, slow = Inbox(), on(MIDNIGHT + timedelta(hours=6), "300"), on(MIDNIGHT + timedelta(hours=6), "10")
    assert [inbox.round(each) for each in (fast, slow, fast, slow)] == [[], [], [], []]


def test_a_pace_comes_once_a_day() -> None:
    """A pace that holds, pauses and holds again is sent once a day."""
    inbox, fast, slow = Inbox(), on(MIDNIGHT + timedelta(hours=6), "300"), on(MIDNIGHT + timedelta(hours=6), "10")
    sent = [code for each in (fast, fast, slow, fast, fast) for code, _ in inbox.round(each)]
    assert sent == ["budget-pace"]


def test_the_hour_is_in_the_message() -> None:
    """The message of a pace says at which hour the budget runs out."""
    found = conditions(
        [assessed(on(MIDNIGHT + timedelta(hours=6), "300"))],
        current={"teams", "keys", "spend"},
        now=NOON,
        zone=UTC_ZONE,
        paced_before=frozenset({(BOT, "budget-pace", "2026-03-10")}),
    )
    assert "10:00 UTC" in found.holding[f"budget|{BOT}"].message.text


# --- windows ---


def test_a_new_day_is_a_new_window() -> None:
    """What was sent yesterday is sent again where it is so today."""
    inbox = Inbox()
    inbox.round(spent("510"))
    assert inbox.round(on(NEXT_DAY, "510")) == [("budget-exceeded", 3)]


def test_the_end_of_a_day_is_no_news() -> None:
    """That a new day begins with nothing spent is not sent as the end of yesterday's alert."""
    inbox = Inbox()
    inbox.round(spent("510"))
    assert inbox.round(on(NEXT_DAY, "1")) == []
    assert inbox.rows == {}


def test_the_end_is_sent_once() -> None:
    """Where a raised budget ends what was sent, that is sent once."""
    inbox, raised = Inbox(), spent("510").annotated(budget="5000")
    inbox.round(spent("510"))
    assert [inbox.round(raised), inbox.round(raised)] == [[("budget-exceeded", 0)], []]


def test_what_comes_back_in_its_window_is_no_news() -> None:
    """After its end a step is not sent again in the same window."""
    inbox = Inbox()
    inbox.round(spent("510"))
    inbox.round(spent("510").annotated(budget="5000"))
    assert inbox.round(spent("510")) == []


def test_an_empty_wallet_is_sent_once_however_long_it_lasts() -> None:
    """A wallet that stays empty for days is sent once, and its end once."""
    inbox = Inbox()
    empty = Scenario(wallets=Reading((wallet("0"),), NOON))
    days = [NOON + timedelta(days=day) for day in range(4)]
    assert [inbox.round(empty, now=now) for now in days] == [[("wallet-depleted", 2)], [], [], []]
    assert [inbox.round(Scenario(), now=days[3]), inbox.round(Scenario(), now=days[3])] == [
        [("wallet-depleted", 0)],
        [],
    ]


def test_a_wallet_that_flaps_is_sent_once_a_day() -> None:
    """A wallet that is low, not low and low again is sent once a day, and again the next day."""
    inbox, low = Inbox(), Scenario(wallets=Reading((wallet("50"),), NOON))
    times = [NOON, NOON + timedelta(hours=1), NOON + timedelta(hours=2), NOON + timedelta(days=1)]
    sent = [inbox.round(each, now=now) for each, now in zip((low, Scenario(), low, low), times, strict=True)]
    assert sent == [[("wallet-low", 1)], [("wallet-low", 0)], [], [("wallet-low", 1)]]


@pytest.mark.parametrize(
    ("left", "step"),
    [
        (timedelta(days=20), None),
        (timedelta(days=13), 1),
        (timedelta(days=4), 1),
        (timedelta(days=3), 2),
        (timedelta(hours=1), 2),
    ],
)
def test_a_key_is_sent_at_14_and_3_days(left: timedelta, step: int | None) -> None:
    """A key has its first alert within 14 days of its end and the second within 3."""
    ending = Scenario(keys=Reading((replace(KEY, expires_at=NOON + left),), NOON))
    assert Inbox().round(ending) == ([] if step is None else [("key-expiring", step)])


def test_a_key_goes_through_its_steps() -> None:
    """A key that is not renewed is sent three times: 14 days before, 3 days before, and as it ends."""
    inbox, end = Inbox(), NOON
    sent = []
    for before in range(20, -3, -1):
        now = end - timedelta(days=before)
        at = replace(on(now, "1"), keys=Reading((replace(KEY, expires_at=end),), now))
        sent += inbox.round(at)
    assert sent == [("key-expiring", 1), ("key-expiring", 2), ("key-expired", 3)]


def test_a_successor_ends_the_alert_of_its_key() -> None:
    """A new key of the same name ends what was sent of the old one."""
    inbox = Inbox()
    inbox.round(Scenario(keys=Reading((replace(KEY, expires_at=NOON + timedelta(days=1)),), NOON)))
    successor = replace(KEY, id="tok_2", created_at=NOON)
    assert inbox.round(Scenario(keys=Reading((successor,), NOON))) == [("key-expiring", 0)]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (Scenario(keys=Reading((replace(KEY, revoked=True),), NOON)), "key-revoked"),
        (Scenario(keys=Reading((OTHERS_KEY,), NOON)), "key-not-found"),
        (Scenario().annotated(tier="tier-1-exploration"), "tier-drift"),
    ],
    ids=["revoked", "gone", "another tier"],
)
def test_what_is_broken_is_sent(change: Scenario, code: str) -> None:
    """A key that is revoked or gone, and a tier that differs, are each sent once."""
    inbox = Inbox()
    assert [[each for each, _ in inbox.round(change)] for _ in range(2)] == [[code], []]


# --- what is not known ---


def test_incomplete_spend_says_at_least() -> None:
    """A lower bound that passes a step is sent, and its message says that it is one."""
    assert "at least 410 USD" in message_of(spent("410", missing="some events are not read")).text


def test_incomplete_spend_ends_nothing() -> None:
    """A sum that is only a lower bound does not end an alert."""
    inbox = Inbox()
    inbox.round(spent("510"))
    assert inbox.round(spent("10", missing="some events are not read")) == []


def test_stale_facts_are_no_news() -> None:
    """From a snapshot that could not be renewed nothing is raised, and nothing ends."""
    inbox = Inbox()
    assert inbox.round(spent("510"), stale=True) == []
    inbox.round(spent("510"))
    assert inbox.round(spent("1"), stale=True) == []


@pytest.mark.parametrize(
    ("part", "silent"),
    [("spend", "budget-near"), ("wallets", "wallet-low"), ("keys", "key-revoked"), ("configurations", "tier-drift")],
)
def test_a_part_that_is_kept_from_before_is_no_news(part: str, silent: str) -> None:
    """Where one part of the facts could not be renewed, what depends on it is not sent."""
    wrong = spent("410").annotated(tier="tier-1-exploration").but(wallets=Reading((wallet("50"),), NOON))
    if silent == "key-revoked":
        wrong = wrong.but(keys=Reading((replace(KEY, revoked=True),), NOON))
    assert silent in {code for code, _ in Inbox().round(wrong)}
    kept = wrong.but(**{part: replace(getattr(wrong, part), cause=Cause.UNAVAILABLE)})
    assert silent not in {code for code, _ in Inbox().round(kept)}


def test_an_owner_that_cannot_be_read_ends_nothing() -> None:
    """While the catalog does not say whose an entity is, its alert stays as it is."""
    inbox = Inbox()
    inbox.round(spent("510"))
    assert inbox.round(spent("510").but(owner=Owner(OWNER, unreadable=True))) == []
    assert inbox.round(spent("510")) == []


def test_an_entity_that_is_gone_is_forgotten_after_a_whole_sweep_alone() -> None:
    """What was sent of an entity is kept while the sweep may have missed it, and forgotten once it is gone."""
    inbox = Inbox()
    inbox.round(spent("510"))
    inbox.take(Conditions({}, frozenset(), frozenset()), LATER, whole=False)
    assert inbox.rows
    inbox.take(Conditions({}, frozenset(), frozenset()), LATER, whole=True)
    assert inbox.rows == {}


# --- who sees what ---


def test_the_message_is_for_the_owner() -> None:
    """The message goes to the owner, begins with the entity's name, leads to the spend tab, and has the amounts."""
    message = message_of(spent("410"))
    assert (message.recipient, message.entity, message.bad) == (OWNER, BOT, True)
    assert message.title == "bot: most of its daily budget is spent"
    assert message.link == "/catalog/default/component/bot/ai-spend"
    assert message.text == "Today's spend of 410 USD is 82 % of the daily budget of 500 USD."
    assert "\n" not in message.text


@pytest.mark.parametrize("scenario", [spent("410"), spent("510"), Scenario(wallets=Reading((wallet("12.34"),), NOON))])
def test_the_plain_text_and_the_title_hold_no_amount(scenario: Scenario) -> None:
    """Title and plain text, which people see who see no amounts, hold no digit."""
    message = message_of(scenario)
    assert not any(character.isdigit() for character in message.title + message.plain)
    assert any(character.isdigit() for character in message.text)


def test_a_group_that_may_claim_no_team_gets_no_amount() -> None:
    """Where an owner's members do not see its amounts, the message holds none."""
    scenario = spent("410").but(owner=Owner(OWNER, may_claim_team=False)).ruled(ownership_enforced=False)
    message = message_of(scenario)
    assert message.text == message.plain


def test_a_foreign_key_gives_nothing_away() -> None:
    """An entity that claims a key of another team raises no alert of that key, its budget or its wallet."""
    foreign = Scenario(
        wallets=Reading((wallet(), wallet("1", team="team_777")), NOON),
        spend=Reading(SpendToday(MIDNIGHT.date(), by_key={"tok_777": usd(7777)}), NOON),
    ).annotated(key="others-key")
    assert Code.OWNER_MISMATCH in foreign.codes()
    assert Inbox().round(foreign) == []


def test_what_has_no_owner_is_for_the_platform_groups() -> None:
    """An entity without an owner is sent to the platform groups, and to no one else."""
    message = message_of(Scenario(owner=Owner(None)))
    assert (message.recipient, message.title) == (None, "bot: it has no owner")


def test_a_wallet_is_sent_once_for_all_entities_of_its_team() -> None:
    """Entities of one owner that share a wallet have one alert of it."""
    low = Scenario(wallets=Reading((wallet("50"),), NOON))
    assert Inbox().round(low, low, low) == [("wallet-low", 1)]


def test_refused_tokens_are_for_the_platform_groups() -> None:
    """A token of the service that is refused is sent to the platform groups once, and its end once."""
    inbox, facts = Inbox(), Scenario().facts
    denied = replace(facts, wallets=Reading(None, cause=Cause.DENIED))
    rounds = [
        service_conditions(denied, backstage_denied="refused"),
        service_conditions(denied, backstage_denied=""),
        service_conditions(facts, backstage_denied=None),
        service_conditions(facts, backstage_denied=None),
    ]
    sent = [sorted(inbox.take(found, NOON)) for found in rounds]
    assert sent == [
        [("catalog-denied", 1), ("upstream-denied", 1)],
        [],
        [("catalog-denied", 0), ("upstream-denied", 0)],
        [],
    ]
    assert rounds[0].holding["service|keeptrusts"].message.recipient is None


# --- switches ---


@pytest.mark.parametrize("value", ["off", " OFF "])
def test_an_entity_can_be_switched_off(value: str) -> None:
    """Nothing is sent about an entity whose annotation says off."""
    scenario = spent("510")
    scenario = scenario.but(annotations={**scenario.annotations, NOTIFY: value})
    assert Inbox().round(scenario) == []


def test_a_code_can_be_muted() -> None:
    """A code that the policy mutes is not sent; the others of its subject are."""
    inbox = Inbox()
    muted = {"budget-near"}
    assert inbox.round(spent("410"), muted=muted) == []
    assert inbox.round(spent("510"), muted=muted) == [("budget-exceeded", 3)]


def test_what_can_be_muted_is_what_is_alerted() -> None:
    """The codes that a policy may mute are those that are ever sent."""
    assert set(alerts._STEPS) == ALERTED


# --- storms ---


def many(number: int, amount: str) -> list[Scenario]:
    return [spent(amount)] * number


def test_a_storm_is_summed_up() -> None:
    """Of 10,000 entities over budget at once 50 are sent, and one summary for the platform groups."""
    (one,) = conditions(
        [assessed(spent("510"))], current={"teams", "keys", "spend"}, now=NOON, zone=UTC_ZONE
    ).holding.values()
    holding = {f"budget|e{n}": replace(one, scope=f"budget|e{n}") for n in range(10_000)}
    found = Conditions(holding, frozenset(), frozenset(holding))
    inbox = Inbox()
    sent = inbox.take(found, NOON)
    assert (len(sent), sent.count(("budget-exceeded", 3)), sent[-1]) == (51, 50, ("storm", 1))
    summary = inbox.rows[f"storm|{NOON.isoformat(timespec='minutes')}"].message
    assert (summary.recipient, summary.title) == (None, "AI governance: 9,950 more alerts at once")
    assert summary.text == "They were not sent one by one: budget-exceeded 9,950."
    assert inbox.take(found, LATER) == []


def test_what_stops_requests_comes_first() -> None:
    """In a storm those alerts are sent whose findings are errors."""
    sent = Inbox().round(*many(40, "410"), *many(40, "510"))
    assert (sent.count(("budget-exceeded", 3)), sent.count(("budget-near", 2))) == (40, 10)


def test_a_storm_of_ends_is_summed_up_too() -> None:
    """Where more than 50 alerts end at once, the rest is part of the summary."""
    inbox = Inbox()
    for first in range(0, 120, 40):
        inbox.round(*many(first + 40, "510"))
    sent = inbox.round(*[spent("510").annotated(budget="9999")] * 120)
    assert (sent.count(("budget-exceeded", 0)), sent.count(("storm", 1))) == (50, 1)


# --- what did not arrive ---


def test_what_never_arrived_has_no_end() -> None:
    """What is over before it could be sent is dropped, and its end is not sent."""
    inbox = Inbox(delivers=False)
    inbox.round(spent("510"))
    assert inbox.round(spent("510").annotated(budget="5000")) == []
    assert inbox.rows == {}


def test_the_end_is_sent_where_a_lower_step_arrived() -> None:
    """Where a lower step arrived and the higher one did not, the end is sent."""
    inbox = Inbox()
    inbox.round(spent("410"))
    inbox.delivers = False
    inbox.round(spent("510"))
    assert inbox.round(spent("510").annotated(budget="5000")) == [("budget-exceeded", 0)]


def test_a_long_name_fits() -> None:
    """A title has at most 255 characters in one line, whatever a team is called."""
    message = replace(message_of(spent("410")), name="x\n" * 300)
    assert len(message.title) == 255
    assert message.title.isprintable()


def test_money_is_not_rounded_into_a_step() -> None:
    """An amount just below a step does not reach it."""
    assert Inbox().round(spent("399.999999999999")) == []
    assert Inbox().round(spent(str(Decimal(500) - Decimal("1e-12")))) == [("budget-near", 2)]


# --- months and unusual days ---


def monthly(budget: str) -> Scenario:
    """An entity that has spent 100 USD on each day of the month until noon of the 10th, with this monthly budget."""
    scenario = Scenario().after()
    return scenario.but(annotations={**scenario.annotations, MONTHLY_BUDGET: budget})


def test_a_month_is_sent_step_by_step() -> None:
    """The steps of a monthly budget are each sent once in a month: a forecast that holds twice, 80 % and 100 %."""
    inbox = Inbox()
    budgets = ["2000", "2000", "2000", "1100", "1100", "900", "900"]
    assert [inbox.round(monthly(budget)) for budget in budgets] == [
        [],
        [("month-budget-pace", 1)],
        [],
        [("month-budget-near", 2)],
        [],
        [("month-budget-exceeded", 3)],
        [],
    ]


def test_a_month_that_is_within_its_budget_again_is_sent() -> None:
    """The end of a month's alert is sent where all its days are whole, and not where some are not."""
    inbox = Inbox()
    inbox.round(monthly("900"))
    part = monthly("9000").after(incomplete=(MIDNIGHT.date() - timedelta(days=3),))
    assert [inbox.round(part), inbox.round(monthly("9000"))] == [[], [("month-budget-exceeded", 0)]]


def test_an_unusual_day_is_sent_once() -> None:
    """A day that is unusual is sent once, though it stays a finding for days, and has no end."""
    inbox, unusual = Inbox(), Scenario().after(5000)
    assert Code.SPEND_UNUSUAL in unusual.codes()
    rounds = [inbox.round(unusual), inbox.round(unusual), inbox.round(Scenario(), now=NEXT_DAY), inbox.round(unusual)]
    assert rounds == [[("spend-unusual", 1)], [], [], []]


def test_the_page_names_what_is_alerted() -> None:
    """The table of the documentation has one row for each code that is ever sent."""
    page = (Path(__file__).parents[2] / "docs/notifications.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE) == list(alerts._SAID)
