"""The client and the sandbox were written apart from the same page: here each is held against the other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import pytest
from pydantic import SecretStr

from bff.cli.doctor_keeptrusts import Verdict, examine_control_plane
from bff.keeptrusts.client import KEEPTRUSTS, KeeptrustsClient
from bff.keeptrusts.errors import (
    KeeptrustsError,
    UpstreamContractError,
    UpstreamDeniedError,
    UpstreamRejectedError,
    UpstreamUnavailableError,
)
from bff.platform.health import ControlPlaneProbe, GatewayClient
from bff.sandbox import ADMIN_TOKEN, READ_TOKEN
from bff.sandbox.accounts import State
from bff.sandbox.control_plane import create_control_plane
from bff.sandbox.faults import Faults, Rule
from bff.sandbox.gateway import create_gateway
from bff.sandbox.records import Charge, Cost
from bff.secret_files import Secret
from bff.upstream import Upstream

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
CHARGE = Charge(request_id="req_1", token_id="tok_1", model="gpt-4o", provider="openai")


async def no_wait(_seconds: float) -> None:
    """Let time pass at once."""


@dataclass
class Organisation:
    """A sandbox, and clients of it."""

    state: State = field(default_factory=lambda: State(lambda: NOW))
    faults: Faults = field(default_factory=Faults)
    opened: list[Upstream] = field(default_factory=list)

    def control_plane(self, token: str | None = READ_TOKEN) -> Upstream:
        """Calls to its control plane."""
        app = create_control_plane(self.state, read_token=READ_TOKEN, admin_token=ADMIN_TOKEN, faults=self.faults)
        return self._transport(httpx.ASGITransport(app), token)

    def gateway(self) -> GatewayClient:
        """The client of its gateway."""
        return GatewayClient(self._transport(httpx.ASGITransport(create_gateway(self.state, faults=self.faults)), None))

    def client(self, token: str = READ_TOKEN) -> KeeptrustsClient:
        """A client of its control plane."""
        return KeeptrustsClient(self.control_plane(token))

    def _transport(self, via: httpx.AsyncBaseTransport, token: str | None) -> Upstream:
        made = Upstream(
            "http://keeptrusts.internal",
            KEEPTRUSTS,
            transport=via,
            system="keeptrusts",
            token=Secret(SecretStr(token)) if token else None,
            random=lambda: 0.0,
            sleep=no_wait,
        )
        self.opened.append(made)
        return made


@pytest.fixture
async def organisation() -> AsyncIterator[Organisation]:
    """An empty organisation."""
    made = Organisation()
    yield made
    for transport in made.opened:
        await transport.aclose()


async def test_what_is_made_is_listed(organisation: Organisation) -> None:
    """Team, key, configuration and wallet, made through the client, come back from its lists as they were made."""
    admin, reader = organisation.client(ADMIN_TOKEN), organisation.client()
    team = await admin.create_team("support-team", description="Helps")
    token_id, secret, rest = await admin.create_token(
        "support-team-gw-key", team_id=team.id, expires_at=NOW + timedelta(days=90)
    )
    made = await admin.create_configuration("support", team_id=team.id, template_id="tier-3-customer-facing")
    moved = await admin.allocate(team_id=team.id, amount=Decimal("500.000001"), currency="USD", note="start")

    assert (await reader.teams()).records == (team,)
    (key,) = (await reader.tokens()).records
    assert (key.id, key.name, key.team_id, key.status) == (token_id, "support-team-gw-key", team.id, "active")
    assert key.expires_at == NOW + timedelta(days=90)
    assert secret.get_secret_value().startswith(str(key.prefix))
    assert secret.get_secret_value() not in repr(rest)
    assert (await reader.configurations()).records == (made,)
    wallets = {wallet.scope: wallet for wallet in (await reader.wallets()).records}
    assert wallets["team"] == moved.wallet
    assert wallets["team"].balance == Decimal("500.000001")
    assert wallets["organization"].team_id is None


async def test_what_is_taken_back_is_gone(organisation: Organisation) -> None:
    """A revoked key says so, a deleted configuration is gone, and reclaimed money is back."""
    admin = organisation.client(ADMIN_TOKEN)
    team = await admin.create_team("support-team")
    token_id, _, _ = await admin.create_token("key", team_id=team.id)
    configuration = await admin.create_configuration("c", team_id=team.id, template_id="tier-2-internal")
    await admin.allocate(team_id=team.id, amount=Decimal(5), currency="USD", note="")
    await admin.revoke_token(token_id)
    await admin.delete_configuration(configuration.id)
    reply = await admin.reclaim(team_id=team.id, amount=Decimal("1.5"), currency="USD", note="")
    (key,) = (await admin.tokens()).records
    assert (key.status, key.revoked_at) == ("revoked", NOW)
    assert (await admin.configurations()).records == ()
    assert reply.wallet.balance == Decimal("3.5")
    assert (reply.transaction.type, reply.transaction.amount) == ("reclaim", Decimal("-1.5"))


async def test_long_lists_come_whole(organisation: Organisation) -> None:
    """A list of several pages comes whole and in order."""
    for number in range(450):
        organisation.state.create_team(f"team {number}")
    pages = await organisation.client().teams()
    assert [team.name for team in pages.records] == [f"team {number}" for number in range(450)]
    assert pages.complete
    assert organisation.state.calls["control-plane"]["GET /v1/teams"] == 3


async def test_bookings_are_read_in_their_window(organisation: Organisation) -> None:
    """`since` is inclusive, `until` exclusive, and a reading that was broken off goes on from its cursor."""
    wallets = organisation.state.wallets
    wallet = wallets.organization
    for minute in range(450):
        wallets.settle_late(wallet.id, Decimal("0.000001"), created_at=NOW + timedelta(minutes=minute), charge=CHARGE)
    client, end = organisation.client(), NOW + timedelta(minutes=440)
    first = await client.transactions(wallet.id, since=NOW, until=end, most_pages=2)
    assert (len(first.records), first.complete) == (400, False)
    rest = await client.transactions(wallet.id, since=NOW, until=end, cursor=first.next_cursor, most_pages=2)
    assert rest.complete
    moments = {booking.created_at for booking in (*first.records, *rest.records)}
    assert moments == {NOW + timedelta(minutes=minute) for minute in range(440)}
    assert {booking.amount for booking in first.records} == {Decimal("-0.000001")}
    assert (first.records[0].token_id, first.records[0].model) == ("tok_1", "gpt-4o")


async def test_decisions_are_read(organisation: Organisation) -> None:
    """A decision of the policy comes with its verdict, key, team and cost."""
    state = organisation.state
    key, _ = state.create_key("key", state.create_team("support-team").id)
    state.decide(key, "redact", CHARGE, at=NOW, cost=Cost(Decimal("0.25"), None), reason_code="pii")
    (event,) = (await organisation.client().events(since=NOW, most_pages=1)).records
    assert (event.event_type, event.verdict, event.timestamp) == ("decision", "redact", NOW)
    assert (event.token_id, event.team_id) == (key.id, key.team_id)
    assert event.event_cost_attribution is not None
    assert event.event_cost_attribution.total_cost_usd == Decimal("0.25")
    assert (await organisation.client().events(since=NOW + timedelta(seconds=1), most_pages=1)).records == ()


async def test_a_token_knows_itself(organisation: Organisation) -> None:
    """A token that may only read is distinguished from one that may write."""
    reader, admin = await organisation.client().whoami(), await organisation.client(ADMIN_TOKEN).whoami()
    assert reader.organization == admin.organization
    assert "org:billing" in admin.permissions
    assert "org:billing" not in reader.permissions


Attempt = Callable[[KeeptrustsClient], Awaitable[object]]


@pytest.mark.parametrize(
    ("token", "attempt", "error", "status"),
    [
        ("wrong", lambda client: client.teams(), UpstreamDeniedError, 401),
        (READ_TOKEN, lambda client: client.create_team("x"), UpstreamDeniedError, 403),
        (ADMIN_TOKEN, lambda client: client.create_team("taken"), UpstreamRejectedError, 409),
        (ADMIN_TOKEN, lambda client: client.create_team(" "), UpstreamRejectedError, 422),
        (ADMIN_TOKEN, lambda client: client.create_token("x", team_id="none"), UpstreamRejectedError, 404),
        (ADMIN_TOKEN, lambda client: client.revoke_token("../teams"), UpstreamRejectedError, 404),
        (READ_TOKEN, lambda client: client.transactions("..", since=NOW, most_pages=1), UpstreamRejectedError, 404),
        (
            READ_TOKEN,
            lambda client: client.events(since=NOW, cursor="made up", most_pages=1),
            UpstreamRejectedError,
            422,
        ),
    ],
)
async def test_refusals_are_told_apart(
    organisation: Organisation, token: str, attempt: Attempt, error: type[KeeptrustsError], status: int
) -> None:
    """Every refusal of the contract page arrives as its own kind of error, with its status."""
    organisation.state.create_team("taken")
    with pytest.raises(error) as caught:
        await attempt(organisation.client(token))
    assert vars(caught.value)["status"] == status
    assert token not in str(caught.value) or token == "wrong"


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        (Rule(kind="status", code=503), UpstreamUnavailableError),
        (Rule(kind="status", code=429, retry_after=3600), UpstreamUnavailableError),
        (Rule(kind="denied"), UpstreamDeniedError),
        (Rule(kind="body", text="<html>maintenance</html>", content_type="text/html"), UpstreamContractError),
        (Rule(kind="body", text='{"rows": []}'), UpstreamContractError),
        (Rule(kind="body", text="[" + "1," * 400_000 + "1]"), UpstreamContractError),
    ],
)
async def test_faults_have_their_kinds(organisation: Organisation, rule: Rule, error: type[KeeptrustsError]) -> None:
    """What can go wrong on the other side is one of the client's errors, and passes with the fault."""
    organisation.faults.put(rule)
    client = organisation.client()
    with pytest.raises(error):
        await client.teams()
    organisation.faults.clear()
    assert (await client.teams()).complete


async def test_a_fault_that_passes_is_not_seen(organisation: Organisation) -> None:
    """Two failures in a row are made up for by the third attempt."""
    organisation.faults.put(Rule(kind="status", code=502, times=2))
    assert (await organisation.client().teams()).complete


async def test_a_page_that_fails_leaves_the_others(organisation: Organisation) -> None:
    """A fault on the second page leaves the first, said to be incomplete and with the cursor to go on from."""
    client = organisation.client()
    organisation.faults.put(
        Rule(kind="body", times=1, text='{"data": [{"id": "team_x", "name": "x"}], "next_cursor": "c"}'),
        Rule(kind="status", code=500, times=3),
    )
    pages = await client.teams()
    assert (len(pages.records), pages.next_cursor, pages.complete) == (1, "c", False)
    assert isinstance(pages.failure, UpstreamUnavailableError)


async def test_both_surfaces_say_how_they_are(organisation: Organisation) -> None:
    """The gateway gives its account and the control plane its readiness, neither being sent a token."""
    gateway = await organisation.gateway().health()
    assert gateway.value is not None
    assert gateway.value.status == "healthy"
    assert gateway.value.uptime == timedelta()
    assert (await ControlPlaneProbe(organisation.control_plane(None)).ready()).value is True


async def test_surfaces_that_are_not_well_are_told_apart(organisation: Organisation) -> None:
    """503 from the control plane is "not ready"; another failure, like one of the gateway, is "could not be asked"."""
    probe = ControlPlaneProbe(organisation.control_plane(None))
    organisation.faults.put(Rule(kind="status", code=503))
    assert (await probe.ready()).value is False
    assert (await organisation.gateway().health()).problem == "answered 503"
    organisation.faults.put(Rule(kind="status", code=500))
    assert (await probe.ready()).problem == "answered 500"
    organisation.faults.put(Rule(kind="body", text='{"status": "healthy", "uptime_seconds": 1e300}'))
    assert "uptime_seconds" in str((await organisation.gateway().health()).problem)


async def test_the_doctor_names_row_and_field(organisation: Organisation) -> None:
    """A list from which a row was left out has a warning that names row, field and reason, and no failure."""
    team = organisation.state.create_team("support-team")
    odd = [
        ("/v1/teams", f'[{{"id": "{team.id}", "name": "support-team"}}, {{"id": "team_2", "name": 7}}]'),
        ("/v1/tokens", '[{"id": "tok_1", "name": "key", "status": "paused"}]'),
        ("/v1/events", '[{"event_id": "e", "timestamp": "2026-03-10T12:00:00Z", "event_type": "x"}, {"event_id": 1}]'),
    ]
    organisation.faults.put(*(Rule(kind="body", text=text, path=path) for path, text in odd))
    probe = ControlPlaneProbe(organisation.control_plane(None))
    trials = [trial async for trial in examine_control_plane(organisation.client(), probe, NOW, sleep=no_wait)]
    warned = {trial.subject: trial.message for trial in trials if trial.verdict is Verdict.WARN}
    assert Verdict.FAIL not in {trial.verdict for trial in trials}
    assert warned["GET /v1/teams"] == "1 row of 2 was left out: 1.name (team_2): Input should be a valid string"
    assert warned["GET /v1/tokens"] == "1 key has a status that is not known: 'paused' (tok_1)"
    assert "1.event_id: " in warned["GET /v1/events"]
