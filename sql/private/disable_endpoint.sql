-- What waits is given up; an attempt that runs may still succeed.

CREATE OR REPLACE FUNCTION shop.disable_endpoint(p_id uuid, p_why text)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
BEGIN
    UPDATE webhook_endpoints
       SET active = false, disabled = p_why, updated_at = now()
     WHERE id = p_id AND active;

    IF FOUND AND p_why <> 'caller' THEN
        INSERT INTO notifications
               (user_id, type, title, message, priority, data)
        SELECT coalesce(st.manager_id, e.created_by), 'webhook_disabled',
               'Webhook Endpoint Disabled',
               CASE p_why WHEN 'gone'
               THEN 'It answered that it is gone: '
               ELSE 'Nothing got through to it for long: ' END || e.url,
               'high',
               jsonb_build_object('endpointId', e.id, 'reason', p_why)
          FROM webhook_endpoints e
          LEFT JOIN stores st ON st.id = e.store_id
         WHERE e.id = p_id
           AND coalesce(st.manager_id, e.created_by) IS NOT NULL;
    END IF;

    UPDATE outbox
       SET state = 'failed', finished_at = now()
     WHERE endpoint_id = p_id AND state = 'waiting' AND NOT leased;
END
$$;

COMMENT ON FUNCTION shop.disable_endpoint(uuid, text) IS
    'Nothing is sent to this endpoint any more; unless its owner wished it '
    '("caller"), the manager of the store is told.';
