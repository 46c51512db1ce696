"""Database addresses are taken as people write them, and refused before anything connects."""

from __future__ import annotations

import traceback

import pytest

from bff.store.database import DatabaseAddressError, check_address


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://bff:secret@db.internal:5432/bff",
        "postgres://bff:secret@db.internal/bff",
        "postgresql://db.internal",
        "postgresql:///bff?host=/var/run/postgresql",
        "postgresql://bff:p%23a%2Fb%3Fc%40d@db.internal/bff",
        "postgresql://bff@[2001:db8::1]:5432/bff",
        "postgresql://bff@one.internal:5432,two.internal:5433/bff?target_session_attrs=read-write",
        "postgresql://bff@db.internal/bff?sslmode=verify-full&sslrootcert=/etc/ca.pem&connect_timeout=10",
        "postgresql://bff@db.internal/bff?ssl=true",
        "postgresql://db.internal/bff?user=bff%40server&password=secret",
    ],
)
def test_an_address_that_libpq_understands_is_taken(url: str) -> None:
    """Both schemes, several hosts, sockets and libpq's own options are accepted."""
    check_address(url)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("CANARY", "must be an address such as postgresql://"),
        ("mysql://u:CANARY@db.internal/bff", "must be an address such as postgresql://"),
        ("postgresql+asyncpg://u:CANARY@db.internal/bff", "must be an address such as postgresql://"),
        ("sqlite:////CANARY/file", "without one SQLite is used"),
        ("postgresql://u:CANARY@db.internal/bff?foo=bar", "the option foo is not one"),
        ("postgresql://u:CANARY@db.internal/bff?ssl_cert_reqs=none", "the option ssl_cert_reqs is not one"),
        ("postgresql://u:CANARY@db.internal/bff?decode_responses=True", "the option decode_responses is not one"),
        ("postgresql://u:CANARY@db.internal/bff?pool_size=5&sslmode=require", "the option pool_size is not one"),
        ("postgresql://u:CANARY@db.internal/bff?sslmode=CANARY", "the option sslmode must be one of allow, disable"),
        ("postgresql://u:CANARY@db.internal/bff?target_session_attrs=CANARY", "the option target_session_attrs must"),
        ("postgresql://u:CANARY@db.internal/bff?connect_timeout=CANARY", "the option connect_timeout must be a whole"),
        ("postgresql://u:CANARY#x@db.internal/bff", "a '#' in a password must be percent-encoded"),
        ("postgresql://u:CANARY/x@db.internal/bff", "a '/', '?' or '@' in a password"),
        ("postgresql://u:12/CANARY@db.internal/bff", "a '/', '?' or '@' in a password"),
        ("postgresql://u:x?CANARY=1@db.internal/bff", "a '/', '?' or '@' in a password"),
        ("postgresql://u:CANARY@x@db.internal/bff", "a '/', '?' or '@' in a password"),
        ("postgresql://u:CANARY%zz@db.internal/bff", "must be an address such as"),
        ("postgresql://u:CANARY@[::1/bff", "must be an address such as"),
        ("postgresql://u@db.internal:CANARY/bff", "a port must be a number"),
        ("postgresql://u@one.internal:1,two.internal:99999/CANARY", "a port must be a number"),
        ("postgresql://u:CAN ARY@db.internal/bff", "without blanks"),
        ("postgresql://u:CANARY\n@db.internal/bff", "without blanks"),
    ],
)
def test_a_wrong_address_is_refused_and_not_shown(url: str, said: str) -> None:
    """The error is one line that says what is wrong; no part of the address is in it or in its traceback."""
    with pytest.raises(DatabaseAddressError) as caught:
        check_address(url)
    message = str(caught.value)
    assert said in message
    assert "\n" not in message
    raised = [line for line in traceback.format_exception(caught.value) if not line.startswith("  File ")]
    assert "CANARY" not in "".join(raised)
    assert "db.internal" not in message
