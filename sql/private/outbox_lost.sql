-- Whoever had them is gone, or slower than its lease.  They count as failed
-- attempts: a row that kills each dispatcher must come to an end, too.

CREATE OR REPLACE FUNCTION shop.outbox_lost(p_kinds text[]) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
SET enable_seqscan = off
SET jit = off
AS $$
DECLARE
    v_lost  record;
BEGIN
    FOR v_lost IN
        WITH lost AS (
            UPDATE outbox
               SET leased = false, due_at = now(),
                   state = CASE WHEN outbox_delay(attempt - spent) IS NULL
                                THEN 'failed' ELSE 'waiting' END,
                   finished_at = CASE WHEN outbox_delay(attempt - spent)
                                           IS NULL THEN now() END
             WHERE id = ANY (ARRAY(
                       SELECT id FROM outbox
                        WHERE leased AND due_at <= now()
                          AND kind = ANY (p_kinds)
                        LIMIT 1000
                          FOR UPDATE SKIP LOCKED))
         RETURNING id, kind, attempt
        ), attempts AS (
            INSERT INTO outbox_attempts (outbox_id, attempt, good, note)
            SELECT id, attempt, false, 'no result before the lease ended'
              FROM lost
            ON CONFLICT DO NOTHING
        )
        SELECT kind, count(*) AS n FROM lost GROUP BY kind ORDER BY kind
    LOOP
        PERFORM outbox_count(v_lost.kind, 'failed', v_lost.n);
    END LOOP;
END
$$;

COMMENT ON FUNCTION shop.outbox_lost(text[]) IS
    'Takes back what is leased for longer than its lease.';
