CREATE OR REPLACE FUNCTION dispatch.maintain() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
SET enable_seqscan = off
SET jit = off
AS $$
DECLARE
    c_piece  CONSTANT int4 := 10000;
    v_keep   outbox_settings;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('outbox_maintain', 0))
    THEN
        RETURN;
    END IF;

    SELECT * INTO v_keep FROM outbox_settings;

    -- a mail that is older than all its attempts would have been tells no
    -- news, and an endpoint that is not active gets nothing

    UPDATE outbox
       SET state = 'failed', finished_at = now()
     WHERE id = ANY (ARRAY(
               SELECT id FROM outbox
                WHERE state = 'waiting' AND NOT leased AND kind = 'mail'
                  AND created_at < now() - interval '5 days'
                LIMIT c_piece
                  FOR UPDATE SKIP LOCKED));

    UPDATE outbox
       SET state = 'failed', finished_at = now()
     WHERE id = ANY (ARRAY(
               SELECT o.id FROM webhook_endpoints e
                 JOIN outbox o ON o.lane = e.id
                WHERE NOT e.active
                  AND o.state = 'waiting' AND NOT o.leased
                LIMIT c_piece
                  FOR UPDATE OF o SKIP LOCKED));

    -- a piece at a time: the rest goes with the next call

    DELETE FROM outbox
     WHERE id = ANY (ARRAY(
               SELECT o.id
                 FROM (VALUES ('done', v_keep.keep_done),
                              ('skipped', v_keep.keep_failed),
                              ('failed', v_keep.keep_failed))
                          AS v (state, keep),
                      unnest(ARRAY['mail', 'webhook']) AS k (kind),
                      LATERAL (SELECT id FROM outbox
                                WHERE state = v.state AND kind = k.kind
                                  AND state <> 'waiting'
                                  AND finished_at < now() - v.keep
                                ORDER BY finished_at
                                LIMIT c_piece
                                  FOR UPDATE SKIP LOCKED) o));

    -- what was sent to an endpoint that is deleted, and then itself

    DELETE FROM outbox
     WHERE id = ANY (ARRAY(
               SELECT o.id FROM webhook_endpoints e
                 JOIN outbox o ON o.endpoint_id = e.id
                WHERE e.deleted AND NOT o.leased
                LIMIT c_piece
                  FOR UPDATE OF o SKIP LOCKED));

    DELETE FROM webhook_endpoints e
     WHERE e.deleted
       AND NOT EXISTS (SELECT FROM outbox o WHERE o.endpoint_id = e.id);
END
$$;

COMMENT ON FUNCTION dispatch.maintain() IS
    'Gives up what is too old, and lets go of what was sent or given up long '
    'ago: to be called every few minutes by the dispatcher. Source: S4, '
    'event notifications. Errors: none.';
