CREATE OR REPLACE FUNCTION dispatch.failed(
    p_id uuid, p_attempt int4, p_code int4, p_took interval, p_error text,
    p_retry_after interval, p_final boolean)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_after     interval := CASE WHEN p_retry_after < '24 hours'
                            THEN p_retry_after
                            WHEN p_retry_after IS NOT NULL
                            THEN '24 hours' END;
    v_row       outbox;
    v_endpoint  webhook_endpoints;
    v_delay     interval;
BEGIN
    SELECT * INTO v_row FROM outbox
     WHERE id = p_id AND attempt = p_attempt AND leased
       FOR NO KEY UPDATE;

    IF NOT FOUND THEN
        RETURN;
    END IF;

    INSERT INTO outbox_attempts (outbox_id, attempt, good, code, took, note)
    VALUES (p_id, p_attempt, false, p_code, p_took,
            left(plain(p_error), 500));

    IF v_row.kind = 'webhook' THEN
        UPDATE webhook_endpoints
           SET failures = failures + 1,
               failing_since = coalesce(failing_since, now()),
               rest_until = now() + greatest(v_after,
                   least(interval '5 s' * (2 ^ least(failures - 2, 10) - 0.25),
                         interval '5 min'))
         WHERE id = v_row.endpoint_id
        RETURNING * INTO v_endpoint;
    END IF;

    IF p_final IS NOT TRUE AND p_code IS DISTINCT FROM 410
       AND v_endpoint.active IS NOT FALSE
    THEN
        v_delay := outbox_delay(p_attempt - v_row.spent);

        IF v_delay < v_after THEN
            v_delay := v_after;
        END IF;
    END IF;

    UPDATE outbox
       SET leased = false, due_at = now() + coalesce(v_delay, '0'),
           state = CASE WHEN v_delay IS NULL THEN 'failed'
                        ELSE 'waiting' END,
           finished_at = CASE WHEN v_delay IS NULL THEN now() END
     WHERE id = p_id;

    IF v_endpoint.active AND p_code = 410 THEN
        PERFORM disable_endpoint(v_endpoint.id, 'gone');

    ELSIF v_endpoint.active AND v_endpoint.failures >= 10
          AND v_endpoint.failing_since
              <= now() - (SELECT webhook_patience FROM outbox_settings)
    THEN
        PERFORM disable_endpoint(v_endpoint.id, 'failing');
    END IF;

    PERFORM outbox_count(v_row.kind, 'failed', 1);
END
$$;

COMMENT ON FUNCTION
    dispatch.failed(uuid, int4, int4, interval, text, interval, boolean) IS
    'An attempt failed. The next one is due as shop.outbox_delay() says, or '
    'after p_retry_after if that is longer, and then 24 hours at most; none '
    'after the tenth, if p_final, or if the endpoint answered 410 and so is '
    'disabled. One that is not the current attempt of its row does not '
    'count. Source: S4, event notifications; Standard Webhooks. Errors: '
    'none.';
