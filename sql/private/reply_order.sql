CREATE OR REPLACE FUNCTION shop.reply_order(
    p_status int4, p_body text, p_order shop.orders)
RETURNS api.answer
LANGUAGE sql STABLE
RETURN ROW(p_status, p_body, false, (p_order).id, shop.epoch(),
           (p_order).version, (p_order).status_id, (p_order).final, false,
           (p_order).buyer_id, (p_order).seller_id, (p_order).driver_id,
           (p_order).order_number, (p_order).updated_at, NULL)::api.answer;

COMMENT ON FUNCTION shop.reply_order(int4, text, shop.orders) IS
    'An answer with the record of an order.';
