"""The delivery keys of requests beside their words on PostgreSQL, by which attempts are found."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return  # There the words lie in a file of their own, which is made anew.
    op.execute("ALTER TABLE request_words ADD COLUMN IF NOT EXISTS delivery BIGINT")
    op.execute(
        "CREATE INDEX IF NOT EXISTS request_words_by_delivery"
        " ON request_words (bin_id, delivery, number)"
    )
    op.execute(
        "INSERT INTO requests_to_index SELECT bin_id, number FROM requests ON CONFLICT DO NOTHING"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index("request_words_by_delivery", "request_words")
        op.drop_column("request_words", "delivery")
