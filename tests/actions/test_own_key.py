"""The key of the service's own tokens: what is signed with it, and how replicas share it."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pydantic import SecretStr
from sqlalchemy import select

from bff.actions.own_key import NAME, READ_AGAIN_AFTER, KeyFromSettings, KeyInDatabase, SigningKeyUnavailableError
from bff.backstage.own_tokens import LASTS, SigningKey
from bff.secret_files import Secret
from bff.store.database import Database
from bff.store.sealing import Seal, SealError
from bff.store.tables import signing_keys

FIRST, SECOND = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))
NOW = 1_800_000_000.0


class Time:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def replica(database: Database, store_key: str = FIRST, *, time: Time | None = None) -> KeyInDatabase:
    """The key source of one replica."""
    time = time or Time()
    secret = Secret(SecretStr(store_key), name="BFF_STORE_KEY", in_header=False)
    return KeyInDatabase(database, secret, now=time, monotonic=time)


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """A database with its tables, of each kind."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    made = Database.at(url, folder=tmp_path)
    await made.migrate()
    yield made
    await made.close()


async def stored(database: Database) -> bytes:
    """What the database has of the key."""
    async with database.read() as connection:
        return bytes((await connection.execute(select(signing_keys.c.sealed))).scalar_one())


async def test_replicas_share_the_key_of_the_first(database: Database) -> None:
    """However many replicas start at once, all sign with one key, and so does one that starts later."""
    found = await asyncio.gather(*(replica(database).current() for _ in range(4)))
    found.append(await replica(database).current())
    assert len({key.kid for key in found}) == 1


async def test_the_database_has_no_key_in_clear(database: Database) -> None:
    """What is stored holds neither the PEM text nor the number of the private key, and another key opens nothing of it."""
    key = await replica(database).current()
    sealed = await stored(database)
    pem = key.pem()
    number = serialization.load_pem_private_key(pem.encode(), None).private_numbers().private_value  # type: ignore[union-attr]
    assert b"PRIVATE KEY" not in sealed
    assert number.to_bytes(32, "big") not in sealed
    assert SigningKey.read(Seal(FIRST).open(sealed, purpose=NAME).decode()).kid == key.kid
    with pytest.raises(SealError):
        Seal(SECOND).open(sealed, purpose=NAME)
    with pytest.raises(SealError):
        Seal(FIRST).open(sealed, purpose="something else")


async def test_a_new_store_key_before_the_old_one_keeps_the_key(database: Database) -> None:
    """With a new store key on the first line and the old one on the second, the signing key stays what it was."""
    key = await replica(database).current()
    assert (await replica(database, f"{SECOND}\n{FIRST}").current()).kid == key.kid


async def test_a_key_that_no_store_key_opens_is_replaced(database: Database) -> None:
    """With another store key alone a new signing key is made, and replicas with that store key share it."""
    key = await replica(database).current()
    found = await asyncio.gather(*(replica(database, SECOND).current() for _ in range(3)))
    assert len({each.kid for each in found}) == 1
    assert found[0].kid != key.kid


async def test_a_replica_learns_of_a_replaced_key(database: Database) -> None:
    """A replica signs with the key that another has stored since, once it reads again."""
    time = Time()
    first = replica(database, f"{FIRST}\n{SECOND}", time=time)
    before = await first.current()
    async with database.write() as connection:
        await connection.execute(signing_keys.delete())
    after = await replica(database, SECOND).current()
    assert (await first.current()).kid == before.kid
    time.now += READ_AGAIN_AFTER
    assert (await first.current()).kid == after.kid


async def test_without_the_database_the_last_key_is_used(tmp_path: Path) -> None:
    """A replica goes on signing while the database is away; one that has read no key says that it cannot."""
    database, time = Database.at(None, folder=tmp_path), Time()
    await database.migrate()
    source = replica(database, time=time)
    key = await source.current()
    await database.close()
    time.now += READ_AGAIN_AFTER
    assert (await source.current()).kid == key.kid
    with pytest.raises(SigningKeyUnavailableError):
        await replica(database).current()


async def test_a_changed_file_is_another_key(tmp_path: Path) -> None:
    """A key from a file is replaced with its file, without a restart."""
    file, first, second = tmp_path / "key.pem", SigningKey.make(), SigningKey.make()
    file.write_text(first.pem())
    source = KeyFromSettings(
        Secret(SecretStr(first.pem()), name="BFF_SIGNING_KEY", path=file, in_header=False, check=_check)
    )
    assert (await source.current()).kid == first.kid
    file.write_text(f"\n{second.pem()}\n")
    assert (await source.current()).kid == second.kid
    file.write_text("nonsense")
    assert (await source.current()).kid == second.kid


def _check(secret: SecretStr) -> None:
    SigningKey.read(secret.get_secret_value())


@pytest.mark.parametrize(("left", "lasts"), [(600, LASTS), (10, 10)])
def test_a_token_ends_with_its_person(left: int, lasts: float) -> None:
    """A token lasts a minute, and never longer than the person's own that stands in it."""
    key = SigningKey.make()
    token = key.token("catalog", person=SecretStr("proof"), now=NOW, until=NOW + left).get_secret_value()
    claims = jwt.decode(
        token,
        jwt.PyJWK(key.public_jwk),
        algorithms=["ES256"],
        audience="catalog",
        options={"verify_exp": False, "verify_iat": False},
    )
    assert claims == {"sub": "keeptrusts", "aud": "catalog", "iat": NOW, "exp": NOW + lasts, "obo": "proof"}
    assert jwt.get_unverified_header(token) == {"alg": "ES256", "kid": key.kid, "typ": "vnd.backstage.plugin"}


def test_a_key_shows_its_id_alone() -> None:
    """Neither `repr` nor `str` of a key shows a part of it that is secret."""
    key = SigningKey.make()
    assert repr(key) == str(key) == f"<SigningKey {key.kid}>"


def _pem(private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, password: bytes | None = None) -> str:
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "secret-nonsense",
        _pem(rsa.generate_private_key(65537, 2048)),
        _pem(ec.generate_private_key(ec.SECP384R1())),
        _pem(ec.generate_private_key(ec.SECP256R1()), b"secret-password"),
    ],
)
def test_another_key_is_refused_with_the_form_expected(text: str) -> None:
    """What is no key on P-256 is refused by a message that says what is wanted and quotes nothing."""
    with pytest.raises(ValueError, match="P-256") as caught:
        SigningKey.read(text)
    assert "secret" not in str(caught.value)
