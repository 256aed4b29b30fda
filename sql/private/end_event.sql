CREATE OR REPLACE FUNCTION shop.end_event(
    p_source text, p_event text, p_outcome text, p_order shop.orders,
    p_data jsonb, p_location text, p_occurred_at timestamptz)
RETURNS api.answer
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
BEGIN
    IF p_outcome <> 'applied' THEN
        UPDATE webhook_events SET outcome = p_outcome
         WHERE source = p_source AND event_id = p_event;
    END IF;

    PERFORM track(p_order.id,
                  CASE p_source WHEN 'shipping' THEN 'shipment_update'
                       ELSE 'payment_update' END,
                  p_data || jsonb_build_object('outcome', p_outcome),
                  p_location, p_occurred_at);

    RETURN event_answer(p_outcome, p_order);
END
$$;

COMMENT ON FUNCTION shop.end_event(text, text, text, shop.orders, jsonb, text,
                                   timestamptz) IS
    'Keeps what came of an event and its tracking event, and makes the '
    'answer.';
