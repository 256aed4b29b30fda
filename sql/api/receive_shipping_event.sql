-- A scan that was lost is made up for: the order goes through the statuses
-- between, each a transition of its workflow.

CREATE OR REPLACE FUNCTION api.receive_shipping_event(
    p_user uuid, p_role text, p_event_id text, p_status text, p_order text,
    p_tracking_number text, p_carrier text, p_location text,
    p_estimated_delivery date, p_occurred_at timestamptz)
RETURNS SETOF api.answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_data     jsonb := jsonb_build_object(
                            'trackingNumber', p_tracking_number,
                            'carrier', p_carrier, 'location', p_location,
                            'estimatedDelivery', p_estimated_delivery);
    v_targets  text[];
    v_answer   api.answer;
    v_order    orders;
    v_step     text;
    v_carrier  text;
    v_outcome  text := 'ignored';
BEGIN
    v_answer := claim_event('shipping', p_event_id, p_status, p_order);
    IF v_answer.http_status IS NOT NULL THEN
        RETURN NEXT v_answer;
        RETURN;
    END IF;

    v_order := lock_order(p_user, p_role, NULL, p_order, '{}');
    PERFORM act(p_user, p_role),
            note('implied by ' || p_status, NULL, NULL, 'shipping_provider');

    v_targets := ARRAY(
        SELECT code FROM workflow_statuses
         WHERE workflow = v_order.workflow
           AND code = CASE WHEN p_status = 'picked_up' THEN 'shipped'
                           WHEN p_status IN ('in_transit', 'out_for_delivery',
                                             'delivered') THEN p_status END);

    IF v_targets <> '{}' THEN
        v_outcome := 'late';
        v_step := event_step(v_order, v_targets, ARRAY['shipped']);

        WHILE v_step <> ALL (v_targets) LOOP
            UPDATE orders SET status = v_step WHERE id = v_order.id
            RETURNING * INTO v_order;

            v_step := event_step(v_order, v_targets, ARRAY['shipped']);
        END LOOP;
    END IF;

    -- the next scan in the same status may bring news of the parcel

    SELECT carrier INTO v_carrier FROM shipments WHERE order_id = v_order.id;

    IF v_step IS NOT NULL
       OR v_order.status = ANY (v_targets) AND NOT v_order.final
          AND (p_tracking_number <> coalesce(v_order.tracking_number, '')
               OR p_estimated_delivery <> coalesce(
                      v_order.estimated_delivery, 'infinity')
               OR p_carrier <> coalesce(v_carrier, ''))
    THEN
        v_outcome := 'applied';
        PERFORM note(p_status, NULL, v_data, 'shipping_provider');

        UPDATE orders
           SET status = coalesce(v_step, status),
               tracking_number = coalesce(p_tracking_number, tracking_number),
               estimated_delivery = coalesce(p_estimated_delivery,
                                             estimated_delivery)
         WHERE id = v_order.id
        RETURNING * INTO v_order;

        PERFORM ship_order(v_order, p_carrier);
    END IF;

    RETURN NEXT end_event('shipping', p_event_id, v_outcome, v_order,
        v_data || jsonb_build_object('type', p_status), p_location,
        p_occurred_at);
END
$$;

COMMENT ON FUNCTION api.receive_shipping_event(
    uuid, text, text, text, text, text, text, text, date, timestamptz) IS
    'What a carrier tells: picked_up, in_transit, out_for_delivery, '
    'delivered. Source: S4, handleShippingUpdate, '
    'POST /api/webhooks/shipping. Errors: OM001 no such order, OM017 too '
    'early.';
