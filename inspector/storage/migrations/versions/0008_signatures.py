"""The secrets with which a bin's signatures are checked, as a JSON document."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("bins", sa.Column("signatures", sa.Text))


def downgrade() -> None:
    op.drop_column("bins", "signatures")
