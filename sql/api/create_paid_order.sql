-- A customer's word that it paid is believed where the operator says so; else
-- the payment is linked, and pending until its webhook came.

CREATE OR REPLACE FUNCTION api.create_paid_order(
    p_user uuid, p_role text, p_key text, p_fingerprint text,
    p_payment_result jsonb, p_checkout_data jsonb)
RETURNS SETOF api.answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_buyer   uuid := p_checkout_data ->> 'buyerId';
    v_paid    jsonb := p_payment_result - 'success';
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

    IF v_buyer IS DISTINCT FROM p_user AND p_role NOT IN ('admin', 'system')
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM002',
            MESSAGE = 'You may not order for somebody else.';
    END IF;

    IF (p_payment_result ->> 'success')::boolean IS NOT TRUE THEN
        RAISE EXCEPTION USING
            ERRCODE = 'OM014',
            MESSAGE = 'Payment not confirmed. Please try again.';
    END IF;

    v_lines := paid_lines(p_checkout_data);
    PERFORM check_checkout(p_checkout_data, v_lines);

    IF (SELECT trust_payment FROM settings) THEN
        v_more.payment_status := CASE WHEN EXISTS (
            SELECT FROM stores st
              JOIN workflow_statuses s ON s.workflow = st.workflow
             WHERE st.id = v_lines[1].store_id
               AND s.payment_status = 'confirmed')
            THEN 'confirmed' ELSE 'paid' END;
    END IF;

    v_more.transaction_hash := v_paid ->> 'transactionHash';
    v_more.escrow_id := v_paid ->> 'escrowId';
    v_more.payment_intent_id := v_paid ->> 'paymentIntentId';
    v_more.gas_fees := v_paid ->> 'gasUsed';
    v_more.processing_fees := v_paid ->> 'processingFee';
    v_more.shipping_method := p_checkout_data ->> 'shippingMethod';
    v_more.special_instructions := p_checkout_data ->> 'specialInstructions';
    v_more.metadata := nullif(p_checkout_data -> 'metadata', 'null');

    PERFORM act(p_user, p_role), note(NULL, NULL, v_paid - 'paymentMethod');

    v_order := insert_order(v_buyer, v_lines, v_paid ->> 'paymentMethod',
                            p_checkout_data -> 'shippingAddress',
                            p_checkout_data ->> 'notes', v_more);
    PERFORM track(v_order.id, 'payment_update', v_paid
                  || jsonb_build_object('status', v_order.payment_status));
    PERFORM take_stock(v_lines);

    v_answer := reply_order(201, (
        SELECT row_to_json(b)::text
          FROM (SELECT true AS success,
                       (SELECT row_to_json(x) FROM (
                            SELECT v_order.id,
                                   v_order.order_number AS "orderNumber",
                                   v_order.status,
                                   amount(v_order.total_amount)
                                       AS "totalAmount",
                                   v_order.currency,
                                   v_order.payment_status AS "paymentStatus",
                                   v_order.estimated_delivery
                                       AS "estimatedDelivery",
                                   '/orders/' || v_order.id AS "trackingUrl",
                                   v_order.version,
                                   iso(v_order.created_at) AS "createdAt") x)
                           AS order) b), v_order);

    IF p_key IS NOT NULL THEN
        PERFORM idempotency_end(p_user, 'create_order', p_key,
                                p_fingerprint, v_answer);
    END IF;

    RETURN NEXT v_answer;
END
$$;

COMMENT ON FUNCTION api.create_paid_order(uuid, text, text, text, jsonb,
                                          jsonb) IS
    'Places an order from a payment, and links the payment to it. Source: '
    'S4, POST /api/orders with paymentResult and checkoutData. Errors, in '
    'this order: OM010 and OM011 Idempotency-Key, OM002 for another buyer, '
    'OM014 the payment did not succeed, OM004 neither listing nor items or '
    'both, OM006 several stores, OM008 not sold any more, OM007 not in '
    'stock, OM004 another seller, total or currency than ours, OM001 no such '
    'buyer.';
