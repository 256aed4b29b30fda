CREATE OR REPLACE FUNCTION api.rotate_webhook_secret(
    p_user uuid, p_role text, p_key text, p_fingerprint text, p_id uuid)
RETURNS SETOF api.answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_endpoint  webhook_endpoints;
    v_answer    api.answer;
BEGIN
    IF p_key IS NOT NULL THEN
        v_answer := idempotency_begin(p_user, 'rotate_webhook_secret', p_key,
                                      p_fingerprint);
        IF v_answer.http_status IS NOT NULL THEN
            RETURN NEXT v_answer;
            RETURN;
        END IF;
    END IF;

    PERFORM own_endpoint(p_user, p_role, p_id);

    UPDATE webhook_endpoints
       SET secret = webhook_secret(), old_secret = secret,
           old_until = now() + interval '24 hours', updated_at = now()
     WHERE id = p_id
    RETURNING * INTO v_endpoint;

    v_answer := reply(200, (
        SELECT row_to_json(b)::text
          FROM (SELECT endpoint_json(v_endpoint) AS endpoint,
                       v_endpoint.secret) b));

    IF p_key IS NOT NULL THEN
        PERFORM idempotency_end(p_user, 'rotate_webhook_secret', p_key,
                                p_fingerprint, v_answer);
    END IF;

    RETURN NEXT v_answer;
END
$$;

COMMENT ON FUNCTION
    api.rotate_webhook_secret(uuid, text, text, text, uuid) IS
    'A new secret for a webhook endpoint; for 24 hours the one before signs '
    'too. Source: Standard Webhooks. Errors: OM001 no such endpoint, OM002 '
    'somebody else''s, OM010 and OM011 Idempotency-Key.';
