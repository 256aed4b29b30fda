-- Receivers take 20 kB for sure: of a larger order some is left out, the
-- least important first, and told by name.

CREATE OR REPLACE FUNCTION shop.queue_webhooks(
    p_event text, p_store uuid, p_order uuid, p_version int4,
    p_old_status text, p_time timestamptz, p_json json)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
DECLARE
    c_most    CONSTANT int4 := 20000;
    c_parts   CONSTANT text[] := '{timeline,metadata,items,notes,
                                   specialInstructions,shipping,buyer}';
    v_order   json := p_json;
    v_body    text;
    v_left    int4;
BEGIN
    FOR v_left IN 0 .. cardinality(c_parts) LOOP
        IF v_left > 0 THEN
            v_order := (SELECT json_object_agg(key, value)
                          FROM json_each(v_order)
                         WHERE key <> c_parts[v_left]);
        END IF;

        v_body := webhook_body(p_event, p_time, (
            SELECT row_to_json(d)
              FROM (SELECT p_order AS "orderId", p_version AS version,
                           p_json ->> 'status' AS status,
                           p_old_status AS "oldStatus",
                           c_parts[:v_left] AS omitted,
                           v_order AS "order") d));

        EXIT WHEN octet_length(v_body) < c_most;
    END LOOP;

    INSERT INTO outbox (kind, event, order_id, endpoint_id, body)
    SELECT 'webhook', p_event, p_order, e.id, v_body
      FROM webhook_endpoints e
     WHERE e.active
       AND (e.store_id = p_store OR e.store_id IS NULL)
       AND p_event = ANY (e.events);

    IF FOUND THEN
        PERFORM ring_dispatch();
    END IF;
END
$$;

COMMENT ON FUNCTION
    shop.queue_webhooks(text, uuid, uuid, int4, text, timestamptz, json) IS
    'Writes an event of an order into the outbox, once for each endpoint '
    'that asks for it.';
