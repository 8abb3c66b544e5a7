"""The words of requests in PostgreSQL anew, with the pairs that stand side by side."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("TRUNCATE request_words")
        op.execute(
            "INSERT INTO requests_to_index SELECT bin_id, number FROM requests"
            " ON CONFLICT DO NOTHING"
        )


def downgrade() -> None:
    """Pairs do no harm to a version that asks for words alone."""
