"""Pins and notes of requests, and how many of a bin's requests are pinned."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("bins", sa.Column("pinned", sa.BigInteger, nullable=False, server_default="0"))
    op.create_table(
        "annotations",
        sa.Column("bin_id", ROW_ID, primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("pinned", sa.Boolean, nullable=False),
        sa.Column("note", sa.Text),
        sa.ForeignKeyConstraint(
            ["bin_id", "number"], ["requests.bin_id", "requests.number"], ondelete="CASCADE"
        ),
    )


def downgrade() -> None:
    op.drop_table("annotations")
    op.drop_column("bins", "pinned")
