CREATE OR REPLACE FUNCTION api.receive_escrow_event(
    p_user uuid, p_role text, p_event_id text, p_type text, p_order text,
    p_escrow_id text, p_transaction_hash text, p_dispute_id text,
    p_gas_used numeric, p_occurred_at timestamptz)
RETURNS SETOF api.answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_data     jsonb := jsonb_build_object(
                            'escrowId', p_escrow_id,
                            'gasUsed', amount(p_gas_used),
                            'disputeId', p_dispute_id,
                            CASE p_type WHEN 'EscrowReleased'
                            THEN 'releaseTransactionHash'
                            ELSE 'transactionHash' END, p_transaction_hash);
    v_payment  text := CASE p_type WHEN 'EscrowCreated' THEN 'locked'
                                   WHEN 'EscrowReleased' THEN 'released' END;
    v_targets  text[];
    v_link     orders;
    v_answer   api.answer;
    v_order    orders;
    v_moved    orders;
    v_outcome  text := 'ignored';
BEGIN
    v_answer := claim_event('escrow', p_event_id, p_type, p_order);
    IF v_answer.http_status IS NOT NULL THEN
        RETURN NEXT v_answer;
        RETURN;
    END IF;

    v_order := lock_order(p_user, p_role, NULL, p_order, '{}');
    PERFORM act(p_user, p_role),
            note(p_type, NULL, v_data, 'payment_processor');

    v_targets := ARRAY(
        SELECT code FROM workflow_statuses
         WHERE workflow = v_order.workflow
           AND CASE p_type
               WHEN 'EscrowCreated' THEN payment_status = 'locked'
               WHEN 'EscrowReleased' THEN phase = 'completed'
               WHEN 'DisputeCreated' THEN phase = 'disputed' END);

    IF v_targets <> '{}' THEN
        IF p_type = 'EscrowCreated' THEN
            v_link.escrow_id := p_escrow_id;
            v_link.transaction_hash := p_transaction_hash;
            v_link.gas_fees := p_gas_used;
        END IF;

        v_moved := settle_order(v_order, v_targets, v_payment, v_link);

        IF v_moved.id IS NULL THEN
            v_outcome := 'late';
        ELSE
            v_outcome := 'applied';
            v_order := v_moved;
        END IF;
    END IF;

    RETURN NEXT end_event('escrow', p_event_id, v_outcome, v_order,
        v_data || jsonb_build_object('type', p_type,
                                     'status', v_order.payment_status),
        NULL, p_occurred_at);
END
$$;

COMMENT ON FUNCTION api.receive_escrow_event(
    uuid, text, text, text, text, text, text, text, numeric, timestamptz) IS
    'What an escrow contract tells: EscrowCreated, EscrowReleased, '
    'DisputeCreated. Source: S4, handleEscrowEvent, '
    'POST /api/webhooks/escrow. Errors: OM001 no such order, OM017 too '
    'early.';
