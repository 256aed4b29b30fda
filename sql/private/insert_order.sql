CREATE OR REPLACE FUNCTION shop.insert_order(
    p_buyer uuid, p_lines shop.order_line[], p_payment_method text,
    p_shipping_address jsonb, p_notes text)
RETURNS shop.orders
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_order     orders;
    v_total     numeric;
    v_quantity  int8;
BEGIN
    IF NOT EXISTS (SELECT FROM users WHERE id = p_buyer) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM001', MESSAGE = 'There is no such user.';
    END IF;

    IF length(p_payment_method) > 50 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM004',
            MESSAGE = 'The payment method is not valid.',
            DETAIL = '{"errors":[{"field":"payment_method","message":'
                     '"must not be longer than 50 characters"}]}';
    END IF;

    SELECT sum(l.price * l.quantity), sum(l.quantity)
      INTO v_total, v_quantity
      FROM unnest(p_lines) l;

    IF v_total >= 10000000000 OR v_quantity > 2147483647 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM004',
            MESSAGE = 'The order is too large.',
            DETAIL = '{"errors":[{"field":"items","message":'
                     '"the total must be less than 10000000000"}]}';
    END IF;

    INSERT INTO orders
           (buyer_id, store_id, listing_id, quantity, unit_price,
            total_amount, payment_method, shipping_address, shipping_method,
            order_notes, stock_taken)
    VALUES (p_buyer, p_lines[1].store_id,
            CASE cardinality(p_lines) WHEN 1 THEN p_lines[1].product_id END,
            v_quantity,
            CASE cardinality(p_lines) WHEN 1 THEN p_lines[1].price END,
            v_total, coalesce(p_payment_method, 'unspecified'),
            p_shipping_address, 'standard', p_notes, true)
    RETURNING * INTO v_order;

    INSERT INTO order_items
           (order_id, line, product_id, product_name, product_description,
            quantity, unit_price, total_price, size, color, product_snapshot)
    SELECT v_order.id, l.line, l.product_id, l.name, l.description,
           l.quantity, l.price, l.price * l.quantity, l.size, l.color,
           jsonb_build_object('id', l.product_id, 'name', l.name,
                              'description', l.description,
                              'price', l.price, 'store_id', l.store_id)
      FROM unnest(p_lines) l;

    INSERT INTO shipments (order_id, estimated_delivery)
    VALUES (v_order.id, v_order.estimated_delivery);

    RETURN v_order;
END
$$;

COMMENT ON FUNCTION shop.insert_order(uuid, shop.order_line[], text, jsonb,
                                      text) IS
    'Writes an order with its items and shipment; raises OM001, OM004.';
