CREATE OR REPLACE FUNCTION shop.acts_for(
    p_user uuid, p_role text, p_order shop.orders)
RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN CASE p_role
            WHEN 'customer' THEN p_user = (p_order).buyer_id
            WHEN 'manager' THEN p_user = (p_order).seller_id
            WHEN 'driver' THEN p_user IS NOT DISTINCT FROM (p_order).driver_id
            ELSE p_role IN ('admin', 'system')
       END;

COMMENT ON FUNCTION shop.acts_for(uuid, text, shop.orders) IS
    'May this caller change this order at all: in the role of its buyer, '
    'seller or driver, or as admin or system.';
