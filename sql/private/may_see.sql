CREATE OR REPLACE FUNCTION shop.may_see(
    p_user uuid, p_role text, p_order shop.orders)
RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN p_role IN ('admin', 'system')
       OR p_user IN ((p_order).buyer_id, (p_order).seller_id)
       OR p_user IS NOT DISTINCT FROM (p_order).driver_id;

COMMENT ON FUNCTION shop.may_see(uuid, text, shop.orders) IS
    'May this caller see this order: its buyer, seller or driver, an admin '
    'or the system, as the poll has it.';
