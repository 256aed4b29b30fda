CREATE OR REPLACE FUNCTION shop.ship_order(
    p_order shop.orders, p_carrier text)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = shop, pg_temp
AS $$
BEGIN
    INSERT INTO shipments AS h
           (order_id, method, carrier, tracking_number, estimated_delivery)
    VALUES (p_order.id, coalesce(p_order.shipping_method, 'standard'),
            p_carrier, p_order.tracking_number, p_order.estimated_delivery)
    ON CONFLICT (order_id) DO UPDATE
       SET carrier = coalesce(excluded.carrier, h.carrier),
           tracking_number = excluded.tracking_number,
           estimated_delivery = excluded.estimated_delivery,
           updated_at = clock_timestamp();
END
$$;

COMMENT ON FUNCTION shop.ship_order(shop.orders, text) IS
    'Writes what is known of an order''s shipment. An order whose carrier '
    'changes gets a new version, too: its answers name the carrier.';
