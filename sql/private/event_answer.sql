CREATE OR REPLACE FUNCTION shop.event_answer(
    p_outcome text, p_order shop.orders)
RETURNS api.answer
LANGUAGE plpgsql STABLE
SET search_path = shop, pg_temp
AS $$
BEGIN
    RETURN reply_order(200, (
        SELECT row_to_json(b)::text
          FROM (SELECT true AS received, p_outcome AS outcome,
                       (SELECT row_to_json(x) FROM (
                            SELECT p_order.id,
                                   p_order.order_number AS "orderNumber",
                                   p_order.status, p_order.version
                             WHERE p_order.id IS NOT NULL) x) AS order) b),
        p_order);
END
$$;

COMMENT ON FUNCTION shop.event_answer(text, shop.orders) IS
    'What the sender of an event is told; the order is NULL where it is gone '
    'since.';
