"""Counts of what bins hold and let go of, values that processes share, words on PostgreSQL."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

POSTGRESQL = (
    """
DO $$ BEGIN
    ALTER TABLE requests ALTER COLUMN body SET COMPRESSION lz4;
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE 'bodies are not compressed by lz4';
END $$
""",
    """
    CREATE TABLE requests_to_index (
        bin_id BIGINT NOT NULL, number BIGINT NOT NULL, PRIMARY KEY (bin_id, number)
    )
    """,
    """
    CREATE TABLE request_words (
        bin_id BIGINT NOT NULL, number BIGINT NOT NULL, words TSVECTOR NOT NULL,
        PRIMARY KEY (bin_id, number)
    )
    """,
    "CREATE INDEX request_words_by_word ON request_words USING gin (words)",
    "INSERT INTO requests_to_index SELECT bin_id, number FROM requests",
)


def upgrade() -> None:
    for name, default in (("kept_from", "1"), ("held", "0"), ("let_go", "0")):
        op.add_column(
            "bins", sa.Column(name, sa.BigInteger, nullable=False, server_default=default)
        )
    op.create_table(
        "installation",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.execute(
        "UPDATE bins SET"
        " held = (SELECT count(*) FROM requests WHERE requests.bin_id = bins.id),"
        " kept_from = coalesce("
        "(SELECT min(number) FROM requests WHERE requests.bin_id = bins.id), last_number + 1)"
    )
    # A full bin let its oldest go; where one is not full, nobody knows any more.
    op.execute("UPDATE bins SET let_go = last_number - held WHERE held = capacity")
    if op.get_bind().dialect.name == "postgresql":
        for statement in POSTGRESQL:
            op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_table("request_words")
        op.drop_table("requests_to_index")
    op.drop_table("installation")
    for name in ("let_go", "held", "kept_from"):
        op.drop_column("bins", name)
