"""Blocks of requests with what they have in common, on PostgreSQL, for searching."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        from inspector.storage.database.postgresql import BLOCKS

        op.execute(BLOCKS)  # It is filled when the index finds that it is of an older reader.


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_table("request_blocks")
