"""The fields that a bin's list shows, as a JSON list of names."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("bins", sa.Column("columns", sa.Text))


def downgrade() -> None:
    op.drop_column("bins", "columns")
