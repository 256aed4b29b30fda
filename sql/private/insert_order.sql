-- All endpoints that place orders write them here.  The lines are numbered
-- anew: a line may be one of several that become an order each.

CREATE OR REPLACE FUNCTION shop.insert_order(
    p_buyer uuid, p_lines shop.order_line[], p_payment_method text,
    p_shipping_address jsonb, p_notes text, p_more shop.orders DEFAULT NULL)
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
            total_amount, payment_method, payment_status, payment_intent_id,
            transaction_hash, escrow_id, processing_fees, gas_fees,
            shipping_address, shipping_method, order_notes,
            special_instructions, metadata, stock_taken)
    VALUES (p_buyer, p_lines[1].store_id,
            CASE cardinality(p_lines) WHEN 1 THEN p_lines[1].product_id END,
            v_quantity,
            CASE cardinality(p_lines) WHEN 1 THEN p_lines[1].price END,
            v_total, coalesce(p_payment_method, 'unspecified'),
            coalesce((p_more).payment_status, 'pending'),
            (p_more).payment_intent_id, (p_more).transaction_hash,
            (p_more).escrow_id, (p_more).processing_fees, (p_more).gas_fees,
            p_shipping_address,
            coalesce((p_more).shipping_method, 'standard'), p_notes,
            (p_more).special_instructions, (p_more).metadata, true)
    RETURNING * INTO v_order;

    INSERT INTO order_items
           (order_id, line, product_id, product_name, product_description,
            quantity, unit_price, total_price, size, color, product_snapshot)
    SELECT v_order.id, l.n, l.product_id, l.name, l.description,
           l.quantity, l.price, l.price * l.quantity, l.size, l.color,
           jsonb_build_object('id', l.product_id, 'name', l.name,
                              'description', l.description,
                              'price', l.price, 'store_id', l.store_id)
      FROM unnest(p_lines) WITH ORDINALITY
               AS l (line, product_id, quantity, size, color, store_id, name,
                     description, price, active, stock, n);

    INSERT INTO shipments (order_id, method, estimated_delivery)
    VALUES (v_order.id, v_order.shipping_method, v_order.estimated_delivery);

    RETURN v_order;
END
$$;

COMMENT ON FUNCTION shop.insert_order(uuid, shop.order_line[], text, jsonb,
                                      text, shop.orders) IS
    'Writes an order with its items and shipment; raises OM001, OM004. '
    'p_more has what else is known of payment (status, ids, fees) and '
    'shipping method, instructions and metadata; its other columns are not '
    'looked at.';
