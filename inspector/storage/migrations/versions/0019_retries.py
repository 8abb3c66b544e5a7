"""The words of requests in PostgreSQL anew, with a word a field, and with which are retries."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        from inspector.storage.database.postgresql import ENQUEUE_ALL, RETRIES

        for statement in RETRIES:
            op.execute(statement)
        op.execute(ENQUEUE_ALL)  # Without its new words a request is not found.


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index("request_words_retries", "request_words")
        op.drop_column("request_words", "retry")
