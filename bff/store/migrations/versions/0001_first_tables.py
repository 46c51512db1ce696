"""Make the first tables: the ledger, its lease and its snapshots."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0001"
down_revision = None

_ZERO = sa.text("0")


def upgrade(op: Operations) -> None:
    """Make every table, and say that the first release may use them."""
    store_form = op.create_table("store_form", sa.Column("oldest", sa.Integer, nullable=False))
    op.bulk_insert(store_form, [{"oldest": 1}])
    op.create_table(
        "organisations",
        sa.Column("identity", sa.Text, primary_key=True),
        sa.Column("organisation", sa.Text, nullable=False),
    )
    op.create_table(
        "ledgers",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("organisation", sa.Text, nullable=False),
        sa.Column("zone", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("used_at", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False, server_default=sa.text("'{}'")),
        sa.UniqueConstraint("organisation", "zone", name="ledgers_organisation_zone"),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("holder", sa.Text, nullable=False, server_default=sa.text("''")),
        sa.Column("fence", sa.BigInteger, nullable=False, server_default=_ZERO),
        sa.Column("until", sa.Double, nullable=False, server_default=_ZERO),
        sa.Column("wanted", sa.BigInteger, nullable=False, server_default=_ZERO),
    )
    op.create_table(
        "snapshots",
        sa.Column("ledger_id", sa.Integer, nullable=False),
        sa.Column("form", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("made_at", sa.Double, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("ledger_id", "form", name="snapshots_pkey"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "events",
        sa.Column("ledger_id", sa.Integer, nullable=False),
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("usd", sa.BigInteger),
        sa.Column("pico", sa.BigInteger),
        sa.PrimaryKeyConstraint("ledger_id", "id", name="events_pkey"),
        sqlite_with_rowid=False,
    )
    op.create_index("events_at", "events", ["ledger_id", "at"])
    op.create_table(
        "sums",
        sa.Column("ledger_id", sa.Integer, nullable=False),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("team_id", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("usd", sa.BigInteger, nullable=False, server_default=_ZERO),
        sa.Column("pico", sa.BigInteger, nullable=False, server_default=_ZERO),
        sa.Column("requests", sa.Integer, nullable=False, server_default=_ZERO),
        sa.Column("unpriced", sa.Integer, nullable=False, server_default=_ZERO),
        sa.Column("blocked", sa.Integer, nullable=False, server_default=_ZERO),
        sa.Column("redacted", sa.Integer, nullable=False, server_default=_ZERO),
        sa.Column("escalated", sa.Integer, nullable=False, server_default=_ZERO),
        sa.Column("last_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("ledger_id", "day", "key_id", "team_id", "model", name="sums_pkey"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "wallet_marks",
        sa.Column("ledger_id", sa.Integer, nullable=False),
        sa.Column("wallet_id", sa.Text, nullable=False),
        sa.Column("usd", sa.BigInteger, nullable=False),
        sa.Column("pico", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("ledger_id", "wallet_id", name="wallet_marks_pkey"),
        sqlite_with_rowid=False,
    )
