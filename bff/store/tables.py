"""The tables, as the newest migration leaves them; a test compares the two.

Times called `at` are microseconds since 1970 by the clock of the event or process concerned; `until` and `made_at` are seconds since
1970 by the database's own clock, the only one that all processes share. Text that there is none of is empty, so that it
can be part of a key. Amounts are pairs, see `amounts`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

FORM = 1
"""The form of the tables that this release knows: it grows when an older release can no longer use them."""

metadata = MetaData()

_ZERO = text("0")
_NONE = text("''")

store_form = Table(
    "store_form",
    metadata,
    # The oldest form whose release may still use these tables. One row.
    Column("oldest", Integer, nullable=False),
)

organisations = Table(
    "organisations",
    metadata,
    # A hash of the API's address and the token; neither can be read from it.
    Column("identity", Text, primary_key=True),
    # The organisation's id from Keeptrusts, for a start while Keeptrusts cannot be asked.
    Column("organisation", Text, nullable=False),
)

ledgers = Table(
    "ledgers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("organisation", Text, nullable=False),
    # The IANA zone in which the days of `sums` begin.
    Column("zone", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("used_at", BigInteger, nullable=False),
    # How far the reader has come, as JSON.
    Column("state", Text, nullable=False, server_default=text("'{}'")),
    UniqueConstraint("organisation", "zone", name="ledgers_organisation_zone"),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False, server_default=text("''")),
    # Grows by one with each change of holder.
    Column("fence", BigInteger, nullable=False, server_default=_ZERO),
    Column("until", Double, nullable=False, server_default=_ZERO),
    # How often the holder was asked to do its work soon.
    Column("wanted", BigInteger, nullable=False, server_default=_ZERO),
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("ledger_id", Integer, nullable=False),
    # The form of the body: two releases never read each other's.
    Column("form", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("made_at", Double, nullable=False),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("ledger_id", "form", name="snapshots_pkey"),
    sqlite_with_rowid=False,
)

events = Table(
    "events",
    metadata,
    Column("ledger_id", Integer, nullable=False),
    Column("id", LargeBinary(16), nullable=False),
    Column("at", BigInteger, nullable=False),
    # Both are null where the price is not known.
    Column("usd", BigInteger),
    Column("pico", BigInteger),
    PrimaryKeyConstraint("ledger_id", "id", name="events_pkey"),
    Index("events_at", "ledger_id", "at"),
    sqlite_with_rowid=False,
)

sums = Table(
    "sums",
    metadata,
    Column("ledger_id", Integer, nullable=False),
    # A date as a number: 20260311.
    Column("day", Integer, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("team_id", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("usd", BigInteger, nullable=False, server_default=_ZERO),
    Column("pico", BigInteger, nullable=False, server_default=_ZERO),
    Column("requests", Integer, nullable=False, server_default=_ZERO),
    Column("unpriced", Integer, nullable=False, server_default=_ZERO),
    Column("blocked", Integer, nullable=False, server_default=_ZERO),
    Column("redacted", Integer, nullable=False, server_default=_ZERO),
    Column("escalated", Integer, nullable=False, server_default=_ZERO),
    Column("last_at", BigInteger),
    PrimaryKeyConstraint("ledger_id", "day", "key_id", "team_id", "model", name="sums_pkey"),
    sqlite_with_rowid=False,
)

wallet_marks = Table(
    "wallet_marks",
    metadata,
    Column("ledger_id", Integer, nullable=False),
    Column("wallet_id", Text, nullable=False),
    Column("usd", BigInteger, nullable=False),
    Column("pico", BigInteger, nullable=False),
    PrimaryKeyConstraint("ledger_id", "wallet_id", name="wallet_marks_pkey"),
    sqlite_with_rowid=False,
)

PENDING_ACT = "pending"
"""The state of an act that has not ended."""

acts = Table(
    "acts",
    metadata,
    # A random number in hexadecimal digits, which what the act makes upstream carries in its description.
    Column("id", Text, primary_key=True),
    Column("organisation", Text, nullable=False),
    Column("operation", Text, nullable=False),
    # Empty for the making of a team.
    Column("team_id", Text, nullable=False, server_default=_NONE),
    Column("team", Text, nullable=False, server_default=_NONE),
    Column("name", Text, nullable=False, server_default=_NONE),
    # What two requests have in common that ask for the same act: a name, or the hash of an idempotency key.
    Column("once", Text, nullable=False),
    # `pending`, `done`, `failed` or `refused`.
    Column("state", Text, nullable=False),
    Column("person", Text, nullable=False, server_default=_NONE),
    Column("via", Text, nullable=False, server_default=_NONE),
    Column("approved_by", Text, nullable=False, server_default=_NONE),
    Column("request_id", Text, nullable=False, server_default=_NONE),
    # Whether it took the wider rights of a platform group, so that it does not count for the owners' limits.
    Column("wider", Boolean, nullable=False, server_default=false()),
    Column("usd", BigInteger),
    Column("pico", BigInteger),
    # The id of what was made upstream, as soon as it is known.
    Column("made", Text, nullable=False, server_default=_NONE),
    # The id of the key that a rotation replaces, or that is to be revoked.
    Column("previous", Text, nullable=False, server_default=_NONE),
    # Why it failed or was refused.
    Column("detail", Text, nullable=False, server_default=_NONE),
    Column("started_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    # When a pending revocation is to be made.
    Column("due_at", BigInteger),
    # For how long it must not have been used then, in microseconds.
    Column("grace", BigInteger),
    UniqueConstraint("organisation", "operation", "team_id", "once", name="acts_once"),
    Index("acts_started", "organisation", "started_at"),
    Index("acts_due", "organisation", "due_at"),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    # What is signed with it: `backstage`.
    Column("name", Text, primary_key=True),
    # The private key, encrypted with a key that the database does not have (see `sealing`).
    Column("sealed", LargeBinary, nullable=False),
    Column("made_at", Double, nullable=False),
)

sweeps = Table(
    "sweeps",
    metadata,
    Column("organisation", Text, primary_key=True),
    # The form of the body: a release that does not know it reads the catalog itself.
    Column("form", Integer, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

alerts = Table(
    "alerts",
    metadata,
    Column("organisation", Text, nullable=False),
    # What the alert is about and who gets it: a newer alert of the same scope replaces the one before.
    Column("scope", Text, nullable=False),
    # The code of a finding.
    Column("code", Text, nullable=False),
    # 0 once it is over; a higher step is worse.
    Column("step", Integer, nullable=False),
    # The highest step that was raised in this window, and the highest that left on any channel.
    Column("peak", Integer, nullable=False),
    Column("reached", Integer, nullable=False, server_default=_ZERO),
    # A day, or the id of what the alert is about.
    Column("window", Text, nullable=False),
    # When the window has passed; null for one without an end.
    Column("until", BigInteger),
    # A random number in hexadecimal digits: every attempt to send the message carries it.
    Column("message_id", Text, nullable=False),
    # JSON.
    Column("message", Text, nullable=False),
    # `due`, `sending`, `sent`, `refused` or `summarised`; empty where the channel is off.
    Column("backstage", Text, nullable=False, server_default=_NONE),
    Column("webhook", Text, nullable=False, server_default=_NONE),
    Column("made_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("organisation", "scope", name="alerts_pkey"),
    sqlite_with_rowid=False,
)
