"""An age limit and the stored bytes of each bin."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("bins", sa.Column("ttl_s", sa.BigInteger))
    op.add_column(
        "bins", sa.Column("stored_bytes", sa.BigInteger, nullable=False, server_default="0")
    )
    op.execute(
        "UPDATE bins SET stored_bytes = coalesce((SELECT sum(body_size + length(raw_head))"
        " FROM requests WHERE requests.bin_id = bins.id), 0)"
    )


def downgrade() -> None:
    op.drop_column("bins", "stored_bytes")
    op.drop_column("bins", "ttl_s")
