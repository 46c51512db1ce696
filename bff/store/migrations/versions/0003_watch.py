"""Make the tables of the watch: what was swept from the catalog, and which alerts were sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0003"
down_revision = "0002"

_NONE = sa.text("''")


def upgrade(op: Operations) -> None:
    """Add the tables; older releases go on without them."""
    op.create_table(
        "sweeps",
        sa.Column("organisation", sa.Text, primary_key=True),
        sa.Column("form", sa.Integer, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("complete", sa.Boolean, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "alerts",
        sa.Column("organisation", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("peak", sa.Integer, nullable=False),
        sa.Column("reached", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("window", sa.Text, nullable=False),
        sa.Column("until", sa.BigInteger),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("backstage", sa.Text, nullable=False, server_default=_NONE),
        sa.Column("webhook", sa.Text, nullable=False, server_default=_NONE),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("organisation", "scope", name="alerts_pkey"),
        sqlite_with_rowid=False,
    )
