"""Bins and the requests they hold."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "bins",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("name", sa.String(63), nullable=False, unique=True),
        sa.Column("private", sa.Boolean, nullable=False),
        sa.Column("secret_hash", sa.String(64)),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("capacity", sa.Integer, nullable=False),
        sa.Column("last_number", sa.BigInteger, nullable=False),
        sa.Column("answers", sa.Text),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "requests",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("bin_id", ROW_ID, sa.ForeignKey("bins.id", ondelete="CASCADE"), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("received_us", sa.BigInteger, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("peer", sa.Text, nullable=False),
        sa.Column("fidelity", sa.String(16), nullable=False),
        sa.Column("chunked", sa.Boolean, nullable=False),
        sa.Column("truncated", sa.Boolean, nullable=False),
        sa.Column("refused_status", sa.Integer),
        sa.Column("refused_reason", sa.Text),
        sa.Column("body_size", sa.BigInteger, nullable=False),
        sa.Column("raw_head", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("requests_by_number", "requests", ["bin_id", "number"], unique=True)


def downgrade() -> None:
    op.drop_table("requests")
    op.drop_table("bins")
