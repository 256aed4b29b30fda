CREATE OR REPLACE FUNCTION api.get_order_tracking(
    p_user uuid, p_role text, p_order text)
RETURNS SETOF api.answer
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_order  orders := find_order(p_user, p_role, p_order);
BEGIN
    RETURN NEXT reply_order(200, (
        SELECT row_to_json(b)::text FROM (SELECT (
            SELECT row_to_json(j) FROM (
                SELECT v_order.id AS "orderId",
                       v_order.order_number AS "orderNumber",
                       v_order.status,
                       coalesce(h.method, v_order.shipping_method) AS method,
                       h.carrier,
                       coalesce(v_order.tracking_number, h.tracking_number)
                           AS "trackingNumber",
                       coalesce(v_order.estimated_delivery,
                                h.estimated_delivery) AS "estimatedDelivery",
                       iso(v_order.actual_delivery_date)
                           AS "actualDeliveryDate",
                       '/orders/' || v_order.id AS "trackingUrl",
                       (SELECT coalesce(json_agg(row_to_json(x)
                                                 ORDER BY x."occurredAt",
                                                          x.id), '[]')
                          FROM (SELECT e.id, e.event_type AS type,
                                       e.event_source AS source, e.location,
                                       coalesce(e.event_data, '{}') AS data,
                                       iso(e.occurred_at) AS "occurredAt",
                                       iso(e.recorded_at) AS "recordedAt"
                                  FROM order_tracking_events e
                                 WHERE e.order_id = v_order.id
                                 ORDER BY e.occurred_at DESC, e.id DESC
                                 LIMIT 1000) x) AS events
                  FROM (SELECT) one
                  LEFT JOIN shipments h ON h.order_id = v_order.id) j)
            AS tracking) b), v_order);
END
$$;

COMMENT ON FUNCTION api.get_order_tracking(uuid, text, text) IS
    'Where the parcel of an order is: carrier, tracking number, dates, and '
    'the events, the last 1000 at most, the oldest first. Source: S4, Order '
    'Tracking Events, GET /api/orders/:orderId/tracking. Errors: OM001 no '
    'such order, OM002 somebody else''s.';
