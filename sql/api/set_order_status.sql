-- With tracking data the status may be the one that the order has: then only
-- the shipment changes.

CREATE OR REPLACE FUNCTION api.set_order_status(
    p_user uuid, p_role text, p_if_match int4, p_order text, p_status text,
    p_tracking_number text, p_carrier text, p_notes text,
    p_estimated_delivery date, p_location text, p_metadata jsonb)
RETURNS SETOF api.answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_order  orders;
    v_ship   jsonb := jsonb_strip_nulls(jsonb_build_object(
                          'trackingNumber', p_tracking_number,
                          'carrier', p_carrier, 'location', p_location,
                          'estimatedDelivery', p_estimated_delivery));
    v_stays  boolean;
BEGIN
    PERFORM check_status(p_status, 'status');
    v_order := lock_order(p_user, p_role, p_if_match, p_order);
    v_stays := v_order.status = p_status;

    IF (v_ship <> '{}' OR p_metadata IS NOT NULL)
       AND p_role NOT IN ('manager', 'admin', 'system')
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM002',
            MESSAGE = 'Only the seller may say how an order is shipped.';
    END IF;

    IF v_stays AND (v_ship = '{}' OR v_order.final) THEN
        PERFORM refuse_transition(v_order.workflow, v_order.status, p_status,
                                  p_role);
    END IF;

    PERFORM act(p_user, p_role),
            note(NULL, p_notes, coalesce(p_metadata, '{}') || v_ship);

    UPDATE orders
       SET status = p_status,
           tracking_number = coalesce(p_tracking_number, tracking_number),
           estimated_delivery = coalesce(p_estimated_delivery,
                                         estimated_delivery)
     WHERE id = v_order.id
    RETURNING * INTO v_order;

    IF v_ship <> '{}' THEN
        PERFORM ship_order(v_order, p_carrier);
    END IF;

    IF v_stays THEN
        PERFORM track(v_order.id, 'shipment_update',
                      coalesce(p_metadata, '{}') || v_ship
                      || jsonb_build_object('status', p_status,
                                            'notes', p_notes), p_location);
    END IF;

    RETURN NEXT reply_order(200, (
        SELECT row_to_json(b)::text
          FROM (SELECT true AS success,
                       (SELECT row_to_json(x) FROM (
                            SELECT v_order.id,
                                   v_order.order_number AS "orderNumber",
                                   v_order.status,
                                   iso(v_order.status_updated_at)
                                       AS "statusUpdatedAt",
                                   v_order.tracking_number
                                       AS "trackingNumber",
                                   v_order.estimated_delivery
                                       AS "estimatedDelivery",
                                   v_order.version) x) AS order) b),
        v_order);
END
$$;

COMMENT ON FUNCTION api.set_order_status(uuid, text, int4, text, text, text,
                                         text, text, date, text, jsonb) IS
    'Moves an order on, with what is known of its shipment. Source: S4, '
    'PUT /api/orders/:orderId/status. Errors, in this order: OM013 status in '
    'no workflow, OM001 no such order, OM002 somebody else''s, OM009 '
    'If-Match, OM002 tracking data from others than manager, admin and '
    'system, OM003 not from here or not by this role (also to the status '
    'that it has, without tracking data or when it is final).';
