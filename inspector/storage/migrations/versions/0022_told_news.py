"""A table of news on PostgreSQL, for instances that no notification reaches."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        from inspector.storage.database.postgresql import TOLD_NEWS

        op.execute(TOLD_NEWS)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_table("told_news")
