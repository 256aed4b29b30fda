CREATE OR REPLACE FUNCTION api.create_webhook_endpoint(
    p_user uuid, p_role text, p_key text, p_fingerprint text,
    p_store uuid, p_url text, p_events jsonb, p_description text)
RETURNS SETOF api.answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_endpoint  webhook_endpoints;
    v_limit     int4;
    v_answer    api.answer;
BEGIN
    IF p_key IS NOT NULL THEN
        v_answer := idempotency_begin(p_user, 'create_webhook_endpoint',
                                      p_key, p_fingerprint);
        IF v_answer.http_status IS NOT NULL THEN
            RETURN NEXT v_answer;
            RETURN;
        END IF;
    END IF;

    PERFORM check_webhook_store(p_user, p_role, p_store);
    PERFORM check_webhook_url(p_url);

    -- one at a time for a store, so that the limit holds

    PERFORM FROM stores WHERE id = p_store FOR NO KEY UPDATE;

    SELECT webhook_limit INTO v_limit FROM outbox_settings
       FOR NO KEY UPDATE;

    IF (SELECT count(*) FROM webhook_endpoints
         WHERE store_id IS NOT DISTINCT FROM p_store AND NOT deleted)
       >= v_limit
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM018',
            MESSAGE = format('There are %s webhook endpoints, and not more '
                             'are allowed.', v_limit),
            DETAIL = json_build_object('limit', v_limit);
    END IF;

    INSERT INTO webhook_endpoints (store_id, url, events, description, secret,
                                   created_by)
    VALUES (p_store, p_url, webhook_events_of(p_events),
            coalesce(p_description, ''), webhook_secret(), p_user)
    RETURNING * INTO v_endpoint;

    v_answer := reply(201, (
        SELECT row_to_json(b)::text
          FROM (SELECT endpoint_json(v_endpoint) AS endpoint,
                       v_endpoint.secret) b));

    IF p_key IS NOT NULL THEN
        PERFORM idempotency_end(p_user, 'create_webhook_endpoint', p_key,
                                p_fingerprint, v_answer);
    END IF;

    RETURN NEXT v_answer;
END
$$;

COMMENT ON FUNCTION api.create_webhook_endpoint(
    uuid, text, text, text, uuid, text, jsonb, text) IS
    'An endpoint that is told of the orders of a store, for an admin also of '
    'all; the only answer, beside a rotation''s, that has a secret. Source: '
    'S4, event notifications; Standard Webhooks. Errors: OM001 no such '
    'store, OM002 somebody else''s, OM004 URL or store, OM010 and OM011 '
    'Idempotency-Key, OM018 too many.';
