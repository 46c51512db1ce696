"""Every finding there is, made from what the upstream answers: through the client, the ledger, the assessment and the edge."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from bff.sandbox.faults import Rule
from bff.status.findings import Code

from .conftest import Running, Start, _running

PLUGINS_EXAMPLES = Path(__file__).parents[1] / "plugin-frontend/src/fixtures/exampleFindings.json"
"""What the plugin's tests say in other languages: the findings of the example catalog at noon."""

REACHABLE = {
    "billing-service": ("unconfigured", {"annotation-missing"}),
    "translation-service": ("error", {"annotation-invalid"}),
    "api-docs-helper": ("error", {"key-not-found"}),
    "platform-chat": ("error", {"key-revoked"}),
    "release-notes-writer": ("error", {"key-expired"}),
    "incident-copilot": ("warning", {"key-expiring"}),
    "lead-scorer": ("error", {"owner-mismatch"}),
    "brand-checker": ("warning", {"tier-undeclared"}),
    "campaign-writer": ("error", {"tier-drift"}),
    "paper-reader": ("error", {"tier-unenforced"}),
    "onboarding-guide": ("warning", {"wallet-missing"}),
    "invoice-reader": ("warning", {"wallet-low"}),
    "route-planner": ("error", {"wallet-depleted"}),
    "ticket-summarizer": ("warning", {"budget-near", "budget-pace"}),
    "knowledge-search": ("error", {"budget-exceeded"}),
    "semantic-indexer": ("warning", {"budget-pace"}),
    "customer-support-bot": ("ok", set()),
    "quote-assistant": ("ok", set()),
}
"""The example catalog at noon."""


async def codes(running: Running, name: str = "customer-support-bot") -> set[str]:
    """The codes of an entity's findings."""
    return {finding["code"] for finding in (await running.status_of(name))["findings"]}


async def test_the_example_catalog_shows_every_state(running: Running) -> None:
    """Each example is in the state that it is there to show."""
    for name, expected in REACHABLE.items():
        status = await running.status_of(name)
        assert (status["state"], {finding["code"] for finding in status["findings"]}) == expected, name


async def example_findings(running: Running) -> str:
    """The findings of each example, as the service replies, by the example's name."""
    findings = {name: (await running.status_of(name))["findings"] for name in sorted(REACHABLE)}
    return json.dumps(findings, indent=2, ensure_ascii=False) + "\n"


async def test_the_plugins_examples_are_current(running: Running) -> None:
    """The plugin is tested with what the service replies; `python -m tests.test_findings` renews it."""
    assert PLUGINS_EXAMPLES.read_text(encoding="utf-8") == await example_findings(running)


def test_what_the_examples_cannot_show_is_tested_here() -> None:
    """The findings that no example shows are those of an upstream in trouble, each of which has its test below.

    Those of Backstage, whose callers the examples do without, are tested in `web/test_numbers.py`; those of months and unusual
    days, for which the examples have no past, in `web/test_months.py`; that of roll-ups in `spend/test_rollup.py`.
    """
    shown = {code for _, found in REACHABLE.values() for code in found}
    rest = {"spend-incomplete", "data-stale", "upstream-unavailable", "upstream-denied", "upstream-contract"}
    rest |= {"catalog-denied", "numbers-withheld", "truncated"}
    rest |= {"month-budget-near", "month-budget-exceeded", "month-budget-pace", "spend-unusual"}
    assert shown | rest == {code.value for code in Code}


async def test_numbers_of_another_team_are_withheld(running: Running) -> None:
    """An entity that claims another team's key sees its own claim and nothing of that key."""
    status = await running.status_of("lead-scorer")
    assert status["gatewayKey"]["state"] == "withheld"
    assert {status[section] for section in ("budget", "wallet", "activity", "team", "tightestLimit")} == {None}
    assert status["gatewayKey"]["id"] is None
    assert status["gatewayKey"]["prefix"] is None


async def test_ownership_can_be_switched_off(start: Start) -> None:
    """Where the operator says so, a key's numbers are shown on every entity that claims it."""
    async with start(bff_ownership="off") as running:
        status = await running.status_of("lead-scorer")
        assert "owner-mismatch" not in {finding["code"] for finding in status["findings"]}
        assert status["budget"] is not None


async def test_spend_incomplete(running: Running) -> None:
    """When an event of the key cannot be read, the sum is called a lower bound, and keys of others stay whole."""
    key = next(key for key in running.state.keys if key.name == "support-team-gw-key")
    event = {
        "event_id": "evt_readable",
        "timestamp": running.time.now().isoformat(),
        "event_type": "decision",
        "token_id": key.id,
        "team_id": key.team_id,
        "event_cost_attribution": {"total_cost_usd": "1.25"},
    }
    odd = event | {"event_id": "evt_odd", "event_cost_attribution": {"total_cost_usd": "a lot"}}
    page = json.dumps({"events": [event, odd], "next_cursor": None})
    running.break_upstream(Rule(kind="body", path="/v1/events", text=page, code=200))
    status = await running.status_of("customer-support-bot")
    assert "spend-incomplete" in {finding["code"] for finding in status["findings"]}
    assert (status["budget"]["spent"]["amount"], status["budget"]["complete"]) == ("1.25", False)
    assert "spend-incomplete" not in await codes(running, "quote-assistant")


async def test_data_stale(running: Running) -> None:
    """When Keeptrusts goes down after facts were read, they are shown as stale."""
    await running.status_of("customer-support-bot")
    running.break_upstream(Rule(kind="status", code=503))
    await running.refreshed()
    status = await running.status_of("customer-support-bot")
    assert "data-stale" in {finding["code"] for finding in status["findings"]}
    assert status["state"] == "warning"
    assert status["freshness"]["stale"] is True
    assert status["budget"]["spent"]["amount"] == "125"


async def test_upstream_unavailable(running: Running) -> None:
    """When one part cannot be had from the start, its section is null, a finding says so, and the others are there."""
    running.break_upstream(Rule(kind="status", code=503, path="/v1/configurations"))
    status = await running.status_of("customer-support-bot")
    assert "upstream-unavailable" in {finding["code"] for finding in status["findings"]}
    assert status["policyTier"]["enforced"] is None
    assert status["budget"] is not None
    assert status["wallet"] is not None


async def test_upstream_denied_is_not_covered_up(running: Running) -> None:
    """When Keeptrusts no longer accepts the token, that is said at once instead of showing what was known before."""
    await running.status_of("customer-support-bot")
    running.break_upstream(Rule(kind="status", code=401))
    await running.refreshed()
    status = await running.status_of("customer-support-bot")
    assert {finding["code"] for finding in status["findings"]} == {"upstream-denied"}
    assert status["state"] == "unknown"
    assert status["freshness"]["stale"] is False
    assert status["budget"] is None


async def test_upstream_denied_for_a_part(running: Running) -> None:
    """When the token may not read wallets, the wallet is null and the finding says why; the key is still judged."""
    running.break_upstream(Rule(kind="denied", path="/v1/wallets"))
    status = await running.status_of("customer-support-bot")
    assert "upstream-denied" in {finding["code"] for finding in status["findings"]}
    assert status["wallet"] is None
    assert status["gatewayKey"]["state"] == "active"


async def test_upstream_contract(running: Running) -> None:
    """When Keeptrusts answers in an unknown form, the finding says so and nothing becomes a zero."""
    running.break_upstream(Rule(kind="body", text='{"data":[{"id":"wal_1"}]}', path="/v1/wallets"))
    status = await running.status_of("customer-support-bot")
    assert "upstream-contract" in {finding["code"] for finding in status["findings"]}
    assert status["wallet"] is None


async def _renew() -> None:
    async with _running(bff_data_dir=":memory:") as running:
        PLUGINS_EXAMPLES.write_text(await example_findings(running), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(_renew())
