"""Every failure of a command is one line that says what to do, and an exit code for scripts."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import BOT, Process, Run

NOTHING_THERE = "http://127.0.0.1:9"
FREE_PORTS = ("--port", "0", "--sandbox-port", "0", "--gateway-port", "0")


SERVING = {
    "KEEPTRUSTS_API_URL": "http://127.0.0.1:1",
    "KEEPTRUSTS_API_TOKEN": "canary",
    "BACKSTAGE_URL": "http://127.0.0.1:1",
    "BACKSTAGE_TOKEN": "canary",
}
"""All that serving needs, though nothing answers there."""


@pytest.mark.parametrize(
    ("words", "settings", "code", "said"),
    [
        (("status", BOT), {"BFF_URL": NOTHING_THERE}, 5, "keeptrusts-bff demo"),
        (("spend", BOT), {"BFF_URL": "no address"}, 2, "--url"),
        (("status", BOT), {"BFF_URL": "http://user:canary@127.0.0.1"}, 2, "http://127.0.0.1:8787"),
        (("status", BOT), {"BFF_TOKEN": "canary\nline"}, 3, "BFF_TOKEN must be"),
        (("status", "component:default/a b"), {}, 2, "'a b'"),
        (("serve",), {}, 3, "KEEPTRUSTS_API_URL"),
        (("serve",), {"BFF_PORT": "x"}, 3, "BFF_PORT='x'"),
        (("demo", *FREE_PORTS), {"BFF_TYPO": "x"}, 3, "BFF_TYPO is not a setting"),
        (("sandbox", *FREE_PORTS[:2]), {"BFF_TIMEZONE": "Mars"}, 3, "BFF_TIMEZONE='Mars'"),
        (("sandbox", "--load", "rate=fast"), {}, 2, "--load: rate: "),
        (("sandbox", "--load", "--traffic"), {}, 2, "leave out --empty and --load"),
        (("demo", "--port", "99999"), {}, 4, "choose another with --port"),
        (("serve",), SERVING | {"BFF_HOST": "203.0.113.7"}, 4, "this machine has no such address"),
        (
            ("serve",),
            SERVING | {"BFF_ADMIN_PORT": "8787"},
            3,
            "BFF_ADMIN_PORT=8787: must be another port than BFF_PORT",
        ),
        (("serve",), SERVING | {"BFF_TLS_KEY_FILE": "/dev/null"}, 3, "belong together: set both or neither"),
        (
            ("serve",),
            SERVING | {"BFF_TLS_CERT_FILE": "/dev/null", "BFF_TLS_KEY_FILE": "/dev/null"},
            3,
            "BFF_TLS_CERT_FILE='/dev/null': is empty",
        ),
        (("doctor",), {}, 3, "KEEPTRUSTS_API_URL"),
        (("migrate",), {"DATABASE_URL": "redis://:canary@127.0.0.1/0"}, 3, "DATABASE_URL: must be an address"),
        (("migrate",), {"DATABASE_URL": "postgresql://bff:canary#x@127.0.0.1/bff"}, 3, "DATABASE_URL: a '#' in"),
        (("serve",), SERVING | {"DATABASE_URL": "postgresql://bff:canary@127.0.0.1/bff?foo=bar"}, 3, "the option foo"),
        (
            ("doctor",),
            SERVING | {"DATABASE_URL": "postgresql://bff:canary#x@127.0.0.1/bff"},
            3,
            "DATABASE_URL: a '#' in",
        ),
        (("migrate",), {"DATABASE_URL": "postgresql://bff:canary@127.0.0.1:1/bff"}, 5, "connection refused"),
        (("migrate",), {"BFF_DATA_DIR": "/dev/null/bff"}, 5, "/dev/null/bff"),
    ],
)
def test_one_line(run: Run, words: tuple[str, ...], settings: dict[str, str], code: int, said: str) -> None:
    """It ends with its code and one line on standard error, and prints nothing else."""
    ended = run(*words, **settings)
    assert (ended.returncode, ended.stdout) == (code, "")
    assert ended.stderr.startswith("keeptrusts-bff: ")
    assert ended.stderr.count("\n") == 1
    assert said in ended.stderr
    assert "canary" not in ended.stderr


def test_processes_are_replicas_and_no_workers(run: Run) -> None:
    """One process is all that a command starts: an option for several is no option any more, and its name is said."""
    ended = run("serve", "--workers", "2")
    assert (ended.returncode, "--workers" in ended.stderr) == (2, True)


def test_a_file_that_cannot_be_written(run: Run, tmp_path: Path) -> None:
    """The OpenAPI document is not written into a folder that is not there, and the file is named."""
    wanted = tmp_path / "nowhere" / "openapi.json"
    ended = run("openapi", "--output", str(wanted))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == f"keeptrusts-bff: cannot write {wanted}: No such file or directory\n"


def test_an_unknown_entity(demo: Process, run: Run) -> None:
    """An entity that is not there is said so, with a code of its own."""
    ended = run("status", "component:default/nobody", BFF_URL=demo.address("BFF"))
    assert (ended.returncode, ended.stdout) == (6, "")
    assert "component:default/nobody" in ended.stderr


@pytest.mark.parametrize(
    ("entity", "fail_on", "code"),
    [
        ("route-planner", "error", 1),
        ("invoice-reader", "error", 0),
        ("invoice-reader", "warning", 1),
        ("billing-service", "warning", 0),
    ],
)
def test_a_state_can_fail_a_script(demo: Process, run: Run, entity: str, fail_on: str, code: int) -> None:
    """`--fail-on` ends with 1 when the state is that bad, and shows it all the same."""
    ended = run("status", entity, "--fail-on", fail_on, BFF_URL=demo.address("BFF"))
    assert ended.returncode == code
    assert entity in ended.stdout


def test_what_is_no_bff(demo: Process, run: Run) -> None:
    """Something else that answers there is not taken for a BFF."""
    other = demo.address("Sandbox")
    ended = run("status", BOT, BFF_URL=other)
    assert (ended.returncode, ended.stdout) == (5, "")
    assert f"{other} is not a BFF" in ended.stderr


def test_help_needs_nothing(run: Run) -> None:
    """Every command explains itself."""
    ended = run("--help")
    assert ended.returncode == 0
    for command in ("serve", "demo", "sandbox", "status", "spend", "doctor", "openapi"):
        assert command in ended.stdout
        assert run(command, "--help").returncode == 0
