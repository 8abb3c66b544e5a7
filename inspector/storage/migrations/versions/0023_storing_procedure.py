"""The procedure that stores captures in one statement on PostgreSQL, and commits.

The function before it stays for servers of an older version beside this one.
"""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

FUNCTION = """
CREATE OR REPLACE PROCEDURE inspector_store_2(
    bin text, taken bigint, bytes bigint, instance text, n bigint[], t text[], raw bytea,
    INOUT stored_in bigint, INOUT highest bigint, INOUT is_private boolean, INOUT gone_to bigint
) LANGUAGE plpgsql AS $$
DECLARE
    lowest bigint;
    most bigint;
    gone text = '[]';
    said text;
BEGIN
    said = set_config('synchronous_commit', 'off', true)
        || set_config('plan_cache_mode', 'force_generic_plan', true);
    UPDATE bins SET
        last_number = last_number + taken,
        stored_bytes = stored_bytes + bytes,
        held = CASE WHEN last_number + taken - capacity >= kept_from
            THEN capacity ELSE held + taken END,
        let_go = let_go + greatest(0, last_number + taken - capacity + 1 - kept_from),
        kept_from = greatest(kept_from, last_number + taken - capacity + 1)
    WHERE name = bin AND answers IS NULL AND relay IS NULL AND (
        last_number + taken - capacity < kept_from
        OR pinned = 0 AND held > last_number - kept_from
    )
    RETURNING id, last_number, private, kept_from, capacity
    INTO stored_in, highest, is_private, lowest, most;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    INSERT INTO requests (
        bin_id, number, received_us, chunked, truncated, refused_status, body_size,
        method, peer, fidelity, refused_reason, wire, raw_head, body, answer_set
    ) SELECT
        stored_in, highest - taken + 1 + i, n[8*i+1], n[8*i+2] <> 0, n[8*i+3] <> 0,
        nullif(n[8*i+4], -1), n[8*i+5],
        t[5*i+1], t[5*i+2], t[5*i+3], t[5*i+4], t[5*i+5],
        substr(raw, n[8*i+6]::int, n[8*i+7]::int),
        substr(raw, (n[8*i+6] + n[8*i+7])::int, n[8*i+8]::int), 0
    FROM generate_series(0, taken - 1) AS i;
    INSERT INTO requests_to_index (bin_id, number)
        SELECT stored_in, each FROM generate_series(highest - taken + 1, highest) AS each;
    IF lowest = highest - most + 1 AND lowest > 1 THEN
        gone_to = lowest - 1;
        gone = '[[' || stored_in || ',"let_go",' || gone_to || ']]';
    END IF;
    said = pg_notify('inspector',
        '[' || instance || ',[[' || stored_in || ',' || highest || ']],' || gone || ',[]]');
    COMMIT;
    said = pg_logical_emit_message(true, 'inspector', '');
END $$
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(FUNCTION)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP PROCEDURE inspector_store_2")
