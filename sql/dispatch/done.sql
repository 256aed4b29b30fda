CREATE OR REPLACE FUNCTION dispatch.done(
    p_id uuid, p_attempt int4, p_code int4, p_took interval, p_note text)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_row  outbox;
BEGIN
    UPDATE outbox
       SET state = 'done', leased = false, finished_at = now()
     WHERE id = p_id AND attempt = p_attempt AND leased
    RETURNING * INTO v_row;

    IF NOT FOUND THEN
        RETURN;
    END IF;

    INSERT INTO outbox_attempts (outbox_id, attempt, good, code, took, note)
    VALUES (p_id, p_attempt, true, p_code, p_took, left(plain(p_note), 500));

    UPDATE webhook_endpoints
       SET failures = 0, failing_since = NULL, rest_until = NULL
     WHERE id = v_row.endpoint_id AND failures > 0;

    PERFORM outbox_count(v_row.kind, 'done', 1);
END
$$;

COMMENT ON FUNCTION dispatch.done(uuid, int4, int4, interval, text) IS
    'An attempt succeeded. One that is not the current attempt of its row '
    'does not count. Source: S4, event notifications. Errors: none.';
