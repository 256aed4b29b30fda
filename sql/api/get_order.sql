CREATE OR REPLACE FUNCTION api.get_order(
    p_user uuid, p_role text, p_order text, p_shape text)
RETURNS SETOF api.answer
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_order  orders := find_order(p_user, p_role, p_order);
BEGIN
    RETURN NEXT reply_order(200, order_shape(v_order, p_shape), v_order);
END
$$;

COMMENT ON FUNCTION api.get_order(uuid, text, text, text) IS
    'An order by id or number, with items, payment, shipping and timeline, '
    'or in the shape of S1. Source: S4, GET /api/orders/:orderId; S1, '
    'GET /orders/:id. Errors: OM001 no such order, OM002 neither buyer, '
    'seller nor driver of it.';
