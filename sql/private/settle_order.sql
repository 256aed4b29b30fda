-- Where no transition follows, the payment alone may change: an order that
-- was cancelled is paid after all, or refunded, one that its buyer completed
-- is released.  A
-- payment that was refunded stays so, in whatever order its events come.

CREATE OR REPLACE FUNCTION shop.settle_order(
    p_order shop.orders, p_targets text[], p_payment text,
    p_link shop.orders DEFAULT NULL)
RETURNS shop.orders
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_order  orders;
    v_phase  text := (SELECT phase FROM workflow_statuses
                       WHERE id = p_order.status_id);
    v_over   boolean := v_phase IN ('cancelled', 'refunded', 'failed');
    v_step   text;
    v_alone  boolean;
BEGIN
    IF p_order.payment_status = 'refunded'
       AND p_payment IN ('confirmed', 'paid', 'locked', 'released')
       OR p_order.payment_status <> 'pending' AND p_payment = 'failed'
    THEN
        RETURN NULL;
    END IF;

    v_step := event_step(p_order, p_targets, '{}',
                         p_payment IS NULL
                         OR p_payment NOT IN ('failed', 'refunded'));

    v_alone := CASE
        WHEN p_payment IS NULL THEN false
        WHEN p_payment = 'refunded' THEN p_order.payment_status NOT IN
                                         ('refunded', 'failed')
        WHEN p_payment = 'released' THEN p_order.payment_status <> 'released'
                                         AND v_phase = 'completed'
        WHEN p_payment = 'failed' THEN NOT v_over
        ELSE p_order.payment_status IN ('pending', 'failed')
             AND (NOT v_over OR v_phase = 'cancelled')
        END;

    IF v_step IS NULL AND NOT v_alone THEN
        RETURN NULL;
    END IF;

    UPDATE orders
       SET status = coalesce(v_step, status),
           payment_status = coalesce(p_payment, payment_status),
           payment_method = coalesce((p_link).payment_method, payment_method),
           payment_intent_id = coalesce((p_link).payment_intent_id,
                                        payment_intent_id),
           transaction_hash = coalesce((p_link).transaction_hash,
                                       transaction_hash),
           escrow_id = coalesce((p_link).escrow_id, escrow_id),
           gas_fees = coalesce((p_link).gas_fees, gas_fees),
           processing_fees = coalesce((p_link).processing_fees,
                                      processing_fees)
     WHERE id = p_order.id
    RETURNING * INTO v_order;

    RETURN v_order;
END
$$;

COMMENT ON FUNCTION shop.settle_order(shop.orders, text[], text, shop.orders)
IS
    'Moves a locked order to one of the targets, or changes only its payment '
    'where that is still possible, and links the payment (S4). NULL: it was '
    'too late for either. Raises OM017.';
