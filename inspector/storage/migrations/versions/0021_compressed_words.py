"""The words of requests compressed by lz4 on PostgreSQL, from the next that come."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        from inspector.storage.database.postgresql import COMPRESS_WORDS

        op.execute(COMPRESS_WORDS)


def downgrade() -> None:
    """Nothing to undo: compressed values are read all the same."""
