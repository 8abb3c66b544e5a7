"""The words of requests in PostgreSQL anew, with the pairs that stand side by side."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        from inspector.storage.database.postgresql import ENQUEUE_ALL

        op.execute("TRUNCATE request_words")
        op.execute(ENQUEUE_ALL)


def downgrade() -> None:
    """Pairs do no harm to a version that asks for words alone."""
