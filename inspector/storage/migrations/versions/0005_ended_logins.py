"""Logins that were ended."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ended_logins",
        sa.Column("login", sa.String(64), primary_key=True),
        sa.Column("until_s", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("ended_logins")
