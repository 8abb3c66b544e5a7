"""Answer rules with their turns, and what each request was answered."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _make_rules()
    _make_records()
    # Bins whose answer an earlier version kept: their captures refer to it from now on.
    op.execute(
        "INSERT INTO answer_sets (bin_id, document)"
        " SELECT id, answers FROM bins WHERE answers IS NOT NULL"
    )
    op.execute(
        "UPDATE bins SET answer_set ="
        " (SELECT id FROM answer_sets WHERE answer_sets.bin_id = bins.id)"
        " WHERE answers IS NOT NULL"
    )


def _make_rules() -> None:
    op.create_table(
        "answer_sets",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("bin_id", ROW_ID, sa.ForeignKey("bins.id", ondelete="CASCADE"), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("answer_sets_by_bin", "answer_sets", ["bin_id"])
    op.create_table(
        "answer_turns",
        sa.Column(
            "answer_set",
            ROW_ID,
            sa.ForeignKey("answer_sets.id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("rule", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("turns", sa.BigInteger, nullable=False),
    )
    op.add_column("bins", sa.Column("answer_set", sa.BigInteger))


def _make_records() -> None:
    _add_before_the_body(
        sa.Column("answer_set", sa.BigInteger),
        sa.Column("answer_rule", sa.Integer),
        sa.Column("answer_turn", sa.BigInteger),
    )
    op.create_table(
        "recorded_answers",
        sa.Column("bin_id", ROW_ID, primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("headers", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(
            ["bin_id", "number"], ["requests.bin_id", "requests.number"], ondelete="CASCADE"
        ),
    )


def _add_before_the_body(*columns: sa.Column[Any]) -> None:
    """SQLite reads what stands behind a large body by walking through all of it."""
    if op.get_bind().dialect.name != "sqlite":
        for column in columns:
            op.add_column("requests", column)
        return
    # A copy of the table forgets which ids were given already.
    highest = op.get_bind().scalar(
        sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'requests'")
    )
    with op.batch_alter_table(
        "requests", recreate="always", table_kwargs={"sqlite_autoincrement": True}
    ) as batch:
        after = "refused_reason"
        for column in columns:
            batch.add_column(column, insert_after=after)
            after = column.name
    if highest is not None:
        op.execute("DELETE FROM sqlite_sequence WHERE name = 'requests'")
        op.get_bind().execute(
            sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES ('requests', :highest)"),
            {"highest": highest},
        )


def downgrade() -> None:
    op.drop_table("recorded_answers")
    for name in ("answer_turn", "answer_rule", "answer_set"):
        op.drop_column("requests", name)
    op.drop_column("bins", "answer_set")
    op.drop_table("answer_turns")
    op.drop_table("answer_sets")
