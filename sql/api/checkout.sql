-- The stock is taken last, for all lines in one order of products: it is what
-- others wait for.

CREATE OR REPLACE FUNCTION api.checkout(
    p_user uuid, p_role text, p_key text, p_fingerprint text,
    p_user_id uuid, p_payment_method text, p_shipping_address jsonb,
    p_notes text, p_shape text)
RETURNS SETOF api.answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_buyer   uuid := coalesce(p_user_id, p_user);
    v_answer  api.answer;
    v_lines   order_line[];
    v_line    order_line;
    v_order   orders;
    v_orders  orders[];
    v_bodies  json[];
BEGIN
    PERFORM check_owner(p_user, p_role, v_buyer);

    IF p_key IS NOT NULL THEN
        v_answer := idempotency_begin(p_user, 'checkout', p_key,
                                      p_fingerprint);
        IF v_answer.http_status IS NOT NULL THEN
            RETURN NEXT v_answer;
            RETURN;
        END IF;
    END IF;

    PERFORM check_user(v_buyer);
    PERFORM act(p_user, p_role);

    v_lines := order_lines(v_buyer, NULL, p_one_store => false);

    FOREACH v_line IN ARRAY v_lines LOOP
        v_order := insert_order(v_buyer, ARRAY[v_line], p_payment_method,
                                p_shipping_address, p_notes);
        v_orders := v_orders || v_order;
    END LOOP;

    PERFORM take_stock(v_lines);

    FOREACH v_order IN ARRAY v_orders LOOP
        v_bodies := v_bodies || CASE p_shape
                                WHEN 'bare' THEN order_bare_json(v_order)
                                ELSE order_brief_json(v_order) END;
    END LOOP;

    v_answer := reply_order(201, CASE p_shape
        WHEN 'bare' THEN array_to_json(v_bodies)
        ELSE json_build_object('success', true, 'orders', v_bodies) END::text,
        v_orders[1]);

    IF p_key IS NOT NULL THEN
        PERFORM idempotency_end(p_user, 'checkout', p_key, p_fingerprint,
                                v_answer);
    END IF;

    RETURN NEXT v_answer;

    FOREACH v_order IN ARRAY v_orders[2:] LOOP
        RETURN NEXT reply_order(NULL, NULL, v_order);
    END LOOP;
END
$$;

COMMENT ON FUNCTION api.checkout(uuid, text, text, text, uuid, text, jsonb,
                                 text, text) IS
    'Each line of the cart becomes an order, or none does; the first row has '
    'the body, each further row the record of a further order. Source: S1, '
    'POST /orders/checkout. Errors: OM001 no such user, OM002 for somebody '
    'else, OM004 too large, OM005 cart empty, OM007 not in stock, OM008 not '
    'sold any more, OM010 and OM011 Idempotency-Key.';
