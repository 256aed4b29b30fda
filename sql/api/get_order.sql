CREATE OR REPLACE FUNCTION api.get_order(
    p_user uuid, p_role text, p_order text)
RETURNS SETOF api.answer
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_order  orders;
BEGIN
    SELECT * INTO v_order FROM orders WHERE id = order_id(p_order);

    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM001', MESSAGE = 'There is no such order.';
    END IF;

    IF p_role NOT IN ('admin', 'system')
       AND p_user NOT IN (v_order.buyer_id, v_order.seller_id)
       AND p_user IS DISTINCT FROM v_order.driver_id
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM002', MESSAGE = 'This is somebody else''s order.';
    END IF;

    RETURN NEXT reply_order(200, (
        SELECT row_to_json(b)::text
          FROM (SELECT order_json(v_order) AS order) b), v_order);
END
$$;

COMMENT ON FUNCTION api.get_order(uuid, text, text) IS
    'An order by id or number, with items, payment, shipping and timeline. '
    'Source: S4, GET /api/orders/:orderId. Errors: OM001 no such order, '
    'OM002 neither buyer, seller nor driver of it.';
