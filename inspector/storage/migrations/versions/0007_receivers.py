"""The receiver that a bin stands for, so that its forms are shown as that one reads them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "bins", sa.Column("receiver", sa.String(16), nullable=False, server_default="php")
    )


def downgrade() -> None:
    op.drop_column("bins", "receiver")
