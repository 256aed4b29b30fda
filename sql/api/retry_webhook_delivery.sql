CREATE OR REPLACE FUNCTION api.retry_webhook_delivery(
    p_user uuid, p_role text, p_id uuid)
RETURNS SETOF api.answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_row       outbox;
    v_endpoint  webhook_endpoints;
BEGIN
    SELECT o.* INTO v_row
      FROM outbox o
      JOIN webhook_endpoints e ON e.id = o.endpoint_id
     WHERE o.id = p_id AND NOT e.deleted;

    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM001',
            MESSAGE = 'There is no such webhook delivery.';
    END IF;

    v_endpoint := own_endpoint(p_user, p_role, v_row.endpoint_id);
    PERFORM check_endpoint_active(v_endpoint);

    -- one that runs is not sent twice

    UPDATE outbox
       SET state = 'waiting', due_at = now(), spent = attempt,
           finished_at = NULL
     WHERE id = p_id AND NOT leased
    RETURNING * INTO v_row;

    UPDATE webhook_endpoints SET rest_until = NULL
     WHERE id = v_endpoint.id AND rest_until IS NOT NULL;

    PERFORM pg_notify('dispatch', '');

    RETURN NEXT reply(200, json_build_object('delivery', (
        SELECT delivery_json(o) FROM outbox o WHERE o.id = p_id))::text);
END
$$;

COMMENT ON FUNCTION api.retry_webhook_delivery(uuid, text, uuid) IS
    'Sends a webhook again, at once and with all its attempts, under the '
    'same id; one that is being sent just now stays as it is. Source: S4, '
    'event notifications. Errors: OM001 no such delivery, OM002 somebody '
    'else''s, OM019 the endpoint is not active.';
