"""The demo starts quickly, answers with real numbers, and stops cleanly."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from bff.cli.demo import StandIn, greet
from bff.cli.server import address, listen
from bff.sandbox import ADMIN_TOKEN
from tests.harness.openbao import ROOT_TOKEN, OpenBao

from .conftest import BOT, Begin, Process, Run

PORTS = ("--port", "0", "--sandbox-port", "0", "--gateway-port", "0")


def get(url: str) -> dict[str, object]:
    """The JSON at an address."""
    with urllib.request.urlopen(url, timeout=20) as reply:
        document: dict[str, object] = json.load(reply)
        return document


def test_it_says_what_to_try(demo: Process) -> None:
    """What it prints leads to answers, and names the sandbox as one."""
    assert "sandbox stands in for Keeptrusts" in demo.printed
    url = next(word for word in demo.printed.split() if word.endswith("/customer-support-bot/governance"))
    assert get(url)["state"] in {"ok", "warning"}


def test_it_greets_with_the_guides_service(demo: Process, run: Run) -> None:
    """Between its addresses and what to try, it prints the service's card as `status` prints it, with whole numbers."""
    greeting = demo.printed.partition("Sandbox ")[2].partition("\n\n")[2].partition("\n\nTry, in another terminal")[0]
    card = run("status", BOT, BFF_URL=demo.address("BFF")).stdout
    # The demo's traffic, and what other tests spend, go on between the two: they may change its state too.
    steady = ("Gateway key", "Policy tier", "Team")
    shown = [[line for line in text.splitlines() if line.startswith(steady)] for text in (greeting, card)]
    assert len(shown[0]) == len(steady)
    assert shown[0] == shown[1]
    assert greeting.splitlines()[0].endswith(f"  {BOT}")
    for label in ("Spent today", "Wallet", "Today"):
        assert f"\n{label}  " in greeting
    assert "of $500.00" in greeting
    assert "at least" not in greeting


async def test_without_an_answer_it_says_what_to_try(capsys: pytest.CaptureFixture[str]) -> None:
    """Where the BFF does not answer in time, the demo says so and prints the rest all the same."""
    stand_in = StandIn.listening(0, 0, sandbox_option="--sandbox-port")
    with listen("127.0.0.1", 0, setting="--port") as silent, stand_in.control_plane, stand_in.gateway:
        await greet(address(silent), stand_in, timezone="UTC", within=0.2)
        printed = capsys.readouterr().out
        assert f"has not answered for {BOT} within 0.2 s" in printed
        assert f"status {BOT} --url {address(silent)}" in printed
    assert "Wallet" not in printed


def test_it_starts_in_seconds(begin: Begin) -> None:
    """From the command to the first address in less than three seconds of processor time."""
    started = begin("demo", *PORTS, until="Ctrl-C")
    ticks = Path(f"/proc/{started.popen.pid}/stat").read_text().rpartition(")")[2].split()
    assert (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK") < 3
    started.popen.send_signal(signal.SIGINT)
    assert started.popen.wait(20) == 0


def test_open_connections_are_counted(demo: Process) -> None:
    """A connection that a client holds open is among the metrics of the process that serves it."""
    address = demo.address("BFF").removeprefix("http://")
    held, asking = http.client.HTTPConnection(address, timeout=20), http.client.HTTPConnection(address, timeout=20)

    def counted() -> float:
        asking.request("GET", "/metrics")
        text = asking.getresponse().read().decode()
        found = re.search(r"^keeptrusts_bff_open_connections (\S+)$", text, re.MULTILINE)
        assert found
        return float(found[1])

    before = counted()
    held.request("GET", "/livez")
    held.getresponse().read()
    after = counted()
    held.close()
    asking.close()
    assert after == before + 1


def test_numbers_move(begin: Begin) -> None:
    """Traffic flows by itself, and the numbers follow."""
    demo = begin("demo", *PORTS, until="Ctrl-C", BFF_REFRESH_SECONDS="1")
    url = demo.address("BFF")
    requests = f"{demo.address('Sandbox')}/_sandbox/requests"
    deadline = time.monotonic() + 60
    refs = json.dumps(
        {
            "entityRefs": [
                f"component:default/{name}" for name in ("customer-support-bot", "quote-assistant", "knowledge-search")
            ]
        }
    )

    def counted() -> int:
        query = urllib.request.Request(
            f"{url}/v1/governance/by-refs", refs.encode(), {"content-type": "application/json"}
        )
        with urllib.request.urlopen(query, timeout=20) as reply:
            return sum(item["status"]["activity"]["requests"] for item in json.load(reply)["items"])

    before = counted()
    while counted() == before:
        assert time.monotonic() < deadline, get(requests)
        time.sleep(0.5)


def test_ctrl_c_stops_it(begin: Begin) -> None:
    """One Ctrl-C ends it cleanly, with exit code 0 and without a stack trace."""
    demo = begin("demo", *PORTS, until="Ctrl-C")
    demo.popen.send_signal(signal.SIGINT)
    assert demo.popen.wait(20) == 0
    assert demo.popen.stdout
    assert demo.popen.stdout.read() == "stopped\n"


def test_an_occupied_port_is_named(run: Run) -> None:
    """A port that is taken ends it with one line that says which, and how to choose another."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = run("demo", "--port", str(port), "--sandbox-port", "0", "--gateway-port", "0")
    assert (ended.returncode, ended.stdout) == (4, "")
    assert ended.stderr.count("\n") == 1
    assert f"127.0.0.1:{port}" in ended.stderr
    assert "--port" in ended.stderr


def test_what_it_suggests_can_be_pasted(demo: Process) -> None:
    """Commands that the demo prints work as they stand there, wherever it was installed."""
    suggestions = demo.printed.partition("Try, in another terminal")[2].splitlines()
    suggested = [line.split() for line in suggestions if " component:default/" in line]
    assert [words[1] for words in suggested] == ["status", "spend"]
    for words in suggested:
        ended = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
        assert (ended.returncode, ended.stderr) == (0, "")
    folder = demo.printed.partition("Every state has an entity in ")[2].partition(". Ctrl-C")[0]
    assert Path(folder, "customer-support-bot.yaml").is_file()


def test_the_doctor_finds_it_well(demo: Process, run: Run, tmp_path: Path) -> None:
    """The doctor finds nothing wrong with the sandbox and the database, one line a call; that there is no Vault is a warning."""
    settings = {
        "KEEPTRUSTS_API_URL": demo.address("Sandbox"),
        "KEEPTRUSTS_API_TOKEN": "sandbox-read-token",
        "KEEPTRUSTS_ADMIN_TOKEN": "sandbox-admin-token",
        "KEEPTRUSTS_GATEWAY_URL": demo.printed.partition("(control plane), ")[2].split()[0],
        "BFF_AUTH": "none",
        "BFF_CATALOG": "files",
        "BFF_CATALOG_FILES": "catalog",
        "BFF_DATA_DIR": str(tmp_path),
    }
    assert run("migrate", **settings).returncode == 0
    ended = run("doctor", **settings)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    *lines, no_vault, database, token, admin = ended.stdout.splitlines()
    assert no_vault.startswith("warn vault")
    assert database.startswith("ok   database")
    for line, name in ((token, "KEEPTRUSTS_API_TOKEN"), (admin, "KEEPTRUSTS_ADMIN_TOKEN")):
        assert re.fullmatch(rf"ok   settings +{name} +fingerprint [0-9a-f]{{8}}, from the environment", line), line
    calls = ("GET /readyz", "/v1/whoami", "/v1/teams", "/v1/tokens", "/v1/configurations", "/v1/wallets", "/v1/events")
    ledger = ("fields of events", "events by cursor", "events with until", "wallets against events")
    for trial in (*calls, *ledger, "GET /health", "BFF_CATALOG_FILES", "KEEPTRUSTS_ADMIN_TOKEN"):
        assert sum(f" {trial} " in line or f"GET {trial} " in line for line in lines) == 1, trial
    assert all(line.startswith("ok") for line in lines), ended.stdout


def test_the_doctor_asks_the_running_service(demo: Process, run: Run) -> None:
    """As JSON, the trials have the same four members each, and with --url the answer of a running BFF is one of them."""
    settings = {"KEEPTRUSTS_API_URL": demo.address("Sandbox"), "KEEPTRUSTS_API_TOKEN": "sandbox-read-token"}
    ended = run("doctor", "--json", "--entity", BOT, "--url", demo.address("BFF"), **settings)
    trials = json.loads(ended.stdout)
    assert all(trial.keys() == {"system", "verdict", "subject", "message"} for trial in trials)
    (asked,) = [trial for trial in trials if trial["system"] == "service"]
    assert (asked["verdict"], asked["message"].split(":", 2)[1]) == ("ok", "default/customer-support-bot"), asked


def test_the_doctor_names_what_is_wrong(demo: Process, run: Run) -> None:
    """With a token that is not accepted the doctor fails, names the calls and what `serve` lacks, and shows no token."""
    ended = run("doctor", KEEPTRUSTS_API_URL=demo.address("Sandbox"), KEEPTRUSTS_API_TOKEN="canary-token")
    assert ended.returncode == 1
    assert "GET /v1/teams" in ended.stdout
    assert "answered 401" in ended.stdout
    assert "BACKSTAGE_URL is not set" in ended.stdout
    assert "canary" not in ended.stdout + ended.stderr


@pytest.mark.parametrize("command", ["status", "spend"])
def test_a_terminal_without_our_characters(demo: Process, run: Run, command: str) -> None:
    """Where a character set lacks a bar, there is a replacement for the bar, and all the rest."""
    ended = run(command, BOT, BFF_URL=demo.address("BFF"), PYTHONIOENCODING="ascii")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "$" in ended.stdout


def test_findings_stand_at_their_own_edge(demo: Process, run: Run) -> None:
    """However often a finding is broken, no line of it begins where the next finding's mark is looked for."""
    ended = run("status", "ticket-summarizer", BFF_URL=demo.address("BFF"))
    greeting, _, _ = ended.stdout.partition("\n\n")
    head, *lines = greeting.splitlines()
    assert head.startswith("WARNING")
    assert len(lines) >= 2
    assert all(line.startswith(("  ○ ", "    ")) for line in lines)


def test_status_is_what_the_bff_says(demo: Process, run: Run) -> None:
    """The table and the JSON are of the same entity."""
    url = demo.address("BFF")
    as_json = run("status", BOT, "--json", BFF_URL=url)
    document = json.loads(as_json.stdout)
    assert document["entityRef"] == BOT
    table = run("status", BOT, "--url", url)
    assert table.returncode == 0
    for text in (
        "customer-support-bot",
        "support-team-gw-key (active)",
        "tier-3-customer-facing",
        "Wallet",
        "Spent today",
    ):
        assert text in table.stdout
    assert "\x1b" not in table.stdout


def test_status_counts_the_keys_of_a_name(begin: Begin, run: Run) -> None:
    """After a rotation under its name the table says how many keys there are, and that the one shown is the current one."""
    demo = begin("demo", *PORTS, "--no-traffic", until="Ctrl-C", BFF_REFRESH_SECONDS="1")
    url, tokens = demo.address("BFF"), f"{demo.address('Sandbox')}/v1/tokens"
    key, team = (json.loads(run("status", BOT, "--json", BFF_URL=url).stdout)[part] for part in ("gatewayKey", "team"))
    assert "keys of this name" not in run("status", BOT, BFF_URL=url).stdout
    admin = {"authorization": f"Bearer {ADMIN_TOKEN}", "content-type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(f"{tokens}/{key['id']}", headers=admin, method="DELETE")):
        pass
    body = json.dumps({"name": key["declared"], "team_id": team["id"], "token_type": "gateway"}).encode()
    with urllib.request.urlopen(urllib.request.Request(tokens, body, admin)):
        pass
    deadline = time.monotonic() + 30
    while "; 2 keys of this name, this one is current" not in (table := run("status", BOT, BFF_URL=url).stdout):
        assert time.monotonic() < deadline, table
        time.sleep(0.2)
    assert f"{key['declared']} (active)" in table


def post(url: str, body: dict[str, object]) -> tuple[int, dict[str, object]]:
    """The status and JSON of the answer to a body."""
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=20) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_a_team_can_be_tried(demo: Process) -> None:
    """The demo provisions its own stand-in for the person at this machine, and says what it lacks to make a key."""
    url = demo.address("BFF")
    status, team = post(f"{url}/v1/teams", {"name": "tried-team"})
    assert (status, team["name"]) == (201, "tried-team")
    status, problem = post(f"{url}/v1/tokens", {"name": "tried-key", "team_id": team["id"]})
    assert (status, problem["type"]) == (503, "urn:keeptrusts-bff:provisioning-off")


def test_a_key_can_be_tried_with_a_vault_on_this_machine(begin: Begin, openbao: OpenBao) -> None:
    """With a Vault on loopback the demo puts a key into it, and its reply says where."""
    demo = begin("demo", *PORTS, "--no-traffic", until="Ctrl-C", VAULT_ADDR=openbao.url, VAULT_TOKEN=ROOT_TOKEN)
    url = demo.address("BFF")
    _, team = post(f"{url}/v1/teams", {"name": "tried-team"})
    status, key = post(f"{url}/v1/tokens", {"name": "tried-key", "team_id": team["id"]})
    entry = openbao.entry("ai/tried-team/tried-key")
    assert (status, key["vault_path"]) == (201, "ai/tried-team/tried-key")
    assert entry is not None
    assert entry["id"] == key["id"]
    assert entry["key"] not in json.dumps(key)


def test_nobodys_real_vault_is_written_to(begin: Begin) -> None:
    """A Vault elsewhere that the environment names is left alone: a sandbox's keys do not belong there."""
    demo = begin(
        "demo", *PORTS, "--no-traffic", until="Ctrl-C", VAULT_ADDR="https://vault.example", VAULT_TOKEN="canary"
    )
    url = demo.address("BFF")
    _, team = post(f"{url}/v1/teams", {"name": "tried-team"})
    status, problem = post(f"{url}/v1/tokens", {"name": "tried-key", "team_id": team["id"]})
    assert (status, problem["type"]) == (503, "urn:keeptrusts-bff:provisioning-off")
