"""Signing keys: read rarely, kept through failures, replaced when Backstage replaces them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from bff.backstage.caller import IdentityUnavailableError
from bff.backstage.entities import CatalogUnavailableError
from bff.backstage.jwks import ALGORITHMS, FAILURE_PAUSE, REFRESH_AFTER, UNKNOWN_PAUSE, Keys, SigningKeys
from tests.backstage.stub import Clock, Key


class Source:
    """A key set that can be changed, broken, held up and counted."""

    def __init__(self, *keys: Key) -> None:
        self.keys = list(keys)
        self.document: Any = None
        self.down = False
        self.reads = 0
        self.gate: asyncio.Event | None = None
        self.began = asyncio.Event()

    async def __call__(self, read: Callable[[Any], Keys]) -> Keys:
        self.reads += 1
        self.began.set()
        keys = [key.public_jwk for key in self.keys]
        if self.gate is not None:
            await self.gate.wait()
        if self.down:
            raise CatalogUnavailableError("down")
        return read({"keys": keys} if self.document is None else self.document)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def source() -> Source:
    return Source(Key("one"))


@pytest.fixture
def keys(source: Source, clock: Clock) -> SigningKeys:
    return SigningKeys(source, monotonic=clock)


async def background() -> None:
    """Let the tasks that are ready run."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_known_key_is_read_once(keys: SigningKeys, source: Source) -> None:
    """The set is read with the first token and not with the next."""
    assert await keys.key("one") is not None
    assert await keys.key("one") is not None
    assert source.reads == 1


async def test_a_herd_reads_once(keys: SigningKeys, source: Source) -> None:
    """A thousand first tokens at once make one read."""
    found = await asyncio.gather(*(keys.key("one") for _ in range(1_000)))
    assert all(found)
    assert source.reads == 1


async def test_a_new_key_is_found_at_once(keys: SigningKeys, source: Source) -> None:
    """After Backstage restarts with new keys, the next token works."""
    await keys.key("one")
    source.keys = [Key("two")]
    assert await keys.key("two") is not None
    assert source.reads == 2


async def test_every_restart_is_noticed(keys: SigningKeys, source: Source) -> None:
    """A read that finds the key does not delay the next: only looking in vain does."""
    for name in ("one", "two", "three", "four"):
        source.keys = [Key(name)]
        assert await keys.key(name) is not None


async def test_unknown_keys_are_looked_for_once_in_a_while(keys: SigningKeys, source: Source, clock: Clock) -> None:
    """After one was looked for in vain, no unknown key makes a read for 30 seconds; then one does."""
    await keys.key("one")
    for number in range(100):
        assert await keys.key(f"unknown-{number}") is None
    assert source.reads == 2
    clock.now += UNKNOWN_PAUSE
    assert await keys.key("unknown") is None
    assert source.reads == 3


async def test_a_herd_of_unknown_keys_reads_once(keys: SigningKeys, source: Source) -> None:
    """The same holds when they come all at once, to a set that was never read."""
    found = await asyncio.gather(*(keys.key(f"unknown-{number}") for number in range(1_000)))
    assert not any(found)
    assert source.reads == 1


async def test_a_read_under_way_does_not_condemn_a_new_key(keys: SigningKeys, source: Source) -> None:
    """A key that was made after a read began is looked for by another read."""
    source.gate = asyncio.Event()
    early = asyncio.create_task(keys.key("one"))
    await source.began.wait()
    source.keys = [Key("one"), Key("two")]
    late = asyncio.create_task(keys.key("two"))
    await asyncio.sleep(0)
    source.gate.set()
    assert await early is not None
    assert await late is not None


async def test_keys_are_renewed_in_the_background(keys: SigningKeys, source: Source, clock: Clock) -> None:
    """An old set is read again while no caller waits for it, and a key that is gone no longer counts."""
    await keys.key("one")
    source.keys = [Key("two")]
    clock.now += REFRESH_AFTER
    source.gate = asyncio.Event()
    assert await keys.key("one") is not None
    source.gate.set()
    await background()
    assert source.reads == 2
    assert await keys.key("one") is None


async def test_down_at_the_start(keys: SigningKeys, source: Source, clock: Clock) -> None:
    """Without any keys no caller can be judged; the next try is a few seconds later and not with every request."""
    source.down = True
    for _ in range(10):
        with pytest.raises(IdentityUnavailableError):
            await keys.key("one")
    assert source.reads == 1
    source.down = False
    clock.now += FAILURE_PAUSE
    assert await keys.key("one") is not None


async def test_down_after_warm_up(keys: SigningKeys, source: Source, clock: Clock) -> None:
    """The last good set counts for as long as reads fail."""
    await keys.key("one")
    source.down = True
    for _ in range(20):
        clock.now += REFRESH_AFTER
        assert await keys.key("one") is not None
        await background()
    assert source.reads == 21


async def test_an_unknown_key_while_down(keys: SigningKeys, source: Source) -> None:
    """Whether an unknown key is good cannot be said: that is our trouble and not the caller's."""
    await keys.key("one")
    source.down = True
    for _ in range(10):
        with pytest.raises(IdentityUnavailableError):
            await keys.key("two")
    assert source.reads == 2


async def test_the_cancelled_does_not_cancel_the_others(keys: SigningKeys, source: Source) -> None:
    """Who goes away while keys are read leaves the others their answer."""
    source.gate = asyncio.Event()
    leaver, stayer = asyncio.create_task(keys.key("one")), asyncio.create_task(keys.key("one"))
    await source.began.wait()
    leaver.cancel()
    await asyncio.gather(leaver, return_exceptions=True)
    source.gate.set()
    assert await stayer is not None
    assert source.reads == 1


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"keys": "x"},
        {"keys": [1]},
        {"keys": [{"kid": "one", "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]},
        {"keys": [{"kid": "one", "kty": "EC", "crv": "P-256", "x": 5, "y": "AA"}]},
        {"keys": [{"kid": "one", "kty": "oct", "crv": "P-256", "k": "AA"}]},
        {"keys": [{"kid": str(number)} for number in range(201)]},
    ],
)
async def test_what_is_no_key_set_replaces_nothing(
    keys: SigningKeys, source: Source, clock: Clock, document: Any
) -> None:
    """Nonsense in the place of keys is a failed read: the last good set stays."""
    await keys.key("one")
    source.document = document if document is not None else "null"
    clock.now += REFRESH_AFTER
    assert await keys.key("one") is not None
    await background()
    assert source.reads == 2
    assert await keys.key("one") is not None


@pytest.mark.parametrize(
    "other",
    [
        {"kid": "other", "kty": "OKP", "crv": "X25519", "x": "AA"},
        {"kid": "other", "kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"},
        {"kid": "other", "kty": "new"},
        {"kid": "other"},
        Key("other", "RS256").public_jwk | {"alg": "RSA-OAEP"},
        Key("other", "RS256").public_jwk | {"alg": "HS256"},
        Key("other", "RS256").public_jwk | {"alg": "none"},
        Key("other", "RS256").public_jwk | {"use": "enc"},
        Key("other").public_jwk | {"alg": "ES384"},
        Key("other").public_jwk | {"alg": "HS256"},
        Key("other", "RS256", bits=1024).public_jwk,
    ],
)
async def test_other_kinds_of_keys_are_passed_over(keys: SigningKeys, source: Source, other: dict[str, Any]) -> None:
    """A set may hold keys by which no token is signed, and keys that are too weak: they verify nothing."""
    source.document = {"keys": [other, Key("one").public_jwk]}
    assert await keys.key("one") is not None
    assert await keys.key("other") is None


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
async def test_a_key_has_one_algorithm(keys: SigningKeys, source: Source, algorithm: str) -> None:
    """Each of the asymmetric algorithms that Backstage can be configured with is read from the key itself."""
    source.keys = [Key("one", algorithm)]
    found = await keys.key("one")
    assert found is not None
    assert found.algorithm_name == algorithm


@pytest.mark.parametrize(("algorithm", "meant"), [("RS512", "RS256"), ("ES384", "ES384"), ("EdDSA", "EdDSA")])
async def test_a_key_that_names_no_algorithm(keys: SigningKeys, source: Source, algorithm: str, meant: str) -> None:
    """A curve has one algorithm; RSA without one is for RS256."""
    unnamed = {name: value for name, value in Key("one", algorithm).public_jwk.items() if name != "alg"}
    source.document = {"keys": [unnamed]}
    found = await keys.key("one")
    assert found is not None
    assert found.algorithm_name == meant


async def test_a_private_part_is_not_kept(keys: SigningKeys, source: Source) -> None:
    """A set that publishes a private key by mistake gives its public part alone."""
    source.document = {"keys": [Key("one").public_jwk | {"d": "c2VjcmV0"}]}
    found = await keys.key("one")
    assert found is not None
    assert not hasattr(found.key, "private_numbers")


async def test_an_empty_set_is_a_set(keys: SigningKeys, source: Source) -> None:
    """The scaffolder publishes no key before its first token."""
    source.keys = []
    assert await keys.key("one") is None
