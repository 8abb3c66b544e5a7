"""The audit log: deletions and changes of bins."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("bin_id", ROW_ID, nullable=False),
        sa.Column("bin_name", sa.String(63), nullable=False),
        sa.Column("private", sa.Boolean, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("caller", sa.String(16), nullable=False),
        sa.Column("address", sa.String(100), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("audit_log_by_bin", "audit_log", ["bin_id", "id"])


def downgrade() -> None:
    op.drop_table("audit_log")
