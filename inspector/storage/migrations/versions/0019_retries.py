"""The words of requests in PostgreSQL anew, with a word a field, and with which are retries."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "ALTER TABLE request_words"
            " ADD COLUMN IF NOT EXISTS retry BOOLEAN NOT NULL DEFAULT false"
        )
        op.execute(
            "CREATE INDEX IF NOT EXISTS request_words_retries"
            " ON request_words (bin_id, number) WHERE retry"
        )
        # Without its new words a request is not found.
        op.execute(
            "INSERT INTO requests_to_index SELECT bin_id, number FROM requests"
            " ON CONFLICT DO NOTHING"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index("request_words_retries", "request_words")
        op.drop_column("request_words", "retry")
