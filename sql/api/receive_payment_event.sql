CREATE OR REPLACE FUNCTION api.receive_payment_event(
    p_user uuid, p_role text, p_event_id text, p_type text, p_order text,
    p_payment_method text, p_payment_intent_id text,
    p_transaction_hash text, p_escrow_id text, p_gas_used numeric,
    p_processing_fee numeric, p_reason text, p_occurred_at timestamptz)
RETURNS SETOF api.answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_data     jsonb := jsonb_build_object(
                            'paymentMethod', p_payment_method,
                            'paymentIntentId', p_payment_intent_id,
                            'transactionHash', p_transaction_hash,
                            'escrowId', p_escrow_id,
                            'gasUsed', amount(p_gas_used),
                            'processingFee', amount(p_processing_fee));
    v_payment  text;
    v_targets  text[];
    v_link     orders;
    v_answer   api.answer;
    v_order    orders;
    v_moved    orders;
    v_outcome  text := 'ignored';
BEGIN
    v_answer := claim_event('payment', p_event_id, p_type, p_order);
    IF v_answer.http_status IS NOT NULL THEN
        RETURN NEXT v_answer;
        RETURN;
    END IF;

    v_order := lock_order(p_user, p_role, NULL, p_order, '{}');
    PERFORM act(p_user, p_role),
            note(coalesce(p_reason, p_type), NULL, v_data,
                 'payment_processor');

    v_targets := ARRAY(
        SELECT code FROM workflow_statuses
         WHERE workflow = v_order.workflow
           AND CASE p_type
               WHEN 'payment.confirmed' THEN payment_status = 'confirmed'
               WHEN 'payment.failed' THEN phase = 'failed'
               WHEN 'payment.refunded' THEN phase = 'refunded' END);

    v_payment := CASE p_type
        WHEN 'payment.confirmed'
        THEN CASE v_targets WHEN '{}' THEN 'paid' ELSE 'confirmed' END
        WHEN 'payment.failed' THEN 'failed'
        WHEN 'payment.refunded' THEN 'refunded' END;

    IF v_payment IS NOT NULL THEN

        -- a refund is another payment

        IF v_payment <> 'refunded' THEN
            v_link.payment_method := p_payment_method;
            v_link.payment_intent_id := p_payment_intent_id;
            v_link.transaction_hash := p_transaction_hash;
            v_link.escrow_id := p_escrow_id;
            v_link.gas_fees := p_gas_used;
            v_link.processing_fees := p_processing_fee;
        END IF;

        v_moved := settle_order(v_order, v_targets, v_payment, v_link);

        IF v_moved.id IS NULL THEN
            v_outcome := 'late';
        ELSE
            v_outcome := 'applied';
            v_order := v_moved;
        END IF;
    END IF;

    RETURN NEXT end_event('payment', p_event_id, v_outcome, v_order,
        v_data || jsonb_build_object('type', p_type, 'reason', p_reason,
                                     'status', v_order.payment_status),
        NULL, p_occurred_at);
END
$$;

COMMENT ON FUNCTION api.receive_payment_event(
    uuid, text, text, text, text, text, text, text, text, numeric, numeric,
    text, timestamptz) IS
    'What a payment provider tells: payment.confirmed, payment.failed, '
    'payment.refunded. The order takes the transition that leads to the '
    'status of this payment, or only its payment changes. Source: S4, '
    'Payment System Integration, POST /api/webhooks/payment. Errors: OM001 '
    'no such order, OM017 too early.';
