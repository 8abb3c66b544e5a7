"""Blocks of requests with what they have in common, on PostgreSQL, for searching."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        # It is filled when the index of words sees that an older version wrote it.
        op.execute(
            "CREATE TABLE IF NOT EXISTS request_blocks ("
            " bin_id BIGINT NOT NULL, number BIGINT NOT NULL, covered TEXT NOT NULL,"
            " summary BYTEA NOT NULL, PRIMARY KEY (bin_id, number))"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_table("request_blocks")
