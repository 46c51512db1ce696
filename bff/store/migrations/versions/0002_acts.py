"""Make the table of provisioning acts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0002"
down_revision = "0001"

_NONE = sa.text("''")


def upgrade(op: Operations) -> None:
    """Add the table; older releases go on without it."""
    op.create_table(
        "acts",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("organisation", sa.Text, nullable=False),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("team_id", sa.Text, nullable=False, server_default=_NONE),
        sa.Column("team", sa.Text, nullable=False, server_default=_NONE),
        sa.Column("name", sa.Text, nullable=False, server_default=_NONE),
        sa.Column("once", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False, server_default=_NONE),
        sa.Column("via", sa.Text, nullable=False, server_default=_NONE),
        sa.Column("approved_by", sa.Text, nullable=False, server_default=_NONE),
        sa.Column("request_id", sa.Text, nullable=False, server_default=_NONE),
        sa.Column("wider", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("usd", sa.BigInteger),
        sa.Column("pico", sa.BigInteger),
        sa.Column("made", sa.Text, nullable=False, server_default=_NONE),
        sa.Column("previous", sa.Text, nullable=False, server_default=_NONE),
        sa.Column("detail", sa.Text, nullable=False, server_default=_NONE),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger),
        sa.Column("grace", sa.BigInteger),
        sa.UniqueConstraint("organisation", "operation", "team_id", "once", name="acts_once"),
    )
    op.create_index("acts_started", "acts", ["organisation", "started_at"])
    op.create_index("acts_due", "acts", ["organisation", "due_at"])
