"""A table of news on PostgreSQL, for instances that no notification reaches."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("""
            CREATE TABLE IF NOT EXISTS told_news (
                id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                told_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(), payload TEXT NOT NULL
            )
        """)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_table("told_news")
