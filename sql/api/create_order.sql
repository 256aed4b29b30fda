CREATE OR REPLACE FUNCTION api.create_order(
    p_user uuid, p_role text, p_key text, p_fingerprint text,
    p_user_id uuid, p_product_id uuid, p_quantity int4, p_size text,
    p_color text, p_payment_method text, p_shipping_address jsonb,
    p_notes text, p_shape text)
RETURNS SETOF api.answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_buyer   uuid := coalesce(p_user_id, p_user);
    v_answer  api.answer;
    v_lines   order_line[];
    v_order   orders;
BEGIN
    PERFORM check_owner(p_user, p_role, v_buyer);

    IF p_key IS NOT NULL THEN
        v_answer := idempotency_begin(p_user, 'create_order', p_key,
                                      p_fingerprint);
        IF v_answer.http_status IS NOT NULL THEN
            RETURN NEXT v_answer;
            RETURN;
        END IF;
    END IF;

    PERFORM check_user(v_buyer);

    IF NOT EXISTS (SELECT FROM products WHERE id = p_product_id) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM001', MESSAGE = 'There is no such product.';
    END IF;

    PERFORM act(p_user, p_role);

    v_lines := order_lines(v_buyer, jsonb_build_object(
                   'product_id', p_product_id, 'quantity', p_quantity,
                   'size', p_size, 'color', p_color));
    v_order := insert_order(v_buyer, v_lines, p_payment_method,
                            p_shipping_address, p_notes);
    PERFORM take_stock(v_lines);

    v_answer := reply_order(201, order_shape(v_order, p_shape), v_order);

    IF p_key IS NOT NULL THEN
        PERFORM idempotency_end(p_user, 'create_order', p_key, p_fingerprint,
                                v_answer);
    END IF;

    RETURN NEXT v_answer;
END
$$;

COMMENT ON FUNCTION api.create_order(uuid, text, text, text, uuid, uuid, int4,
                                     text, text, text, jsonb, text, text) IS
    'One order of one product, past the cart. Source: S1, POST /orders. '
    'Errors: OM001 no such user or product, OM002 for somebody else, OM004 '
    'quantity or too large, OM007 not in stock, OM008 not sold any more, '
    'OM010 and OM011 Idempotency-Key.';
