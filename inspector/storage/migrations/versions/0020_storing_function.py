"""The function that stores captures in one trip to PostgreSQL."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

FUNCTION = """
CREATE OR REPLACE FUNCTION inspector_store_1(
    bin text, taken bigint, bytes bigint, instance text, given_received_us int8[], given_method
        text[], given_peer text[], given_fidelity text[], given_chunked bool[], given_truncated
        bool[], given_refused_status int4[], given_refused_reason text[], given_answer_set
        int8[], given_answer_rule int4[], given_answer_turn int8[], given_body_size int8[],
        given_raw_head bytea[], given_wire text[], given_body bytea[],
    OUT stored_in bigint, OUT highest bigint, OUT is_private boolean, OUT gone_to bigint
) RETURNS SETOF record LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    lowest bigint;
    most bigint;
    gone text = '[]';
BEGIN
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
    INSERT INTO requests (bin_id, number, received_us, method, peer, fidelity, chunked,
        truncated, refused_status, refused_reason, answer_set, answer_rule, answer_turn,
        body_size, raw_head, wire, body)
        SELECT stored_in, highest - taken + place, received_us, method, peer, fidelity, chunked,
            truncated, refused_status, refused_reason, answer_set, answer_rule, answer_turn,
            body_size, raw_head, wire, body
        FROM unnest(given_received_us, given_method, given_peer, given_fidelity, given_chunked,
            given_truncated, given_refused_status, given_refused_reason, given_answer_set,
            given_answer_rule, given_answer_turn, given_body_size, given_raw_head, given_wire,
            given_body) WITH ORDINALITY AS given (received_us, method, peer, fidelity, chunked,
            truncated, refused_status, refused_reason, answer_set, answer_rule, answer_turn,
            body_size, raw_head, wire, body, place);
    INSERT INTO requests_to_index (bin_id, number)
        SELECT stored_in, each FROM generate_series(highest - taken + 1, highest) AS each;
    IF lowest = highest - most + 1 AND lowest > 1 THEN
        gone_to = lowest - 1;
        gone = '[[' || stored_in || ',"let_go",' || gone_to || ']]';
    END IF;
    PERFORM pg_notify('inspector',
        '[' || instance || ',[[' || stored_in || ',' || highest || ']],' || gone || ',[]]');
    RETURN NEXT;
END $$
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(FUNCTION)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION inspector_store_1")
