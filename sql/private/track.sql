CREATE OR REPLACE FUNCTION shop.track(
    p_order uuid, p_type text, p_data jsonb, p_location text DEFAULT NULL,
    p_occurred_at timestamptz DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
DECLARE
    v_now  timestamptz := clock_timestamp();
BEGIN
    INSERT INTO order_tracking_events
           (order_id, event_type, event_data, event_source, location,
            occurred_at, recorded_at)
    VALUES (p_order, p_type, jsonb_strip_nulls(p_data), actor_source(),
            p_location, coalesce(p_occurred_at, v_now), v_now);
END
$$;

COMMENT ON FUNCTION shop.track(uuid, text, jsonb, text, timestamptz) IS
    'Writes a tracking event of the actor that is no change of status: '
    'payment_update or shipment_update (S4).';
