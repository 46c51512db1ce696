"""The doctor also tries what stands beside Keeptrusts, and changes nothing there."""

from __future__ import annotations

from pathlib import Path

from bff.app_connections import open_database
from bff.cli.doctor import examine_others
from bff.cli.doctor_keeptrusts import Trial, Verdict
from bff.settings import Settings
from tests.harness.openbao import MOUNT, OpenBao

LOCAL = {"bff_auth": "none", "bff_catalog": "files", "bff_catalog_files": "catalog/examples"}
NOWHERE = "127.0.0.1:1"


async def examined(**settings: object) -> list[tuple[str, Trial]]:
    """The trials of these settings alone, without the database's, which is always tried."""
    return [each async for each in examine_others(Settings.load(**settings), None) if each[0] != "database"]


async def database_trial(**settings: object) -> Trial:
    """The database's trial."""
    trials = [each async for each in examine_others(Settings.load(**LOCAL, **settings), None)]
    (trial,) = (trial for system, trial in trials if system == "database")
    return trial


async def test_catalog_files(tmp_path: Path) -> None:
    """Files are counted with what is in them; a pattern that names none is a warning, and a failure where nothing else is there."""
    both = await examined(**LOCAL | {"bff_catalog_files": f"catalog/examples:{tmp_path}"})
    assert [trial.verdict for _, trial in both] == [Verdict.OK, Verdict.WARN]
    nothing = await examined(**LOCAL | {"bff_catalog_files": str(tmp_path)})
    assert [trial.verdict for _, trial in nothing] == [Verdict.FAIL, Verdict.WARN]
    assert str(tmp_path) in nothing[-1][1].message


async def test_vault_is_tried_without_writing(openbao: OpenBao) -> None:
    """A policy that lets keys be written is enough, and nothing is written."""
    rules = f'path "{MOUNT}/data/ai/*" {{ capabilities = ["create", "read"] }}'
    trials = await examined(vault_addr=openbao.url, vault_token=openbao.token(openbao.policy(rules)), **LOCAL)
    system, trial = trials[-1]
    assert (system, trial.verdict) == ("vault", Verdict.OK), trial
    assert openbao.entry("ai/keeptrusts-bff-doctor/probe") is None


async def test_a_vault_that_forbids(openbao: OpenBao) -> None:
    """A policy that only reads fails before anybody has been promised a key."""
    rules = f'path "{MOUNT}/data/ai/*" {{ capabilities = ["read"] }}'
    trials = await examined(vault_addr=openbao.url, vault_token=openbao.token(openbao.policy(rules)), **LOCAL)
    assert trials[-1][1].verdict is Verdict.FAIL
    assert "create" in trials[-1][1].message


async def test_a_database_in_order(postgres_url: str, tmp_path: Path) -> None:
    """Tables that are still to be made are worth a warning, since `serve` makes them; with them the database is well."""
    for settings in ({"database_url": postgres_url}, {"bff_data_dir": str(tmp_path)}):
        assert (await database_trial(**settings)).verdict is Verdict.WARN
        database = open_database(Settings.load(**LOCAL, **settings))
        await database.migrate()
        await database.close()
        assert (await database_trial(**settings)).verdict is Verdict.OK


async def test_a_database_that_does_not_answer() -> None:
    """It fails, and the message has neither its address nor its password."""
    trial = await database_trial(database_url=f"postgresql://bff:canary@{NOWHERE}/bff")
    assert (trial.verdict, trial.subject) == (Verdict.FAIL, "DATABASE_URL")
    assert "canary" not in trial.message
    assert NOWHERE not in trial.message


async def test_what_is_not_named_is_not_tried() -> None:
    """Without Backstage and Vault there is nothing to say of them."""
    assert {system for system, _ in await examined(**LOCAL)} == {"catalog"}
