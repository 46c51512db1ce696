"""Amounts are for the owner's group; everybody else who may see the entity sees the rest."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given

from bff.backstage.caller import LOCAL, Caller
from bff.backstage.entities import (
    CatalogContractError,
    CatalogError,
    CatalogUnavailableError,
    ServiceDeniedError,
)
from bff.keeptrusts.facts import ModelSpend, Reading, SpendHistory, SpendTally
from bff.status.claims import Owner
from bff.status.findings import Code, Severity
from bff.status.numbers import (
    HOLD_NO_AMOUNT,
    WITHOUT_AMOUNTS,
    NumbersAccess,
    Viewer,
    report_without_numbers,
    status_without_numbers,
)
from bff.status.wire import GovernanceStatus
from bff.values import EntityRef

from .conftest import MIDNIGHT, NOON, Scenario, usd, wallet
from .test_assessment import EVERY_FINDING, OF_FACTS, SCENARIO, scenarios

SUPPORT = EntityRef("group", "default", "support-team")
PLATFORM = EntityRef("group", "default", "platform-team")
DEV = Caller(key="dev", user=EntityRef("user", "default", "dev"))
NUMBERS = ("budget", "wallet", "activity", "tightest_limit")


class Catalog:
    """Everybody is in these groups, unless the catalog fails."""

    def __init__(self, *groups: EntityRef, error: CatalogError | None = None) -> None:
        self.groups = frozenset(groups)
        self.error = error
        self.asked = 0

    async def memberships(self, caller: Caller) -> frozenset[EntityRef]:
        """The groups."""
        assert caller.user is not None
        self.asked += 1
        if self.error is not None:
            raise self.error
        return self.groups


def withheld(scenario: Scenario) -> GovernanceStatus:
    """What those see of `scenario` for whom its amounts are not."""
    return status_without_numbers(scenario.assess(), scenario.owner.ref)


async def test_members_of_the_owning_group_see_numbers() -> None:
    """They see those of what their groups own, and no others."""
    viewer = await NumbersAccess(Catalog(SUPPORT), platform_groups=[PLATFORM]).viewer(DEV)
    assert viewer.sees_numbers(SUPPORT)
    assert not viewer.sees_numbers(EntityRef("group", "default", "finance"))
    assert not viewer.sees_numbers(None)


async def test_a_person_sees_the_numbers_of_what_they_own() -> None:
    """An entity can be a user's own."""
    own = EntityRef("user", "default", "dev")
    assert (await NumbersAccess(Catalog(own)).viewer(DEV)).sees_numbers(own)


async def test_members_of_a_platform_group_see_all_numbers() -> None:
    """They see those of entities without an owner too."""
    viewer = await NumbersAccess(Catalog(PLATFORM), platform_groups=[PLATFORM]).viewer(DEV)
    assert viewer.sees_numbers(SUPPORT)
    assert viewer.sees_numbers(None)


async def test_every_viewer_where_the_operator_says_so() -> None:
    """With `BFF_NUMBERS=viewers` no groups are read."""
    catalog = Catalog()
    viewer = await NumbersAccess(catalog, every_viewer=True).viewer(LOCAL)
    assert viewer.sees_numbers(SUPPORT)
    assert viewer.sees_numbers(None)
    assert catalog.asked == 0


@pytest.mark.parametrize("error", [ServiceDeniedError("denied"), CatalogContractError("nonsense")])
async def test_groups_that_cannot_be_read_show_nobody_numbers(error: CatalogError) -> None:
    """A trouble that lasts until somebody mends it leaves the card without amounts, for members too."""
    viewer = await NumbersAccess(Catalog(SUPPORT, error=error), platform_groups=[PLATFORM]).viewer(DEV)
    assert not viewer.sees_numbers(SUPPORT)


async def test_a_catalog_that_cannot_be_reached_is_said() -> None:
    """Whether the caller is a member is asked again: a member is not shown an answer for others meanwhile."""
    with pytest.raises(CatalogUnavailableError):
        await NumbersAccess(Catalog(error=CatalogUnavailableError("down"))).viewer(DEV)


def test_the_others_see_all_but_numbers() -> None:
    """State, key, tier, team and links stay; sections with amounts are null, and one finding says for whom they are."""
    full, shown = SCENARIO.assess(), withheld(SCENARIO)
    assert {getattr(shown, section) for section in NUMBERS} == {None}
    for section in ("entity_ref", "state", "gateway_key", "policy_tier", "team", "links", "freshness"):
        assert getattr(shown, section) == getattr(full, section)
    (finding,) = shown.findings
    assert (finding.code, finding.severity) == (Code.NUMBERS_WITHHELD, Severity.INFO)
    assert finding.message == f"Amounts are for members of {SUPPORT} and of the platform groups."
    assert finding.params == {"owner": str(SUPPORT)}


@pytest.mark.parametrize(
    ("owner", "message"),
    [
        (EntityRef("user", "default", "dev"), "Amounts are for user:default/dev and members of the platform groups."),
        (None, "Amounts are for members of the platform groups alone, since the entity has no owner."),
    ],
)
def test_other_owners_are_named_too(owner: EntityRef | None, message: str) -> None:
    """Where no group owns the entity the sentence says so, and has no params: a client's own sentence is about a group."""
    finding = withheld(SCENARIO.but(owner=Owner(owner)).ruled(ownership_enforced=False)).findings[-1]
    assert (finding.code, finding.message, finding.params) == (Code.NUMBERS_WITHHELD, message, None)


@pytest.mark.parametrize("code", OF_FACTS)
def test_every_finding_stays_with_its_weight(code: Code) -> None:
    """That something is wrong is no secret: code, severity and state are those of the whole answer."""
    scenario = EVERY_FINDING[code]
    full, shown = scenario.assess(), withheld(scenario)
    assert shown.state is full.state
    said = [finding for finding in shown.findings if finding.code is not Code.NUMBERS_WITHHELD]
    assert [(each.code, each.severity) for each in said] == [(each.code, each.severity) for each in full.findings]


def test_every_code_either_holds_no_amount_or_has_a_sentence_without() -> None:
    """A code that is added is put into one of the two tables; until then its sentence is not shown."""
    assert HOLD_NO_AMOUNT | set(WITHOUT_AMOUNTS) == set(Code)
    assert not HOLD_NO_AMOUNT & set(WITHOUT_AMOUNTS)


@pytest.mark.parametrize("code", [Code.BUDGET_EXCEEDED, Code.BUDGET_PACE, Code.WALLET_LOW, Code.SPEND_INCOMPLETE])
def test_a_sentence_without_amounts_can_be_said_by_clients(code: Code) -> None:
    """Its params are empty, so that a client says it in its reader's language; without amounts there is nothing to fill in."""
    (finding,) = [each for each in withheld(EVERY_FINDING[code]).findings if each.code is code]
    assert (finding.message, finding.params) == (WITHOUT_AMOUNTS[code], {})


AMOUNTS = SCENARIO.having_spent("487.65", missing="the wallets have paid 31.41 USD that are in no event").but(
    wallets=Reading((wallet("59.26", allocated="1234.5"),), NOON)
)


@pytest.mark.parametrize(
    "scenario",
    [
        AMOUNTS,
        AMOUNTS.having_spent("812.34"),
        AMOUNTS.but(wallets=Reading((wallet("0", allocated="1234.5"),), NOON)),
        AMOUNTS.having_spent("487.65").but(now=NOON + timedelta(hours=3)),
    ],
)
def test_no_amount_is_in_what_the_others_see(scenario: Scenario) -> None:
    """No spend, budget use, balance, share or time of exhaustion is anywhere in the bytes."""
    full = scenario.assess()
    assert {Severity.WARNING, Severity.ERROR} & {finding.severity for finding in full.findings}
    body = withheld(scenario).model_copy(update={"freshness": full.freshness}).model_dump_json()
    for secret in ("487.65", "812.34", "31.41", "59.26", "1234.5", "USD", " %", "16:"):
        assert secret not in body.replace(full.freshness.model_dump_json(), "")


@given(scenarios)
def test_whatever_the_facts_nothing_is_shown_and_no_state_is_worse(scenario: Scenario) -> None:
    """For any facts the others' answer has the same state, no section with amounts, and at most one finding more."""
    full, shown = scenario.assess(), withheld(scenario)
    assert shown.state is full.state
    assert {getattr(shown, section) for section in NUMBERS} == {None}
    assert len(shown.findings) - len(full.findings) in {0, 1}
    assert not re.search(r"[0-9] (USD|%)", " ".join(finding.message for finding in shown.findings))


@pytest.mark.parametrize("code", [Code.OWNER_MISMATCH, Code.ANNOTATION_MISSING, Code.CATALOG_DENIED])
def test_where_nobody_sees_numbers_nothing_is_withheld(code: Code) -> None:
    """An answer that holds no amount is one for everybody: nothing says that members of the group see more."""
    scenario = EVERY_FINDING[code]
    assert withheld(scenario) == scenario.assess()


def test_a_group_of_another_origin_has_no_team() -> None:
    """Neither its annotation nor its name gives it one, and the hint says why."""
    for owner in (Owner(SUPPORT, may_claim_team=False), Owner(SUPPORT, "team_1", may_claim_team=False)):
        finding = SCENARIO.but(owner=owner).finding(Code.OWNER_MISMATCH)
        assert finding.hint is not None
        assert "BFF_GROUP_ORIGINS" in finding.hint


def test_a_refused_service_is_the_services_own_trouble() -> None:
    """When Backstage refuses our token the finding names the setting, and does not blame Keeptrusts."""
    finding = EVERY_FINDING[Code.CATALOG_DENIED].finding(Code.CATALOG_DENIED)
    assert finding.severity is Severity.WARNING
    assert "BACKSTAGE_TOKEN" in (finding.hint or "")


HISTORY = SpendHistory(
    SpendTally({MIDNIGHT.date(): {"gpt-4o": ModelSpend(usd("487.65"), 7)}}),
    SpendTally(),
    {MIDNIGHT.date(): "the wallets have paid 31.41 USD that are in no event"},
)


def test_a_spend_report_without_numbers() -> None:
    """The others see the period and what is wrong; sums, days, models and the budget are null."""
    full = SCENARIO.report(HISTORY)
    assert full.total is not None
    shown = report_without_numbers(full, SUPPORT)
    assert (shown.entity_ref, shown.days, shown.timezone) == (full.entity_ref, full.days, full.timezone)
    assert (shown.total, shown.by_day, shown.by_model, shown.daily_budget, shown.attribution) == (None,) * 5
    assert full.month is not None
    assert full.months
    assert (shown.previous, shown.month, shown.months, shown.unusual_days) == (None,) * 4
    assert [finding.code for finding in shown.findings] == [Code.SPEND_INCOMPLETE, Code.NUMBERS_WITHHELD]
    body = shown.model_dump_json()
    assert not any(secret in body for secret in ("487.65", "31.41", "gpt-4o", "USD"))


def test_a_report_without_numbers_of_its_own() -> None:
    """Where the whole report holds none, the others' is the same."""
    bare = SCENARIO.annotated(key=None, budget=None).report(None)
    assert report_without_numbers(bare, SUPPORT) == bare


def test_a_viewer_of_nothing_sees_no_ownerless_numbers() -> None:
    """The numbers of an entity without an owner are for the platform groups alone."""
    assert not Viewer(frozenset()).sees_numbers(None)
    assert replace(Viewer(frozenset()), acts_for=None).sees_numbers(None)
