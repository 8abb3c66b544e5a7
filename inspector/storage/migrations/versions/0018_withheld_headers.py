"""Names of headers that a relay kept back from the sender."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("relays", sa.Column("withheld", sa.Text))


def downgrade() -> None:
    op.drop_column("relays", "withheld")
