"""The URLs that a bin's requests were sent again to, and the runs that deliveries belong to."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("bins", sa.Column("replay_urls", sa.Text))
    op.add_column("deliveries", sa.Column("run", sa.String(32)))
    op.add_column("deliveries", sa.Column("replay_key", sa.String(64)))
    op.create_index("deliveries_by_run", "deliveries", ["run", "id"])
    op.create_index("deliveries_by_replay", "deliveries", ["replay_key", "id"])


def downgrade() -> None:
    op.drop_index("deliveries_by_replay", "deliveries")
    op.drop_index("deliveries_by_run", "deliveries")
    op.drop_column("deliveries", "replay_key")
    op.drop_column("deliveries", "run")
    op.drop_column("bins", "replay_urls")
