"""Secrets that are encrypted before they go to the database."""

from __future__ import annotations

import base64

import pytest

from bff.store.sealing import Seal, SealError

FIRST, SECOND = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))


def test_what_is_closed_opens_again() -> None:
    """A secret comes back byte for byte, and never looks the same twice in between."""
    seal = Seal(FIRST)
    sealed = [seal.close(b"secret", purpose="a") for _ in range(2)]
    assert [seal.open(each, purpose="a") for each in sealed] == [b"secret"] * 2
    assert sealed[0] != sealed[1]


@pytest.mark.parametrize("place", [0, 12, -1])
def test_a_changed_byte_opens_nothing(place: int) -> None:
    """One who can write the database cannot change what is in it: one other bit, and nothing opens."""
    sealed = bytearray(Seal(FIRST).close(b"secret", purpose="a"))
    sealed[place] ^= 1
    with pytest.raises(SealError):
        Seal(FIRST).open(bytes(sealed), purpose="a")


@pytest.mark.parametrize("sealed", [b"", b"short", b"x" * 100])
def test_other_bytes_open_nothing(sealed: bytes) -> None:
    """Bytes that were never closed are an error of their own, whatever their length."""
    with pytest.raises(SealError):
        Seal(FIRST).open(sealed, purpose="a")


def test_every_key_opens_and_the_first_closes() -> None:
    """With a new key before the old one, old secrets still open and new ones need the new key."""
    old, both = Seal(FIRST).close(b"old", purpose="a"), Seal(f"{SECOND}\n{FIRST}\n")
    assert both.open(old, purpose="a") == b"old"
    new = both.close(b"new", purpose="a")
    assert Seal(SECOND).open(new, purpose="a") == b"new"
    with pytest.raises(SealError):
        Seal(FIRST).open(new, purpose="a")


@pytest.mark.parametrize("text", ["", "short", base64.b64encode(b"x" * 31).decode(), f"{FIRST}\nshort", "ä" * 44])
def test_another_store_key_is_refused_with_the_form_expected(text: str) -> None:
    """What are not 32 bytes in base64 on each line is refused by a message that says how to make them."""
    with pytest.raises(ValueError, match="openssl rand -base64 32"):
        Seal(text)
