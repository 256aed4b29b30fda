CREATE OR REPLACE FUNCTION api.maintain() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
BEGIN
    -- one is enough, and may be any

    IF NOT pg_try_advisory_xact_lock(hashtextextended('order_maintain', 0))
    THEN
        RETURN;
    END IF;

    PERFORM fold_changes();
    PERFORM change_log_rotate();

    -- a piece at a time: the rest goes with the next call

    DELETE FROM idempotency_keys
     WHERE ctid = ANY (ARRAY(
               SELECT ctid FROM idempotency_keys
                WHERE created_at <= now() - interval '24 hours'
                ORDER BY created_at
                LIMIT 10000
                  FOR UPDATE SKIP LOCKED));

    DELETE FROM webhook_events
     WHERE ctid = ANY (ARRAY(
               SELECT ctid FROM webhook_events
                WHERE received_at <= now() - interval '30 days'
                ORDER BY received_at
                LIMIT 10000
                  FOR UPDATE SKIP LOCKED));
END
$$;

COMMENT ON FUNCTION api.maintain() IS
    'Lets go of old change log, expired idempotency keys and old webhook '
    'events: to be called every few minutes by whoever reads the change '
    'feed. Source: draft-ietf-httpapi-idempotency-key-header. Errors: none.';
