-- Its keys are those of create_order(): both answer at POST /api/orders.

CREATE OR REPLACE FUNCTION api.place_cart_order(
    p_user uuid, p_role text, p_key text, p_fingerprint text,
    p_store_id uuid, p_payment_method text, p_shipping_address jsonb,
    p_notes text)
RETURNS SETOF api.answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_answer  api.answer;
    v_lines   order_line[];
    v_more    orders;
    v_order   orders;
BEGIN
    IF p_key IS NOT NULL THEN
        v_answer := idempotency_begin(p_user, 'create_order', p_key,
                                      p_fingerprint);
        IF v_answer.http_status IS NOT NULL THEN
            RETURN NEXT v_answer;
            RETURN;
        END IF;
    END IF;

    PERFORM act(p_user, p_role);

    v_lines := order_lines(p_user, NULL, p_store => p_store_id);
    v_more.payment_status := (SELECT CASE WHEN trust_payment THEN 'paid' END
                                FROM settings);
    v_order := insert_order(p_user, v_lines, p_payment_method,
                            p_shipping_address, p_notes, v_more);
    PERFORM take_stock(v_lines);

    v_answer := reply_order(201, (
        SELECT row_to_json(b)::text
          FROM (SELECT 'Order placed successfully!' AS message,
                       v_order.id AS "orderId",
                       v_order.order_number AS "orderNumber",
                       v_order.status, v_order.version) b), v_order);

    IF p_key IS NOT NULL THEN
        PERFORM idempotency_end(p_user, 'create_order', p_key, p_fingerprint,
                                v_answer);
    END IF;

    RETURN NEXT v_answer;
END
$$;

COMMENT ON FUNCTION api.place_cart_order(uuid, text, text, text, uuid, text,
                                         jsonb, text) IS
    'The cart becomes one order of this store; it is paid where a customer''s '
    'word is believed. Source: S0, POST /api/orders. Errors: OM001 no such '
    'user, OM004 too large, OM005 cart empty, OM006 lines of another store, '
    'OM007 not in stock, OM008 not sold any more, OM010 and OM011 '
    'Idempotency-Key.';
