CREATE OR REPLACE FUNCTION api.test_webhook_endpoint(
    p_user uuid, p_role text, p_key text, p_fingerprint text, p_id uuid)
RETURNS SETOF api.answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_endpoint  webhook_endpoints;
    v_row       outbox;
    v_answer    api.answer;
BEGIN
    IF p_key IS NOT NULL THEN
        v_answer := idempotency_begin(p_user, 'test_webhook_endpoint', p_key,
                                      p_fingerprint);
        IF v_answer.http_status IS NOT NULL THEN
            RETURN NEXT v_answer;
            RETURN;
        END IF;
    END IF;

    v_endpoint := own_endpoint(p_user, p_role, p_id);
    PERFORM check_endpoint_active(v_endpoint);

    INSERT INTO outbox (kind, event, endpoint_id, body)
    VALUES ('webhook', 'webhook.test', p_id,
            webhook_body('webhook.test', now(), json_build_object(
                'endpointId', p_id)))
    RETURNING * INTO v_row;

    PERFORM pg_notify('dispatch', '');

    v_answer := reply(201, json_build_object('delivery',
                               delivery_json(v_row))::text);

    IF p_key IS NOT NULL THEN
        PERFORM idempotency_end(p_user, 'test_webhook_endpoint', p_key,
                                p_fingerprint, v_answer);
    END IF;

    RETURN NEXT v_answer;
END
$$;

COMMENT ON FUNCTION
    api.test_webhook_endpoint(uuid, text, text, text, uuid) IS
    'Sends a webhook.test, whatever events the endpoint asks for. Source: '
    'S4, event notifications. Errors: OM001 no such endpoint, OM002 somebody '
    'else''s, OM010 and OM011 Idempotency-Key, OM019 not active.';
