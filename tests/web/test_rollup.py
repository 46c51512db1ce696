"""Roll-ups over HTTP: against the sandbox's own accounts, as callers of a Backstage see groups, systems and domains."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pyexcel
import pytest

from bff.keeptrusts.facts import LedgerDay
from bff.sandbox.records import Charge, Cost, Key
from bff.status.leader import FactsUnreadableError
from tests.conftest import NOON, Running, Start
from tests.harness.served import served
from tests.web.test_numbers import MEMBER, OPERATOR, OWNER, STRANGER, Portal, portal

pytestmark = pytest.mark.long

ORG, SEARCH, EMEA = "group:default/customers", "group:default/search-team", "group:default/support-emea"
BOT, SUMMARIES, HELPER = (
    f"component:default/{name}" for name in ("customer-support-bot", "ticket-summarizer", "agent-helper")
)
SEARCHER, INDEXER, SILENT = (
    f"component:default/{name}" for name in ("knowledge-search", "semantic-indexer", "silent-consumer")
)
ASSIST, VOICE, CARE = "system:default/assist", "system:default/voice", "domain:default/care"
CALLS = "domain:default/calls"
GATEWAY_API = "api:default/keeptrusts-gateway-api"
DAYS = 3


def path(ref: str, query: str = f"days={DAYS}") -> str:
    """The address of an entity's roll-up."""
    kind, _, rest = ref.partition(":")
    return f"/v1/entities/{kind}/{rest}/rollup?{query}"


@asynccontextmanager
async def organisation(start: Start, **settings: Any) -> AsyncIterator[Portal]:
    """Two teams below one group; systems and domains across them; a key that two share; a group that is its own ancestor."""
    async with portal(start, **({"bff_backfill_days": DAYS} | settings)) as asked:
        stub = asked.stub
        for ref in (ORG, SEARCH, EMEA, ASSIST, VOICE, CARE, CALLS):
            stub.add(ref)
        stub.add(SUMMARIES, owner="support-team", gateway_key_name="support-team-summaries-key", daily_budget="40")
        stub.add(HELPER, owner="support-emea", gateway_key_name="support-team-gw-key", daily_budget="20")
        stub.documents[EMEA]["metadata"]["annotations"] = {"keeptrusts.dev/team": "support-team"}
        stub.add(SEARCHER, owner="search-team", gateway_key_name="search-team-gw-key", daily_budget="120")
        stub.add(INDEXER, owner="search-team", gateway_key_name="search-team-indexer-key")
        stub.add(SILENT, owner="search-team")
        stub.add("component:default/plain", owner="search-team")
        stub.relate(SILENT, "consumesApi", GATEWAY_API)
        for child, parent in ((OWNER, ORG), (SEARCH, ORG), (EMEA, OWNER), (ORG, EMEA)):
            stub.relate(child, "childOf", parent)
        owned = {BOT: OWNER, SUMMARIES: OWNER, HELPER: EMEA, SEARCHER: SEARCH, INDEXER: SEARCH, SILENT: SEARCH}
        for ref, owner in owned.items():
            stub.relate(ref, "ownedBy", owner)
        stub.relate("component:default/plain", "ownedBy", SEARCH)
        for part, whole in ((BOT, ASSIST), (HELPER, ASSIST), (SEARCHER, ASSIST), (INDEXER, VOICE)):
            stub.relate(part, "partOf", whole)
        for part, whole in ((ASSIST, CARE), (VOICE, CALLS), (CALLS, CARE), (CARE, CALLS)):
            stub.relate(part, "partOf", whole)
        yield asked


def keys_named(running: Running, *names: str) -> set[str]:
    """The ids of the sandbox's keys of these names, revoked ones too."""
    return {key.id for key in running.state.keys if key.name in names}


def truth(running: Running, key_ids: Collection[str], days: int = DAYS) -> Decimal:
    """What the sandbox's own accounts say that keys have spent over the last days."""
    first = NOON.date() - timedelta(days=days - 1)
    rows = running.state.decisions.truth(zone=running.app.settings.timezone).rows
    return sum((row.sum.spent for row in rows if row.token_id in key_ids and row.day >= first), Decimal(0))


def spend(running: Running, key: Key, cost: str, *, at: datetime, model: str = "gpt-4o") -> None:
    """Let a key spend, with the booking that pays for it."""
    account = running.state.wallets.of_team(key.team_id)
    assert account is not None
    charge = Charge(f"req_test_{at.isoformat()}", key.id, model, "openai")
    booking = running.state.wallets.settle_late(account.id, Decimal(cost), created_at=at, charge=charge)
    running.state.decide(key, "allow", charge, at=at, cost=Cost(Decimal(cost), booking.id))


def amount(value: dict[str, Any] | None) -> Decimal:
    """An amount of the wire."""
    assert value is not None
    assert value["currency"] == "USD"
    return Decimal(value["amount"])


def adds_up(document: dict[str, Any]) -> Decimal:
    """The total, which members, keys, models and days must each add up to."""
    total = amount(document["total"])
    for section in ("byKey", "byModel", "byDay"):
        assert sum((amount(each["spent"]) for each in document[section]), Decimal(0)) == total, section
    spent = [member for member in document["members"] if member["spent"] is not None]
    assert sum((amount(member["spent"]) for member in spent), Decimal(0)) == total
    for number, day in enumerate(document["byDay"]):
        assert sum((Decimal(each["byDay"][number]) for each in spent), Decimal(0)) == amount(day["spent"])
    return total


async def rolled_up(asked: Portal, user: str, ref: str, query: str = f"days={DAYS}") -> dict[str, Any]:
    """The roll-up of an entity as `user` sees it."""
    reply = await asked.get(user, path(ref, query))
    assert reply.status_code == 200, reply.text
    document: dict[str, Any] = reply.json()
    return document


ALL = ("support-team-gw-key", "support-team-summaries-key", "search-team-gw-key", "search-team-indexer-key")


@pytest.mark.parametrize(
    ("instance", "keys", "members"),
    [("", ("search-team-gw-key",), {SEARCHER, SILENT}), ("staging", ("search-team-indexer-key",), {INDEXER})],
)
async def test_members_of_another_keeptrusts_are_left_out(
    start: Start, instance: str, keys: tuple[str, ...], members: set[str]
) -> None:
    """A roll-up and its file hold the members of the service's own Keeptrusts, and the spend of their keys alone."""
    async with organisation(start, bff_instance=instance) as asked:
        asked.stub.documents[INDEXER]["metadata"]["annotations"]["keeptrusts.dev/instance"] = "staging"
        document = await rolled_up(asked, OPERATOR, SEARCH)
        file = await asked.get(OPERATOR, path(SEARCH, f"days={DAYS}&format=csv"))
        expected = truth(asked.running, keys_named(asked.running, *keys))
    assert amount(document["total"]) == expected > 0
    assert {member["entityRef"] for member in document["members"]} == members
    assert {row["key"] for row in csv.DictReader(io.StringIO(file.text))} == set(keys)


@pytest.mark.parametrize(
    ("ref", "keys", "members"),
    [
        (ORG, ALL, {BOT, SUMMARIES, HELPER, SEARCHER, INDEXER, SILENT}),
        (OWNER, ALL, {BOT, SUMMARIES, HELPER, SEARCHER, INDEXER, SILENT}),
        (SEARCH, ("search-team-gw-key", "search-team-indexer-key"), {SEARCHER, INDEXER, SILENT}),
        (ASSIST, ("support-team-gw-key", "search-team-gw-key"), {BOT, HELPER, SEARCHER}),
        (
            CARE,
            ("support-team-gw-key", "search-team-gw-key", "search-team-indexer-key"),
            {BOT, HELPER, SEARCHER, INDEXER},
        ),
    ],
    ids=["groups with children", "groups in a circle", "a group", "a system", "domains in a circle"],
)
async def test_a_total_is_what_the_accounts_say_of_its_keys(
    start: Start, ref: str, keys: tuple[str, ...], members: set[str]
) -> None:
    """The total is what the sandbox's own accounts say that the keys of all members spent, each key once."""
    async with organisation(start) as asked:
        document = await rolled_up(asked, OPERATOR, ref)
        expected = truth(asked.running, keys_named(asked.running, *keys))
    assert adds_up(document) == expected > 0
    assert {member["entityRef"] for member in document["members"]} == members
    assert {key["key"] for key in document["byKey"]} == set(keys)
    assert document["complete"] is True
    assert document["findings"] == []
    assert sum(document["states"].values()) == len(members)


async def test_a_key_that_two_claim_counts_once_and_is_named(start: Start) -> None:
    """A shared key's spend stands with its first member by reference, is 0 with the others, and the key is named with both."""
    async with organisation(start) as asked:
        document = await rolled_up(asked, OPERATOR, ASSIST)
    rows = {member["entityRef"]: member for member in document["members"]}
    assert rows[HELPER]["shared"]
    assert rows[BOT]["shared"]
    assert not rows[SEARCHER]["shared"]
    assert amount(rows[HELPER]["spent"]) > 0
    assert amount(rows[BOT]["spent"]) == 0
    assert document["sharedKeys"] == [
        {"key": "support-team-gw-key", "team": "support-team", "members": sorted([BOT, HELPER])}
    ]


async def test_a_rotated_key_counts_with_its_predecessor(start: Start) -> None:
    """What a key spent before it was rotated in the period is in the total, and is not called unclaimed."""
    async with organisation(start) as asked:
        running = asked.running
        old = next(key for key in running.state.keys if key.name == "search-team-indexer-key")
        running.state.revoke_key(old.id, at=NOON - timedelta(hours=2))
        new, _ = running.state.create_key("search-team-indexer-key", old.team_id, created_at=NOON - timedelta(hours=2))
        spend(running, new, "7.000000000001", at=NOON - timedelta(hours=1))
        document = await rolled_up(asked, OPERATOR, SEARCH)
        expected = truth(running, keys_named(running, "search-team-gw-key", "search-team-indexer-key"))
        of_new = truth(running, {new.id})
    assert of_new == Decimal("7.000000000001")
    assert adds_up(document) == expected
    assert amount(document["unclaimed"]) == 0


async def test_what_a_caller_may_not_see_is_no_member(start: Start) -> None:
    """An entity that Backstage hides from a caller is in no part of their roll-up, and its key is unclaimed."""
    async with organisation(start) as asked:
        asked.stub.hidden.add((OPERATOR, INDEXER))
        reply = await asked.get(OPERATOR, path(SEARCH))
        running = asked.running
        seen = truth(running, keys_named(running, "search-team-gw-key"))
        hidden = truth(running, keys_named(running, "search-team-indexer-key"))
    document = reply.json()
    assert "semantic-indexer" not in reply.text
    assert adds_up(document) == seen
    assert amount(document["unclaimed"]) == hidden > 0


async def test_a_hidden_group_hides_what_only_it_leads_to(start: Start) -> None:
    """Members of a child group are not found by a caller to whom Backstage does not show that group."""
    async with organisation(start) as asked:
        asked.stub.hidden.add((OPERATOR, SEARCH))
        document = await rolled_up(asked, OPERATOR, ORG)
    assert {member["entityRef"] for member in document["members"]} == {BOT, SUMMARIES, HELPER}


async def test_amounts_of_other_owners_are_withheld_and_counted(start: Start) -> None:
    """A member of one team sees its amounts alone: the others are counted as withheld, and the total is a lower bound."""
    async with organisation(start) as asked:
        document = await rolled_up(asked, MEMBER, ORG)
        own = truth(asked.running, keys_named(asked.running, "support-team-gw-key", "support-team-summaries-key"))
    assert adds_up(document) == own
    assert (document["withheld"], document["complete"]) == (3, False)
    assert [finding["code"] for finding in document["findings"]] == ["numbers-withheld"]
    rows = {member["entityRef"]: member for member in document["members"]}
    assert rows[SEARCHER]["withheld"]
    assert rows[SEARCHER]["keys"] == ["search-team-gw-key"]
    assert (rows[SEARCHER]["spent"], rows[SEARCHER]["byDay"], rows[SEARCHER]["previous"]) == (None, None, None)
    # The shared key's spend stands with the first member whose amounts are for this viewer.
    assert amount(rows[BOT]["spent"]) > 0
    assert document["unclaimed"] is None
    assert {wallet["team"] for wallet in document["wallets"]} == {"support-team"}


async def test_a_stranger_sees_states_alone(start: Start) -> None:
    """Who may see no member's amounts gets their states and keys, and each section with amounts is null."""
    async with organisation(start) as asked:
        document = await rolled_up(asked, STRANGER, ORG)
        counted = await rolled_up(asked, OPERATOR, ORG)
    for section in ("total", "byKey", "byModel", "byDay", "unclaimed", "dailyBudget", "wallets", "previous", "month"):
        assert document[section] is None, section
    assert (document["withheld"], document["budgets"]) == (5, 0)
    assert document["states"] == counted["states"]
    assert "amount" not in str(document["members"])


async def test_unclaimed_is_the_rest_of_the_teams_spend(start: Start) -> None:
    """A group's total and what no member claims are together all that its teams have spent."""
    async with organisation(start) as asked:
        running = asked.running
        del asked.stub.documents[INDEXER]
        document = await rolled_up(asked, OPERATOR, ORG)
        system = await rolled_up(asked, OPERATOR, ASSIST)
        teams = {team.id for team in running.state.teams if team.name in {"support-team", "search-team"}}
        whole = truth(running, {key.id for key in running.state.keys if key.team_id in teams})
    assert amount(document["total"]) + amount(document["unclaimed"]) == whole
    assert system["unclaimed"] is None


async def test_budgets_and_wallets_count_once(start: Start) -> None:
    """A shared key's budget and the wallet of a team with several members are added once."""
    async with organisation(start) as asked:
        document = await rolled_up(asked, OPERATOR, ORG)
        running = asked.running
        balances = {
            team.name: account.balance
            for team in running.state.teams
            if (account := running.state.wallets.of_team(team.id)) is not None
        }
    # 20 of the shared key's first member, 40 and 120; the second member of the shared key declares 500.
    assert (amount(document["dailyBudget"]), document["budgets"]) == (180, 3)
    wallets = {wallet["team"]: amount(wallet["available"]) for wallet in document["wallets"]}
    assert wallets == {name: balances[name] for name in ("support-team", "search-team")}


async def test_the_period_before_is_compared(start: Start) -> None:
    """The period of the same length just before stands beside the total, for all and for each member."""
    async with organisation(start, bff_backfill_days=2 * DAYS) as asked:
        document = await rolled_up(asked, OPERATOR, ASSIST)
        running = asked.running
        keys = keys_named(running, "support-team-gw-key", "search-team-gw-key")
        before = truth(running, keys, 2 * DAYS) - truth(running, keys)
    previous = document["previous"]
    assert (previous["from"], previous["to"], previous["complete"]) == ("2026-03-06", "2026-03-08", True)
    assert amount(previous["total"]) == before > 0
    assert amount(previous["change"]["amount"]) == amount(document["total"]) - before
    assert sum(amount(member["previous"]) for member in document["members"]) == before


async def test_days_that_were_not_read_are_lower_bounds(start: Start) -> None:
    """Days before the backfill make the total a lower bound, each member too, and nothing is said of the period before."""
    async with organisation(start, bff_backfill_days=1) as asked:
        document = await rolled_up(asked, OPERATOR, ASSIST)
    assert [day["complete"] for day in document["byDay"]] == [False, True, True]
    assert document["complete"] is False
    assert [finding["code"] for finding in document["findings"]] == ["spend-incomplete"]
    assert {member["complete"] for member in document["members"]} == {False}
    assert document["previous"] is None


async def test_an_entity_that_is_hidden_has_no_roll_up(start: Start) -> None:
    """A group that the caller may not see is 404, whatever is in memory."""
    async with organisation(start) as asked:
        assert (await asked.get(OPERATOR, path(ASSIST))).status_code == 200
        asked.stub.hidden.add((STRANGER, ASSIST))
        assert (await asked.get(STRANGER, path(ASSIST))).status_code == 404


@pytest.mark.parametrize("query", ["days=0", "days=91", "format=xml"])
async def test_a_query_that_cannot_be(start: Start, query: str) -> None:
    """A parameter out of its range is a problem that names it."""
    async with organisation(start) as asked:
        reply = await asked.get(OPERATOR, path(ASSIST, query))
    assert (reply.status_code, reply.json()["type"]) == (422, "urn:keeptrusts-bff:invalid")
    assert query.partition("=")[0] in reply.json()["detail"]


async def test_a_component_has_no_roll_up(start: Start) -> None:
    """The problem names the kinds of entity that have members."""
    async with organisation(start) as asked:
        reply = await asked.get(OPERATOR, path(BOT))
    assert reply.status_code == 422
    assert reply.json()["detail"] == "kind: 'component' must be group, system or domain"


async def test_the_same_roll_up_is_not_sent_twice(start: Start) -> None:
    """A request that names the current tag is answered with 304, and callers with different amounts have different tags."""
    async with organisation(start) as asked:
        tags = {user: (await asked.get(user, path(ORG))).headers["etag"] for user in (MEMBER, OPERATOR)}
        assert tags[MEMBER] != tags[OPERATOR]
        assert (await asked.get(MEMBER, path(ORG), if_none_match=tags[MEMBER])).status_code == 304
        assert (await asked.get(MEMBER, path(ORG), if_none_match=tags[OPERATOR])).status_code == 200


async def test_a_warm_roll_up_asks_nothing(start: Start) -> None:
    """A second roll-up of one caller asks neither Backstage nor Keeptrusts."""
    async with organisation(start) as asked:
        await asked.get(OPERATOR, path(ORG))
        before = asked.stub.calls.total(), len(asked.running.upstream.paths)
        await asked.get(OPERATOR, path(ORG))
        assert (asked.stub.calls.total(), len(asked.running.upstream.paths)) == before


# --- files ---


def opened(reply: httpx.Response) -> list[dict[str, str]]:
    """The rows of a file, as a library for spreadsheets opens it, which has what a reader of CSV has."""
    assert reply.headers["content-type"] == "text/csv; charset=utf-8"
    guesses = {"auto_detect_int": False, "auto_detect_float": False, "auto_detect_datetime": False}
    sheet = pyexcel.get_records(file_type="csv", file_content=reply.content.decode("utf-8"), **guesses)
    rows = [{str(name): str(value) for name, value in row.items()} for row in sheet]
    assert rows == list(csv.DictReader(io.StringIO(reply.content.decode("utf-8"), newline=""), strict=True))
    return rows


def summed(rows: list[dict[str, str]], column: str = "spent") -> Decimal:
    """What a column adds up to."""
    return sum((Decimal(row[column]) for row in rows), Decimal(0))


@pytest.mark.parametrize("ref", [ORG, ASSIST, CARE])
@pytest.mark.parametrize("user", [OPERATOR, MEMBER])
async def test_a_file_adds_up_to_the_total(start: Start, ref: str, user: str) -> None:
    """The rows of either file add up to the total of the roll-up, to the last digit, and so do those of each member."""
    async with organisation(start) as asked:
        document = await rolled_up(asked, user, ref)
        files = {
            form: opened(await asked.get(user, path(ref, f"days={DAYS}&format={form}"))) for form in ("csv", "focus")
        }
    assert summed(files["csv"]) == summed(files["focus"], "BilledCost") == amount(document["total"])
    for member in document["members"]:
        of_member = [row for row in files["csv"] if row["entity_ref"] == member["entityRef"]]
        assert summed(of_member) == (amount(member["spent"]) if member["spent"] else 0)
    assert sum(int(row["requests"]) for row in files["csv"]) == sum(key["requests"] for key in document["byKey"])


async def test_a_file_of_an_entity_adds_up_to_its_report(start: Start) -> None:
    """The rows of an entity's file add up to the total of its report, with what its team spent without naming a key."""
    async with organisation(start) as asked:
        running = asked.running
        key = next(key for key in running.state.keys if key.name == "support-team-gw-key")
        nameless = replace(key, id=None)  # type: ignore[arg-type]
        spend(running, nameless, "2.5", at=NOON - timedelta(days=1))
        base = "/v1/entities/component/default/customer-support-bot/spend?days=3"
        report = (await asked.get(OPERATOR, base)).json()
        files = {form: opened(await asked.get(OPERATOR, f"{base}&format={form}")) for form in ("csv", "focus")}
        rolled = await rolled_up(asked, OPERATOR, ASSIST)
        whole = truth(running, {key.id, None})  # type: ignore[arg-type]
        own = truth(running, keys_named(running, "support-team-gw-key", "search-team-gw-key"))
    assert report["attribution"] == "team"
    assert summed(files["csv"]) == summed(files["focus"], "BilledCost") == amount(report["total"]) == whole
    (row,) = (row for row in files["csv"] if row["attribution"] == "team")
    assert (row["spent"], row["key"], row["entity_ref"]) == ("2.5", "", BOT)
    # Of a roll-up it may be any key's of the team: it is in no sum, and said.
    assert adds_up(rolled) == own
    assert (rolled["complete"], [each["code"] for each in rolled["findings"]]) == (False, ["spend-incomplete"])


async def test_the_month_is_of_the_same_keys(start: Start) -> None:
    """The month to date is what the members' keys have spent since the first, compared with the month before."""
    async with organisation(start, bff_backfill_days=45) as asked:
        document = await rolled_up(asked, OPERATOR, ASSIST)
        running = asked.running
        expected = truth(running, keys_named(running, "support-team-gw-key", "search-team-gw-key"), 11)
    month = document["month"]
    assert (month["month"], month["complete"], month["budget"]) == ("2026-03", True, None)
    assert amount(month["spent"]) == expected > 0
    assert month["previous"]["month"] == "2026-02"
    assert amount(month["forecast"]["low"]) <= amount(month["forecast"]["likely"]) <= amount(month["forecast"]["high"])


async def test_reads_are_on_record(start: Start, tmp_path: Path) -> None:
    """A roll-up and a file that show amounts are lines of the audit log; a roll-up that shows none is no line."""
    file = tmp_path / "audit.log"
    async with organisation(start, bff_audit_log=file) as asked:
        await rolled_up(asked, STRANGER, ASSIST)
        await rolled_up(asked, MEMBER, ASSIST)
        await asked.get(MEMBER, path(ASSIST, "format=csv"))
        await asked.get(OPERATOR, "/v1/spend?format=csv")
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(line["what"], line["user"]) for line in lines] == [
        ("rollup", MEMBER),
        ("export", MEMBER),
        ("export", OPERATOR),
    ]
    assert (lines[0]["entity"], lines[0]["shown"], lines[2]["file"]) == (ASSIST, 1, "spend_2026-03.csv")


async def test_a_file_without_some_members_is_named_partial(start: Start) -> None:
    """A file that leaves members out says so in its name; one that leaves none out does not."""
    async with organisation(start) as asked:
        names = {
            user: (await asked.get(user, path(ORG, "days=3&format=csv"))).headers["content-disposition"]
            for user in (MEMBER, OPERATOR)
        }
    assert names == {
        MEMBER: 'attachment; filename="rollup_group_default_customers_partial_2026-03-09_2026-03-11.csv"',
        OPERATOR: 'attachment; filename="rollup_group_default_customers_2026-03-09_2026-03-11.csv"',
    }


async def test_a_file_of_amounts_that_are_withheld_is_refused(start: Start) -> None:
    """A file without a row would read as no spend: who may see none of the amounts gets a problem."""
    async with organisation(start) as asked:
        rollup = await asked.get(STRANGER, path(ORG, "format=csv"))
        entity = await asked.get(STRANGER, "/v1/entities/component/default/customer-support-bot/spend?format=focus")
    assert (rollup.status_code, entity.status_code) == (403, 403)


async def test_a_month_of_the_organisation(start: Start) -> None:
    """For a platform group the month's file has all that the accounts have, each row with the entity that claims its key."""
    async with organisation(start, bff_backfill_days=11) as asked:
        running = asked.running
        asked.stub.hidden.add((OPERATOR, INDEXER))
        reply = await asked.get(OPERATOR, "/v1/spend?month=2026-03&format=csv")
        rows = opened(reply)
        everything = truth(running, {key.id for key in running.state.keys}, 11)
        of_bot = truth(running, keys_named(running, "support-team-gw-key"), 11)
        of_indexer = truth(running, keys_named(running, "search-team-indexer-key"), 11)
        focus = opened(await asked.get(OPERATOR, "/v1/spend?format=focus"))
    assert reply.headers["content-disposition"] == 'attachment; filename="spend_2026-03.csv"'
    assert summed(rows) == summed(focus, "BilledCost") == everything > 0
    assert {row["day"] for row in rows} == {date(2026, 3, day).isoformat() for day in range(1, 12)}
    assert summed([row for row in rows if row["entity_ref"] == HELPER]) == of_bot
    indexing = [row for row in rows if row["key"] == "search-team-indexer-key"]
    assert summed(indexing) == of_indexer > 0
    assert {row["entity_ref"] for row in indexing} == {""}
    assert {row["complete"] for row in rows} == {"true"}
    assert {row["BillingAccountId"] for row in focus} == {running.state.organization_id}


async def test_the_organisation_is_for_platform_groups(start: Start) -> None:
    """A member of another group is refused the whole organisation's month, also where every viewer sees amounts."""
    async with organisation(start, bff_numbers="viewers") as asked:
        assert (await asked.get(MEMBER, "/v1/spend")).status_code == 403
        assert (await asked.get(OPERATOR, "/v1/spend")).status_code == 200


@pytest.mark.parametrize(
    ("month", "status"),
    [
        ("2026-13", 422),
        ("2026-00", 422),
        ("2026-3", 422),
        ("03-2026", 422),
        ("٢٠٢٦-٠٣", 422),
        ("2026-04", 404),
        ("2019-01", 404),
    ],
)
async def test_a_month_that_cannot_be(start: Start, month: str, status: int) -> None:
    """A month of another form is a problem that names it; one that is still to come, or of which nothing is kept, is not found."""
    async with organisation(start) as asked:
        reply = await asked.running.client.get("/v1/spend", params={"month": month}, headers=asked.bearer(OPERATOR))
    assert reply.status_code == status
    assert "month" in reply.json()["detail"]


async def test_an_entity_without_a_key_has_no_file(start: Start) -> None:
    """A file without rows would read as no spend: the problem says what is missing instead."""
    async with organisation(start) as asked:
        reply = await asked.get(OPERATOR, "/v1/entities/component/default/silent-consumer/spend?format=csv")
    assert reply.status_code == 404
    assert "has no annotation keeptrusts.dev/gateway-key-name" in reply.json()["detail"]


async def test_a_parameter_of_another_name_is_refused(start: Start) -> None:
    """A mistake in a name is a problem, since the answer would be another month than the one that is meant."""
    async with organisation(start) as asked:
        reply = await asked.get(OPERATOR, "/v1/spend?mont=2026-02")
    assert (reply.status_code, reply.json()["detail"]) == (
        422,
        "'mont' is no parameter of this request: there are month, format",
    )


async def test_a_file_that_breaks_off_never_looks_whole(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the database fails in the middle of a file, the connection ends before the body does, which clients notice."""
    async with organisation(start) as asked:
        await rolled_up(asked, OPERATOR, ASSIST)
        reader = asked.running.app.service.exports._reader
        read = reader.spend_of_day

        async def fails_later(day: date, **how: Any) -> LedgerDay:
            if day.day == 5:
                raise FactsUnreadableError("The database cannot be used: no answer.")
            return await read(day, **how)

        monkeypatch.setattr(reader, "spend_of_day", fails_later)
        async with served(asked.running.app.asgi) as port, httpx.AsyncClient() as client:
            with pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
                await client.get(f"http://127.0.0.1:{port}/v1/spend", headers=asked.bearer(OPERATOR))
