-- The stock is taken last: it is what others wait for.

CREATE OR REPLACE FUNCTION api.place_order(
    p_user uuid, p_role text, p_key text, p_fingerprint text,
    p_items jsonb, p_payment_method text, p_shipping_address jsonb,
    p_notes text)
RETURNS SETOF api.answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_answer  api.answer;
    v_lines   order_line[];
    v_order   orders;
BEGIN
    IF p_key IS NOT NULL THEN
        v_answer := idempotency_begin(p_user, 'place_order', p_key,
                                      p_fingerprint);
        IF v_answer.http_status IS NOT NULL THEN
            RETURN NEXT v_answer;
            RETURN;
        END IF;
    END IF;

    PERFORM act(p_user, p_role);

    v_lines := order_lines(p_user, p_items);
    v_order := insert_order(p_user, v_lines, p_payment_method,
                            p_shipping_address, p_notes);
    PERFORM take_stock(v_lines);

    v_answer := reply_order(201, (
        SELECT row_to_json(b)::text
          FROM (SELECT true AS success, v_order.id AS order_id,
                       v_order.order_number, v_order.status,
                       amount(v_order.total_amount) AS total_amount,
                       v_order.currency, v_order.payment_method,
                       v_order.payment_status, v_order.version,
                       v_order.estimated_delivery,
                       iso(v_order.created_at) AS created_at) b), v_order);

    IF p_key IS NOT NULL THEN
        PERFORM idempotency_end(p_user, 'place_order', p_key, p_fingerprint,
                                v_answer);
    END IF;

    RETURN NEXT v_answer;
END
$$;

COMMENT ON FUNCTION api.place_order(uuid, text, text, text, jsonb, text,
                                    jsonb, text) IS
    'Places one order of one store: order, items and shipment in one '
    'transaction. Without items it orders the cart, and empties it. Source: '
    'S2, POST /api/place-order. Errors: OM001 no such user, OM004 items, '
    'OM005 nothing to order, OM006 several stores, OM007 not in stock, OM008 '
    'not sold any more, OM010 and OM011 Idempotency-Key.';
