"""Details beside head and body: odd framing, trailers, bytes left over."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("requests", sa.Column("wire", sa.Text))


def downgrade() -> None:
    op.drop_column("requests", "wire")
