"""The words of requests compressed by lz4 on PostgreSQL, from the next that come."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

# Servers built without lz4 keep PostgreSQL's own way.
COMPRESS = """
DO $$ BEGIN
    ALTER TABLE request_words ALTER COLUMN words SET COMPRESSION lz4;
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE 'request_words.words is not compressed by lz4';
END $$
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(COMPRESS)


def downgrade() -> None:
    """Nothing to undo: compressed values are read all the same."""
