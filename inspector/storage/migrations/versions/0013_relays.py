"""Relays: where a bin passes its requests on to, and what came of each."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("bins", sa.Column("relay", sa.Text))
    op.create_table(
        "relays",
        sa.Column("bin_id", _ROW_ID, primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("until_us", sa.BigInteger, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("duration_ms", sa.Float),
        sa.Column("delivery", sa.BigInteger),
        sa.Column("error_code", sa.String(32)),
        sa.Column("error", sa.Text),
        sa.ForeignKeyConstraint(
            ["bin_id", "number"], ["requests.bin_id", "requests.number"], ondelete="CASCADE"
        ),
    )


def downgrade() -> None:
    op.drop_table("relays")
    op.drop_column("bins", "relay")
